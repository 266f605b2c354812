"""Letters: a template is written with its preview, a letter leaves a dossier, and those that wait are printed."""

import re

from playwright.sync_api import expect

ORG = "/eaux-du-val"
NADIA = "nadia@eaux-du-val.example"


def test_1_a_template_is_written_with_its_preview(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/administration/modeles-de-documents/")
    visitor.looks("modeles-de-documents")
    page.get_by_role("link", name="Courrier (PDF)").first.click()
    page.get_by_label("Nom français").fill("Attestation d’ouverture")
    page.get_by_label("Nom anglais").fill("Certificate of opening")
    page.get_by_label("Objet français").fill("Attestation")
    page.get_by_label("Texte français").fill("Pour {{ client.nom }}")
    expect(page.locator("#preview").get_by_text("client.nom")).to_be_visible()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("client.nom").first).to_be_visible()
    page.get_by_label("Texte français").fill("Pour **{{ client.name }}**")
    expect(page.locator("#preview img")).to_have_count(1)
    visitor.looks("modele-de-document")
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url(re.compile("/modeles-de-documents/attestation_d_ouverture/"))


def test_2_the_letterhead_is_previewed(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/administration/en-tete-des-lettres/")
    before = page.locator("#preview img").get_attribute("src")
    page.get_by_label("Lieu, devant la date").fill("Beaune")
    expect(page.locator("#preview img")).not_to_have_attribute("src", before or "")
    visitor.looks("en-tete-des-lettres")


def test_3_a_letter_leaves_a_dossier_and_is_printed(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/dossiers/1/courrier/?modele=reponse_reclamation")
    expect(page.locator("#preview img")).to_have_count(1)
    visitor.looks("courrier")
    page.get_by_label("Texte").fill("Bonjour,\n\nVotre relève est faite.")
    page.get_by_label("Envoyer par courriel à").select_option("contact@blanchisserie-moreau.example")
    page.get_by_role("button", name="Garder dans le dossier").click()
    expect(page.get_by_text("Courrier gardé dans le dossier.")).to_be_visible()
    page.goto(f"{ORG}/courriers/")
    visitor.looks("courriers-a-imprimer")
    page.get_by_role("button", name=re.compile("en attente")).click()
    expect(page.get_by_role("link", name=re.compile("^PDF 1"))).to_be_visible(timeout=30_000)
    visitor.looks("impression")
