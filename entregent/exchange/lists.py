"""What a list shows, going out: its columns in their order, its criteria, its sort, within the reach of export.

Rows are read page by page in the order of the list, so that memory stays flat however many there are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_decimal_symbol
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.listing.actions import state_of, visible_views
from entregent.listing.conditions import mend
from entregent.listing.lists import Column, Kind, ListDefinition, choices_of, lists, shown_columns
from entregent.listing.models import View
from entregent.listing.pages import Asked, ask, selected
from entregent.listing.words import shown
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

CHUNK = 2000
# Rows of a sheet under its header, as XLSX has them.
MOST_OF_SHEET = 1_048_575


@dataclass
class ListExport:
    """What goes out: a list, of it what a view or criteria say, or the records chosen one by one."""

    member: Membership
    definition: ListDefinition
    view: View | None = None
    condition: Any = None
    text: str = ""
    sort: str = ""
    columns: list[str] = field(default_factory=list)
    ids: list[int] | None = None
    left_out: list[int] = field(default_factory=list)

    @classmethod
    def of(
        cls, member: Membership, *, list_code: str, view_id: int | None = None, condition: Any = None,
        text: str | None = None, sort: str = "", columns: list[str] | None = None, ids: list[int] | None = None,
        left_out: list[int] | None = None,
    ) -> "ListExport":  # fmt: skip
        """What is not said stands as the view has it, else as the person last saw the list.

        Whoever sees more than their right to export reaches takes out only that: rows, sums and related records.
        """
        if not member.reach.is_whole(Right.DATA_EXPORT):
            member = member.narrowed_to(Right.DATA_EXPORT)
        definition = lists(member).get(list_code)
        if definition is None:
            raise NotFound
        view = None
        if view_id is not None:
            view = visible_views(member, list_code).filter(pk=view_id).first()
            if view is None:
                raise NotFound
        if condition is None and view is not None:
            condition = view.condition
        if not columns:
            kept = view.columns if view is not None else state_of(member, list_code).get("columns", [])
            columns = [one["code"] for one in kept]
        return cls(
            member=member,
            definition=definition,
            view=view,
            condition=mend(condition, definition, member)[0] if condition else None,
            text=(text if text is not None else view.text if view is not None else "").strip(),
            sort=sort or (view.sort if view is not None else ""),
            columns=columns,
            ids=ids,
            left_out=left_out or [],
        )

    @cached_property
    def asked(self) -> Asked:
        within = Q()
        if self.ids is not None or self.left_out:
            selection = {
                "condition": self.condition, "text": self.text, "ids": self.ids, "except": self.left_out,
            }  # fmt: skip
            within &= Q(pk__in=selected(selection, self.definition, self.member))
        return ask(self.definition, self.member, condition=self.condition, text=self.text, within=within or None)

    @cached_property
    def shown(self) -> list[Column]:
        return shown_columns(self.columns, self.definition, self.member)

    @property
    def header(self) -> list[str]:
        return [str(column.label) for column in self.shown]

    def count(self) -> int:
        return self.asked.records.order_by().count()

    def rows(self) -> Iterator[list[Any]]:
        """Texts, numbers and days, as a cell holds them."""
        cells = [_cell_of(column, self.member) for column in self.shown]
        for row in self._pages([column.code for column in self.shown]):
            yield [cell(row[column.code]) for cell, column in zip(cells, self.shown, strict=True)]

    def pks(self) -> Iterator[int]:
        for row in self._pages(self.columns):
            yield row["id"]

    def _pages(self, codes: list[str]) -> Iterator[dict]:
        after = ""
        while True:
            page = self.asked.page(columns=codes, sort=self.sort, after=after, limit=CHUNK)
            yield from page.rows
            after = page.next
            if not after:
                return

    def journaled(self, form: str) -> "ListExport":
        """The journal says who takes what out (RX-04)."""
        record(
            "export", by=self.member, kind=self.definition.code, format=form, view=self.view.name if self.view else "",
            condition=self.condition, text=self.text, columns=[column.code for column in self.shown],
            chosen=len(self.ids) if self.ids is not None else None,
        )  # fmt: skip
        return self


def as_texts(rows: Iterator[list[Any]]) -> Iterator[list[str]]:
    """Cells as CSV has them: days as ISO 8601, numbers with the decimal sign that the reader's spreadsheet expects."""
    sign = get_decimal_symbol(get_language())
    for row in rows:
        yield [_as_text(cell, sign) for cell in row]


def limited(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """What a sheet holds; more is refused with a sentence instead of being cut."""
    for number, row in enumerate(rows, 1):
        if number > MOST_OF_SHEET:
            raise Refusal(
                "E-EXPORT", _("Un classeur XLSX contient 1 048 575 lignes au plus : choisissez le format CSV.")
            )
        yield row


def _as_text(cell, sign: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int | float | Decimal):
        return str(cell).replace(".", sign)
    return cell


def _cell_of(column: Column, member: Membership) -> Callable[[Any], Any]:
    """How a value of this column becomes a cell; labels are looked up once for all rows."""
    if column.kind in (Kind.NUMBER, Kind.MONEY):
        return lambda value: value if isinstance(value, int | float | Decimal) else _number(value)
    if column.kind == Kind.MOMENT:
        zone = ZoneInfo(member.organization.time_zone)
        return lambda value: value.astimezone(zone).replace(tzinfo=None) if isinstance(value, datetime) else value
    if column.kind == Kind.DATE:
        return _day
    if column.kind == Kind.CHOICE:
        labels = {str(key): str(label) for key, label in choices_of(column, member)}
        return lambda value: labels.get(str(value), str(value)) if value not in (None, "") else ""
    if column.kind == Kind.TEXT and column.code != "phone":
        return lambda value: "" if value is None else str(value)
    return lambda value: shown(column, value, member)


def _number(value):
    try:
        return None if value in (None, "") else Decimal(str(value))
    except ArithmeticError:
        return str(value)


def _day(value):
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value
