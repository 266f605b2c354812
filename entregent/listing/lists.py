"""What a list is made of: its columns, its relations to other lists, where its records come from.

Areas declare their lists by the extension point `listing.lists`; pages, views, searches, exports and bulk work read
them here. A column names lookups, never SQL; whoever asks reaches records through `visible_to` alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from entregent.access.rights import Right
from entregent.listing.extension_points import list_columns, list_definitions
from entregent.organizations.models import Membership, Sector


class Kind(StrEnum):
    """What values a column holds: it settles operators, how a value is typed, shown and compared."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MEMBER = "member"
    SECTOR = "sector"
    LIST = "list"


@dataclass(frozen=True)
class Column:
    """One column of a list.

    `path` is the lookup that gives its value. Where the value is worked out, `annotation` makes the expression, put
    under the name `path`. `sort_path` is what lists sort by (an index must lead with it), `sort_records` a further
    condition that lets that index serve, `sort_through` the narrow records beside those of the list (« summary » in
    « summary__city ») that hold the order; `asked_path` what conditions compare (by default `path`), after `normalize`.
    `is_in_orders`: the indexes of the list's orders hold what conditions compare, so that whoever walks through them
    passes by what does not answer.
    `asked` makes the condition itself: asked(operator, value, member) -> Q, of two values (never null); `narrowed`
    gives, for such a column, a query of ids among which every answer is, or None.
    Of a MEMBER or SECTOR `path` gives the name and `asked_path` the id.
    """

    code: str
    label: Any
    kind: Kind = Kind.TEXT
    path: str = ""
    choices: Callable[[Membership], Sequence[tuple[Any, Any]]] | None = None
    is_sortable: bool = False
    is_nullable: bool = False
    is_shown: bool = True
    is_asked: bool = True
    width: int = 0
    annotation: Callable[[Membership], Any] | None = None
    sort_path: str = ""
    sort_id: str = "id"
    sort_records: Callable[[Membership], Q] | None = None
    sort_through: Callable[[Membership], QuerySet] | None = None
    is_in_orders: bool = False
    asked_path: str = ""
    normalize: Callable[[str], str] | None = None
    asked: Callable[[str, Any, Membership], Q] | None = None
    narrowed: Callable[[str, Any, Membership], QuerySet | None] | None = None
    operators: tuple[str, ...] = ()
    right: Right | None = None

    @property
    def value_path(self) -> str:
        return self.path or self.code

    @property
    def order_path(self) -> str:
        return self.sort_path or self.value_path

    @property
    def compared_path(self) -> str:
        return self.asked_path or self.value_path


@dataclass(frozen=True)
class Relation:
    """Conditions on related records. `link` leads from the target's model to what `here` names in this one.

    `moment` is the target's day or moment that « since » compares, where the relation has one. `kept_last` and
    `kept_count` lead from this list's model to the moment of the last related record (none: there is no record) and to
    the number of them, where these are kept: they tell of all records, so they are asked for who sees all those of the
    record at hand. `kept_through` gives the narrow records beside those of the list that hold them, with their ids.
    """

    code: str
    label: Any
    target: str
    link: str
    here: str = "pk"
    moment: str = ""
    moment_is_day: bool = False
    kept_last: str = ""
    kept_count: str = ""
    kept_through: Callable[[Membership], QuerySet] | None = None


@dataclass(frozen=True)
class Found:
    """What a keyword search gives: ids, the best first. `is_more`: there are others; `corrected_to`: what was meant."""

    ids: Sequence[int] = ()
    is_more: bool = False
    corrected_to: str = ""


class Reached(NamedTuple):
    """Ids of records in a member's reach: all of them, or as many as lists count and some more."""

    ids: list[int]
    is_all: bool


@dataclass(frozen=True)
class ListDefinition:
    """A list over one kind of records.

    `search(member, records, text)` gives a `Found`, ranked, or those of the records in which the keywords stand.
    `row_paths` are fetched with every row, under their own names, for `address(row, slug)` and for templates.
    `everything` is what the records are a part of, whoever asks: what the index of an order is walked through.
    `among_few` gives the same records as `records`, asked for so that few of them are soon looked at.
    `within_few(member)` tells by what an order is first walked through, for a member of a small part: a path that its
    index holds, and the ids that stand there in whatever is in reach (or none at all: those are asked one by one).
    `reached(member)` gives ids of the records of a member who reaches a part of the organization, found by indexes;
    None where there is nothing faster than `records`.
    `default_condition` holds unless a condition asks for the same columns (removed clients are not shown).
    """

    code: str
    label: Any
    plural: Any
    right: Right
    records: Callable[[Membership], QuerySet]
    columns: Callable[[Membership], list[Column]]
    relations: tuple[Relation, ...] = ()
    default_columns: tuple[str, ...] = ()
    default_sort: str = ""
    search: Callable[[Membership, Any, str], Found | QuerySet] | None = None
    address: Callable[[dict, str], str] | None = None
    row_paths: tuple[str, ...] = ()
    default_condition: Any = None
    among_few: Callable[[Membership], QuerySet] | None = None
    everything: Callable[[Membership], QuerySet] | None = None
    reached: Callable[[Membership], Reached | None] | None = None
    within_few: Callable[[Membership], tuple[str, list[int]] | None] | None = None
    position: int = 100
    icon: str = "table"
    counted: Callable[[int], str] = field(default=lambda n: "%(n)s")  # « %(n)s clients », the number told by the page

    def columns_by_code(self, member: Membership) -> dict[str, Column]:
        """The columns that this member may see, by code, worked out once per member and request. A further column of
        a code that the list has stands in its place."""
        known = member.__dict__.setdefault("_list_columns", {})
        if self.code not in known:
            known[self.code] = {
                column.code: column
                for column in [
                    *self.columns(member),
                    *(one for give in list_columns for one in give(self.code, member)),
                ]
                if column.right is None or member.can(column.right)
            }
        return known[self.code]

    def column(self, code: str, member: Membership) -> Column | None:
        return self.columns_by_code(member).get(code)

    def known_column(self, code: str, member: Membership) -> Column:
        """The column that checked data names; LookupError where it has gone since."""
        return self.columns_by_code(member)[code]

    def known_relation(self, code: str) -> Relation:
        return next(one for one in self.relations if one.code == code)

    def relation(self, code: str) -> Relation | None:
        return next((one for one in self.relations if one.code == code), None)


def lists(member: Membership) -> dict[str, ListDefinition]:
    """Every list that this member may open, by code, in the order in which pages offer them."""
    known = member.__dict__.get("_lists")
    if known is None:
        found: Iterable[ListDefinition] = [one for give in list_definitions for one in give(member)]
        known = {one.code: one for one in sorted(found, key=lambda one: one.position) if member.can(one.right)}
        member.__dict__["_lists"] = known
    return known


def sort_of(text: str, definition: ListDefinition, member: Membership) -> tuple[Column, bool]:
    """« -created_at » → its column and whether it descends; whatever cannot be sorted by: the default sort."""
    for one in (text, definition.default_sort):
        column = definition.column(one.removeprefix("-"), member)
        if column is not None and column.is_sortable:
            return column, one.startswith("-")
    raise LookupError(f"list {definition.code!r} has no default sort")


def shown_columns(codes: Iterable[str], definition: ListDefinition, member: Membership) -> list[Column]:
    """The columns of these codes that exist and may be shown, in the order given; none of them: the default ones."""
    known = definition.columns_by_code(member)
    found = [known[code] for code in dict.fromkeys(codes) if code in known and known[code].is_shown]
    return found or [known[code] for code in definition.default_columns if code in known]


def choices_of(column: Column, member: Membership) -> list[tuple[str, str]]:
    """What may be chosen in a condition on the column, asked once per request."""
    known = member.__dict__.setdefault("_list_choices", {})
    give = column.choices or {Kind.MEMBER: member_choices, Kind.SECTOR: sector_choices}.get(column.kind)
    if give is None:
        return []
    if give not in known:
        known[give] = [(str(value), str(label)) for value, label in give(member)]
    return known[give]


def member_choices(member: Membership) -> list[tuple[str, str]]:
    """Members of the organization by user; those who left stay, since records still name them."""
    rows = (
        Membership.objects.filter(organization_id=member.organization_id)
        .order_by("user__name", "id")
        .values_list("user_id", "user__name")
    )
    return [(str(key), name) for key, name in rows]


def sector_choices(member: Membership) -> list[tuple[str, str]]:
    rows = Sector.objects.filter(organization_id=member.organization_id).order_by("name", "id")
    return [(str(key), name) for key, name in rows.values_list("id", "name")]
