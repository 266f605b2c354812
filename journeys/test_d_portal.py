"""A dossier as its client follows it: a plan waits for Léa, she sees it on the portal, sends it, and the plan goes on.

The steps build on each other, as a day does.
"""

import re

import pytest
from playwright.sync_api import expect

ORG, PORTAL = "/mecano", "/portail/mecano"
ADMIN, TOM, LEA = "admin@mecano.example", "tom@mecano.example", "lea@client.mecano.example"
INSIDE = "Vérifier si elle paie"
PROCESS = f"""
process: piece_defectueuse
name: {{fr: Pièce défectueuse, en: Faulty part}}
subjects: [case]
case_types: [reclamation]
steps:
- key: examen
  name: {{fr: {INSIDE}, en: Check whether she pays}}
  public: {{fr: Examen de votre réclamation, en: We look into your complaint}}
  who: clientele
  form: {{}}
- key: photo
  name: {{fr: Attendre la photo, en: Wait for the picture}}
  public: {{fr: Nous envoyer une photo de la pièce, en: Send us a picture of the part}}
  awaits: client
  due: 10 days
  wait: {{event: client.answered, at_most: 30 days}}
- key: decision
  name: {{fr: Décider, en: Decide}}
  public: {{fr: Notre réponse, en: Our answer}}
  who: clientele
  form: {{}}
"""


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def step(page, name):
    return page.locator(".g-plan-step").filter(has=page.get_by_role("heading", name=name, exact=True))


def at_the_portal(visitor):
    page = visitor.page
    page.goto("/portail/")
    page.get_by_label("Identifiant").fill(LEA)
    page.get_by_label("Mot de passe").fill("demonstration")
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.wait_for_url(f"**{PORTAL}/")
    return page


def test_1_a_process_names_its_steps_for_the_client(visit):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{ORG}/administration/plans-d-action/importer/")
    page.get_by_label("Ou le texte").fill(PROCESS)
    page.get_by_role("button", name="Importer").click()
    page.wait_for_url(re.compile("/piece_defectueuse/concevoir/"))
    page.locator("#etape-photo summary").first.click()
    panel = page.locator("#etape-photo")
    expect(panel.get_by_label("Nom pour le client (vide : il ne la voit pas) (français)")).to_have_value(
        "Nous envoyer une photo de la pièce"
    )
    expect(panel.get_by_label("Le client doit répondre")).to_be_checked()
    visitor.looks("concevoir-portail", widths=(1440,))
    page.goto(f"{ORG}/administration/plans-d-action/piece_defectueuse/publier/")
    page.get_by_role("button", name="Publier la version 1").click()
    expect(page.get_by_text("En service").first).to_be_visible()


def test_2_a_dossier_waits_for_the_client(visit, day):
    page = visit(TOM).page
    page.goto(f"{ORG}/dossiers/nouveau/?client=C100")
    page.get_by_label("Type de dossier").select_option(label="Réclamation")
    page.get_by_label("Intitulé").fill("Garnier se plaint encore")
    page.get_by_role("button", name=re.compile("^Ouvrir le dossier")).click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    day["case"] = page.url
    day["number"] = re.search(r"/dossiers/(\d+)/", page.url)[1]
    panel = page.locator("#plan-panel")
    panel.get_by_label("Lancer un plan d’action").select_option(label="Pièce défectueuse")
    panel.get_by_role("button", name="Lancer", exact=True).click()
    step(page, INSIDE).get_by_role("button", name=re.compile("^Terminer l’étape")).click()
    expect(step(page, "Attendre la photo")).to_be_visible()


def test_3_the_client_sees_where_it_stands_and_sends_what_is_awaited(visit, day):
    visitor = visit()
    page = at_the_portal(visitor)
    waiting = page.locator("section").filter(has=page.get_by_role("heading", name="Ce qui vous attend"))
    expect(waiting.get_by_text("Nous envoyer une photo de la pièce")).to_be_visible()
    visitor.looks("portail-accueil-dossier", widths=(1440, 390))
    page.get_by_role("link", name="Mes dossiers", exact=True).click()
    visitor.looks("portail-dossiers", widths=(1440, 390))
    page.locator(".g-portal-rows a").first.click()
    page.wait_for_url(f"**{PORTAL}/dossiers/{day['number']}/")
    expect(page.get_by_role("heading", name="Ce que nous attendons de vous")).to_be_visible()
    for inside in (INSIDE, "Garnier se plaint encore", "Attendre la photo"):
        assert inside not in page.content()
    visitor.looks("portail-dossier", widths=(1440, 390))
    page.get_by_label("Votre message").fill("Voici la pièce, fendue au milieu.")
    page.get_by_label("Fichiers").set_input_files({"name": "piece.txt", "mimeType": "text/plain", "buffer": b"fendue"})
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("Votre message est envoyé.")).to_be_visible()
    expect(page.get_by_role("heading", name="Ce que nous attendons de vous")).to_have_count(0)
    expect(page.get_by_text("Voici la pièce")).to_be_visible()


def test_4_the_plan_has_gone_on_with_what_came(visit, day):
    page = visit(TOM).page
    page.goto(day["case"])
    decide = step(page, "Décider")
    expect(decide.get_by_role("button", name=re.compile("^Terminer l’étape"))).to_be_visible()
    expect(page.locator("#case-timeline")).to_contain_text("Voici la pièce, fendue au milieu.")


def test_5_in_english(visit, day):
    visitor = visit()
    page = at_the_portal(visitor)
    page.get_by_role("button", name="EN", exact=False).click()
    page.goto(f"{PORTAL}/dossiers/{day['number']}/")
    expect(page.get_by_text("Send us a picture of the part")).to_be_visible()
    visitor.looks("portail-case", widths=(390,))
    page.get_by_role("button", name="FR", exact=False).click()
