"""A real worker process on the database of the tests, to be ended or killed."""

import os
import subprocess
import sys

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
