"""An agent is told of what happens: under the bell, on its page, by the channels that they chose."""

from playwright.sync_api import expect

ORG = "/eaux-du-val"
CLIENT = f"{ORG}/clients/100655/"


def test_an_agent_is_told_of_a_credit_hold_opens_it_and_chooses_what_to_be_told(visit):
    omar = visit("omar@eaux-du-val.example")
    page = omar.page
    page.goto(f"{ORG}/notifications/choix/")
    row = page.get_by_role("row", name="Un client est mis en blocage de crédit")
    row.get_by_label("m’en avertir").select_option(label="Tous les clients que je vois")
    row.get_by_label("par courriel").select_option(label="Résumé quotidien")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status").filter(has_text="Vos choix sont enregistrés.")).to_be_visible()
    expect(row.get_by_label("par courriel")).to_have_value("daily")
    omar.looks("avertissements-choix")

    client = _puts_a_client_of_the_north_on_hold(visit)

    page.goto(f"{ORG}/")
    page.get_by_role("button", name="Notifications").click()
    box = page.get_by_role("dialog", name="Notifications")
    told = box.get_by_role("link", name=f"{client} est en blocage de crédit.")
    expect(told).to_be_visible()
    omar.looks("cloche", widths=(1440,))
    told.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(client)

    page.goto(f"{ORG}/notifications/")
    expect(page.get_by_role("link", name=f"{client} est en blocage de crédit.").first).to_be_visible()
    omar.looks("notifications")
    page.get_by_role("button", name="Tout marquer comme lu").click()
    page.get_by_role("link", name="Non lues").click()
    expect(page.get_by_text("Tout est lu.")).to_be_visible()

    # What one wants to hear no more is told no more.
    page.goto(f"{ORG}/notifications/choix/")
    row.get_by_label("m’en avertir").select_option(label="Aucun")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status").filter(has_text="Vos choix sont enregistrés.")).to_be_visible()


def _puts_a_client_of_the_north_on_hold(visit) -> str:
    """Nadia does; says the client's name."""
    nadia = visit("nadia@eaux-du-val.example")
    page = nadia.page
    page.goto(CLIENT)
    page.goto(f"{CLIENT}blocage-de-credit/")
    page.get_by_label("Motif").select_option(label="Litige")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(f"**{CLIENT}")
    return "Marie-Thérèse Le Goff"
