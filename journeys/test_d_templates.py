"""A07: an administrator makes a template on screen, tries it on a real client, and a contact is filled in from it.

Then A06 with templates around: a quick enquiry needs none, and who types fast is not held up.
"""

import re

import pytest
from playwright.sync_api import expect

ORG = "/eaux-du-val"
NADIA, ADMIN, OMAR = (f"{name}@eaux-du-val.example" for name in ("nadia", "admin", "omar"))
MODELS = f"{ORG}/administration/modeles/"
CLIENT = f"{ORG}/clients/100655"  # Marie-Thérèse Le Goff: no contract, no invoice, no reading
MOREAU = f"{ORG}/clients/100482"


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def test_1_an_administrator_makes_a_template_and_tries_it_on_a_client(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(MODELS)
    visitor.looks("modeles")
    page.get_by_role("link", name="Ajouter un modèle").click()
    page.get_by_label("Nom français").fill("Relève contestée")
    page.get_by_label("Nom anglais").fill("Disputed reading")
    page.get_by_label("Relève", exact=True).check()
    page.get_by_label("Agent, fonction ou équipe, ligne 1").select_option(label="Omar Diallo")
    page.get_by_label("Objet, ligne 1").select_option(label="Dernière facture")
    page.get_by_label("Objet, ligne 2").select_option(label="Dernière relève")
    page.get_by_label("Texte français").fill("Conteste la dernière relève, contrat {{ contract.number }}.")
    page.get_by_label("Texte anglais").fill("Disputes the last reading, contract {{ contract.number }}.")
    page.get_by_label("Suivi").select_option(label="2 jours ouvrés")
    page.get_by_label("Client de l’aperçu").fill("Dupont")
    preview = page.locator("#template-preview")
    expect(preview).to_contain_text("Jeanne Dupont")
    expect(preview).to_contain_text("C-2021-0077")
    expect(preview).to_contain_text("Aucune relève pour ce contrat.")
    expect(preview).to_contain_text("Omar Diallo")
    visitor.looks("modele-apercu", widths=(1440, 390))
    # A variable that is not there is told while one types, and again when one saves.
    page.get_by_label("Texte français").fill("{{ client.salaire }}")
    expect(preview).to_contain_text("client.salaire")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.get_by_role("alert")).to_contain_text("client.salaire")
    page.get_by_label("Texte français").fill("Conteste la dernière relève, contrat {{ contract.number }}.")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    page.wait_for_url(f"**{MODELS}")
    expect(page.get_by_role("row", name=re.compile("Relève contestée"))).to_contain_text("Relève")


def test_2_the_contact_takes_what_is_there_and_tells_what_is_not(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/clients/100517/")
    page.keyboard.press("n")
    page.keyboard.press("4")  # Relève
    composer = page.locator("#composer")
    slot = composer.locator("[data-template-slot]")
    expect(slot).to_contain_text("Relève contestée")
    expect(slot).to_contain_text("Omar Diallo")
    expect(slot).to_contain_text("Aucune facture pour ce contrat.")
    expect(slot).to_contain_text("Aucune relève pour ce contrat.")
    expect(composer.get_by_label("Notes")).to_have_value("Conteste la dernière relève, contrat C-2021-0077.")
    visitor.looks("composer-modele", widths=(1440, 390))
    # Another topic takes it all away again; what was typed stays.
    composer.get_by_role("radio", name="Renseignement").check(force=True)
    expect(slot).to_have_text("")
    expect(composer.get_by_label("Notes")).to_have_value("")
    composer.get_by_role("radio", name="Relève").check(force=True)
    expect(composer.get_by_label("Notes")).to_have_value(re.compile("C-2021-0077"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").filter(has_text="Non attaché")).to_contain_text("Aucune relève pour ce contrat")
    first = page.locator(".g-event").first
    expect(first).to_contain_text("Conteste la dernière relève, contrat C-2021-0077.")
    expect(slot).to_have_text("")
    page.goto(f"{ORG}/interactions/?q=conteste+derniere+releve")
    page.locator(".g-row").first.get_by_role("link", name="Relève").click()
    page.get_by_role("link", name="Général").click()
    expect(page.locator(".g-items").filter(has_text="Omar Diallo").first).to_be_visible()
    expect(page.locator(".g-items").filter(has_text="C-2021-0077").first).to_be_visible()
    expect(page.get_by_role("list", name="Non attaché")).to_contain_text("Aucune relève pour ce contrat.")
    visitor.looks("interaction-modele", widths=(1440,))


def test_3_who_is_fast_does_not_wait_for_it(visit):
    visitor = visit(NADIA)
    page = visitor.page
    # The answer about the template never comes: the contact is filled in all the same.
    page.route("**/contacts/modele/**", lambda route: route.abort())
    page.goto(f"{ORG}/clients/100517/")
    page.keyboard.press("n")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").filter(has_text="Non attaché")).to_be_visible()
    expect(page.locator(".g-event").first).to_contain_text("Conteste la dernière relève")
    visitor.complaints.clear()


def test_4_a_quick_enquiry_needs_no_template(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/clients/100517/")
    page.keyboard.press("n")
    page.keyboard.press("2")
    page.keyboard.type("Horaires du guichet.")
    page.keyboard.press("Control+Enter")
    first = page.locator(".g-event").first
    expect(first).to_contain_text("Horaires du guichet.")
    expect(first).to_contain_text("Renseignement")
    expect(first).to_contain_text("C-2021-0077")


def test_5_a_template_for_those_who_owe_suits_nobody_else(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{MODELS}point-sur-les-impayes/")
    expect(page.get_by_label("Clients auxquels il convient")).to_have_value("keep")
    criteria = page.locator("#criteria")
    expect(criteria.get_by_label("Fiches liées")).to_have_value("invoices")
    client, preview = page.get_by_label("Client de l’aperçu"), page.locator("#template-preview")
    client.fill("100655")
    expect(preview).to_contain_text("Ce modèle ne convient pas à ce client")
    client.fill("100482")
    expect(preview).to_contain_text("F-2410-07731")
    expect(preview).to_contain_text("Reste à payer")
    # Another condition, put together as in the advanced search, and taken away again.
    criteria.get_by_role("button", name="Critère", exact=True).last.click()
    expect(criteria.get_by_label("Champ", exact=True)).to_have_count(2)
    criteria.get_by_label("Champ", exact=True).last.select_option(label="Ville")
    criteria.get_by_label("Valeur", exact=True).last.fill("Nulle-Part")
    page.keyboard.press("Tab")
    expect(preview).to_contain_text("Ce modèle ne convient pas à ce client")
    expect(criteria).to_contain_text("Nulle-Part")
    visitor.looks("modele-conditions", widths=(1440, 390))
    criteria.get_by_role("button", name="Retirer ce critère").last.click()
    expect(criteria.get_by_label("Champ", exact=True)).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    page.wait_for_url(f"**{MODELS}")


def test_6_types_of_dossier_are_a_tree(visit):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{ORG}/administration/types-de-dossier/")
    visitor.looks("types-de-dossier")
    page.get_by_role("link", name="Ajouter un type sous Réclamation").click()
    page.get_by_label("Libellé français", exact=True).fill("Accueil")
    page.get_by_label("Libellé anglais", exact=True).fill("Front desk")
    page.get_by_label("Échéance après l’ouverture").select_option(label="3 jours ouvrés")
    page.get_by_label("Libellé français, ligne 1").fill("À écouter")
    visitor.looks("type-de-dossier")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    row = page.get_by_role("row").filter(has_text="reclamation/accueil").first
    expect(row).to_contain_text("3 jours ouvrés")


def test_7_the_list_of_dossiers_is_filtered_and_opened(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/")
    page.get_by_role("link", name="Dossiers", exact=True).first.click()
    expect(page.get_by_role("heading", name="Dossiers")).to_be_visible()
    visitor.looks("dossiers")
    page.get_by_label("Type de dossier", exact=True).select_option(label="Résiliation")
    expect(page.locator("#cases")).to_contain_text("Départ du 4, allée des Saules")
    expect(page.locator("#cases")).not_to_contain_text("contestée")
    page.get_by_label("N°, mots de l’intitulé ou client").fill("zzzz")
    page.get_by_role("button", name="Rechercher", exact=True).click()
    expect(page.get_by_text("Aucun dossier ne répond à ce filtre.")).to_be_visible()
    page.get_by_role("link", name="Effacer le filtre").click()
    page.get_by_role("link", name="Échéance", exact=True).click()
    expect(page.get_by_role("columnheader", name="Échéance", exact=True)).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Départ du 4, allée des Saules").click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    page.goto(f"{MOREAU}/")
    expect(page.get_by_role("heading", name="Dossiers ouverts")).to_be_visible()
