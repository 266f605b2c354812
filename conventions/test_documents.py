"""What is written for readers: links lead somewhere, commands and settings that are named exist."""

import re
import unicodedata
from pathlib import Path

import pytest

from conventions.layers import ROOT
from entregent.config.cli import main
from entregent.config.environment import Environment
from entregent.exchange.fields import KINDS
from entregent.exchange.mapping import from_yaml

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LARGEST_PICTURE = 200_000


def _anchor(heading: str) -> str:
    """As GitHub and GitLab make it: small letters, figures and hyphens; accents stay."""
    kept = [c for c in heading.strip().lower() if c in " -_" or unicodedata.category(c)[0] in "LN"]
    return "".join(kept).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    return {_anchor(heading) for heading in re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), target
        if anchor:
            assert anchor in _anchors(there), target


def test_commands_that_are_named_exist():
    for path in DOCUMENTS:
        for name in re.findall(r"(?m)(?:^|`)entregent ([a-z]+)", path.read_text()):
            assert name in main.commands, f"{path.name}: entregent {name}"


def test_settings_that_are_named_exist():
    # The demo's own switch and what one command or the benchmarks alone read are no settings of the product.
    known = {f"ENTREGENT_{name.upper()}" for name in Environment.model_fields}
    known |= {"ENTREGENT_PASSWORD", "ENTREGENT_BENCH_DIR", "ENTREGENT_URL", "ENTREGENT_TOKEN"}
    for path in DOCUMENTS:
        for name in re.findall(r"ENTREGENT_[A-Z_]*[A-Z]", path.read_text()):
            assert name in known, f"{path.name}: {name}"


def test_pictures_are_light():
    heavy = [path.name for path in (ROOT / "docs").rglob("*.png") if path.stat().st_size > LARGEST_PICTURE]
    assert heavy == []


def test_every_field_of_an_import_is_told():
    told = (ROOT / "docs" / "how-to" / "import.md").read_text()
    for kind in KINDS.values():
        row = re.search(rf"^\| `{kind.name}` \| (`.*) \|$", told, re.MULTILINE)[1]
        for field in kind.fields:
            name = re.sub(r"^(addresses\.\w+\.).*", r"\1…", field.name)
            assert f"`{name}`" in row, f"{kind.name}: {field.name}"


def test_mappings_that_are_shown_are_valid():
    text = (ROOT / "docs" / "how-to" / "import.md").read_text()
    shown = [from_yaml(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    kinds = ["clients", "loan-applications", "clients", "business-accounts", "relationships", "groups"]
    assert [mapping.kind for mapping in shown] == kinds
