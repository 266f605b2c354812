"""A file of 1 GB sent to a real server in pieces of 4 MB, as the page does: how fast, and in how much memory.

The memory of the server's processes is looked at all the while: it must not grow with the file.
"""

import http.client
import json
import os
import threading
import urllib.parse
from pathlib import Path
from time import perf_counter, sleep

import click
import django
import psutil

from benchmarks import figures
from benchmarks.load import CSRF
from benchmarks.pages import SLUG, server, sign_in

PIECE = 4 * 1024 * 1024


@click.command()
@click.option("--clients", required=True, type=int, help="Of the database at hand; it changes nothing here.")
@click.option("--megabytes", default=1024, show_default=True)
@click.option("--into", type=click.Path())
def main(clients: int, megabytes: int, into: str | None) -> None:
    django.setup()
    allow(megabytes)
    session = sign_in()
    from django.db import connections

    connections.close_all()
    with server() as (port, pid):
        result = {"megabytes": megabytes, "machine": figures.machine()} | measure(port, pid, session, megabytes)
    figures.table(
        "Upload in pieces of 4 MB",
        ["MB", "seconds", "MB/s", "last piece, s", "memory before, MB", "most, MB"],
        [[megabytes, result["seconds"], result["megabytes_per_second"], result["last_piece_seconds"],
          result["memory_before_mb"], result["memory_most_mb"]]],
    )  # fmt: skip
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    if result["memory_most_mb"] - result["memory_before_mb"] > 64:
        raise SystemExit("the memory of the server grows with the file")


def allow(megabytes: int) -> None:
    """The organization takes transfers of this size."""
    from entregent.access.wall import in_organization
    from entregent.documents.models import FileSettings
    from entregent.organizations.models import Module, Organization

    organization = Organization.objects.get(slug=SLUG)
    with in_organization(organization.pk):
        organization.modules = sorted({*organization.modules, Module.PORTAL.value, Module.FILE_TRANSFER.value})
        organization.save(update_fields=["modules"])
        FileSettings.objects.update_or_create(organization=organization, defaults={"largest": megabytes})


def measure(port: int, pid: int, session: str, megabytes: int) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {
        "Cookie": f"entregent_session={session}; entregent_csrf={CSRF}",
        "X-CSRFToken": CSRF,
        "Host": f"127.0.0.1:{port}",
        "Accept": "application/json",
    }

    def ask(method: str, path: str, body, kind: str) -> dict:
        connection.request(method, path, body, headers | {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise SystemExit(f"{answer.status} {path}: {text[:300]!r}")
        return json.loads(text)

    def begin(size: int) -> str:
        body = urllib.parse.urlencode({"name": "grand.bin", "size": size})
        return ask("POST", here, body, "application/x-www-form-urlencoded")["token"]

    here = f"/{SLUG}/transferts/envois/"
    size, piece = megabytes * 1024 * 1024, os.urandom(PIECE)
    for _turn in range(8):  # Every worker has done all of it once.
        ask("PUT", f"{here}{begin(PIECE)}/0/", piece, "application/octet-stream")
    watch = _Watch(pid)
    before = watch.now()
    watch.start()
    token, began, last = begin(size), perf_counter(), 0.0
    for offset in range(0, size, PIECE):
        started = perf_counter()
        state = ask("PUT", f"{here}{token}/{offset}/", piece, "application/octet-stream")
        last = perf_counter() - started
    seconds = perf_counter() - began
    watch.stop()
    if not state["kept"]:
        raise SystemExit("the file was not kept")
    return {
        "seconds": round(seconds, 1),
        "megabytes_per_second": round(megabytes / seconds),
        "last_piece_seconds": round(last, 1),
        "memory_before_mb": before,
        "memory_most_mb": watch.most,
    }


class _Watch(threading.Thread):
    """The most resident megabytes of a process with its children."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self._process, self._ends, self.most = psutil.Process(pid), threading.Event(), 0

    def now(self) -> int:
        every = [self._process, *self._process.children(recursive=True)]
        return round(sum(one.memory_info().rss for one in every) / 1024 / 1024)

    def run(self) -> None:
        while not self._ends.is_set():
            self.most = max(self.most, self.now())
            sleep(0.05)

    def stop(self) -> None:
        self._ends.set()
        self.join()


if __name__ == "__main__":
    main()
