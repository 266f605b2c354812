"""The pages of connectors, as an administrator uses them, and the pane of the client file."""

import pytest

from entregent.connectors import actions
from entregent.connectors.models import Connector, Exchange
from entregent.connectors.tests.conftest import works
from testing.cast import enter
from testing.existing_system import ExistingSystem

BASE = "/eaux/administration/connecteurs/"


@pytest.fixture
def system():
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def http(signed_in, admin):
    return signed_in(admin)


def mapping(kind="webhook"):
    return {"map-kind": "kind", "map-name": "nom", "map-email": "courriel"}


def test_a_webhook_is_set_up_tried_and_sends(http, system, org, admin, client_north):
    answer = http.get(BASE)
    assert "Odoo" in answer.text
    form = {"name": "Aval", "address": system.url, "audience": "clients", "is_on": "on", **mapping()}
    answer = http.post(f"{BASE}nouveau/?genre=webhook", form)
    assert answer.status_code == 200
    assert "whsec_" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    enter(admin)
    connector = Connector.objects.get()
    assert connector.mapping == {"kind": "kind", "name": "nom", "email": "courriel"}
    assert "Connexion réussie" in http.post(f"{BASE}{connector.pk}/test/").text
    assert "1" in http.get(f"{BASE}{connector.pk}/essai/").text
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    page = http.get(f"{BASE}{connector.pk}/").text
    assert "Accusé reçu" in page
    assert client_north.display_name in page
    enter(admin)
    exchange = Exchange.objects.get()
    page = http.get(f"{BASE}{connector.pk}/echanges/{exchange.pk}/").text
    assert "AFF-2026-00001" in page
    pane = http.get(f"/eaux/clients/{client_north.number}/autres-systemes/").text
    assert "Qui l’a encore" in pane
    assert "AFF-2026-00001" in pane


def test_what_is_wrong_is_told_at_its_field(http, admin):
    answer = http.post(
        f"{BASE}nouveau/?genre=odoo", {"name": "", "address": "https://x.invalid/", "audience": "clients"}
    )
    assert answer.status_code == 422
    answer = http.post(
        f"{BASE}nouveau/?genre=webhook",
        {"name": "A", "address": "http://10.0.0.1/", "audience": "clients", "map-name": "nom", "map-email": "nom"},
    )
    assert answer.status_code == 422
    assert "https://" in answer.text
    assert "Deux champs" in answer.text
    enter(admin)
    assert not Connector.objects.exists()


def test_a_new_address_asks_for_the_secret_again(http, connect, admin):
    connector = connect("odoo", address="http://127.0.0.1:9/", secret="cle",
                        settings={"database": "prod", "username": "x"}, is_on=False)  # fmt: skip
    page = http.get(f"{BASE}{connector.pk}/reglages/")
    assert "cle" not in page.text.split("map-")[0].split('name="secret"')[1][:80]
    form = {"name": "Aval", "address": "http://127.0.0.1:10/", "audience": "clients", "version": 1, "database": "prod",
            "username": "x", "on_withdrawal": "archive", "map-display_name": "name"}  # fmt: skip
    answer = http.post(f"{BASE}{connector.pk}/reglages/", form)
    assert answer.status_code == 422
    assert "saisissez de nouveau" in answer.text
    answer = http.post(f"{BASE}{connector.pk}/reglages/", form | {"secret": "neuf"})
    assert answer.status_code == 303
    answer = http.post(f"{BASE}{connector.pk}/reglages/", form | {"secret": "neuf"})
    assert answer.status_code == 409


def test_a_client_is_tied_to_the_record_that_is_there_already(http, connect, system, org, admin, client_north):
    connector = connect("webhook", address=system.url)
    system.secret = connector.told_secret
    form = {"number": client_north.number, "external_id": "K-77"}
    assert http.post(f"{BASE}{connector.pk}/rattachement/", form | {"number": "nichts"}).status_code == 422
    assert http.post(f"{BASE}{connector.pk}/rattachement/", form).status_code == 303
    works(org)
    assert system.taken[0]["body"]["data"]["external_id"] == "K-77"


def test_one_who_holds_clients_is_not_deleted(http, connect, system, org, admin, client_north):
    connector = connect("webhook", address=system.url)
    actions.note_everybody(connector)
    works(org)
    http.post(f"{BASE}{connector.pk}/suppression/")
    enter(admin)
    assert Connector.objects.filter(pk=connector.pk).exists()
    other = connect("webhook", name="Vide", address=system.url, is_on=False)
    http.post(f"{BASE}{other.pk}/suppression/")
    enter(admin)
    assert not Connector.objects.filter(pk=other.pk).exists()


def test_whoever_may_not_sees_nothing(signed_in, manager, connect, system):
    connector = connect("webhook", address=system.url)
    http = signed_in(manager)
    assert http.get(BASE).status_code == 403
    assert http.post(f"{BASE}{connector.pk}/test/").status_code == 403


def test_the_log_takes_the_same_few_questions_however_long(
    http, connect, system, org, admin, client_north, django_assert_max_num_queries
):
    connector = connect("webhook", address=system.url)
    actions.note_everybody(connector)
    works(org)
    with django_assert_max_num_queries(24):
        http.get(f"{BASE}{connector.pk}/")
