"""Conventions of the sources: scoped models are read through one door, templates keep to the strict CSP."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

from conventions.layers import ROOT, heights
from entregent.access.scope import ScopedQuerySet
from entregent.config import messages

PACKAGE = ROOT / "entregent"
SCOPED = {model.__name__ for model in apps.get_models() if isinstance(model._default_manager.all(), ScopedQuerySet)}
DOORS = {"visible_to", "get_visible"}


def _web_sources():
    for path in sorted(PACKAGE.glob("*/web/**/*.py")) + sorted((PACKAGE / "api").glob("**/*.py")):
        if "tests" not in path.parts:
            yield path


def _unscoped_reads(tree):
    """`Client.objects.filter(…)` in page or API code, where only `Client.objects.visible_to(…)` may stand."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "objects"
            and isinstance(node.value.value, ast.Name)
            and node.value.value.id in SCOPED
            and node.attr not in DOORS
        ):
            yield f"{node.value.value.id}.objects.{node.attr}, line {node.lineno}"


def test_scoped_models_exist():
    assert {"Client", "Person", "Address", "BusinessObject", "Interaction"} <= SCOPED


@pytest.mark.parametrize("path", list(_web_sources()), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pages_and_api_read_scoped_models_through_visible_to(path):
    assert list(_unscoped_reads(ast.parse(path.read_text()))) == []


TEMPLATES = sorted(PACKAGE.glob("*/templates/**/*.html")) + sorted(PACKAGE.glob("*/django_templates/**/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_templates_keep_to_the_strict_content_security_policy(path):
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "no style attribute: classes only"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "no inline handler: data- attributes only"
    assert not re.search(r"\|\s*safe\b", text), "nothing is declared safe"
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), "no inline script"
    assert "javascript:" not in text
    assert not re.search(r"(src|href)=\"https?://(?!www\.w3\.org)", text), "nothing is loaded from elsewhere"


def test_every_folder_of_code_has_a_place_in_the_stack():
    areas = {path.name for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert areas <= set(heights())


def test_every_area_says_what_it_is():
    for area in messages.areas():
        tree = ast.parse((PACKAGE / area / "__init__.py").read_text())
        assert ast.get_docstring(tree), area


@pytest.mark.parametrize("area", messages.areas())
def test_english_is_complete(area):
    assert messages.missing(area) == []


def test_no_unfinished_places():
    marks = re.compile(r"NotImplementedError|#\s?(TODO|FIXME|XXX)\b|pytest\.skip\(|mark\.skip\b|xfail")
    unfinished = [
        str(path.relative_to(ROOT))
        for folder in ("entregent", "testing", "journeys", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if marks.search(Path(path).read_text())
    ]
    assert unfinished == []
