"""A condition while it is being put together on screen: a tree of groups, criteria and relations.

A form holds it field by field, named by the place in the tree (« f-1.0 »: the field of the first criterion of the
second node). Rows that are not filled in yet stay in the form and are left out of the condition.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from entregent.listing.conditions import DEEPEST, MOST
from entregent.listing.lists import Column, Kind, ListDefinition, Relation, choices_of, lists
from entregent.listing.words import COUNTS, WITH_DAYS, WITHOUT_VALUE, operators_of
from entregent.organizations.models import Membership

GROUPS = ("all", "any", "none")
TYPES = {"c": "criterion", "g": "group", "r": "relation"}


@dataclass
class Node:
    """One row of the form, or a group of rows. `place` names it: "" is the whole, "1.0" its second node's first."""

    type: str
    place: str = ""
    group: str = "all"
    code: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)
    mode: str = "has"
    since: str = ""
    bound: str = "at_least"
    number: str = "1"
    children: list["Node"] = field(default_factory=list)
    is_new: bool = False

    def nodes(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.nodes()

    @property
    def depth(self) -> int:
        return self.place.count(".") + 2 if self.place else 1


def blank() -> Node:
    return Node("group", children=[Node("criterion", "0")])


# ——— From the form ———


def is_in(query: QueryDict) -> bool:
    return "g-" in query


def from_form(query: QueryDict) -> Node:
    """The tree that the form holds, with what its buttons ask: a row more, a row less."""
    places = {name[2:] for name in query if name.startswith("t-")}
    root = _read(query, "", places)
    word, _sep, place = query.get("faire", "").partition(":")
    if word in TYPES or word == "x":
        _change(root, word, place)
    _number(root, "")
    return root


def _read(query: QueryDict, place: str, places: set[str]) -> Node:
    kind = TYPES.get(query.get(f"t-{place}", "g"), "criterion")
    group = query.get(f"g-{place}", "all")
    node = Node(kind, place, group if group in GROUPS else "all")
    if kind != "group":
        node.code = query.get(f"f-{place}", "")[:60]
    if kind == "criterion":
        node.operator = query.get(f"o-{place}", "")[:30]
        node.values = [value[:200] for value in query.getlist(f"v-{place}")[:200]]
        return node
    if kind == "relation":
        mode, bound = query.get(f"m-{place}", "has"), query.get(f"b-{place}", "at_least")
        node.mode = mode if mode in ("has", "has_not", "count") else "has"
        node.bound = bound if bound in COUNTS else "at_least"
        node.since, node.number = query.get(f"s-{place}", "")[:60], query.get(f"n-{place}", "1")[:7]
    if place.count(".") < DEEPEST * 2:
        under = sorted(_indices(places, place))[: MOST * 2]
        node.children = [_read(query, f"{place}.{index}" if place else str(index), places) for index in under]
    return node


def _indices(places: set[str], place: str) -> Iterator[int]:
    prefix = f"{place}." if place else ""
    for one in places:
        last = one.removeprefix(prefix)
        if one.startswith(prefix) and last.isascii() and last.isdigit() and len(last) < 4:
            yield int(last)


def _change(root: Node, word: str, place: str) -> None:
    for node in list(root.nodes()):
        if word == "x":
            node.children = [child for child in node.children if child.place != place]
        elif node.place == place and node.type != "criterion" and sum(1 for _one in root.nodes()) <= MOST:
            added = Node(TYPES[word], is_new=True)
            if word == "g":
                added.children = [Node("criterion")]
                added.group = "any"
            node.children.append(added)


def _number(node: Node, place: str) -> None:
    node.place = place
    for index, child in enumerate(node.children):
        _number(child, f"{place}.{index}" if place else str(index))


# ——— From and to a condition ———


def from_data(data: Any) -> Node:
    """The tree of a condition that was checked."""
    root = _grouped(data) if data is not None else blank()
    _number(root, "")
    return root


def _grouped(data) -> Node:
    if isinstance(data, dict):
        for word in ("all", "any"):
            if word in data:
                return Node("group", group=word, children=[_node(one) for one in data[word]])
        if "not" in data:
            inner = data["not"]
            several = inner["any"] if isinstance(inner, dict) and "any" in inner else [inner]
            return Node("group", group="none", children=[_node(one) for one in several])
    return Node("group", children=[_node(data)])


def _node(data) -> Node:
    if isinstance(data, list):
        value = data[2] if len(data) == 3 else []
        several = value if isinstance(value, list) else [value]
        return Node("criterion", code=data[0], operator=data[1], values=[_typed(one) for one in several])
    for word in ("has", "has_not", "count"):
        if word in data:
            inner = _grouped(data["where"]) if data.get("where") is not None else Node("group")
            bound, number = data.get("is") or ("at_least", 1)
            return Node(
                "relation", code=data[word], mode=word, group=inner.group, children=inner.children,
                since=data.get("since", ""), bound=bound, number=str(number),
            )  # fmt: skip
    return _grouped(data)


def _typed(value) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def to_data(node: Node, definition: ListDefinition, member: Membership) -> Any:
    """The condition of what is filled in; None where nothing is."""
    if node.type == "criterion":
        return _criterion(node, definition, member)
    target = definition
    if node.type == "relation":
        relation = definition.relation(node.code)
        if relation is None or relation.target not in lists(member):
            return None
        target = lists(member)[relation.target]
    parts = [part for child in node.children if (part := to_data(child, target, member)) is not None]
    inner = _joined(node.group, parts)
    if node.type == "group":
        return inner
    data: dict[str, Any] = {node.mode: node.code}
    if inner is not None:
        data["where"] = inner
    if node.mode == "count":
        data["is"] = [node.bound, int(node.number) if node.number.isascii() and node.number.isdigit() else node.number]
    elif node.since:
        data["since"] = node.since
    return data


def _joined(group: str, parts: list) -> Any:
    if not parts:
        return None
    if group == "none":
        return {"not": {"any": parts}}
    return parts[0] if len(parts) == 1 else {group: parts}


def _criterion(node: Node, definition: ListDefinition, member: Membership) -> list | None:
    column = definition.column(node.code, member)
    if column is None or not column.is_asked:
        return None
    known = operators_of(column)
    operator = node.operator if node.operator in known else next(iter(known))
    if operator in WITHOUT_VALUE:
        return [column.code, operator]
    values = [value.strip() for value in node.values if value.strip()]
    if operator == "in" and not has_choices(column):
        values = [part.strip() for value in values for part in value.split(";") if part.strip()]
    if not values or (operator == "between" and len(values) < 2):
        return None
    if operator in ("in", "between"):
        return [column.code, operator, values]
    return [column.code, operator, values[0]]


# ——— What the form draws ———


@dataclass(frozen=True)
class Asking:
    """Whose lists the rows are about, for `listing/question_nodes.html`."""

    member: Membership

    def target(self, relation: Relation) -> ListDefinition:
        return lists(self.member)[relation.target]


@dataclass(frozen=True)
class Row:
    """A criterion as the form draws it: what may be chosen, and how the value is typed."""

    fields: list[tuple[str, str]]
    operators: list[tuple[str, str]]
    operator: str
    typed_as: str
    choices: list[tuple[str, str]]
    values: list[str]


def has_choices(column: Column) -> bool:
    return column.choices is not None or column.kind in (Kind.MEMBER, Kind.SECTOR)


def row_of(node: Node, definition: ListDefinition, member: Membership) -> Row:
    fields = [
        (column.code, str(column.label))
        for column in definition.columns_by_code(member).values()
        if column.is_asked and operators_of(column)
    ]
    column = definition.column(node.code, member)
    if column is None or not column.is_asked:
        return Row([("", _("Choisir un champ")), *fields], [], "", "", [], [])
    known = operators_of(column)
    operator = node.operator if node.operator in known else next(iter(known))
    typed_as = _typed_as(column, operator)
    choices = choices_of(column, member) if typed_as in ("choice", "several") else []
    if typed_as == "boolean":
        choices = [("true", _("Oui")), ("false", _("Non"))]
    if typed_as == "choice":
        choices = [("", _("Choisir")), *choices]
    values = node.values or [""]
    if operator == "in" and typed_as == "text":
        values = [" ; ".join(values)]
    return Row(fields, list(known.items()), operator, typed_as, choices, values)


def _typed_as(column: Column, operator: str) -> str:
    if operator in WITHOUT_VALUE:
        return "none"
    if operator in WITH_DAYS:
        return "days"
    if column.kind == Kind.BOOLEAN:
        return "boolean"
    if has_choices(column) and column.kind != Kind.LIST:
        return "several" if operator == "in" else "choice"
    plain = {Kind.DATE: "date", Kind.MOMENT: "date", Kind.NUMBER: "number", Kind.MONEY: "number"}
    typed_as = plain.get(column.kind, "text")
    return f"two-{typed_as}" if operator == "between" else typed_as


def relations_of(definition: ListDefinition, member: Membership) -> list[tuple[str, str]]:
    return [(one.code, str(one.label)) for one in definition.relations if one.target in lists(member)]


def days_of(definition: ListDefinition, relation: Relation | None, member: Membership) -> list[tuple[str, str]]:
    """The days of a record since which a relation may be asked for."""
    if relation is None or not relation.moment:
        return []
    days = [
        (column.code, _("depuis : %(day)s") % {"day": column.label})
        for column in definition.columns_by_code(member).values()
        if column.kind in (Kind.DATE, Kind.MOMENT) and column.annotation is None
    ]
    return [("", _("à tout moment")), *days]
