"""Rejected rows given back: the file in its own form, those rows alone, and why for each."""

import csv
import io
import tempfile
from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from entregent.exchange.models import Import, ImportRow


def rejected(batch: Import) -> QuerySet[ImportRow]:
    """Rows that were not, or would not be, imported."""
    refused = Q(verdict=ImportRow.Verdict.REJECT)
    if batch.applied_at is None or batch.on_duplicate == Import.OnDuplicate.REJECT:
        refused |= Q(verdict=ImportRow.Verdict.DUPLICATE)
    return ImportRow.objects.filter(refused, batch_id=batch.pk, organization_id=batch.organization_id).order_by("line")


def exist(batch: Import) -> bool:
    return rejected(batch).exists()


def pieces(batch: Import) -> Iterator[bytes]:
    """The file, piece by piece: same encoding, delimiter, line ends and columns, and one column more."""
    reason = _("motif du rejet")
    rows = rejected(batch).values_list("line", "raw", "reason").iterator(chunk_size=2000)
    if batch.format["kind"] == "xlsx":
        yield from _xlsx(batch.header, reason, rows)
    else:
        yield from _csv(batch.format, batch.header, reason, rows)


def _csv(form: dict, header: list[str], reason: str, rows) -> Iterator[bytes]:
    encoding = form["encoding"]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=form["delimiter"], lineterminator=form["line_end"])
    writer.writerow([*header, reason])
    # The mark of the byte order stands at the beginning alone.
    mark = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xff\xfe"}.get(encoding, b"")
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    yield mark
    for _line, cells, why in rows:
        # The file is for the program that wrote the first one, and goes back in as it came: cells stay as they were.
        writer.writerow([*_as_wide(cells, len(header)), why])
        if text.tell() > 64_000:
            yield text.getvalue().encode(plain, "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode(plain, "replace")


def _xlsx(header: list[str], reason: str, rows) -> Iterator[bytes]:
    import xlsxwriter

    with tempfile.TemporaryFile() as file:
        with xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        ) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, [*header, reason])
            for number, (_line, cells, why) in enumerate(rows, 1):
                for place, cell in enumerate([*_as_wide(cells, len(header)), why]):
                    sheet.write_string(number, place, cell[:32_000])
        file.seek(0)
        while piece := file.read(64_000):
            yield piece


def _as_wide(cells: list[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))] if len(cells) < width else cells
