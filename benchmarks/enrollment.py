"""« Effectif GRC » at head office: a thousand transmissions loaded as the worker loads them, among so many clients.

New clients, updates of known ones, withdrawals and persons who may be clients already; every other one with a remark.
All of it in one transaction that is rolled back, so that the data stay as they are: what waits is made first, and what
is measured is the loading alone.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click
import django
import psutil

from benchmarks import figures, queries
from benchmarks.search import MEMBERS, connection_pid, member_of

TRANSMISSIONS = int(os.environ.get("ENTREGENT_BENCH_TRANSMISSIONS", "1000"))
# Seconds for a thousand, on two cores; megabytes by which the process may grow meanwhile.
AT_MOST, GROWS_AT_MOST = 30, 60
# Of twenty transmissions: updates, withdrawals, persons with the name and address of a client; the others are new.
UPDATES, WITHDRAWALS, KNOWN = 4, 1, 1


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.db import transaction

    from entregent.access.wall import in_organization

    with in_organization(queries.BIG, user_id=MEMBERS["whole organization"]):
        result = _measured(TRANSMISSIONS)
        transaction.set_rollback(True)
    result = {"machine": figures.machine(), "clients": clients, **result}
    most = AT_MOST * TRANSMISSIONS / 1000
    figures.table(
        f"Head office: {TRANSMISSIONS:,} transmissions loaded",
        ["", "measured", "wanted"],
        [
            ["all, s", result["seconds"], f"≤ {most:.0f}"],
            ["of which this process works, s", result["own_seconds"], ""],
            ["of which the database works, s", result["database_seconds"], ""],
            ["loaded", result["loaded"], ""],
            ["possible duplicates", result["possible_duplicate"], ""],
            ["rejected", result["rejected"], "0"],
            ["memory at the end, MB", result["memory_mb"], ""],
            ["grown since, MB", result["grown_mb"], f"≤ {GROWS_AT_MOST}"],
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if result["loaded"] + result["possible_duplicate"] != TRANSMISSIONS:
        sys.exit(f"{result['waiting']:,} still wait, {result['rejected']:,} were rejected")
    if result["seconds"] > most:
        sys.exit("slower than wanted")
    if result["grown_mb"] > GROWS_AT_MOST:
        sys.exit("the process grows")


def _measured(wanted: int) -> dict[str, Any]:
    from django.db import connection
    from django.urls import get_resolver

    from entregent.enrollment.models import Transmission
    from entregent.enrollment.tasks import load_waiting

    sent = _scene(wanted)
    # A worker that has told somebody anything knows the addresses of the pages.
    get_resolver()._populate()
    before, database = _megabytes(), psutil.Process(connection_pid(connection))
    began, own, its = time.perf_counter(), time.process_time(), sum(database.cpu_times()[:2])
    load_waiting(queries.BIG)
    seconds, own = time.perf_counter() - began, time.process_time() - own
    its = sum(database.cpu_times()[:2]) - its
    states = [state for (state,) in Transmission.objects.filter(pk__in=sent).values_list("state")]
    return {
        "transmissions": len(sent),
        **{state: states.count(state) for state in Transmission.State.values},
        "seconds": round(seconds, 1),
        "own_seconds": round(own, 1),
        "database_seconds": round(its, 1),
        "memory_mb": round(_megabytes()),
        "grown_mb": round(_megabytes() - before),
    }


def _scene(wanted: int) -> list[int]:
    """What waits: the ids of so many transmissions. Whoever is updated or withdrawn was enrolled before."""
    from entregent.clients.models import Client
    from entregent.enrollment.tasks import load_waiting

    member = member_of(MEMBERS["whole organization"])
    known = Client.objects.filter(
        organization_id=queries.BIG, kind="person", deleted_at__isnull=True, emails__len__gt=0
    ).order_by("pk")
    of_twenty = [wanted * share // 20 for share in (UPDATES, WITHDRAWALS, KNOWN)]
    enrolled = [_applied(member, number) for number in range(of_twenty[0] + of_twenty[1])]
    for application in enrolled:
        _sent(member, application, "save", selection="include")
    load_waiting(queries.BIG)
    sent = []
    for number, application in enumerate(enrolled):
        if number < of_twenty[0]:
            applicant = application.applicants.get()
            applicant.phone = f"+33699{number:06}"
            applicant.save(update_fields=["phone"])
            sent += _sent(member, application, "update", selection="include", existing=True)
        else:
            sent += _sent(member, application, "save", existing=True)
    for client in known[: of_twenty[2]]:
        same = {"first_name": client.first_name, "last_name": client.name, "email": client.emails[0]}
        sent += _sent(member, _applied(member, len(sent), **same), "save", selection="include")
    for number in range(len(enrolled), len(enrolled) + wanted - len(sent)):
        sent += _sent(member, _applied(member, number), "save", selection="include")
    return sent


def _applied(member, number: int, **same: str):
    """A loan application of one person, whom no client of the data is unless `same` says so."""
    from entregent.enrollment.actions import create_application

    place = {"street": f"{number} rue du Banc", "postal_code": "57000", "city": "Metz", "country": "FR"}
    person = {
        "first_name": "Jeanne", "last_name": f"Mesurée{number}", "birth_date": f"1970-01-{number % 28 + 1:02}",
        "email": f"mesure{number}@banc.example", "phone": f"+33688{number:06}", "is_primary": True, **place,
    }  # fmt: skip
    return create_application(by=member, agent=member.user, place=place, applicants=[person | same])


def _sent(member, application, button: str, **choices: Any) -> list[int]:
    from entregent.enrollment.actions import Choices, enroll

    applicants = {one.pk for one in application.applicants.all()}
    remarks = "Préfère être appelée le soir." if application.pk % 2 else ""
    asked = Choices(applicants=applicants, agent=member.user, remarks=remarks, **choices)
    made = enroll(application, by=member, button=button, choices=asked, is_confirmed=True)
    return [one.pk for one in made.transmissions]


def _megabytes() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    main()
