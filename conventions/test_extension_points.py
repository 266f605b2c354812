"""docs/architecture.md lists every extension point and what fills it; this holds the list and the code together."""

import re

from conventions.layers import ROOT
from entregent.toolbox.extension_points import registry


def listed() -> dict[str, set[str]]:
    rows = re.findall(r"^\| `([\w.]+)` \| [^|]*\| ([^|]*) \|$", (ROOT / "docs" / "architecture.md").read_text(), re.M)
    return {name: set(re.findall(r"`([^`]+)`", filled)) for name, filled in rows}


def filled() -> dict[str, set[str]]:
    return {name: {_short(one) for one in point.names()} for name, point in registry.items()}


def _short(name: str) -> str:
    return name.removeprefix("entregent.")


def test_extension_points_are_filled_as_the_architecture_says():
    assert filled() == listed()
