"""What was copied from other people is what package.json says, and complete."""

import hashlib
import json
import re

import pytest

from entregent.ui import vendor

PACKAGE = vendor.HERE.parent
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', (vendor.STATIC / "icons.svg").read_text()))


def test_copied_files_are_untouched():
    lines = (vendor.STATIC / "VENDORED.txt").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines if re.match(r"[0-9a-f]{64}  ", line))
    assert set(sums) == {*vendor.COPIES.values(), "icons.svg"}
    for name, expected in sums.items():
        assert hashlib.sha256((vendor.STATIC / name).read_bytes()).hexdigest() == expected, name


def test_versions_are_exact_and_those_that_were_copied():
    wanted = json.loads((vendor.HERE / "package.json").read_text())["dependencies"]
    written = (vendor.STATIC / "VENDORED.txt").read_text()
    for package, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), package
        assert f"{package} {version} (" in written


def test_htmx_stays_at_the_version_that_was_measured():
    assert json.loads((vendor.HERE / "package.json").read_text())["dependencies"]["htmx.org"] == "2.0.11"


def test_no_browser_asks_for_a_source_map():
    for path in vendor.STATIC.glob("*.*"):
        if path.suffix in {".css", ".js"}:
            assert "sourceMappingURL" not in path.read_text(), path.name


def test_the_sprite_holds_the_icons_that_are_listed():
    assert set(vendor.icon_names()) == SYMBOLS


TEMPLATES = sorted(PACKAGE.glob("*/templates/**/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_icon_that_a_template_names_is_drawn(path):
    named = set(re.findall(r"\bicon\(\s*[\"']([a-z0-9-]+)[\"']", path.read_text()))
    named |= set(re.findall(r"[\"']icon[\"']:\s*[\"']([a-z0-9-]+)[\"']", path.read_text()))
    assert named <= SYMBOLS


def test_every_icon_that_code_names_is_drawn():
    for path in PACKAGE.glob("**/*.py"):
        named = set(re.findall(r"\bicon=[\"']([a-z0-9-]+)[\"']", path.read_text()))
        assert named <= SYMBOLS, path


def test_the_style_layer_names_only_classes_of_ours_or_of_bootstrap():
    css = re.sub(r"/\*.*?\*/|url\([^)]*\)|\"[^\"]*\"", "", (vendor.STATIC / "g.css").read_text(), flags=re.DOTALL)
    selectors = " ".join(re.findall(r"([^{}]+)\{", css))
    classes = set(re.findall(r"\.([A-Za-z_][\w-]*)", selectors))
    known = {"btn", "btn-primary", "form-control", "form-select", "form-check-input", "htmx-request"}
    assert {name for name in classes if not name.startswith("g-")} <= known
