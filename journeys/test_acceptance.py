"""Acceptance scenarios of requirements.md §4 that this version covers: A06 (without templates) and A11."""

import re

from playwright.sync_api import expect

ORG = "/eaux-du-val"


def test_a06_a_fast_enquiry_without_dossier(visit):
    visitor = visit("nadia@eaux-du-val.example")
    page = visitor.page
    page.goto(f"{ORG}/")
    page.get_by_role("link", name=re.compile("Nouveau contact")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox").or_(dialog.get_by_role("combobox")).first.fill("dupont")
    dialog.get_by_text("Jeanne Dupont").first.click()
    dialog.get_by_role("radio", name="Renseignement").check(force=True)
    dialog.get_by_label("Notes").last.fill("Demande les horaires de l'accueil.")
    dialog.get_by_role("button", name=re.compile("^Enregistrer")).last.click()
    expect(page.get_by_role("status").filter(has_text="enregistré")).to_be_visible()
    page.goto(f"{ORG}/clients/100517/")
    first = page.locator(".g-event").first
    expect(first).to_contain_text("Demande les horaires de l'accueil.")
    expect(first).to_contain_text("C-2021-0077")
    expect(first).to_contain_text("Nadia Benali")


def test_a11_the_perimeter_of_an_agent(visit):
    visitor = visit("omar@eaux-du-val.example")
    page = visitor.page
    page.goto(f"{ORG}/recherche/?q=dupont")
    expect(page.get_by_text("Jeanne Dupont")).to_have_count(0)
    assert page.goto(f"{ORG}/clients/100517/").status == 404
    expect(page.get_by_text("Introuvable.")).to_be_visible()
    page.goto(f"{ORG}/interactions/")
    expect(page.get_by_text("échéancier")).to_have_count(0)
    expect(page.get_by_text("Blanchisserie Moreau").first).to_be_visible()
