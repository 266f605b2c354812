"""A real worker process on the database of the tests, to be ended or killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import connection
from psycopg.conninfo import make_conninfo

_PROGRAM = """
import sys, django
django.setup()
for name in sys.argv[3:]:
    __import__(name)
from entregent.jobs.worker import run_worker
run_worker(concurrency=1, heartbeat=float(sys.argv[1]), stalled=float(sys.argv[2]))
"""


def start_worker(*, heartbeat: float = 0.2, stalled: float = 0.8, modules: tuple[str, ...] = (), **environment):
    """Starts it with short signs of life, so that the next one takes over soon. `modules` register job kinds."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(heartbeat), str(stalled), *modules],
        env=os.environ | {"ENTREGENT_DATABASE_URL": test_database_url()} | environment,
    )


def work_with_kills(
    job: Callable[[], Any], *, kills: int, chance: Random, pause: float, seconds: float = 300, steps: int = 0, **options
) -> int:
    """Works `job()` off, killing the worker within `pause` seconds of a first step `kills` times; how often it was.

    With `steps`, as many as the whole work has, each kill comes within `pause` seconds of a random step of its share
    of them: spread over the work however fast it goes, and the last share is left to the worker that ends it. `job`
    reads the job anew. The worker that ends the work is asked to end, and must do so cleanly.
    """
    deadline = time.monotonic() + seconds

    def wait_while(condition: Callable[[], bool]) -> None:
        while condition():
            assert time.monotonic() < deadline, f"the job was not done in {seconds} seconds"
            assert worker.poll() is None, f"the worker ended by itself: {worker.returncode}"
            time.sleep(0.01)

    for kill in range(kills + 1):
        first = job().done + 1
        if kill < kills:
            first = max(first, int(steps * (kill + chance.random()) / (kills + 1)))
        worker = start_worker(**options)
        try:
            if kill < kills:
                wait_while(lambda: (seen := job()).done < first and not seen.is_over)  # noqa: B023
                time.sleep(chance.random() * pause)
            else:
                wait_while(lambda: not job().is_over)
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(timeout=40) == 0
        finally:
            worker.kill()
            worker.wait()
        # A worker that has nothing left to do could be asked to end before it can hear it: none is started for that.
        if job().is_over:
            return kill
    return kills


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_database_url() -> str:
    settings = connection.settings_dict
    parts = {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
    }
    query = "&".join(f"{key}={_quoted(value)}" for key, value in parts.items() if value)
    url = f"postgresql:///{settings['NAME']}?{query}"
    make_conninfo(url)
    return url


test_database_url.__test__ = False  # type: ignore[attr-defined]


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(str(value), safe="")
