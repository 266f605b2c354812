"""A long conversation beside a short one, in the process: the page of 500 entries opens within three times that of 10.

Run by `benchmarks.__main__` for one database; what it writes is rolled back.
"""

import json
import time
from pathlib import Path

import click
import django

from benchmarks import figures, queries
from benchmarks.pages import SLUG

SHORT, LONG = 10, 500
TIMES = 21
MOST = 3.0


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.db import transaction
    from django.test import Client

    from entregent.organizations.models import User

    result: dict = {"clients": clients, "machine": figures.machine()}
    with transaction.atomic():
        addresses = {entries: conversation(entries) for entries in (SHORT, LONG)}
        browser = Client(HTTP_HOST="127.0.0.1")
        browser.force_login(User.objects.get(pk=1), backend="entregent.organizations.sessions.SignIn")
        for entries, address in addresses.items():
            result[str(entries)] = timed(browser, address)
        transaction.set_rollback(True)
    short, long = result[str(SHORT)], result[str(LONG)]
    result["ratio"] = round(long["p50"] / short["p50"], 2)
    rows = [[f"{n} entries", one["statements"], one["bytes"], one["p50"], one["p95"]] for n, one in result.items()
            if isinstance(one, dict) and "statements" in one]  # fmt: skip
    figures.table(
        f"A conversation, ms; ratio {result['ratio']} (at most {MOST:g})", ["", "statements", "bytes", "p50", "p95"],
        rows,
    )  # fmt: skip
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    if result["ratio"] > MOST:
        raise SystemExit("a long conversation costs more than it may")


def conversation(entries: int) -> str:
    """Half of it internal, as conversations are."""
    from entregent.access.wall import in_organization
    from entregent.clients.models import Client
    from entregent.interactions.actions import log_interaction
    from entregent.interactions.models import InteractionEntry, Topic
    from entregent.organizations.models import Membership

    with in_organization(queries.BIG, user_id=1):
        member = Membership.objects.select_related("user", "organization").get(organization_id=queries.BIG, user_id=1)
        made = log_interaction(
            by=member, client=Client.objects.visible_to(member).order_by("pk")[0], channel="note", notes="Début.",
            topic=Topic.objects.filter(organization_id=queries.BIG, is_active=True).order_by("pk")[0], notify=False,
        )  # fmt: skip
        InteractionEntry.objects.bulk_create(
            InteractionEntry(
                organization_id=queries.BIG, interaction=made, seq=seq, author=member.user, entry_name="Agent",
                internal=bool(seq % 2), notes="Une réponse. " * 20,
            )
            for seq in range(2, entries + 1)
        )  # fmt: skip
    return f"/{SLUG}/interactions/{made.number}/"


def timed(browser, address: str) -> dict:
    """Once to warm up, once counted, then the median of several."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def once():
        response = browser.get(address)
        if response.status_code != 200:
            raise SystemExit(f"{address}: {response.status_code}")
        return response

    once()
    with CaptureQueriesContext(connection) as captured:
        size = len(once().content)
        statements = len(captured)
    times = []
    for _time in range(TIMES):
        started = time.perf_counter()
        once()
        times.append((time.perf_counter() - started) * 1000)
    return figures.summary(times) | {"statements": statements, "bytes": size}


if __name__ == "__main__":
    main()
