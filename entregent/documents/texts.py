"""Texts that people write with variables and conditions (Liquid), rendered on plain facts.

Facts are dicts, lists, texts, numbers and booleans, nothing else: no attribute of an object, no file, no other
template can be reached from a text. Of Liquid's tags those below are there, and of its filters those that cannot make
much of little. Loops, output and the size of numbers have an end, so that no text costs more than about two seconds.

`render` gives the text, or a Refusal that names the variable that is not there. `problems` tells what is wrong with a
text before anybody uses it, variable by variable, with the line.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any, cast

from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path, logical
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.exceptions import (
    FilterArgumentError,
    FilterError,
    LiquidError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    ResourceLimitError,
    UndefinedError,
    UnknownFilterError,
)
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from liquid.undefined import StrictUndefined

from entregent.toolbox.errors import Refusal

# Of a text as written, and of what it may become.
LONGEST, LONGEST_OUTPUT = 60_000, 400_000
# Rounds of all loops times characters of the text: what one rendering may cost.
MOST_WORK = 8_000_000
_LARGEST_NUMBER = 10**15
_LONGEST_VALUE = 20_000

_TAGS = frozenset({"content", "output", "illegal", "#", "assign", "break", "case", "comment", "continue", "for", "if"})
_TAGS |= {"unless"}
_FILTERS = frozenset(
    {
        "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by", "downcase",
        "find", "first", "floor", "has", "join", "last", "lstrip", "map", "minus", "modulo", "plus", "prepend",
        "reject", "remove", "reverse", "round", "rstrip", "size", "slice", "sort", "sort_natural", "strip", "sum",
        "times", "truncate", "truncatewords", "uniq", "upcase", "where",
    }
)  # fmt: skip

Facts = Mapping[str, Any]
# A part of the facts of which anything may be asked: the attributes of a type of object, the answers of a step.
ANYTHING: dict[str, Any] = {"*": None}


class _Missing(StrictUndefined):
    """A variable that is not there: a condition takes it as no, `default` replaces it, printing it is an error."""

    force_liquid_default = True
    allowed_properties = StrictUndefined.allowed_properties | {"__bool__", "__eq__", "__liquid__", "__class__"}

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is False or other is None or isinstance(other, _Missing)

    __hash__ = None  # type: ignore[assignment]


class _Context(RenderContext):
    """Counts the rounds of all loops together, nested or one after the other."""

    rounds = 0

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self.rounds += length
        if self.rounds * cast(_Template, self.template).length > MOST_WORK:
            raise LoopIterationLimitError("too many rounds", token=None)

    def get(self, path, **options):
        # The whole path in the error, not its first word.
        found = super().get(path, **options)
        if isinstance(found, _Missing):
            return _Missing(".".join(str(part) for part in path), token=options["token"])
        return found


class _Template(BoundTemplate):
    context_class = _Context
    length = 0
    guard: Callable[[str], str] | None = None


class _OutputNode(OutputNode):
    """What a variable gives passes through the guard of the text: a name is no markup."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer) -> int:
        text = to_liquid_string(self.expression.evaluate(context), False)
        guard = cast(_Template, context.template).guard
        return buffer.write(guard(text) if guard else text)


class _Output(Output):
    node_class = _OutputNode


def _bounded(name: str, function: Callable) -> Callable:
    """The filter, on values of an ordinary size and giving such."""

    @wraps(function)
    def filtered(*args, **kwargs):
        for value in (*args, *kwargs.values()):
            _refuse_large(name, value)
        result = function(*args, **kwargs)
        _refuse_large(name, result)
        return result

    return filtered


def _refuse_large(name: str, value: object) -> None:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        is_large = not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER
    else:
        is_large = isinstance(value, (str, list, tuple, dict)) and len(value) > _LONGEST_VALUE
    if is_large:
        raise FilterArgumentError(f"{name}: value too large", token=None)


_liquid_is_truthy = logical.is_truthy


def _is_truthy(value: object) -> bool:
    """An empty text, or list, is a no: « {% if client.phone %} » asks whether there is one. For Liquid it is a yes."""
    return not (isinstance(value, (str, list, tuple)) and not value) and _liquid_is_truthy(value)


# There is no setting for it, and nothing but this module uses Liquid.
logical.is_truthy = _is_truthy  # type: ignore[assignment]


class _Environment(Environment):
    template_class = _Template
    block_nesting_limit = 12
    output_stream_limit = LONGEST_OUTPUT
    local_namespace_limit = 1_000_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS}
        self.add_tag(_Output)
        self.filters = {name: _bounded(name, self.filters[name]) for name in _FILTERS}


_environment = _Environment(undefined=_Missing)


def render(
    source: str, facts: Facts, *, where: str = "", field: str | None = None, guard: Callable[[str], str] | None = None
) -> str:
    """The text with its variables filled in. `where` names the text for whoever reads the refusal (« Objet »).

    Refuses (E-001-TEMPLATE, at `field`) what cannot be read, a variable that is not there, and what takes too much.
    `guard` is applied to what each variable gives (`documents.markup.literal` where the text has a markup).
    """
    _check_plain(facts)
    try:
        template = _parsed(source)
    except _Unreadable as error:
        raise _refusal(str(error), where=where, field=field) from None
    bound = _Template(env=_environment, nodes=template.nodes)
    bound.length, bound.guard = len(source), guard
    try:
        return bound.render(**facts)
    except (LiquidError, ArithmeticError, TypeError, ValueError) as error:
        raise _refusal(_told(error, source), where=where, field=field) from None


def problems(source: str, known: Facts) -> list[str]:
    """What is wrong with a text, in sentences: a tag that is not understood, a filter or a variable that is not there.

    `known` has the shape of the facts: a dict of what is there, in a list its first element, `ANYTHING` where any name
    will do, any other value where the path ends.
    """
    try:
        template = _parsed(source)
    except _Unreadable as error:
        return [str(error)]
    found: dict[str, None] = {}
    _walk(template.nodes, dict(known), found, source, RenderContext(template))
    return list(found)


def variables_of(source: str) -> set[str]:
    """The first words of what a text asks for: {"client", "contract"}. Of a text that can be read."""
    return set(_parsed(source).analyze(include_partials=False).globals)


def is_readable(source: str) -> bool:
    try:
        _parsed(source)
    except _Unreadable:
        return False
    return True


class _Unreadable(Exception):
    pass


@lru_cache(maxsize=256)
def _parsed(source: str) -> BoundTemplate:
    # Told in the language of whoever asks: an error is not kept by the cache.
    if len(source) > LONGEST:
        raise _Unreadable(_("Texte trop long : %(n)s caractères au maximum.") % {"n": LONGEST})
    try:
        template = _environment.from_string(source)
        _refuse_ranges(template)
    except _Unreadable:
        raise
    except LiquidError as error:
        raise _Unreadable(_told(error, source)) from None
    return template


def _refuse_ranges(template: BoundTemplate) -> None:
    """« (1..1000000000) » is written in a moment and worked out in an hour."""
    context = RenderContext(template)
    nodes = list(template.nodes)
    while nodes:
        node = nodes.pop()
        expressions = list(node.expressions())
        while expressions:
            expression = expressions.pop()
            if isinstance(expression, RangeLiteral):
                raise _Unreadable(_("Un intervalle comme (1..10) n’est pas permis ici."))
            expressions.extend(expression.children())
        nodes.extend(node.children(context, include_partials=False))


def _walk(nodes, scope: dict[str, Any], found: dict[str, None], source: str, context: RenderContext) -> None:
    for node in nodes:
        for expression in node.expressions():
            _look_at(expression, scope, found, source)
        inner = scope
        if isinstance(node, ForNode):
            items = _shape_of(node.expression.iterable, scope)
            item = items[0] if isinstance(items, (list, tuple)) and items else ANYTHING
            inner = {**scope, str(node.expression.identifier): item, "forloop": ANYTHING}
        elif isinstance(node, AssignNode):
            scope[str(node.name)] = _shape_of(node.expression, scope)
        else:
            for name in node.template_scope():
                scope[str(name)] = ANYTHING
        _walk(_children(node, context), inner, found, source, context)


def _children(node: Node, context: RenderContext):
    return node.children(context, include_partials=False)


def _look_at(expression: Expression, scope: dict[str, Any], found: dict[str, None], source: str) -> None:
    if isinstance(expression, Path) and _at(expression.path, scope) is _NOTHING:
        name = ".".join(str(part) for part in expression.path)
        sentence = _("Ligne %(line)s : « %(name)s » n’existe pas.")
        found[sentence % {"line": _line(expression.token, source), "name": name}] = None
    if isinstance(expression, FilteredExpression):
        for each in expression.filters or ():
            if each.name not in _FILTERS:
                sentence = _("Ligne %(line)s : le filtre « %(name)s » n’existe pas.")
                found[sentence % {"line": _line(expression.token, source), "name": each.name}] = None
    for child in expression.children():
        _look_at(child, scope, found, source)


def _shape_of(expression: Expression, scope: dict[str, Any]) -> Any:
    if isinstance(expression, FilteredExpression) and not expression.filters:
        expression = expression.left
    if isinstance(expression, Path):
        shape = _at(expression.path, scope)
        return ANYTHING if shape is _NOTHING or shape is None else shape
    return ANYTHING


_NOTHING = object()
# What every list, text or dict answers.
_PROPERTIES = frozenset({"size", "first", "last"})


def _at(path, shape: Any) -> Any:
    for part in path:
        if shape is ANYTHING:
            return ANYTHING
        if isinstance(shape, Mapping):
            if isinstance(part, str) and part in shape:
                shape = shape[part]
            elif "*" in shape or isinstance(part, Path):
                shape = ANYTHING
            elif part == "size":
                return None
            else:
                return _NOTHING
        elif isinstance(shape, (list, tuple)):
            if part == "size":
                return None
            if part in _PROPERTIES or isinstance(part, (int, Path)):
                shape = shape[0] if shape else ANYTHING
            else:
                return _NOTHING
        elif part != "size":
            return _NOTHING
    return shape


def _refusal(sentence: str, *, where: str, field: str | None) -> Refusal:
    message = _("%(where)s : %(problem)s") % {"where": where, "problem": sentence} if where else sentence
    return Refusal("E-001-TEMPLATE", message, field=field)


def _told(error: Exception, source: str) -> str:
    line = _line(getattr(error, "token", None), source)
    if isinstance(error, UndefinedError):
        name = str(error.message).partition(" is undefined")[0].strip("'")
        return _("Ligne %(line)s : « %(name)s » n’existe pas.") % {"line": line, "name": name}
    if isinstance(error, UnknownFilterError):
        name = str(error.message).rpartition(" ")[2].strip("'")
        return _("Ligne %(line)s : le filtre « %(name)s » n’existe pas.") % {"line": line, "name": name}
    if isinstance(error, OutputStreamLimitError):
        return _("Le texte devient trop long.")
    if isinstance(error, ResourceLimitError):
        return _("Ce texte demande trop de calculs.")
    if isinstance(error, FilterError | FilterArgumentError | ArithmeticError | TypeError | ValueError):
        return _("Ligne %(line)s : un filtre ne convient pas à sa valeur.") % {"line": line}
    return _("Ligne %(line)s : cette balise n’est pas comprise.") % {"line": line}


def _line(token, source: str) -> int:
    """1 for the first; where the error stands nowhere in particular, 1 too."""
    start = getattr(token, "start_index", -1)
    return source.count("\n", 0, start) + 1 if 0 <= start <= len(source) else 1


_PLAIN = (str, int, float, Decimal, bool, type(None))


def _check_plain(value: Any) -> None:
    """A mistake of ours, not of whoever wrote the text: an object given as a fact."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"A fact is named by a text, not by {key!r}.")
            _check_plain(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_plain(inner)
    elif not isinstance(value, _PLAIN):
        raise TypeError(f"{type(value).__name__} is no plain fact.")
