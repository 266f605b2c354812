"""What hangs on a client, or on a person, and moves with it when it is merged into another: one declaration for each
table.

A mover says which rows hang on it and what keeps one from going; the moving, its undoing and the search for what
was changed in between are the same for all. Texts here are SQL over the row `r` of the table, written by areas of ours
and never made of what people type; `%(to)s` is the client, or the person, to whom a row would go.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.duplicate_models import Merging
from entregent.clients.models import BusinessObject, Client, ClientPerson, sees_all_objects
from entregent.organizations.models import Grant, Membership
from entregent.relationships.models import AccessRequest
from entregent.toolbox.extension_points import ExtensionPoint


@dataclass(frozen=True)
class Mover:
    """Rows of `table` whose `column` names a client; or a person, in the movers of people.

    `words(n)` counts them (« 3 adresses »), `name` tells one of them. `where` says which rows hang on clients at all.
    `clashes`: the client has the like already, the row stays where it is and comes to light again when the merge is
    undone. `single`: columns of which a client has one of each value but for the neutral one ({"is_primary": "false"});
    a row that comes second is given the neutral value. `digest` sums up what hangs on the row, so that a change there
    is seen. `ignored` columns are no change. `soft`: a condition under which a row no longer counts (deleted).
    `seen(member)`: which rows the member may be told of, None for all; without it whoever reaches the client sees them.
    All rows move, told or not. `key` tells two movers of one table apart.
    """

    table: str
    words: Callable[[int], str]
    name: str
    column: str = "client_id"
    where: str = "true"
    clashes: str = "false"
    single: Mapping[str, str] = field(default_factory=dict)
    digest: str = "''"
    ignored: tuple[str, ...] = ()
    soft: str = "false"
    seen: Callable[[Membership], QuerySet | None] | None = None
    key: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.key or self.table)

    def count(self, client_id: int, *, to: int, member: Membership) -> int:
        """How many rows of the client would go to another, of those that the member sees."""
        return self._count(
            member,
            f"SELECT r.id FROM {self.table} r WHERE r.{self.column} = %(client)s AND ({self.where})"  # noqa: S608
            f" AND NOT ({self.soft}) AND NOT ({self.clashes})",
            client=client_id,
            to=to,
        )

    def unseen(self, member: Membership, ids: Collection[int]) -> set[int]:
        """Those of the rows that the member may not be told of; one that is gone is told only to who sees all."""
        seen = self.seen(member) if self.seen is not None else None
        if seen is None or not ids:
            return set()
        return set(ids) - set(seen.filter(pk__in=ids).values_list("pk", flat=True))

    def _count(self, member: Membership, sql: str, **parameters: int) -> int:
        seen = self.seen(member) if self.seen is not None else None
        if seen is None:
            return _one(f"SELECT count(*) FROM ({sql}) counted", **parameters)  # noqa: S608
        # Numbers only, set in by ourselves: the query of Django has parameters of another form.
        return seen.filter(pk__in=RawSQL(sql % {name: int(number) for name, number in parameters.items()}, ())).count()  # noqa: S611

    def last_id(self) -> int:
        return _one(f"SELECT coalesce(max(r.id), 0) FROM {self.table} r")  # noqa: S608

    def move(self, merge: Merging) -> int:
        """Moves the rows of the loser to the winner and writes down what they were and became."""
        names = ["id", "before", "digest", *(f"{column}_now" for column in self.single)]
        settled = [
            f"CASE WHEN r.{column} = {neutral} OR EXISTS (SELECT 1 FROM {self.table} w WHERE w.{self.column} = %(to)s"  # noqa: S608
            f" AND w.{column} = r.{column}) THEN {neutral} ELSE r.{column} END"
            for column, neutral in self.single.items()
        ]
        values = ["r.id", "to_jsonb(r)", f"coalesce({self.digest}, '')", *settled]
        changed = [f"{self.column} = %(to)s", *(f"{column} = g.{column}_now" for column in self.single)]
        return _run(
            f"""
            WITH gone AS (
                SELECT {", ".join(f"{value} AS {name}" for name, value in zip(names, values, strict=True))}
                FROM {self.table} r
                WHERE r.{self.column} = %(from)s AND ({self.where}) AND NOT ({self.clashes})
            ), moved AS (
                UPDATE {self.table} t SET {", ".join(changed)} FROM gone g WHERE t.id = g.id
                RETURNING t.id, g.before, to_jsonb(t) AS after, g.digest
            )
            INSERT INTO {merge.rows_table}
                (organization_id, merge_id, table_name, row_id, is_moved, before, after, digest)
            SELECT %(org)s, %(merge)s, %(table)s, m.id, true, m.before, m.after, m.digest FROM moved m
            """,  # noqa: S608
            **self._of(merge),
            **{"from": merge.loser_id, "to": merge.winner_id},
        )

    def changed_since(self, merge: Merging) -> list[dict[str, Any]]:
        """The rows that the merge moved and that are no longer as it left them, those that are gone included."""
        moved = "m.merge_id = %(merge)s AND m.table_name = %(table)s AND m.is_moved"
        return _rows(
            f"""
            SELECT m.row_id, m.after, to_jsonb(r) AS now, {self.name} AS name, false AS is_gone,
                   r.{self.column} IS DISTINCT FROM %(to)s AS is_elsewhere
            FROM {merge.rows_table} m JOIN {self.table} r ON r.id = m.row_id
            WHERE {moved} AND (coalesce({self.digest}, '') <> m.digest OR EXISTS (
                SELECT 1 FROM jsonb_each(m.after) e
                WHERE e.key <> ALL (%(ignored)s) AND to_jsonb(r) ? e.key
                  AND to_jsonb(r) -> e.key IS DISTINCT FROM e.value))
            UNION ALL
            SELECT m.row_id, m.after, NULL, {self.name}, true, false
            FROM {merge.rows_table} m CROSS JOIN LATERAL jsonb_populate_record(NULL::{self.table}, m.after) r
            WHERE {moved} AND NOT EXISTS (SELECT 1 FROM {self.table} x WHERE x.id = m.row_id)
            ORDER BY 1
            """,  # noqa: S608
            **self._of(merge),
            to=merge.winner_id,
            ignored=list(self.ignored),
        )

    def made_since(
        self, merge: Merging, *, limit: int, after: int = 0, among: Collection[int] | None = None
    ) -> list[tuple[int, str]]:
        """The rows that came to the winner since: (id, name), those above `after`, of those `among` alone. What a
        later merge brought is none of them."""
        found = _rows(
            f"""
            SELECT r.id, {self.name} AS name {self._made(merge)} AND r.id > %(after)s
              AND (%(among)s::bigint[] IS NULL OR r.id = ANY (%(among)s)) ORDER BY r.id LIMIT %(limit)s
            """,
            **self._made_parameters(merge),
            after=after,
            among=None if among is None else list(among),
            limit=limit,
        )
        return [(row["id"], row["name"]) for row in found]

    def count_made(self, merge: Merging, *, after: int = 0) -> tuple[int, int]:
        """How many rows came to the winner since above `after`, and the newest of them."""
        ((row),) = _rows(
            f"SELECT count(*) AS number, coalesce(max(r.id), 0) AS newest {self._made(merge)} AND r.id > %(after)s",
            **self._made_parameters(merge),
            after=after,
        )
        return row["number"], row["newest"]

    def _made(self, merge: Merging) -> str:
        return f"""
            FROM {self.table} r
            WHERE r.{self.column} = %(to)s AND ({self.where}) AND NOT ({self.soft}) AND r.id > %(last)s
              AND NOT EXISTS (
                SELECT 1 FROM {merge.rows_table} o JOIN {merge._meta.db_table} b ON b.id = o.merge_id
                WHERE o.table_name = %(table)s AND o.row_id = r.id AND o.is_moved AND b.undone_at IS NULL)
        """  # noqa: S608

    def _made_parameters(self, merge: Merging) -> dict[str, Any]:
        return self._of(merge) | {"to": merge.winner_id, "last": merge.last_ids.get(self.key, 0)}

    def going_back(self, merge: Merging, *, member: Membership) -> int:
        """How many rows would go back if nothing else is chosen, of those that the member sees."""
        return self._count(
            member,
            f"""
            SELECT r.id FROM {merge.rows_table} m JOIN {self.table} r ON r.id = m.row_id
            WHERE m.merge_id = %(merge)s AND m.table_name = '{self.key}' AND m.is_moved AND r.{self.column} = %(to)s
            """,  # noqa: S608
            merge=merge.pk,
            to=merge.winner_id,
        )

    def give_back(self, merge: Merging, *, kept: list[int], given: list[int], revived: list[int]) -> None:
        """Takes the move back but for the rows `kept`; `given` came since and go as well; `revived` were deleted since
        and come back as they were."""
        parameters = self._of(merge) | {
            "from": merge.winner_id, "to": merge.loser_id, "kept": kept, "given": given, "revived": revived,
        }  # fmt: skip
        self._revive(merge, parameters)
        neutral = "".join(f", {column} = {value}" for column, value in self.single.items())
        # As they stand now, before the neutral values; a row that somebody moved elsewhere since stays there.
        _run(
            f"""
            CREATE TEMP TABLE merge_back ON COMMIT DROP AS
            SELECT r.id, to_jsonb(r) AS now, m.before, m.after FROM {self.table} r
            LEFT JOIN {merge.rows_table} m ON m.merge_id = %(merge)s AND m.table_name = %(table)s AND m.row_id = r.id
                AND m.is_moved
            WHERE r.{self.column} = %(from)s AND ({self.where}) AND NOT ({self.clashes})
              AND ((m.id IS NOT NULL AND r.id <> ALL (%(kept)s)) OR r.id = ANY (%(given)s))
            """,  # noqa: S608
            **parameters,
        )
        _run(
            f"UPDATE {self.table} t SET {self.column} = %(to)s{neutral} FROM merge_back b WHERE t.id = b.id",  # noqa: S608
            **parameters,
        )
        for column, value in self.single.items():
            self._settle(column, value, parameters)
        _run("DROP TABLE merge_back")
        self._put_marks_back(merge)

    def _revive(self, merge: Merging, parameters: dict[str, Any]) -> None:
        if not parameters["revived"]:
            return
        columns = _columns(self.table)
        values = ["%(from)s" if column == self.column else self.single.get(column, f"v.{column}") for column in columns]
        _run(
            f"""
            INSERT INTO {self.table} ({", ".join(columns)})
            SELECT {", ".join(values)} FROM {merge.rows_table} m, jsonb_populate_record(NULL::{self.table}, m.after) v
            WHERE m.merge_id = %(merge)s AND m.table_name = %(table)s AND m.is_moved AND m.row_id = ANY (%(revived)s)
              AND NOT EXISTS (SELECT 1 FROM {self.table} t WHERE t.id = m.row_id)
            """,  # noqa: S608
            **parameters,
        )

    def _settle(self, column: str, neutral: str, parameters: dict[str, Any]) -> None:
        """Each value of `column` goes back to one row at most: what the row had before, unless it was changed since."""
        _run(
            f"""
            UPDATE {self.table} t SET {column} = (jsonb_populate_record(NULL::{self.table}, w.wanted)).{column}
            FROM (
                SELECT DISTINCT ON (d.wanted -> %(column)s) d.id, d.wanted FROM (
                    SELECT b.id, b.before IS NOT NULL AS was_there,
                        CASE WHEN b.before IS NULL OR (b.id <> ALL (%(revived)s)
                                  AND b.now -> %(column)s IS DISTINCT FROM b.after -> %(column)s)
                             THEN b.now ELSE b.before END AS wanted
                    FROM merge_back b) d
                ORDER BY d.wanted -> %(column)s, d.was_there DESC, d.id
            ) w
            WHERE t.id = w.id
              AND (jsonb_populate_record(NULL::{self.table}, w.wanted)).{column} IS DISTINCT FROM {neutral}
              AND NOT EXISTS (SELECT 1 FROM {self.table} o WHERE o.{self.column} = %(to)s AND o.id <> t.id
                  AND o.{column} = (jsonb_populate_record(NULL::{self.table}, w.wanted)).{column})
            """,  # noqa: S608
            **parameters,
            column=column,
        )

    def _put_marks_back(self, merge: Merging) -> None:
        """Rows of the winner that gave way to one of the loser are again what they were, unless changed since."""
        for column, neutral in self.single.items():
            # First those that give the value up again, then the one that had it.
            for whose in (f"v.{column} = {neutral}", f"v.{column} <> {neutral}"):
                _run(
                    f"""
                    UPDATE {self.table} t SET {column} = v.{column}
                    FROM {merge.rows_table} m, jsonb_populate_record(NULL::{self.table}, m.before) v
                    WHERE m.merge_id = %(merge)s AND m.table_name = %(table)s AND NOT m.is_moved AND t.id = m.row_id
                      AND t.{self.column} = %(winner)s AND {whose} AND t.{column} <> v.{column}
                      AND to_jsonb(t) -> %(column)s IS NOT DISTINCT FROM m.after -> %(column)s
                      AND (v.{column} = {neutral} OR NOT EXISTS (
                          SELECT 1 FROM {self.table} o WHERE o.{self.column} = %(winner)s AND o.id <> t.id
                            AND o.{column} = v.{column}))
                    """,  # noqa: S608
                    **self._of(merge),
                    winner=merge.winner_id,
                    column=column,
                )

    def _of(self, merge: Merging) -> dict[str, Any]:
        return {"org": merge.organization_id, "merge": merge.pk, "table": self.key}


def _columns(table: str) -> list[str]:
    """All columns but those that the database works out."""
    found = _rows(
        "SELECT attname AS name FROM pg_attribute WHERE attrelid = %(table)s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        table=table,
    )
    return [row["name"] for row in found]


def _run(sql: str, **parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def _one(sql: str, **parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def _rows(sql: str, **parameters: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _objects_seen(member: Membership) -> QuerySet | None:
    return None if sees_all_objects(member) else BusinessObject.objects.visible_to(member)


def _grants_seen(member: Membership) -> QuerySet | None:
    """Whoever manages members, or may ask who sees a client, is told who was given an access to it."""
    if member.reach.is_whole(Right.MEMBERS) or member.reach.is_whole(Right.ACCESS_EXPLAIN):
        return None
    clients = Client.objects.visible_to(member, Right.ACCESS_EXPLAIN)
    return Grant.objects.filter(scope_type="client", scope_id__in=clients.values("pk"))


def _access_requests_seen(member: Membership) -> QuerySet | None:
    """Whoever asks clients for access is told of what was asked."""
    return None if member.can(Right.RELATIONSHIPS) else AccessRequest.objects.none()


def _ties_seen(member: Membership) -> QuerySet | None:
    """Whoever sees a person sees of their clients those within reach."""
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return None
    return ClientPerson.objects.filter(client__in=Client.objects.visible_to(member).values("pk"))


PEOPLE = Mover(
    table="clients_clientperson",
    words=lambda n: ngettext("%(n)d personne-ressource", "%(n)d personnes-ressources", n) % {"n": n},
    name="(SELECT p.file_as FROM clients_person p WHERE p.id = r.person_id)",
    clashes="EXISTS (SELECT 1 FROM clients_clientperson w WHERE w.client_id = %(to)s AND w.person_id = r.person_id)",
    single={"is_primary": "false", "is_preferred": "false", "is_billing": "false"},
)
ADDRESSES = Mover(
    table="clients_address",
    words=lambda n: ngettext("%(n)d adresse", "%(n)d adresses", n) % {"n": n},
    name="concat_ws(' ', r.street, r.postal_code, r.city)",
    clashes="EXISTS (SELECT 1 FROM clients_address w WHERE w.client_id = %(to)s AND"
    " (lower(w.street), lower(w.unit), w.postal_code, lower(w.city), w.country)"
    " = (lower(r.street), lower(r.unit), r.postal_code, lower(r.city), r.country))",
    single={"kind": "'other'"},
)
OBJECTS = Mover(
    table="clients_businessobject",
    words=lambda n: ngettext("%(n)d contrat ou objet métier", "%(n)d contrats et objets métier", n) % {"n": n},
    name="(SELECT k.label_fr FROM clients_businessobjecttype k WHERE k.id = r.type_id) || ' ' || r.key",
    ignored=("updated_at",),
    soft="r.deleted_at IS NOT NULL",
    seen=_objects_seen,
)
CREDIT_HOLDS = Mover(
    table="clients_credithold",
    words=lambda n: ngettext("%(n)d blocage de crédit", "%(n)d blocages de crédit", n) % {"n": n},
    name="to_char(r.since, 'YYYY-MM-DD') || ' ' || r.note",
    clashes="r.lifted_at IS NULL AND EXISTS (SELECT 1 FROM clients_credithold w WHERE w.client_id = %(to)s"
    " AND w.lifted_at IS NULL)",
)
ALIASES = Mover(
    table="clients_clientalias",
    words=lambda n: ngettext("%(n)d ancien numéro", "%(n)d anciens numéros", n) % {"n": n},
    name="r.number",
)
GRANTS = Mover(
    table="organizations_grant",
    column="scope_id",
    where="r.scope_type = 'client'",
    words=lambda n: ngettext("%(n)d accès accordé", "%(n)d accès accordés", n) % {"n": n},
    name="(SELECT u.name FROM organizations_membership m JOIN organizations_user u ON u.id = m.user_id"
    " WHERE m.id = r.membership_id)",
    clashes="EXISTS (SELECT 1 FROM organizations_grant w WHERE w.scope_type = 'client' AND w.scope_id = %(to)s"
    " AND (w.membership_id, w.role, w.starts_on, w.ends_on) IS NOT DISTINCT FROM"
    " (r.membership_id, r.role, r.starts_on, r.ends_on))",
    seen=_grants_seen,
)

ACCESS_REQUESTS = Mover(
    table="relationships_accessrequest",
    words=lambda n: ngettext("%(n)d demande d'accès", "%(n)d demandes d'accès", n) % {"n": n},
    name="r.account_number",
    seen=_access_requests_seen,
)

PERSON_TIES = Mover(
    table="clients_clientperson",
    column="person_id",
    words=lambda n: ngettext("%(n)d client", "%(n)d clients", n) % {"n": n},
    name="(SELECT c.number || ' ' || c.display_name FROM clients_client c WHERE c.id = r.client_id)",
    clashes="EXISTS (SELECT 1 FROM clients_clientperson w WHERE w.person_id = %(to)s AND w.client_id = r.client_id)",
    seen=_ties_seen,
)
PERSON_ADDRESSES = replace(
    ADDRESSES, column="person_id", clashes=ADDRESSES.clashes.replace("w.client_id = %(to)s", "w.person_id = %(to)s")
)
PERSON_PHOTOS = Mover(
    table="clients_personphoto",
    column="person_id",
    words=lambda n: ngettext("%(n)d photo", "%(n)d photos", n) % {"n": n},
    name="r.media_type",
    clashes="EXISTS (SELECT 1 FROM clients_personphoto w WHERE w.person_id = %(to)s)",
)
FORMER_PEOPLE = Mover(
    table="clients_person",
    column="merged_into_id",
    words=lambda n: ngettext("%(n)d ancienne fiche", "%(n)d anciennes fiches", n) % {"n": n},
    name="r.file_as",
)


def fill_people(person_movers: ExtensionPoint) -> None:
    person_movers.add(PERSON_TIES, order=10, name="ties")
    person_movers.add(PERSON_ADDRESSES, order=20, name="addresses")
    person_movers.add(PERSON_PHOTOS, order=30, name="photos")
    person_movers.add(FORMER_PEOPLE, order=35, name="former_people")


def fill(movers: ExtensionPoint) -> None:
    """The movers of this area, and of those below it that know nothing of clients."""
    movers.add(PEOPLE, order=10, name="people")
    movers.add(ADDRESSES, order=20, name="addresses")
    movers.add(OBJECTS, order=30, name="objects")
    movers.add(CREDIT_HOLDS, order=40, name="credit_holds")
    movers.add(ALIASES, order=50, name="aliases")
    movers.add(GRANTS, order=60, name="grants")
    movers.add(ACCESS_REQUESTS, order=65, name="access_requests")
