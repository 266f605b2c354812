"""The search for duplicates over the whole organization, in this process: how long, and how much memory.

Some of the made-up clients are written a second time, misspelt, with one thing in common: how many of these are found.
"""

import json
import threading
import time

import click
import django
import psutil

from benchmarks import figures, queries
from benchmarks.search import connection_pid, member_of

TWICE = 500
# Written a second time: a letter doubled in the name, the phone or the e-mail the same.
WRITE_TWICE = """
INSERT INTO clients_client (organization_id, number, kind, name, first_name, display_name, sort_key, status, category,
    language, sector_id, sector_reach, emails, phones, identifiers, version)
SELECT organization_id, 'TWIN' || id, kind, name || 'e', first_name, display_name || 'e', sort_key || 'e', 'client', '',
    language, sector_id, sector_reach, emails, phones, '{}', 1
FROM clients_client c
WHERE organization_id = %s AND deleted_at IS NULL AND status <> 'removed' AND phones <> '[]'
  AND number NOT LIKE 'TWIN%%'
ORDER BY hashint8(id) LIMIT %s
"""
FOUND = """
SELECT count(*) FROM clients_client t WHERE t.number LIKE 'TWIN%%' AND EXISTS (
    SELECT 1 FROM clients_duplicatepair p JOIN clients_client o ON o.id = p.first_id
    WHERE p.second_id = t.id AND t.number = 'TWIN' || o.id)
"""


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.db import connection

    from entregent.access.wall import in_organization
    from entregent.clients.actions.duplicates import SCAN
    from entregent.jobs.actions import start_job
    from entregent.jobs.models import Job
    from entregent.jobs.tasks import run_job

    with in_organization(queries.BIG):
        member = member_of(1)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM clients_client WHERE number LIKE 'TWIN%%'")
            cursor.execute(WRITE_TWICE, [queries.BIG, TWICE])
        job = start_job(by=member, kind=SCAN, label="scan", in_background=False)
    watch = _Memory([psutil.Process().pid, connection_pid(connection)])
    began = time.perf_counter()
    run_job(job_id=job.pk, organization_id=queries.BIG)
    seconds = time.perf_counter() - began
    memory = watch.end()
    with in_organization(queries.BIG):
        done = Job.objects.get(pk=job.pk)
        with connection.cursor() as cursor:
            cursor.execute(FOUND)
            found = cursor.fetchone()[0]
    if done.state != Job.State.DONE:
        raise SystemExit(f"the scan ended as {done.state}: {done.error}")
    result = {
        "clients": clients,
        "machine": figures.machine(),
        "seconds": round(seconds, 1),
        "clients_per_second": round(done.done / seconds),
        "pairs": done.result["pairs"],
        "values_left_aside": done.result["common"],
        "written_twice": TWICE,
        "found_of_those": found,
        "peak_memory_mb": memory,
    }
    figures.table(
        f"Search for duplicates among {clients:,} clients (target: 100,000 in 180 s, 500 MB)",
        ["", "seconds", "clients/s", "pairs", "found of 500", "memory MB"],
        [["scan", result["seconds"], result["clients_per_second"], result["pairs"], found, memory]],
    )
    if into:
        with open(into, "w") as file:
            json.dump(result, file, indent=1)


class _Memory:
    """The highest memory of the process and of its database session together, what sessions share left out."""

    def __init__(self, pids: list[int]):
        self._processes = [psutil.Process(pid) for pid in pids]
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            used = sum(one.memory_info().rss - one.memory_info().shared for one in self._processes)
            self._peak = max(self._peak, used)

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return round(self._peak / 1024 / 1024)


if __name__ == "__main__":
    main()
