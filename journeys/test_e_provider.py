"""The provider's side of business relationships: asking, following, what would be lost, the register."""

from playwright.sync_api import expect

ORG = "/courtage-frontiere"
CLAIRE = "claire@courtage-frontiere.example"


def row(page, text):
    return page.get_by_role("row").filter(has_text=text)


def test_1_what_clients_allow(visit):
    visitor = visit(CLAIRE)
    page = visitor.page
    page.get_by_role("button", name="Configurer mon portail").click()
    page.get_by_role("menuitem", name="Relations d'affaires").click()
    expect(row(page, "Bêta Transport ltée")).to_contain_text("Sans date de fin")
    expect(row(page, "Epsilon Électronique inc.")).to_contain_text("Programmes choisis")
    expect(row(page, "Importations Alpha inc.")).to_contain_text("jours restants")
    # What has ended is not among them, what has not been answered neither.
    expect(row(page, "Thêta Vins et Spiritueux")).to_have_count(0)
    visitor.looks("relations")
    page.get_by_role("link", name="Voir lesquelles").click()
    expect(row(page, "Importations Alpha inc.")).to_be_visible()
    expect(row(page, "Bêta Transport ltée")).to_have_count(0)
    page.get_by_role("link", name="Importations Alpha inc.").click()
    expect(page.get_by_text("Ce que le client permet")).to_be_visible()
    expect(page.get_by_text("Alain Alarie")).to_be_visible()
    visitor.looks("relation")
    page.goto(f"{ORG}/relations-d-affaires/?etat=terminees")
    expect(row(page, "Thêta Vins et Spiritueux")).to_contain_text("Expirée")


def test_2_asking_and_thinking_better_of_it(visit):
    visitor = visit(CLAIRE)
    page = visitor.page
    page.goto(f"{ORG}/relations-d-affaires/")
    page.get_by_role("link", name="Demander l'accès").click()
    page.get_by_label("Numéro d'entreprise").fill("12")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("alert")).to_contain_text("neuf chiffres")
    visitor.looks("relation-demander")
    # Nobody learns whether there is such an account.
    page.get_by_label("Numéro d'entreprise").fill("812 358 000")
    page.get_by_label("Commentaires").fill("Mandat de courtage 2027")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Demande d'accès envoyée.")).to_be_visible()
    expect(page.get_by_text("Mandat de courtage 2027")).to_be_visible()
    visitor.looks("relation-demande")
    page.get_by_role("link", name="Demandes", exact=True).click()
    expect(row(page, "812352524")).to_contain_text("mandat 2026")
    visitor.looks("relation-demandes")
    page.get_by_role("link", name="812358000").click()
    page.get_by_role("button", name="Annuler la demande").click()
    page.get_by_role("dialog").get_by_role("button", name="Annuler la demande").click()
    expect(page.get_by_text("Demande d'accès annulée.")).to_be_visible()
    expect(row(page, "812358000")).to_have_count(0)


def test_3_register_deadlines_and_who_may(visit):
    visitor = visit(CLAIRE)
    page = visitor.page
    page.goto(f"{ORG}/relations-d-affaires/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le registre").click()
    told = download.value.path().read_text(encoding="utf-8-sig")
    assert "Thêta Vins et Spiritueux" in told
    assert "Alain Alarie" in told
    page.get_by_role("navigation", name="Relations d'affaires").get_by_role("link", name="Demandes").click()
    page.get_by_role("link", name="Délais", exact=True).click()
    expect(page.get_by_label("Jours d'attente d'une demande")).to_have_value("21")
    visitor.looks("relation-delais")
    page.goto(f"{ORG}/clients/A100/")
    expect(page.get_by_text("Relation d'affaires", exact=True)).to_be_visible()
    eric = visit("eric@courtage-frontiere.example").page
    eric.goto(f"{ORG}/relations-d-affaires/")
    expect(eric.get_by_text("Vous n'avez pas l'habilitation nécessaire.")).to_be_visible()
