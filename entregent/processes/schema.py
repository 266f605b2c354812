"""« Schéma »: the picture of a process, or of a plan as it stands, worked out by the server.

Steps stand in rows by how many come before them; an arrow over several rows gets a lane of its own there, so that it
passes beside the steps and never through them. What comes out are numbers and words: a template draws them as SVG.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.processes.conditions import sentence
from entregent.processes.definitions import kind_of, known_at, names_of

WIDTH, LINE, PADDING = 212, 17, 10
GAP_X, GAP_Y, MARGIN = 26, 40, 12
LANE = 18
LETTERS, MOST_LINES = 26, 5


@dataclass
class Node:
    """A step in the picture. `lines` are its name, `caption` its kind and state, `condition` the lines of « si … »."""

    key: str
    name: str
    kind: str
    state: str
    caption: str
    lines: list[str] = field(default_factory=list)
    condition: list[str] = field(default_factory=list)
    x: float = 0
    y: float = 0
    width: int = WIDTH
    height: int = 0

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass
class Arrow:
    """From one step to the next: `path` is the d of the SVG path."""

    start: str
    end: str
    path: str
    is_taken: bool = False


@dataclass
class Picture:
    nodes: list[Node]
    arrows: list[Arrow]
    width: int
    height: int
    title: str
    description: str


def kind_word(kind: str) -> str:
    return {
        "form": pgettext("step", "Saisie"), "do": pgettext("step", "Action"), "wait": pgettext("step", "Attente"),
    }[kind]  # fmt: skip


def state_word(state: str) -> str:
    return {
        "coming": _("à venir"), "ready": _("à faire"), "done": _("faite"), "skipped": _("passée"),
        "failed": _("en erreur"), "sent_back": _("renvoyée"),
    }.get(state, "")  # fmt: skip


def picture(body: Mapping[str, Any], *, title: str, states: Mapping[str, str] | None = None) -> Picture:
    """The picture of a body; with `states` (key → state) that of a plan."""
    states = states or {}
    steps = _drawable(body)
    names = names_of(body)
    nodes = {step["key"]: _node(body, step, names, states) for step in steps}
    rows, ways = _rows(steps)
    _order(rows, ways)
    width, height = _place(rows, nodes)
    arrows = [_arrow(way, nodes, rows, states) for way in ways]
    told = [_told(step, nodes, names) for step in steps]
    return Picture(list(nodes.values()), arrows, width, height, title, " ".join(told))


def _drawable(body: Mapping[str, Any]) -> list[dict]:
    """The steps that can be drawn of a draft that is half done: each with a key of its own."""
    found: dict[str, dict] = {}
    for step in body.get("steps") or []:
        if isinstance(step, dict) and isinstance(step.get("key"), str) and step["key"] and step["key"] not in found:
            after: list = step["after"] if isinstance(step.get("after"), list) else []
            found[step["key"]] = {**step, "after": [one for one in after if isinstance(one, str) and one in found]}
    return list(found.values())


def _node(body, step: dict, names: Mapping[str, str], states: Mapping[str, str]) -> Node:
    kind, state = kind_of(step), states.get(step["key"], "")
    caption = " · ".join(word for word in (kind_word(kind), state_word(state)) if word)
    lines = wrapped(names.get(step["key"], step["key"]))
    condition = []
    if step.get("if") is not None:
        try:
            condition = wrapped(
                _("si %(condition)s") % {"condition": sentence(step["if"], known_at(body, step["key"]))}
            )
        except (TypeError, KeyError, ValueError, AttributeError, IndexError):
            condition = [_("condition illisible")]
    height = 2 * PADDING + LINE * (1 + len(lines)) + (LINE - 3) * len(condition)
    return Node(
        step["key"], names.get(step["key"], ""), kind, state, caption, lines=lines, condition=condition, height=height
    )


def wrapped(text: str, letters: int = LETTERS, most: int = MOST_LINES) -> list[str]:
    """The lines of a label; a word too long for one is cut, what is too much ends with an ellipsis."""
    lines: list[str] = []
    for word in text.replace("\n", " ").replace("\t", " ").split(" "):  # what a no-break space ties stays together
        while len(word) > letters:
            lines.append(word[:letters])
            word = word[letters:]
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        elif word:
            lines.append(word)
    if len(lines) > most:
        lines = lines[:most]
        lines[-1] = lines[-1][: letters - 1].rstrip() + "…"
    return lines or ["—"]


# ——— Rows: a step's key, or the lane of an arrow (start, end, row) ———

Slot = str | tuple[str, str, int]


def _rows(steps: list[dict]) -> tuple[list[list[Slot]], list[list[Slot]]]:
    """The rows of steps and lanes, and each arrow as the slots through which it goes."""
    depth: dict[str, int] = {}
    for step in steps:
        depth[step["key"]] = 1 + max((depth[one] for one in step["after"]), default=-1)
    rows: list[list[Slot]] = [[] for _row in range(max(depth.values(), default=-1) + 1)]
    for step in steps:
        rows[depth[step["key"]]].append(step["key"])
    ways: list[list[Slot]] = []
    for step in steps:
        for before in step["after"]:
            lanes = [(before, step["key"], row) for row in range(depth[before] + 1, depth[step["key"]])]
            for lane in lanes:
                rows[lane[2]].append(lane)
            ways.append([before, *lanes, step["key"]])
    return rows, ways


def _order(rows: list[list[Slot]], ways: list[list[Slot]]) -> None:
    """Neighbours of one row stand over neighbours of the next: four sweeps, each by the middle of its ties."""
    above: dict[Slot, list[Slot]] = {}
    below: dict[Slot, list[Slot]] = {}
    for way in ways:
        for one, other in pairwise(way):
            above.setdefault(other, []).append(one)
            below.setdefault(one, []).append(other)
    for sweep in range(4):
        tied, order = (above, rows[1:]) if sweep % 2 == 0 else (below, rows[-2::-1])
        for row in order:
            place = {slot: position / max(len(other), 1) for other in rows for position, slot in enumerate(other)}
            row.sort(key=lambda slot: _middle([place[one] for one in tied.get(slot, [])], place[slot]))


def _middle(places: list[float], own: float) -> float:
    return sum(places) / len(places) if places else own


def _place(rows: list[list[Slot]], nodes: dict[str, Node]) -> tuple[int, int]:
    """Gives every step its place; lanes are kept in `_lanes` of the picture by their row."""
    widths = [sum(WIDTH if isinstance(slot, str) else LANE for slot in row) + GAP_X * (len(row) - 1) for row in rows]
    whole = max(widths, default=0)
    y = float(MARGIN)
    for row, width in zip(rows, widths, strict=True):
        x = MARGIN + (whole - width) / 2
        tallest = max((nodes[slot].height for slot in row if isinstance(slot, str)), default=0)
        for position, slot in enumerate(row):
            if isinstance(slot, str):
                nodes[slot].x, nodes[slot].y = x, y
                x += WIDTH + GAP_X
            else:
                row[position] = _Lane(slot, x + LANE / 2, y, y + tallest)  # type: ignore[call-overload]
                x += LANE + GAP_X
        y += tallest + GAP_Y
    return int(whole + 2 * MARGIN), int(y - GAP_Y + MARGIN) if rows else 2 * MARGIN


@dataclass(frozen=True)
class _Lane:
    slot: tuple[str, str, int]
    x: float
    top: float
    bottom: float


def _arrow(way: list[Slot], nodes: dict[str, Node], rows: list, states: Mapping[str, str]) -> Arrow:
    start, end = nodes[str(way[0])], nodes[str(way[-1])]
    points = [(start.middle, start.y + start.height)]
    for slot in way[1:-1]:
        lane = next(one for one in rows[int(slot[2])] if isinstance(one, _Lane) and one.slot == slot)
        points += [(lane.x, lane.top), (lane.x, lane.bottom)]
    points.append((end.middle, end.y - 6))
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        if x == to_x:
            path += f" V{to_y:.0f}"
        else:
            half = (y + to_y) / 2
            path += f" C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {to_y:.0f}"
    taken = {"done", "ready", "failed"}
    is_taken = states.get(start.key) == "done" and states.get(end.key) in taken
    return Arrow(start.key, end.key, path, is_taken)


def _told(step: dict, nodes: dict[str, Node], names: Mapping[str, str]) -> str:
    """One sentence on a step, for whoever hears the picture."""
    node = nodes[step["key"]]
    told = f"{names.get(step['key'], '')} ({node.caption})"
    if step["after"]:
        told += " " + _("après %(steps)s") % {"steps": ", ".join(names.get(one, one) for one in step["after"])}
    if node.condition:
        told += ", " + " ".join(node.condition)
    return told + "."
