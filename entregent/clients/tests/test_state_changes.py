import logging

import pytest
from django.db import connection

from entregent.clients import state_changes
from entregent.clients.actions import deactivate_client, seed_object_types, sync_business_object
from entregent.clients.extension_points import state_changes as listeners
from entregent.clients.models import BusinessObject, Client, StateChange
from testing.cast import enter, enter_organization


@pytest.fixture(autouse=True)
def object_types(org):
    enter_organization(org)
    seed_object_types(org)


@pytest.fixture
def heard():
    """What is told to a listener that stands beside those of the product."""
    told = []

    def listen(organization, changes):
        told.extend(changes)

    kept = dict(listeners._contributions)
    listeners.add(listen, name="a test")
    yield told
    listeners._contributions = kept


def invoice(by, client, state="unpaid", key="F-1"):
    return sync_business_object(by=by, client=client, type_code="invoice", key=key, state=state, amount="120")


def test_a_state_that_changes_is_told_once_with_what_it_was(manager, client_north, heard):
    enter(manager)
    invoice(manager, client_north)
    assert not StateChange.objects.exists()
    invoice(manager, client_north, "paid")
    assert state_changes.pass_on(manager.organization) == 1
    ((told),) = heard
    assert (told.client_id, told.type, told.key, told.before, told.after, told.amount) == (
        client_north.pk, "invoice", "F-1", "unpaid", "paid", 120,
    )  # fmt: skip
    assert state_changes.pass_on(manager.organization) == 0


def test_the_status_of_a_client_is_told_too(manager, client_north, heard):
    enter(manager)
    deactivate_client(client_north, by=manager)
    state_changes.pass_on(manager.organization)
    assert [(one.object_id, one.type, one.before, one.after) for one in heard] == [(None, "", "client", "inactive")]


def test_whatever_path_a_change_took_it_is_told_and_a_mass_of_them_in_pieces(manager, client_north, heard):
    enter(manager)
    for number in range(7):
        invoice(manager, client_north, key=f"F-{number}")
    BusinessObject.objects.filter(client=client_north).update(state="overdue")
    BusinessObject.objects.filter(client=client_north).update(label="Eau")
    assert state_changes.pass_on(manager.organization, at_once=3) == 7
    assert [one.key for one in heard] == [f"F-{number}" for number in range(7)]


def test_of_what_is_gone_nothing_is_told(manager, client_north, heard):
    enter(manager)
    known = invoice(manager, client_north)
    invoice(manager, client_north, "paid")
    BusinessObject.objects.filter(pk=known.pk).update(deleted_at="2026-01-01T00:00:00Z")
    state_changes.pass_on(manager.organization)
    assert heard == []
    assert not StateChange.objects.exists()


def test_one_that_cannot_be_told_keeps_no_other_back(manager, client_north, heard, caplog):
    def fail(organization, changes):
        for change in changes:
            if change.key == "F-bad":
                raise ValueError("not this one")

    listeners.add(fail, name="one that fails", order=1000)
    enter(manager)
    for key in ("F-1", "F-bad", "F-2"):
        invoice(manager, client_north, key=key)
        invoice(manager, client_north, "paid", key=key)
    with caplog.at_level(logging.CRITICAL):
        assert state_changes.pass_on(manager.organization) == 3
    assert [one.key for one in heard if one.key != "F-bad"][-2:] == ["F-1", "F-2"]
    assert not StateChange.objects.exists()


def test_another_organization_is_told_nothing_of_it(manager, client_north, other_org, stranger, heard):
    enter(manager)
    invoice(manager, client_north)
    invoice(manager, client_north, "paid")
    enter(stranger)
    assert state_changes.pass_on(other_org) == 0
    assert heard == []
    assert state_changes.pass_on_all() == 1


def test_a_mass_of_changes_costs_one_statement_for_its_writing(manager, client_north, django_assert_num_queries):
    enter(manager)
    BusinessObject.objects.bulk_create(
        BusinessObject(
            organization=manager.organization, client=client_north, key=f"M-{number}", state="unpaid",
            type=invoice(manager, client_north).type,
        )
        for number in range(50)
    )  # fmt: skip
    with django_assert_num_queries(1):
        BusinessObject.objects.filter(client=client_north, key__startswith="M-").update(state="paid")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM clients_statechange")
        assert cursor.fetchone() == (50,)
    assert Client.objects.filter(pk=client_north.pk).exists()
