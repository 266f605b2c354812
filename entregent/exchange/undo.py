"""Undoing an import from the journal: what it created goes, what it changed is put back; what was touched since stays.

The journal is read backwards, table after table, those that hang on others first. A record that anybody changed after
the import, or on which something new hangs (a contact logged with an imported client), is kept and listed with who and
when.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from entregent.exchange.models import Import
from entregent.exchange.reach import ImportReach, out_of_reach
from entregent.groups.effects import one_after_the_other
from entregent.organizations.models import Membership

# Written by triggers and counters: not put back.
_NOT_PUT_BACK = {
    "id", "organization_id", "version", "sector_reach", "path", "key_compact", "member_count", "program_count",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """The changes of one table. `since` finds what others did meanwhile with record `w.row_id` of client
    `w.client_id`: a condition on the journal `n`. `label` names a record `t` that is kept;
    without one its kept rows are not listed."""

    table: str
    since: str
    label: str = ""
    also_kept: str = "false"


_OF_ROW = "n.client_id IS NOT DISTINCT FROM w.client_id AND n.table_name = '{table}' AND n.row_id = w.row_id"
_OF_CLIENT = "n.client_id = w.client_id"


def _of_interaction(table: str) -> Step:
    owner = f"(SELECT x.interaction_id FROM {table} x WHERE x.id = w.row_id)"  # noqa: S608 (a name of ours)
    return Step(
        table,
        "n.client_id IS NOT DISTINCT FROM w.client_id AND n.table_name = 'interactions_interaction'"
        f" AND n.row_id = {owner}",
        also_kept="EXISTS (SELECT 1 FROM interactions_interactionentry e"  # noqa: S608
        f" WHERE e.interaction_id = {owner} AND e.seq > 1)",
    )


_LOAN = "(SELECT x.application_id FROM enrollment_applicant x WHERE x.id = w.row_id)"
_OF_LOAN = "n.client_id IS NULL AND n.table_name = 'enrollment_loanapplication' AND n.row_id = " + _LOAN


STEPS: dict[str, tuple[Step, ...]] = {
    "sectors": (Step("organizations_sector", _OF_ROW, "t.code || ' · ' || t.name"),),
    "topics": (Step("interactions_topic", _OF_ROW, "t.code"),),
    "clients": (
        Step("clients_address", _OF_CLIENT),
        Step("clients_client", _OF_CLIENT, "t.number || ' · ' || t.display_name"),
    ),
    "people": (
        Step(
            "clients_address",
            "n.client_id IS NULL AND (n.table_name = 'clients_address' AND n.row_id = w.row_id"
            " OR n.table_name = 'clients_person' AND n.row_id ="
            " (SELECT x.person_id FROM clients_address x WHERE x.id = w.row_id))",
        ),
        Step(
            "clients_clientperson",
            "n.client_id IS NULL AND n.table_name = 'clients_person' AND n.row_id ="
            " (SELECT x.person_id FROM clients_clientperson x WHERE x.id = w.row_id)",
        ),
        Step("clients_person", _OF_ROW, "t.file_as"),
    ),
    "addresses": (Step("clients_address", _OF_ROW, "concat_ws(' ', t.street, t.postal_code, t.city)"),),
    "contracts": (
        Step("clients_client", _OF_ROW),
        Step("clients_businessobject", _OF_ROW, "t.key"),
    ),
    "business-objects": (Step("clients_businessobject", _OF_ROW, "t.key"),),
    "interactions": (
        _of_interaction("interactions_interactionagent"),
        _of_interaction("interactions_interactionparticipant"),
        _of_interaction("interactions_interactionentry"),
        Step(
            "interactions_interaction",
            _OF_ROW,
            "t.number::text",
            "EXISTS (SELECT 1 FROM interactions_interactionentry e WHERE e.interaction_id = w.row_id AND e.seq > 1)",
        ),
    ),
    "loan-applications": (
        # Whoever keeps an application keeps its applicants: changed, in a draft of « Effectif GRC », or transmitted.
        Step(
            "enrollment_applicant",
            f"({_OF_ROW} OR {_OF_LOAN})",
            also_kept="w.operation = 'I' AND (EXISTS"  # noqa: S608 (a name of ours)
            f" (SELECT 1 FROM enrollment_enrollment e WHERE e.application_id = {_LOAN}) OR EXISTS"
            f" (SELECT 1 FROM enrollment_transmission e WHERE e.application_id = {_LOAN}))",
        ),
        Step("enrollment_loanapplication", _OF_ROW, "t.number"),
    ),
    # What the operator brought in stays (`Import.can_be_undone`); requests of the page are taken back.
    "business-accounts": (),
    "relationships": (Step("relationships_accessrequest", _OF_ROW, "t.account_number"),),
    "groups": (
        Step(
            "groups_groupmember",
            _OF_ROW,
            "(SELECT c.number || ' · ' || c.display_name FROM clients_client c WHERE c.id = t.client_id)",
        ),
        Step("groups_clientgroup", _OF_ROW, "t.name"),
    ),
}

_WINDOW = """
CREATE TEMP TABLE IF NOT EXISTS exchange_undo (
    id bigint NOT NULL, row_id bigint NOT NULL, operation text NOT NULL, client_id bigint, before jsonb,
    kept_by bigint, kept_at timestamptz, is_kept boolean NOT NULL DEFAULT false, is_out boolean NOT NULL DEFAULT false
) ON COMMIT DELETE ROWS
"""

# The next changes of the table, backwards; of several changes of one row the oldest of the window.
_TAKE = """
WITH taken AS (
    SELECT c.id, c.row_id, c.operation, c.client_id, c.before FROM audit_change c
    WHERE c.organization_id = %(org)s AND c.id > %(first)s AND c.id <= %(last)s AND c.action_id = %(action)s
      AND c.table_name = %(table)s
    ORDER BY c.id DESC LIMIT %(most)s
), written AS (
    INSERT INTO exchange_undo (id, row_id, operation, client_id, before)
    SELECT DISTINCT ON (row_id) id, row_id, operation, client_id, before FROM taken ORDER BY row_id, id
)
SELECT min(id), count(*) FROM taken
"""

_KEEP = """
UPDATE exchange_undo w SET is_kept = true, kept_by = k.user_id, kept_at = k.at
FROM exchange_undo o
LEFT JOIN LATERAL (
    SELECT n.user_id, n.at FROM audit_change n, LATERAL (SELECT o.row_id, o.client_id) w
    WHERE n.organization_id = %(org)s AND n.id > %(first)s AND n.action_id IS DISTINCT FROM %(action)s
      AND n.action_id IS DISTINCT FROM %(undo)s AND {since}
    ORDER BY n.id DESC LIMIT 1
) k ON true
WHERE o.id = w.id AND (k.at IS NOT NULL OR ({also_kept}))
"""


# What is no longer in reach of whoever undoes stays, and is not named.
_KEEP_OUT_OF_REACH = """
UPDATE exchange_undo w SET is_kept = true, is_out = true WHERE NOT ({within})
"""


class Undoing:
    """The undoing of one import, a window of changes at a time, in the transaction at hand."""

    def __init__(self, batch: Import, member: Membership):
        self.batch = batch
        self.reach = ImportReach(member)
        self.parameters = {
            "org": batch.organization_id,
            "first": batch.first_change,
            "action": batch.action_id,
            "undo": batch.undo_action_id,
        }

    def window(self, step: Step, last: int, most: int = 2000) -> tuple[int | None, dict[str, int], list[dict]]:
        """Undoes changes of the table before the journal's `last`: (where to go on, counts, what is kept)."""
        with connection.cursor() as self.cursor:
            self._run("SELECT set_config('app.search_deferred', 'on', true)")
            self._run("SET CONSTRAINTS ALL IMMEDIATE")
            if self.batch.kind == "groups":
                one_after_the_other(self.batch.organization_id)
            self._run(_WINDOW)
            self._run("DELETE FROM exchange_undo")
            self._run(_TAKE, table=step.table, last=last, most=most)
            lowest, taken = self.cursor.fetchone()
            if not taken:
                return None, {}, []
            self._run("ANALYZE exchange_undo")
            self._run(_KEEP.format(since=step.since.format(table=step.table), also_kept=step.also_kept))
            self._keep_out_of_reach(step)
            clients = self._clients_of(step)
            deleted = self._delete(step)
            restored = self._restore(step)
            kept = self._kept(step)
            self._index(step, clients)
            counts = {"deleted": deleted, "restored": restored} if step.label else {}
            return lowest - 1, counts, kept

    def _keep_out_of_reach(self, step: Step) -> None:
        if self.reach.is_whole:
            return
        within = f"w.client_id IS NULL OR {self.reach.gone.condition('w.client_id')}"
        if step.table == "clients_person":
            within = self.reach.people.condition("w.row_id")
        elif step.table == "clients_clientperson":
            clients = self.reach.clients.condition("x.client_id")
            within = f"EXISTS (SELECT 1 FROM clients_clientperson x WHERE x.id = w.row_id AND {clients})"  # noqa: S608
        self._run(_KEEP_OUT_OF_REACH.format(within=within), **self.reach.parameters)

    def _run(self, sql: str, **more) -> int:
        self.cursor.execute(sql, self.parameters | more)
        return self.cursor.rowcount

    def _delete(self, step: Step) -> int:
        try:
            with transaction.atomic():
                return self._run(
                    f"DELETE FROM {step.table} t USING exchange_undo w"  # noqa: S608
                    " WHERE w.operation = 'I' AND NOT w.is_kept AND t.id = w.row_id"
                )
        except IntegrityError:
            return self._delete_one_by_one(step)

    def _delete_one_by_one(self, step: Step) -> int:
        """Something that is not in the journal's sight still uses one of them: that one stays."""
        self._run("SELECT row_id FROM exchange_undo WHERE operation = 'I' AND NOT is_kept ORDER BY id DESC")
        deleted = 0
        for (row_id,) in self.cursor.fetchall():
            try:
                with transaction.atomic():
                    deleted += self._run(f"DELETE FROM {step.table} WHERE id = %(row)s", row=row_id)  # noqa: S608
            except IntegrityError:
                self._run("UPDATE exchange_undo SET is_kept = true WHERE row_id = %(row)s", row=row_id)
        return deleted

    def _restore(self, step: Step) -> int:
        columns = _columns(step.table)
        version = ", version = t.version + 1" if _has_version(step.table) else ""
        return self._run(f"""
            UPDATE {step.table} t
            SET ({", ".join(columns)}) = (
                SELECT {", ".join(f"r.{column}" for column in columns)}
                FROM jsonb_populate_record(NULL::{step.table}, w.before) r){version}
            FROM exchange_undo w WHERE w.operation = 'U' AND NOT w.is_kept AND t.id = w.row_id
        """)  # noqa: S608

    def _kept(self, step: Step) -> list[dict]:
        if not step.label:
            return []
        label = f"CASE WHEN w.is_out THEN %(out)s ELSE {step.label} END"
        kept = f"""
            SELECT {label}, u.name, w.kept_at FROM exchange_undo w JOIN {step.table} t ON t.id = w.row_id
            LEFT JOIN organizations_user u ON u.id = w.kept_by WHERE w.is_kept ORDER BY w.id
        """  # noqa: S608
        self._run(kept, out=out_of_reach())
        return [
            {"label": label, "who": who or "", "at": at.isoformat() if at else ""}
            for label, who, at in self.cursor.fetchall()
        ]

    def _clients_of(self, step: Step) -> list[int]:
        """Clients whose index changes with this table, found before its rows go."""
        if step.table == "clients_address":
            self._run("SELECT DISTINCT client_id FROM exchange_undo WHERE client_id IS NOT NULL AND NOT is_kept")
        elif step.table == "clients_person":
            self._run(
                "SELECT DISTINCT cp.client_id FROM clients_clientperson cp"
                " JOIN exchange_undo w ON w.row_id = cp.person_id"
            )
        elif step.table in ("clients_clientperson", "clients_businessobject"):
            self._run("SELECT DISTINCT client_id FROM exchange_undo WHERE client_id IS NOT NULL")
        elif step.table == "clients_client":
            self._run("SELECT row_id FROM exchange_undo WHERE NOT is_kept")
        else:
            return []
        return [client for (client,) in self.cursor.fetchall()]

    def _index(self, step: Step, clients: list[int]) -> None:
        if step.table == "clients_person":
            self._run("SELECT people_index(array_agg(row_id)) FROM exchange_undo HAVING count(*) > 0")
        if clients:
            self._run("SELECT clients_index(%(clients)s), clients_people_index(%(clients)s)", clients=clients)


def _model(table: str) -> type[models.Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def _columns(table: str) -> list[str]:
    columns = [str(field.column) for field in _model(table)._meta.concrete_fields]
    return [column for column in columns if column not in _NOT_PUT_BACK]


def _has_version(table: str) -> bool:
    return any(field.column == "version" for field in _model(table)._meta.concrete_fields)
