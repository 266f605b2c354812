"""The fields that an organization adds to its clients, people and interactions: which there are, what their values may
be, how a value reads. One set of rules for forms, actions, import and API.

Values are kept in canonical JSON (`CustomField`). A record keeps what it had of fields that were archived, or of
options that are no longer offered; what is given anew must be offered.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from babel.dates import format_date
from babel.numbers import format_decimal
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.listing.extension_points import CustomSubject, custom_subjects
from entregent.listing.models import CustomField
from entregent.organizations.journal import Line
from entregent.organizations.models import Membership, Organization, User
from entregent.toolbox.errors import NotFound, Refusal, required, too_long
from entregent.toolbox.text import one_line, search_key

Type = CustomField.Type

MOST_TEXT = 500
MOST_DIGITS = 15
_YES = {"1", "true", "oui", "yes", "on", "x", "vrai", "o", "y"}
_NO = {"", "0", "false", "non", "no", "off", "faux", "n"}


def subjects() -> list[CustomSubject]:
    return sorted(custom_subjects, key=lambda subject: subject.position)


def subject_named(code: str) -> CustomSubject:
    for subject in custom_subjects:
        if subject.code == code:
            return subject
    raise NotFound


# (organization, its stamp) → its fields: every page of a client asks for them.
_known: dict[tuple[int, int], tuple[CustomField, ...]] = {}
_MOST_KNOWN = 512


def all_fields(member: Membership) -> tuple[CustomField, ...]:
    """Every field of the organization that is not deleted, in order. Read once in each process for each change."""
    key = (member.organization_id, member.organization.custom_fields_stamp)
    if not key[1]:
        return ()  # None was ever defined.
    if key not in _known:
        fields = tuple(CustomField.objects.filter(organization_id=key[0], deleted_at__isnull=True))
        if not fields:
            return ()
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = fields
    return _known[key]


def definitions_changed(by: Membership) -> None:
    """Called by whatever changes a definition, in its transaction."""
    stamp = secrets.randbits(62) + 1
    Organization.objects.filter(pk=by.organization_id).update(custom_fields_stamp=stamp)
    by.organization.custom_fields_stamp = stamp


def fields_of(member: Membership, subject: str) -> list[CustomField]:
    """Those of a subject, archived ones too."""
    return [field for field in all_fields(member) if field.subject == subject]


def offered(member: Membership, subject: str, *, variant: str | None = None) -> list[CustomField]:
    """Those in which something may be written; with `variant`, on such a record."""
    return [field for field in fields_of(member, subject) if field.is_active and is_for(field, variant)]


def is_for(field: CustomField, variant: str | None) -> bool:
    """Without channels of its own, a field is offered wherever its subject offers any."""
    if variant is None:
        return True
    subject = subject_named(field.subject)
    known = [code for code, _label in subject.variants()] if subject.variants else []
    return variant in (field.variants or known or [variant])


def clean(
    member: Membership,
    subject: str,
    given: Mapping[str, Any] | None,
    *,
    before: Mapping[str, Any] | None = None,
    variant: str | None = None,
    is_new: bool = False,
    in_words: bool = False,
) -> tuple[dict[str, Any], list[Refusal]]:
    """What a record holds once `given` is laid over what it held `before`, and what is refused of it.

    `is_new` asks for the required fields, those that are not given too. `in_words` (files) takes options by their
    label, those no longer offered too, and members by their name.
    """
    values = dict(before or {})
    refusals: list[Refusal] = []
    if given is None and not is_new:
        return values, refusals
    known = {field.code: field for field in fields_of(member, subject)}
    for code, value in (given or {}).items():
        field = known.get(code)
        if field is None:
            if value not in (None, ""):
                refusals.append(_refusal("E-004-FIELD", _("Champ personnalisé inconnu."), str(code)[:60]))
            continue
        try:
            cleaned = clean_value(field, value, member=member, held=values.get(code), in_words=in_words)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        if cleaned is None:
            values.pop(code, None)
        elif cleaned != values.get(code):
            if not field.is_active:
                refusals.append(
                    _refusal("E-004-FIELD", _("%(field)s n’est plus proposé.") % {"field": field.label}, code)
                )
            elif not is_for(field, variant):
                refusals.append(
                    _refusal("E-004-FIELD", _("%(field)s ne se remplit pas ici.") % {"field": field.label}, code)
                )
            else:
                values[code] = cleaned
    refused = {refusal.field for refusal in refusals}
    for field in known.values():
        asked = is_new or (given is not None and field.code in given)
        name = f"custom.{field.code}"
        is_needed = field.is_required and field.is_active and is_for(field, variant)
        if asked and is_needed and name not in refused and field.code not in values:
            refusals.append(required(name, field.label))
    return values, refusals


def clean_value(field: CustomField, value: Any, *, member: Membership, held: Any = None, in_words: bool = False) -> Any:
    """One value in its canonical form; None for nothing. What the record holds already (`held`) stays right."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, list | dict):
        raise _refusal("E-CHOICE", _("%(field)s : choix inconnu.") % {"field": field.label}, field.code)
    match field.type:
        case Type.TEXT:
            return _text(field, value)
        case Type.NUMBER:
            return _number(field, value)
        case Type.DATE:
            return _day(field, value)
        case Type.BOOLEAN:
            return _flag(field, value)
        case Type.CHOICE:
            return _option(field, value, held, in_words)
        case _:
            return _member(field, value, member, held, in_words)


def _refusal(code: str, sentence: str, field: str) -> Refusal:
    return Refusal(code, sentence, field=f"custom.{field}")


def _text(field: CustomField, value: Any) -> str | None:
    text = one_line(str(value).replace("\x00", ""))
    if len(text) > MOST_TEXT:
        raise too_long(f"custom.{field.code}", field.label, MOST_TEXT)
    return text or None


def _number(field: CustomField, value: Any) -> int | float:
    """« 1 842,60 » → 1842.6. Fifteen digits: what a number of JSON holds exactly."""
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(re.sub(r"\s", "", str(value)).replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** MOST_DIGITS:
        raise _refusal("E-NUMBER", _("%(field)s : nombre invalide.") % {"field": field.label}, field.code)
    number = number.normalize()
    if len(number.as_tuple().digits) > MOST_DIGITS or int(number.as_tuple().exponent) < -MOST_DIGITS:
        raise _refusal("E-NUMBER", _("%(field)s : quinze chiffres au maximum.") % {"field": field.label}, field.code)
    return int(number) if number == number.to_integral_value() else float(number)


def _day(field: CustomField, value: Any) -> str:
    """ISO 8601, or the French writing « 31/12/1980 »."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(one_line(str(value)), pattern).date()
        except ValueError:
            continue
        if day.year >= 1000:
            return day.isoformat()
    raise _refusal("E-DATE", _("%(field)s : date invalide.") % {"field": field.label}, field.code)


def _flag(field: CustomField, value: Any) -> bool | None:
    if isinstance(value, bool):
        return value or None
    plain = search_key(str(value))
    if plain in _YES:
        return True
    if plain in _NO:
        return None
    raise _refusal("E-CHOICE", _("%(field)s : oui ou non.") % {"field": field.label}, field.code)


def _option(field: CustomField, value: Any, held: Any, in_words: bool) -> str:
    text = one_line(str(value))
    for option in field.options:
        if option["id"] == text and (option.get("is_active", True) or text == held or in_words):
            return text
    if in_words:
        plain = search_key(text)
        for option in field.options:
            if plain in (search_key(option["id"]), search_key(option["fr"]), search_key(option["en"])):
                return option["id"]
    raise _refusal("E-CHOICE", _("%(field)s : choix inconnu.") % {"field": field.label}, field.code)


def _member(field: CustomField, value: Any, member: Membership, held: Any, in_words: bool) -> int:
    """A member of the staff by the id of the user, by e-mail address, or in words by name: at work now, or held."""
    if isinstance(value, User):
        value = value.pk
    text = one_line(str(value))
    staff = staff_of(member)
    for one in staff:
        is_meant = text == str(one.key) or text.lower() == one.email.lower()
        if is_meant and (one.is_active or one.key == held):
            return one.key
    plain = search_key(text)
    found = {one.key for one in staff if in_words and one.is_active and search_key(one.name) == plain}
    if len(found) == 1:
        return found.pop()
    raise _refusal("E-000-AGENT", _("%(field)s : agent inconnu.") % {"field": field.label}, field.code)


class Colleague(NamedTuple):
    """A member of the staff: the id of the user, name, e-mail; no longer at work: not active."""

    key: int
    name: str
    email: str
    is_active: bool


def staff_of(member: Membership) -> list[Colleague]:
    """Everybody of the organization, read once for each request."""
    kept = member.__dict__.get("_custom_staff")
    if kept is None:
        active = Q(is_active=True, user__is_active=True)
        rows = (
            Membership.objects.filter(organization_id=member.organization_id)
            .order_by("user__name", "id")
            .values_list("user_id", "user__name", "user__email", ExpressionWrapper(active, BooleanField()))
        )
        kept = [Colleague(*row) for row in rows]
        member.__dict__["_custom_staff"] = kept
    return kept


# How values read


@dataclass(frozen=True)
class Told:
    """A value as a person reads it."""

    code: str
    label: str
    text: str


def told(member: Membership, subject: str, custom: Mapping[str, Any] | None) -> list[Told]:
    """What a record holds, in the order of the fields. Deleted fields are not told."""
    if not custom:
        return []
    fields = [field for field in fields_of(member, subject) if field.code in custom]
    names = names_of(fields, [custom])
    return [Told(field.code, field.label, shown(field, custom[field.code], names)) for field in fields]


def names_of(fields: Iterable[CustomField], rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The names of the members that the rows name: one query, none where there is nobody."""
    codes = [field.code for field in fields if field.type == Type.MEMBER]
    ids = {row[code] for row in rows for code in codes if isinstance(row.get(code), int)} if codes else set()
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def shown(field: CustomField, value: Any, names: Mapping[int, str] | None = None) -> str:
    """One value in words, in the reader's language."""
    if value is None or value == "":
        return ""
    match field.type:
        case Type.NUMBER:
            return format_decimal(value, locale=get_language(), decimal_quantization=False)
        case Type.DATE:
            try:
                return format_date(date.fromisoformat(str(value)), "d MMM y", locale=get_language())
            except ValueError:
                return str(value)
        case Type.BOOLEAN:
            return _("Oui") if value else _("Non")
        case Type.CHOICE:
            return dict(field.choices).get(value, str(value))
        case Type.MEMBER:
            return (names or {}).get(value, "")
        case _:
            return str(value)


def written(field: CustomField, value: Any, emails: Mapping[int, str]) -> str:
    """One value as files carry it, so that the same file can be brought in again."""
    if value is None or value == "":
        return ""
    match field.type:
        case Type.BOOLEAN:
            return _("oui") if value else ""
        case Type.CHOICE:
            return dict(field.choices).get(value, str(value))
        case Type.MEMBER:
            return emails.get(value, "")
        case _:
            return str(value)


def out(member: Membership, subject: str, custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the API gives: every field that is offered or filled, members by their e-mail address."""
    custom = custom or {}
    fields = [field for field in fields_of(member, subject) if field.is_active or field.code in custom]
    emails = emails_of(member, fields)
    values: dict[str, Any] = {}
    for field in fields:
        value = custom.get(field.code)
        if field.type == Type.BOOLEAN:
            value = bool(value)
        elif field.type == Type.MEMBER and value is not None:
            value = emails.get(value)
        values[field.code] = value
    return values


def emails_of(member: Membership, fields: Iterable[CustomField]) -> dict[int, str]:
    """The addresses of the staff, for fields that name members; no query where none does."""
    if not any(field.type == Type.MEMBER for field in fields):
        return {}
    return {one.key: one.email for one in staff_of(member)}


def tell_changes(
    organization_id: int, table: str, column: str, before: Any, after: Any, cache: dict, row: dict
) -> list[Line] | None:
    """What changed in the custom fields of a record, field by field, for the history and the journal."""
    subject = next((one for one in custom_subjects if one.table == table), None)
    if subject is None or column != "custom":
        return None
    before, after = before or {}, after or {}
    if before == after:
        return []
    if ("custom", organization_id) not in cache:
        known = CustomField.objects.filter(organization_id=organization_id)
        cache["custom", organization_id] = {(field.subject, field.code): field for field in known}
    fields = cache["custom", organization_id]
    lines = []
    for code in sorted(before.keys() | after.keys()):
        if before.get(code) == after.get(code):
            continue
        field = fields.get((subject.code, code))
        if field is None:
            lines.append(Line(code, str(before.get(code, "")), str(after.get(code, "")), "custom"))
            continue
        names = names_of([field], [before, after])
        lines.append(
            Line(
                field.label,
                shown(field, before.get(code), names),
                shown(field, after.get(code), names),
                "custom",
            )
        )
    return lines
