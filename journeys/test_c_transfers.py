"""A25 in a browser: files asked of somebody without portal, who registers, hands them over signed; the tab, its boxes,
its dialog, its columns. The day 31 of an unanswered request stands in `transfers/tests`, with the clock moved."""

import re

ANNE = "anne@cabinet-roy.example"
HOME = "/cabinet-roy/gestion-des-clients/?onglet=transferts"
WIDTHS = (1440, 390)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def pdf(name: str, content: bytes = PDF) -> dict:
    return {"name": name, "mimeType": "application/pdf", "buffer": content}


def invitation_of(page) -> str:
    """The address in the last mail of the outbox."""
    page.goto("/cabinet-roy/administration/boite-d-envoi/")
    page.get_by_role("link", name=re.compile("vous demande des fichiers")).first.click()
    page.wait_for_load_state()
    page.goto(f"{page.url.rstrip('/')}/contenu/")
    found = re.search(r"https?://[^\s\"<]+/portail/invitation/[\w-]+/", page.content())
    assert found, page.content()
    return found[0]


def test_files_are_asked_signed_handed_over_and_read(visit):
    visitor = visit(ANNE)
    page = visitor.page

    # Anne asks Huot for files, with a signature and a message for the portal alone.
    page.goto("/cabinet-roy/transferts/demander/")
    page.get_by_role("searchbox").fill("huot")
    page.get_by_role("button", name="Rechercher", exact=True).click()
    page.get_by_role("link", name=re.compile("Huot")).click()
    visitor.looks("transfert-demande", widths=WIDTHS)
    page.get_by_label("Objet").fill("Bail 2026")
    page.get_by_label("Message", exact=True).fill("Le bail signé, s'il vous plaît.")
    page.get_by_label("Message sur le portail seulement").check()
    page.get_by_label("Demander une signature").check()
    page.get_by_role("button", name="Envoyer la demande").click()
    page.get_by_role("heading", name="Bail 2026").wait_for()
    assert page.locator(".g-transfer").get_by_text("En attente de fichiers").is_visible()
    assert page.locator(".g-transfer").get_by_text("Temporaire · Non enregistré").is_visible()
    visitor.looks("transfert", widths=WIDTHS)
    transfer = page.url
    number = transfer.rstrip("/").rsplit("/", 1)[1]
    invitation = invitation_of(page)
    assert "Le bail signé" not in page.content()

    # It is an interaction too, made by the system.
    page.goto("/cabinet-roy/interactions/?q=bail")
    assert page.get_by_text("Bail 2026").first.is_visible()

    # Huot registers, uploads, and completes.
    huot = visit()
    there = huot.page
    there.goto(invitation)
    there.get_by_label("Mot de passe").fill("une longue phrase de passe")
    there.get_by_role("checkbox").check()
    there.get_by_role("button", name="Ouvrir mon accès").click()
    there.wait_for_url("**/portail/cabinet-roy/**")
    there.goto("/portail/cabinet-roy/")
    huot.looks("portail-accueil-transfert", widths=WIDTHS)
    there.get_by_role("link", name=re.compile("Bail 2026")).click()
    assert there.get_by_text("Le bail signé, s'il vous plaît.").is_visible()
    there.locator("input[type=file]").set_input_files([pdf("Bail 2026.pdf"), pdf("Annexe.pdf", PDF + b"annexe")])
    for name in ("Bail 2026.pdf", "Annexe.pdf"):
        there.get_by_role("link", name=name).wait_for()
    there.wait_for_load_state()
    huot.looks("portail-transfert", widths=WIDTHS)
    there.get_by_label("Votre nom").fill("Claude Huot")
    there.get_by_role("checkbox").check()
    there.get_by_role("button", name="Signer et terminer").click()
    there.get_by_role("link", name="Preuve de signature (PDF)").first.wait_for()
    huot.looks("portail-transfert-remis", widths=WIDTHS)

    # Anne is told, and takes the files.
    page.goto("/cabinet-roy/notifications/")
    page.get_by_text("Claude Huot a remis les fichiers de « Bail 2026 »").first.wait_for()
    page.goto(f"{HOME}&ouverts=1")
    row = page.locator(f"#grid .g-row[data-key='{number}']")
    assert "Prêt pour téléchargement" in row.inner_text()
    row.click()
    page.locator("#lower-pane").get_by_role("link", name="Bail 2026.pdf", exact=True).wait_for()
    visitor.looks("transferts-onglet", widths=WIDTHS)
    for name in ("Bail 2026.pdf", "Annexe.pdf"):
        with page.expect_download() as taken:
            page.locator("#lower-pane").get_by_role("link", name=name, exact=True).click()
        assert taken.value.suggested_filename == name
    with page.expect_download() as proof:
        page.locator("#lower-pane").get_by_role("link", name="Preuve de signature (PDF)").first.click()
    assert proof.value.path().read_bytes().startswith(b"%PDF-")

    # « Terminé »: no longer open, still within the last thirty days; read in a dialog.
    page.goto(f"{HOME}&ouverts=1")
    assert page.locator(f"#grid .g-row[data-key='{number}']").count() == 0
    page.goto(HOME)
    page.get_by_label("Transferts ouverts seulement").check()
    page.wait_for_url("**ouverts=1**")
    page.get_by_label("Transferts ouverts seulement").uncheck()
    page.get_by_label("Afficher les 30 derniers jours seulement").check()
    page.wait_for_url("**jours=30**")
    row = page.locator(f"#grid .g-row[data-key='{number}']")
    assert "Terminé" in row.inner_text()
    row.dblclick()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Claude Huot").first.wait_for()
    assert dialog.locator("form").count() == 0
    visitor.looks("transfert-lecture", widths=WIDTHS)
    page.keyboard.press("Escape")
    row.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("Claude Huot").first.wait_for()
    page.keyboard.press("Escape")

    # A column that is hidden stays so.
    page.goto(HOME)
    page.get_by_role("button", name="Sélecteur de champs").click()
    page.get_by_role("dialog").get_by_label("Expire le", exact=True).uncheck()
    page.get_by_role("dialog").get_by_role("button", name="Enregistrer", exact=True).click()
    page.locator("#grid th[data-code=expires_at]").wait_for(state="detached")
    again = visit(ANNE)
    again.page.goto(HOME)
    assert again.page.locator("#grid th[data-code=state]").count() == 1
    assert again.page.locator("#grid th[data-code=expires_at]").count() == 0


def test_files_are_sent_with_the_keyboard_of_the_form_and_the_seal_is_checked(visit):
    visitor = visit(ANNE)
    page = visitor.page
    page.goto("/cabinet-roy/transferts/envoyer/?client=LAVOIE")
    page.get_by_label(re.compile("^À")).select_option(label="Denis Lavoie — denis@lavoie.example")
    page.get_by_label("Objet").fill("Lettre de mission")
    page.locator("input[type=file]").set_input_files([pdf("Lettre.pdf")])
    page.get_by_text("Lettre.pdf : reçu").wait_for()
    visitor.looks("transfert-envoi", widths=WIDTHS)
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.get_by_role("heading", name="Lettre de mission").wait_for()
    page.get_by_role("button", name="Relancer").click()
    page.get_by_text("a été relancé par courriel").wait_for()
    page.goto("/cabinet-roy/clients/LAVOIE/")
    page.get_by_role("link", name="Lettre de mission", exact=True).wait_for()
    page.goto("/cabinet-roy/transferts/")
    visitor.looks("transferts", widths=WIDTHS)
    page.get_by_role("link", name="Vérifier un sceau").click()
    page.get_by_label("Sceau").fill("0" * 64)
    page.get_by_role("button", name="Vérifier", exact=True).click()
    page.get_by_text("Ce sceau est inconnu.").wait_for()
    visitor.looks("sceau", widths=WIDTHS)
