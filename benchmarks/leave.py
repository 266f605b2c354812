"""A whole organization out into one archive: how fast, and in how much memory, which must not grow with its size."""

import json
import os
import tempfile
import threading
from pathlib import Path
from time import perf_counter, sleep

import click
import django
import psutil

from benchmarks import figures
from benchmarks.queries import BIG

# What the process may grow by while it writes, in MB, whatever the number of clients.
MOST_GROWTH = 96


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from entregent.exchange.leaving import snapshot, write_archive

    memory = Memory()
    with tempfile.TemporaryFile() as file, memory:
        begun = perf_counter()
        with snapshot(BIG):
            manifest = write_archive(file, BIG)
        seconds = perf_counter() - begun
        size = file.tell()
    rows = sum(told["rows"] for told in manifest["tables"].values())
    result = {
        "clients": clients, "machine": figures.machine(), "rows": rows, "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds), "archive_mb": round(size / 1e6, 1),
        "memory_before_mb": memory.before, "memory_most_mb": memory.most,
    }  # fmt: skip
    figures.table(
        f"Leave with everything, {clients:,} clients",
        ["rows", "seconds", "rows/s", "archive, MB", "memory before, MB", "most, MB"],
        [[rows, result["seconds"], result["rows_per_second"], result["archive_mb"], memory.before, memory.most]],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    if memory.most - memory.before > MOST_GROWTH:
        raise SystemExit("the memory grows with the organization")


class Memory:
    """The memory of this process, looked at ten times a second."""

    def __init__(self):
        self.process = psutil.Process(os.getpid())
        self.before = self.most = self._now()
        self.over = threading.Event()

    def __enter__(self):
        self.before = self.most = self._now()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.over.set()

    def _watch(self):
        while not self.over.is_set():
            self.most = max(self.most, self._now())
            sleep(0.1)

    def _now(self) -> int:
        return round(self.process.memory_info().rss / 1e6)


if __name__ == "__main__":
    main()
