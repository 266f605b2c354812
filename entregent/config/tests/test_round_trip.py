"""The organizations of the demo leave whole and come into an empty instance, by the commands of the operator: told
there again, they are the same by the checksums of each table and of each file."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest

from entregent.config.tests.test_backup import MAINTENANCE, dsn, url

HERE, THERE = "round_trip_here", "round_trip_there"
# The first has the ids that it left with; those that come after it are put higher.
SLUGS = ("mecano", "eaux-du-val", "hypo-nord", "courtage-frontiere", "cabinet-roy")


@pytest.fixture
def instance(tmp_path):
    """`run(database, *arguments)`: the command on one of two instances, of which one is empty."""

    def run(database, *arguments):
        environment = os.environ | {
            "ENTREGENT_DATABASE_URL": url(database), "ENTREGENT_DATA_DIR": str(tmp_path / database),
            "ENTREGENT_SECRET_KEY": "for-tests-only-" * 4,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, *arguments] if arguments[0] == "-c" else [_command(), *arguments],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    with psycopg.connect(dsn(MAINTENANCE), autocommit=True) as connection:
        for name in (HERE, THERE):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {HERE} TEMPLATE template0")
        run(HERE, "migrate")
        connection.execute(f"CREATE DATABASE {THERE} TEMPLATE {HERE}")
        yield run
        for name in (HERE, THERE):
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _command() -> Path:
    return Path(sys.executable).parent / "entregent"


def told(archive: Path) -> tuple[dict, dict, dict]:
    """Of an archive: checksums of the tables that come in again, of the files by id, and the settings."""
    with zipfile.ZipFile(archive) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        names = [name for name in opened.namelist() if name.startswith("files/")]
        files = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in names}
        settings = json.loads(opened.read("organization.json"))
        assert manifest["files"]["missing"] == []
    tables = {name: (one["rows"], one["sha256"]) for name, one in manifest["tables"].items() if one["imported"]}
    return tables, files, settings


def worked_out(database: str, slug: str) -> list:
    """What the database works out by itself: how many rows of such tables, and what groups count."""
    of_it = "JOIN organizations_organization o ON o.id = t.organization_id WHERE o.slug = %s"
    with psycopg.connect(dsn(database)) as connection:
        found = [
            connection.execute(f"SELECT count(*) FROM {table} t {of_it}", [slug]).fetchone()
            for table in ("search_entry", "clients_clientsummary", "interactions_publishedentry")
        ]
        counts = f"SELECT t.name, t.member_count, t.program_count FROM groups_clientgroup t {of_it} ORDER BY t.name"
        return found + connection.execute(counts, [slug]).fetchall()


@pytest.mark.long
def test_the_demo_comes_back_equal_by_checksums(instance, tmp_path):
    tell = "import django; django.setup(); from entregent.config.demo_story import tell; assert tell()"
    instance(HERE, "-c", tell)
    for slug in SLUGS:
        left = tmp_path / f"{slug}.zip"
        exported = json.loads(instance(HERE, "export", "everything", str(left), "--organization", slug))
        came = json.loads(instance(THERE, "import", "everything", str(left), "--organization", slug))
        tables, files, settings = told(left)
        assert came["created"] + came["only_read"] == exported["exported"]
        assert (came["created"], came["files"]) == (sum(rows for rows, _digest in tables.values()), len(files))
        # The import itself compares row by row, less what ids were put higher by; here it is told by another export.
        back = tmp_path / f"{slug}-back.zip"
        instance(THERE, "export", "everything", str(back), "--organization", slug)
        again, files_again, settings_again = told(back)
        assert settings_again == settings
        assert {name: rows for name, (rows, _digest) in again.items()} == {
            name: rows for name, (rows, _digest) in tables.items()
        }
        assert sorted(files_again.values()) == sorted(files.values())
        if slug == SLUGS[0]:
            assert again == tables
            assert files_again == files
        assert worked_out(THERE, slug) == worked_out(HERE, slug)
