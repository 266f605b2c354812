"""A client from enrolment to withdrawal at a receiver of signed messages, which misbehaves as receivers do."""

import pytest
from django.db import connection

from entregent.clients.actions import merge_clients, reinstate_client, remove_client, set_address, update_client
from entregent.connectors import actions
from entregent.connectors.models import Copy, Exchange, Touched
from entregent.connectors.tests.conftest import copy_of, exchanges, works
from entregent.toolbox.errors import Refusal
from testing.cast import enter, make_client
from testing.existing_system import ExistingSystem


@pytest.fixture
def system():
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def connector(system, connect):
    made = connect("webhook", address=system.url)
    system.secret = made.told_secret
    return made


def told(system):
    return [(one["body"]["type"], one["body"]["data"]["number"]) for one in system.taken]


def test_an_addition_an_update_and_a_withdrawal_arrive_in_order_and_are_acknowledged(
    system, connector, org, admin, client_north
):
    enter(admin)
    update_client(client_north, by=admin, version=None, emails=["nord@ex.example"])
    works(org)
    assert told(system) == [("client.pushed", client_north.number)]
    assert system.taken[0]["body"]["data"]["client"]["email"] == "nord@ex.example"
    copy = copy_of(connector, client_north)
    assert (copy.state, copy.external_id) == ("held", "AFF-2026-00001")
    enter(admin)
    set_address(by=admin, client=client_north, street="12 rue des Pins", city="Metz", postal_code="57000")
    works(org)
    assert system.taken[1]["body"]["data"]["client"]["street"] == "12 rue des Pins"
    enter(admin)
    client_north.refresh_from_db()
    remove_client(client_north, by=admin)
    works(org)
    assert told(system)[2] == ("client.withdrawn", client_north.number)
    assert "client" not in system.taken[2]["body"]["data"]
    assert system.taken[2]["body"]["data"]["external_id"] == "AFF-2026-00001"
    copy = copy_of(connector, client_north)
    assert copy.state == "gone"
    assert copy.withdrawn_at is not None
    assert [state for _o, _n, state in exchanges(connector)] == ["accepted"] * 3
    assert system.refused == []


def test_nothing_is_sent_twice_for_nothing(system, connector, org, admin, client_north):
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    assert told(system) == [("client.pushed", client_north.number)]
    assert not Touched.objects.exists()


def test_changes_by_sql_are_seen_as_well(system, connector, org, admin, client_north):
    enter(admin)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clients_client SET status = 'removed' WHERE id = %s", [client_north.pk])
    works(org)
    assert told(system) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clients_client SET status = 'client' WHERE id = %s", [client_north.pk])
    works(org)
    assert told(system) == [("client.pushed", client_north.number)]


def test_who_comes_back_is_pushed_anew(system, connector, org, admin, client_north):
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    remove_client(client_north, by=admin)
    reinstate_client(client_north, by=admin)
    works(org)
    assert [kind for kind, _number in told(system)] == ["client.pushed"]
    enter(admin)
    client_north.refresh_from_db()
    remove_client(client_north, by=admin)
    works(org)
    enter(admin)
    reinstate_client(client_north, by=admin)
    works(org)
    assert [kind for kind, _number in told(system)] == ["client.pushed", "client.withdrawn", "client.pushed"]
    copy = copy_of(connector, client_north)
    assert (copy.state, copy.withdrawn_at) == ("held", None)


def test_a_merged_client_is_withdrawn(system, connector, org, admin, client_north):
    other = make_client(org, "C900", "Doublon")
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    merge_clients(client_north, other, by=admin, versions=(client_north.version, other.version))
    works(org)
    assert ("client.withdrawn", "C900") in told(system)


def test_a_purged_client_is_withdrawn(system, connector, org, admin):
    other = make_client(org, "C901", "Effacé")
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    other.delete()
    works(org)
    assert ("client.withdrawn", "C901") in told(system)


def test_nothing_of_a_client_who_leaves_is_sent_any_more(system, connector, org, admin, client_north):
    system.answers = [503]
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    remove_client(client_north, by=admin)
    works(org, again=True)
    # What had been tried may be there: the withdrawal goes, the data do not.
    assert [kind for kind, _number in told(system)] == ["client.pushed", "client.withdrawn"]
    assert [state for _o, _n, state in exchanges(connector)] == ["superseded", "accepted"]


def test_where_nothing_ever_left_nothing_is_withdrawn(system, connector, org, admin, client_north):
    enter(admin)
    actions.note_everybody(connector)
    actions.take_up(org.pk)
    remove_client(client_north, by=admin)
    works(org)
    assert told(system) == []
    assert copy_of(connector, client_north).state == "gone"


@pytest.mark.parametrize("answer", [500, "cut", (429, {"Retry-After": "5"}), (503, {"Retry-After": "5"})])
def test_a_system_in_trouble_gets_the_same_message_again(system, connector, org, admin, client_north, answer):
    system.answers = [answer, answer]
    enter(admin)
    actions.note_everybody(connector)
    for _again in range(3):
        works(org, again=True)
    assert len(set(system.ids)) == 1
    assert len(system.ids) == 3
    assert exchanges(connector) == [("push", client_north.number, "accepted")]


def test_what_is_refused_stands_in_the_log_and_is_replaced_by_what_follows(system, connector, org, admin, client_north):
    system.answers = [422]
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    assert exchanges(connector) == [("push", client_north.number, "failed")]
    enter(admin)
    client_north.refresh_from_db()
    update_client(client_north, by=admin, version=None, emails=["mieux@ex.example"])
    works(org)
    assert [state for _o, _n, state in exchanges(connector)] == ["superseded", "accepted"]
    old = Exchange.objects.order_by("pk").first()
    with pytest.raises(Refusal) as refused:
        actions.replay(connector, by=enter(admin), exchange=old)
    assert refused.value.code == "E-CONNECTOR-REPLACED"


def test_a_replay_carries_the_same_key(system, connector, org, admin, client_north):
    system.answers = [422]
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    assert actions.replay(connector, by=admin) == 1
    works(org)
    assert len(set(system.ids)) == 1
    assert exchanges(connector) == [("push", client_north.number, "accepted")]


def test_gone_turns_the_connector_off_and_a_withdrawal_waits_until_it_is_on_again(
    system, connector, org, admin, client_north
):
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    system.answers = [410]
    enter(admin)
    client_north.refresh_from_db()
    update_client(client_north, by=admin, version=None, emails=["x@ex.example"])
    works(org)
    enter(admin)
    connector.refresh_from_db()
    assert not connector.is_on
    remove_client(client_north, by=admin)
    works(org)
    assert copy_of(connector, client_north).state == "leaving"
    enter(admin)
    actions.update_connector(
        connector, by=admin, version=connector.version, name="Aval", address=system.url, audience="clients", is_on=True
    )
    works(org)
    assert told(system)[-1] == ("client.withdrawn", client_north.number)
    assert copy_of(connector, client_north).state == "gone"


def test_another_organization_is_never_told(system, connector, org, admin, client_elsewhere, client_north):
    enter(admin)
    actions.note_everybody(connector)
    works(org)
    assert client_elsewhere.number not in [number for _kind, number in told(system)]
    assert Copy.objects.count() == 1


def test_the_trial_says_what_it_found_and_writes_nothing(system, connector, admin):
    assert "200" in actions.try_connector(connector, by=enter(admin))
    system.answers = [404]
    with pytest.raises(Refusal) as refused:
        actions.try_connector(connector, by=admin)
    assert refused.value.code == "E-CONNECTOR-TRY"
    assert exchanges(connector) == []


def test_a_dry_run_counts_and_shows_without_sending(system, connector, org, admin, client_north):
    run = actions.dry_run(connector)
    assert (run.to_add, run.held, run.to_withdraw) == (1, 0, 0)
    ((number, record),) = run.records
    assert (number, record["name"]) == (client_north.number, client_north.name)
    assert exchanges(connector) == []
    actions.note_everybody(connector)
    works(org)
    enter(admin)
    connector.audience = "enrolled"
    run = actions.dry_run(connector)
    assert (run.to_add, run.held, run.to_withdraw) == (0, 0, 1)
