"""The fields of a form of a step: a closed subset of JSON Schema, and what is kept of an answer.

    {properties: {key: {type, title: {fr, en}, …}}, required: [key], order: [key]}

Types: string, text (several lines), integer, number, boolean, date (ISO), choice (`enum: [{value, fr, en}]`). `order`
says how people see them: a JSON column keeps no order of its own.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.toolbox.errors import Refusal

TYPES = {
    "string": gettext_lazy("Texte court"),
    "text": gettext_lazy("Texte long"),
    "integer": gettext_lazy("Nombre entier"),
    "number": gettext_lazy("Nombre"),
    "boolean": gettext_lazy("Oui ou non"),
    "date": gettext_lazy("Jour"),
    "choice": gettext_lazy("Choix dans une liste"),
}
LONGEST = {"string": 500, "text": 5000}
MOST_FIELDS = 60
MOST_CHOICES = 200


@dataclass(frozen=True)
class Field:
    """One field of a form, or one fact that conditions may ask for."""

    key: str
    type: str = "string"
    titles: tuple[str, str] = ("", "")  # French, English
    choices: tuple[tuple[str, str, str], ...] = ()  # value, French, English
    is_required: bool = False
    helps: tuple[str, str] = ("", "")

    @property
    def title(self) -> str:
        """In the reader's language."""
        return in_language(self.titles) or self.key

    @property
    def help(self) -> str:
        return in_language(self.helps)

    def offered(self) -> list[tuple[str, str]]:
        """The choices as a person reads them."""
        return [(value, in_language((fr, en)) or value) for value, fr, en in self.choices]

    def told(self, value: Any) -> str:
        """A kept value in words, in the reader's language."""
        if value is None or value == "":
            return ""
        if self.type == "boolean":
            return _("oui") if value is True else _("non")
        if self.type == "choice":
            return dict(self.offered()).get(str(value), str(value))
        if self.type == "date":
            return told_day(value)
        if self.type in ("integer", "number"):
            return told_number(value)
        return str(value)


def in_language(pair: tuple[str, str]) -> str:
    fr, en = pair
    return (en or fr) if get_language() == "en" else (fr or en)


def told_day(value: Any) -> str:
    from babel.dates import format_date

    try:
        return format_date(date.fromisoformat(str(value)), "long", locale=get_language() or "fr")
    except ValueError:
        return str(value)


def told_number(value: Any) -> str:
    from babel.numbers import format_decimal

    try:
        return format_decimal(Decimal(str(value)), locale=get_language() or "fr")
    except InvalidOperation:
        return str(value)


def words_of(value: Any) -> tuple[str, str]:
    """{fr, en}, or one text for both."""
    if isinstance(value, dict):
        fr, en = (value.get("fr"), value.get("en"))
        return (fr if isinstance(fr, str) else "", en if isinstance(en, str) else "")
    return (value, "") if isinstance(value, str) else ("", "")


def fields_of(form: Any) -> list[Field]:
    """The fields of a form in the order in which people fill them in. What means nothing is left out."""
    if not isinstance(form, dict) or not isinstance(form.get("properties"), dict):
        return []
    properties = form["properties"]
    required: list = form["required"] if isinstance(form.get("required"), list) else []
    order = [key for key in _listed(form.get("order")) if isinstance(key, str) and key in properties]
    order += [key for key in properties if key not in order]
    return [field_of(key, properties[key], is_required=key in required) for key in order]


def field_of(key: str, spec: Any, *, is_required: bool = False) -> Field:
    spec = spec if isinstance(spec, dict) else {}
    kind = spec.get("type")
    return Field(
        key=key,
        type=kind if isinstance(kind, str) else "string",
        titles=words_of(spec.get("title")),
        choices=tuple(_choice(one) for one in _listed(spec.get("enum")) if _choice(one)[0]),
        is_required=is_required,
        helps=words_of(spec.get("help")),
    )


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else []


def _choice(one: Any) -> tuple[str, str, str]:
    if isinstance(one, dict):
        value = one.get("value")
        return (str(value) if isinstance(value, str | int) else "", *words_of(one))
    return (str(one), str(one), "") if isinstance(one, str | int) else ("", "", "")


def clean(form: Any, data: Any, *, partial: bool = False) -> tuple[dict[str, Any], list[Refusal]]:
    """What of `data` is kept, as plain JSON, and a refusal for each field at fault (E-001-STEP).

    `data` may hold what a form gives (dates, decimals) or what JSON gives. Unknown keys are refused: whoever sends
    them means something. `partial`: what is missing is missing, as in a draft.
    """
    fields = fields_of(form)
    data = data if isinstance(data, dict) else {}
    kept: dict[str, Any] = {}
    refusals = [
        _refusal(str(key), _("Champ inconnu : %(field)s.") % {"field": str(key)[:60]})
        for key in data
        if key not in {field.key for field in fields}
    ]
    for field in fields:
        value = data.get(field.key)
        if isinstance(value, str):
            value = value.replace("\x00", "").replace("\r\n", "\n").strip()
        if value is None or value == "":
            if field.is_required and not partial:
                refusals.append(_refusal(field.key, _("%(field)s obligatoire") % {"field": field.title}))
            continue
        cleaned, wrong = cleaned_value(field, value)
        if wrong:
            refusals.append(_refusal(field.key, _("%(name)s : %(problem)s") % {"name": field.title, "problem": wrong}))
        else:
            kept[field.key] = cleaned
    return kept, refusals


def _refusal(key: str, sentence: str) -> Refusal:
    return Refusal("E-001-STEP", sentence, field=key)


def cleaned_value(field: Field, value: Any) -> tuple[Any, str]:
    """(what is kept, "") or (None, what is wrong with it)."""
    if field.type in LONGEST:
        text = str(value)
        most = LONGEST[field.type]
        if isinstance(value, dict | list):
            return None, _("donnez un texte")
        return (text, "") if len(text) <= most else (None, _("%(n)s caractères au maximum") % {"n": most})
    if field.type == "boolean":
        found = {"true": True, "false": False, "oui": True, "non": False, "1": True, "0": False}.get(str(value).lower())
        return (found, "") if found is not None else (None, _("répondez par oui ou par non"))
    if field.type == "date":
        day = _day(value)
        return (day.isoformat(), "") if day else (None, _("donnez un jour qui existe"))
    if field.type == "choice":
        known = [choice[0] for choice in field.choices]
        return (str(value), "") if str(value) in known else (None, _("choisissez dans la liste"))
    number = as_number(value)
    if number is None:
        return None, _("donnez un nombre")
    if field.type == "integer" and number != number.to_integral_value():
        return None, _("donnez un nombre entier")
    return (int(number) if number == number.to_integral_value() else float(number)), ""


def as_number(value: Any) -> Decimal | None:
    """A number as people write it (« 1 234,50 ») or as JSON has it; at most fifteen digits, which JSON keeps."""
    if isinstance(value, bool | dict | list):
        return None
    text = str(value).replace("\u202f", "").replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10**12 or len(number.normalize().as_tuple().digits) > 15:
        return None
    return number


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value if 1000 <= value.year <= 9990 else None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return None
    return day if 1000 <= day.year <= 9990 else None
