"""A kind of job for the tests: writes one row for each number, a few hundred at a time."""

from django.db import connection

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.jobs.registry import job_kind

CHUNK = 250


@job_kind("test.sectors", right=Right.DATA_IMPORT)
def make_sectors(work):
    while True:
        with work.chunk() as chunk:
            first = chunk.cursor.get("next", 1)
            last = min(first + CHUNK - 1, chunk.job.data["rows"])
            if first > last:
                return
            record("make_sectors", by=chunk.member, first=first)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO organizations_sector (organization_id, code, name, level, path, version)"
                    " SELECT %s, 'T' || n, 'Secteur ' || n, '', '', 1 FROM generate_series(%s::int, %s::int) n",
                    [chunk.member.organization_id, first, last],
                )
            chunk.advance(last - first + 1, next=last + 1)


@job_kind("test.fails", right=Right.DATA_IMPORT)
def fail(work):
    with work.chunk() as chunk:
        chunk.advance(1, next=1)
    raise ZeroDivisionError
