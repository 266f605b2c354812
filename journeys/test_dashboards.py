"""A home page arranged by keyboard alone and by mouse; a portlet that fails; what goes out: a list, a calendar."""

import csv
from io import StringIO
from urllib.parse import urlsplit

from playwright.sync_api import expect

ORG = "/eaux-du-val"
TILES = "list => list.map(tile => tile.dataset.tile)"


def order(page):
    return page.eval_on_selector_all("[data-tile]", TILES)


def test_a_dashboard_is_arranged_by_keyboard_and_by_mouse(visit):
    visitor = visit("omar@eaux-du-val.example")
    page = visitor.page
    page.goto(f"{ORG}/?personnaliser=1")
    first, second, third, *_others = order(page)
    try:
        # By keyboard: down, with the focus still on the arrow; then wide; then gone.
        page.locator(f"#descendre-{first}").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="Place 2 sur")).to_be_visible()
        assert order(page)[:3] == [second, first, third]
        expect(page.locator(f"#descendre-{first}")).to_be_focused()
        page.locator(f"#width-12-{first}").press("Enter")
        expect(page.locator(f"#width-12-{first}")).to_have_attribute("aria-pressed", "true")
        visitor.looks("tableau-de-bord-arrange")
        # By mouse: the third one before the first.
        page.drag_and_drop(
            f"[data-tile={third}] .g-tile-grip", f"[data-tile={second}]", target_position={"x": 12, "y": 12}
        )
        expect(page.get_by_role("status").filter(has_text="Place 1 sur")).to_be_visible()
        page.reload()
        assert order(page)[:3] == [third, second, first]
        page.get_by_label("Portlet à ajouter").select_option(label="Clients par secteur")
        page.get_by_role("button", name="Ajouter", exact=True).click()
        expect(page.locator("[data-tile=clients-by-sector]")).to_be_visible()
        page.get_by_role("link", name="Terminer").click()
        expect(page.get_by_role("heading", name="Clients par secteur")).to_be_visible()
        expect(page.locator("#portlet-clients-by-sector")).to_contain_text("Compté le")
    finally:
        page.goto(f"{ORG}/?personnaliser=1")
        page.get_by_role("button", name="Rétablir", exact=True).click()
        page.locator("[data-confirm-yes]").click()
        expect(page.locator("[data-tile]").first).to_have_attribute("data-tile", first)


def test_a_portlet_that_cannot_be_fetched_says_so_and_is_asked_again(visit):
    visitor = visit("omar@eaux-du-val.example")
    page = visitor.page
    page.route("**/tableau-de-bord/clients-by-sector/*", lambda route: route.fulfill(status=500, body="broken"))
    page.goto(f"{ORG}/tableau-de-bord/")
    broken = page.locator("#portlet-clients-by-sector")
    expect(broken).to_contain_text("Indisponible.")
    expect(page.locator("#portlet-clients-by-status")).to_contain_text("Compté le")
    visitor.looks("tableau-de-bord-panne", widths=(1440,))
    page.unroute("**/tableau-de-bord/clients-by-sector/*")
    broken.get_by_role("link", name="Réessayer").click()
    expect(broken).to_contain_text("Compté le")
    # htmx itself writes what it was answered to the console.
    assert all("500" in complaint or "htmx:" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()


def test_a_list_goes_out_as_it_is_seen_and_follow_ups_into_a_calendar(visit):
    page = visit("nadia@eaux-du-val.example").page
    page.goto(f"{ORG}/exports/listes/?liste=clients&colonnes=number,name&tri=-name")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV, pour tout logiciel").click()
    with open(waiting.value.path(), encoding="utf-8-sig") as file:
        rows = list(csv.reader(StringIO(file.read()), delimiter=";"))
    assert rows[0] == ["N° client", "Client"]
    assert "Blanchisserie Moreau" in [row[1] for row in rows]
    page.goto(f"{ORG}/mon-agenda/")
    page.get_by_role("button", name="Créer l’adresse").click()
    address = page.locator("#calendar-address").inner_text()
    answer = page.request.get(urlsplit(address).path)
    assert answer.ok
    assert "BEGIN:VEVENT" in answer.text()
    page.goto(f"{ORG}/mon-agenda/")
    page.get_by_role("button", name="Révoquer").click()
    page.locator("[data-confirm-yes]").click()
    page.get_by_text("Aucune adresse pour l’instant.").wait_for()
    assert page.request.get(urlsplit(address).path).status == 404
