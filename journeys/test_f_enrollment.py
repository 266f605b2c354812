"""A01 to A05 and X1: clients of loan applications go to head office, are updated, removed, and never doubled.

The steps build on each other, as a day does.
"""

import re

import pytest
from playwright.sync_api import expect

ORG = "/hypo-nord"
MARC, LISE, ADMIN = (f"{name}@hypo-nord.example" for name in ("marc", "lise", "admin"))
LIST = "Clients Hypo-Nord"


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def enrolment(page, number):
    """As the source tells it: the application, « Services », « Effectif GRC »."""
    page.goto(f"{ORG}/demandes-de-pret/{number}/")
    page.get_by_role("link", name="Services", exact=True).click()
    expect(page.get_by_text("Critères de recherche des demandes pour l’extraction GRC")).to_be_visible()
    page.get_by_role("link", name="Effectif GRC", exact=True).click()
    page.wait_for_url("**/effectif-grc/")


def presses(page, button):
    page.get_by_role("button", name=button, exact=True).click()


def is_told(page, state, *, seconds=40):
    """The history of the application says so, once the worker has been there."""
    for _second in range(seconds):
        if (
            state
            in page.get_by_role("region", name="Historique des transmissions").get_by_role("row").nth(1).inner_text()
        ):
            return
        page.wait_for_timeout(1000)
        page.reload()
    pytest.fail(page.get_by_role("region", name="Historique des transmissions").inner_text())


def client_file(page, name):
    page.goto(f"{ORG}/clients/?q={name.replace(' ', '+')}")
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_url(re.compile(r"/clients/C?\d+/"))


def test_a01_a_new_client_is_enrolled(visit, day):
    visitor = visit(MARC)
    page = visitor.page
    page.goto(f"{ORG}/demandes-de-pret/")
    visitor.looks("demandes-de-pret")
    enrolment(page, "1042")
    expect(page.locator("#announcement")).to_contain_text("Rien ne sera transmis")
    expect(page.get_by_label("Demandeur", exact=True)).to_be_checked()
    expect(page.get_by_label("Numéro et rue")).to_be_disabled()
    page.get_by_label("Clients GRC actuels").select_option(label="Non")
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Un nouveau client sera transmis au siège social")
    expect(page.locator("#announcement")).to_contain_text("8, rue Laurier, Gatineau QC J8X 2B2")
    expect(page.locator("#announcement")).to_contain_text("Marc Gagnon")
    page.get_by_label("Remarques GRC").fill("Premier achat, préfère le courriel.")
    visitor.looks("effectif-grc")
    presses(page, "Enregistrer")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    is_told(page, "Chargée")
    page.goto(f"{ORG}/demandes-de-pret/1042/")
    page.get_by_role("link", name="Fiche client").click()
    page.wait_for_url(re.compile(r"/clients/[^/]+/$"))
    day["julie"] = page.url
    expect(page.get_by_role("heading", name="Julie Tremblay")).to_be_visible()
    expect(page.get_by_text("Marc Gagnon").first).to_be_visible()
    expect(page.get_by_text("Premier achat, préfère le courriel.").first).to_be_visible()


def test_a03_an_update_changes_the_same_client(visit, day):
    visitor = visit(MARC)
    page = visitor.page
    page.goto(f"{ORG}/demandes-de-pret/1042/modification/")
    page.locator("[name=p0-phone]").fill("819 555 0188")
    visitor.looks("demande-de-pret-modification", widths=(1440,))
    page.get_by_role("button", name=re.compile("^Enregistrer")).last.click()
    page.wait_for_url("**/demandes-de-pret/1042/")
    enrolment(page, "1042")
    expect(page.get_by_label("Clients GRC actuels")).to_have_value("oui")
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Les données seront mises à jour")
    presses(page, "Enregistrer")
    expect(page.get_by_text("utilisez Mise à jour GRC").first).to_be_visible()
    presses(page, "Mise à jour GRC")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    is_told(page, "Chargée")
    page.goto(day["julie"])
    expect(page.get_by_text("(819) 555-0188").first).to_be_visible()
    # Sent once more, nothing has changed.
    enrolment(page, "1042")
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Les données seront mises à jour")
    presses(page, "Mise à jour GRC")
    expect(page.get_by_text("Aucun changement à transmettre.")).to_be_visible()


def test_a02_another_address_and_another_agent(visit, day):
    visitor = visit(MARC)
    page = visitor.page
    enrolment(page, "1042")
    page.get_by_label("Autre", exact=True).check()
    expect(page.get_by_label("Numéro et rue")).to_be_enabled()
    page.get_by_label("Numéro et rue").fill("12 rue des Pins")
    page.get_by_label("Ville").fill("Gatineau")
    page.get_by_label("Province ou état").fill("QC")
    page.get_by_label("Code postal").fill("75001")
    page.get_by_label("Agent en correspondance").select_option(label="Lise Bouchard")
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("12 rue des Pins")
    presses(page, "Mise à jour GRC")
    expect(page.get_by_text("Code postal invalide (ex. J8X 1A1).").first).to_be_visible()
    expect(page.get_by_label("Numéro et rue")).to_have_value("12 rue des Pins")
    visitor.looks("effectif-grc-refus", widths=(1440,))
    page.get_by_label("Code postal").fill("j8x1a1")
    page.get_by_label("Propriété", exact=True).check()
    expect(page.get_by_label("Numéro et rue")).to_be_disabled()
    expect(page.locator("#announcement")).to_contain_text("31, chemin du Lac")
    page.get_by_label("Autre", exact=True).check()
    presses(page, "Mise à jour GRC")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    is_told(page, "Chargée")
    page.goto(day["julie"])
    expect(page.get_by_text("12 rue des Pins").first).to_be_visible()
    expect(page.get_by_text("Lise Bouchard").first).to_be_visible()
    page.goto(f"{ORG}/demandes-de-pret/1042/")
    expect(page.get_by_text("8, rue Laurier").first).to_be_visible()


def test_x1_the_application_is_what_a_dossier_is_about(visit, day):
    visitor = visit(MARC)
    page = visitor.page
    number = day["julie"].rstrip("/").rsplit("/", 1)[1]
    page.goto(f"{ORG}/dossiers/nouveau/?client={number}")
    expect(page.get_by_label("Responsable").locator("option:checked")).to_have_text("Lise Bouchard")
    page.get_by_label("Type de dossier").select_option(index=1)
    page.get_by_label("Intitulé", exact=True).fill("Renouvellement de Julie")
    page.get_by_role("button", name=re.compile("^Ouvrir")).first.click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    objects = page.get_by_label("Objet à ajouter")
    chosen = objects.locator("option").filter(has_text="1042").first.get_attribute("value")
    objects.select_option(chosen)
    page.locator("form").filter(has=objects).get_by_role("button", name="Ajouter").click()
    expect(page.get_by_text("Objet ajouté.")).to_be_visible()
    expect(page.locator("main").get_by_text("1042").first).to_be_visible()


def test_a04_a_removal_is_confirmed_and_takes_the_client_out(visit, day):
    visitor = visit(MARC)
    page = visitor.page
    enrolment(page, "1042")
    page.get_by_label("Clients GRC actuels").select_option(label="Oui")
    expect(page.locator("#announcement")).to_contain_text("Le client sera retiré du GRC")
    presses(page, "Enregistrer")
    expect(page.get_by_text("il quitte les listes").first).to_be_visible()
    visitor.looks("effectif-grc-retrait")
    presses(page, "Retirer de la GRC")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    is_told(page, "Chargée")
    page.goto(f"{ORG}/clients/?q=julie.tremblay@foyer.example")
    expect(page.get_by_role("link", name="Julie Tremblay", exact=True)).to_have_count(0)
    page.goto(day["julie"])
    expect(page.get_by_text("Retiré").first).to_be_visible()
    page.goto(f"{ORG}/demandes-de-pret/1042/")
    expect(page.get_by_text("Julie Tremblay").first).to_be_visible()


def test_a05_a_duplicate_is_decided_at_head_office(visit):
    visitor = visit(LISE)
    page = visitor.page
    enrolment(page, "1043")
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Déjà présent : Julie Tremblay")
    presses(page, "Enregistrer")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    is_told(page, "Doublon possible")
    office = visit(ADMIN)
    page = office.page
    page.goto(f"{ORG}/siege-social/")
    office.looks("siege-social")
    page.get_by_role("link", name="Julie Tremblay").click()
    expect(page.get_by_text(re.compile("Est-ce Julie Tremblay, n°")).first).to_be_visible()
    office.looks("siege-social-doublon")
    page.get_by_role("button", name=re.compile("^Fusionner")).first.click()
    expect(page.get_by_text("Transmission chargée.")).to_be_visible()
    page.goto(f"{ORG}/siege-social/extraction/?inscription=enrolled")
    expect(page.get_by_role("row").filter(has_text="1043")).to_be_visible()
    office.looks("extraction-grc", widths=(1440,))
    page.get_by_label("Nom de ces critères").fill("Inscrits")
    presses(page, "Enregistrer ces critères")
    expect(page.get_by_text("Critères « Inscrits » enregistrés.")).to_be_visible()


def test_the_function_is_asked_for(visit):
    visitor = visit("nadia@eaux-du-val.example")
    visitor.page.goto("/eaux-du-val/demandes-de-pret/")
    expect(visitor.page.get_by_text("doit être demandée par votre entreprise")).to_be_visible()
    visitor.looks("effectif-grc-absent", widths=(320,))
