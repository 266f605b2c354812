"""The command `entregent`: thin; what it does stands in the areas and in the modules beside this one.

The environment and Django are read inside the commands: `demo` first sets what it implies, and a database of our own
must run before the settings are made.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from entregent.config import embedded_postgres
from entregent.config.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, FolderLock
from entregent.config.supervisor import Part, Supervisor, SupervisorError, answers, is_port_free
from entregent.config.terminal import spoken

if TYPE_CHECKING:
    from entregent.config.environment import Environment

KINDS = (
    "sectors",
    "topics",
    "clients",
    "people",
    "addresses",
    "contracts",
    "business-objects",
    "interactions",
    "business-accounts",
    "relationships",
    "groups",
    "loan-applications",
)
# The whole organization in one archive, and back.
EVERYTHING = "everything"


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    help=spoken(
        "Entregent, une gestion de la relation client libre.",
        "Entregent, an open-source customer relationship manager.",
    ),
)
@click.version_option(package_name="entregent")
def main() -> None:
    pass


# Running


@main.command(help=spoken("La démonstration complète, sur cette machine.", "The whole demo, on this machine."))
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
def demo(port: int) -> None:
    os.environ["ENTREGENT_DEMO"] = "true"
    os.environ.setdefault("ENTREGENT_PUBLIC_URL", f"http://127.0.0.1:{port}")
    environment = _environment()
    with _sentences():
        data_dir = environment.made_data_dir()
        instance = FolderLock(data_dir / "instance.lock")
        instance.acquire()
        _refuse_a_taken_port(port)
        database = EmbeddedPostgres(data_dir, environment.pg_bin_dir) if environment.is_embedded else None
        supervisor = Supervisor([_web(environment, port), _worker()], database=database)
        supervisor.end_on_signals()
        try:
            if database is not None:
                _say("PostgreSQL démarre…", "PostgreSQL is starting…")
                database.start()
            if not supervisor.is_ending:
                _say("La base de données est mise à jour…", "The database is being brought up to date…")
                _set_up()
                _migrate()
                _collect_static(data_dir)
            if not supervisor.is_ending:
                from entregent.config.demo_story import PORTAL_SIGN_INS, SIGN_INS, tell

                _say("L'histoire de démonstration est racontée…", "The demo story is being told…")
                tell()
                _close_connections()
            if not supervisor.is_ending:
                supervisor.start()
            if supervisor.wait_until_ready(lambda: _is_ready(environment, port)):
                _welcome(environment, SIGN_INS, PORTAL_SIGN_INS)
                supervisor.run()
            _say("\nArrêt…", "\nStopping…")
        finally:
            supervisor.stop()
            instance.release()
        _say("Tout est arrêté ; les données sont gardées.", "Everything has stopped; the data are kept.")


@main.command(help=spoken("Le serveur web seul.", "The web server alone."))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
def serve(host: str, port: int) -> None:
    environment = _environment()
    with _sentences(), _database():
        _refuse_a_taken_port(port, host)
        _set_up()
        _collect_static(environment.made_data_dir())
        _close_connections()
        supervisor = Supervisor([_web(environment, port, host)])
        supervisor.end_on_signals()
        try:
            supervisor.start()
            supervisor.run()
        finally:
            supervisor.stop()


@main.command(help=spoken("Les travaux de fond seuls.", "The background worker alone."))
@click.option("--concurrency", type=click.IntRange(1, 32), default=2, show_default=True)
def worker(concurrency: int) -> None:
    _environment()
    with _sentences(), _database():
        _set_up()
        from entregent.inbound.receiving import receiving
        from entregent.jobs.worker import run_worker

        with receiving():
            run_worker(concurrency=concurrency)


@main.command(help=spoken("Met la base de données à jour.", "Brings the database up to date."))
def migrate() -> None:
    _environment()
    with _sentences(), _database():
        _set_up()
        _migrate(verbosity=1)


@main.command(help=spoken("Vérifie l'installation.", "Checks the installation."))
@click.option("--json", "as_json", is_flag=True, help=spoken("En JSON.", "As JSON."))
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True)
def doctor(as_json: bool, port: int) -> None:
    from entregent.config.doctor import examine

    findings = examine(port=port)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(finding.as_text())
    sys.exit(0 if all(finding.is_well for finding in findings) else 1)


# Accounts


@main.group(help=spoken("Les comptes.", "Accounts."))
def user() -> None:
    pass


@user.command("create", help=spoken("Le premier compte d'une organisation.", "The first account of an organization."))
@click.option("--organization", required=True, metavar="SLUG")
@click.option(
    "--organization-name", help=spoken("Crée l'organisation sous ce nom.", "Creates the organization by that name.")
)
@click.option(
    "--trade",
    type=click.Choice(["mortgage", "water", "customs", "manufacturer", "accounting"]),
    default="accounting",
    show_default=True,
    help=spoken("Métier d'une organisation créée.", "Trade of an organization created."),
)
@click.option("--email", required=True)
@click.option(
    "--name", help=spoken("Nom de la personne ; sinon tiré du courriel.", "Name; else taken from the e-mail.")
)
@click.option("--role", type=click.Choice(["admin", "manager", "editor", "reader"]), default="admin", show_default=True)
@click.option("--password", envvar="ENTREGENT_PASSWORD", help=spoken("Demandé si absent.", "Asked for if absent."))
def user_create(
    organization: str,
    organization_name: str | None,
    trade: str,
    email: str,
    name: str | None,
    role: str,
    password: str | None,
) -> None:
    _environment()
    if password is None:
        password = click.prompt(
            spoken("Mot de passe", "Password"), hide_input=True, confirmation_prompt=spoken("Encore", "Again")
        )
    with _sentences(), _database():
        _set_up()
        from django.contrib.auth.password_validation import validate_password
        from django.db import transaction

        from entregent.organizations.actions import create_first_user, create_organization
        from entregent.organizations.models import Organization

        validate_password(password)
        with transaction.atomic():
            if organization_name and not Organization.objects.filter(slug=organization).exists():
                create_organization(slug=organization, name=organization_name, trade=trade)
            create_first_user(
                organization=_organization(organization),
                email=email,
                name=name or re.sub(r"[._-]+", " ", email.partition("@")[0]).title(),
                role=role,
                password=password,
            )
    _say(f"Le compte {email} est créé.", f"The account {email} is created.")


@main.group(help=spoken("Les jetons de l'API.", "API tokens."))
def token() -> None:
    pass


@token.command("create", help=spoken("Crée un jeton, montré une fois.", "Creates a token, printed once."))
@click.option("--organization", required=True, metavar="SLUG")
@click.option("--email", required=True)
@click.option("--name", default="entregent token create", show_default=True)
@click.option(
    "--scope", "scopes", multiple=True, metavar="clients:read",
    help=spoken("Ce que le jeton permet ; sinon tout ce que le membre peut faire.",
                "What the token is for; else all that the member may do."),
)  # fmt: skip
@click.option(
    "--days", type=click.IntRange(1, 3650),
    help=spoken("Valable tant de jours.", "Holds for so many days."),
)  # fmt: skip
def token_create(organization: str, email: str, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    _environment()
    with _sentences(), _database():
        _set_up()
        from entregent.access.wall import in_organization
        from entregent.organizations.actions import create_api_token
        from entregent.organizations.models import Membership

        found = _organization(organization)
        with in_organization(found.pk):
            member = Membership.objects.active().filter(organization=found, user__email__iexact=email.strip()).first()
            if member is None:
                _fail(
                    spoken(f"{email} n'est pas membre de {organization}.", f"{email} is no member of {organization}.")
                )
            expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
            _token, key = create_api_token(member=member, name=name, scopes=scopes, expires_at=expires_at)
    click.echo(key)


# Data


@main.command("import", help=spoken("Importe un fichier CSV ou XLSX.", "Imports a CSV or XLSX file."))
@click.argument("kind", type=click.Choice((*KINDS, EVERYTHING)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--organization", required=True, metavar="SLUG")
@click.option("--mapping", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="M.yaml")
@click.option(
    "--email", help=spoken("Au nom de qui ; sinon un administrateur.", "On whose behalf; else an administrator.")
)
@click.option("--dry-run", is_flag=True, help=spoken("Dit ce qui serait fait.", "Tells what would be done."))
def import_(kind: str, file: Path, organization: str, mapping: Path | None, email: str | None, dry_run: bool) -> None:
    _environment()
    with _sentences(), _database():
        _set_up()
        from entregent.exchange.command import run_arrival, run_import

        with _progress() as progress:
            if kind == EVERYTHING:
                summary = run_arrival(path=file, organization=organization, progress=progress)
            else:
                summary = run_import(
                    kind=kind,
                    path=file,
                    organization=organization,
                    mapping=mapping,
                    email=email,
                    dry_run=dry_run,
                    progress=progress,
                )
    click.echo(json.dumps(summary, ensure_ascii=False))


@main.command(help=spoken("Exporte en CSV ou en XLSX.", "Exports as CSV or XLSX."))
@click.argument("kind", type=click.Choice((*KINDS, EVERYTHING)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--organization", required=True, metavar="SLUG")
@click.option(
    "--email", help=spoken("Au nom de qui ; sinon un administrateur.", "On whose behalf; else an administrator.")
)
def export(kind: str, file: Path, organization: str, email: str | None) -> None:
    _environment()
    with _sentences(), _database():
        _set_up()
        from entregent.exchange.command import run_departure, run_export

        with _progress() as progress:
            if kind == EVERYTHING:
                summary = run_departure(path=file, organization=organization, email=email, progress=progress)
            else:
                summary = run_export(kind=kind, path=file, organization=organization, email=email, progress=progress)
    click.echo(json.dumps(summary, ensure_ascii=False))


@main.command(help=spoken("Sauvegarde la base et les fichiers.", "Backs up the database and the files."))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    environment = _environment()
    with _sentences(), _database():
        from entregent.config.backup import back_up

        summary = back_up(environment, file)
    click.echo(json.dumps(summary, ensure_ascii=False))


@main.command(help=spoken("Restaure dans une instance vide.", "Restores into an empty instance."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    environment = _environment()
    with _sentences(), _database():
        from entregent.config.backup import put_back

        summary = put_back(environment, file)
    click.echo(json.dumps(summary, ensure_ascii=False))


# What the commands share


def _environment() -> "Environment":
    from entregent.config.environment import environment

    return environment


def _set_up() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entregent.config.settings")
    django.setup()


@contextlib.contextmanager
def _database() -> Iterator[None]:
    """The embedded server while the command runs, unless one runs already or another database is named."""
    environment = _environment()
    if not environment.is_embedded:
        yield
        return
    # A command that is asked to end leaves by the way of an exception, past the end of the server.
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with embedded_postgres.available(environment.made_data_dir(), environment.pg_bin_dir):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """What a person can mend is told in one sentence, with exit code 1; everything else keeps its traceback."""
    try:
        yield
    except (EmbeddedPostgresError, SupervisorError) as error:
        _fail(str(error))
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        _fail(told)


def _told(error: Exception) -> str | None:
    import psycopg
    from django.core.exceptions import ValidationError
    from django.db import OperationalError

    from entregent.config.backup import BackupError
    from entregent.toolbox.errors import Refusal, Refusals

    if isinstance(error, Refusals):
        return " ".join(str(refusal.message) for refusal in error.refusals)
    if isinstance(error, Refusal):
        return str(error.message)
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, BackupError):
        return str(error)
    if isinstance(error, (OperationalError, psycopg.OperationalError)):
        first = str(error).strip().splitlines()[0]
        return spoken(f"La base de données ne répond pas : {first}", f"The database does not answer: {first}")
    return None


def _organization(slug: str) -> Any:
    from entregent.organizations.models import Organization

    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True)) or "–"
        _fail(
            spoken(
                f"L'organisation « {slug} » n'existe pas (connues : {known}) ; « entregent user create "
                "--organization-name NOM » en crée une.",
                f"There is no organization “{slug}” (known: {known}); “entregent user create --organization-name NAME” "
                "creates one.",
            )
        )
    return found


def _fail(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)


def _say(french: str, english: str) -> None:
    click.echo(spoken(french, english), err=True)


def _refuse_a_taken_port(port: int, host: str = "127.0.0.1") -> None:
    if not is_port_free(port, host):
        raise SupervisorError(
            spoken(
                f"Le port {port} est déjà pris : choisissez-en un autre, par exemple PORT={port + 1}.",
                f"Port {port} is already taken: choose another one, for instance PORT={port + 1}.",
            )
        )


def _web(environment: "Environment", port: int, host: str = "127.0.0.1") -> Part:
    metrics = environment.made_data_dir() / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    command += ["--workers", str(environment.workers), "--blocking-threads", "4", "--log-level", "warning"]
    command += ["--respawn-failed-workers", "--workers-kill-timeout", "10", "entregent.config.wsgi:application"]
    return Part(
        spoken("serveur web", "web server"),
        command,
        # The processes of the web server add their figures up in files.
        {"PROMETHEUS_MULTIPROC_DIR": str(metrics), "DJANGO_SETTINGS_MODULE": "entregent.config.settings"},
    )


def _worker() -> Part:
    return Part(spoken("travaux de fond", "worker"), [sys.executable, "-m", "entregent.config.cli", "worker"])


def _is_ready(environment: "Environment", port: int) -> bool:
    return all(answers(port, path, named=environment.public_host) for path in ("/healthz", "/readyz"))


def _migrate(verbosity: int = 0) -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=verbosity)


def _collect_static(data_dir: Path) -> None:
    """Gather styles, scripts and pictures once for each version of them: compressing takes seconds."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    sources = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = os.stat(storage.path(name))
            sources.append(f"{name} {found.st_size} {found.st_mtime_ns}")
    mark = embedded_postgres.key_of(*sorted(sources), settings.STORAGES["staticfiles"]["BACKEND"])
    stamp = data_dir / "static.stamp"
    if stamp.exists() and stamp.read_text() == mark and Path(settings.STATIC_ROOT).is_dir():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(mark)


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int | None], None]]:
    """A bar on the error stream, so that the last line of the output is the summary alone."""
    with click.progressbar(length=1, file=sys.stderr, show_pos=True) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.length = max(total or done, 1)
            bar.finished = False  # A check is followed by the import itself, from the start again.
            bar.update(done - bar.pos)

        yield progress


def _welcome(
    environment: "Environment", sign_ins: list[tuple[str, str, str]], portal: list[tuple[str, str, str]]
) -> None:
    lines = [f"    {email:<36}{name}" for email, name, _remark in sign_ins]
    lines.append(
        f"    {'admin@SLUG.example':<36}" + spoken("administre l'organisation", "administers the organization")
    )
    signs = "\n".join(lines)
    doors = "\n".join(f"    {email:<36}{name} ({remark})" for email, name, remark in portal)
    url = environment.public_url
    _say(
        f"\nEntregent est prêt : {environment.public_url}/\n\n  Connexions de démonstration (mot de passe : "
        f"demonstration)\n{signs}\n\n  Portail des clients : {url}/portail/\n{doors}\n\n"
        f"  Courriels qui seraient partis : {url}/demo/courriels/\n\n  Ctrl-C arrête tout ; "
        f"les données sont gardées dans {environment.data_dir}.\n",
        f"\nEntregent is ready: {environment.public_url}/\n\n  Demo sign-ins (password: demonstration)\n{signs}\n\n"
        f"  Client portal: {url}/portail/\n{doors}\n\n  Mails that would have left: {url}/demo/courriels/\n\n"
        f"  Ctrl-C stops everything; the data are kept in {environment.data_dir}.\n",
    )


if __name__ == "__main__":
    main()
