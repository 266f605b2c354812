"""Letters: how long one takes from its facts to its PDF, and a thousand of them as PDFs for the printer.

Each letter asks the database for the facts of its client, as a plan of action or an agent does; the thousand are then
put together as a printing does, in one PDF.
"""

import json
import sys
import time
from pathlib import Path

import click
import django

from benchmarks import figures, queries

LETTERS, PART = 1000, 1000
# Milliseconds of one letter; seconds of a thousand as one printing.
AT_MOST, ALL_AT_MOST = 150, 120


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from entregent.access.wall import in_organization
    from entregent.clients.facts import facts_of
    from entregent.clients.models import Client
    from entregent.documents import letters
    from entregent.documents.models import DocumentTemplate
    from entregent.documents.standard import STANDARD_TEMPLATES
    from entregent.organizations.models import Organization

    fields = next(one for one in STANDARD_TEMPLATES if one["code"] == "relance_1")
    singles, facts_alone, pdfs = [], [], []
    with in_organization(queries.BIG):
        organization = Organization.objects.get(pk=queries.BIG)
        template = DocumentTemplate(organization=organization, **fields)
        head = letters.letterhead_of(organization)
        chosen = Client.objects.filter(organization=organization, deleted_at__isnull=True).select_related(
            "organization", "responsible"
        )
        began = time.perf_counter()
        for client in chosen.order_by("pk")[:LETTERS]:
            start = time.perf_counter()
            facts = facts_of(client)
            facts_alone.append((time.perf_counter() - start) * 1000)
            pdf = letters.pdf_of(template, facts, language=client.language, organization=organization, letterhead=head)
            singles.append((time.perf_counter() - start) * 1000)
            pdfs.append((pdf, client.display_name))
        written = time.perf_counter() - began
        together = time.perf_counter()
        parts = [letters.batch_pdf(pdfs[start : start + PART]) for start in range(0, len(pdfs), PART)]
        joined = time.perf_counter() - together
        whole = time.perf_counter() - began
    pages = sum(letters.pages_of(part) for part in parts)
    result = {
        "machine": figures.machine(),
        "clients": clients,
        "letters": len(pdfs),
        "one_ms": figures.summary(singles),
        "facts_ms": figures.summary(facts_alone),
        "written_seconds": round(written, 2),
        "joined_seconds": round(joined, 2),
        "all_seconds": round(whole, 2),
        "megabytes": round(sum(len(part) for part in parts) / 1_000_000, 1),
        "pages": pages,
    }
    figures.table(
        f"Letters, {len(pdfs):,} of a reminder",
        ["", "p50", "p95", "max", "wanted"],
        [
            ["one letter, ms", *(result["one_ms"][name] for name in ("p50", "p95", "max")), f"≤ {AT_MOST}"],
            ["of which its facts, ms", *(result["facts_ms"][name] for name in ("p50", "p95", "max")), ""],
            ["all as PDFs for printing, s", result["all_seconds"], "", "", f"≤ {ALL_AT_MOST}"],
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    if pages < len(pdfs):
        sys.exit("letters were lost")


if __name__ == "__main__":
    main()
