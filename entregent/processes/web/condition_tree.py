"""The condition of a step as the designer draws it: a tree of groups and criteria, field by field in the form.

A field is named by the step and by the place in the tree (« s2-c1.0-path »: the first criterion of the second node).
Rows that are not filled in yet stay while the process is designed and are left out when it is saved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from entregent.processes.conditions import DEEPEST, MOST, WITHOUT_VALUE
from entregent.toolbox.text import one_line

GROUPS = ("all", "any", "none")
# A group within which no further one is offered: criteria in it are as deep as a condition may be.
DEEPEST_GROUP = DEEPEST - 1


def blank() -> "Node":
    return Node(criterion=["", "=", ""])


@dataclass
class Node:
    """A criterion, or a group of nodes (`group` says how they are joined). `place`: "" is the whole, "1.0" the first
    node of its second one."""

    place: str = ""
    group: str = ""
    criterion: list = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    is_new: bool = False

    @property
    def depth(self) -> int:
        return self.place.count(".") + 2 if self.place else 1

    def nodes(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.nodes()


def from_data(condition: Any) -> Node | None:
    """The tree of a condition; None of one that cannot be drawn."""
    node = _node(condition, 1) if condition is not None else Node(group="all")
    if node is None:
        return None
    root = node if node.group else Node(group="all", children=[node])
    _number(root, "")
    return root


def _node(condition: Any, depth: int) -> Node | None:
    if isinstance(condition, list):
        is_one = len(condition) in (2, 3) and all(isinstance(part, str) for part in condition[:2])
        return Node(criterion=list(condition)) if is_one else None
    if not isinstance(condition, dict) or len(condition) != 1 or depth > DEEPEST:
        return None
    ((word, inner),) = condition.items()
    if word == "not":
        is_several = isinstance(inner, dict) and list(inner) == ["any"] and isinstance(inner["any"], list)
        word, inner = "none", inner["any"] if is_several else [inner]
    if word not in GROUPS or not isinstance(inner, list):
        return None
    children = [_node(one, depth + 1) for one in inner]
    return Node(group=word, children=[one for one in children if one is not None]) if None not in children else None


def to_data(node: Node, *, keep_blank: bool = False) -> Any:
    """The condition that the tree stands for; None where nothing is filled in."""
    if not node.group:
        return node.criterion if keep_blank or node.criterion[0] else None
    parts = [part for child in node.children if (part := to_data(child, keep_blank=keep_blank)) is not None]
    if not parts:
        return None
    if node.group == "none":
        return {"not": parts[0] if len(parts) == 1 and not keep_blank else {"any": parts}}
    return parts[0] if len(parts) == 1 and not keep_blank else {node.group: parts}


def from_form(data: QueryDict, prefix: str) -> Node | None:
    """The tree that the form holds of a step; None where the form does not show it."""
    if f"{prefix}-g" not in data:
        return None
    start = f"{prefix}-t"
    places = {name[len(start) :] for name in data if name.startswith(start)}
    root = _read(data, prefix, "", places)
    _number(root, "")
    return root


def _read(data: QueryDict, prefix: str, place: str, places: set[str]) -> Node:
    if place and data.get(f"{prefix}-t{place}") != "g":
        at = f"{prefix}-c{place}"
        path, operator = one_line(data.get(f"{at}-path", "")), one_line(data.get(f"{at}-operator", "")) or "="
        value = data.get(f"{at}-value", "").replace("\x00", "").replace("\r\n", "\n").strip()
        return Node(criterion=[path, operator] if operator in WITHOUT_VALUE else [path, operator, value])
    group = data.get(f"{prefix}-g{place}", "all")
    node = Node(group=group if group in GROUPS else "all")
    if place.count(".") < DEEPEST:
        node.children = [_read(data, prefix, one, places) for one in _under(places, place)]
    return node


def _under(places: set[str], place: str) -> list[str]:
    start = f"{place}." if place else ""
    last = (one.removeprefix(start) for one in places if one.startswith(start) and one != place)
    numbers = sorted({int(one) for one in last if one.isascii() and one.isdigit() and len(one) < 4})
    return [f"{start}{number}" for number in numbers[: MOST * 2]]


def change(condition: Any, word: str, place: str) -> Any:
    """Does what a button says: « condition » and « group » add to the group at the place, « -condition » takes the node
    there away."""
    root = from_data(condition)
    if root is None:
        return condition
    for node in list(root.nodes()):
        if word == "-condition":
            node.children = [child for child in node.children if child.place != place]
        elif node.place == place and node.group and sum(1 for _one in root.nodes()) <= MOST:
            node.children.append(blank() if word == "condition" else Node(group="any", children=[blank()]))
    return to_data(root, keep_blank=True)


def mark_new(root: Node, place: str) -> None:
    """The row that has just been added to the group at the place takes the focus."""
    for node in root.nodes():
        if node.place == place and node.children:
            last = node.children[-1]
            (last.children[0] if last.children else last).is_new = True


def rewritten(condition: Any, how: Callable[[list], list]) -> Any:
    """The condition with each of its criteria as `how` gives it back; its groups stay as they are."""
    if isinstance(condition, list):
        return how(condition)
    if isinstance(condition, dict):
        return {
            word: [rewritten(one, how) for one in inner] if word in ("all", "any") else rewritten(inner, how)
            for word, inner in condition.items()
        }
    return condition


def _number(node: Node, place: str) -> None:
    node.place = place
    for index, child in enumerate(node.children):
        _number(child, f"{place}.{index}" if place else str(index))
