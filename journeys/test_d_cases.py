"""A08 and what follows: a contact becomes a dossier, another is moved into it, it is worked on and closed.

The steps build on each other, as a day does.
"""

import re

import pytest
from playwright.sync_api import expect

ORG = "/eaux-du-val"
NADIA, OMAR, READER = (f"{name}@eaux-du-val.example" for name in ("nadia", "omar", "lecture"))
CLIENT = f"{ORG}/clients/100517"


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def logs(page, notes, *, person=None):
    """« Nouveau contact » on its page, for Jeanne Dupont; ends on her file."""
    page.goto(f"{ORG}/contacts/nouveau/?client=100517")
    page.get_by_label("Renseignement").check(force=True)
    page.get_by_label("Notes", exact=False).first.fill(notes)
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    page.wait_for_url(f"**{CLIENT}/")


def test_1_a_dossier_is_made_of_a_contact(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    logs(page, "Le robinet de la cave fuit depuis lundi.")
    page.get_by_role("link", name="Créer un dossier").first.click()
    expect(page.get_by_role("heading", name="Nouveau dossier")).to_be_visible()
    visitor.looks("dossier-nouveau")
    page.get_by_role("button", name=re.compile("^Ouvrir le dossier")).click()
    expect(page.get_by_text("Type de dossier est obligatoire.").first).to_be_visible()
    page.get_by_label("Type de dossier").select_option(index=1)
    page.get_by_label("Intitulé").fill("Fuite à la cave")
    page.get_by_role("button", name=re.compile("^Ouvrir le dossier")).click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    day["case"] = re.search(r"/dossiers/(\d+)/", page.url)[1]
    expect(page.get_by_role("heading", name="Fuite à la cave")).to_be_visible()
    elements = page.locator("#case-elements")
    expect(elements.locator("#elements-contacts")).to_contain_text("1")
    expect(elements.locator("#elements-participants")).to_contain_text("Dupont")
    expect(elements.locator("#elements-agents")).to_contain_text("Nadia Benali")
    expect(elements.locator("#elements-letters")).to_contain_text("Ce dossier ne contient aucun courrier.")
    expect(page.locator("#case-timeline")).to_contain_text("Le robinet de la cave fuit depuis lundi.")
    visitor.looks("dossier")


def test_2_a_second_contact_is_moved_into_it_and_that_is_taken_back(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    logs(page, "Rappelle : l'eau coule dans l'escalier.")
    page.get_by_role("link", name="Déplacer vers dossier").first.click()
    dialog = page.get_by_role("dialog", name="Déplacer vers dossier")
    dialog.get_by_role("link", name="Fuite à la cave").click()
    expect(dialog).to_contain_text("Ajouté au dossier")
    visitor.looks("dossier-deplacement", widths=(1440,))
    dialog.get_by_role("button", name="Déplacer vers ce dossier").click()
    page.wait_for_url(f"**/dossiers/{day['case']}/")
    expect(page.locator("#case-timeline")).to_contain_text("l'eau coule dans l'escalier")
    page.get_by_role("button", name="Annuler", exact=True).click()
    expect(page.locator("#case-timeline")).not_to_contain_text("l'eau coule dans l'escalier")
    # Once more, and for good: both contacts name the dossier, and moving again changes nothing.
    page.goto(f"{ORG}/interactions/")
    page.get_by_role("link", name="Renseignement").first.click()
    pane = page.locator("#contact-cases")
    expect(pane).to_contain_text("Ce contact n’est dans aucun dossier.")
    pane.get_by_role("link", name="Déplacer vers dossier").click()
    dialog = page.get_by_role("dialog", name="Déplacer vers dossier")
    dialog.get_by_role("link", name="Fuite à la cave").click()
    dialog.get_by_role("button", name="Déplacer vers ce dossier").click()
    page.wait_for_url(f"**/dossiers/{day['case']}/")
    page.go_back()
    page.reload()
    expect(page.locator("#contact-cases")).to_contain_text("Fuite à la cave")


def test_3_it_is_worked_on_closed_and_reopened(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/dossiers/{day['case']}/")
    page.get_by_label("Note du dossier").fill("Plombier prévenu.")
    page.get_by_role("button", name=re.compile("^Ajouter la note")).click()
    expect(page.locator("#case-timeline")).to_contain_text("Plombier prévenu.")
    page.get_by_label("Tâche à ajouter").fill("Vérifier le joint")
    page.locator("#liste").get_by_role("button", name="Ajouter").click()
    page.get_by_role("button", name="Vérifier le joint", exact=True).click()
    expect(page.get_by_role("button", name="Vérifier le joint", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="État").click()
    page.get_by_role("menuitem", name=re.compile("^En cours")).first.click()
    expect(page.locator(".g-meta")).to_contain_text("En cours")
    page.get_by_role("link", name="Clore le dossier").click()
    dialog = page.get_by_role("dialog", name="Clore le dossier")
    dialog.get_by_label("Motif").fill("Joint changé")
    dialog.get_by_role("button", name=re.compile("^Clore le dossier")).click()
    expect(page.get_by_text("Joint changé").first).to_be_visible()
    visitor.looks("dossier-clos", widths=(1440,))
    page.get_by_label("Motif de la réouverture").fill("Fuit encore")
    page.get_by_role("button", name="Rouvrir").click()
    expect(page.get_by_role("link", name="Clore le dossier")).to_be_visible()


def test_4_in_english(visit, day):
    visitor = visit("admin@courtage-frontiere.example", language="en-CA")
    visitor.page.goto("/courtage-frontiere/dossiers/nouveau/")
    expect(visitor.page.get_by_role("heading").first).to_be_visible()
    visitor.looks("dossier-choisir", widths=(320,))
