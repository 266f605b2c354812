"""Messages of clients: how many a minute the portal takes in, and whether each became one published entry.

As the form sends them, one after the other in this process: the whole request, with the page's guard, session, the
conversation, its words for the search, the news for the members and the mails for the outbox. Half of them are new
requests, half are answers; one in ten is sent twice.
"""

import json
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import click
import django

from benchmarks import figures, queries
from benchmarks.pages import SLUG

PEOPLE = 20
MESSAGES = 400
WANTED_A_MINUTE = 1000


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.test import Client

    from entregent.access.wall import in_organization
    from entregent.interactions.models import PublishedEntry
    from entregent.organizations.models import Module, Organization
    from entregent.portal import actions

    # What one person may write in an hour holds here no less than elsewhere: it is not what is measured.
    actions.MESSAGES_AN_HOUR = 10**6
    run = f"essai-{time.time_ns()}"
    with in_organization(queries.BIG, user_id=1):
        organization = Organization.objects.get(pk=queries.BIG)
        modules = list(organization.modules)
        Organization.objects.filter(pk=queries.BIG).update(modules=sorted({*modules, Module.PORTAL}))
        accesses = [give_access(run, number) for number in range(PEOPLE)]
    with ExitStack() as afterwards:
        afterwards.callback(_modules, modules)
        browsers = [_door(Client(HTTP_HOST="127.0.0.1"), access) for access in accesses]
        new = f"/portail/{SLUG}/echanges/nouveau/"
        answers: list[str] = [new] * PEOPLE
        for browser in browsers:
            page = browser.get(new).text
        topic = re.search(r'<option value="([^"]+)"', page[page.index('name="topic"') :])
        assert topic is not None
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(MESSAGES):
            who, key = number % PEOPLE, str(uuid4())
            url = answers[who] if number // PEOPLE % 2 else new
            form = {
                "text": f"{run} {number} : mon compteur fuit depuis hier.",
                "subject": "Fuite",
                "topic": topic[1],
                "key": key,
            }
            for _time in range(2 if number % 10 == 0 else 1):
                sent = browsers[who].post(url, form)
                if sent.status_code not in (302, 303):
                    raise SystemExit(f"{url}: {sent.status_code}")
            answers[who] = sent.headers["Location"].partition("#")[0]
        taken, cpu = time.perf_counter() - began, time.process_time() - cpu
    with in_organization(queries.BIG):
        texts = list(PublishedEntry.objects.filter(text__startswith=run).values_list("text", flat=True))
    result = {
        "machine": figures.machine(),
        "clients": clients,
        "messages": MESSAGES,
        "per_minute": MESSAGES / taken * 60,
        "cpu_ms": cpu * 1000 / MESSAGES,
        "kept": len(texts),
    }
    figures.table(
        f"Messages on the portal, {MESSAGES:,}, one process",
        ["a minute", f"wanted ≥ {WANTED_A_MINUTE:,}", "processor, ms a message", "published"],
        [
            [
                f"{result['per_minute']:.0f}",
                "yes" if result["per_minute"] >= WANTED_A_MINUTE else "no",
                f"{result['cpu_ms']:.1f}",
                str(result["kept"]),
            ]
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if len(texts) != MESSAGES or len(set(texts)) != MESSAGES:
        sys.exit("messages were lost or doubled")


def give_access(run: str, number: int):
    """Somebody at a client, with an account and access."""
    from entregent.clients.actions import people
    from entregent.clients.models import Client
    from entregent.interactions.portal_models import PortalAccess
    from entregent.organizations.models import Membership, User

    member = Membership.objects.select_related("user", "organization").get(organization_id=queries.BIG, user_id=1)
    client = Client.objects.visible_to(member).filter(status="client").order_by("pk")[number]
    email = f"{run}-{number}@client.example"
    person = people.create_person(
        by=member, first_name="Léa", last_name=f"Essai {number}", emails=[email], client=client
    )
    user = User.objects.create(email=email, name=person.full_name)
    return PortalAccess.objects.create(
        organization_id=queries.BIG, person=person, client=client, user=user, email=email, state="active",
        kind="permanent",
    )  # fmt: skip


def _door(browser, access):
    """Signed in at the portal's door, as after the form."""
    from django.conf import settings

    from entregent.portal.sessions import COOKIE, PREFIX, PortalStore

    session = PortalStore()
    session["_auth_user_id"] = str(access.user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = access.user.get_session_auth_hash()
    session.save()
    browser.cookies[COOKIE] = session.session_key
    browser.cookies[COOKIE]["path"] = PREFIX
    return browser


def _modules(modules: list) -> None:
    from entregent.access.wall import in_organization
    from entregent.organizations.models import Organization

    with in_organization(queries.BIG, user_id=1):
        Organization.objects.filter(pk=queries.BIG).update(modules=modules)


if __name__ == "__main__":
    main()
