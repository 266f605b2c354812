"""The behaviours of the design system, on its gallery: keys, menus, dialogs, panes, drafts, themes."""

import pytest


@pytest.fixture
def gallery(visit):
    visitor = visit()
    visitor.page.goto("/ui/")
    return visitor


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def test_every_component_is_accessible_in_light_and_dark_wide_and_narrow(gallery):
    gallery.looks("gallery", widths=(1440, 1100, 390, 320))


def test_a_refused_form_gives_the_focus_to_its_summary_which_leads_to_each_field(gallery):
    page = gallery.page
    assert page.evaluate("document.activeElement.className") == "g-errors"
    page.locator(".g-errors a").first.click()
    assert page.evaluate("document.activeElement.id") == "id_name"


def test_rows_are_walked_chosen_and_served_by_their_menu_from_the_keyboard(gallery):
    page = gallery.page
    chosen = page.locator(".g-row[aria-selected=true]")
    page.locator("h1").click()
    page.keyboard.press("j")
    assert "Boulangerie Lefèvre" in chosen.inner_text()
    page.keyboard.press("x")
    assert chosen.locator("input[type=checkbox]").is_checked()
    assert page.locator("[data-bulkbar]").is_visible()
    page.keyboard.press("e")
    assert page.get_by_text("Gérante").nth(1).is_visible()
    page.keyboard.press("Shift+F10")
    menu = page.locator("#gallery-menu")
    assert menu.is_visible()
    assert menu.locator("[data-row-name]").inner_text() == "Boulangerie Lefèvre et Fils"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Modifier le client"
    page.keyboard.press("End")
    assert focused(page) == "Supprimer…"
    page.keyboard.press("Escape")
    assert menu.is_hidden()
    assert page.evaluate("document.activeElement.matches('.g-row[aria-selected=true]')")


def test_single_keys_never_fire_while_somebody_types_and_can_be_switched_off(gallery):
    page = gallery.page
    field = page.locator("#id_name")
    field.fill("")
    field.type("jx?")
    assert field.input_value() == "jx?"
    assert page.locator("#shortcuts").is_hidden()
    page.locator("h1").click()
    page.evaluate("document.body.dataset.singleKeys = 'off'")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_hidden()
    page.evaluate("document.body.dataset.singleKeys = 'on'")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#shortcuts").is_hidden()


def test_the_composer_takes_a_topic_by_its_digit_and_keeps_its_draft(gallery):
    page = gallery.page
    composer = page.locator(".g-composer")
    composer.locator("textarea").click()
    composer.locator("input[name=topic]").first.focus()
    page.keyboard.press("Digit3")
    assert composer.locator("input[name=topic]:checked").get_attribute("value") == "3"
    page.keyboard.type("Rappeler lundi")
    page.wait_for_timeout(400)  # a draft is put aside a quarter of a second after the last key
    page.reload()
    assert composer.locator("textarea").input_value() == "Rappeler lundi"
    assert composer.locator("input[name=topic]:checked").get_attribute("value") == "3"
    composer.locator("textarea").focus()
    page.keyboard.press("Escape")
    assert "g-open" not in composer.get_attribute("class")


def test_the_word_to_type_opens_the_button_and_nothing_else_does(gallery):
    page = gallery.page
    save = page.locator("form:has(#typed-word) button[type=submit]")
    for word, opens in (("supprimer", False), ("SUPPRIME", False), (" SUPPRIMER ", True)):
        page.locator("#typed-word").fill(word)
        assert save.is_enabled() is opens


def test_a_dangerous_button_asks_first(gallery):
    page = gallery.page
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type in ("xhr", "fetch") else None)
    page.get_by_role("button", name="Avec confirmation").click()
    dialog = page.locator("#confirm-dialog")
    assert "Claire Moreau" in dialog.inner_text()
    assert asked == []
    page.keyboard.press("Escape")
    assert asked == []
    page.get_by_role("button", name="Avec confirmation").click()
    with page.expect_response("**/ui/?*"):
        dialog.get_by_role("button", name="Supprimer").click()
    assert dialog.is_hidden()


def test_the_theme_is_chosen_once_and_kept(gallery):
    page = gallery.page
    page.locator("[data-menu=theme-menu]").click()
    page.get_by_role("menuitemradio", name="Sombre").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_panes_keep_their_share(gallery):
    page = gallery.page
    bar = page.locator("[data-splitter=gallery]")
    bar.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert bar.get_attribute("aria-valuenow") == "54"
    page.reload()
    assert bar.get_attribute("aria-valuenow") == "54"


def test_a_lost_connection_is_said(gallery):
    gallery.context.set_offline(True)
    gallery.page.locator("#g-offline").wait_for(state="visible")
    gallery.context.set_offline(False)
    gallery.page.locator("#g-offline").wait_for(state="hidden")


def test_a_toast_can_be_undone_for_eight_seconds(gallery):
    page = gallery.page
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('g:toast', {detail: {text: 'Enregistré.', undo_url: '/ui/?undo'}}))"
    )
    toast = page.locator("#g-toasts .g-toast")
    assert "Annuler" in toast.inner_text()
    toast.get_by_role("button", name="Fermer").click()
    toast.wait_for(state="detached")
