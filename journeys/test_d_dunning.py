"""A09: a due invoice is dunned, stops when it is paid; a client in hardship is left alone.

The steps build on each other, as a day does.
"""

import json
import re
import subprocess
import sys
import urllib.request
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from journeys.conftest import ROOT

ORG = "/eaux-du-val"
NADIA = "nadia@eaux-du-val.example"
INVOICE = "F-2411-00088"


@pytest.fixture(scope="module")
def day():
    """What one step leaves for the next."""
    return {}


def sends_invoice(instance, day, **values):
    """The billing system tells of an invoice, as it does every night."""
    if "token" not in day:
        command = [Path(sys.executable).parent / "entregent", "token", "create", "--email", NADIA]
        day["token"] = subprocess.run(
            [*command, "--organization", ORG[1:]], env=instance.environment, cwd=ROOT, capture_output=True, text=True,
            check=True,
        ).stdout.split()[-1]  # fmt: skip
    told = {"client": "100640", "type": "invoice", "key": INVOICE, "source_system": "facturation", "currency": "EUR",
            "amount": "118.40", "due_on": (date.today() - timedelta(days=1)).isoformat(), **values}  # fmt: skip
    asked = urllib.request.Request(
        f"{instance.url}/api/v1/business-objects", data=json.dumps(told).encode(),
        headers={"Authorization": f"Bearer {day['token']}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 201


def row(page, invoice):
    return page.get_by_role("row").filter(has_text=invoice)


def test_1_what_runs_and_what_would_be_dunned(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/relances/")
    expect(row(page, "F-2410-08011")).to_contain_text("Niveau 2")
    expect(row(page, "F-2410-08120")).to_contain_text("Niveau 1")
    visitor.looks("relances")
    page.get_by_role("link", name="Plans de relance").click()
    expect(row(page, "Relance eau")).to_contain_text("Chaque jour")
    visitor.looks("relances-plans")


def test_2_a_plan_is_set_up_and_never_cuts_water(visit, day):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/administration/relances/nouveau/")
    page.get_by_label("Nom français").fill("Relance des petites factures")
    page.get_by_label("Plan d'action").select_option(label="Relance énergie")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.get_by_text("La coupure d'eau est interdite.").first).to_be_visible()
    visitor.looks("relances-coupure", widths=(1440,))
    page.get_by_label("Plan d'action").select_option(label="Relance eau")
    page.get_by_label("Montant minimum").fill("5")
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.get_by_role("link", name="Relance des petites factures", exact=True)).to_be_visible()


def test_3_the_preview_says_who_is_left_out_and_a_launch_follows_it(visit, day, instance):
    sends_invoice(instance, day, state="unpaid")
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/administration/relances/")
    page.get_by_role("link", name="Préparer : Relance des petites factures").click()
    expect(page.get_by_role("row").filter(has_text="Client à ne pas relancer")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Facture contestée")).to_be_visible()
    expect(page.locator("#factures")).to_contain_text(INVOICE)
    visitor.looks("relances-apercu")
    page.get_by_role("button", name=re.compile("^Lancer")).click()
    page.wait_for_url(f"**{ORG}/relances/")
    expect(page.get_by_text("Les relances partent")).to_be_visible()

    def is_there():
        page.reload()
        return row(page, INVOICE).count() == 1 and "Niveau 1" in row(page, INVOICE).inner_text()

    _soon(page, is_there)
    row(page, INVOICE).get_by_role("link", name=INVOICE).click()
    page.wait_for_url(re.compile(r"/dossiers/\d+/$"))
    day["case"] = page.url
    expect(page.locator(".g-meta")).to_contain_text("Nouveau")
    expect(page.locator("#elements-letters")).to_contain_text("1")
    expect(page.locator("#plan-panel")).to_contain_text("Laisser 15 jours")
    expect(page.locator("#plan-panel")).not_to_contain_text("Couper la fourniture")
    visitor.looks("relances-dossier", widths=(1440,))


def test_4_the_payment_ends_it(visit, day, instance):
    visitor = visit(NADIA)
    page = visitor.page
    sends_invoice(instance, day, state="paid")
    page.goto(day["case"])

    def is_closed():
        page.reload()
        return "Soldée" in page.locator("main").inner_text()

    _soon(page, is_closed, seconds=150)
    expect(page.locator(".g-meta")).to_contain_text("Terminé")
    page.goto(f"{ORG}/relances/")
    expect(row(page, INVOICE)).to_have_count(0)


def test_5_a_client_in_hardship_is_left_alone(visit):
    visitor = visit(NADIA)
    page = visitor.page
    page.goto(f"{ORG}/clients/100640/")
    page.get_by_role("link", name="Ne pas relancer").click()
    page.get_by_role("button", name=re.compile("^Suspendre les relances")).click()
    expect(page.get_by_text("Motif est obligatoire.").first).to_be_visible()
    page.get_by_label("Motif").select_option(label="Difficultés de paiement")
    visitor.looks("relances-suspension")
    page.get_by_role("button", name=re.compile("^Suspendre les relances")).click()
    page.wait_for_url(f"**{ORG}/clients/100640/")
    expect(page.get_by_text("Difficultés de paiement")).to_be_visible()
    page.goto(f"{ORG}/relances/")
    expect(row(page, "F-2410-08011")).to_have_count(0)


def test_6_in_english(visit):
    visitor = visit("admin@courtage-frontiere.example")
    visitor.page.goto("/courtage-frontiere/administration/relances/")
    visitor.page.get_by_role("button", name="EN : English version").click()
    expect(visitor.page.get_by_text("No dunning plan.")).to_be_visible()
    visitor.looks("dunning-plans", widths=(320,))
    # The language is kept with the person: the next journey finds it as it was.
    visitor.page.get_by_role("button", name="FR : version française").click()
    expect(visitor.page.get_by_text("Aucun plan de relance.")).to_be_visible()


def _soon(page, condition, *, seconds=60):
    """The worker does it: looked at every second."""
    for _second in range(seconds):
        if condition():
            return
        page.wait_for_timeout(1000)
    raise AssertionError(page.locator("main").inner_text())
