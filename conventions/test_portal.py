"""What clients are shown can only come from what was published."""

import ast

from conventions.layers import ROOT

# The records of conversations, and for the portal those of cases and plans, as the staff see them.
INSIDE = {"Interaction", "InteractionEntry", "EntryAttachment", "InteractionParticipant", "InteractionAgent"}
OF_CASES = {
    "Case", "CaseType", "CaseLogEntry", "CaseDocument", "CaseParticipant", "CaseAgent", "CaseInteraction",
    "ProcessDefinition", "ProcessVersion", "ProcessRun", "ProcessStep", "ProcessJob",
}  # fmt: skip


def names_in(path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_the_portal_and_transfers_never_name_what_is_not_published():
    areas = [ROOT / "entregent" / area for area in ("portal", "transfers")]
    sources = [path for area in areas for path in area.rglob("*.py") if "tests" not in path.parts]
    assert len(sources) > 10
    named = {path: names_in(path) & (INSIDE | OF_CASES if "portal" in path.parts else INSIDE) for path in sources}
    assert {path.name: names for path, names in named.items() if names} == {}
