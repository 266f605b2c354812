"""Word templates: a .docx in which people wrote {{ client.name }}, {% if … %}, {%tr for … %} (docxtpl).

The text in it is a program of a very small language: it reads plain facts by name and nothing else. No attribute of an
object, no call, no import, no other template; values are escaped. A short template cannot ask for much: it binds and
doubles nothing, its loops go over lists, at most three deep and 20,000 rounds in all, and what comes out of it is
counted. A file that is no plain Word document (macros, external parts, entities, a zip bomb) is refused when it is
given.
"""

import re
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from docxtpl import DocxTemplate
from jinja2 import ChainableUndefined, StrictUndefined, TemplateError, nodes, pass_context
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.filters import do_round
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml.etree import LxmlError, XMLParser, fromstring
from markupsafe import escape

from entregent.toolbox.errors import Refusal

# Unpacked, all parts together; and how many parts.
_MOST_UNPACKED, _MOST_PARTS = 60_000_000, 2_000
_DEEPEST_LOOP = 3
# Of all loops of a document; characters of one joined text, and of one part of the document.
_MOST_ROUNDS, _LONGEST_JOINED, _LONGEST_PART = 20_000, 200_000, 10_000_000
_MOST_DECIMALS = 20
_FILTERS = frozenset(
    {
        "abs", "capitalize", "default", "d", "e", "escape", "first", "float", "int", "join", "last", "length", "lower",
        "round", "sort", "sum", "title", "trim", "truncate", "unique", "upper",
    }
)  # fmt: skip
_REFUSED = (
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Macro, nodes.CallBlock, nodes.Block,
    nodes.Call, nodes.AssignBlock, nodes.Mul, nodes.Pow, nodes.Mod, nodes.FilterBlock, nodes.EvalContextModifier,
    nodes.Add, nodes.Concat, nodes.Assign, nodes.NSRef, nodes.With,
)  # fmt: skip
# What the parser, Python's own compiler, an operator or the document's XML say of nonsense.
_NOT_UNDERSTOOD = (
    TemplateError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, SyntaxError,
    RecursionError, MemoryError, LxmlError,
)  # fmt: skip
_ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.I)
_OTHER_ALPHABET = re.compile(rb"encoding\s*=\s*[\"'](?!utf-8[\"']|us-ascii[\"'])", re.I)


class _Missing(StrictUndefined):
    """A condition takes what is not there as no; printing it is an error."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class _Environment(ImmutableSandboxedEnvironment):
    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=_Missing)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters |= {"join": _join, "round": _round, "rounds": self._rounds()}
        self.rounds = 0
        self.tests = {name: self.tests[name] for name in ("defined", "undefined", "none", "even", "odd")}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        # Where any name may stand (answers of a plan), a trial takes each as empty.
        if isinstance(obj, ChainableUndefined):
            return obj
        if isinstance(obj, dict) and "*" in obj:
            return ChainableUndefined(name=attribute)
        # « loop.index », « loop.last ».
        if type(obj).__name__ == "LoopContext" and attribute in ("index", "index0", "first", "last", "length"):
            return getattr(obj, attribute)
        return self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, (list, tuple)) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(name=str(argument))

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _check(tree, 0)
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, "rounds", [], [], None, None, lineno=loop.lineno)
        return tree.set_environment(self)  # type: ignore[return-value]

    def _rounds(self) -> Any:
        # With the context, so that it is asked on each way through and not once when the template is read.
        @pass_context
        def counted(context: Any, rows: Any) -> list[Any]:
            """What a loop goes over: no text, and not without end."""
            if isinstance(rows, str):
                raise SecurityError("loops")
            found = list(rows)
            self.rounds += len(found)
            if self.rounds > _MOST_ROUNDS:
                raise SecurityError("loops")
            return found

        return counted

    @staticmethod
    def concat(parts: Iterable[str]) -> str:  # type: ignore[override]
        """What comes out of one part of the document."""
        found, length = [], 0
        for one in parts:
            found.append(one)
            length += len(one)
            if length > _LONGEST_PART:
                raise SecurityError("length")
        return "".join(found)


def _join(rows: Any, d: str = "", attribute: str | int | None = None) -> Any:
    """As Jinja's, over lists alone, and not without end: joined texts that are joined again grow very fast."""
    if isinstance(rows, str) or attribute is not None:
        raise SecurityError("join")
    found = [escape(one) for one in rows]
    between = escape(d)
    if sum(len(one) + len(between) for one in found) > _LONGEST_JOINED:
        raise SecurityError("join")
    return between.join(found)


def _round(value: Any, precision: int = 0, method: Any = "common") -> float:
    if abs(precision) > _MOST_DECIMALS:
        raise SecurityError("round")
    return do_round(value, precision, method)


def _check(node: nodes.Node, depth: int) -> None:
    # « self » is no fact but the template itself.
    if isinstance(node, _REFUSED) or (isinstance(node, nodes.Name) and node.name == "self"):
        raise SecurityError(type(node).__name__)
    if isinstance(node, nodes.For):
        depth += 1
        if depth > _DEEPEST_LOOP or node.recursive:
            raise SecurityError("loops")
    for child in node.iter_child_nodes():
        _check(child, depth)


def filled_in(content: bytes, facts: dict[str, Any]) -> bytes:
    """The document with its variables filled in; E-001-TEMPLATE names what is not there or not allowed."""
    check_file(content)
    try:
        document = DocxTemplate(BytesIO(content))
        document.render(facts, jinja_env=_Environment(), autoescape=True)
    except UndefinedError as error:
        name = str(error.message).split("'")[1] if "'" in str(error.message) else str(error.message)
        raise _refusal(_("« %(name)s » n’existe pas.") % {"name": name}) from None
    except SecurityError:
        raise _refusal(_("Une balise du document n’est pas permise.")) from None
    except _NOT_UNDERSTOOD as error:
        line = getattr(error, "lineno", None)
        raise _refusal(_("Une balise du document n’est pas comprise.") if line else str(_not_word())) from None
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def check_file(content: bytes) -> None:
    """Refuses what is no plain Word document (E-004-TYPE)."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as parts:
            listed = parts.infolist()
            names = {one.filename for one in listed}
            if len(listed) > _MOST_PARTS or sum(one.file_size for one in listed) > _MOST_UNPACKED:
                raise ValueError
            if "word/document.xml" not in names or any("vbaproject" in name.lower() for name in names):
                raise ValueError
            for one in listed:
                if one.filename.endswith((".xml", ".rels")):
                    text = parts.read(one)
                    # In another alphabet than UTF-8 neither of these words would be found.
                    if b"\x00" in text or _OTHER_ALPHABET.search(text[:300]) or _ENTITY.search(text):
                        raise ValueError
                    if one.filename.endswith(".rels") and _reaches_out(text):
                        raise ValueError
    except (ValueError, LxmlError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
        raise Refusal("E-004-TYPE", _not_word(), field="file", status=415) from None


def _reaches_out(relations: bytes) -> bool:
    """A part that Word would load from elsewhere when the document is opened; a link that one clicks is none."""
    parser = XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return any(
        one.get("TargetMode", "").strip().lower() == "external" and not one.get("Type", "").endswith("/hyperlink")
        for one in fromstring(relations, parser).iter()
    )


def _not_word() -> str:
    return _("Choisissez un document Word (.docx), sans macro ni contenu lié.")


def _refusal(sentence: str) -> Refusal:
    return Refusal("E-001-TEMPLATE", sentence, field="file")
