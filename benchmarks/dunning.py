"""Mass dunning: unpaid invoices become dossiers with running plans of action, chunk by chunk as the job does it.

All of it in one transaction that is rolled back, so that the data stay as they are: the invoices are made first. What
is measured is the launch; letters follow as jobs (`letters`).
"""

import json
import os
import sys
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import django

from benchmarks import figures, queries

INVOICES = int(os.environ.get("ENTREGENT_BENCH_INVOICES", "50000"))
# Seconds for all, on two cores; megabytes by which the process may grow after its first chunks.
AT_MOST, GROWS_AT_MOST = 600, 60
WARM = 5
# More than any invoice of the data owes: those are looked at and left out.
OWED = Decimal(9_000_000)


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.db import transaction

    from entregent.access.wall import in_organization

    result: dict[str, Any] = {}
    with in_organization(queries.BIG):
        result = _measured(min(INVOICES, clients))
        transaction.set_rollback(True)
    result = {"machine": figures.machine(), "clients": clients, **result}
    figures.table(
        f"Dunning of {result['invoices']:,} invoices",
        ["", "measured", "wanted"],
        [
            ["all, s", result["seconds"], f"≤ {AT_MOST * result['invoices'] / 50_000:.0f}"],
            ["of which this process works, s", result["own_seconds"], ""],
            ["the preview, ms", result["preview_ms"], ""],
            ["a chunk of 500, p50 ms", result["chunk_ms"]["p50"], ""],
            ["memory at the end, MB", result["memory_mb"], f"≤ {GROWS_AT_MOST} more than after {WARM} chunks"],
            ["grown since, MB", result["grown_mb"], ""],
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if result["begun"] != result["invoices"]:
        sys.exit(f"{result['begun']:,} of {result['invoices']:,} were dunned")
    if result["grown_mb"] > GROWS_AT_MOST:
        sys.exit("the process grows")


def _measured(invoices: int) -> dict[str, Any]:
    from entregent.dunning.actions import dun_chunk
    from entregent.dunning.candidates import groups

    plan = _scene(invoices)
    start = time.perf_counter()
    groups(plan, None)
    preview = (time.perf_counter() - start) * 1000
    begun, after, chunks, warm = 0, ("", 0), [], 0.0
    began, own = time.perf_counter(), time.process_time()
    while after is not None:
        start = time.perf_counter()
        done = dun_chunk(plan, by=None, after=after)
        chunks.append((time.perf_counter() - start) * 1000)
        begun, after = begun + done.begun, done.after
        if len(chunks) <= WARM:
            warm = _megabytes()
    return {
        "invoices": invoices,
        "begun": begun,
        "seconds": round(time.perf_counter() - began, 1),
        "own_seconds": round(time.process_time() - own, 1),
        "preview_ms": round(preview),
        "chunk_ms": figures.summary(chunks),
        "memory_mb": round(_megabytes()),
        "grown_mb": round(_megabytes() - warm),
    }


def _megabytes() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


def _scene(invoices: int):
    """The ready-made dunning of water, and unpaid invoices of as many clients."""
    from entregent.cases.models import CaseType
    from entregent.clients.models import BusinessObject, BusinessObjectType, Client
    from entregent.documents.template_actions import seed_templates
    from entregent.dunning.models import DunningPlan
    from entregent.organizations.models import Organization, Team
    from entregent.processes import ready_made
    from entregent.processes.models import ProcessDefinition
    from entregent.toolbox.dates import today_in

    organization = Organization.objects.get(pk=queries.BIG)
    seed_templates(organization)
    for code in ("clientele", "exploitation", "facturation"):
        Team.objects.get_or_create(organization=organization, code=code, defaults={"label_fr": code, "label_en": code})
    CaseType.objects.get_or_create(
        organization=organization, path="relance",
        defaults={"code": "relance", "label_fr": "Relance", "label_en": "Dunning"},
    )  # fmt: skip
    ready_made.install(organization, "relance_eau")
    kind = BusinessObjectType.objects.get(organization=organization, code="invoice")
    due = today_in(organization.time_zone) - timedelta(days=1)
    keys = Client.objects.filter(organization=organization, deleted_at__isnull=True).exclude(status="removed")
    BusinessObject.objects.bulk_create(
        (
            BusinessObject(
                organization=organization, client_id=key, type=kind, key=f"MESURE-{key}", state="unpaid",
                source_system="mesure", due_on=due - timedelta(days=key % 30), amount=OWED, currency="EUR",
            )
            for key in keys.order_by("pk").values_list("pk", flat=True)[:invoices]
        ),
        batch_size=5000,
    )  # fmt: skip
    return DunningPlan.objects.select_related("organization", "definition__live").get(
        pk=DunningPlan.objects.create(
            organization=organization, name_fr="Mesure", service="water", daily_cap=100_000, minimum=OWED,
            definition=ProcessDefinition.objects.get(organization=organization, code="relance_eau"),
        ).pk
    )  # fmt: skip


if __name__ == "__main__":
    main()
