"""Somebody asks by keyboard what no list shows by itself, saves it as a view and opens it again."""

from urllib.parse import unquote_plus

ORG = "/eaux-du-val"
PAGE = f"{ORG}/recherche/avancee/"


def test_a_question_is_put_together_by_keyboard_saved_and_opened_again(visit):
    nadia = visit("nadia@eaux-du-val.example")
    page = nadia.page
    page.goto(PAGE)
    nadia.looks("recherche-avancee", widths=(1440, 390, 320))
    count = page.locator("section[aria-label='Résultats'] h2")

    def choose(label, letters, *keys):
        """By keyboard: to the last field of that name, then the first letters of the choice, then other keys."""
        field = page.get_by_label(label, exact=True).last
        field.focus()
        with page.expect_response(lambda answer: "/recherche/avancee/" in answer.url):
            field.press_sequentially(letters)
            for key in keys:
                field.press(key)
        page.wait_for_timeout(200)

    choose("Champ", "Ville")
    # Slowly, so that answers arrive between the letters: none of them is lost.
    with page.expect_response(lambda answer: "saint au" in unquote_plus(answer.url)):
        page.get_by_label("Valeur", exact=True).press_sequentially("saint au", delay=430)
    count.get_by_text("3 clients").wait_for()
    assert page.get_by_label("Valeur", exact=True).input_value() == "saint au"
    assert page.evaluate("document.activeElement.id") == "v-0", "typing goes on where it was"
    assert "filtre=" in page.url

    # With an unpaid invoice.
    page.get_by_role("button", name="Lien", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Fiches liées", exact=True).wait_for()
    choose("Fiches liées", "Factures")
    count.get_by_text("2 clients").wait_for()
    page.locator("#add-c-1").focus()
    page.keyboard.press("Enter")
    page.locator("#f-1\\.0").wait_for()
    choose("Champ", "Lib", "ArrowDown")  # État
    choose("Valeur", "En retard")
    count.get_by_text("1 client").wait_for()
    assert page.get_by_role("link", name="100602").is_visible()
    nadia.looks("recherche-avancee-lien", widths=(1440, 390))

    # Fields shown, then saved under a name.
    page.get_by_role("button", name="Sélecteur de champs").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Solde", exact=True).focus()
    with page.expect_response(lambda answer: "colonnes=balance" in answer.url):
        page.keyboard.press("Space")
    page.get_by_role("columnheader", name="Solde").wait_for()
    nadia.looks("recherche-avancee-champs", widths=(1440,))
    page.get_by_role("button", name="Enregistrer comme vue").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Nom de la vue").fill("En retard à Saint-Aubin")
    page.get_by_label("La recevoir chaque jour par courriel").check()
    nadia.looks("recherche-avancee-enregistrer", widths=(1440, 390))
    page.get_by_label("Nom de la vue").press("Enter")
    page.wait_for_url("**/recherche/avancee/?vue=*")
    assert page.get_by_text("148,90 €").is_visible()
    assert page.get_by_role("button", name="Ne plus recevoir").is_visible()

    # Opened again from the menu of views; nothing found is told.
    page.goto(PAGE)
    page.get_by_role("button", name="Vues enregistrées").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="En retard à Saint-Aubin").focus()
    page.keyboard.press("Enter")
    count.get_by_text("1 client").wait_for()
    page.get_by_label("Mots cherchés", exact=True).fill("zzqqzz")
    page.get_by_text("Rien ne répond à cette recherche.").wait_for()
    nadia.looks("recherche-avancee-rien", widths=(1440, 390))
