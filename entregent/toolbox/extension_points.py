"""Named, typed places where an upper area adds to a lower one without the lower one knowing it.

A lower area declares `deletion_blockers = ExtensionPoint("clients.deletion_blockers", doc="…")`; upper areas call
`deletion_blockers.add(function, order=…)` in their `AppConfig.ready()`. Contributions run in the caller's transaction,
in the order given. `docs/architecture.md` lists them all and `conventions/` proves that each is filled as listed.
"""

from collections.abc import Callable, Iterator
from typing import Any

registry: dict[str, "ExtensionPoint"] = {}


class ExtensionPoint:
    """An ordered set of contributions. Iterating gives them in order; adding the same one twice changes nothing."""

    def __init__(self, name: str, *, doc: str):
        self.name = name
        self.doc = doc
        self._contributions: dict[str, tuple[int, Any]] = {}
        registry[name] = self

    def add(self, contribution: Callable | Any, *, order: int = 100, name: str | None = None) -> None:
        key = name or f"{contribution.__module__}.{contribution.__qualname__}"
        self._contributions[key] = (order, contribution)

    def __iter__(self) -> Iterator[Any]:
        ordered = sorted(self._contributions.items(), key=lambda item: (item[1][0], item[0]))
        return iter([contribution for _key, (_order, contribution) in ordered])

    def names(self) -> list[str]:
        return sorted(self._contributions)
