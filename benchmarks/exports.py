"""100,000 clients out as the list shows them, CSV and XLSX: rows a second, in memory that must not grow with them."""

import json
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

import click
import django

from benchmarks import figures, queries
from benchmarks.leave import Memory
from benchmarks.search import MEMBERS, member_of

ROWS = 100_000
# What the process may grow by between the first rows and the last, in MB.
MOST_GROWTH = 64


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from entregent.access.wall import in_organization
    from entregent.exchange.lists import ListExport

    user_id = MEMBERS["whole organization"]
    result: dict = {"clients": clients, "machine": figures.machine()}
    with in_organization(queries.BIG, user_id=user_id):
        export = ListExport.of(member_of(user_id), list_code="clients", sort="name")
        for form in ("csv", "xlsx"):
            written(export, form, 5_000)  # What is loaded once is no growth.
            memory = Memory()
            with memory:
                begun = perf_counter()
                rows, size = written(export, form, ROWS)
                seconds = perf_counter() - begun
            result[form] = {
                "rows": rows, "seconds": round(seconds, 1), "rows_per_second": round(rows / seconds),
                "file_mb": round(size / 1e6, 1), "memory_before_mb": memory.before, "memory_most_mb": memory.most,
            }  # fmt: skip
    told = [[form, *result[form].values()] for form in ("csv", "xlsx")]
    figures.table(f"Clients out, of {clients:,}", ["", *result["csv"]], told)
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    grown = max(result[form]["memory_most_mb"] - result[form]["memory_before_mb"] for form in ("csv", "xlsx"))
    if grown > MOST_GROWTH:
        raise SystemExit(f"the memory grows with the rows: {grown} MB")


def written(export, form: str, most: int) -> tuple[int, int]:
    """(rows, bytes) of the file."""
    from entregent.exchange.exports import xlsx_into
    from entregent.exchange.lists import as_texts, limited
    from entregent.toolbox.spreadsheets import csv_pieces

    done = 0

    def counted(rows):
        nonlocal done
        for row in islice(rows, most):
            done += 1
            yield row

    with tempfile.TemporaryFile() as file:
        if form == "csv":
            file.writelines(csv_pieces(export.header, as_texts(counted(export.rows()))))
        else:
            xlsx_into(file, export.header, limited(counted(export.rows())))
        return done, file.seek(0, 2)


if __name__ == "__main__":
    main()
