"""Groups of clients: what a change of a hundred thousand costs beside one raw `INSERT … SELECT`, and what many groups
cost whoever works with them beside one sector; the screens of one large group.

In a copy of the database, gone at the end: what is read was committed and vacuumed, as it is where people work. (Rows
that the transaction at hand has just written or taken out are read from the heap one by one, whatever the indexes.) The
raw statement writes the same memberships into the same table, with its constraints, its journal and its marks; the
product stages and checks each row besides, with a result.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import django
import psycopg
from psycopg import sql

from benchmarks import figures, queries
from benchmarks.lists import clock
from benchmarks.search import MEMBERS, member_of

CHANGED, GROUPS, GRANTS = 100_000, 500, 200
TIMES = 5
RAW_AT_MOST, SECTOR_AT_MOST, PAGE_AT_MOST = 3, 1.5, 3
# What pages that choose clients show, in the plainest way: some of them, and whether there are more than a thousand.
_AVAILABLE = """
    SELECT c.id, c.number, c.display_name, a.number
    FROM clients_client c LEFT JOIN relationships_businessaccount a ON a.id = c.business_account_id
    WHERE c.organization_id = %(org)s AND c.deleted_at IS NULL AND c.status <> 'removed' AND c.sort_key LIKE %(found)s
      AND EXISTS (SELECT 1 FROM relationships_relationship r
                  WHERE r.organization_id = c.organization_id AND r.account_id = c.business_account_id
                    AND r.state = 'active' AND (r.ends_on IS NULL OR r.ends_on >= CURRENT_DATE))
      AND NOT EXISTS (SELECT 1 FROM groups_groupmember m
                      WHERE m.organization_id = c.organization_id AND m.client_id = c.id AND m.left_at IS NULL)
    ORDER BY c.sort_key, c.id LIMIT 1001
"""
_MEMBERS = """
    SELECT c.id, c.number, c.display_name, a.number
    FROM groups_groupmember m JOIN clients_client c ON c.id = m.client_id
    LEFT JOIN relationships_businessaccount a ON a.id = c.business_account_id
    WHERE m.group_id = %(group)s AND m.left_at IS NULL AND c.deleted_at IS NULL AND c.sort_key LIKE %(found)s
    ORDER BY c.sort_key, c.id LIMIT 1001
"""
RAW = {
    "change": [(_AVAILABLE, "%"), (_MEMBERS, "%")],
    "change, a search among the available": [(_AVAILABLE, "%martin%"), (_MEMBERS, "%")],
    "change, a search among the members": [(_AVAILABLE, "%"), (_MEMBERS, "%martin%")],
    "new group": [(_AVAILABLE, "%")],
    "new group, a search": [(_AVAILABLE, "%martin%")],
}


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    result: dict[str, Any] = {"machine": figures.machine(), "clients": clients}
    with _copy():
        django.setup()
        from entregent.access.wall import in_organization

        with in_organization(queries.BIG):
            _scene()
        _vacuum()
        result["changes"] = _changes(min(CHANGED, clients))
        result["screens"] = _screens(min(CHANGED, clients))
        result["reading"] = _reading()
    raw = result["changes"]["raw"]
    figures.table(
        f"Groups: {result['changes']['clients']:,} clients at once",
        ["", "seconds", f"× raw (≤ {RAW_AT_MOST})"],
        [[name, took, round(took / raw, 2)] for name, took in result["changes"].items() if name != "clients"],
    )
    figures.table(
        f"{GROUPS} groups, {GRANTS} of them somebody's, beside one sector, ms",
        ["", "groups p50", "groups p95", "sector p50", "sector p95", f"ratio (≤ {SECTOR_AT_MOST})"],
        [
            [name, one["groups"]["p50"], one["groups"]["p95"], one["sector"]["p50"], one["sector"]["p95"], one["ratio"]]
            for name, one in result["reading"].items()
        ],
    )
    figures.table(
        f"Screens of a group of {result['changes']['clients']:,}, whole pages in the process",
        ["", "statements", "p50, ms", "p95, ms", "raw SQL", f"× bare page + raw (≤ {PAGE_AT_MOST})"],
        [
            [name, one["statements"], one["p50"], one["p95"], one["raw"], one["ratio"]]
            for name, one in result["screens"].items()
        ],
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1))
    slow = [name for name, took in result["changes"].items() if name != "clients" and took > RAW_AT_MOST * raw]
    slow += [name for name, one in result["reading"].items() if one["ratio"] > SECTOR_AT_MOST]
    if slow:
        sys.exit(f"slower than wanted: {', '.join(slow)}")


@contextmanager
def _copy() -> Iterator[None]:
    """The settings lead to a copy of the database."""
    dsn = os.environ["ENTREGENT_DATABASE_URL"]
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    copy = f"{name}_groups"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy))
    with psycopg.connect(dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(copy), sql.Identifier(str(name))
            )
        )
        os.environ["ENTREGENT_DATABASE_URL"] = dsn.replace(f"/{name}", f"/{copy}", 1)
        try:
            yield
        finally:
            from django.db import connections

            connections.close_all()
            connection.execute(drop)


def _run(statement: str, **values: Any) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, {"org": queries.BIG, **values})
        return cursor.rowcount


_FILLED = (
    "relationships_businessaccount", "relationships_relationship", "clients_client", "clients_clientreach",
    "groups_groupmember", "groups_clientgroup", "groups_draftrow", "groups_processingrow",
)  # fmt: skip


def _vacuum() -> None:
    """As autovacuum does of itself, some minutes later."""
    _run("SET ROLE NONE")
    _run(f"VACUUM (ANALYZE) {', '.join(_FILLED)}")
    _run("SET ROLE entregent_app")


def _scene() -> None:
    """A service provider with an active relationship with each client. As the owner of the tables, without triggers."""
    _run("SET LOCAL ROLE NONE")
    _run("SET LOCAL session_replication_role = replica")
    _run(
        """
        UPDATE organizations_organization SET provider_kind = 'customs_broker', modules = modules || '{delegation}'
        WHERE id = %(org)s
        """
    )
    _run(
        """
        INSERT INTO relationships_businessaccount (id, number, name, postal_code, city, country, version)
        SELECT 1000000000 + c.id, lpad(c.id::text, 9, '0'), c.name, '', '', 'FR', 1
        FROM clients_client c WHERE c.organization_id = %(org)s
        """
    )
    _run("UPDATE clients_client SET business_account_id = 1000000000 + id WHERE organization_id = %(org)s")
    _run(
        """
        INSERT INTO relationships_relationship
            (organization_id, account_id, level, visibility, state, starts_on, approved_by_name, ended_by_name, version)
        SELECT %(org)s, 1000000000 + c.id, 'business', '{own}', 'active', CURRENT_DATE, '', '', 1
        FROM clients_client c WHERE c.organization_id = %(org)s
        """
    )
    _run("SET LOCAL session_replication_role = origin")
    _run("SELECT groups_refresh_free(array_agg(id)) FROM clients_client WHERE organization_id = %(org)s")
    _run("SET LOCAL ROLE entregent_app")
    member = member_of(MEMBERS["whole organization"])
    type(member).objects.filter(pk=member.pk).update(role="admin")


def _changes(number: int) -> dict[str, Any]:
    """In one transaction, rolled back."""
    from django.db import transaction

    from entregent.access.wall import in_organization

    with in_organization(queries.BIG):
        took = _changed(number)
        transaction.set_rollback(True)
    return took


def _changed(number: int) -> dict[str, Any]:
    from entregent.groups.actions.drafts import draft_of
    from entregent.groups.actions.requests import create_group, delete_group, update_group
    from entregent.groups.draft_models import DraftRow
    from entregent.groups.models import ClientGroup, GroupMember

    by = member_of(MEMBERS["whole organization"])
    _run(
        """
        CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT id FROM clients_client
        WHERE organization_id = %(org)s AND deleted_at IS NULL AND status <> 'removed' ORDER BY id LIMIT %(number)s
        """,
        number=number,
    )
    _run("ANALYZE chosen")
    took: dict[str, Any] = {"clients": _run("SELECT 1 FROM chosen")}

    def draft(group: ClientGroup | None, change: str):
        made = draft_of(by=by, group=group)
        _run(
            "INSERT INTO groups_draftrow (organization_id, draft_id, client_id, change)"
            " SELECT %(org)s, %(draft)s, id, %(change)s FROM chosen",
            draft=made.pk, change=change,
        )  # fmt: skip
        return made

    one = ClientGroup.objects.create(organization_id=queries.BIG, name="Brut", name_key="brut")
    start = time.perf_counter()
    _run(
        """
        INSERT INTO groups_groupmember (organization_id, group_id, client_id) SELECT %(org)s, %(group)s, id FROM chosen
        """,
        group=one.pk,
    )
    # What the end of a transaction checks belongs to it.
    _run("SET CONSTRAINTS ALL IMMEDIATE")
    took["raw"] = round(time.perf_counter() - start, 2)
    GroupMember.objects.all()._raw_delete("default")
    one.delete()
    _run("ANALYZE groups_groupmember")

    def clocked(name: str, ask: Callable[[], Any]) -> None:
        start = time.perf_counter()
        _finished(ask(), by)
        took[name] = round(time.perf_counter() - start, 2)

    change = DraftRow.Change
    asked = draft(None, change.ADD)
    clocked("added", lambda: create_group(by=by, name="Premier", draft=asked))
    first = ClientGroup.objects.get(name="Premier")
    out = draft(first, change.REMOVE)
    clocked("taken out", lambda: update_group(first, by=by, word="CONFIRMER", version=None, draft=out))
    second = ClientGroup.objects.create(organization_id=queries.BIG, name="Second", name_key="second")
    into = draft(second, change.ADD)
    clocked("put into another", lambda: update_group(second, by=by, word="CONFIRMER", version=None, draft=into))
    clocked("group deleted", lambda: delete_group(second, by=by, word="SUPPRIMER"))
    if GroupMember.objects.live().exists() or GroupMember.objects.count() != 2 * took["clients"]:
        sys.exit("memberships were lost or doubled")
    return took


def _finished(request, by) -> None:
    """Does in this transaction what the worker does in one for each chunk."""
    from entregent.groups.actions.staging import Made, carry_out

    made = Made.STAGED
    while request.is_open and made == Made.STAGED:
        made = carry_out(request, by=by)
    if request.state != request.State.DONE:
        sys.exit(f"request {request.number}: {request.failure}")


def _screens(number: int) -> dict[str, Any]:
    """Pages of the account manager of a hundred thousand clients in one group."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from benchmarks.pages import SLUG
    from entregent.access.wall import in_organization
    from entregent.groups.models import ClientGroup
    from entregent.organizations.models import User

    with in_organization(queries.BIG):
        by = member_of(MEMBERS["whole organization"])
        group = ClientGroup.objects.create(organization_id=queries.BIG, name="Grand", name_key="grand")
        _into_groups(
            """
            SELECT %(org)s, %(group)s, id FROM clients_client
            WHERE organization_id = %(org)s AND deleted_at IS NULL AND status <> 'removed' ORDER BY id LIMIT %(number)s
            """,
            group=group.pk, number=number,
        )  # fmt: skip
    _vacuum()
    browser = Client(HTTP_HOST="127.0.0.1")
    browser.force_login(User.objects.get(pk=by.user_id), backend="entregent.organizations.sessions.SignIn")
    here = f"/{SLUG}/groupes-de-clients/{group.pk}/"
    visited = {
        "bare page": f"/{SLUG}/page-nue/",
        "list of groups": f"/{SLUG}/groupes-de-clients/",
        "group": here,
        "group, a search": f"{here}?q=martin",
        "group, a search that finds nothing": f"{here}?q=xqzw",
        "group, from m on": f"{here}?apres=m|0",
        "change": f"{here}modifier/",
        "change, a search among the available": f"{here}modifier/?q=martin",
        "change, a search among the members": f"{here}modifier/?qm=martin",
        "new group": f"/{SLUG}/groupes-de-clients/nouveau/",
        "new group, a search": f"/{SLUG}/groupes-de-clients/nouveau/?q=martin",
        "employees": f"/{SLUG}/groupes-de-clients/employes/",
        "requests": f"/{SLUG}/demandes-de-traitement/",
    }
    found: dict[str, Any] = {}
    for name, address in visited.items():

        def visit(address: str = address) -> None:
            answer = browser.get(address)
            if answer.status_code != 200:
                sys.exit(f"{address}: {answer.status_code}")

        visit()
        with CaptureQueriesContext(connection) as captured:
            visit()
            statements = len(captured)
        found[name] = figures.summary([clock(visit) for _ in range(4 * TIMES)]) | {"statements": statements}
    with in_organization(queries.BIG):
        for name, one in found.items():
            one["raw"] = sum(_raw(statement, group.pk, like) for statement, like in RAW.get(name, []))
            one["ratio"] = round(one["p50"] / (found["bare page"]["p50"] + one["raw"]), 1)
    return found


def _raw(statement: str, group: int, like: str) -> float:
    return figures.summary([clock(lambda: _run(statement, group=group, found=like)) for _ in range(TIMES)])["p50"]


def _into_groups(members: str, **values: Any) -> None:
    """Memberships of a query of organization, group and client; without a journal of them."""
    _run("SET LOCAL ROLE NONE")
    _run("ALTER TABLE groups_groupmember DISABLE TRIGGER audit_insert")
    _run(f"INSERT INTO groups_groupmember (organization_id, group_id, client_id) {members}", **values)
    _run("SET CONSTRAINTS ALL IMMEDIATE")
    _run("ALTER TABLE groups_groupmember ENABLE TRIGGER audit_insert")
    _run("SET LOCAL ROLE entregent_app")


def _reading() -> dict[str, Any]:
    """List, search and client file of somebody with many groups, and of somebody with one sector."""
    from entregent.access.wall import in_organization

    _many_groups()
    measured: dict[str, Any] = {}
    with in_organization(queries.BIG):
        members = {"groups": member_of(MEMBERS["one department"]), "sector": member_of(MEMBERS["one region"])}
        for name, work in _works().items():
            found = {who: figures.summary(work(member)) for who, member in members.items()}
            measured[name] = found | {"ratio": round(found["groups"]["p50"] / max(found["sector"]["p50"], 0.1), 2)}
    return measured


def _many_groups() -> None:
    """All clients in groups, instead of those that were; many of them somebody's."""
    from entregent.access.wall import in_organization
    from entregent.groups.effects import write_grants
    from entregent.organizations.models import Grant

    with in_organization(queries.BIG):
        _run("SET LOCAL ROLE NONE")
        _run("SET LOCAL session_replication_role = replica")
        _run("DELETE FROM groups_groupmember")
        _run("DELETE FROM groups_clientgroup")
        _run("DELETE FROM clients_clientreach WHERE sector_id >= 4611686018427387904")
        _run("SET LOCAL session_replication_role = origin")
        _run(
            """
            INSERT INTO groups_clientgroup (id, organization_id, name, name_key, member_count, version)
            SELECT g, %(org)s, 'Groupe ' || g, 'groupe ' || g, 0, 1 FROM generate_series(1, %(groups)s) g
            """,
            groups=GROUPS,
        )
        _into_groups(
            "SELECT %(org)s, 1 + id %% %(groups)s, id FROM clients_client WHERE organization_id = %(org)s",
            groups=GROUPS,
        )
        grouped = member_of(MEMBERS["one department"])
        Grant.objects.filter(membership=grouped).delete()
        _run(
            """
            INSERT INTO groups_groupassignment (organization_id, group_id, user_id, role)
            SELECT %(org)s, g, %(user)s, 'editor' FROM generate_series(1, %(grants)s) g
            """,
            grants=GRANTS, user=grouped.user_id,
        )  # fmt: skip
        write_grants(range(1, GRANTS + 1))
    _vacuum()


def _works() -> dict[str, Callable[[Any], list[float]]]:
    from entregent.clients.models import Client
    from entregent.listing.lists import lists
    from entregent.listing.pages import ask
    from entregent.search.quick import quick_search

    def fresh(member):
        return type(member).objects.select_related("organization", "user").get(pk=member.pk)

    def listed(member) -> list[float]:
        def once() -> None:
            again = fresh(member)
            definition = lists(again)["clients"]
            question = ask(definition, again)
            question.page(columns=definition.default_columns, sort="name")
            question.count()

        once()
        return [clock(once) for _ in range(TIMES)]

    def searched(member) -> list[float]:
        words = ("martin", "dupo", "ma", "garage", "lefevre", "nancy", "bou", "ernard", "C-00 12", "durand marie")
        took = []
        for text in words:
            quick_search(fresh(member), text)
            took += [clock(lambda: quick_search(fresh(member), text)) for _ in range(TIMES)]  # noqa: B023
        return took

    def opened(member) -> list[float]:
        numbers = list(
            Client.objects.visible_to(fresh(member)).order_by("sort_key").values_list("number", flat=True)[:40]
        )

        def once(number: str) -> None:
            Client.objects.visible_to(fresh(member)).get(number=number)

        return [clock(lambda: once(number)) for number in numbers]  # noqa: B023

    return {"client list with its count": listed, "quick search": searched, "client file": opened}


if __name__ == "__main__":
    main()
