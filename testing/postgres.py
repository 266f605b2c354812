"""One throw-away PostgreSQL for a run of the tests.

The root `conftest.py` starts it while it is imported, before the settings are read:

    import os

    from testing.postgres import start_for_tests

    start_for_tests()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entregent.config.settings")

`DJANGO_SETTINGS_MODULE` must not stand in the configuration of pytest: pytest-django would then read the settings
before any conftest, and the tests would run on the data of the installation. With ENTREGENT_DATABASE_URL the tests use
that server; with ENTREGENT_PG_BIN_DIR other programs, Debian's PostgreSQL 15 for one. The server ends with the process,
however that ends.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings

# Not `entregent.config.environment`: it reads the settings that are about to be made here.
from entregent.config.embedded_postgres import EmbeddedPostgres, FolderLock

PREFIX = "entregent-tests-"
CLAIM = "claim.lock"
_claims: list[FolderLock] = []


def start_for_tests() -> EmbeddedPostgres | None:
    """Start the server, and name it and the other settings of a test run in the environment variables."""
    if settings.configured:
        raise RuntimeError("The settings were read before the server was started: unset DJANGO_SETTINGS_MODULE.")
    os.environ.setdefault("ENTREGENT_SECRET_KEY", "for-tests-only-" * 4)
    data_dir = make_throw_away_dir()
    os.environ["ENTREGENT_DATA_DIR"] = str(data_dir)
    (data_dir / "static").mkdir()
    if os.environ.get("ENTREGENT_DATABASE_URL"):
        return None
    server = EmbeddedPostgres(
        data_dir, os.environ.get("ENTREGENT_PG_BIN_DIR"), durable=False, settings={"shared_buffers": "128MB"}
    )
    server.start()
    os.environ["ENTREGENT_DATABASE_URL"] = server.dsn
    return server


def make_throw_away_dir() -> Path:
    """A data folder that is removed at the end of the process; those of runs that were killed go as well.

    Claimed for the life of the process, before it has the name by which runs beside this one look for left ones.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        is_ours = os.access(left, os.W_OK) and (left / CLAIM).exists()
        if is_ours and not FolderLock(left / CLAIM).is_held_by_somebody:
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}"))
    if os.geteuid() == 0:
        made.chmod(0o711)  # Root's server runs as another user and has to pass through.
    claim = FolderLock(made / CLAIM)
    claim.acquire()
    _claims.append(claim)
    data_dir = made.rename(made.with_name(made.name.removeprefix("new-")))
    # Registered before the server is started, hence run after it has stopped.
    atexit.register(shutil.rmtree, data_dir, ignore_errors=True)
    return data_dir
