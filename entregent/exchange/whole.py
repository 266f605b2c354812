"""The data of a whole organization, table by table: what leaves with it, and how a row is written down.

A row is one line of JSON, written by the database. It names columns as the database does, with two exceptions: what is
tied to the instance is left out (the organization's id, the key of a stored file), and people with an account, business
accounts and their programs are told by their e-mail address or number. Other references are ids within the archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection
from psycopg import sql

# Worked out from the rest by the database, or of the moment: they are made again, or have no meaning elsewhere.
LEFT_OUT = {
    "search_entry", "search_word", "interactions_words", "cases_words", "interactions_publishedentry",
    "interactions_publishedfile", "clients_clientreach", "clients_clientsummary", "clients_duplicateprofile",
    "clients_duplicatepair", "clients_personprofile", "clients_personpair", "clients_bulkrow", "clients_statechange",
    "connectors_connectorstate", "connectors_touched", "dashboards_figure", "documents_upload",
    "exchange_calendarfeed", "exchange_departure", "exchange_import",
    "exchange_importrow", "groups_draft", "groups_draftrow", "inbound_mailboxstate", "interactions_portalvisit",
    "jobs_job", "jobs_jobrow", "listing_liststate", "organizations_apitoken", "organizations_idempotencykey",
    "outbox_endpointstate", "portal_portalthread", "webhooks_event",
}  # fmt: skip
# Told in full, to be read: what has been, what names rows by ids inside other values, and what another instance must be
# set up for by hand, with its own passwords and secrets.
ONLY_READ = {
    "audit_action", "audit_change", "connectors_connector", "connectors_copy", "connectors_exchange",
    "clients_merge", "clients_mergedrow", "clients_personmerge",
    "clients_personmergedrow", "cases_casemerge", "dashboards_layout", "groups_processingrequest",
    "groups_processingrow", "inbound_filedmail", "inbound_mailbox", "inbound_rawmail", "notifications_notification",
    "outbox_endpoint", "outbox_message", "outbox_post", "webhooks_webhook",
}  # fmt: skip
# Tables of the whole instance, and what tells a row of theirs to people.
SHARED = {
    "organizations_user": "email",
    "relationships_businessaccount": "number",
    "relationships_programaccount": "number",
}
# Ids of rows of the organization where no foreign key says so.
ARRAYS_OF_IDS = {("enrollment_enrollment", "applicant_ids")}
# Columns that the database or the import works out.
WORKED_OUT = {
    ("clients_client", "sector_reach"),
    ("documents_storedfile", "key"),
    ("organizations_sector", "path"),
}
# Columns that triggers count while what they count comes in: they begin at 0.
COUNTED = {"groups_clientgroup": ("member_count", "program_count")}
ORGANIZATION = (
    "name", "trade", "modules", "provider_kind", "time_zone", "language", "country", "currency", "crm_list_label",
    "terminology", "second_factor_required", "mail_sender_name", "mail_signature_fr", "mail_signature_en", "work_days",
    "opens_at", "closes_at", "holidays", "days_off", "custom_fields_stamp",
)  # fmt: skip


@dataclass
class Column:
    """A column of the archive. `refers` is the table whose ids it holds, `shared` the one that it names by words."""

    name: str
    type: str
    refers: str = ""
    shared: str = ""
    is_array: bool = False

    @property
    def told_as(self) -> str:
        return self.name.removesuffix("_id") if self.shared else self.name


@dataclass
class Table:
    """A table of the archive; its first columns are its key."""

    name: str
    doc: str
    is_read_only: bool
    key: list[str]
    columns: list[Column] = field(default_factory=list)
    references: set[str] = field(default_factory=set)

    @property
    def has_id(self) -> bool:
        return self.key == ["id"] and any(column.name == "id" for column in self.columns)

    def select(self, shift: int = 0) -> sql.Composed:
        """One line of JSON a row, of the organization at hand, in the order of the key. Ids are told less `shift`."""
        parts = [self._told(column, shift) for column in self.columns]
        return sql.SQL(
            "SELECT to_jsonb(x)::text FROM (SELECT {parts} FROM {table} t WHERE t.organization_id = %s"
            " ORDER BY {key}) x"
        ).format(
            parts=sql.SQL(", ").join(parts),
            table=sql.Identifier(self.name),
            key=sql.SQL(", ").join(sql.Identifier("t", name) for name in self.key),
        )

    def _told(self, column: Column, shift: int) -> sql.Composable:
        here, called = sql.Identifier("t", column.name), sql.Identifier(column.told_as)
        if column.shared:
            return sql.SQL("(SELECT s.{word} FROM {shared} s WHERE s.id = {here}) AS {called}").format(
                word=sql.Identifier(SHARED[column.shared]),
                shared=sql.Identifier(column.shared),
                here=here,
                called=called,
            )
        if column.is_array:
            return sql.SQL(
                "(SELECT coalesce(array_agg(u.x - {by} ORDER BY u.n), '{{}}') FROM unnest({here}) WITH ORDINALITY"
                " u (x, n)) AS {called}"
            ).format(by=sql.Literal(shift), here=here, called=called)
        if column.refers and shift:
            return sql.SQL("{here} - {by} AS {called}").format(here=here, by=sql.Literal(shift), called=called)
        return here

    def insert(self, organization_id: int, shift: int) -> sql.Composed:
        """Puts rows back: an array of their JSON in, ids `shift` higher."""
        names: list[sql.Composable] = [sql.Identifier("organization_id")]
        values: list[sql.Composable] = [sql.Literal(organization_id)]
        for column in self.columns:
            names.append(sql.Identifier(column.name))
            values.append(self._read(column, shift))
        for counted in COUNTED.get(self.name, ()):
            names.append(sql.Identifier(counted))
            values.append(sql.Literal(0))
        if self.name == "documents_storedfile":
            names.append(sql.Identifier("key"))
            values.append(sql.SQL("{} || (p.id + {})").format(sql.Literal(f"documents/{organization_id}/"), shift))
        return sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM jsonb_array_elements(%s::jsonb)"
            " WITH ORDINALITY a (j, n) CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, a.j) p ORDER BY a.n"
        ).format(table=sql.Identifier(self.name), names=sql.SQL(", ").join(names), values=sql.SQL(", ").join(values))

    def _read(self, column: Column, shift: int) -> sql.Composable:
        given = sql.Identifier("p", column.name)
        if column.shared:
            return sql.SQL("(SELECT s.id FROM {shared} s WHERE s.{word} = a.j ->> {name})").format(
                shared=sql.Identifier(column.shared), word=sql.Identifier(SHARED[column.shared]),
                name=sql.Literal(column.told_as),
            )  # fmt: skip
        if column.is_array:
            return sql.SQL("(SELECT coalesce(array_agg(u.x + {by} ORDER BY u.n), '{{}}') FROM unnest({given})"
                           " WITH ORDINALITY u (x, n))").format(by=sql.Literal(shift), given=given)  # fmt: skip
        if column.refers and shift:
            return sql.SQL("{given} + {by}").format(given=given, by=sql.Literal(shift))
        return given

    def described(self) -> dict:
        """For `schema.json`."""
        return {
            "what": self.doc,
            "imported": not self.is_read_only,
            "key": self.key,
            "columns": {
                column.told_as: {"type": column.type}
                | ({"refers_to": column.refers} if column.refers and column.name != "id" else {})
                | ({"names": f"{column.shared}.{SHARED[column.shared]}"} if column.shared else {})
                for column in self.columns
            },
        }


_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(f.relname, ''),
           a.attgenerated <> '' AS is_generated,
           coalesce(array_position(k.conkey, a.attnum), 0)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
    LEFT JOIN LATERAL (
        SELECT r.relname FROM pg_constraint q JOIN pg_class r ON r.oid = q.confrelid
        WHERE q.conrelid = c.oid AND q.contype = 'f' AND q.conkey = ARRAY[a.attnum] LIMIT 1
    ) f ON true
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%s)
    ORDER BY c.relname, a.attnum
"""


def tables() -> list[Table]:
    """The tables of the archive: what is referred to stands before what refers to it, as far as that goes."""
    docs = {
        model._meta.db_table: " ".join((model.__doc__ or "").split("\n\n")[0].split())
        for model in apps.get_models()
        if model.__module__.startswith("entregent.") and model._meta.managed
    }
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [sorted(docs)])
        rows = cursor.fetchall()
    owned = {table for table, column, *_rest in rows if column == "organization_id"}
    kept = owned - LEFT_OUT
    found: dict[str, Table] = {}
    keys: dict[str, list[tuple[int, str]]] = {}
    for table, column, kind, referred, is_generated, place in rows:
        if table not in kept:
            continue
        made = found.setdefault(table, Table(table, docs[table], table in ONLY_READ, []))
        if place:
            keys.setdefault(table, []).append((place, column))
        is_worked_out = is_generated or (table, column) in WORKED_OUT or column in COUNTED.get(table, ())
        if column == "organization_id" or is_worked_out:
            continue
        shown = Column(column, kind, is_array=(table, column) in ARRAYS_OF_IDS)
        if referred in SHARED:
            shown.shared = referred
        elif referred == "organizations_organization":
            continue
        elif column == "id":
            shown.refers = table
        elif referred:
            if referred not in kept or (referred in ONLY_READ and table not in ONLY_READ):
                continue
            shown.refers = referred
            made.references.add(referred)
        elif column.endswith("_id") and kind == "bigint":
            if column in ("action_id", "undo_action_id", "job_id") and table not in ONLY_READ:
                continue
            shown.refers = "—" if table not in ONLY_READ else ""
        made.columns.append(shown)
    for name, table in found.items():
        table.key = [column for _place, column in sorted(keys.get(name, []))] or ["id"]
    return _in_order(found)


def _in_order(found: dict[str, Table]) -> list[Table]:
    ordered: list[Table] = []
    seen: set[str] = set()

    def put(name: str) -> None:
        if name in seen or name not in found:
            return
        seen.add(name)
        for one in sorted(found[name].references):
            put(one)
        ordered.append(found[name])

    for name in sorted(found):
        put(name)
    return ordered


def lines(table: Table, organization_id: int, shift: int = 0) -> Iterator[str]:
    """The rows of a table as the archive tells them, read as they come."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        copied = sql.SQL("COPY ({}) TO STDOUT").format(_filled(table.select(shift), organization_id))
        with cursor.copy(copied) as copy:
            for (line,) in copy.rows():
                yield line


def _filled(statement: sql.Composed, organization_id: int) -> sql.SQL:
    """COPY takes no parameters."""
    text = statement.as_string(connection.connection)
    return sql.SQL(text.replace("t.organization_id = %s", f"t.organization_id = {int(organization_id)}"))
