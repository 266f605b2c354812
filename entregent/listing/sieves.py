"""What holds every answer to a question, and is soon found: ids that an index gives, such as the clients with an unpaid
invoice. Most records of an order are passed by for not being among them, before anything is looked up.

The planner tells which set is small enough, and near enough to be asked for.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from entregent.listing.conditions import Condition, as_q, criterion
from entregent.listing.lists import Column, ListDefinition, lists
from entregent.organizations.models import Membership

# More than this are not worth their hash, nor any that take the planner's word for a tenth of a second; and of those
# that leave out little nothing is won.
MOST = 200_000
DEAREST = 12_000
NARROW = 8

_NOT_NARROW = ("is_not", "not_contains", "has_not", "empty", "not_empty")


@dataclass(frozen=True)
class Sieve:
    """A statement that gives ids, with its parameters, and how many they are thought to be."""

    sql: str
    parameters: tuple
    rows: int


def narrowest(condition: Condition, definition: ListDefinition, member: Membership) -> Sieve | None:
    """The smallest set that holds all answers; None where none is known that is worth it."""
    if definition.everything is None:
        return None
    found = [one for records in _narrowings(condition.data, definition, member) if (one := _weighed(records))]
    best = min(found, key=lambda one: one.rows, default=None)
    if best is None:
        return None
    every = _plan(definition.everything(member).order_by().values("pk"))
    return best if every is not None and best.rows * NARROW <= every[2]["Plan Rows"] else None


def _weighed(records: QuerySet) -> Sieve | None:
    plan = _plan(records)
    if plan is None or plan[2]["Plan Rows"] > MOST or plan[2]["Total Cost"] > DEAREST:
        return None
    return Sieve(plan[0], tuple(plan[1]), plan[2]["Plan Rows"])


def _plan(records: QuerySet) -> tuple[str, Any, dict] | None:
    try:
        sql, parameters = records.query.sql_with_params()
    except EmptyResultSet:
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        told = cursor.fetchone()[0]
    return sql, parameters, (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]


def _narrowings(data, definition: ListDefinition, member: Membership) -> list[QuerySet]:
    """Queries of ids of the list, each of which holds every answer to the condition."""
    if isinstance(data, dict) and "all" in data:
        return [records for one in data["all"] for records in _narrowings(one, definition, member)]
    if isinstance(data, list):
        one = _of_column(definition.known_column(data[0], member), data, definition, member)
    elif isinstance(data, dict) and "any" in data:
        one = _of_either(data["any"], definition, member)
    elif isinstance(data, dict) and "has" in data:
        one = _of_related(data, definition, member)
    elif isinstance(data, dict) and "count" in data:
        one = _of_counted(data, definition, member)
    else:
        one = None
    return [] if one is None else [one]


def _of_column(column: Column, data: list, definition: ListDefinition, member: Membership) -> QuerySet | None:
    operator, value = data[1], data[2] if len(data) == 3 else None
    if column.narrowed is not None:
        return column.narrowed(operator, value, member)
    if operator in _NOT_NARROW or column.asked is not None or column.annotation is not None:
        return None
    if column.sort_through is None:
        assert definition.everything is not None
        records = definition.everything(member).filter(criterion(column, operator, value, member))
        return records.order_by().values("pk")
    # The narrow records beside those of the list: « summary__city_key » is their « city_key ».
    beside = replace(column, asked_path=column.compared_path.partition("__")[2])
    records = column.sort_through(member).filter(criterion(beside, operator, value, member))
    return records.order_by().values(column.sort_id.partition("__")[2])


def _of_either(parts: list, definition: ListDefinition, member: Membership) -> QuerySet | None:
    found = [_narrowings(one, definition, member) for one in parts]
    if not all(found):
        return None
    first, *others = [records[0] for records in found]
    return first.union(*others, all=True) if others else first


def _of_related(data: dict, definition: ListDefinition, member: Membership) -> QuerySet | None:
    """Whoever has such a related record: by its own columns, whatever else is asked of it."""
    relation = definition.known_relation(data["has"])
    target = lists(member)[relation.target]
    where = _plain(data.get("where"))
    if where is None or relation.here != "pk" or target.everything is None:
        return None
    records = target.everything(member).filter(as_q(where, target, member))
    return records.filter(**{f"{relation.link}__isnull": False}).order_by().values(relation.link)


def _of_counted(data: dict, definition: ListDefinition, member: Membership) -> QuerySet | None:
    """By the number that is kept. Of whoever sees fewer there are fewer still, so it holds for everybody."""
    relation, (operator, least) = definition.known_relation(data["count"]), data["is"]
    if relation.kept_through is None or operator == "at_most" or least < 1:
        return None
    path, records = relation.kept_count.partition("__")[2], relation.kept_through(member)
    return records.filter(**{f"{path}__gte": least}).order_by().values("pk")


def _plain(data) -> Any:
    """What of a condition asks for the record's own columns and narrows; None where nothing does."""
    if isinstance(data, list):
        return None if data[1] in _NOT_NARROW else data
    if isinstance(data, dict) and "all" in data:
        parts = [part for one in data["all"] if (part := _plain(one)) is not None]
        return {"all": parts} if parts else None
    if isinstance(data, dict) and "any" in data:
        parts = [_plain(one) for one in data["any"]]
        return {"any": parts} if all(part is not None for part in parts) else None
    return None
