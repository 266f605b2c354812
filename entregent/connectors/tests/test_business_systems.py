"""Odoo and EspoCRM by their recorded contracts (`players`): made once, changed, withdrawn, and looked at afterwards."""

import pytest

from entregent.clients.actions import reinstate_client, remove_client, set_address, update_client
from entregent.connectors import actions
from entregent.connectors.tests.conftest import copy_of, exchanges, works
from entregent.connectors.tests.players import Espo, Odoo
from entregent.toolbox.errors import Refusal
from testing.cast import enter, make_client

ODOO = {"database": "prod", "username": "crm@x.example"}


@pytest.fixture
def odoo():
    with Odoo() as running:
        yield running


@pytest.fixture
def espo():
    with Espo() as running:
        yield running


def test_odoo_has_the_client_once_changed_and_archived(odoo, connect, org, admin, client_north):
    connector = connect("odoo", address=odoo.url, secret="cle-odoo", settings=ODOO)
    assert "Odoo" in actions.try_connector(connector, by=enter(admin))
    set_address(by=admin, client=client_north, street="12 rue des Pins", city="Metz", postal_code="57000")
    actions.note_everybody(connector)
    works(org)
    ((key, partner),) = odoo.partners.items()
    assert (partner["ref"], partner["name"], partner["city"]) == (
        client_north.number,
        client_north.display_name,
        "Metz",
    )
    assert (partner["is_company"], partner["country_id"]) == (True, 75)
    assert copy_of(connector, client_north).external_id == str(key)
    enter(admin)
    client_north.refresh_from_db()
    update_client(client_north, by=admin, version=None, emails=["neuf@ex.example"])
    works(org)
    assert odoo.partners[key]["email"] == "neuf@ex.example"
    enter(admin)
    client_north.refresh_from_db()
    remove_client(client_north, by=admin)
    works(org)
    assert odoo.partners[key]["active"] is False
    assert copy_of(connector, client_north).state == "gone"
    enter(admin)
    reinstate_client(client_north, by=admin)
    works(org)
    assert odoo.partners[key]["active"] is True
    assert len(odoo.partners) == 1


def test_odoo_deletes_where_the_connector_says_so(odoo, connect, org, admin, client_north):
    connector = connect("odoo", address=odoo.url, secret="cle-odoo", settings=ODOO | {"on_withdrawal": "delete"})
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    remove_client(client_north, by=admin)
    works(org)
    assert odoo.partners == {}
    assert copy_of(connector, client_north).state == "gone"


def test_a_creation_whose_answer_was_lost_makes_no_second_partner(odoo, connect, org, admin, client_north):
    connector = connect("odoo", address=odoo.url, secret="cle-odoo", settings=ODOO)
    odoo.cut_after = {"create"}
    actions.note_everybody(connector)
    works(org)
    assert exchanges(connector) == [("push", client_north.number, "pending")]
    works(org, again=True)
    assert len(odoo.partners) == 1
    assert exchanges(connector) == [("push", client_north.number, "accepted")]


def test_odoo_says_what_is_wrong(odoo, connect, org, admin, client_north):
    wrong = connect("odoo", address=odoo.url, secret="autre", settings=ODOO)
    with pytest.raises(Refusal) as refused:
        actions.try_connector(wrong, by=enter(admin))
    assert "Odoo refuse" in str(refused.value.message)
    field = connect("odoo", name="B", address=odoo.url, secret="cle-odoo", settings=ODOO | {"key_field": "x_nope"})
    with pytest.raises(Refusal) as refused:
        actions.try_connector(field, by=enter(admin))
    assert "x_nope" in str(refused.value.message)


def test_espo_has_persons_as_contacts_and_companies_as_accounts(espo, connect, org, admin, client_north):
    make_client(org, "C77", "Tremblay", kind="person", first_name="Julie")
    connector = connect("espocrm", address=espo.url, secret="cle-espo")
    assert "EspoCRM" in actions.try_connector(connector, by=enter(admin))
    set_address(by=admin, client=client_north, street="12 rue des Pins", city="Metz", postal_code="57000")
    actions.note_everybody(connector)
    works(org)
    (contact,) = espo.records["Contact"].values()
    assert (contact["firstName"], contact["lastName"], contact["cEntregentNumber"]) == ("Julie", "Tremblay", "C77")
    (account,) = espo.records["Account"].values()
    assert (account["name"], account["billingAddressCity"]) == (client_north.name, "Metz")
    enter(admin)
    client_north.refresh_from_db()
    remove_client(client_north, by=admin)
    works(org)
    assert espo.records["Account"] == {}
    assert copy_of(connector, client_north).state == "gone"
    enter(admin)
    reinstate_client(client_north, by=admin)
    works(org)
    assert len(espo.records["Account"]) == 1


def test_espo_makes_no_second_record_after_a_lost_answer(espo, connect, org, admin, client_north):
    connector = connect("espocrm", address=espo.url, secret="cle-espo")
    espo.cut_after = {"POST Account"}
    actions.note_everybody(connector)
    works(org)
    works(org, again=True)
    assert len(espo.records["Account"]) == 1
    assert exchanges(connector) == [("push", client_north.number, "accepted")]


def test_espo_without_the_field_or_the_key_says_so(espo, connect, admin):
    connector = connect("espocrm", address=espo.url, secret="cle-espo", settings={"key_field": "cAbsent"})
    with pytest.raises(Refusal) as refused:
        actions.try_connector(connector, by=enter(admin))
    assert "cAbsent" in str(refused.value.message)
    other = connect("espocrm", name="B", address=espo.url, secret="autre")
    with pytest.raises(Refusal) as refused:
        actions.try_connector(other, by=enter(admin))
    assert "401" in str(refused.value.message)
