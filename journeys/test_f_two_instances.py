"""Two running instances: what is enrolled in the first stands in the second, is brought up to date there, and is gone
from it once withdrawn; the first shows who has the client still."""

import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from journeys.conftest import PASSWORD, ROOT, Visitor, free_port

ORG = "/hypo-nord"
LISE, ADMIN = (f"{name}@hypo-nord.example" for name in ("lise", "admin"))
LIST = "Clients Hypo-Nord"
SECOND_ADMIN = "admin@franchise.example"


class Second:
    """Another instance with data of its own: one organization, an administrator, a token, and the web server."""

    def __init__(self, environment, folder: Path):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment | {
            "ENTREGENT_DATA_DIR": str(folder), "PORT": str(port), "ENTREGENT_PUBLIC_URL": self.url,
            "ENTREGENT_DEMO": "true", "ENTREGENT_PASSWORD": f"{PASSWORD} deux",
        }  # fmt: skip
        folder.mkdir(parents=True)
        folder.chmod(0o711)
        self.does("migrate")
        self.does("user", "create", "--organization", "franchise", "--organization-name", "Franchise Outaouais",
                  "--trade", "mortgage", "--email", SECOND_ADMIN)  # fmt: skip
        told = self.does("token", "create", "--organization", "franchise", "--email", SECOND_ADMIN)
        self.token = told.strip().splitlines()[-1]
        self.log = (folder / "serve.log").open("wb")
        self.process = subprocess.Popen(
            [self.program, "serve"], env=self.environment, cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        pytest.fail((folder / "serve.log").read_text(errors="replace")[-4000:])

    @property
    def program(self):
        return Path(sys.executable).parent / "entregent"

    def does(self, *command) -> str:
        done = subprocess.run(
            [self.program, *command], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


@pytest.fixture(scope="module")
def second(instance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("second") / "data"
    running = Second(instance.environment, folder)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def over_there(browser, second):
    """The administrator of the second instance, at a browser of their own."""
    visitor = Visitor(browser, second.url).signs_in(SECOND_ADMIN, f"{PASSWORD} deux")
    yield visitor.page
    visitor.leaves()


def enrolment(page):
    page.goto(f"{ORG}/demandes-de-pret/1044/effectif-grc/")


def presses(page, button):
    page.get_by_role("button", name=button, exact=True).click()


def until(page, look, *, seconds=60):
    """Looks again, as a person reloads a page, until it is so."""
    for _second in range(seconds):
        if look():
            return
        page.wait_for_timeout(1000)
        page.reload()
    pytest.fail(page.locator("main").inner_text()[-2000:])


def shows(page, text):
    """The pane of the client file comes after the file."""

    def look():
        page.wait_for_load_state("networkidle")
        return text in page.locator("main").inner_text()

    return look


def test_the_connector_is_set_up_and_tried(visit, second):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{ORG}/administration/connecteurs/")
    visitor.looks("connecteurs")
    page.get_by_role("link", name="Un autre Entregent").click()
    page.locator("[name=name]").fill("Franchise")
    page.locator("[name=address]").fill(second.url)
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.locator("#id_secret_error")).to_be_visible()
    visitor.looks("connecteur-nouveau", widths=(1440, 320))
    page.locator("[name=secret]").fill(second.token)
    page.get_by_label("En service").check()
    page.get_by_role("button", name=re.compile("^Enregistrer")).click()
    expect(page.get_by_text("Connecteur enregistré.")).to_be_visible()
    presses(page, "Tester la connexion")
    expect(page.get_by_text("l’autre Entregent répond et admet le jeton")).to_be_visible()
    page.get_by_role("link", name="Essai à blanc").click()
    visitor.looks("connecteur-essai", widths=(1440,))


def test_an_enrolment_an_update_and_a_withdrawal_stand_in_the_second(visit, over_there):
    visitor = visit(LISE)
    page = visitor.page
    enrolment(page)
    page.get_by_label("Autre", exact=True).check()
    for label, value in [("Numéro et rue", "9 rue du Pont"), ("Ville", "Gatineau"), ("Province ou état", "QC"),
                         ("Code postal", "J8X 1A1")]:  # fmt: skip
        page.get_by_label(label).fill(value)
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Un nouveau client sera transmis")
    presses(page, "Enregistrer")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    page.goto(f"{ORG}/demandes-de-pret/1044/")
    until(page, lambda: page.get_by_role("link", name="Fiche client").count() > 0)
    page.get_by_role("link", name="Fiche client").click()
    page.wait_for_url(re.compile(r"/clients/[^/]+/$"))
    file = page.url
    until(page, shows(page, "L’a encore"))
    visitor.looks("fiche-qui-l-a-encore", widths=(1440,))
    # In the second instance: exactly one, with what was sent.
    over_there.goto("/franchise/clients/?q=Gagn%C3%A9")
    expect(over_there.get_by_role("link", name="Étienne Gagné", exact=True)).to_have_count(1)
    over_there.get_by_role("link", name="Étienne Gagné", exact=True).click()
    over_there.wait_for_url(re.compile(r"/clients/[^/]+/$"))
    there = over_there.url
    expect(over_there.get_by_text("9 rue du Pont").first).to_be_visible()
    expect(over_there.get_by_text("etienne.gagne@courriel.example").first).to_be_visible()
    # An update.
    page.goto(f"{ORG}/demandes-de-pret/1044/modification/")
    page.locator("[name=p0-phone]").fill("819 555 0199")
    page.get_by_role("button", name=re.compile("^Enregistrer")).last.click()
    page.wait_for_url("**/demandes-de-pret/1044/")
    enrolment(page)
    page.get_by_label("Autre", exact=True).check()
    page.get_by_label("Numéro et rue").fill("11 rue du Pont")
    for label, value in [("Ville", "Gatineau"), ("Province ou état", "QC"), ("Code postal", "J8X 1A1")]:
        page.get_by_label(label).fill(value)
    page.get_by_label(LIST).select_option(label="Inclure")
    expect(page.locator("#announcement")).to_contain_text("Les données seront mises à jour")
    presses(page, "Mise à jour GRC")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    over_there.goto(there)
    until(over_there, shows(over_there, "819-555-0199"))
    expect(over_there.get_by_text("11 rue du Pont").first).to_be_visible()
    # A withdrawal.
    enrolment(page)
    page.get_by_label("Clients GRC actuels").select_option(label="Oui")
    expect(page.locator("#announcement")).to_contain_text("Le client sera retiré du GRC")
    presses(page, "Enregistrer")
    presses(page, "Retirer de la GRC")
    expect(page.get_by_text("Données transmises au siège social.")).to_be_visible()
    page.goto(file)
    until(page, shows(page, "Retiré, accusé reçu"))
    over_there.goto(there)
    expect(over_there.get_by_text("Retiré").first).to_be_visible()
    over_there.goto("/franchise/clients/?q=Gagn%C3%A9")
    expect(over_there.get_by_role("link", name="Étienne Gagné", exact=True)).to_have_count(0)


def test_the_log_tells_each_exchange_and_its_acknowledgement(visit):
    visitor = visit(ADMIN)
    page = visitor.page
    page.goto(f"{ORG}/administration/connecteurs/")
    page.get_by_role("link", name="Franchise", exact=True).click()
    log = page.get_by_role("region", name="Journal des échanges")
    expect(log.get_by_text("Accusé reçu").first).to_be_visible()
    visitor.looks("connecteur")
    page.get_by_role("link", name=re.compile("^Retrait")).first.click()
    expect(page.get_by_text("Retiré là-bas")).to_be_visible()
    visitor.looks("connecteur-echange", widths=(1440,))
