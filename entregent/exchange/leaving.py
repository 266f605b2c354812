"""Leave with everything: a whole organization in one archive of open formats. Row by row, whatever the size.

`manifest.json` (what is in it, with checksums), `schema.json` (what it means), `LISEZMOI.txt`, `organization.json`,
`users.jsonl`, `accounts.jsonl`, `tables/<table>.jsonl`, `csv/<list>.csv` for spreadsheets, `files/<id>` with the
content of each row of `documents_storedfile`.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql

from entregent import __version__
from entregent.access.wall import enter
from entregent.documents.files import PIECE, storage
from entregent.documents.models import StoredFile
from entregent.exchange.whole import ORGANIZATION, Table, lines, tables
from entregent.organizations.models import Organization
from entregent.toolbox.spreadsheets import csv_pieces

FORMAT, VERSION = "entregent-organization", 1
CSV_PAGE = 5000
Progress = Callable[[int], None]

# For spreadsheets: name of the file, columns, and what to select for them; `t` is the list's own table.
CSV_FILES: dict[str, tuple[list[str], str]] = {
    "clients": (
        ["number", "kind", "name", "first_name", "status", "category", "language", "birth_date", "responsible",
         "sector", "emails", "phones", "identifiers", "tags", "custom", "street", "unit", "postal_code", "city",
         "region", "country", "created_at", "deleted_at"],
        """t.number, t.kind, t.name, t.first_name, t.status, t.category, t.language, t.birth_date, u.email,
           s.code, t.emails, t.phones, t.identifiers, t.tags, t.custom, a.street, a.unit, a.postal_code, a.city,
           a.region, a.country, t.created_at, t.deleted_at
           FROM clients_client t LEFT JOIN organizations_user u ON u.id = t.responsible_id
           LEFT JOIN organizations_sector s ON s.id = t.sector_id
           LEFT JOIN LATERAL (SELECT * FROM clients_address x WHERE x.client_id = t.id AND x.kind = 'main'
                              ORDER BY x.id LIMIT 1) a ON true""",
    ),
    "people": (
        ["id", "first_name", "last_name", "title", "company", "language", "birth_date", "emails", "phones", "clients",
         "created_at", "deleted_at"],
        """t.id, t.first_name, t.last_name, t.title, t.company, t.language, t.birth_date, t.emails, t.phones,
           (SELECT string_agg(c.number, ' ' ORDER BY c.id) FROM clients_clientperson l
            JOIN clients_client c ON c.id = l.client_id WHERE l.person_id = t.id), t.created_at, t.deleted_at
           FROM clients_person t""",
    ),
    "business-objects": (
        ["type", "key", "label", "client", "contract", "state", "dated_on", "due_on", "amount", "currency",
         "source_system", "attributes", "deleted_at"],
        """y.code, t.key, t.label, c.number, k.key, t.state, t.dated_on, t.due_on, t.amount, t.currency,
           t.source_system, t.attributes, t.deleted_at
           FROM clients_businessobject t JOIN clients_businessobjecttype y ON y.id = t.type_id
           JOIN clients_client c ON c.id = t.client_id LEFT JOIN clients_businessobject k ON k.id = t.contract_id""",
    ),
    "interactions": (
        ["number", "client", "topic", "channel", "direction", "subject", "occurred_at", "status", "priority", "due_on",
         "follow_up_on", "contact_name", "reference", "entries", "deleted_at"],
        """t.number, c.number, o.code, t.channel, t.direction, t.subject, t.occurred_at, t.status, t.priority,
           t.due_on, t.follow_up_on, t.contact_name, t.reference,
           (SELECT string_agg(e.notes, E'\\n\\n' ORDER BY e.seq) FROM interactions_interactionentry e
            WHERE e.interaction_id = t.id), t.deleted_at
           FROM interactions_interaction t JOIN interactions_topic o ON o.id = t.topic_id
           LEFT JOIN clients_client c ON c.id = t.client_id""",
    ),
    "cases": (
        ["number", "client", "type", "title", "state", "sub_status", "priority", "opened_at", "due_on", "closed_at",
         "closing_reason", "responsible", "external_number", "is_confidential", "deleted_at"],
        """t.number, c.number, y.path, t.title, t.state, t.sub_status, t.priority, t.opened_at, t.due_on,
           t.closed_at, t.closing_reason, u.email, t.external_ref, t.is_confidential, t.deleted_at
           FROM cases_case t JOIN clients_client c ON c.id = t.client_id JOIN cases_casetype y ON y.id = t.case_type_id
           LEFT JOIN organizations_user u ON u.id = t.responsible_id""",
    ),
}  # fmt: skip

README = """Entregent : toutes les données de l'organisation « {name} » — all data of the organization “{name}”

FRANÇAIS
manifest.json      ce que contient l'archive, avec le nombre de lignes et l'empreinte SHA-256 de chaque fichier
schema.json        ce que veut dire chaque table et chaque colonne, et à quoi elle renvoie
organization.json  les réglages ; users.jsonl : les personnes ayant un compte (sans mot de passe) ; accounts.jsonl : les
                   comptes d'entreprise cités
tables/*.jsonl     une ligne JSON par enregistrement, UTF-8 ; les heures sont en UTC, les montants exacts
csv/*.csv          les listes principales pour un tableur (UTF-8, point-virgule)
files/<id>         le contenu des fichiers ; nom, type et empreinte : tables/documents_storedfile.jsonl
Pour la reprendre dans une autre instance : entregent import everything ARCHIVE.zip --organization NOM-COURT

ENGLISH
manifest.json      what the archive holds, with the number of rows and the SHA-256 checksum of each file
schema.json        what each table and column means, and what it refers to
organization.json  the settings; users.jsonl: people with an account (without password); accounts.jsonl: the business
                   accounts that are named
tables/*.jsonl     one line of JSON a record, UTF-8; times are UTC, amounts exact
csv/*.csv          the main lists for a spreadsheet (UTF-8, semicolons)
files/<id>         the content of files; name, type and checksum: tables/documents_storedfile.jsonl
To bring it into another instance: entregent import everything ARCHIVE.zip --organization SLUG
"""


@contextmanager
def snapshot(organization_id: int, user_id: int | None = None) -> Iterator[None]:
    """One moment for all tables, however long it takes to read them. Within a transaction at hand: that one's."""
    if connection.in_atomic_block:
        enter(organization_id, user_id=user_id)
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        enter(organization_id, user_id=user_id)
        yield


def write_archive(file: BinaryIO, organization_id: int, progress: Progress = lambda done: None) -> dict[str, Any]:
    """Writes the archive; call it within `snapshot`. `progress` is told how many rows are written, and may raise.
    Gives the manifest."""
    organization = Organization.objects.get(pk=organization_id)
    kept = tables()
    manifest: dict[str, Any] = {
        "format": FORMAT, "version": VERSION, "product": __version__, "organization": organization.slug,
        "name": organization.name, "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": {}, "members": {}, "files": {"count": 0, "bytes": 0, "missing": []},
    }  # fmt: skip
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=5, allowZip64=True) as archive:
        members = _Members(archive, manifest["members"], progress)
        members.text("LISEZMOI.txt", README.format(name=organization.name))
        members.text("schema.json", _json({table.name: table.described() for table in kept}))
        members.text("organization.json", _json(_settings(organization_id)))
        members.write("users.jsonl", _shared_lines(_USERS, organization_id))
        members.write("accounts.jsonl", _shared_lines(_ACCOUNTS, organization_id))
        for table in kept:
            rows, digest = members.write(f"tables/{table.name}.jsonl", lines(table, organization_id))
            manifest["tables"][table.name] = {
                "rows": rows, "sha256": digest, "imported": not table.is_read_only,
                "last_id": _last_id(table, organization_id),
            }  # fmt: skip
        for name, (header, statement) in CSV_FILES.items():
            members.pieces(f"csv/{name}.csv", csv_pieces(header, _csv_rows(statement, organization_id)))
        _write_files(archive, organization_id, manifest["files"], members)
        archive.writestr("manifest.json", _json(manifest))
    return manifest


class _Members:
    """Members of the archive, written as they come, with their checksums."""

    def __init__(self, archive: zipfile.ZipFile, told: dict[str, str], progress: Progress):
        self.archive, self.told, self.progress, self.done = archive, told, progress, 0

    def write(self, name: str, rows: Iterable[str]) -> tuple[int, str]:
        """Lines; gives their number and the checksum."""
        digest, count, waiting, size = hashlib.sha256(), 0, [], 0
        with self.archive.open(name, "w", force_zip64=True) as member:
            for row in rows:
                waiting.append(row)
                count, size = count + 1, size + len(row)
                if size > 256 * 1024:
                    self._out(member, digest, waiting)
                    waiting, size = [], 0
            self._out(member, digest, waiting)
        self.told[name] = digest.hexdigest()
        return count, digest.hexdigest()

    def _out(self, member, digest, rows: list[str]) -> None:
        if rows:
            piece = ("\n".join(rows) + "\n").encode()
            digest.update(piece)
            member.write(piece)
            self.done += len(rows)
            self.progress(self.done)

    def pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        digest = hashlib.sha256()
        with self.archive.open(name, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                member.write(piece)
                self.progress(self.done)
        self.told[name] = digest.hexdigest()

    def text(self, name: str, text: str) -> None:
        self.pieces(name, [text.encode()])


def _write_files(archive: zipfile.ZipFile, organization_id: int, told: dict[str, Any], members: _Members) -> None:
    """What is compressed already is not compressed again."""
    rows = StoredFile.objects.filter(organization_id=organization_id, removed_at__isnull=True).order_by("pk")
    for pk, key, size in rows.values_list("pk", "key", "size").iterator(chunk_size=1000):
        try:
            content = storage().open(key, "rb")
        except FileNotFoundError:
            told["missing"].append(pk)
            continue
        info = zipfile.ZipInfo(f"files/{pk}")
        with content, archive.open(info, "w", force_zip64=True) as member:
            shutil.copyfileobj(content, member, PIECE)
        told["count"] += 1
        told["bytes"] += size
        members.progress(members.done)


_USERS = """
    SELECT jsonb_build_object('email', u.email, 'name', u.name, 'language', u.language)::text
    FROM organizations_user u WHERE u.id IN ({ids}) ORDER BY u.email
"""
_ACCOUNTS = """
    SELECT jsonb_build_object('number', a.number, 'name', a.name, 'postal_code', a.postal_code, 'city', a.city,
        'country', a.country, 'programs', coalesce((
            SELECT jsonb_agg(jsonb_build_object('number', p.number, 'label', p.label) ORDER BY p.number)
            FROM relationships_programaccount p WHERE p.account_id = a.id), '[]'))::text
    FROM relationships_businessaccount a WHERE a.id IN ({ids}) ORDER BY a.number
"""


def _shared_lines(statement: str, organization_id: int) -> Iterator[str]:
    """The rows of tables of the whole instance that those of the organization name."""
    target = "organizations_user" if statement is _USERS else "relationships_businessaccount"
    direct = sql.SQL("SELECT {column} FROM {table} WHERE organization_id = {organization}")
    program = sql.SQL(
        "SELECT p.account_id FROM {table} t JOIN relationships_programaccount p ON p.id = t.{column}"
        " WHERE t.organization_id = {organization}"
    )
    templates = {target: direct}
    if target == "relationships_businessaccount":
        templates["relationships_programaccount"] = program
    named = [
        templates[column.shared].format(
            column=sql.Identifier(column.name), table=sql.Identifier(table.name),
            organization=sql.Literal(organization_id),
        )
        for table in tables() if not table.is_read_only for column in table.columns if column.shared in templates
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(ids=sql.SQL(" UNION ").join(named)))
        for (line,) in cursor.fetchall():
            yield line


def _settings(organization_id: int) -> dict[str, Any]:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in ORGANIZATION)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT to_jsonb(x)::text FROM (SELECT {} FROM organizations_organization WHERE id = %s) x").format(
                columns
            ),
            [organization_id],
        )
        return json.loads(cursor.fetchone()[0])


def _last_id(table: Table, organization_id: int) -> int:
    if not table.has_id:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT coalesce(max(id), 0) FROM {} WHERE organization_id = %s").format(
                sql.Identifier(table.name)
            ),
            [organization_id],
        )
        return cursor.fetchone()[0]


def _csv_rows(selected: str, organization_id: int) -> Iterator[list[str]]:
    """Page after page: asked for all at once, PostgreSQL may join everything in memory first."""
    after, count = 0, CSV_PAGE
    with connection.connection.cursor() as cursor:
        while count == CSV_PAGE:
            page = (
                f"SELECT t.id, {selected} WHERE t.organization_id = {int(organization_id)} AND t.id > {after}"
                f" ORDER BY t.id LIMIT {CSV_PAGE}"
            )
            count = 0
            with cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(sql.SQL(page))) as copy:
                for row_id, *cells in copy.rows():
                    after, count = int(row_id), count + 1
                    yield ["" if cell is None else cell for cell in cells]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n"


def whole_label(organization: Organization) -> str:
    return _("Export complet de %(name)s") % {"name": organization.name}
