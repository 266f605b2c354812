"""Values and operators in words, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from entregent.listing.lists import Column, Kind, choices_of
from entregent.organizations.models import Membership
from entregent.toolbox.phones import national

_DAYS = {
    "is": pgettext_lazy("day", "est le"),
    "before": gettext_lazy("avant le"),
    "after": gettext_lazy("après le"),
    "at_least": gettext_lazy("à partir du"),
    "at_most": gettext_lazy("jusqu’au"),
    "between": gettext_lazy("entre le"),
    "today": gettext_lazy("aujourd’hui"),
    "overdue": gettext_lazy("avant aujourd’hui"),
    "days_ago_more": gettext_lazy("il y a plus de (jours)"),
    "days_ago_less": gettext_lazy("dans les derniers (jours)"),
    "in_next_days": gettext_lazy("dans les prochains (jours)"),
    "empty": gettext_lazy("est vide"),
    "not_empty": gettext_lazy("n’est pas vide"),
}
_NUMBERS = {
    "is": gettext_lazy("est"),
    "is_not": gettext_lazy("n’est pas"),
    "more": gettext_lazy("plus de"),
    "less": gettext_lazy("moins de"),
    "at_least": gettext_lazy("au moins"),
    "at_most": gettext_lazy("au plus"),
    "between": pgettext_lazy("numbers", "entre"),
    "empty": gettext_lazy("est vide"),
    "not_empty": gettext_lazy("n’est pas vide"),
}
_CHOICES = {
    "is": gettext_lazy("est"),
    "is_not": gettext_lazy("n’est pas"),
    "in": gettext_lazy("est parmi"),
    "empty": gettext_lazy("est vide"),
    "not_empty": gettext_lazy("n’est pas vide"),
}

# The operators of each kind, in the order in which pages offer them, with their words.
OPERATORS: dict[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {
        "contains": gettext_lazy("contient"),
        "not_contains": gettext_lazy("ne contient pas"),
        "starts": gettext_lazy("commence par"),
        **_CHOICES,
    },
    Kind.NUMBER: _NUMBERS,
    Kind.MONEY: _NUMBERS,
    Kind.DATE: _DAYS,
    Kind.MOMENT: _DAYS,
    Kind.BOOLEAN: {"is": gettext_lazy("est")},
    Kind.CHOICE: _CHOICES,
    Kind.MEMBER: {"is": gettext_lazy("est"), "me": gettext_lazy("est moi"), **_CHOICES},
    Kind.SECTOR: {"within": gettext_lazy("est dans"), **_CHOICES},
    Kind.LIST: {
        "has": gettext_lazy("comprend"),
        "has_not": gettext_lazy("ne comprend pas"),
        "in": gettext_lazy("comprend l’un de"),
        "empty": gettext_lazy("est vide"),
        "not_empty": gettext_lazy("n’est pas vide"),
    },
}
WITHOUT_VALUE = frozenset({"empty", "not_empty", "me", "today", "overdue"})
WITH_DAYS = frozenset({"days_ago_more", "days_ago_less", "in_next_days"})
WITH_SEVERAL = frozenset({"in"})
COUNTS = {
    "at_least": gettext_lazy("au moins"),
    "at_most": gettext_lazy("au plus"),
    "is": gettext_lazy("exactement"),
}


def as_counted(n: int) -> int:
    """The number by which a noun is put into the plural: French, which has no catalogue here, says « 0 client »."""
    return 1 if n == 0 and get_language() == "fr" else n


def operators_of(column: Column) -> dict[str, str]:
    """The operators that a column offers, with their words."""
    known = OPERATORS[column.kind]
    offered = column.operators or [
        code for code in known if column.is_nullable or column.kind in _MAY_BE_EMPTY or code not in _EMPTINESS
    ]
    return {code: str(known[code]) for code in offered}


_EMPTINESS = ("empty", "not_empty")
_MAY_BE_EMPTY = (Kind.TEXT, Kind.LIST, Kind.MEMBER, Kind.SECTOR)


# Babel takes 30 to 60 µs a value; a list shows the same days and amounts again and again.
_date = lru_cache(maxsize=4096)(format_date)
_money = lru_cache(maxsize=4096)(format_currency)


def _day(day: date) -> str:
    """« 19 nov. », with the year when it is another one."""
    return _date(day, "d MMM" if day.year == timezone.now().year else "d MMM y", locale=get_language())


def shown(column: Column, value, member: Membership) -> str:
    """The value of a cell, as it is read."""
    if value is None or value == "":
        return ""
    if column.kind == Kind.BOOLEAN:
        return _("Oui") if value else _("Non")
    if column.kind == Kind.MONEY:
        return _money(Decimal(str(value)), member.organization.currency, locale=get_language())
    if column.kind == Kind.NUMBER:
        return format_decimal(value, locale=get_language())
    if column.kind == Kind.LIST:
        labels = dict(choices_of(column, member)) if column.choices else {}
        return ", ".join(str(labels.get(one, one)) for one in value)
    if column.kind == Kind.CHOICE:
        return dict(choices_of(column, member)).get(str(value), str(value))
    if column.kind == Kind.MOMENT and isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(member.organization.time_zone))
        return f"{_day(local.date())} · {local:%H:%M}"
    if isinstance(value, date):
        return _day(value)
    if column.code == "phone":
        return national(str(value), region=member.organization.country)
    return str(value)


def told(column: Column, operator: str, value, member: Membership) -> str:
    """A criterion as a person reads it: « Statut est Client », « Créé le : dans les derniers 30 jours »."""
    label = str(column.label)
    words = operators_of(column).get(operator, operator)
    if operator in WITHOUT_VALUE:
        return f"{label} {words}"
    if operator in WITH_DAYS:
        templates = {
            "days_ago_more": _("%(field)s il y a plus de %(n)s jours"),
            "days_ago_less": _("%(field)s dans les %(n)s derniers jours"),
            "in_next_days": _("%(field)s dans les %(n)s prochains jours"),
        }
        return templates[operator] % {"field": label, "n": value}
    if operator == "between":
        first, last = (_one(column, one, member) for one in value)
        return _("%(field)s %(operator)s %(first)s et %(last)s") % {
            "field": label, "operator": words, "first": first, "last": last,
        }  # fmt: skip
    if operator in WITH_SEVERAL:
        return f"{label} {words} {', '.join(_one(column, one, member) for one in value)}"
    return f"{label} {words} {_one(column, value, member)}"


def _one(column: Column, value, member: Membership) -> str:
    if column.kind in (Kind.CHOICE, Kind.MEMBER, Kind.SECTOR, Kind.LIST):
        label = dict(choices_of(column, member)).get(str(value), str(value))
        return _("« %(value)s »") % {"value": label}
    if column.kind in (Kind.DATE, Kind.MOMENT):
        return _day(date.fromisoformat(value))
    if column.kind == Kind.TEXT:
        return _("« %(value)s »") % {"value": value}
    return shown(column, value, member)
