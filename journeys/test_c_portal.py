"""The portal in a browser: invited, registered, in touch both ways; internal notes stay inside; no script needed."""

import re
import zipfile

import pytest

PORTAL = "/portail/mecano"
LEA = "lea@client.mecano.example"


class AtThePortal:
    """Somebody at the portal's door, by the browser of a visitor."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page

    def signs_in(self, email=LEA, password="demonstration"):
        self.page.goto("/portail/")
        self.page.get_by_label("Identifiant").fill(email)
        self.page.get_by_label("Mot de passe").fill(password)
        self.page.get_by_role("button", name="Se connecter", exact=True).click()
        self.page.wait_for_url("**/portail/mecano/")
        return self


@pytest.fixture
def lea(visit):
    return AtThePortal(visit()).signs_in()


def test_every_page_of_the_portal_looks_right(lea, visit):
    page = lea.page
    stranger = visit()
    stranger.page.goto("/portail/connexion/")
    stranger.looks("portail-connexion", widths=(1440, 390))
    lea.visitor.looks("portail-accueil", widths=(1440, 390))
    page.get_by_role("link", name="Mes échanges", exact=True).click()
    lea.visitor.looks("portail-echanges", widths=(1440, 390))
    page.locator(".g-portal-rows a").first.click()
    lea.visitor.looks("portail-echange", widths=(1440, 390))
    for path, name in (
        ("echanges/nouveau/", "nouvelle-demande"), ("documents/", "documents"), ("transferts/", "transferts"),
        ("coordonnees/", "coordonnees"), ("coordonnees/renoncer/", "renoncer"), ("absent/", "introuvable"),
    ):  # fmt: skip
        page.goto(f"{PORTAL}/{path}")
        lea.visitor.looks(f"portail-{name}", widths=(1440, 390))
    for path in ("compte/", "compte/securite/", "compte/sessions/", "compte/mot-de-passe/"):
        page.goto(f"/portail/{path}")
        lea.visitor.looks(f"portail-{path.strip('/').replace('/', '-')}", widths=(1440, 390))


def test_the_client_takes_their_exchanges_with_them(lea):
    page = lea.page
    page.get_by_role("link", name="Mes échanges", exact=True).click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Télécharger mes échanges").click()
    assert taken.value.suggested_filename.startswith("mes-echanges-")
    with zipfile.ZipFile(taken.value.path()) as archive:
        table = archive.read("mes-echanges.csv").decode("utf-8-sig")
    assert "votre commande 4512 attend un acompte" in table
    assert "le plafond de crédit est dépassé" not in table


def test_a_message_of_the_client_and_the_answer_of_the_staff(lea, visit):
    page = lea.page
    page.goto(f"{PORTAL}/echanges/nouveau/")
    page.get_by_label("Rubrique").select_option(index=1)
    page.get_by_label("Objet").fill("Pièce manquante")
    page.get_by_label("Votre message").fill("Il manque un joint dans la caisse.")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.wait_for_url(re.compile(r"/portail/mecano/echanges/\d+/"))
    number = re.search(r"echanges/(\d+)/", page.url)[1]
    assert page.get_by_text("Il manque un joint dans la caisse.").is_visible()

    tom = visit("tom@mecano.example")
    tom.page.goto(f"/mecano/interactions/{number}/")
    assert tom.page.get_by_text("Il manque un joint dans la caisse.").first.is_visible()
    token = tom.page.locator("meta[name=csrf-token]").get_attribute("content")
    for notes, internal in (("Le joint part ce soir.", ""), ("Marge faible sur ce client.", "on")):
        answer = tom.page.request.post(
            f"/mecano/interactions/{number}/conversation/",
            form={"notes": notes, "internal": internal, "visibility": "internal" if internal else "none"},
            headers={"X-CSRFToken": token, "Referer": tom.url},
        )
        assert answer.ok, answer.text()[:400]

    page.goto(f"{PORTAL}/")
    assert page.locator(".g-portal-rows a", has_text="Pièce manquante").get_by_text("non lu").count() == 1
    page.goto(f"{PORTAL}/echanges/{number}/")
    assert page.get_by_text("Le joint part ce soir.").is_visible()
    assert "Marge faible" not in page.content()
    page.goto(f"{PORTAL}/")
    assert page.locator(".g-portal-rows a", has_text="Pièce manquante").get_by_text("non lu").count() == 0


def test_somebody_is_invited_registers_and_is_in(visit, instance):
    tom = visit("tom@mecano.example")
    page = tom.page
    page.goto("/mecano/clients/C100/personnes/nouvelle/")
    page.get_by_label("Prénom").fill("Hugo")
    page.get_by_label("Nom", exact=True).fill("Vidal")
    page.get_by_label("Courriels").fill("hugo@client.mecano.example")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    page.wait_for_url("**/mecano/clients/C100/")
    page.goto("/mecano/clients/C100/portail/")
    tom.looks("portail-acces", widths=(1440, 390))
    line = page.locator(".g-portal-accesses li", has_text="Hugo Vidal")
    line.get_by_role("button", name="Inviter au portail").click()
    page.wait_for_selector(".g-portal-accesses li:has-text('Hugo Vidal') >> text=Non enregistré")

    admin = visit("admin@mecano.example")
    admin.page.goto("/mecano/administration/portail/")
    admin.looks("portail-reglages", widths=(1440, 390))
    link = _link_in_the_mail_to("hugo@client.mecano.example", admin)
    hugo = visit()
    hugo.page.goto(link)
    hugo.looks("portail-invitation", widths=(1440, 390))
    hugo.page.get_by_label("Mot de passe").fill("une longue phrase de passe")
    hugo.page.get_by_label("J'accepte").check()
    hugo.page.get_by_role("button", name="Ouvrir mon accès").click()
    hugo.page.wait_for_url("**/portail/mecano/")
    assert hugo.page.get_by_text("Ateliers Garnier").first.is_visible()
    hugo.page.goto(link)
    assert hugo.page.get_by_text("plus valable").first.is_visible()


def _link_in_the_mail_to(address, reader) -> str:
    """The demo keeps mails: whoever may read the outbox follows their links."""
    page = reader.page
    page.goto("/mecano/administration/boite-d-envoi/")
    row = page.locator("tr", has_text=address).first
    page.goto(row.locator("a[href*='/boite-d-envoi/']").first.get_attribute("href"))
    content = page.content() + page.request.get(f"{page.url}contenu/").text()
    found = re.search(r"/portail/invitation/[\w-]+/", content)
    assert found, content[:2000]
    return found[0]


def test_the_staff_sees_the_portal_as_the_client_does(visit):
    admin = visit("admin@mecano.example")
    page = admin.page
    page.goto("/mecano/clients/C100/portail/")
    page.locator(".g-portal-accesses li", has_text="Léa").get_by_role("link", name="Voir comme le client").click()
    assert page.get_by_text("en lecture seule").is_visible()
    admin.looks("portail-vu", widths=(1440, 390))
    assert page.get_by_role("link", name="Nouvelle demande").count() == 0
    page.locator(".g-portal-rows a").first.click()
    assert page.get_by_label("Votre message").count() == 0
    page.get_by_role("link", name="Mes échanges", exact=True).click()
    page.wait_for_url("**/echanges/")
    assert page.get_by_role("link", name="Télécharger mes échanges").count() == 0
    page.goto(f"{page.url.removesuffix('echanges/')}transferts/")
    admin.looks("portail-vu-transferts", widths=(1440, 390))
    page.locator(".g-portal-rows a").first.click()
    page.wait_for_url(re.compile(r"/transferts/\d+/"))
    admin.looks("portail-vu-transfert", widths=(1440, 390))
    page.get_by_role("link", name="Revenir à la fiche").click()
    page.wait_for_url("**/mecano/clients/C100/portail/")


def test_the_portal_works_without_javascript_and_by_the_keyboard(browser, instance):
    context = browser.new_context(base_url=instance.url, locale="fr-FR", java_script_enabled=False)
    page = context.new_page()
    page.goto("/portail/")
    page.get_by_label("Identifiant").focus()
    page.keyboard.type(LEA)
    page.keyboard.press("Tab")
    page.keyboard.type("demonstration")
    page.keyboard.press("Enter")
    page.wait_for_url("**/portail/mecano/")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Mes échanges", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/echanges/")
    page.locator(".g-portal-rows a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/echanges/\d+/"))
    page.get_by_label("Votre message").focus()
    page.keyboard.type("Sans script, cela marche aussi.")
    page.get_by_label("Fichiers").set_input_files({"name": "note.txt", "mimeType": "text/plain", "buffer": b"une note"})
    page.get_by_role("button", name="Envoyer", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#fin"))
    assert page.get_by_text("Sans script, cela marche aussi.").is_visible()
    assert page.get_by_role("link", name=re.compile("note.txt")).is_visible()
    page.get_by_role("button", name="EN : English version").click()
    assert page.get_by_role("link", name="My exchanges").first.is_visible()
    page.get_by_role("button", name="FR : version française").click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/portail/connexion/")
    context.close()
