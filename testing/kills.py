"""A sender that is killed over and over, before a receiver that misbehaves as receivers do."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from entregent.access.wall import in_organization
from entregent.organizations.actions import create_organization
from entregent.organizations.models import Membership
from testing.cast import make_member
from testing.existing_system import ExistingSystem
from testing.worker import test_database_url

STUMBLES: list[Any] = [
    500, "late", "cut", (302, {"Location": "http://127.0.0.1:1/"}), 410, (429, {"Retry-After": "1"}), 503, 404,
]  # fmt: skip


@contextmanager
def sender_and_receiver(settings, slug: str) -> Iterator[tuple[Membership, ExistingSystem]]:
    """The administrator of a new organization, whose messages go out to a server on loopback that is there meanwhile.

    A late answer comes after half a second: senders of these tests wait for less."""
    settings.DEMO = True
    organization = create_organization(slug=slug, name=slug.capitalize(), trade="water")
    with in_organization(organization.pk):
        member = make_member(organization, f"a@{slug}.example", "Ada Min", "admin")
    with ExistingSystem() as system:
        system.late = 0.5
        yield member, system


def stumbling(messages: int) -> list:
    """Answers for so many messages: one in ten is a bad one, and one in two hundred says « no more »."""
    answers: list = []
    for place in range(messages // 10):
        said = STUMBLES[place % len(STUMBLES)]
        answers += [*([200] * 9), 500 if said == 410 and place % 20 else said]
    return answers


def send_with_kills(
    program: str,
    system: ExistingSystem,
    waits: Callable[[], bool],
    *,
    messages: int,
    kills: int,
    seconds: float,
    chance: Random,
) -> int:
    """Runs `program` while something `waits`; after each share of the messages it is killed and begun anew, `kills`
    times. Gives how often it was killed; AssertionError when it ends by itself or takes longer than `seconds`."""
    environment = os.environ | {"ENTREGENT_DATABASE_URL": test_database_url(), "ENTREGENT_DEMO": "true"}
    begun, killed = time.monotonic(), 0
    step = max(4, messages // (kills + 1))
    while waits():
        assert time.monotonic() - begun < seconds, (len(system.taken), killed)
        wanted = len(system.taken) + (step + chance.randint(-2, 2) if killed < kills else 10 * messages)
        sender = subprocess.Popen([sys.executable, "-c", program], env=environment)
        try:
            while len(system.taken) < wanted and waits():
                assert sender.poll() is None
                assert time.monotonic() - begun < seconds, (len(system.taken), killed)
                time.sleep(0.03)
        finally:
            sender.kill()
            sender.wait()
        killed += 1
    assert killed >= min(kills, 3)
    assert system.refused == []
    return killed


def first_of_each(system: ExistingSystem) -> list[dict]:
    """What came, without what came again under the same id."""
    firsts: dict[str, dict] = {}
    for one in system.taken:
        firsts.setdefault(one["id"], one)
    return list(firsts.values())
