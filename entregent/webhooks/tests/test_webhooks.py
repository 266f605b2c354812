"""Webhooks against a real server on loopback: what is told, to whom, in which order, and what ends it."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from entregent.access.rights import Right
from entregent.access.wall import outside
from entregent.clients.actions import create_client, delete_client, restore_client, update_client
from entregent.clients.models import Client
from entregent.notifications.models import Notification
from entregent.outbox.models import Endpoint, EndpointState, Message, Post
from entregent.outbox.posting import post_due
from entregent.toolbox.errors import Refusal, Refusals, RightMissing, Stale
from entregent.webhooks import actions, tasks
from entregent.webhooks.models import Event, Webhook
from entregent.webhooks.records import BY_CODE, KINDS, NAMES
from entregent.webhooks.turning import turn_events
from testing.cast import enter, grant, make_client, make_member
from testing.existing_system import ExistingSystem

CLIENTS = ["client.created", "client.updated", "client.deleted", "client.restored"]


@pytest.fixture
def system(settings):
    settings.DEMO = True
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def webhook(system, admin, client_north, client_south):
    enter(admin)
    made, system.secret = actions.create_webhook(by=admin, name="Comptabilité", url=system.url, events=CLIENTS)
    return made


def send(organization):
    """The worker: events to messages, messages to the other side."""
    with outside():
        turn_events(organization.pk)
        post_due()


def due_again():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("UPDATE outbox_post SET next_try_at = now() - interval '1 second', leased_until = NULL")
        cursor.execute("UPDATE outbox_endpointstate SET paused_until = NULL")
        cursor.execute("SET ROLE entregent_app")


def change(client, by, **values):
    client.refresh_from_db()
    return update_client(client, by=by, version=client.version, **values)


def test_what_happens_to_a_client_is_told_in_its_order(system, webhook, org, admin, north):
    client = create_client(by=admin, kind="company", name="Mairie de Foix", sector=north)
    change(client, admin, category="commune")
    client.refresh_from_db()
    delete_client(client, by=admin)
    client.refresh_from_db()
    restore_client(client, by=admin)
    send(org)
    for _again in range(4):
        due_again()
        with outside():
            post_due()
    assert [one["body"]["type"] for one in system.taken] == CLIENTS
    assert system.refused == []
    assert not Event.objects.exists()
    data = [one["body"]["data"] for one in system.taken]
    assert data[0]["number"] == client.number
    assert data[0]["sector"] == "NORD"
    assert data[0]["url"].endswith(f"/api/v1/clients/{client.number}")
    assert [one["sequence"] for one in data] == sorted({one["sequence"] for one in data})
    assert all(post.client_id == client.pk for post in Post.objects.all())


def test_only_what_was_chosen_is_told_and_only_while_it_is_on(system, webhook, org, admin, agent, client_north):
    enter(admin)
    values = {"name": "x", "url": system.url}
    actions.update_webhook(webhook, by=admin, version=1, events=["client.deleted"], is_on=True, **values)
    change(client_north, admin, category="commune")
    assert not Event.objects.exists()
    actions.update_webhook(webhook, by=admin, version=2, events=CLIENTS, is_on=False, **values)
    change(client_north, admin, category="ferme")
    assert not Event.objects.exists()
    actions.update_webhook(webhook, by=admin, version=3, events=CLIENTS, is_on=True, **values)
    # What the product works out by itself is no change.
    Client.objects.filter(pk=client_north.pk).update(sort_key="x")
    assert not Event.objects.exists()
    change(client_north, admin, category="usine")
    assert [event.name for event in Event.objects.all()] == ["client.updated"]


def test_a_change_of_many_by_any_path_is_told_of_each(system, webhook, org, admin, client_north, client_south):
    Client.objects.filter(organization=org).update(category="commune")
    assert Event.objects.count() == 2
    send(org)
    assert {one["body"]["data"]["category"] for one in system.taken} == {"commune"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entregent.webhooks.turn' "
            "AND (args ->> 'organization_id')::bigint = %s",
            [org.pk],
        )
        assert cursor.fetchone() == (1,)  # once in a transaction


def test_what_is_rolled_back_is_not_told(system, webhook, org, admin, client_north):
    with transaction.atomic():
        change(client_north, admin, category="commune")
        assert Event.objects.exists()
        transaction.set_rollback(True)
    send(org)
    assert system.taken == []


def test_the_other_organization_is_not_told(system, webhook, org, stranger, client_elsewhere):
    enter(stranger)
    change(client_elsewhere, stranger, category="commune")
    assert not Event.objects.exists()
    assert not Webhook.objects.exists()


def test_two_listeners_are_told_each(system, webhook, org, admin, client_north):
    with ExistingSystem() as other:
        _second, other.secret = actions.create_webhook(by=admin, name="Autre", url=other.url, events=["client.updated"])
        change(client_north, admin, category="commune")
        send(org)
        assert (len(system.taken), len(other.taken), other.refused) == (1, 1, [])
        assert system.ids != other.ids


def test_what_was_erased_meanwhile_is_told_by_its_number(system, webhook, org, admin):
    client = make_client(org, "4711", "Dupont")
    Client.objects.filter(pk=client.pk).delete()
    send(org)
    due_again()
    send(org)
    assert [(one["body"]["type"], one["body"]["data"]["number"]) for one in system.taken] == [
        ("client.created", None), ("client.deleted", "4711"),
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [(302, {"Location": "http://127.0.0.1:1/"}), 400, 404, 500, (429, {}), "cut"])
def test_everything_but_410_is_tried_again(system, webhook, org, admin, client_north, answer):
    system.answers = [answer]
    change(client_north, admin, category="commune")
    send(org)
    post = Post.objects.get()
    assert (post.state, bool(post.reason)) == ("pending", True)
    assert EndpointState.objects.get().failing_since is not None
    due_again()
    send(org)
    assert system.ids == [post.webhook_id] * 2
    assert Post.objects.get().state == "sent"
    assert EndpointState.objects.get().failing_since is None


def test_410_switches_it_off_and_the_administrators_are_told(system, webhook, org, admin, manager, client_north):
    system.answers = [410]
    enter(admin)
    change(client_north, admin, category="commune")
    send(org)
    enter(admin)
    webhook.refresh_from_db()
    assert webhook.stopped == "gone"
    assert not Endpoint.objects.get().is_on
    told = Notification.objects.get()
    assert (told.event, told.user_id) == ("webhook_stopped", admin.user_id)
    mail = Message.objects.get()
    assert mail.recipients == [admin.user.email]
    assert "Comptabilité" in mail.text
    # Nothing more is written for it; on again, what had failed is sent again.
    change(client_north, admin, category="ferme")
    assert not Event.objects.exists()
    actions.update_webhook(webhook, by=admin, version=1, name="C", url=system.url, events=CLIENTS, is_on=True)
    assert actions.replay_webhook(webhook, by=admin) == 1
    send(org)
    assert Post.objects.get().state == "sent"


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_happened_before_it_was_switched_off_is_not_lost(system, webhook, org, admin, client_north, by_hand):
    change(client_north, admin, category="commune")
    Event.objects.update(at=timezone.now() - timedelta(seconds=1))
    if by_hand:
        actions.update_webhook(webhook, by=admin, version=1, name="C", url=system.url, events=CLIENTS, is_on=False)
    else:
        actions.stop(webhook, Webhook.Stopped.GONE)
    send(org)
    assert (Event.objects.count(), Post.objects.get().state, system.taken) == (0, "pending", [])
    version = Webhook.objects.get().version
    actions.update_webhook(webhook, by=admin, version=version, name="C", url=system.url, events=CLIENTS, is_on=True)
    send(org)
    assert Post.objects.get().state == "sent"


def test_days_without_an_answer_switch_it_off(system, webhook, org, admin, client_north):
    assert actions.stop_failing(org.pk) == 0
    EndpointState.objects.update(failing_since=timezone.now() - timedelta(days=4, hours=23))
    assert actions.stop_failing(org.pk) == 0
    EndpointState.objects.update(failing_since=timezone.now() - timedelta(days=5, minutes=1))
    with outside():
        tasks.watch(timestamp=0)
    enter(admin)
    webhook.refresh_from_db()
    assert (webhook.stopped, Endpoint.objects.get().is_on, Message.objects.count()) == ("failing", False, 1)
    with outside():
        tasks.watch(timestamp=0)
    enter(admin)
    assert Message.objects.count() == 1


def test_messages_that_left_long_ago_are_removed(system, webhook, org, admin, client_north):
    change(client_north, admin, category="commune")
    send(org)
    with outside():
        tasks.watch(timestamp=0)
    enter(admin)
    assert Post.objects.count() == 1
    Post.objects.update(created_at=timezone.now() - timedelta(days=91))
    with outside():
        tasks.watch(timestamp=0)
    enter(admin)
    assert not Post.objects.exists()


def test_what_a_killed_worker_left_is_asked_for_again(system, webhook, org, admin, client_north):
    change(client_north, admin, category="commune")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        with outside():
            tasks.turn_left(timestamp=0)
        cursor.execute("SELECT task_name FROM procrastinate_jobs")
        assert cursor.fetchall() == [("entregent.webhooks.turn",)]
    with outside():
        tasks.turn(organization_id=org.pk)
        post_due()
    assert len(system.taken) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"events": []}, "events"),
     ({"events": ["client.eaten"]}, "events"),
     ({"url": ""}, "url"), ({"url": "http://10.0.0.1/"}, "url"), ({"url": "https://169.254.169.254/"}, "url"),
     ({"url": "ftp://x.example/"}, "url")],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_its_field(system, admin, values, field):
    given = {"name": "A", "url": system.url, "events": CLIENTS} | values
    with pytest.raises((Refusal, Refusals)) as told:
        actions.create_webhook(by=admin, **given)
    refusals = told.value.refusals if isinstance(told.value, Refusals) else [told.value]
    assert [one.field for one in refusals] == [field]
    assert not Webhook.objects.exists()


def test_a_stale_change_and_one_too_many_are_refused(system, webhook, admin):
    values = {"name": "A", "url": system.url, "events": CLIENTS}
    with pytest.raises(Stale):
        actions.update_webhook(webhook, by=admin, version=9, is_on=True, **values)
    for _number in range(actions.MOST - 1):
        actions.create_webhook(by=admin, **values)
    with pytest.raises(Refusal, match="E-WEBHOOKS"):
        actions.create_webhook(by=admin, **values)


def test_whoever_does_not_see_all_of_the_organization_sets_none(system, webhook, org, north, manager):
    local = make_member(org, "local@eaux.example", "Loïc Al", "manager")
    local.rights_added = [Right.WEBHOOKS.value]
    local.save()
    grant(local, "sector", north.pk)
    assert local.can(Right.WEBHOOKS)
    for member in (local, manager):
        enter(member)
        with pytest.raises(RightMissing):
            actions.create_webhook(by=member, name="A", url=system.url, events=CLIENTS)
        with pytest.raises(RightMissing):
            actions.delete_webhook(webhook, by=member)


def test_removed_with_its_messages(system, webhook, org, admin, client_north):
    change(client_north, admin, category="commune")
    send(org)
    actions.delete_webhook(webhook, by=admin)
    assert (Webhook.objects.count(), Endpoint.objects.count(), Post.objects.count()) == (0, 0, 0)


def test_every_kind_can_be_told_and_its_events_have_words(system, admin):
    assert {name.partition(".")[0] for name in NAMES} == set(BY_CODE)
    for kind in KINDS:
        assert kind.tell([1, 2**40]) == {}
        assert all(len(name) <= 60 for name in kind.names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'webhooks_update'")
        assert {table for (table,) in cursor.fetchall()} == {kind.model._meta.db_table for kind in KINDS}
