"""Statements that every request runs: planned once by the server, their rows made into records without the ORM.

For what has one fixed shape and is asked all the time (who is it, in which organization, what is in reach): the ORM
takes a millisecond of processor to write such a statement, ten times what it takes to run it. Everything else is a
QuerySet.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Generic, TypeVar

from django.db import connection, models

Record = TypeVar("Record", bound=models.Model)


def rows_of(statement: str, parameters: Mapping | Sequence) -> list[tuple]:
    """The rows of `statement`, which the server keeps prepared as long as the connection lives."""
    # Our own database backend (config/postgres), which the stubs do not know.
    with connection.prepared_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement, parameters)
        return cursor.fetchall()


class Columns(Generic[Record]):
    """The columns of a model in a statement written by hand, and the record that a row of them is."""

    def __init__(self, model: type[Record], alias: str):
        fields = model._meta.concrete_fields
        self._model = model
        self._names = [field.attname for field in fields]
        self._readers = [(place, field) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
        moments: dict[type, Callable] = {
            models.DateTimeField: datetime.fromisoformat,
            models.DateField: date.fromisoformat,
            models.TimeField: time.fromisoformat,
        }
        self._by_column = [(str(field.column), moments.get(type(field))) for field in fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)

    def __len__(self) -> int:
        return len(self._names)

    def record_of(self, row: Mapping[str, Any]) -> Record:
        """The record that a row is which came as JSON (`to_json`): moments are told as text there."""
        values = [
            moment(row[name]) if moment is not None and row[name] is not None else row[name]
            for name, moment in self._by_column
        ]
        return self._model.from_db(connection.alias, self._names, values)

    def record(self, values: Sequence) -> Record:
        values = list(values)
        for place, field in self._readers:
            values[place] = field.from_db_value(values[place], None, connection)
        return self._model.from_db(connection.alias, self._names, values)
