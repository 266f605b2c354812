"""An archive of `leaving` put back: a new organization of this instance, equal to the one that left, or nothing at all.

Ids are kept where the instance has none yet; else all of them are put higher by the same number, so that whatever names
them still does. Everything is one transaction, and at its end the rows are told again and compared by their checksums.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import Any, cast

from django.core.files.base import File
from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.documents.files import storage
from entregent.exchange.leaving import FORMAT, VERSION
from entregent.exchange.whole import ORGANIZATION, Table, lines, tables
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal

CHUNK = 1000
MOST_JSON = 64 * 1024 * 1024
# Room for what others of the instance write meanwhile.
ROOM = 10_000
Progress = Callable[[int, int | None], None]


def bring_in(path: Path, slug: str, progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Makes the organization `slug` of the archive at `path`. Refuses an archive that is damaged or not ours, and a
    slug that is taken. Gives the summary: rows and files brought in, and what was only to be read."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as broken:
        raise _wrong(_("Ce fichier n’est pas une archive complète d’Entregent.")) from broken
    with archive:
        manifest = _manifest(archive)
        if Organization.objects.filter(slug=slug).exists():
            message = _("L’organisation « %(slug)s » existe déjà : une archive n’entre que dans une organisation vide.")
            raise Refusal("E-WHOLE-TAKEN", message % {"slug": slug})
        known = {table.name: table for table in tables()}
        coming = [name for name, told in manifest["tables"].items() if told["imported"] and told["rows"]]
        strange = sorted(name for name in coming if name not in known or known[name].is_read_only)
        if strange:
            message = _("L’archive vient d’une autre version : la table %(name)s est inconnue.")
            raise _wrong(message % {"name": strange[0]})
        ordered = [table for table in known.values() if table.name in coming]
        total = sum(manifest["tables"][table.name]["rows"] for table in ordered)
        with transaction.atomic():
            return _all_of_it(archive, manifest, slug, ordered, lambda done: progress(done, total))


def _all_of_it(archive, manifest, slug: str, ordered: list[Table], progress: Callable[[int], None]) -> dict[str, Any]:
    organization = _organization(archive, slug)
    with in_organization(organization.pk):
        record("arrive", organization_id=organization.pk, subject=organization, source=manifest["organization"])
        shift = _reserved(ordered, manifest)
        _people(archive)
        _accounts(archive)
        files = _files(archive, organization.pk, shift, manifest)
        done = 0
        for table in ordered:
            for rows in _chunks(_lines(archive, f"tables/{table.name}.jsonl")):
                with connection.cursor() as cursor:
                    cursor.execute(table.insert(organization.pk, shift), [f"[{','.join(rows)}]"])
                done += len(rows)
                progress(done)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _compare(ordered, manifest, organization.pk, shift)
    only_read = sum(told["rows"] for told in manifest["tables"].values() if not told["imported"])
    return {"organization": slug, "created": done, "files": files, "only_read": only_read, "tables": len(ordered)}


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """Looked at before anything is done: our format, and each part as it left."""
    try:
        manifest = json.loads(_small(archive, "manifest.json"))
        if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
            raise ValueError
        names = set(archive.namelist())
        for name, expected in manifest["members"].items():
            if name not in names or _digest(archive, name) != expected:
                raise _wrong(_("Une partie de l’archive manque ou a été changée : %(name)s.") % {"name": name})
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, OSError) as broken:
        raise _wrong(_("Ce fichier n’est pas une archive complète d’Entregent.")) from broken
    return manifest


def _organization(archive: zipfile.ZipFile, slug: str) -> Organization:
    """The organization with its settings, and nothing of what a new one starts with."""
    settings = _small(archive, "organization.json")
    name = json.loads(settings)["name"]
    made = Organization.objects.create(slug=slug, name=name, trade=json.loads(settings)["trade"])
    with in_organization(made.pk), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "UPDATE organizations_organization o SET {} FROM jsonb_populate_record("
                "NULL::organizations_organization, %s::jsonb) p WHERE o.id = %s"
            ).format(
                sql.SQL(", ").join(
                    sql.SQL("{0} = p.{0}").format(sql.Identifier(column))
                    for column in ORGANIZATION if column in json.loads(settings)
                )
            ),
            [settings, made.pk],
        )  # fmt: skip
    made.refresh_from_db()
    return made


def _reserved(ordered: list[Table], manifest) -> int:
    """By how much ids are put higher: 0 where none was ever given. Nobody else gets a number that comes now."""
    last, sequences = 0, {}
    with connection.cursor() as cursor:
        for table in ordered:
            if not table.has_id:
                continue
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table.name])
            (sequences[table.name],) = cursor.fetchone()
            cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(_sequence(sequences[table.name])))
            value, is_called = cursor.fetchone()
            last = max(last, value if is_called else 0)
        shift = last + ROOM if last else 0
        for name, sequence in sequences.items():
            cursor.execute(
                sql.SQL("SELECT count(nextval(%s)) FROM generate_series((SELECT last_value FROM {}), %s)").format(
                    _sequence(sequence)
                ),
                [sequence, shift + manifest["tables"][name]["last_id"]],
            )
    return shift


def _sequence(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _people(archive: zipfile.ZipFile) -> None:
    """Those without an account here get one without a password: an administrator invites them."""
    for rows in _chunks(_lines(archive, "users.jsonl")):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO organizations_user (email, name, language, password, theme, single_key_shortcuts, is_active,
                    date_joined)
                SELECT j ->> 'email', j ->> 'name', j ->> 'language', '!', 'system', true, true, now()
                FROM jsonb_array_elements(%s::jsonb) j
                WHERE NOT EXISTS (SELECT 1 FROM organizations_user u WHERE u.email = j ->> 'email')
                """,
                [f"[{','.join(rows)}]"],
            )


def _accounts(archive: zipfile.ZipFile) -> None:
    for rows in _chunks(_lines(archive, "accounts.jsonl")):
        given = f"[{','.join(rows)}]"
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO relationships_businessaccount (number, name, postal_code, city, country, version)
                SELECT j ->> 'number', j ->> 'name', j ->> 'postal_code', j ->> 'city', j ->> 'country', 1
                FROM jsonb_array_elements(%s::jsonb) j WHERE NOT EXISTS
                    (SELECT 1 FROM relationships_businessaccount a WHERE a.number = j ->> 'number')
                """,
                [given],
            )
            cursor.execute(
                """
                INSERT INTO relationships_programaccount (account_id, number, label)
                SELECT a.id, p ->> 'number', p ->> 'label' FROM jsonb_array_elements(%s::jsonb) j
                JOIN relationships_businessaccount a ON a.number = j ->> 'number'
                CROSS JOIN LATERAL jsonb_array_elements(j -> 'programs') p
                WHERE NOT EXISTS (SELECT 1 FROM relationships_programaccount x WHERE x.number = p ->> 'number')
                """,
                [given],
            )


def _files(archive: zipfile.ZipFile, organization_id: int, shift: int, manifest) -> int:
    """The contents, before the rows that promise them; each as its row says. What fails here is swept at night."""
    if "documents_storedfile" not in manifest["tables"]:
        return 0
    names, count = set(archive.namelist()), 0
    missing = set(manifest["files"]["missing"])
    for line in _lines(archive, "tables/documents_storedfile.jsonl"):
        row = json.loads(line)
        if row["removed_at"] is not None or row["id"] in missing:
            continue
        name = f"files/{row['id']}"
        if name not in names or _digest(archive, name) != row["sha256"]:
            raise _wrong(_("Une partie de l’archive manque ou a été changée : %(name)s.") % {"name": name})
        with archive.open(name) as content:
            key = f"documents/{organization_id}/{row['id'] + shift}"
            storage().delete(key)
            storage().save(key, File(content, name=key))
        count += 1
    return count


def _compare(ordered: list[Table], manifest, organization_id: int, shift: int) -> None:
    """What stands here now is told as it was told there: the same checksums, or nothing of it stays."""
    for table in ordered:
        digest = hashlib.sha256()
        for line in lines(table, organization_id, shift):
            digest.update(line.encode() + b"\n")
        if digest.hexdigest() != manifest["tables"][table.name]["sha256"]:
            message = _("Après l’entrée, la table %(name)s n’est pas celle de l’archive : rien n’a été gardé.")
            raise _wrong(message % {"name": table.name})


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    with archive.open(name) as member:
        for line in member:
            yield line.decode().rstrip("\n")


def _chunks(rows: Iterator[str]) -> Iterator[list[str]]:
    while found := list(islice(rows, CHUNK)):
        yield found


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return hashlib.file_digest(cast(BufferedIOBase, member), "sha256").hexdigest()


def _small(archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > MOST_JSON:
        raise ValueError(name)
    return archive.read(name).decode()


def _wrong(message) -> Refusal:
    return Refusal("E-WHOLE-ARCHIVE", message, field="file")
