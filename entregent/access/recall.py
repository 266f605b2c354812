"""QuerySets of one shape, written once: for the questions that the hottest pages ask at every request.

The ORM takes up to two milliseconds of processor to write a statement that the database answers in a tenth of that.
`@recalled` keeps what it wrote, and the server its plan, and runs it with other values:

    @recalled
    def _open_follow_ups(member, client_id: int, *, size: int) -> QuerySet:
        return Interaction.objects.visible_to(member).filter(client_id=client_id)[:size]

    rows = _open_follow_ups(member, client.pk, size=10)      # a list

Values that change from call to call are positional; they must arrive in the statement as they are (compared, not put
into a pattern). Everything else that the QuerySet depends on is the member, with the reach at this moment, or a
keyword, and is part of what is remembered: nothing is remembered from one reach to another.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, ValuesIterable, ValuesListIterable, get_related_populators

from entregent.access.statements import rows_of

MOST_REMEMBERED = 2_000

_remembered: dict[tuple, "_Statement"] = {}


def recalled(build: Callable[..., QuerySet]) -> Callable[..., list]:
    """`build(member, *values, **shape)`; `member` may be None for what hangs on a record that was seen already."""

    @wraps(build)
    def rows(member, *values, **shape) -> list:
        seen_by = None if member is None else (member.pk, member.organization_id, member.reach)
        key = (build, seen_by, tuple(map(type, values)), tuple(sorted(shape.items())))
        statement = _remembered.get(key)
        if statement is None:
            if len(_remembered) >= MOST_REMEMBERED:
                _remembered.clear()
            statement = _remembered[key] = _Statement(build, member, values, shape)
        return statement.rows(values)

    return rows


class _Statement:
    """What the ORM wrote, with the places where the values go, and how a row becomes what the QuerySet gives."""

    def __init__(self, build: Callable[..., QuerySet], member, values: tuple, shape: dict):
        marks = [_mark(value, place) for place, value in enumerate(values)]
        found = build(member, *marks, **shape)
        self._compiler = found.query.get_compiler(using=connection.alias)
        self._sql = ""
        try:
            self._sql, parameters = self._compiler.as_sql()
        except EmptyResultSet:
            return  # Nothing is in reach: the database need not be asked.
        self._parameters = list(parameters)
        self._places = [(at, marks.index(value)) for at, value in enumerate(parameters) if value in marks]
        if {place for _, place in self._places} != set(range(len(marks))):
            raise TypeError(f"{build.__qualname__}: a value does not arrive in the statement as it is.")
        columns = [column for column, _, _ in self._compiler.select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        self._make = self._maker(found)

    def rows(self, values: tuple) -> list:
        if not self._sql:
            return []
        parameters = self._parameters.copy()
        for at, place in self._places:
            parameters[at] = values[place]
        rows = rows_of(self._sql, parameters)
        if self._converters:
            rows = [tuple(row) for row in self._compiler.apply_converters(rows, self._converters)]
        return self._make(rows)

    def _maker(self, found: QuerySet) -> Callable[[list], list]:
        if found._iterable_class is ModelIterable:
            return self._records
        if found._iterable_class is ValuesListIterable:
            return list
        if found._iterable_class is ValuesIterable:
            names = list(found.query.selected or [*found.query.values_select, *found.query.annotation_select])
            return lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
        raise TypeError(f"{found._iterable_class.__name__}: records, values() or values_list() are recalled.")

    def _records(self, rows: list) -> list:
        compiler = self._compiler
        start, end = compiler.klass_info["select_fields"][0], compiler.klass_info["select_fields"][-1] + 1
        names = [column[0].target.attname for column in compiler.select[start:end]]
        related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        records = []
        for row in rows:
            record = compiler.klass_info["model"].from_db(connection.alias, names, row[start:end])
            for populator in related:
                populator.populate(row, record)
            for name, at in compiler.annotation_col_map.items():
                setattr(record, name, row[at])
            records.append(record)
        return records


def _mark(value: Any, place: int) -> Any:
    """A value of the same type that nothing else in the statement is."""
    if type(value) is int:
        return -7_310_250_000 - place
    if type(value) is str:
        return f"\N{SYMBOL FOR NULL}{place}\N{SYMBOL FOR NULL}"
    if type(value) is date:
        return date(1, 1, 2) + timedelta(days=place)
    if type(value) is datetime:
        return datetime(1, 1, 2, place, tzinfo=UTC)
    raise TypeError(f"{type(value).__name__}: int, str, date and datetime are values; make it a keyword.")
