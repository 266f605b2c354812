"""« Gestion des clients » in a browser: A23 and A24, by mouse and by keyboard alone; values edited in place by two
people; many at once; every state of the screen under axe."""

import re

import pytest

ANNE = "anne@cabinet-roy.example"
HOME = "/cabinet-roy/gestion-des-clients/"
WIDTHS = (1440, 390)


def row(page, key):
    return page.locator(f"#grid .g-row[data-key='{key}']")


def pane(page):
    return page.locator("#lower-pane")


def fresh(page):
    """The screen as on a first visit, whatever an earlier journey left."""
    page.goto(HOME)
    if page.locator("#filterbar").is_visible():
        with page.expect_response("**/etat/"):
            page.locator("[data-act=filter]").click()
    page.goto(HOME)


def test_a_client_is_worked_from_one_screen_by_mouse(visit):
    """A23."""
    visitor = visit(ANNE)
    page = visitor.page
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name="Gérer les clients").click()
    page.wait_for_url(f"**{HOME}")
    fresh(page)
    assert not page.get_by_label("Rechercher dans la liste").is_visible()
    visitor.looks("gestion", widths=WIDTHS)
    page.get_by_role("button", name="Afficher le filtre").click()
    page.get_by_role("link", name="Actifs", exact=True).click()
    page.get_by_label("Rechercher dans la liste").fill("lav")
    page.get_by_role("button", name="Rechercher", exact=True).click()
    page.wait_for_url("**q=lav**")
    assert row(page, "LAVOIE").is_visible()
    assert row(page, "LAVIC").count() == 0, "it is inactive"
    assert row(page, "TREMB").count() == 0

    page.get_by_role("button", name="Développer Lavoie inc.").click()
    people = page.locator(".g-person-row")
    people.first.wait_for()
    assert people.count() == 3
    lawyer = people.filter(has_text="Simone Lavigne")
    assert "s.lavigne@avocats.example" in lawyer.inner_text()
    assert "555-0171" in lawyer.inner_text()

    lawyer.click(button="right")
    menu = page.get_by_role("menu", name="Actions de la personne-ressource")
    visitor.looks("gestion-menu", widths=(1440,))
    menu.get_by_role("menuitem", name="Message téléphonique").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Renseignement").check()
    dialog.get_by_label("Notes").fill("Rappeler Me Lavigne au sujet du bail.")
    dialog.get_by_role("button", name=re.compile("Enregistrer")).click()
    dialog.wait_for(state="hidden")
    pane(page).get_by_text("Rappeler Me Lavigne au sujet du bail.").first.wait_for()

    # The row of the client says it too, without a new page.
    today = page.evaluate("new Intl.DateTimeFormat('fr', {day: 'numeric', timeZone: 'America/Toronto'}).format()")
    row(page, "LAVOIE").get_by_text(re.compile(rf"^{today}\b")).first.wait_for()

    row(page, "LAVOIE").locator("td").nth(2).click()
    pane(page).get_by_text("Premier appel : reprise du dossier.").wait_for()
    assert pane(page).locator(".g-row").count() >= 5
    pane(page).get_by_label("Afficher les 30 derniers jours seulement").check()
    pane(page).get_by_text("Premier appel : reprise du dossier.").wait_for(state="detached")
    assert pane(page).get_by_text("Envoi de la lettre de mission signée.").is_visible()
    assert "jours=30" in page.url
    assert "ligne=LAVOIE" in page.url
    visitor.looks("gestion-developpe", widths=WIDTHS)


def test_a_client_is_worked_from_one_screen_by_keyboard_alone(visit):
    """A23 again, without a mouse."""
    page = visit(ANNE).page
    press = page.keyboard.press
    press("g")
    press("m")
    page.wait_for_url(f"**{HOME}")
    fresh(page)
    press("f")
    page.get_by_label("Rechercher dans la liste").wait_for()
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("lavoie")
    press("Enter")
    page.wait_for_url("**q=lavoie**")
    press("j")
    page.wait_for_url("**ligne=**")
    while page.locator("#grid .g-row[aria-selected=true]").get_attribute("data-key") != "LAVOIE":
        press("j")
    press("e")
    page.locator(".g-person-row").first.wait_for()
    for _step in range(6):
        if "Simone" in page.locator("#grid .g-row[aria-selected=true]").inner_text():
            break
        press("j")
    assert "Simone" in page.locator("#grid .g-row[aria-selected=true]").inner_text()
    press("Shift+F10")
    menu = page.get_by_role("menu", name="Actions de la personne-ressource")
    menu.wait_for()
    press("m")
    press("m")
    assert page.evaluate("document.activeElement.textContent").strip() == "Message téléphonique"
    press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Notes").wait_for()
    # The topic has the focus; its digit chooses it and goes on to the notes.
    press("1")
    page.keyboard.type("Au clavier seul.")
    press("Control+Enter")
    dialog.wait_for(state="hidden")
    pane(page).get_by_text("Au clavier seul.").first.wait_for()
    page.locator("#grid .g-row[aria-selected=true]").wait_for()
    # Into the file of the client, and back to the same list and row.
    row(page, "LAVOIE").focus()
    press("Enter")
    page.wait_for_url("**/clients/LAVOIE/")
    page.locator("h1", has_text="Lavoie inc.").wait_for()
    press("Escape")
    page.wait_for_url("**q=lavoie**ligne=LAVOIE**")
    assert row(page, "LAVOIE").get_attribute("aria-selected") == "true"


def test_people_and_interactions_have_their_tabs(visit):
    """A24."""
    visitor = visit(ANNE)
    page = visitor.page
    page.goto(HOME)
    page.get_by_role("link", name="Personnes-ressources", exact=True).click()
    page.wait_for_url("**onglet=personnes")
    huot = page.locator("#grid .g-row", has_text="Huot, Me Claude")
    assert "Aucun client" in huot.inner_text()
    huot.locator("td").nth(2).click()
    pane(page).get_by_text("Demande la liste des baux").wait_for()
    visitor.looks("gestion-personnes", widths=WIDTHS)

    tabs = page.get_by_role("navigation", name="Onglets de la gestion des clients")
    tabs.get_by_role("link", name="Interactions", exact=True).click()
    page.wait_for_url("**onglet=interactions")
    # Other journeys have asked Huot for files: their steps stand in this list too.
    line = page.locator("#grid .g-row", has_text="Claude Huot").filter(has_text="Courriel").last
    line.locator("td").nth(1).click()
    pane(page).get_by_text("Demande la liste des baux").wait_for()
    visitor.looks("gestion-interactions", widths=WIDTHS)
    if not page.locator("#filterbar").is_visible():
        page.locator("[data-act=filter]").click()
    page.get_by_role("link", name="Courriels", exact=True).click()
    page.get_by_label("Rechercher dans la liste").fill("baux")
    page.get_by_role("button", name="Rechercher", exact=True).click()
    page.wait_for_url("**q=baux**")
    assert page.locator("#grid .g-row").count() == 1
    pane(page).wait_for()
    page.get_by_label("Rechercher dans la liste").fill("zzqqzz")
    page.get_by_role("button", name="Rechercher", exact=True).click()
    page.get_by_text("Aucune interaction ne répond à ce filtre.").wait_for()
    visitor.looks("gestion-sans-reponse", widths=WIDTHS)
    page.get_by_role("link", name="Effacer le filtre").last.click()
    assert page.locator("#grid .g-row").count() > 1


def test_people_and_interactions_have_their_tabs_by_keyboard_alone(visit):
    """A24 again, without a mouse."""
    page = visit(ANNE).page
    press = page.keyboard.press
    page.goto(HOME)
    tab_to(page, ".g-work-head nav a[href*='onglet=personnes']")
    press("Enter")
    page.wait_for_url("**onglet=personnes**")
    into_the_filter(page)
    page.keyboard.type("huot")
    press("Enter")
    page.wait_for_url("**q=huot**")
    press("j")
    page.wait_for_url("**ligne=**")
    chosen = page.locator("#grid .g-row[aria-selected=true]").inner_text()
    assert "Huot, Me Claude" in chosen
    assert "Aucun client" in chosen
    pane(page).get_by_text("Demande la liste des baux").wait_for()

    tab_to(page, ".g-work-head nav a[href*='onglet=interactions']")
    press("Enter")
    page.wait_for_url("**onglet=interactions**")
    into_the_filter(page)
    tab_to(page, "#filterbar a[href*=email]")
    press("Enter")
    page.wait_for_url("**filtre=**")
    into_the_filter(page)
    page.keyboard.type("baux")
    press("Enter")
    page.wait_for_url("**q=baux**")
    assert page.locator("#grid .g-row").count() == 1
    press("j")
    page.wait_for_url("**ligne=**")
    pane(page).get_by_text("Demande la liste des baux").wait_for()


def into_the_filter(page):
    if not page.locator("#filterbar").is_visible():
        page.keyboard.press("f")
        page.get_by_label("Rechercher dans la liste").wait_for()
    else:
        tab_to(page, "#filterbar [name=q]")
    assert page.evaluate("document.activeElement.name") == "q"


def tab_to(page, wanted):
    """Presses Tab until what is wanted, a CSS selector, has the focus."""
    for _step in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached by Tab")


def test_what_is_printed_holds_the_rows_and_none_of_the_tools(visit):
    page = visit(ANNE).page
    fresh(page)
    page.goto(f"{HOME}?ligne=LAVOIE")
    pane(page).locator(".g-row").first.wait_for()
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="Gestion des clients").is_visible()
    for tool in (".g-topbar", ".g-work-tools", ".g-splitter", ".g-cell-check", ".g-cell-menu", ".g-composer"):
        assert not any(one.is_visible() for one in page.locator(tool).all()), tool
    # All rows of the page, one under the other, whatever the panes showed on screen; nothing cut at the side.
    bottoms = page.locator("#grid .g-row").evaluate_all("all => all.map(row => row.getBoundingClientRect().bottom)")
    assert len(bottoms) >= 10
    assert bottoms == sorted(bottoms)
    assert page.locator("#lower-pane .g-row").first.bounding_box()["y"] >= bottoms[-1]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_an_organization_without_the_module_has_neither_menu_nor_page(visit):
    visitor = visit("admin@mecano.example")
    page = visitor.page
    page.goto("/mecano/administration/modules/")
    module = page.get_by_label("Gestion des clients")
    module.uncheck()
    page.get_by_role("button", name=re.compile("Enregistrer")).click()
    page.get_by_role("button", name="Actions", exact=True).click()
    assert page.get_by_role("menuitem", name="Gérer les clients").count() == 0
    assert page.goto("/mecano/gestion-des-clients/").status == 403
    assert "Ce module n'est pas activé pour votre organisation." in page.locator("main").inner_text()
    page.goto("/mecano/administration/modules/")
    page.get_by_label("Gestion des clients").check()
    page.get_by_role("button", name=re.compile("Enregistrer")).click()
    assert page.goto("/mecano/gestion-des-clients/").status == 200


def test_ten_clients_and_five_interactions_are_in_sight(visit):
    page = visit(ANNE).page
    fresh(page)
    page.goto(f"{HOME}?ligne=LAVOIE")
    assert _in_sight(page, ".g-pane-upper .g-scroll", "#grid .g-row") >= 10
    assert _in_sight(page, "#lower-pane .g-scroll", "#lower-pane .g-row") >= 5


def _in_sight(page, frame, rows):
    return page.evaluate(
        """([frame, rows]) => {
          const box = document.querySelector(frame).getBoundingClientRect();
          return [...document.querySelectorAll(rows)].map(row => row.getBoundingClientRect())
            .filter(row => row.top >= box.top && row.bottom <= box.bottom + 1).length;
        }""",
        [frame, rows],
    )


def test_a_value_is_edited_where_it_stands_and_taken_back(visit):
    visitor = visit(ANNE)
    page = visitor.page
    page.goto(HOME)
    cell = row(page, "CARON").locator("td[data-field=responsible]")
    cell.locator(".g-value").click()
    row(page, "CARON").locator("select[name=value]").select_option(label="Administration Cabinet Roy")
    cell.filter(has_text="Administration").wait_for()
    page.get_by_role("button", name="Annuler", exact=True).last.click()
    cell.filter(has_text="Anne Roy").wait_for()

    # By keyboard: F2 on the row, Escape gives back, what is refused is said at the cell.
    row(page, "CARON").focus()
    page.keyboard.press("F2")
    field = row(page, "CARON").locator("input[name=value]")
    field.wait_for()
    field.fill("")
    page.keyboard.press("Enter")
    row(page, "CARON").get_by_text("Raison sociale est obligatoire.").wait_for()
    visitor.looks("gestion-refus", widths=(1440,))
    page.keyboard.press("Escape")
    row(page, "CARON").get_by_text("Caron Paysages").wait_for()


def test_two_people_editing_one_value_see_both_versions(visit):
    first, second = visit(ANNE), visit("admin@cabinet-roy.example")
    for visitor in (first, second):
        visitor.page.goto(f"{HOME}?tri=name")
    names = {}
    for visitor, name in ((first, "Dionne Associés"), (second, "Dionne et Cie")):
        row(visitor.page, "DIONN").focus()
        visitor.page.keyboard.press("F2")
        names[visitor] = row(visitor.page, "DIONN").locator("input[name=value]")
        names[visitor].wait_for()
        names[visitor].fill(name)
    names[first].press("Enter")
    row(first.page, "DIONN").get_by_role("link", name="Dionne Associés").wait_for()
    names[second].press("Enter")
    row(second.page, "DIONN").get_by_text("Valeur enregistrée").wait_for()
    assert "Dionne Associés" in row(second.page, "DIONN").inner_text()
    assert row(second.page, "DIONN").locator("input[name=value]").input_value() == "Dionne et Cie"
    row(second.page, "DIONN").get_by_role("button", name="Garder la mienne").click()
    row(second.page, "DIONN").get_by_role("link", name="Dionne et Cie").wait_for()


def test_many_are_chosen_over_all_pages_and_changed_at_once(visit):
    visitor = visit(ANNE)
    page = visitor.page
    page.goto(f"{HOME}?filtre=%5B%22name%22%2C%22contains%22%2C%22e%22%5D")
    boxes = page.locator("#grid .g-row .g-bare-check")
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    assert page.locator("[data-bulk-words]").inner_text() == "3 sélectionnés"
    visitor.looks("gestion-selection", widths=WIDTHS)
    row(page, "BEAUD").focus()
    page.keyboard.press("Control+a")
    assert "de la recherche" in page.locator("[data-bulk-words]").inner_text()
    page.get_by_label("Que faire des clients sélectionnés").select_option(label="Ajouter une étiquette")
    page.get_by_label("Étiquette à ajouter").fill("Essai")
    page.get_by_role("button", name="Appliquer").click()
    page.wait_for_url("**/lots/*/")
    page.get_by_text("Terminée").wait_for(timeout=60_000)
    page.get_by_role("link", name=re.compile("^Tous")).click()
    assert page.get_by_role("row", name=re.compile("Beaudoin")).get_by_text("modifié").is_visible()
    visitor.looks("gestion-lot", widths=WIDTHS)


def test_columns_widths_views_and_panes_stay_as_they_were_left(visit):
    visitor = visit(ANNE)
    page = visitor.page
    page.goto(HOME)
    page.get_by_role("button", name="Sélecteur de champs").click()
    visitor.looks("gestion-champs", widths=(1440,))
    page.get_by_role("checkbox", name="Ville", exact=True).check()
    page.get_by_role("button", name="Monter Client", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Enregistrer").click()
    page.locator("th[data-code=city]").wait_for()
    codes = page.locator("th[data-code]").evaluate_all("all => all.map(th => th.dataset.code)")
    assert codes[0] == "name"
    handle = page.get_by_role("separator", name=re.compile("Largeur.*Client$")).first
    handle.focus()
    before = page.locator("th[data-code=name]").bounding_box()["width"]
    with page.expect_response("**/etat/"):
        for _step in range(5):
            page.keyboard.press("ArrowRight")
    splitter = page.get_by_role("separator", name="Redimensionner les volets")
    splitter.focus()
    with page.expect_response("**/etat/"):
        page.keyboard.press("ArrowUp")
    share = splitter.get_attribute("aria-valuenow")
    # On another machine everything is found again.
    other = visit(ANNE).page
    other.goto(HOME)
    assert other.get_by_role("separator", name="Redimensionner les volets").get_attribute("aria-valuenow") == share
    assert other.locator("th[data-code=name]").bounding_box()["width"] >= before + 30
    other.get_by_role("button", name="Sélecteur de champs").click()
    other.get_by_role("button", name="Rétablir").click()
    other.locator("th[data-code=city]").wait_for(state="detached")


def test_a_criterion_and_a_view_are_made_by_hand(visit):
    visitor = visit(ANNE)
    page = visitor.page
    fresh(page)
    page.get_by_role("button", name="Afficher le filtre").click()
    page.get_by_role("link", name="Ajouter un critère").click()
    page.get_by_label("Champ", exact=True).select_option(label="Ville")
    page.get_by_label("Condition", exact=True).wait_for()
    page.get_by_label("Valeur", exact=True).fill("laval")
    visitor.looks("gestion-critere", widths=WIDTHS)
    page.get_by_role("button", name="Ajouter", exact=True).click()
    page.wait_for_url("**filtre=**")
    assert page.locator("#grid .g-row").count() == 2
    page.get_by_role("button", name="Enregistrer la vue").click()
    page.get_by_label("Nom de la vue").fill("À Laval")
    page.get_by_role("dialog").get_by_role("button", name="Enregistrer", exact=True).click()
    page.wait_for_url("**vue=**")
    page.goto(HOME)
    page.get_by_role("button", name=re.compile("^Vue")).click()
    page.get_by_role("menuitem", name="À Laval").click()
    page.wait_for_url("**vue=**")
    assert page.locator("#grid .g-row").count() == 2
    page.get_by_role("button", name=re.compile("^Vue")).click()
    page.get_by_role("menuitem", name="Supprimer cette vue").click()
    page.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
    page.wait_for_url(re.compile(r"gestion-des-clients/(\?onglet=clients)?$"))


@pytest.mark.parametrize("tab", ["clients", "personnes", "interactions"])
def test_no_french_is_left_in_english(visit, tab):
    page = visit(ANNE).page
    page.goto(HOME)
    page.get_by_role("button", name="EN : English version").click()
    page.get_by_role("link", name="Home").first.wait_for()
    try:
        page.goto(f"{HOME}?onglet={tab}&filtrer=1")
        text = page.locator(".g-work-head, .g-filterbar, thead").all_inner_texts()
        assert not re.search(
            r"Afficher|Masquer|Vue|Rechercher|Ajouter|Statut|Dernière|Champ|Enregistrer", " ".join(text)
        )
    finally:
        page.get_by_role("button", name="FR : version française").click()
        page.get_by_role("link", name="Accueil").first.wait_for()
