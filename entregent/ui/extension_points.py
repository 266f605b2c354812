"""What areas add to every page, and to dashboards."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from entregent.access.rights import Right
from entregent.toolbox.extension_points import ExtensionPoint

# Contributions: entries(member) -> list[NavigationEntry].
navigation = ExtensionPoint("ui.navigation", doc="Entries of the top bar for a member.")


@dataclass(frozen=True)
class NavigationEntry:
    """One entry of the top bar. `prefix` is the path under which it counts as current; `key` its letter after G.

    With `items` it opens a menu of entries; without JavaScript its own `url` is followed.
    """

    label: str
    icon: str
    url: str
    key: str = ""
    prefix: str = ""
    exact: bool = False
    count: int | None = None
    items: "tuple[NavigationEntry, ...]" = ()


# Contributions: portlets() -> list[Portlet].
portlets = ExtensionPoint("ui.portlets", doc="What a dashboard can be composed of.")


class Board(StrEnum):
    """The dashboards: one's home page, that of the organization, that of a client."""

    STAFF = "staff"
    FIRM = "firm"
    CLIENT = "client"


@dataclass(frozen=True)
class Portlet:
    """A part of a dashboard: drawn by itself, at an address of its own, so that a slow or broken one holds up nothing.

    `right` is the right on the data that it shows: whoever lacks it is not offered the portlet, and whoever is given
    the portlet has the right to its data (R004-03). `template` draws the whole panel from what `context(request,
    client, choice, measured)` gives; it is imported with the page's context.

    `measure(member)` counts what would be too much for each visit; it is kept for a while for all members of the same
    reach and handed to `context` as `measured`. It returns what JSON holds.

    `choices(member)` makes one portlet into many: a saved view each.
    """

    code: str
    title: Any
    icon: str
    right: Right
    boards: frozenset[Board]
    template: str
    context: Callable[..., dict]
    width: int = 6  # of twelve columns: 4, 6 or 12
    is_at_once: bool = False  # cheap enough for the first answer of the page
    refreshed_by: tuple[str, ...] = ()  # events of the page upon which it is drawn anew
    measure: Callable[..., Any] | None = None
    choices: Callable[..., list[tuple[str, str]]] | None = None
