"""Custom fields as columns of lists: shown, exported and asked for like any other; not sorted by, as no index could
lead with each of them. « Is » is answered by the index over all values of a record."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    Expression,
    ExpressionWrapper,
    FloatField,
    OuterRef,
    Q,
    Subquery,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from entregent.listing.conditions import days_between
from entregent.listing.custom_fields import Type, fields_of, subject_named, subjects
from entregent.listing.lists import Column, Kind, ListDefinition, lists, member_choices
from entregent.listing.models import CustomField, View
from entregent.organizations.models import Membership, User

# So many records are named one by one in a question.
FEW = 2_000
KINDS = {
    Type.TEXT: Kind.TEXT,
    Type.NUMBER: Kind.NUMBER,
    Type.DATE: Kind.DATE,
    Type.BOOLEAN: Kind.BOOLEAN,
    Type.CHOICE: Kind.CHOICE,
    Type.MEMBER: Kind.MEMBER,
}


def views_using(field: CustomField, member: Membership) -> list[View]:
    """The views of the organization that show the field or ask for it, also of related records."""
    known = lists(member)
    wanted = (next((one.list_code for one in subjects() if one.code == field.subject), ""), f"custom.{field.code}")
    views = View.objects.filter(organization_id=member.organization_id).order_by("name", "id")
    return [
        view
        for view in views
        if any((view.list_code, column.get("code")) == wanted for column in view.columns)
        or _asks(view.condition, view.list_code, wanted, known)
    ]


def _asks(data: Any, code: str, wanted: tuple[str, str], known: dict[str, ListDefinition]) -> bool:
    """Does a condition on the list `code` name the column?"""
    if isinstance(data, list):
        return bool(data) and (code, data[0]) == wanted
    if not isinstance(data, dict):
        return False
    parts = [*data.get("all", ()), *data.get("any", ()), data.get("not")]
    if any(_asks(part, code, wanted, known) for part in parts):
        return True
    for word in ("has", "has_not", "count"):
        relation = known[code].relation(data[word]) if word in data and code in known else None
        if relation is not None and _asks(data.get("where"), relation.target, wanted, known):
            return True
    return (code, data.get("since")) == wanted


def custom_columns(member: Membership, subject: str) -> list[Column]:
    """The columns `custom.<code>` of a subject, those of archived fields too: what was filled in can be found."""
    return [_column(field) for field in fields_of(member, subject)]


def _column(field: CustomField) -> Column:
    choices: Callable[[Membership], list[tuple[str, str]]] | None = None
    if field.type == Type.CHOICE:
        choices = _choices(field)
    elif field.type == Type.MEMBER:
        choices = member_choices
    return Column(
        code=f"custom.{field.code}",
        label=field.label,
        kind=KINDS[Type(field.type)],
        path=f"custom_{field.code}",
        choices=choices,
        is_nullable=field.type != Type.BOOLEAN,
        annotation=_annotation(field),
        asked=_asked(field),
    )


def _choices(field: CustomField) -> Callable[[Membership], list[tuple[str, str]]]:
    return lambda member: field.choices


def _annotation(field: CustomField) -> Callable[[Membership], Expression]:
    path = f"custom__{field.code}"

    def make(member: Membership) -> Any:
        match field.type:
            case Type.NUMBER:
                return Cast(KT(path), FloatField())
            case Type.DATE:
                return Cast(KT(path), DateField())
            case Type.BOOLEAN:
                return ExpressionWrapper(Q(custom__contains={field.code: True}), BooleanField())
            case Type.MEMBER:
                named = User.objects.filter(pk=Cast(OuterRef(path), BigIntegerField()))
                return Subquery(named.values("name")[:1])
            case _:
                return KT(path)

    return make


def _asked(field: CustomField) -> Callable[[str, Any, Membership], Q]:
    """The condition, true or false for every record: a value that is not there answers no comparison."""
    code = field.code

    def holds(value: Any) -> Q:
        found = _found(subject_named(field.subject).table, {code: value})
        return Q(custom__contains={code: value}) if found is None else Q(pk__in=found)

    has_value = ~Q(custom={}) & Q(custom__has_key=code)

    def ask(operator: str, value: Any, member: Membership) -> Q:
        if operator in ("is_not", "not_contains", "not_empty"):
            positive = {"is_not": "is", "not_contains": "contains", "not_empty": "empty"}[operator]
            return ~ask(positive, value, member)
        if operator == "empty":
            return ~has_value
        match field.type:
            case Type.BOOLEAN:
                return holds(True) if value else ~holds(True)
            case Type.CHOICE | Type.MEMBER:
                values = [member.user_id] if operator == "me" else value if operator == "in" else [value]
                either = Q(pk__in=[])
                for one in values:
                    either |= holds(int(one) if field.type == Type.MEMBER else one)
                return either
            case Type.NUMBER:
                return has_value & _compared(code, operator, value)
            case Type.DATE:
                return has_value & _within(code, *days_between(operator, value, member))
            case _:
                lookups = {"is": "iexact", "in": "iexact", "contains": "icontains", "starts": "istartswith"}
                either = Q(pk__in=[])
                for one in value if operator == "in" else [value]:
                    either |= Q(**{f"custom__{code}__{lookups[operator]}": one})
                return has_value & either

    return ask


def _found(table: str, wanted: dict[str, Any]) -> list[int] | None:
    """The records that hold just this, by the index; None where they are many, which are soon met on the way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT custom_found(%s, %s::jsonb, %s)", [table, json.dumps(wanted), FEW + 1])
        ids = [pk for (pk,) in cursor.fetchall()]
    return ids if len(ids) <= FEW else None


def _compared(code: str, operator: str, value: Any) -> Q:
    if operator == "between":
        return Q(**{f"custom__{code}__gte": _number(value[0]), f"custom__{code}__lte": _number(value[1])})
    lookup = {"is": "", "more": "__gt", "less": "__lt", "at_least": "__gte", "at_most": "__lte"}[operator]
    return Q(**{f"custom__{code}{lookup}": _number(value)})


def _within(code: str, first: date | None, last: date | None) -> Q:
    day = Cast(KT(f"custom__{code}"), DateField())
    condition = Q()
    if first is not None:
        condition &= Q(GreaterThanOrEqual(day, first))
    if last is not None:
        condition &= Q(LessThanOrEqual(day, last))
    return condition


def _number(value: Any) -> int | float:
    number = Decimal(str(value))
    return int(number) if number == number.to_integral_value() else float(number)
