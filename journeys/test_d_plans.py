"""A10: a dossier « Résiliation » is worked through its plan to the letter, the mail and the close.

Then an administrator makes a process on screen, tries it, publishes it, changes it while a plan runs, and migrates it.

The steps build on each other, as a day does.
"""

import re

import pytest
from playwright.sync_api import expect

from testing.existing_system import ExistingSystem

ORG = "/eaux-du-val"
NADIA, ADMIN = (f"{name}@eaux-du-val.example" for name in ("nadia", "admin"))
PLANS = f"{ORG}/administration/plans-d-action"


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def opens_case(page, number, kind, title):
    """« Nouveau dossier » for a client; ends on its page."""
    page.goto(f"{ORG}/dossiers/nouveau/?client={number}")
    page.get_by_label("Type de dossier").select_option(label=kind)
    page.get_by_label("Intitulé").fill(title)
    page.get_by_role("button", name=re.compile("^Ouvrir le dossier")).click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    return page.url


def step(page, name):
    return page.locator(".g-plan-step").filter(has=page.get_by_role("heading", name=name, exact=True))


@pytest.fixture(scope="module")
def system():
    """The organization's existing information system: a real HTTP server that answers with numbers."""
    with ExistingSystem() as running:
        yield running


def test_0_the_administrator_connects_the_existing_system(visit, system):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{ORG}/administration/systeme-existant/")
    page.get_by_label("Adresse").fill(system.url)
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.get_by_text("Réglage enregistré.")).to_be_visible()
    page.get_by_role("button", name="Nouveau secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Nouveau secret").click()
    system.secret = page.locator("#new-secret").inner_text()
    page.get_by_role("button", name="Essayer la connexion").click()
    expect(page.get_by_text("Connexion réussie")).to_be_visible()
    visitor.looks("systeme-existant")


def test_1_a_plan_is_launched_and_refuses_an_empty_date(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    day["case"] = opens_case(page, "100517", "Résiliation", "Départ de Mme Dupont")
    panel = page.locator("#plan-panel")
    panel.get_by_label("Lancer un plan d’action").select_option(label="Résiliation")
    panel.get_by_role("button", name="Lancer", exact=True).click()
    first = step(page, "Saisir la demande")
    first.get_by_role("button", name=re.compile("^Terminer l’étape")).click()
    expect(first.get_by_text("Date de résiliation obligatoire").first).to_be_visible()
    visitor.looks("plan-refus", widths=(1440,))
    first.get_by_label("Date de résiliation").fill("2027-02-28")
    first.get_by_label("Déménagement").check()
    page.keyboard.press("Control+Enter")
    expect(step(page, "Saisir la demande").get_by_text("28 février 2027")).to_be_visible()
    expect(step(page, "Faire la relève de clôture").get_by_label("Index de clôture")).to_be_visible()


def test_2_work_is_found_and_taken(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/plans-d-action/equipe/")
    row = page.get_by_role("listitem").filter(has_text="Faire la relève de clôture").filter(has_text="Dupont")
    row.get_by_role("button", name=re.compile("^Prendre")).click()
    page.goto(f"{ORG}/plans-d-action/")
    visitor.looks("mon-travail")
    page.get_by_role("link", name="Faire la relève de clôture").first.click()
    page.wait_for_url(re.compile(r"/plans-d-action/\d+/"))
    reading = step(page, "Faire la relève de clôture")
    reading.get_by_label("Index de clôture").fill("1 482")
    reading.get_by_role("button", name=re.compile("^Terminer l’étape")).click()
    expect(reading.get_by_text("1 482")).to_be_visible()
    visitor.looks("plan")
    page.get_by_role("link", name="Voir le schéma").click()
    expect(page.get_by_role("img", name=re.compile("^Schéma du plan d’action"))).to_be_visible()
    visitor.looks("plan-schema")


def test_2b_work_is_moved_on_the_board_by_keyboard_and_by_mouse(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/plans-d-action/equipe/")
    page.get_by_role("navigation", name="Affichage").get_by_role("link", name="Tableau").click()
    page.wait_for_url(re.compile("vue=equipe"))

    def card(column):
        return (
            page.locator(f"#cards-{column} > li")
            .filter(has_text="Émettre la facture de clôture")
            .filter(has_text="Dupont")
        )

    card("take").locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(card("take").get_by_role("button", name="Prendre")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card("todo")).to_be_visible()
    # Whoever moved it stays with it.
    expect(card("todo").get_by_role("link", name="Émettre la facture de clôture")).to_be_focused()
    visitor.looks("equipe-tableau")
    card("todo").drag_to(page.locator("[data-board-column=take]"), source_position={"x": 8, "y": 8})
    expect(card("take")).to_be_visible()
    card("take").drag_to(page.locator("[data-board-column=done]"), source_position={"x": 8, "y": 8})
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("Numéro de la facture obligatoire")
    expect(card("take")).to_be_visible()
    visitor.looks("equipe-tableau-refus", widths=(1440,))
    card("take").drag_to(page.locator("[data-board-column=waiting]"), source_position={"x": 8, "y": 8})
    expect(card("waiting")).to_be_visible()
    card("waiting").drag_to(page.locator("[data-board-column=todo]"), source_position={"x": 8, "y": 8})
    # The plan goes on; nobody has taken the step.
    expect(card("take")).to_be_visible()


def test_3_the_plan_ends_with_its_letter_its_mail_and_the_case_closed(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(day["case"])
    bill = step(page, "Émettre la facture de clôture")
    bill.get_by_label("Numéro de la facture").fill("F-2702-0001")
    bill.get_by_role("button", name=re.compile("^Terminer l’étape")).click()
    # The product does the rest by itself.
    expect(page.locator("#plan-panel").get_by_text("Terminé", exact=True).first).to_be_visible(timeout=90_000)
    page.reload()
    expect(page.locator("#elements-letters")).to_contain_text("résiliation", ignore_case=True)
    expect(page.get_by_text("Terminé").first).to_be_visible()
    page.goto(f"{ORG}/administration/boite-d-envoi/")
    expect(page.get_by_text("jeanne.dupont@courriel.example").first).to_be_visible()


def test_3b_the_number_of_the_affaire_has_come_back(visit, day, system):
    visitor = visit(NADIA)
    page = visitor.page
    number = int(day["case"].rstrip("/").rpartition("/")[2])
    page.goto(day["case"])
    expect(page.get_by_text(system.numbers[number])).to_be_visible()
    expect(page.get_by_text("Confirmée")).to_be_visible()
    visitor.looks("dossier-affaire")
    assert system.refused == []
    told = [one["body"]["type"] for one in system.taken if one["body"]["data"].get("number") == number]
    assert told[0] == "case.opened"
    assert told[-1] == "case.closed"
    page.goto(f"{ORG}/administration/boite-d-envoi/messages/")
    expect(page.get_by_text("case.closed").first).to_be_visible()
    visitor.looks("messages-transmis")


def presses(button):
    """By keyboard."""
    button.focus()
    button.press("Enter")


# What is typed while the server draws the designer anew must stay: here it takes its time.
ANSWERS_LATE = """() => {
window.sends = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) { setTimeout(() => window.sends.call(this, body), 1500); };
}"""
ANSWERS_AT_ONCE = "() => { XMLHttpRequest.prototype.send = window.sends; }"


def drawn_again(page):
    """The designer has answered what was changed in it."""
    page.wait_for_timeout(700)
    expect(page.locator(".htmx-request")).to_have_count(0)


def adds_a_nested_condition(page):
    """A step that is done only if one thing holds or another, in a group: with the keyboard alone."""
    drawn_again(page)
    page.get_by_label("Nom de la nouvelle étape").fill("Confirmer le jour")
    presses(page.get_by_role("button", name="Ajouter l’étape"))
    step_of = page.locator("[data-designer-step]").filter(has_text="Confirmer le jour")
    fields = step_of.get_by_label("Champ", exact=True)
    presses(step_of.get_by_role("button", name="Ajouter une condition"))
    expect(fields).to_be_focused()
    fields.select_option(label="Prendre rendez-vous › Jour convenu")
    drawn_again(page)
    step_of.get_by_label("Comparaison").select_option(label="est rempli")
    expect(step_of.get_by_label("Valeur")).to_have_count(0)
    presses(step_of.get_by_role("button", name="Ajouter un groupe"))
    expect(fields).to_have_count(2)
    expect(fields.last).to_be_focused()
    fields.last.select_option(label="Priorité du dossier")
    drawn_again(page)
    step_of.get_by_label("Valeur").select_option(label="Haute")
    step_of.get_by_label("Conditions à réunir").first.select_option(label="au moins une de ces conditions")


def test_4_a_process_is_made_on_screen_tried_and_published(visit, day):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{PLANS}/")
    visitor.looks("processus")
    page.get_by_role("link", name="Créer un processus").first.click()
    page.get_by_label("Nom français").fill("Visite de contrôle")
    page.get_by_label("Nom anglais").fill("Check visit")
    page.get_by_role("button", name="Créer et concevoir").click()
    page.wait_for_url(f"**{PLANS}/visite_de_controle/concevoir/")
    page.get_by_label("Nom de la nouvelle étape").fill("Prendre rendez-vous")
    page.get_by_role("button", name="Ajouter l’étape").click()
    added = page.locator("[data-designer-step]").filter(has_text="Prendre rendez-vous")
    expect(added.get_by_text("Formulaire")).to_be_visible()
    added.get_by_role("button", name="Ajouter un champ").click()
    added.get_by_label("Champ (français)").fill("Jour convenu")
    page.evaluate(ANSWERS_LATE)
    added.get_by_label("Type du champ").select_option(label="Jour")
    added.get_by_label("obligatoire").check()
    added.get_by_label("Champ (anglais)").fill("Agreed day")
    drawn_again(page)
    expect(added.get_by_label("obligatoire")).to_be_checked()
    expect(added.get_by_label("Champ (anglais)")).to_have_value("Agreed day")
    page.evaluate(ANSWERS_AT_ONCE)
    adds_a_nested_condition(page)
    expect(page.get_by_text("Rien à corriger")).to_be_visible()
    visitor.looks("concevoir")
    page.get_by_role("button", name="Enregistrer le brouillon").last.click()
    expect(page.get_by_text("Brouillon enregistré.").first).to_be_visible()
    page.get_by_role("link", name="Essayer").click()
    expect(page.get_by_role("region", name="Déroulement").get_by_text("Le plan est terminé.")).to_be_visible()
    visitor.looks("essayer")
    page.goto(f"{PLANS}/visite_de_controle/publier/")
    visitor.looks("publier")
    page.get_by_role("button", name="Publier la version 1").click()
    page.wait_for_url(f"**{PLANS}/visite_de_controle/concevoir/")
    expect(page.get_by_text("Version 1 en service")).to_be_visible()


def test_5_it_is_changed_while_a_plan_runs_and_that_plan_is_migrated(visit, day):
    visitor = visit(ADMIN)
    page = visitor.page
    opens_case(page, "100702", "Réclamation", "Contrôle du compteur")
    panel = page.locator("#plan-panel")
    panel.get_by_label("Lancer un plan d’action").select_option(label="Visite de contrôle")
    panel.get_by_role("button", name="Lancer", exact=True).click()
    expect(step(page, "Prendre rendez-vous")).to_be_visible()
    case = page.url
    page.goto(f"{PLANS}/visite_de_controle/concevoir/")
    page.get_by_label("Nom de la nouvelle étape").fill("Rendre compte au client")
    page.get_by_role("button", name="Ajouter l’étape").click()
    expect(page.locator("[data-designer-step]").filter(has_text="Rendre compte au client")).to_be_visible()
    page.get_by_role("button", name="Enregistrer le brouillon").last.click()
    expect(page.get_by_text("Brouillon enregistré.").first).to_be_visible()
    page.goto(f"{PLANS}/visite_de_controle/publier/")
    expect(page.get_by_text("étape ajoutée")).to_be_visible()
    page.get_by_role("button", name="Publier la version 2").click()
    page.wait_for_url(f"**{PLANS}/visite_de_controle/migrer/")
    visitor.looks("migrer")
    page.get_by_role("button", name="Migrer 1 plan").click()
    for _turn in range(30):
        page.goto(f"{PLANS}/visite_de_controle/migrer/")
        if page.get_by_text("Tous les plans en cours sont sur la version 2.").is_visible():
            break
        page.wait_for_timeout(1000)
    page.goto(case)
    expect(step(page, "Rendre compte au client")).to_be_visible()
