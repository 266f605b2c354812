"""The main job, end to end: real sectors and clients come in, one is found, seen, spoken with; the import is undone.

The steps build on each other, as a day does. The real files stand beside the checkout (`../shared/data`); where they do
not, the same journey runs on the extracts that the repository ships.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data"
EXTRACTS = ROOT / "entregent" / "exchange" / "tests" / "files"
ORG = "/eaux-du-val"
ADMIN, NADIA, OMAR = (f"{name}@eaux-du-val.example" for name in ("admin", "nadia", "omar"))
WHILE_IMPORTING = 420_000  # ms; not a speed limit: machines are noisy, benchmarks/ measures


def file(name):
    return (REAL if (REAL / name).exists() else EXTRACTS) / name


def imports(visitor, kind, csv, mapping):
    """Three steps on the page; ends with the result shown. Returns how many rows were created."""
    page = visitor.page
    page.goto(f"{ORG}/administration/importations/nouvelle/")
    page.get_by_label("Données").select_option(label=kind)
    page.get_by_label("Fichier", exact=False).set_input_files(file(csv))
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Fichier de correspondance (YAML)").set_input_files(file(mapping))
    page.get_by_role("button", name="Lire le fichier").click()
    page.get_by_role("button", name="Essayer à blanc").click()
    page.get_by_role("button", name=re.compile(r"^Importer ")).wait_for(timeout=WHILE_IMPORTING)
    page.get_by_role("button", name=re.compile(r"^Importer ")).click()
    page.get_by_role("button", name="Annuler cette importation").wait_for(timeout=WHILE_IMPORTING)
    figure = page.locator("dt", has_text=re.compile("^Créées$")).locator("xpath=following-sibling::dd[1]").inner_text()
    return int(re.sub(r"\D", "", figure))


def finds(visitor, text):
    """The quick search by keyboard: Ctrl+K, what is looked for. Returns the list of options."""
    page = visitor.page
    page.keyboard.press("Control+k")
    page.keyboard.type(text)
    return page.get_by_role("dialog", name="Recherche rapide").get_by_role("option")


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def test_1_the_administrator_brings_the_sectors(visit, day):
    visitor = visit(ADMIN)
    day["sectors"] = imports(visitor, "Secteurs", "territoires.csv", "territoires.yaml")
    assert day["sectors"] == len(file("territoires.csv").read_text().splitlines()) - 1
    visitor.page.goto(f"{ORG}/administration/secteurs/")
    expect(visitor.page.get_by_text("Guadeloupe", exact=False).first).to_be_visible()
    visitor.looks("sectors")


def test_2_the_agent_brings_the_clients_and_sees_how_far_it_is(visit, day):
    visitor = visit(NADIA)
    visitor.page.goto(f"{ORG}/administration/importations/nouvelle/")
    visitor.looks("import-new")
    created = imports(visitor, "Clients", "communes.csv", "communes.yaml")
    assert created == len(file("communes.csv").read_text().splitlines()) - 1
    day["import"] = visitor.page.url
    visitor.looks("import-done")
    created = imports(visitor, "Clients", "epci.csv", "epci.yaml")
    assert created == len(file("epci.csv").read_text("cp1252").splitlines()) - 1


def test_3_a_client_is_found_and_spoken_with_by_keyboard_alone(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    hits = finds(visitor, "abergement clemenciat")
    expect(hits.first).to_contain_text("L'Abergement-Clémenciat")
    visitor.looks("search", widths=(1440, 390))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{ORG}/clients/01001/")
    expect(page.get_by_role("heading", name="L'Abergement-Clémenciat")).to_be_visible()
    expect(page.get_by_text("Crédit en règle")).to_be_visible()

    page.keyboard.press("n")
    page.keyboard.press("Digit2")
    page.keyboard.type("La mairie demande un relevé de ses compteurs.")
    for _step in range(25):
        if page.evaluate("document.activeElement.name") == "follow_up":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Dem")
    visitor.looks("composer", widths=(1440, 390))
    page.keyboard.press("Control+Enter")
    newest = page.locator("#timeline, .g-timeline").get_by_role("listitem").filter(has_text="La mairie demande")
    expect(newest.first).to_be_visible()
    first_event = page.locator(".g-event").first
    expect(first_event).to_contain_text("La mairie demande un relevé de ses compteurs.")
    visitor.looks("client-file")

    page.goto(f"{ORG}/")
    follow_ups = page.locator("#my-follow-ups")
    expect(follow_ups).to_contain_text("L'Abergement-Clémenciat")
    visitor.looks("home")


def test_4_three_keystrokes_save_a_contact(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/clients/01002/")
    before = page.locator(".g-event").count()
    page.keyboard.press("n")
    page.keyboard.press("Digit2")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".g-event")).to_have_count(before + 1)
    expect(page.get_by_role("status").filter(has_text="enregistré")).to_be_visible()


def test_5_the_agent_of_the_north_finds_nothing_of_it(visit, day):
    visitor = visit(OMAR)
    page = visitor.page
    hits = finds(visitor, "abergement")
    expect(page.get_by_role("dialog", name="Recherche rapide")).to_contain_text(re.compile("Aucun|Rien", re.I))
    assert hits.filter(has_text="Abergement-Clémenciat").count() == 0
    page.keyboard.press("Escape")
    answer = page.goto(f"{ORG}/clients/01001/")
    never = visitor.context.new_page().goto(f"{ORG}/clients/jamais-vu/")
    assert (answer.status, never.status) == (404, 404)
    expect(page.get_by_text("Introuvable.")).to_be_visible()
    page.goto(f"{ORG}/clients/")
    expect(page.get_by_text("Abergement")).to_have_count(0)
    page.goto(f"{ORG}/interactions/")
    expect(page.get_by_text("La mairie demande")).to_have_count(0)


def test_6_the_import_is_undone_and_what_was_worked_on_is_kept(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(day["import"])
    page.get_by_role("button", name="Annuler cette importation").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Confirmer|Continuer|Oui")).click()
    expect(page.get_by_text(re.compile("fiches retirées"))).to_be_visible(timeout=WHILE_IMPORTING)
    visitor.looks("import-undone")
    answer = page.goto(f"{ORG}/clients/01004/")
    assert answer.status == 404
    page.goto(f"{ORG}/")
    hits = finds(visitor, "ambérieu en bugey")
    expect(page.get_by_role("dialog", name="Recherche rapide")).to_contain_text(re.compile("Aucun|Rien", re.I))
    assert hits.filter(has_text="Ambérieu-en-Bugey").count() == 0
