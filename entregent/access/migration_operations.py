"""Migration operations: a table gets its wall and its journal with one line each."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations import RunSQL

_WITHIN = "organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint"


def wall(table: str, *, also: str | None = None) -> RunSQL:
    """Row-level security by organization on `table`.

    `also` is a further SQL condition under which a row may be read (not written).
    """
    statements: list[Any] = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY organization_wall ON {table} USING ({_WITHIN}) WITH CHECK ({_WITHIN})",
    ]
    if also:
        statements.append(f"CREATE POLICY also_readable ON {table} FOR SELECT USING ({also})")
    return RunSQL(statements, reverse_sql=RunSQL.noop)


def journal(table: str, *, client: str = "NULL") -> RunSQL:
    """Statement-level triggers that write every change of `table` to the journal, whatever path the write took.

    `client` is a SQL expression over the row `r` that gives the client under whose file the change is shown.
    """
    return RunSQL(
        [f"SELECT audit_attach('{table}', $journal${client}$journal$)"],
        reverse_sql=[f"SELECT audit_detach('{table}')"],
    )


def journal_shared(table: str, *, owners: str, hidden: Sequence[str] = ()) -> RunSQL:
    """The same for a table whose rows carry no organization.

    `owners` is a query over the row `r` for the organizations in whose journal a change stands; the columns `hidden`
    never reach it.
    """
    columns = ", ".join(f"'{column}'" for column in hidden)
    return RunSQL(
        [f"SELECT audit_attach_shared('{table}', $journal${owners}$journal$, ARRAY[{columns}]::text[])"],
        reverse_sql=[f"SELECT audit_detach('{table}')"],
    )


def rewritten(function: str, before: str, after: str) -> RunSQL:
    """Puts `after` for `before` in a trigger function of an installation where it still says so. Where it is made anew,
    it is made from a file that says `after`."""
    return RunSQL(
        [
            f"DO $rewrite$ BEGIN EXECUTE replace(pg_get_functiondef('{function}()'::regprocedure),"
            f" $before${before}$before$, $after${after}$after$); END $rewrite$"
        ],
        reverse_sql=RunSQL.noop,
    )
