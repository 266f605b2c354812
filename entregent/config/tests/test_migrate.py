"""`entregent migrate` on a server of one's own: with one login for all, or another one for the owner."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from entregent.access.wall import APP_ROLE, PORTAL_ROLE
from entregent.config.tests.test_backup import MAINTENANCE, dsn, url

OWNER, WEB, NAME = "migrate_owner", "migrate_web", "migrate_logins"


def _drop(connection):
    connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    for login in (WEB, OWNER):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone():
            connection.execute(f"DROP OWNED BY {login} CASCADE")
            connection.execute(f"DROP ROLE {login}")


@pytest.fixture
def server():
    """The logins of docs/how-to/mise-en-service.md and an empty database of the owner's."""
    with psycopg.connect(dsn(MAINTENANCE), autocommit=True) as connection:
        _drop(connection)
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD 'owner'")
        connection.execute(f"CREATE ROLE {WEB} LOGIN PASSWORD 'web'")
        for role in (APP_ROLE, PORTAL_ROLE):
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                # Roles belong to the server: whoever made one may give it, the owner of another database may not.
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(sql.Identifier(role), sql.Identifier(OWNER))
                )
        connection.execute(f"CREATE DATABASE {NAME} OWNER {OWNER} TEMPLATE template0")
        yield connection
        _drop(connection)


def _as(login, password):
    parts = urlsplit(url(NAME))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{password}@{host}"))


@pytest.mark.parametrize("with_two_logins", [True, False], ids=["two logins", "one login"])
def test_migrate_ends_well_and_lets_the_login_of_web_and_worker_in(server, tmp_path, with_two_logins):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ENTREGENT_")} | {
        "ENTREGENT_DATABASE_URL": _as(WEB, "web") if with_two_logins else _as(OWNER, "owner"),
        "ENTREGENT_DATA_DIR": str(tmp_path),
        "ENTREGENT_SECRET_KEY": "for-tests-only-" * 4,
    }
    if with_two_logins:
        environment["ENTREGENT_DATABASE_OWNER_URL"] = _as(OWNER, "owner")

    done = subprocess.run(
        [Path(sys.executable).parent / "entregent", "migrate"], env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    with psycopg.connect(environment["ENTREGENT_DATABASE_URL"]) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))
        assert connection.execute("SELECT count(*) FROM clients_client").fetchone() == (0,)
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(PORTAL_ROLE)))
        assert connection.execute("SELECT count(*) FROM interactions_publishedentry").fetchone() == (0,)
