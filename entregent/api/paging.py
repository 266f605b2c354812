"""Cursor paging: `?limit=` (≤ 200) and `?cursor=`; answers `{"items": […], "next": "…" | null}`.

A cursor is the sort values of the last item, so that page 9,000 costs what page 1 costs.
"""

import base64
import json
from typing import cast

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.translation import gettext as _

from entregent.toolbox.errors import Refusal

MOST = 200


def page(records: QuerySet, *, order: list[str], cursor: str | None, limit: int) -> tuple[list, str | None]:
    """One page of `records` in `order` (fields, « - » for descending, the last one unique), and the next cursor."""
    records = records.order_by(*order)
    if cursor:
        records = records.filter(_after(order, _values(cursor, records.model, order)))
    found = list(records[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    values = [getattr(last, name.lstrip("-")) for name in order]
    return found[:limit], base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode()


def _after(order: list[str], values: list) -> Q:
    """(a, b) after (x, y): a > x, or a = x and b > y; the other way round for descending fields."""
    condition, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field, lookup = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        condition |= equal & Q(**{f"{field}__{lookup}": value})
        equal &= Q(**{field: value})
    return condition


def _values(cursor: str, model: type[Model], order: list[str]) -> list:
    try:
        values = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(order):
            raise _wrong()
        return [_value(model, name, value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, ValidationError) as error:
        raise _wrong() from error


def _value(model: type[Model], name: str, value):
    """What a column of this kind can hold: a cursor may have been made up."""
    if not isinstance(value, str | int) or isinstance(value, bool) or "\x00" in str(value):
        raise ValueError(name)
    return cast(Field, model._meta.get_field(name.lstrip("-"))).to_python(value)


def _wrong() -> Refusal:
    return Refusal("E-CURSOR", _("Ce curseur n'est pas valable."), field="cursor")
