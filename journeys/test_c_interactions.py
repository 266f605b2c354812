"""« Interactions client » in a browser: A19 to A22, with Tom at Mécano and Léa, who buys there, on the portal."""

import re
from datetime import date, timedelta

TOM, LEA = "tom@mecano.example", "lea@client.mecano.example"
HOME = "/mecano/interactions/"
WIDTHS = (1440, 390)
SAID = "Elle demande deux pièces de plus pour la commande 4520."
HIDDEN = "MARQUEUR : ne pas dépasser 20 000 euros."


def at_the_portal(visit):
    page = visit().page
    page.goto("/portail/connexion/")
    page.get_by_label("Identifiant").fill(LEA)
    page.get_by_label("Mot de passe").fill("demonstration")
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.wait_for_url("**/portail/**")
    return page


def act(page, name):
    page.locator("#main").get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name=name).click()


def logged_call(visit) -> tuple:
    """Tom logs what Léa asked for by phone; gives his page, the number, and the visitor."""
    visitor = visit(TOM)
    page = visitor.page
    page.goto(f"{HOME}1/")
    act(page, "Nouveau")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Blocage de crédit").wait_for()
    assert "Limite dépassée" in dialog.inner_text()
    assert dialog.get_by_label(re.compile("^Date interaction")).input_value().startswith(date.today().strftime("%Y-"))
    dialog.get_by_role("radio", name="Commande").check(force=True)
    dialog.get_by_role("radio", name="Entrant").check(force=True)
    dialog.get_by_label("Notes").fill(SAID)
    dialog.get_by_label("Date de suivi").select_option("date")
    dialog.get_by_label("Jour du suivi").fill((date.today() + timedelta(days=3)).isoformat())
    dialog.get_by_text("Général et fichiers").click()
    assert dialog.get_by_label("Nom entrée").get_attribute("placeholder") == "Tom Weber"
    dialog.get_by_label("Téléphone du contact").fill("06 12 34 56 78")
    dialog.get_by_text("Léa Garnier le verra sur le portail et recevra un courriel.").wait_for()
    return visitor, page, dialog


def test_a_call_is_logged_that_the_client_is_told_of(visit):
    visitor, page, dialog = logged_call(visit)
    visitor.looks("c-nouveau", widths=WIDTHS)
    dialog.get_by_role("button", name="Enregistrer").click()
    toast = page.locator(".g-toast").first
    toast.wait_for()
    assert "Léa Garnier recevra un courriel." in toast.inner_text()
    number = re.search(r"n° (\d+)", toast.inner_text())[1]

    page.goto(f"{HOME}{number}/")
    visitor.looks("c-interaction", widths=WIDTHS)
    assert page.get_by_text("Publiée sur le portail le").first.is_visible()
    page.get_by_text("1 courriel au client").click()
    assert "Nous avons enregistré" in page.locator("#interaction").inner_text()
    page.get_by_role("link", name="Général").click()
    page.get_by_label("Téléphone du contact").wait_for()
    assert page.get_by_label("Téléphone du contact").input_value() == "06 12 34 56 78"
    visitor.looks("c-general", widths=WIDTHS)
    # Léa's own number is what it was, and the follow-up is Tom's to do.
    page.goto("/mecano/clients/C100/")
    assert "03 53 01 00 12" in page.locator("main").inner_text()
    assert "06 12 34 56 78" not in page.locator(".g-people, .g-panel").first.inner_text()
    page.goto("/mecano/suivis/")
    assert "Ateliers Garnier" in page.locator("main").inner_text()

    lea = at_the_portal(visit)
    lea.goto(f"/portail/mecano/echanges/{number}/")
    assert SAID in lea.locator("main").inner_text()

    _an_internal_entry_stays_inside(page, lea, number)
    _the_client_answers_and_is_answered(page, lea, number)
    _it_is_deleted_whatever_its_status(page, lea, number)


def _an_internal_entry_stays_inside(page, lea, number):
    """A20, by the keyboard alone."""
    page.goto(f"{HOME}{number}/")
    page.get_by_label("Notes", exact=True).focus()
    page.keyboard.type(HIDDEN)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_text("Interne : personne chez le client ne le verra.").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator(".g-entry-internal").wait_for()
    assert page.locator(".g-entry").count() == 2
    assert page.get_by_text("1 courriel au client").is_visible()
    lea.goto(f"/portail/mecano/echanges/{number}/")
    assert "MARQUEUR" not in lea.content()


def _the_client_answers_and_is_answered(page, lea, number):
    """A21."""
    page.get_by_role("button", name="Clore").click()
    page.get_by_role("button", name="Rouvrir").wait_for()
    lea.goto(f"/portail/mecano/echanges/{number}/")
    lea.locator("main textarea").first.fill("Merci. Et le délai ?")
    lea.get_by_role("button", name=re.compile("Envoyer|Répondre")).last.click()
    lea.get_by_text("Et le délai ?").first.wait_for()

    page.goto(HOME)
    page.goto(f"{HOME}1/")
    field = page.get_by_label("N° d’interaction")
    field.fill(number)
    field.press("Enter")
    page.wait_for_url(f"**{HOME}{number}/")
    assert page.get_by_role("button", name="Clore").is_visible()
    page.keyboard.press("r")
    page.wait_for_url("**repondre=**")
    notes = page.get_by_label("Notes", exact=True)
    assert "> Merci. Et le délai ?" in notes.input_value()
    notes.fill("Huit jours.")
    page.keyboard.press("Control+Enter")
    page.get_by_text("2 courriels au client").wait_for()
    lea.goto(f"/portail/mecano/echanges/{number}/")
    assert "Huit jours." in lea.locator("main").inner_text()


def _it_is_deleted_whatever_its_status(page, lea, number):
    """A22."""
    page.goto(f"{HOME}{number}/")
    page.get_by_role("button", name="Clore").click()
    page.get_by_role("button", name="Rouvrir").wait_for()
    act(page, "Supprimer")
    dialog = page.get_by_role("dialog")
    assert "disparaît du portail" in dialog.inner_text()
    dialog.get_by_role("button", name="Supprimer").click()
    page.get_by_text(f"Contact n° {number} supprimé.").wait_for()
    assert page.goto(f"{HOME}{number}/").status == 404
    assert lea.goto(f"/portail/mecano/echanges/{number}/").status == 404
    page.goto("/mecano/clients/C100/historique/")
    assert "Interaction supprimée" in page.locator("main").inner_text()


def test_a_client_is_informed_in_two_clicks(visit):
    visitor = visit(TOM)
    page = visitor.page
    page.goto("/mecano/clients/C100/")
    page.get_by_role("link", name="Informer le client").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Notes").fill("Votre commande 4521 part ce soir.")
    dialog.get_by_text("Léa Garnier le verra sur le portail et recevra un courriel.").wait_for()
    visitor.looks("c-informer", widths=WIDTHS)
    dialog.get_by_role("button", name="Envoyer").click()
    page.locator(".g-toast").first.wait_for()
    page.get_by_text("Votre commande 4521 part ce soir.").first.wait_for()


def test_the_composer_of_the_file_says_who_will_see(visit):
    page = visit(TOM).page
    page.goto("/mecano/clients/C100/")
    page.get_by_label("Notes").focus()
    page.get_by_text("Léa Garnier le verra sur le portail et recevra un courriel.").wait_for()
    page.get_by_role("radio", name="Interne").check(force=True)
    page.get_by_text("Interne : personne chez le client ne le verra.").wait_for()
