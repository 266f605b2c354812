"""Carrying a plan out: a chunk of rows at a time, one statement for each table, all in the chunk's transaction.

What was planned is looked at again under lock: a row whose record appeared, changed or went since the plan was made is
refused with a reason, nothing is written over. The index of the search is brought up to date once for each client.
"""

from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from entregent.clients.actions._rules import announce
from entregent.clients.models import Client
from entregent.exchange import delegation
from entregent.exchange.models import Import
from entregent.exchange.reach import ImportReach, out_of_reach, reached_sectors
from entregent.groups.effects import one_after_the_other
from entregent.organizations.actions import next_numbers
from entregent.organizations.models import Membership
from entregent.relationships.models import today_of

_CHUNK = """
CREATE TEMP TABLE IF NOT EXISTS exchange_chunk (
    line integer NOT NULL, act text NOT NULL, fields jsonb NOT NULL, extra jsonb NOT NULL, key text NOT NULL,
    id bigint, version integer, number bigint
) ON COMMIT DELETE ROWS
"""

_TAKE = """
INSERT INTO exchange_chunk (line, act, fields, extra, key, id, version)
SELECT r.line, CASE r.verdict WHEN 'duplicate' THEN %(on_duplicate)s ELSE r.verdict END, r.fields, r.extra, r.key,
       CASE WHEN r.verdict = 'update' OR (r.verdict = 'duplicate' AND %(on_duplicate)s = 'update') THEN r.target_id END,
       r.target_version
FROM exchange_importrow r
WHERE r.batch_id = %(batch)s AND r.line > %(after)s AND r.line <= %(until)s
  AND (r.verdict IN ('create', 'update') OR (r.verdict = 'duplicate' AND %(on_duplicate)s <> 'reject'))
"""

# Whose record somebody changed, deleted or made since the plan.
_STILL_SO = """
WITH standing AS (SELECT t.id, {version} AS version FROM {table} t
                  WHERE t.id IN (SELECT c.id FROM exchange_chunk c WHERE c.act = 'update') FOR UPDATE),
moved AS (
    DELETE FROM exchange_chunk c
    WHERE (c.act = 'update' AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.id = c.id AND s.version = c.version))
       OR (c.act = 'create' AND ({taken}))
    RETURNING c.line
)
UPDATE exchange_importrow r SET verdict = 'reject', reason = %(moved)s
FROM moved WHERE r.batch_id = %(batch)s AND r.line = moved.line
"""

_TABLES = {
    "sectors": "organizations_sector",
    "topics": "interactions_topic",
    "clients": "clients_client",
    "people": "clients_person",
    "addresses": "clients_address",
    "contracts": "clients_businessobject",
    "business-objects": "clients_businessobject",
    "interactions": "interactions_interaction",
    "business-accounts": "relationships_businessaccount",
    "relationships": "relationships_relationship",
    "requests": "relationships_accessrequest",
    "groups": "groups_groupmember",
    "loan-applications": "enrollment_loanapplication",
}

_TAKEN = {
    "sectors": "EXISTS (SELECT 1 FROM organizations_sector t WHERE t.organization_id = %(org)s AND t.code = c.key)",
    "topics": "EXISTS (SELECT 1 FROM interactions_topic t WHERE t.organization_id = %(org)s AND t.code = c.key)",
    "loan-applications": """EXISTS (SELECT 1 FROM enrollment_loanapplication t
        WHERE t.organization_id = %(org)s AND t.number = c.key)""",
    "clients": "EXISTS (SELECT 1 FROM clients_client t WHERE t.organization_id = %(org)s AND t.number = c.key)",
    "people": """c.key <> '' AND EXISTS (SELECT 1 FROM clients_person t
        WHERE t.organization_id = %(org)s AND t.external_key = c.key AND t.external_key <> '')""",
    "addresses": """(c.fields ? 'external_key' AND EXISTS (SELECT 1 FROM clients_address t
        WHERE t.organization_id = %(org)s AND t.external_key = c.fields ->> 'external_key' AND t.external_key <> ''))
        OR (c.fields ->> 'kind' <> 'other' AND EXISTS (SELECT 1 FROM clients_address t
        WHERE (t.client_id = (c.extra ->> 'client_id')::bigint OR t.person_id = (c.extra ->> 'person_id')::bigint)
          AND t.kind = c.fields ->> 'kind'))""",
    "objects": """EXISTS (SELECT 1 FROM clients_businessobject t
        WHERE t.organization_id = %(org)s AND t.type_id = (c.fields ->> 'type_id')::bigint
          AND t.source_system = c.fields ->> 'source_system' AND t.key = c.fields ->> 'key')""",
    "interactions": """c.key <> '' AND EXISTS (SELECT 1 FROM interactions_interaction t
        WHERE t.organization_id = %(org)s AND t.external_key = c.key AND t.external_key <> '')""",
}
_TAKEN |= delegation.TAKEN
_TAKEN["contracts"] = _TAKEN["business-objects"] = _TAKEN["objects"]

# The record that a row hangs on was deleted since the plan.
_GONE = """
WITH moved AS (
    DELETE FROM exchange_chunk c
    WHERE (c.extra ? 'client_id' AND NOT EXISTS (SELECT 1 FROM clients_client t WHERE t.organization_id = %(org)s
             AND t.id = (c.extra ->> 'client_id')::bigint AND t.deleted_at IS NULL))
       OR (c.extra ? 'person_id' AND NOT EXISTS (SELECT 1 FROM clients_person t WHERE t.organization_id = %(org)s
             AND t.id = (c.extra ->> 'person_id')::bigint AND t.deleted_at IS NULL))
    RETURNING c.line
)
UPDATE exchange_importrow r SET verdict = 'reject', reason = %(moved)s
FROM moved WHERE r.batch_id = %(batch)s AND r.line = moved.line
"""


# The record, what it hangs on or the sector that it gets is no longer in reach of whoever imports.
_LEFT = """
WITH moved AS (
    DELETE FROM exchange_chunk c
    WHERE (c.extra ? 'client_id' AND NOT ({client}))
       OR (c.extra ? 'person_id' AND NOT ({person}))
       OR (c.act = 'update' AND NOT ({target}))
       OR (c.fields ? 'sector_id' AND NOT (c.fields ->> 'sector_id')::bigint = ANY (%(sectors)s))
    RETURNING c.line
)
UPDATE exchange_importrow r SET verdict = 'reject', reason = %(left)s
FROM moved WHERE r.batch_id = %(batch)s AND r.line = moved.line
"""


# Changes of groups take effect one after the other (`groups.actions.staging`).
_ONE_AT_A_TIME = """
SELECT pg_advisory_xact_lock(hashtext('groups-names'), (%(org)s %% 2147483648)::int),
       pg_advisory_xact_lock(hashtext('groups-effect'), (%(org)s %% 2147483648)::int)
"""
# The client was grouped or let go meanwhile, or its group is being changed.
_UNAVAILABLE = """
WITH moved AS (
    DELETE FROM exchange_chunk c WHERE NOT EXISTS (
        SELECT 1 FROM clients_client t
        JOIN relationships_relationship r ON r.organization_id = t.organization_id
            AND r.account_id = t.business_account_id AND r.state = 'active'
            AND (r.ends_on IS NULL OR r.ends_on >= %(today)s)
        WHERE t.organization_id = %(org)s AND t.id = (c.extra ->> 'client_id')::bigint AND t.deleted_at IS NULL)
    OR EXISTS (SELECT 1 FROM groups_groupmember m WHERE m.organization_id = %(org)s
        AND m.client_id = (c.extra ->> 'client_id')::bigint AND m.left_at IS NULL)
    OR EXISTS (SELECT 1 FROM groups_clientgroup g WHERE g.organization_id = %(org)s
        AND g.name_key = c.extra ->> 'name_key' AND (g.deleted_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM groups_processingrequest q WHERE q.group_id = g.id AND q.state IN ('waiting', 'running'))))
    RETURNING c.line
)
UPDATE exchange_importrow r SET verdict = 'reject', reason = %(moved)s
FROM moved WHERE r.batch_id = %(batch)s AND r.line = moved.line
"""


# Kinds whose rows hang on a client or a person.
_OF_OTHERS = (
    "people", "addresses", "contracts", "business-objects", "interactions", "business-accounts", "relationships",
    "requests",
)  # fmt: skip
_WITH_CUSTOM = ("clients_client", "clients_person", "interactions_interaction")


class Chunk:
    """The rows after `after` up to `until` of an import, carried out in the transaction at hand."""

    def __init__(self, batch: Import, member: Membership):
        self.batch = batch
        self.member = member
        self.parameters: dict[str, Any] = {
            "batch": batch.pk,
            "org": member.organization_id,
            "user": member.user_id,
            "country": member.organization.country,
            "language": member.organization.language,
            "on_duplicate": batch.on_duplicate,
            "today": today_of(member.organization),
            "moved": _("La fiche a changé depuis l’essai à blanc : relancez l’importation."),
        }

    def carry_out(self, after: int, until: int) -> dict[str, int]:
        """Returns how many rows were created, updated, and refused for what changed meanwhile."""
        with connection.cursor() as self.cursor:
            self.run("SELECT set_config('app.search_deferred', 'on', true)")
            self.run(_CHUNK)
            self.run("DELETE FROM exchange_chunk")
            self.run(_TAKE, after=after, until=until)
            kind = self.batch.kind
            if kind == "relationships" and not self.batch.by_operator:
                kind = "requests"
            if kind == "clients" and self._retires():
                one_after_the_other(self.member.organization_id)
            if kind == "groups":
                self.run(_ONE_AT_A_TIME)
                refused = self.run(_UNAVAILABLE)
            else:
                version = "0" if kind == "requests" else "t.version"  # No request is updated by a file.
                refused = self.run(_STILL_SO.format(table=_TABLES[kind], taken=_TAKEN[kind], version=version))
            if kind in _OF_OTHERS:
                refused += self.run(_GONE)
            refused += self._refuse_out_of_reach()
            self.run(
                "UPDATE exchange_chunk SET id = nextval((SELECT pg_get_serial_sequence(%(table)s, 'id')::regclass))"
                " WHERE act = 'create'",
                table=_TABLES[kind],
            )
            self.run("ANALYZE exchange_chunk (line, act, key, id)")
            refused += getattr(self, "_" + kind.replace("-", "_"))() or 0
            self.run("SELECT act, count(*) FROM exchange_chunk GROUP BY act")
            done = dict(self.cursor.fetchall())
        return {"create": done.get("create", 0), "update": done.get("update", 0), "refused": refused}

    def _refuse_out_of_reach(self) -> int:
        reach = ImportReach(self.member)
        if reach.is_whole:
            return 0
        target = {"clients": reach.clients, "people": reach.people}.get(self.batch.kind)
        return self.run(
            _LEFT.format(
                client=reach.clients.condition("(c.extra ->> 'client_id')::bigint"),
                person=reach.people.condition("(c.extra ->> 'person_id')::bigint"),
                target=target.condition("c.id") if target is not None else "true",
            ),
            **reach.parameters,
            sectors=sorted(reached_sectors(self.member) or ()),
            left=out_of_reach(),
        )

    def run(self, sql: str, **more) -> int:
        self.cursor.execute(sql, self.parameters | more)
        return self.cursor.rowcount

    def lay_over(self, table: str, columns: str, *, also: str = "") -> None:
        """Lays the fields of the rows over the records."""
        fields = laid("c.fields", "t") if table in _WITH_CUSTOM else "c.fields"
        self.run(f"""
            UPDATE {table} t SET ({columns}) =
                (SELECT {_prefixed(columns, "r")} FROM jsonb_populate_record(t, {fields}) r),
                version = t.version + 1 {also}
            FROM exchange_chunk c WHERE c.act = 'update' AND t.id = c.id
              AND (to_jsonb(t) || {fields}) IS DISTINCT FROM to_jsonb(t)
        """)  # noqa: S608 (names of ours)

    # The kinds

    def _sectors(self) -> None:
        self.run("SELECT DISTINCT coalesce((extra ->> 'depth')::int, 0) FROM exchange_chunk ORDER BY 1")
        for (depth,) in self.cursor.fetchall():
            self.run(
                """
                INSERT INTO organizations_sector (id, organization_id, code, name, level, parent_id, path, version)
                SELECT c.id, %(org)s, c.key, c.fields ->> 'name', coalesce(c.fields ->> 'level', ''), p.id, '', 1
                FROM exchange_chunk c
                LEFT JOIN organizations_sector p ON p.organization_id = %(org)s AND p.code = c.extra ->> 'parent'
                WHERE c.act = 'create' AND (c.extra ->> 'depth')::int = %(depth)s
                """,
                depth=depth,
            )
            self.run(
                """
                UPDATE organizations_sector t SET name = coalesce(c.fields ->> 'name', t.name),
                    level = coalesce(c.fields ->> 'level', t.level), version = t.version + 1,
                    parent_id = CASE WHEN c.extra ? 'parent' THEN
                        (SELECT p.id FROM organizations_sector p
                         WHERE p.organization_id = %(org)s AND p.code = c.extra ->> 'parent') ELSE t.parent_id END
                FROM exchange_chunk c
                WHERE c.act = 'update' AND (c.extra ->> 'depth')::int = %(depth)s AND t.id = c.id
                """,
                depth=depth,
            )

    def _topics(self) -> None:
        self.run("""
            INSERT INTO interactions_topic
                (id, organization_id, code, label_fr, label_en, applies_to, position, is_active, version)
            SELECT c.id, %(org)s, c.key, r.label_fr, coalesce(nullif(r.label_en, ''), r.label_fr), r.applies_to,
                   r.position, r.is_active, 1
            FROM exchange_chunk c CROSS JOIN LATERAL jsonb_populate_record(NULL::interactions_topic,
                '{"label_en": "", "applies_to": [], "position": 100, "is_active": true}'::jsonb || c.fields) r
            WHERE c.act = 'create'
        """)
        self.lay_over("interactions_topic", "label_fr, label_en, applies_to, position, is_active")

    def _loan_applications(self) -> None:
        columns = "status, branch, agent_id, source_system, street, unit, city, region, postal_code, country"
        nothing = (
            "jsonb_build_object('status', 'in_progress', 'branch', '', 'source_system', '', 'street', '', 'unit', '',"
            " 'city', '', 'region', '', 'postal_code', '', 'country', '')"
        )
        self.run(f"""
            INSERT INTO enrollment_loanapplication
                (id, organization_id, number, {columns}, enrollment_state, version, created_by_id, updated_by_id)
            SELECT c.id, %(org)s, c.key, {_prefixed(columns, "r")}, 'none', 1, %(user)s, %(user)s
            FROM exchange_chunk c CROSS JOIN LATERAL
                jsonb_populate_record(NULL::enrollment_loanapplication, {nothing} || c.fields) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.run(f"""
            UPDATE enrollment_loanapplication t SET ({columns}) =
                (SELECT {_prefixed(columns, "r")} FROM jsonb_populate_record(t, c.fields) r),
                version = t.version + 1, updated_at = now(), updated_by_id = %(user)s
            FROM exchange_chunk c WHERE c.act = 'update' AND t.id = c.id
        """)  # noqa: S608
        place = "street, unit, city, region, postal_code, country"
        own = f"first_name, last_name, sort_key, birth_date, email, phone, {place}"
        self.run(f"""
            UPDATE enrollment_applicant a SET ({own}) =
                (SELECT {_prefixed(own, "r")} FROM jsonb_populate_record(a, c.extra -> 'applicant') r)
            FROM exchange_chunk c
            WHERE c.act = 'update' AND c.extra ? 'applicant' AND a.application_id = c.id AND a.is_primary
        """)  # noqa: S608
        self.run(f"""
            INSERT INTO enrollment_applicant
                (organization_id, application_id, position, role, is_primary, enrollment_state, {own})
            SELECT %(org)s, c.id, 1, 'applicant', true, 'none', {_prefixed(own, "r")}
            FROM exchange_chunk c CROSS JOIN LATERAL jsonb_populate_record(NULL::enrollment_applicant,
                jsonb_build_object('first_name', '', 'last_name', '', 'email', '', 'phone', '', 'street', '',
                    'unit', '', 'city', '', 'region', '', 'postal_code', '', 'country', '')
                || (c.extra -> 'applicant')) r
            WHERE c.extra ? 'applicant' AND NOT EXISTS (
                SELECT 1 FROM enrollment_applicant a WHERE a.application_id = c.id AND a.is_primary)
        """)  # noqa: S608

    def _clients(self) -> None:
        columns = (
            "kind, name, first_name, display_name, sort_key, status, category, language, birth_date, responsible_id, "
            "sector_id, emails, phones, identifiers, tags, custom"
        )
        self._give_numbers()
        # Before their clients: what is kept of each client with its main address is then written once.
        self._places_of("client_id")
        self.run(f"""
            INSERT INTO clients_client
                (id, organization_id, number, {columns}, sector_reach, version, created_by_id, updated_by_id)
            SELECT c.id, %(org)s, CASE WHEN c.number IS NULL THEN c.key ELSE 'C' || c.number END,
                   {_prefixed(columns, "r")}, '{{}}', 1, %(user)s, %(user)s
            FROM exchange_chunk c CROSS JOIN LATERAL jsonb_populate_record(NULL::clients_client,
                jsonb_build_object('status', 'client', 'category', '', 'language', %(language)s::text, 'first_name', '',
                                   'emails', '[]'::jsonb, 'phones', '[]'::jsonb, 'tags', '[]'::jsonb,
                                   'identifiers', '{{}}'::jsonb)
                || {laid("c.fields")}) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.run("""
            SELECT array_agg(t.id) FROM clients_client t JOIN exchange_chunk c ON c.id = t.id AND c.act = 'update'
            WHERE c.fields ? 'sector_id' AND (c.fields ->> 'sector_id')::bigint IS DISTINCT FROM t.sector_id
        """)
        moved = self.cursor.fetchone()[0]
        self.run(
            "SELECT t.id FROM clients_client t JOIN exchange_chunk c ON c.id = t.id AND c.act = 'update'"
            " WHERE c.fields ->> 'status' = 'removed' AND t.status <> 'removed' ORDER BY t.id"
        )
        retired = [pk for (pk,) in self.cursor.fetchall()]
        self.lay_over("clients_client", columns, also=", updated_at = now(), updated_by_id = %(user)s")
        self.run("SELECT clients_index(array_agg(id)) FROM exchange_chunk HAVING count(*) > 0")
        if moved:
            self.run("SELECT clients_people_index(%(moved_ids)s)", moved_ids=moved)
        # They leave their groups, as by any other way (`clients.client_changed`).
        for client in Client.objects.filter(pk__in=retired).order_by("pk"):
            announce(client, by=self.member, what="import")

    def _retires(self) -> bool:
        self.run("SELECT EXISTS (SELECT 1 FROM exchange_chunk WHERE fields ->> 'status' = 'removed')")
        return self.cursor.fetchone()[0]

    def _give_numbers(self) -> None:
        """Rows without a number get the next ones that nobody has chosen by hand."""
        while True:
            self.run("SELECT count(*) FROM exchange_chunk WHERE act = 'create' AND key LIKE '~%%' AND number IS NULL")
            wanted = self.cursor.fetchone()[0]
            if not wanted:
                return
            first = next_numbers(self.member.organization_id, "client", wanted)
            self.run(
                """
                UPDATE exchange_chunk c SET number = n.number
                FROM (SELECT line, %(first)s + row_number() OVER (ORDER BY line) - 1 AS number FROM exchange_chunk
                      WHERE act = 'create' AND key LIKE '~%%' AND number IS NULL) n
                WHERE n.line = c.line AND NOT EXISTS (
                    SELECT 1 FROM clients_client t WHERE t.organization_id = %(org)s AND t.number = 'C' || n.number)
                """,
                first=first,
            )

    def _places_of(self, owner: str) -> None:
        """The addresses that stand in the row of their client or person."""
        columns = "street, unit, postal_code, city, region, country"
        self.run(f"""
            UPDATE clients_address a SET ({columns}) =
                (SELECT {_prefixed(columns, "r")} FROM jsonb_populate_record(a, e.value) r),
                version = a.version + 1
            FROM exchange_chunk c, jsonb_each(c.extra -> 'addresses') e
            WHERE c.extra ? 'addresses' AND c.act = 'update' AND a.{owner} = c.id AND a.kind = e.key
              AND (to_jsonb(a) || e.value) IS DISTINCT FROM to_jsonb(a)
        """)  # noqa: S608
        self.run(f"""
            INSERT INTO clients_address (organization_id, {owner}, kind, label, external_key, {columns}, version)
            SELECT %(org)s, c.id, e.key, '', '', {_prefixed(columns, "r")}, 1
            FROM exchange_chunk c, jsonb_each(c.extra -> 'addresses') e,
                 jsonb_populate_record(NULL::clients_address, {_NO_PLACE} || e.value) r
            WHERE c.extra ? 'addresses'
              AND (c.act = 'create' OR NOT EXISTS (
                    SELECT 1 FROM clients_address a WHERE a.{owner} = c.id AND a.kind = e.key))
        """)  # noqa: S608

    def _people(self) -> None:
        columns = (
            "file_as, first_name, last_name, title, company, sort_key, language, birth_date, emails, phones, custom"
        )
        self.run(f"""
            INSERT INTO clients_person (id, organization_id, external_key, {columns}, version)
            SELECT c.id, %(org)s, c.key, {_prefixed(columns, "r")}, 1
            FROM exchange_chunk c CROSS JOIN LATERAL jsonb_populate_record(NULL::clients_person,
                jsonb_build_object('language', %(language)s::text, 'first_name', '', 'last_name', '', 'title', '',
                                   'company', '', 'emails', '[]'::jsonb, 'phones', '[]'::jsonb) || {laid("c.fields")}) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.lay_over("clients_person", columns, also=", updated_at = now()")
        self._places_of("person_id")
        # Marks of one client are given one after the other: who had a mark before has it no longer (R004-13).
        self.run("""
            SELECT 1 FROM clients_client t
            WHERE t.id IN (SELECT (extra ->> 'client_id')::bigint FROM exchange_chunk) ORDER BY t.id FOR UPDATE
        """)
        self.run("""
            INSERT INTO clients_clientperson
                (organization_id, client_id, person_id, is_primary, is_preferred, is_billing)
            SELECT %(org)s, (c.extra ->> 'client_id')::bigint, c.id, false, false, false
            FROM exchange_chunk c WHERE c.extra ? 'client_id'
            ON CONFLICT (client_id, person_id) DO NOTHING
        """)
        for mark in ("is_primary", "is_preferred", "is_billing"):
            chosen = f"""
                SELECT DISTINCT ON (c.extra ->> 'client_id') (c.extra ->> 'client_id')::bigint AS client_id, c.id
                FROM exchange_chunk c WHERE c.extra ? 'client_id' AND c.extra @> '{{"{mark}": true}}'
                ORDER BY c.extra ->> 'client_id', c.line DESC
            """  # noqa: S608
            self.run(f"""
                UPDATE clients_clientperson cp SET {mark} = false FROM ({chosen}) w
                WHERE cp.client_id = w.client_id AND cp.person_id <> w.id AND cp.{mark}
            """)  # noqa: S608
            self.run(f"""
                UPDATE clients_clientperson cp SET {mark} = true FROM ({chosen}) w
                WHERE cp.client_id = w.client_id AND cp.person_id = w.id AND NOT cp.{mark}
            """)  # noqa: S608
        self.run("""
            INSERT INTO clients_personphoto (organization_id, person_id, content, media_type)
            SELECT %(org)s, c.id, decode(c.extra #>> '{photo,content}', 'base64'), c.extra #>> '{photo,media_type}'
            FROM exchange_chunk c WHERE c.extra ? 'photo'
            ON CONFLICT (person_id) DO UPDATE SET content = excluded.content, media_type = excluded.media_type
        """)
        self.run("SELECT people_index(array_agg(id)) FROM exchange_chunk HAVING count(*) > 0")
        self._index_clients(
            "SELECT cp.client_id FROM clients_clientperson cp JOIN exchange_chunk c ON c.id = cp.person_id"
        )

    def _addresses(self) -> None:
        columns = "kind, label, street, unit, postal_code, city, region, country, external_key"
        self.run(f"""
            INSERT INTO clients_address (id, organization_id, client_id, person_id, {columns}, version)
            SELECT c.id, %(org)s, (c.extra ->> 'client_id')::bigint, (c.extra ->> 'person_id')::bigint,
                   {_prefixed(columns, "r")}, 1
            FROM exchange_chunk c, jsonb_populate_record(NULL::clients_address, {_NO_PLACE} || c.fields) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.lay_over("clients_address", columns)
        self._index_clients(
            "SELECT (c.extra ->> 'client_id')::bigint FROM exchange_chunk c WHERE c.extra ? 'client_id'"
        )

    def _contracts(self) -> None:
        self._business_objects()
        # A prospect becomes a client with the first contract (R001-06).
        self.run("""
            UPDATE clients_client t SET status = 'client', version = t.version + 1, updated_at = now(),
                updated_by_id = %(user)s
            WHERE t.status = 'prospect' AND t.id IN (SELECT (extra ->> 'client_id')::bigint FROM exchange_chunk)
        """)

    def _business_objects(self) -> None:
        columns = (
            "label, state, dated_on, due_on, amount, currency, sector_id, attributes, contract_id, program_account_id,"
            " submitted_by"
        )
        # A contract may have come with an earlier row of this very file.
        self.run("""
            UPDATE exchange_chunk c SET fields = c.fields || jsonb_build_object('contract_id', k.id)
            FROM clients_businessobject k, clients_businessobjecttype t
            WHERE c.extra ? 'contract' AND NOT c.fields ? 'contract_id' AND t.organization_id = %(org)s
              AND t.code = 'contract' AND k.organization_id = %(org)s AND k.type_id = t.id
              AND k.source_system = c.fields ->> 'source_system' AND k.key = c.extra ->> 'contract'
              AND k.client_id = (c.extra ->> 'client_id')::bigint AND k.deleted_at IS NULL
        """)
        self.run(f"""
            INSERT INTO clients_businessobject
                (id, organization_id, client_id, type_id, source_system, key, {columns}, version)
            SELECT c.id, %(org)s, (c.extra ->> 'client_id')::bigint, r.type_id, r.source_system, r.key,
                   {_prefixed(columns, "r")}, 1
            FROM exchange_chunk c, jsonb_populate_record(NULL::clients_businessobject, '{{"label": "", "state": "",
                "currency": "", "attributes": {{}}, "submitted_by": "own"}}'::jsonb || c.fields) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.run(f"""
            UPDATE clients_businessobject t
            SET ({columns}) = (SELECT {_prefixed(columns, "r")} FROM jsonb_populate_record(t, c.fields) r),
                deleted_at = NULL, version = t.version + 1, updated_at = now()
            FROM exchange_chunk c WHERE c.act = 'update' AND t.id = c.id
        """)  # noqa: S608
        # Service points bring their clients into the reach of their sector.
        self.run(
            "SELECT array_agg(DISTINCT (extra ->> 'client_id')::bigint) FROM exchange_chunk WHERE fields ? 'sector_id'"
        )
        moved = self.cursor.fetchone()[0]
        if moved:
            self.run("SELECT clients_index(%(ids)s), clients_people_index(%(ids)s)", ids=moved)

    def _interactions(self) -> None:
        self.run("UPDATE exchange_chunk SET number = 0 WHERE act = 'create'")
        wanted = self.cursor.rowcount
        if wanted:
            self.run(
                """
                UPDATE exchange_chunk c SET number = n.number
                FROM (SELECT line, %(first)s + row_number() OVER (ORDER BY line) - 1 AS number
                      FROM exchange_chunk WHERE act = 'create') n WHERE n.line = c.line
                """,
                first=next_numbers(self.member.organization_id, "interaction", wanted),
            )
        columns = (
            "topic_id, channel, direction, subject, occurred_at, status, priority, follow_up_on, follow_up_owner_id, "
            "contact_name, contact_phone, reference, custom"
        )
        self.run(f"""
            INSERT INTO interactions_interaction
                (id, organization_id, number, client_id, person_id, external_key, origin, created_by_id,
                 entry_sort_key, {columns}, version)
            SELECT c.id, %(org)s, c.number, (c.extra ->> 'client_id')::bigint, (c.extra ->> 'person_id')::bigint,
                   c.key, 'import', (c.extra ->> 'author')::bigint, left(search_key(c.extra ->> 'entry_name'), 80),
                   {_prefixed(columns, "r")}, 1
            FROM exchange_chunk c, jsonb_populate_record(NULL::interactions_interaction,
                jsonb_build_object('direction', 'none', 'subject', '', 'occurred_at', now(), 'status', 'open',
                    'priority', 'normal', 'contact_name', '', 'contact_phone', '', 'reference', '')
                || {laid("c.fields")}) r
            WHERE c.act = 'create'
        """)  # noqa: S608
        self.run("""
            INSERT INTO interactions_interactionentry
                (organization_id, interaction_id, seq, author_id, entry_name, internal, incoming, notify, notes)
            SELECT %(org)s, c.id, 1, (c.extra ->> 'author')::bigint, c.extra ->> 'entry_name',
                   (c.extra ->> 'internal')::boolean, (c.extra ->> 'incoming')::boolean, false, c.extra ->> 'notes'
            FROM exchange_chunk c WHERE c.act = 'create'
        """)
        for party in ("client", "person"):
            self.run(f"""
                INSERT INTO interactions_interactionparticipant (organization_id, interaction_id, {party}_id, role)
                SELECT %(org)s, c.id, (c.extra ->> '{party}_id')::bigint, '' FROM exchange_chunk c
                WHERE c.act = 'create' AND c.extra ? '{party}_id'
            """)  # noqa: S608
        self.run("""
            INSERT INTO interactions_interactionagent (organization_id, interaction_id, user_id, role)
            SELECT %(org)s, c.id, (c.extra ->> 'author')::bigint, 'originator'
            FROM exchange_chunk c WHERE c.act = 'create'
        """)
        self.lay_over("interactions_interaction", columns)
        self.run("""
            UPDATE interactions_interactionentry e SET notes = c.extra ->> 'notes'
            FROM exchange_chunk c WHERE c.act = 'update' AND c.extra ->> 'notes' <> '' AND e.interaction_id = c.id
              AND e.seq = 1 AND e.notes <> c.extra ->> 'notes'
        """)

    def _business_accounts(self) -> None:
        delegation.bring_accounts(self)

    def _relationships(self) -> int:
        return delegation.bring_relationships(self)

    def _requests(self) -> int:
        return delegation.bring_requests(self)

    def _groups(self) -> None:
        """Groups with their clients, and the processing request that says so; all in this one transaction."""
        self.run("""
            INSERT INTO groups_clientgroup (organization_id, name, name_key, member_count, created_by_id, version)
            SELECT DISTINCT ON (c.extra ->> 'name_key')
                   %(org)s, c.extra ->> 'name', c.extra ->> 'name_key', 0, %(user)s, 1
            FROM exchange_chunk c ORDER BY c.extra ->> 'name_key', c.line
            ON CONFLICT (organization_id, name_key) DO NOTHING
        """)
        self.run("""
            INSERT INTO groups_groupmember (id, organization_id, group_id, client_id)
            SELECT c.id, %(org)s, g.id, (c.extra ->> 'client_id')::bigint
            FROM exchange_chunk c
            JOIN groups_clientgroup g ON g.organization_id = %(org)s AND g.name_key = c.extra ->> 'name_key'
            ORDER BY c.line
        """)
        self.run("SELECT count(*) FROM exchange_chunk")
        ((number,),) = self.cursor.fetchall()
        if not number:
            return
        self.run(
            """
            WITH request AS (
                INSERT INTO groups_processingrequest (organization_id, number, operation, group_name, initiated_by_id,
                    initiated_by_name, state, payload, total, staged, ended_at, version)
                VALUES (%(org)s, %(request)s, 'import', %(name)s, %(user)s, %(who)s, 'done',
                        jsonb_build_object('import', %(batch)s), %(rows)s, %(rows)s, now(), 1)
                RETURNING id
            )
            INSERT INTO groups_processingrow
                (organization_id, request_id, position, client_id, change, role_before, role_after, result, reason)
            SELECT %(org)s, request.id, row_number() OVER (ORDER BY c.line), (c.extra ->> 'client_id')::bigint, 'add',
                   '', '', 'ok', ''
            FROM exchange_chunk c, request
            """,
            request=next_numbers(self.member.organization_id, "processing_request"),
            name=self.batch.filename[:100],
            who=self.member.name,
            rows=number,
        )

    def _index_clients(self, ids: str) -> None:
        self.run(f"SELECT clients_index(array_agg(DISTINCT w.id)) FROM ({ids}) w(id) HAVING count(*) > 0")  # noqa: S608


_NO_PLACE = """jsonb_build_object('kind', 'main', 'label', '', 'street', '', 'unit', '', 'postal_code', '', 'city', '',
    'region', '', 'country', %(country)s::text, 'external_key', '')"""


def laid(fields: str, row: str = "") -> str:
    """`fields` (SQL) with its custom values laid over those of `row`: what is null there is taken away."""
    held = f"coalesce({row}.custom, '{{}}')" if row else "'{}'::jsonb"
    return (
        f"({fields} || jsonb_build_object('custom', jsonb_strip_nulls({held}"
        f" || coalesce({fields} -> 'custom', '{{}}'))))"
    )


def _prefixed(columns: str, alias: str) -> str:
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))
