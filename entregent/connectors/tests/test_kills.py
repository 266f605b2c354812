"""The sender is killed over and over, the other system misbehaves as systems do: each exchange arrives, counts once by
its id, and what happened to one client arrives in its order."""

import random
from collections import defaultdict

import pytest

from entregent.access.wall import in_organization
from entregent.clients.actions import create_client, update_client
from entregent.connectors import actions
from entregent.connectors.models import Connector, Copy, Exchange
from testing.kills import first_of_each, send_with_kills, sender_and_receiver, stumbling

SENDER = """
import django; django.setup()
from datetime import timedelta
import time
from entregent.connectors.actions import sending
from entregent.connectors.carriers import http, webhook
sending.PAUSES = (0.0005,) * 60; sending.MOST_TRIES = 60; sending.AWAY = (0.0005,); webhook.SECONDS = 0.3
http._asked_to_wait = lambda told: timedelta(milliseconds=50)
while True:
    sending.send_due(ORGANIZATION, CONNECTOR, lease=timedelta(seconds=0.8))
    time.sleep(0.02)
"""
# What is not tried again by itself: the other system would say the same the next time.
REFUSED = (302, 404)
ROUNDS = 5


def run(settings, *, exchanges: int, kills: int, seconds: float) -> None:
    with sender_and_receiver(settings, "navette") as (member, system):
        organization = member.organization
        with in_organization(organization.pk, user_id=member.user_id):
            made, system.secret = actions.create_connector(
                by=member, name="Aval", kind="webhook", address=system.url, audience="clients", is_on=True
            )
        _write(organization, member, exchanges)
        system.answers = stumbling(exchanges)
        refusals = sum((one[0] if isinstance(one, tuple) else one) in REFUSED for one in system.answers)

        def waits() -> bool:
            """Whether something has not left; whoever keeps a connector that was stopped switches it on again."""
            with in_organization(organization.pk, user_id=member.user_id):
                known = Connector.objects.get()
                if not known.is_on:
                    actions.update_connector(
                        known, by=member, version=known.version, name="Aval", address=system.url, audience="clients",
                        is_on=True,
                    )  # fmt: skip
                return Exchange.objects.filter(state="pending").exists()

        program = SENDER.replace("ORGANIZATION", str(organization.pk)).replace("CONNECTOR", str(made.pk))
        send_with_kills(
            program, system, waits, messages=exchanges, kills=kills, seconds=seconds, chance=random.Random(7)
        )
        _check(organization, system, exchanges, refusals)


def _write(organization, member, exchanges: int) -> None:
    """Each client is made and changed four times, and the connector looks after each round."""
    clients = []
    for turn in range(ROUNDS):
        with in_organization(organization.pk, user_id=member.user_id):
            if not turn:
                clients = [
                    create_client(by=member, kind="company", name=f"Client {number}")
                    for number in range(exchanges // ROUNDS)
                ]
            else:
                for client in clients:
                    update_client(client, by=member, version=None, emails=[f"n{turn}@ex.example"])
        with in_organization(organization.pk):
            while actions.take_up(organization.pk):
                pass
    with in_organization(organization.pk):
        assert Exchange.objects.count() == exchanges


def _check(organization, system, exchanges: int, refusals: int) -> None:
    with in_organization(organization.pk):
        written = {f"msg_{one.key}": one for one in Exchange.objects.all()}
        last = {one.number: one for one in sorted(written.values(), key=lambda one: one.pk)}
        copies = {one.client_id: one for one in Copy.objects.all()}
    assert len(written) == exchanges
    assert set(system.ids) == set(written)  # all of them, once by their id
    states = [one.state for one in written.values()]
    # Refused for good, and replaced by what came after of the same client; or the last of all, and it says so.
    assert states.count("accepted") >= exchanges - refusals
    assert states.count("accepted") + states.count("superseded") + states.count("failed") == exchanges
    order = defaultdict(list)
    for one in first_of_each(system):
        order[one["body"]["data"]["number"]].append(one["body"]["data"]["sequence"])
    assert len(order) == exchanges // ROUNDS
    assert all(len(numbers) == ROUNDS and numbers == sorted(numbers) for numbers in order.values())
    held = {one["body"]["data"]["number"]: one["body"]["data"] for one in system.taken if one["said"] == 200}
    for number, exchange in last.items():
        if exchange.state == "accepted":
            assert held[number]["client"]["email"] == exchange.record["email"]
            assert copies[exchange.client_id].state == "held"


@pytest.mark.django_db(transaction=True)
def test_100_exchanges_and_three_kills(settings):
    run(settings, exchanges=100, kills=3, seconds=90)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_1000_exchanges_and_20_kills(settings):
    run(settings, exchanges=1000, kills=20, seconds=900)
