"""The sender is killed over and over, the receiver misbehaves as receivers do: nothing is lost, nothing counts twice,
and what happened to one record arrives in its order."""

import random
from collections import defaultdict

import pytest
from django.db import transaction

from entregent.access.wall import in_organization
from entregent.clients.actions import create_client, update_client
from entregent.outbox.models import Endpoint, Post
from entregent.webhooks import actions
from entregent.webhooks.models import Event, Webhook
from testing.kills import first_of_each, send_with_kills, sender_and_receiver, stumbling

SENDER = """
import django; django.setup()
from datetime import timedelta
import time
from entregent.access.wall import in_organization
from entregent.outbox import posting
from entregent.webhooks.turning import turn_events
posting.PAUSES = (0.001,) * 60; posting.MOST_TRIES = 60; posting.AWAY = (0.001,); posting.TIMEOUT_SECONDS = 0.3
posting._asked_to_wait = lambda told: timedelta(milliseconds=50)
while True:
    turn_events(ORGANIZATION, most=50)
    posting.post_due(lease=timedelta(seconds=0.8))
    time.sleep(0.02)
"""


def run(settings, *, messages: int, kills: int, seconds: float) -> None:
    with sender_and_receiver(settings, "course") as (member, system):
        organization = member.organization
        with in_organization(organization.pk, user_id=member.user_id):
            _webhook, system.secret = actions.create_webhook(
                by=member, name="Course", url=system.url, events=["client.created", "client.updated"]
            )
        changes = messages // 5
        for number in range(changes):  # five messages a client: one creation, four changes
            with in_organization(organization.pk, user_id=member.user_id), transaction.atomic():
                client = create_client(by=member, kind="company", name=f"Client {number}")
            for turn in range(4):
                with in_organization(organization.pk, user_id=member.user_id):
                    client = update_client(client, by=member, version=client.version, category=f"c{turn}")
        with in_organization(organization.pk):
            assert Event.objects.count() == messages
        system.answers = stumbling(messages)

        def waits() -> bool:
            """Whether something has not left; whoever keeps a webhook that was stopped switches it on again."""
            with in_organization(organization.pk, user_id=member.user_id):
                if not Endpoint.objects.get().is_on:
                    known = Webhook.objects.get()
                    actions.update_webhook(
                        known, by=member, version=known.version, name="Course", url=system.url, events=known.events,
                        is_on=True,
                    )  # fmt: skip
                    actions.replay_webhook(known, by=member)
                return Event.objects.exists() or Post.objects.exclude(state="sent").exists()

        send_with_kills(
            SENDER.replace("ORGANIZATION", str(organization.pk)), system, waits, messages=messages, kills=kills,
            seconds=seconds, chance=random.Random(11),
        )  # fmt: skip
        with in_organization(organization.pk):
            written = dict(Post.objects.order_by("pk").values_list("webhook_id", "subject_id"))
        assert len(written) == messages
        assert set(system.ids) == set(written)  # all of them, once by their id
        order = defaultdict(list)
        for one in first_of_each(system):
            order[written[one["id"]]].append(one["body"]["data"]["sequence"])
        assert len(order) == changes
        assert all(len(numbers) == 5 and numbers == sorted(numbers) for numbers in order.values())


@pytest.mark.django_db(transaction=True)
def test_100_messages_and_three_kills(settings):
    run(settings, messages=100, kills=3, seconds=90)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_1000_messages_and_20_kills(settings):
    run(settings, messages=1000, kills=20, seconds=900)
