# ruff: noqa: E501 (statements in SQL)
"""Lists, in the process: the first page of each list in each order, pages far down, the views of the demo.

Run by `benchmarks.__main__` for one database. Each is held against raw SQL that gives the same rows; statements are
counted, and must be as many at every size.
"""

import json
import time

import click
import django

from benchmarks import figures, queries
from benchmarks.search import MEMBERS, member_of

TIMES = 7
VIEWS = {
    "my clients to follow up": {
        "all": [
            ["responsible", "me"],
            {"any": [["next_follow_up_on", "overdue"], ["next_follow_up_on", "in_next_days", 7]]},
        ]
    },
    "on credit hold": ["credit_hold", "is", True],
    "unpaid for 30 days, no contact since": {
        "has": "invoices",
        "where": {
            "all": [
                ["state", "in", ["unpaid", "overdue"]],
                ["dated_on", "days_ago_more", 30],
                {"has_not": "interactions", "since": "dated_on"},
            ]
        },
    },
    "in one city": ["city", "is", "Nancy"],
    "at least ten interactions": {"count": "interactions", "is": ["at_least", 10]},
    "prospects": ["status", "is", "prospect"],
}
# The same rows in the plainest way, by the application's role within its wall.
RAW = {
    "clients": """
        SELECT c.id, c.number, c.display_name, m.city, c.phones->0->>'number', c.emails[1], c.status, s.name, u.name, m.last_interaction_at,
               (SELECT true FROM clients_credithold h WHERE h.client_id = c.id AND h.lifted_at IS NULL)
        FROM clients_client c JOIN clients_clientsummary m ON m.client_id = c.id
        LEFT JOIN organizations_sector s ON s.id = c.sector_id LEFT JOIN organizations_user u ON u.id = c.responsible_id
        WHERE c.organization_id = 1 AND m.organization_id = 1 AND c.deleted_at IS NULL AND c.status <> 'removed' AND {filter}
        ORDER BY {order} LIMIT 101""",
    "people": """
        SELECT p.id, p.file_as, p.title, p.phones->0->>'number', p.emails[1],
               ARRAY(SELECT c.display_name FROM clients_clientperson l JOIN clients_client c ON c.id = l.client_id WHERE l.person_id = p.id LIMIT 5),
               (SELECT max(i.occurred_at) FROM interactions_interaction i WHERE i.person_id = p.id AND i.deleted_at IS NULL)
        FROM clients_person p WHERE p.organization_id = 1 AND p.deleted_at IS NULL AND {filter} ORDER BY {order} LIMIT 101""",
    "interactions": """
        SELECT i.id, i.occurred_at, i.channel, i.direction, c.display_name, i.subject, t.label_fr, u.name, i.follow_up_on, i.status,
               (SELECT bool_and(e.internal) FROM interactions_interactionentry e WHERE e.interaction_id = i.id)
        FROM interactions_interaction i LEFT JOIN clients_client c ON c.id = i.client_id
        JOIN interactions_topic t ON t.id = i.topic_id LEFT JOIN organizations_user u ON u.id = i.created_by_id
        WHERE i.organization_id = 1 AND i.deleted_at IS NULL AND {filter} ORDER BY {order} LIMIT 101""",
    "invoices": """
        SELECT o.id, o.key, c.display_name, o.label, o.state, o.dated_on, o.due_on, o.amount
        FROM clients_businessobject o JOIN clients_client c ON c.id = o.client_id
        WHERE o.organization_id = 1 AND o.type_id = (SELECT id FROM clients_businessobjecttype WHERE organization_id = 1 AND code = 'invoice')
          AND o.deleted_at IS NULL AND c.deleted_at IS NULL AND {filter} ORDER BY {order} LIMIT 101""",
}
TABLES = {"clients": "c", "people": "p", "interactions": "i", "invoices": "o"}


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from entregent.access.wall import in_organization

    result: dict = {"clients": clients, "machine": figures.machine()}
    for who, user_id in MEMBERS.items():
        with in_organization(queries.BIG, user_id=user_id):
            member = member_of(user_id)
            result[who] = measured(member, who, is_whole=who == "whole organization")
    if into:
        with open(into, "w") as file:
            json.dump(result, file, indent=1, ensure_ascii=False)


def measured(member, who: str, *, is_whole: bool) -> dict:
    from entregent.listing.lists import lists

    rows, answer = [], {}
    for code in RAW:
        definition = lists(member)[code]
        for column in definition.columns_by_code(member).values():
            for name in (column.code, f"-{column.code}") if column.is_sortable else ():
                plain = raw_of(code, column, name.startswith("-")) if is_whole else None
                one = timed(definition, member, plain, sort=name)
                answer[f"{code} by {name}"] = one
                rows.append(line(f"{code} by {name}", one))
                if is_whole:
                    one = timed(
                        definition, member, None, sort=name, after=deep_cursor(definition, member, column, name)
                    )
                    answer[f"{code} by {name}, far down"] = one
                    rows.append(line(f"{code} by {name}, far down", one))
    definition = lists(member)["clients"]
    for name, condition in VIEWS.items():
        one = timed(definition, member, None, sort="name", condition=condition, with_count=True)
        answer[name] = one
        rows.append(line(f"view: {name}", one))
    figures.table(
        f"Lists, ms with the work in Python ({who})", ["", "statements", "p50", "p95", "raw SQL", "ratio"], rows
    )
    return answer


def line(name: str, one: dict) -> list:
    raw = one.get("raw_ms", {}).get("p50", "")
    return [name, one["statements"], one["p50"], one["p95"], raw, round(one["p50"] / raw, 2) if raw else ""]


def timed(definition, member, plain: str | None, *, with_count: bool = False, condition=None, **asked) -> dict:
    """Once to warm up, then the median of several."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from entregent.listing.pages import ask

    def once() -> None:
        question = ask(definition, member, condition=condition)
        question.page(columns=definition.default_columns, **asked)
        if with_count:
            question.count()

    once()
    with CaptureQueriesContext(connection) as captured:
        once()
    one = figures.summary([clock(once) for _ in range(TIMES)]) | {"statements": len(captured)}
    if plain is not None:

        def raw() -> None:
            with connection.cursor() as cursor:
                cursor.execute(plain)
                cursor.fetchall()

        raw()
        one["raw_ms"] = figures.summary([clock(raw) for _ in range(TIMES)])
    return one


def clock(work) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def raw_of(code: str, column, descends: bool) -> str:
    """The first page in plain SQL: what has no value at the end, as the list has it."""
    path = column.order_path
    field = f"m.{path.removeprefix('summary__')}" if path.startswith("summary__") else f"{TABLES[code]}.{path}"
    key = "m.client_id" if path.startswith("summary__") else f"{TABLES[code]}.id"
    way = "DESC" if descends else "ASC"
    only = f"{field} IS NOT NULL" if column.is_nullable else "true"
    return RAW[code].format(order=f"{field} {way}, {key} {way}", filter=only)


def deep_cursor(definition, member, column, name: str) -> str:
    """The cursor of the page that begins after nine tenths of the records that have a value."""
    from entregent.listing.pages import write_cursor

    records = definition.records(member)
    if column.sort_records is not None:
        records = records.filter(column.sort_records(member))
    records = records.filter(**{f"{column.order_path}__isnull": False})
    sign = "-" if name.startswith("-") else ""
    ordered = records.order_by(f"{sign}{column.order_path}", f"{sign}{column.sort_id}")
    place = int(records.count() * 0.9)
    value, key = ordered.values_list(column.order_path, column.sort_id)[place]
    return write_cursor(name, value, key)


if __name__ == "__main__":
    main()
