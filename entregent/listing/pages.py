"""Pages of a list: keyset paging in any order that the columns offer, counts that stop at 10,000.

What has no value stands at the end, whatever the direction. A question that narrows the records is first put to the
next few thousand of the order, one after the other until the page is full. Else its answers are counted: few are
sorted, for many the order is walked on. So neither a rare answer nor a common one makes PostgreSQL sort everything.
Where a set of ids is known that holds all answers (`sieves`), records that are not in it are passed by, and so is what
the index of the order itself knows not to answer (`Column.is_in_orders`): it counts for nothing.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from entregent.listing import lookups
from entregent.listing.conditions import Condition, check, criterion, narrowed
from entregent.listing.lists import Column, Found, Kind, ListDefinition, Reached, shown_columns, sort_of
from entregent.listing.sieves import Sieve, narrowest
from entregent.listing.words import shown
from entregent.organizations.models import Membership

COUNTED = 10_000
LIMIT = 100
# So many records of an order are looked up first, and where some of them answer so many more. How many of these do
# tells how far the page may be: so far the order is walked through before all answers are counted; so far where these
# are known to be many; and so far where the index of the order tells what is out of reach.
NEAREST = 200
SOME = 10
NEAR = 1_500
FAR = 60_000
FARTHEST = 100_000
IN_INDEX = 60_000
# Where a sieve tells what to pass by; so many it may be thought to hold, and to hold, for each to be looked up; where
# it holds more, up to so many, the order is walked through.
SIFTED = 250_000
HELD = 3_000
HELD_MOST = 12_500
# Lists of members, and questions put to them, whose few records do not fill a page from the nearest ones: there these
# are not looked up first the next time. Which way is tried first changes nothing of what is found.
_SCATTERED: set[tuple] = set()
_REMEMBERED = 10_000
# Of fewer than this in reach the order is not walked through: they are sorted.
SORTED = 1_000

__all__ = ["COUNTED", "LIMIT", "Asked", "Count", "Page", "ask", "count", "ids", "page", "selected", "shown"]


@dataclass(frozen=True)
class Page:
    """Rows by code of column, with `id` and the list's own `row_paths`; `next` is the cursor of what follows, or ""."""

    rows: list[dict[str, Any]]
    columns: list[Column]
    sort: str
    next: str = ""
    corrected_to: str = ""


@dataclass(frozen=True)
class Count:
    """How many there are; `is_more`: at least so many."""

    total: int
    is_more: bool = False


@dataclass
class Asked:
    """One question put to one list by one member; asked once, whatever is then wanted of the answer.

    `within` holds for every answer, beside what the member asks: one record alone, what was chosen, a narrower reach.
    """

    definition: ListDefinition
    member: Membership
    condition: Condition = field(default_factory=Condition)
    text: str = ""
    within: Q | None = None
    _statements: dict[str, tuple[str, Any]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _searched(self) -> Found | QuerySet | None:
        if not self.text or self.definition.search is None:
            return None
        return self.definition.search(self.member, self.definition.records(self.member), self.text)

    @property
    def found(self) -> Found | None:
        """What keywords find where the search ranks; raises a Refusal where they are too short."""
        return self._searched if isinstance(self._searched, Found) else None

    @cached_property
    def _reached(self) -> Reached | None:
        """Of a member of a part of the organization, unless something else narrows more than their reach does."""
        if self.definition.reached is None or self._searched is not None or self.within is not None:
            return None
        if self.member.reach.is_whole(self.definition.right):
            return None
        # Of too large a part what is in reach tells only that nobody need count it, where nothing else is asked.
        if self.condition and self.definition.within_few is not None and self.within_few is None:
            return None
        return self.definition.reached(self.member)

    @cached_property
    def within_few(self) -> tuple[str, list[int]] | None:
        """`ListDefinition.within_few` of the member; None where they reach too much for it."""
        few = self.definition.within_few
        return few(self.member) if few is not None else None

    @cached_property
    def records(self) -> QuerySet:
        if self._reached is not None and self._reached.is_all:
            records = self._base.filter(pk__any_of=self._reached.ids)
        else:
            records = self.definition.records(self.member)
        if isinstance(self._searched, QuerySet):
            records = self._searched
        elif self._searched is not None:
            records = records.filter(pk__any_of=self._searched.ids)
        if self.within is not None:
            records = records.filter(self.within)
        return narrowed(records, self.condition, self.definition, self.member)

    @cached_property
    def sieve(self) -> Sieve | None:
        """Ids among which every answer is, where the condition leads to few of the list."""
        return narrowest(self.condition, self.definition, self.member) if self._searched is None else None

    def places(self, order: str) -> tuple[tuple, tuple]:
        """The list with what of it is in reach; and the same with what is asked of it, in this order."""
        grants = frozenset(
            (one.scope_type, one.scope_ids) for one in self.member.reach.grants_with(self.definition.right)
        )
        whole = self.member.organization_id, self.definition.code, grants
        return whole, (*whole, order, json.dumps(self.condition.data)) if self.condition else whole

    @cached_property
    def _in_order(self) -> tuple[Q, bool]:
        """What of the condition the indexes of the list's orders know; is that all of it?"""
        known, is_all = Q(), True
        for part in _together(self.condition.data):
            column = self.definition.known_column(part[0], self.member) if isinstance(part, list) else None
            if column is not None and column.is_in_orders:
                known &= criterion(column, part[1], part[2] if len(part) == 3 else None, self.member)
            else:
                is_all = False
        return known, is_all

    @property
    def known_in_order(self) -> Q:
        return self._in_order[0]

    def is_in_order(self, sort: Column) -> bool:
        """Leaves the question nothing out but what the index of this order passes by, and what is out of reach?"""
        is_known = self._in_order[1] if sort.sort_through is None else not self.condition
        return is_known and self.within is None

    @cached_property
    def _held(self) -> list[int] | None:
        """What is in the sieve, and in reach, where one was asked for and that is few enough to look each up. The
        planner may have thought so and be wrong."""
        sieve = self.__dict__.get("sieve")
        reached = self._reached if self._reached is not None and self._reached.is_all else None
        if sieve is None or (sieve.rows > HELD and reached is None):
            return None
        statement, parameters = sieve.sql, list(sieve.parameters)
        if reached is not None:
            statement = f"SELECT unnest(%s::bigint[]) INTERSECT ({statement})"
            parameters.insert(0, lookups.as_array(reached.ids))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({statement}) held LIMIT %s", [*parameters, HELD_MOST + 1])  # noqa: S608
            found = [key for (key,) in cursor.fetchall()]
        return list(set(found)) if len(found) <= HELD_MOST else None

    def _looked_up(self, held: list[int]) -> list[int]:
        """The answers among these, each looked up on its own."""
        try:
            one, one_parameters = self.one_of("held.id")
        except EmptyResultSet:
            return []
        statement = f"SELECT held.id FROM unnest(%s::bigint[]) held (id), LATERAL ({one} OFFSET 0) one"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, [lookups.as_array(held), *one_parameters])
            return [key for (key,) in cursor.fetchall()]

    def one_of(self, place: str) -> tuple[str, Any]:
        """The statement that gives the record whose id stands at `place` in the statement around it, if it answers."""
        if place not in self._statements:
            self._statements[place] = self._one_of(place)
        return self._statements[place]

    def _one_of(self, place: str) -> tuple[str, Any]:
        answers = (self.definition.among_few or self.definition.records)(self.member)
        if self.within is not None:
            answers = answers.filter(self.within)
        answers = narrowed(answers, self.condition, self.definition, self.member, one_by_one=True)
        here = RawSQL(place, (), BigIntegerField())  # noqa: S611  one of our own names
        return answers.filter(pk=here).order_by().values("pk").query.sql_with_params()

    @cached_property
    def is_narrow(self) -> bool:
        """Does the question, or the member's reach, leave out records?"""
        is_asked = bool(self.condition) or self._searched is not None or self.within is not None
        return is_asked or not self.member.reach.is_whole(self.definition.right)

    @cached_property
    def few(self) -> list[int] | None:
        """The ids of all answers, if they are at most 10,000; None where there are more, or where nothing narrows."""
        if not self.is_narrow or self._are_many:
            return None
        is_all = self._reached is not None and self._reached.is_all
        if self._reached is not None and is_all and not self.condition and self.definition.default_condition is None:
            return self._reached.ids if len(self._reached.ids) <= COUNTED else None
        if self._held is not None:
            ids = self._looked_up(self._held)
        else:
            ids = list(self.records.order_by().values_list("pk", flat=True)[: COUNTED + 1])
        return ids if len(ids) <= COUNTED else None

    @cached_property
    def _are_many(self) -> bool:
        """Are there more than 10,000 among the first of those in reach? Then nobody need count the others."""
        if self.condition or self._reached is None or self._reached.is_all:
            return False
        if self.definition.default_condition is None:
            return len(self._reached.ids) > COUNTED
        first = narrowed(self._base.filter(pk__any_of=self._reached.ids), self.condition, self.definition, self.member)
        return first.order_by().count() > COUNTED

    def count(self, *, exact: bool = False) -> Count:
        is_more = self.found is not None and self.found.is_more
        if self.few is not None:
            return Count(len(self.few), is_more)
        if exact:
            return Count(self.records.order_by().count(), is_more)
        if self.is_narrow:
            return Count(COUNTED, True)
        total = self.records.order_by().values("pk")[: COUNTED + 1].count()
        return Count(min(total, COUNTED), total > COUNTED)

    @property
    def _base(self) -> QuerySet:
        """Where the rows of ids that were found within reach in this transaction are read: not worked out again."""
        return self.definition.records(self.member).model._default_manager.filter(
            organization_id=self.member.organization_id
        )

    def ids(self) -> QuerySet:
        return self.records.order_by().values("id")

    def page(self, *, columns: Sequence[str] = (), sort: str = "", after: str = "", limit: int = LIMIT) -> Page:
        """One page. Without a sort, what keywords found comes in the order of the search, the best first."""
        shown_ones = shown_columns(columns, self.definition, self.member)
        if self.found is not None and not sort:
            return self._ranked(shown_ones, after, limit)
        sort_column, descends = sort_of(sort, self.definition, self.member)
        name = f"-{sort_column.code}" if descends else sort_column.code
        cursor = _read_cursor(after, name, sort_column)
        walk = _Walk(self, sort_column, descends, cursor)
        wanted = walk.first(limit + 1) if self._is_walked else None
        if wanted is None and self.few is not None and len(self.few) > 2 * limit:
            wanted = walk.first_of(self.few, limit + 1)
        if wanted is not None:
            rows = walk.rows(wanted, shown_ones)
        else:
            records = self._base.filter(pk__any_of=self.few) if self.few is not None else self.records
            rows = walk.sorted(records, shown_ones, limit + 1)
        following = ""
        if len(rows) <= limit and cursor is None:
            self.__dict__.setdefault("few", [row["id"] for row in rows])  # All there are.
        if len(rows) > limit:
            last = rows[limit - 1]
            following = write_cursor(name, last["_sort"], last["_key"])
        return Page(rows[:limit], shown_ones, name, following)

    def _ranked(self, columns: list[Column], after: str, limit: int) -> Page:
        assert self.found is not None
        start = _read_cursor(after, "rank")
        first = start[1] if start else 0
        kept = set(self.few if self.few is not None else self.ids().values_list("id", flat=True))
        ordered = [key for key in self.found.ids if key in kept]
        wanted = ordered[first : first + limit]
        records = self._base.filter(pk__any_of=wanted)
        rows = {row["id"]: row for row in self._rows(records, columns)}
        following = write_cursor("rank", None, first + limit) if len(ordered) > first + limit else ""
        return Page([rows[key] for key in wanted if key in rows], columns, "", following, self.found.corrected_to)

    @property
    def _is_walked(self) -> bool:
        """Is the order walked through, asking of each record whether it answers? Not where all answers are known, nor
        where nothing narrows: then the index of the order has the page at its place."""
        if self.definition.everything is None or not self.is_narrow or self._searched is not None:
            return False
        return self.__dict__.get("few") is None

    @property
    def is_counted(self) -> bool:
        """Is the number of answers at hand, or nearly? Else a page that is full had better come first."""
        return not self.is_narrow or "few" in self.__dict__ or self._searched is not None

    def _rows(self, records: QuerySet, columns: list[Column], sort: Column | None = None) -> list[dict]:
        annotations = {column.value_path: column.annotation(self.member) for column in columns if column.annotation}
        if annotations:
            records = records.annotate(**annotations)
        names = ["id", *self.definition.row_paths, *(column.code for column in columns)]
        paths = ["pk", *self.definition.row_paths, *(column.value_path for column in columns)]
        if sort is not None:
            names += ["_sort", "_key"]
            paths += [sort.order_path, sort.sort_id]
        return [dict(zip(names, row, strict=True)) for row in _values(records, paths)]


@dataclass
class _Walk:
    """The order of a list, gone through from the cursor on."""

    asked: Asked
    sort: Column
    descends: bool
    cursor: tuple[Any, int] | None

    @property
    def _parts(self) -> list[bool]:
        """What has a value, then what has none."""
        if not self.sort.is_nullable:
            return [True]
        return [False] if self.cursor is not None and self.cursor[0] is None else [True, False]

    def _paths(self, is_own: bool) -> tuple[str, str]:
        """What leads from the records to the value of the order and to the id: from those of the list, or from the
        narrow ones beside them."""
        path, key = self.sort.order_path, self.sort.sort_id
        return (path, key) if is_own else (path.partition("__")[2], key.partition("__")[2])

    def _of(self, records: QuerySet, has_value: bool, *, is_own: bool = True) -> QuerySet:
        """These records in the order, after the cursor; those that have a value or those that have none."""
        sign, (path, key) = "-" if self.descends else "", self._paths(is_own)
        if self.sort.sort_records is not None and is_own:
            records = records.filter(self.sort.sort_records(self.asked.member))
        records = records.order_by(f"{sign}{path}", f"{sign}{key}")
        if self.sort.is_nullable:
            records = records.filter(**{f"{path}__isnull": not has_value})
        if has_value:
            return _after(records, path, key, self.descends, self.cursor)
        if self.cursor is not None and self.cursor[0] is None:
            records = records.filter(**{f"{key}__{'lt' if self.descends else 'gt'}": self.cursor[1]})
        return records

    def sorted(self, records: QuerySet, columns: list[Column], size: int) -> list[dict]:
        rows: list[dict] = []
        for has_value in self._parts:
            if len(rows) < size:
                found = self._of(records, has_value)[: size - len(rows)]
                rows += self.asked._rows(found, columns, self.sort)
        return rows

    def first_of(self, few: list[int], size: int) -> list[int]:
        """The first of these in the order. Of many their columns are not read for a page of some."""
        records, wanted = self.asked._base.filter(pk__any_of=few), list[int]()
        for has_value in self._parts:
            if len(wanted) < size:
                wanted += self._of(records, has_value).values_list("pk", flat=True)[: size - len(wanted)]
        return wanted

    def rows(self, wanted: list[int], columns: list[Column]) -> list[dict]:
        found = self.asked._base.filter(pk__any_of=wanted)
        if self.sort.sort_records is not None:
            found = found.filter(self.sort.sort_records(self.asked.member))
        rows = {row["id"]: row for row in self.asked._rows(found, columns, self.sort)}
        return [rows[key] for key in wanted if key in rows]

    def first(self, size: int) -> list[int] | None:
        """The ids of the first answers in the order, as many as wanted or all there are; None where those are few, and
        not soon found."""
        is_scattered = any(place in _SCATTERED for place in self._places)
        found, is_all = ([], False) if is_scattered else self._among(NEAREST, size)
        is_in_order = self.asked.is_in_order(self.sort)
        is_sifted = not is_all and len(found) < SOME and not is_in_order
        if is_sifted and self.asked.sieve is not None:
            self._remember_scattered()
            return self._sifted(size)
        # Where the nearest tell that the page is far, the index of the order is asked at once.
        is_near = len(found) * NEAR >= size * NEAREST
        if not is_all and not is_scattered and (is_near or self.asked.within_few is None):
            found, is_all = self._among(NEAR, size)
        if is_all:
            return found
        within_few = self.asked.within_few
        if within_few is None and found and 3 * NEAR * size <= FAR * len(found):
            found, is_all = self._among(3 * NEAR * size // len(found), size)
        elif within_few is not None and len(within_few[1]) >= SORTED:
            if is_in_order:
                self._remember_scattered()
            found, is_all = self._among(IN_INDEX, size, within_few)
        if not is_all and self.asked.few is None:
            found, is_all = self._among(FARTHEST, size)
        return found if is_all else None

    @cached_property
    def _places(self) -> tuple[tuple, tuple]:
        return self.asked.places(f"{self.sort.code} {self.descends}")

    def _remember_scattered(self) -> None:
        if len(_SCATTERED) >= _REMEMBERED:
            _SCATTERED.clear()
        _SCATTERED.add(self._places[1])

    def _sifted(self, size: int) -> list[int] | None:
        held = self.asked._held
        if held is not None and len(held) <= HELD and self.asked.few is not None:
            return None
        if held is None:
            found, is_all = self._among(SIFTED, size, sieve=self.asked.sieve)
        else:
            found, is_all = self._among(SIFTED, size, ("id", held))
        return found if is_all else None

    def _among(
        self, most: int, size: int, few: tuple[str, list[int]] | None = None, sieve: Sieve | None = None
    ) -> tuple[list[int], bool]:
        """Those among the next records of the order; are these as many as wanted, or all there are?"""
        definition, member = self.asked.definition, self.asked.member
        assert definition.everything is not None
        through = self.sort.sort_through
        if through is None:
            records = definition.everything(member).filter(self.asked.known_in_order)
        else:
            records = through(member)
        found: list[int] = []
        for has_value in self._parts:
            order = self._of(records, has_value, is_own=through is None)
            found += self._answers(order[:most], size - len(found), few, sieve)
            if len(found) == size:
                return found, True
            if order.values("pk")[most : most + 1].exists():
                return found, False
        return found, True

    def _answers(self, order: QuerySet, size: int, few: tuple[str, list[int]] | None, sieve: Sieve | None) -> list[int]:
        """Of the next records those that answer, in one statement that ends when there are enough.

        Each record is looked up on its own (LATERAL … OFFSET 0): no plan reads all answers there are first.
        """
        names, paths = ["value", "id"], [*self._paths(self.sort.sort_through is None)]
        passed: list[str] = []
        parameters: list[Any] = []
        # Beside an OR the ids are looked up in a hash, record by record, and never joined.
        if few is not None:
            place = "id" if few[0] == "id" else "reach"
            if place == "reach":
                names, paths = [*names, place], [*paths, few[0]]
            passed.append(f"(walked.{place} IN (SELECT unnest(%s::bigint[])) OR walked.{place} IS NULL)")
            parameters.append(lookups.as_array(few[1]))
        if sieve is not None:
            passed.append(f"(walked.id IN ({sieve.sql}) OR walked.id IS NULL)")
            parameters += sieve.parameters
        try:
            walked, walked_parameters = order.values_list(*paths).query.sql_with_params()
            one, one_parameters = self.asked.one_of("walked.id")
        except EmptyResultSet:
            return []
        way = "DESC" if self.descends else "ASC"
        where = f"WHERE {' AND '.join(passed)}" if passed else ""
        statement = (  # Of statements that Django wrote, and names of its lookups.
            f"SELECT walked.id FROM ({walked}) walked ({', '.join(names)}), LATERAL ({one} OFFSET 0) one {where} "  # noqa: S608
            f"ORDER BY walked.value {way}, walked.id {way} LIMIT %s"
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, [*walked_parameters, *one_parameters, *parameters, size])
            return [key for (key,) in cursor.fetchall()]


def _together(data) -> list:
    """What must all hold, one beside the other."""
    if isinstance(data, dict) and "all" in data:
        return [part for one in data["all"] for part in _together(one)]
    return [] if data is None else [data]


def _values(records: QuerySet, paths: list[str]) -> list[tuple]:
    """The values in the order asked; Django wants each path once."""
    once = list(dict.fromkeys(paths))
    places = [once.index(path) for path in paths]
    return [tuple(row[place] for place in places) for row in records.values_list(*once)]


def _after(records: QuerySet, path: str, key: str, descends: bool, cursor) -> QuerySet:
    if cursor is None:
        return records
    # A comparison of rows goes straight to its place in the index, also among a million equals.
    comparison = TupleLessThan if descends else TupleGreaterThan
    return records.filter(comparison(Tuple(F(path), F(key)), (cursor[0], cursor[1])))


def ask(
    definition: ListDefinition, member: Membership, *, condition=None, text: str = "", within: Q | None = None
) -> Asked:
    """A question: `condition` is data or a Condition, `text` keywords. Raises Refusals for data that means nothing."""
    return Asked(definition, member, check(condition, definition, member), text.strip()[:200], within)


def page(
    definition: ListDefinition, member: Membership, *, condition=None, text: str = "", columns: Sequence[str] = (),
    sort: str = "", after: str = "", limit: int = LIMIT,
) -> Page:  # fmt: skip
    question = ask(definition, member, condition=condition, text=text)
    return question.page(columns=columns, sort=sort, after=after, limit=limit)


def count(definition: ListDefinition, member: Membership, *, condition=None, text: str = "", exact=False) -> Count:
    return ask(definition, member, condition=condition, text=text).count(exact=exact)


def ids(definition: ListDefinition, member: Membership, *, condition=None, text: str = "") -> QuerySet:
    """The ids of all answers as a query: for bulk work and export (« les 214 de la recherche »)."""
    return ask(definition, member, condition=condition, text=text).ids()


def selected(selection: dict, definition: ListDefinition, member: Membership) -> QuerySet:
    """The ids that a selection stands for, within the member's reach now: {"list", "condition", "text", "ids",
    "except"}. With "ids" those and no others, else all answers; "except" leaves some out."""
    if selection.get("ids") is not None:
        wanted = [int(key) for key in selection["ids"]]
        chosen = definition.records(member).filter(pk__any_of=wanted).order_by().values("id")
    else:
        chosen = ids(definition, member, condition=selection.get("condition"), text=selection.get("text") or "")
    left_out = [int(key) for key in selection.get("except") or ()]
    return chosen.exclude(pk__in=left_out) if left_out else chosen


def write_cursor(sort: str, value, key: int) -> str:
    if isinstance(value, datetime):
        value = ["t", value.isoformat()]
    elif isinstance(value, date):
        value = ["d", value.isoformat()]
    elif isinstance(value, Decimal):
        value = ["n", str(value)]
    return base64.urlsafe_b64encode(json.dumps([sort, value, key]).encode()).decode().rstrip("=")


_KINDS: dict[str, Callable[[str], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "n": Decimal}
_HELD: dict[Kind, type | tuple[type, ...]] = {
    Kind.DATE: date, Kind.MOMENT: datetime, Kind.NUMBER: (int, Decimal), Kind.MONEY: (int, Decimal),
}  # fmt: skip


def _read_cursor(text: str, sort: str, column: Column | None = None) -> tuple[Any, int] | None:
    """A cursor that nobody wrote, or of another order, or with what the column never holds, is the beginning."""
    if not text:
        return None
    try:
        order, value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(value, list):
            value = _KINDS[value[0]](value[1])
        if order != sort or not isinstance(key, int) or (isinstance(value, str) and "\x00" in value):
            return None
        if column is not None and value is not None and not isinstance(value, _HELD.get(column.kind, str)):
            return None
        return value, key
    except (ValueError, TypeError, KeyError, ArithmeticError, IndexError, RecursionError):
        return None
