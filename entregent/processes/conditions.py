"""Conditions of plans: data that is checked against the forms, worked out without any language, and told in words.

    {"all": [c, …]}   {"any": [c, …]}   {"not": c}   ["qualifier.recevable", "=", true]

A path is `step.field`, a fact of the plan (`facts.amount`, or `amount` alone) or something known of the record
(`case.priority`, `client.kind`). Every criterion is true or false, never unknown: what has no value answers no
comparison, and `!=` and `not` turn round.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.processes.fields import Field, as_number, cleaned_value

DEEPEST = 5
MOST = 50
SEVERAL = 50

_ORDERED = ("=", "!=", ">", "<", ">=", "<=", "empty", "filled")
_NAMED = ("=", "!=", "in", "empty", "filled")
OPERATORS: dict[str, tuple[str, ...]] = {
    "string": ("=", "!=", "contains", "starts", "in", "empty", "filled"),
    "text": ("contains", "empty", "filled"),
    "integer": _ORDERED,
    "number": _ORDERED,
    "date": _ORDERED,
    "boolean": ("=", "!=", "empty", "filled"),
    "choice": _NAMED,
}
WITHOUT_VALUE = frozenset({"empty", "filled"})
OPERATOR_WORDS = {
    "=": gettext_lazy("est"),
    "!=": gettext_lazy("n’est pas"),
    ">": gettext_lazy("est supérieur à"),
    "<": gettext_lazy("est inférieur à"),
    ">=": gettext_lazy("est supérieur ou égal à"),
    "<=": gettext_lazy("est inférieur ou égal à"),
    "contains": gettext_lazy("contient"),
    "starts": gettext_lazy("commence par"),
    "in": gettext_lazy("est parmi"),
    "empty": gettext_lazy("est vide"),
    "filled": gettext_lazy("est rempli"),
}
_DAY_WORDS = {
    "=": gettext_lazy("est le"),
    "!=": gettext_lazy("n’est pas le"),
    ">": gettext_lazy("est après le"),
    "<": gettext_lazy("est avant le"),
    ">=": gettext_lazy("est à partir du"),
    "<=": gettext_lazy("est jusqu’au"),
}


def canonical(path: str) -> str:
    """`amount` is short for `facts.amount`."""
    return path if "." in path else f"facts.{path}"


def paths_of(condition: Any) -> Iterator[str]:
    """The paths that a condition asks for."""
    if isinstance(condition, list):
        if condition and isinstance(condition[0], str):
            yield canonical(condition[0])
    elif isinstance(condition, dict):
        for word in ("all", "any"):
            for one in condition.get(word) or []:
                yield from paths_of(one)
        if "not" in condition:
            yield from paths_of(condition["not"])


def problems_of(condition: Any, known: Mapping[str, Field]) -> list[str]:
    """Sentences on what is wrong with a condition; none when every path, operator and value of it means something."""
    found: list[str] = []
    counted = [0]
    _check(condition, known, found, counted, 1)
    if counted[0] > MOST:
        found.append(_("%(n)d critères au maximum.") % {"n": MOST})
    return found


def _check(condition: Any, known: Mapping[str, Field], found: list[str], counted: list[int], depth: int) -> None:
    if depth > DEEPEST:
        found.append(_("Cinq niveaux de groupes au maximum."))
        return
    if isinstance(condition, list):
        counted[0] += 1
        if counted[0] <= MOST:
            _check_criterion(condition, known, found)
        return
    if isinstance(condition, dict) and len(condition) == 1:
        ((word, inner),) = condition.items()
        if word in ("all", "any") and isinstance(inner, list) and inner:
            for one in inner:
                _check(one, known, found, counted, depth + 1)
            return
        if word == "not":
            _check(inner, known, found, counted, depth + 1)
            return
    found.append(_("Une condition est illisible."))


def _check_criterion(criterion: list, known: Mapping[str, Field], found: list[str]) -> None:
    if len(criterion) not in (2, 3) or not all(isinstance(part, str) for part in criterion[:2]):
        found.append(_("Une condition est illisible."))
        return
    path, operator = criterion[:2]
    field = known.get(canonical(path))
    if field is None:
        found.append(_("La condition demande « %(path)s », qui n’est pas connu à cette étape.") % {"path": path[:80]})
        return
    if operator not in OPERATORS.get(field.type, ()):
        words = {"path": path[:80], "operator": str(OPERATOR_WORDS.get(operator, operator))[:40]}
        found.append(_("« %(path)s » ne se compare pas avec « %(operator)s ».") % words)
        return
    if operator in WITHOUT_VALUE:
        if len(criterion) == 3 and criterion[2] not in (None, ""):
            found.append(_("« %(path)s » : cette comparaison ne prend pas de valeur.") % {"path": path[:80]})
        return
    wanted = criterion[2] if len(criterion) == 3 else None
    several = operator == "in"
    if several and not (isinstance(wanted, list) and 0 < len(wanted) <= SEVERAL):
        found.append(_("« %(path)s » : donnez une liste de valeurs.") % {"path": path[:80]})
        return
    for value in wanted if isinstance(wanted, list) and several else [wanted]:
        wrong = _value_problem(field, value)
        if wrong:
            found.append(_("« %(name)s » : %(problem)s.") % {"name": path[:80], "problem": wrong})
            return


def _value_problem(field: Field, value: Any) -> str:
    if value is None or value == "":
        return _("donnez une valeur")
    if field.type == "boolean":
        return "" if isinstance(value, bool) else _("répondez par oui ou par non")
    if field.type in ("integer", "number"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and as_number(value) is not None
        return "" if is_number else _("donnez un nombre")
    if field.type in ("string", "text"):
        return "" if isinstance(value, str) and len(value) <= 500 else _("donnez un texte")
    return cleaned_value(field, value)[1]


def holds(condition: Any, values: Mapping[str, Any], known: Mapping[str, Field] | None = None) -> bool:
    """Whether a checked condition is true of `values` (full path → kept value). None: no condition, always true."""
    if condition is None:
        return True
    if isinstance(condition, list):
        wanted = condition[2] if len(condition) == 3 else None
        return _criterion_holds(values.get(canonical(condition[0])), condition[1], wanted)
    if "all" in condition:
        return all(holds(one, values) for one in condition["all"])
    if "any" in condition:
        return any(holds(one, values) for one in condition["any"])
    return not holds(condition["not"], values)


def _criterion_holds(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "empty":
        return value is None or value == ""
    if operator == "filled":
        return not (value is None or value == "")
    if operator == "!=":
        return not _criterion_holds(value, "=", wanted)
    if value is None or value == "":
        return False
    if operator == "in":
        return any(_criterion_holds(value, "=", one) for one in wanted)
    if operator == "contains":
        return _folded(wanted) in _folded(value)
    if operator == "starts":
        return _folded(value).startswith(_folded(wanted))
    ours, theirs = _comparable(value), _comparable(wanted)
    if operator == "=":
        return type(ours) is type(theirs) and ours == theirs
    if type(ours) is not type(theirs) or isinstance(ours, bool):
        return False
    return {
        ">": ours > theirs, "<": ours < theirs, ">=": ours >= theirs, "<=": ours <= theirs,
    }[operator]  # fmt: skip


def _comparable(value: Any) -> Any:
    """Numbers as numbers, texts without case; days compare as their ISO text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    if isinstance(value, date):
        return value.isoformat()
    return _folded(value)


def _folded(value: Any) -> str:
    return str(value).casefold().strip()


def sentence(condition: Any, known: Mapping[str, Field], names: Mapping[str, str] | None = None) -> str:
    """A condition in words, in the reader's language: « Recevable est oui et Montant est supérieur à 50 ».

    `names`: the name of each step by its key, where one wants to know which step a field is of.
    """
    return "" if condition is None else _told(condition, known, names or {}, is_inner=False)


def _told(condition: Any, known: Mapping[str, Field], names: Mapping[str, str], *, is_inner: bool = True) -> str:
    if isinstance(condition, list):
        return _criterion_told(condition, known, names)
    for word, joint in (("all", _(" et ")), ("any", _(" ou "))):
        if word in condition:
            text = joint.join(_told(one, known, names) for one in condition[word])
            return f"({text})" if is_inner and len(condition[word]) > 1 else text
    return _("sauf (%(condition)s)") % {"condition": _told(condition["not"], known, names, is_inner=False)}


def _criterion_told(criterion: list, known: Mapping[str, Field], names: Mapping[str, str]) -> str:
    path = canonical(criterion[0])
    operator = criterion[1]
    field = known.get(path) or Field(key=path)
    subject = _("« %(name)s »") % {"name": field.title}
    step = path.rpartition(".")[0]
    if step in names:
        subject = _("%(field)s (étape « %(step)s »)") % {"field": subject, "step": names[step]}
    words = _DAY_WORDS if field.type == "date" and operator in _DAY_WORDS else OPERATOR_WORDS
    told = f"{subject} {words.get(operator, operator)}"
    if operator in WITHOUT_VALUE:
        return told
    wanted = criterion[2] if len(criterion) == 3 else None
    values = wanted if isinstance(wanted, list) else [wanted]
    return f"{told} {', '.join(field.told(value) for value in values)}"
