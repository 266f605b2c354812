from itertools import accumulate

from django.db.models import Count
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.documents import letters, sweeping
from entregent.documents.actions import keep_file
from entregent.documents.files import opened
from entregent.documents.models import LARGEST_LIMIT, MEGABYTE, Letter, PrintBatch, PrintPart
from entregent.documents.print_actions import JOB, MOST, waiting
from entregent.jobs.registry import job_kind
from entregent.toolbox.errors import NotFound


@app.periodic(cron="41 3 * * *")
@app.task(name="entregent.documents.sweep", queue="default", queueing_lock="sweep-files")
def sweep(timestamp: int) -> None:
    """Each night: contents without a row, uploads that were given up."""
    sweeping.sweep()


@job_kind(JOB, right=Right.DOCUMENT_WRITE)
def print_batch(work) -> None:
    """Takes the letters of the printing, then makes one PDF for each `PrintPart.MOST` of them, or fewer where they
    are large, in their order.

    Killed between two chunks, the next worker goes on with the letters that stand in no part yet.
    """
    is_over = False
    while not is_over:
        with work.chunk() as chunk:
            data, cursor = chunk.job.data, chunk.cursor
            batch = PrintBatch.objects.get(pk=data["batch"])
            if "part" not in cursor:
                batch.count = chunk.job.total = _take(batch, data, chunk.member)
                batch.save(update_fields=["count"])
                chunk.advance(0, part=0)
                continue
            number = cursor["part"] + 1
            rows = list(
                Letter.objects.filter(batch=batch, part__isnull=True)
                .select_related("file", "client")
                .order_by("pk")[: PrintPart.MOST]
            )
            rows = _part_of(rows)
            is_over = not rows
            if rows:
                _print(batch, number, rows)
                chunk.advance(len(rows), part=number)
            else:
                chunk.job.result = {"parts": batch.parts.aggregate(n=Count("pk"))["n"]}


def _take(batch: PrintBatch, data: dict, member) -> int:
    """The letters that still wait, of those that were asked for."""
    chosen = waiting(member).filter(pk__lte=data["until"])
    if data["ids"] is not None:
        chosen = chosen.filter(pk__in=data["ids"])
    taken = chosen.order_by("pk").values("pk")[:MOST]
    return Letter.objects.filter(pk__in=taken, batch__isnull=True).update(batch=batch)


def _part_of(rows: list[Letter]) -> list[Letter]:
    """Those that one PDF holds: the first at least."""
    sizes = list(accumulate(row.file.size for row in rows))
    return [row for row, size in zip(rows, sizes, strict=True) if size <= max(PrintPart.MOST_BYTES, sizes[0])]


def _print(batch: PrintBatch, number: int, rows: list[Letter]) -> None:
    contents = []
    for row in rows:
        try:
            with opened(row.file) as content:
                contents.append((content.read(), f"{row.client.display_name} : {row.title}"))
        except NotFound:
            continue  # Its content was effaced since.
    if contents:
        file = keep_file(
            organization=batch.organization,
            name=f"courriers-{batch.pk}-{number}.pdf",
            content=letters.batch_pdf(contents),
            most=LARGEST_LIMIT * MEGABYTE,
        )
        PrintPart.objects.create(
            organization_id=batch.organization_id, batch=batch, number=number, count=len(contents), file=file
        )
    Letter.objects.filter(pk__in=[row.pk for row in rows]).update(part=number)
