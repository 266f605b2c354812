"""What areas add to every page."""

from dataclasses import dataclass

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
