"""What clients, people, addresses and business objects may hold: one set of rules for forms, API and import.

Pure functions: a mapping of what was typed goes in, cleaned values and the refusals come out; no query is made. Only
the fields that are given are looked at, unless `whole` asks for the required ones too. Texts are one line, without
control and invisible characters; they are kept as typed otherwise and are never taken for HTML.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from stdnum.ca import bn
from stdnum.exceptions import ValidationError as NumberInvalid
from stdnum.fr import siren, siret, tva

from entregent.clients.models import Address, Client, CreditHold
from entregent.toolbox.countries import country_names
from entregent.toolbox.errors import Refusal, required, too_long
from entregent.toolbox.phones import PhoneInvalid, to_e164
from entregent.toolbox.text import one_line, search_key

MOST_EMAILS = 3
MOST_PHONES = 10
MOST_IDENTIFIERS = 20
MOST_TAGS = 20
LONGEST_TAG = 40
# Words that stand in addresses of pages where a client's number would: `/clients/nouveau/`.
RESERVED_NUMBERS = frozenset({"nouveau", "nouvelle", "doublons", "supprimes"})
# Identifiers that can be checked. Others are kept as they come.
IDENTIFIERS = {
    "siren": (gettext_lazy("SIREN"), siren.validate),
    "siret": (gettext_lazy("SIRET"), siret.validate),
    "bn": (gettext_lazy("Numéro d’entreprise (NE)"), bn.validate),
    "vat": (gettext_lazy("N° de TVA"), tva.validate),
}

_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")
_IDENTIFIER_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")
_POSTAL_CODES = {
    "CA": (re.compile(r"([ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]) ?([0-9][ABCEGHJ-NPRSTV-Z][0-9])"), "J8X 1A1"),
    "FR": (re.compile(r"([0-9]{2}) ?([0-9]{3})"), "57000"),
}
_email_valid = EmailValidator()

Cleaned = tuple[dict, list[Refusal]]


def clean_client(data: Mapping, *, country: str = "FR", whole: bool = True) -> Cleaned:
    """Cleans the fields of a client. `country` is the organization's: phones are read as they are written there."""
    cleaning = _Cleaning(data, whole)
    cleaning.choice("kind", _("Nature"), Client.Kind.values, needed=True)
    is_person = data.get("kind") == Client.Kind.PERSON
    cleaning.text("name", pgettext("person", "Nom") if is_person else _("Raison sociale"), 200, needed=True)
    cleaning.text("first_name", _("Prénom"), 100)
    cleaning.choice("status", _("Statut"), Client.Status.values)
    cleaning.text("category", _("Catégorie"), 60)
    cleaning.language()
    cleaning.day("birth_date", _("Date de naissance"), past=True)
    cleaning.each("emails", clean_emails)
    cleaning.each("phones", lambda phones: clean_phones(phones, country=country))
    cleaning.each("identifiers", clean_identifiers)
    cleaning.each("tags", clean_tags)
    cleaning.each("number", clean_number)
    return cleaning.result


def clean_person(data: Mapping, *, country: str = "FR", whole: bool = True) -> Cleaned:
    """Cleans the fields of a person. « Classer sous » is made of the name where it is not given (R004-14)."""
    cleaning = _Cleaning(data, whole)
    cleaning.text("file_as", _("Classer sous"), 200)
    cleaning.text("first_name", _("Prénom"), 100)
    cleaning.text("last_name", pgettext("person", "Nom"), 100)
    cleaning.text("title", _("Fonction"), 120)
    cleaning.text("company", _("Société"), 200)
    cleaning.text("external_key", _("Clé externe"), 80)
    cleaning.language()
    cleaning.day("birth_date", _("Date de naissance"), past=True)
    cleaning.each("emails", clean_emails)
    cleaning.each("phones", lambda phones: clean_phones(phones, country=country))
    values, refusals = cleaning.result
    if whole and not values.get("file_as"):
        values["file_as"] = file_as(values)
    if "file_as" in values and not values["file_as"] and not refusals:
        refusals.append(required("file_as", _("Classer sous")))
    return values, refusals


def clean_address(data: Mapping, *, country: str = "FR", whole: bool = True) -> Cleaned:
    """Cleans the fields of an address. An address says at least a street or a city."""
    cleaning = _Cleaning(data, whole)
    cleaning.choice("kind", _("Type"), Address.Kind.values)
    cleaning.text("label", _("Libellé"), 60)
    cleaning.text("street", _("Numéro et rue"), 200)
    cleaning.text("unit", _("Complément"), 100)
    cleaning.text("city", _("Ville"), 120)
    cleaning.text("region", _("Province ou région"), 80)
    cleaning.text("external_key", _("Clé externe"), 80)
    cleaning.text("postal_code", _("Code postal"), 16)
    cleaning.each("country", lambda code: clean_country(code, default=country))
    values, refusals = cleaning.result
    if whole:
        values.setdefault("country", country)
        if not refusals and not any(values.get(part) for part in ("street", "city", "postal_code")):
            refusals.append(required("street", _("Numéro et rue")))
    if values.get("postal_code") and "country" in values:
        try:
            values["postal_code"] = clean_postal_code(values["postal_code"], values["country"])
        except Refusal as refusal:
            refusals.append(refusal)
    return values, refusals


def clean_business_object(data: Mapping, *, whole: bool = True) -> Cleaned:
    """Cleans what another system says of a contract, an invoice, a meter…"""
    cleaning = _Cleaning(data, whole)
    cleaning.text("key", _("Numéro"), 80, needed=True)
    cleaning.text("source_system", _("Système d’origine"), 40)
    cleaning.text("label", _("Libellé"), 200)
    cleaning.text("state", _("État"), 30)
    cleaning.day("dated_on", _("Date"))
    cleaning.day("due_on", _("Échéance"))
    cleaning.each("amount", clean_amount)
    cleaning.text("currency", _("Devise"), 3)
    cleaning.each("attributes", clean_attributes)
    values, refusals = cleaning.result
    if values.get("currency"):
        values["currency"] = values["currency"].upper()
        if not re.fullmatch("[A-Z]{3}", values["currency"]):
            refusals.append(Refusal("E-CURRENCY", _("Devise invalide (ex. EUR)."), field="currency"))
    return values, refusals


def clean_credit_hold(data: Mapping) -> Cleaned:
    cleaning = _Cleaning(data, True)
    cleaning.choice("reason", _("Motif"), CreditHold.Reason.values, needed=True)
    cleaning.text("note", _("Précision"), 200)
    return cleaning.result


def clean_number(text) -> str:
    """A client's number: letters without accent, digits and hyphens. "" stands for « give one »."""
    number = one_line(str(text or ""))
    if not number:
        return ""
    if not _NUMBER.fullmatch(number) or number.lower() in RESERVED_NUMBERS:
        raise number_refused()
    return number


def number_refused() -> Refusal:
    return Refusal("E-004-ID", _("L’identifiant doit être unique, lettres et chiffres sans accent."), field="number")


def clean_emails(addresses) -> list[str]:
    """At most three different addresses; empty ones are left out."""
    if isinstance(addresses, str):
        addresses = re.split(r"[\s;,]+", addresses)
    emails: list[str] = []
    for address in addresses or ():
        email = one_line(str(address or ""))
        if not email:
            continue
        try:
            if len(email) > 254:
                raise ValidationError("too long")
            _email_valid(email)
        except ValidationError:
            raise Refusal("E-004-EMAILS", _("Adresse de courriel invalide."), field="emails") from None
        if email.lower() not in [one.lower() for one in emails]:
            emails.append(email)
    if len(emails) > MOST_EMAILS:
        raise Refusal("E-004-EMAILS", _("Trois adresses au maximum."), field="emails")
    return emails


def clean_phones(phones, *, country: str) -> list[dict]:
    """Phones given as texts, (label, text) or {"label", "number"}, in any writing, become E.164 with their label."""
    cleaned: list[dict] = []
    for phone in [phones] if isinstance(phones, str) else phones or ():
        if isinstance(phone, str):
            label, text = "", phone
        elif isinstance(phone, Mapping):
            label, text = phone.get("label") or "", phone.get("number") or ""
        else:
            label, text = phone
        text = one_line(str(text or ""))
        if not text:
            continue
        label = one_line(str(label or ""))
        if len(label) > 40:
            raise too_long("phones", _("Libellé"), 40)
        try:
            number = to_e164(text, region=country)
        except PhoneInvalid:
            raise Refusal(
                "E-PHONE", _("Numéro de téléphone invalide : %(text)s.") % {"text": text[:40]}, field="phones"
            ) from None
        if number not in [one["number"] for one in cleaned]:
            cleaned.append({"label": label, "number": number})
    if len(cleaned) > MOST_PHONES:
        raise Refusal("E-PHONE", _("Dix numéros de téléphone au maximum."), field="phones")
    return cleaned


def clean_identifiers(identifiers) -> dict[str, str]:
    """{"siren": "210 100 012"} → {"siren": "210100012"}; known kinds are checked by their check digits."""
    cleaned: dict[str, str] = {}
    for code, value in (identifiers or {}).items():
        text = one_line(str(value or ""))
        if not text:
            continue
        if not _IDENTIFIER_CODE.fullmatch(str(code)):
            raise Refusal("E-IDENTIFIER", _("Nom d’identifiant inconnu."), field="identifiers")
        if code in IDENTIFIERS:
            label, validate = IDENTIFIERS[code]
            try:
                text = validate(text)
            except NumberInvalid:
                raise Refusal(
                    "E-IDENTIFIER", _("%(identifier)s invalide.") % {"identifier": label}, field=f"identifiers.{code}"
                ) from None
        elif len(text) > 60:
            raise too_long("identifiers", code, 60)
        cleaned[code] = text
    if len(cleaned) > MOST_IDENTIFIERS:
        raise Refusal("E-IDENTIFIER", _("Vingt identifiants au maximum."), field="identifiers")
    return cleaned


def clean_tags(tags) -> list[str]:
    """Tags given as a list, or as a text with commas; each once whatever its case, in alphabetical order."""
    if isinstance(tags, str):
        tags = re.split(r"[,;\n]", tags)
    cleaned: dict[str, str] = {}
    for tag in tags or ():
        text = one_line(str(tag or ""))
        if not text:
            continue
        if len(text) > LONGEST_TAG or "," in text or ";" in text:
            raise Refusal(
                "E-TAG",
                _("Étiquette invalide : %(tag)s (40 caractères au plus, sans virgule).") % {"tag": text[:50]},
                field="tags",
            )
        cleaned.setdefault(search_key(text) or text, text)
    if len(cleaned) > MOST_TAGS:
        raise Refusal("E-TAG", _("Vingt étiquettes au maximum."), field="tags")
    return [cleaned[key] for key in sorted(cleaned)]


def clean_country(code, *, default: str = "FR") -> str:
    code = one_line(str(code or "")).upper() or default
    if code not in country_names("fr"):
        raise Refusal("E-COUNTRY", _("Pays inconnu (deux lettres, ex. FR)."), field="country")
    return code


def clean_postal_code(text: str, country: str) -> str:
    """Canadian codes as « J8X 1A1 », French ones as « 57000 »; those of other countries as they come."""
    text = one_line(text).upper()
    if country not in _POSTAL_CODES:
        return text
    pattern, example = _POSTAL_CODES[country]
    parts = pattern.fullmatch(text)
    if parts is None:
        raise Refusal(
            "E-000-POSTAL", _("Code postal invalide (ex. %(example)s).") % {"example": example}, field="postal_code"
        )
    return (" " if country == "CA" else "").join(parts.groups())


def clean_amount(value) -> Decimal | None:
    """« 1 842,60 » or 1842.6 → Decimal("1842.60")."""
    if value is None or value == "":
        return None
    text = re.sub(r"\s", "", str(value)).replace(",", ".")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 12:
        raise Refusal("E-AMOUNT", _("Montant invalide."), field="amount")
    return amount.quantize(Decimal("0.01"))


def clean_attributes(attributes) -> dict:
    """Further facts of a business object: plain values by code."""
    if not isinstance(attributes, Mapping):
        if not attributes:
            return {}
        raise Refusal("E-ATTRIBUTES", _("Attributs invalides."), field="attributes")
    cleaned: dict[str, Any] = {}
    for code, value in attributes.items():
        if not _IDENTIFIER_CODE.fullmatch(str(code)) or len(attributes) > 50:
            raise Refusal("E-ATTRIBUTES", _("Attributs invalides."), field="attributes")
        if isinstance(value, date | datetime):
            cleaned[code] = value.isoformat()
        elif value is None or isinstance(value, bool | int | float):
            cleaned[code] = value
        elif isinstance(value, Decimal):
            cleaned[code] = float(value)
        elif isinstance(value, str) and len(value) <= 500:
            cleaned[code] = one_line(value)
        else:
            raise Refusal("E-ATTRIBUTES", _("Attributs invalides."), field="attributes")
    return cleaned


def names(kind: str, name: str, first_name: str = "") -> tuple[str, str]:
    """How a client is shown, and by what lists sort it."""
    if kind == Client.Kind.COMPANY:
        return name, search_key(name)[:310]
    return f"{first_name} {name}".strip(), search_key(f"{name} {first_name}")[:310]


def file_as(values: Mapping) -> str:
    """« Moreau, Claire », or the company."""
    name = ", ".join(part for part in (values.get("last_name"), values.get("first_name")) if part)
    return (name or values.get("company") or "")[:200]


def can_be_reached(values: Mapping, addresses) -> bool:
    """A prospect needs a phone, an e-mail or an address (R001-06)."""
    return bool(values.get("phones") or values.get("emails") or addresses)


class _Cleaning:
    """Collects what is right and what is refused, field by field."""

    def __init__(self, data: Mapping, whole: bool):
        self.data = data
        self.whole = whole
        self.values: dict = {}
        self.refusals: list[Refusal] = []

    @property
    def result(self) -> Cleaned:
        return self.values, self.refusals

    def text(self, field: str, label, most: int, *, needed: bool = False) -> None:
        if not self._is_asked(field, needed):
            return
        text = one_line(str(self.data.get(field) or ""))
        if needed and not text:
            self.refusals.append(required(field, label))
        elif len(text) > most:
            self.refusals.append(too_long(field, label, most))
        else:
            self.values[field] = text

    def choice(self, field: str, label, values, *, needed: bool = False) -> None:
        if not self._is_asked(field, needed):
            return
        value = one_line(str(self.data.get(field) or ""))
        if not value:
            if needed or field in self.data:
                self.refusals.append(required(field, label))
        elif value not in values:
            self.refusals.append(Refusal("E-CHOICE", _("%(field)s : choix inconnu.") % {"field": label}, field=field))
        else:
            self.values[field] = value

    def language(self) -> None:
        if self.data.get("language"):
            self.choice("language", _("Langue"), ("fr", "en"))

    def day(self, field: str, label, *, past: bool = False) -> None:
        if field not in self.data:
            return
        value = self.data[field]
        if isinstance(value, datetime):
            value = value.date()
        elif value in (None, ""):
            value = None
        elif not isinstance(value, date):
            value = _day(one_line(str(value)))
            if value is None:
                self._refuse_day(field, label)
                return
        if value is not None and (value.year < 1000 or (past and value > date.today())):
            self._refuse_day(field, label)
            return
        self.values[field] = value

    def each(self, field: str, clean: Callable) -> None:
        if field not in self.data:
            return
        try:
            self.values[field] = clean(self.data[field])
        except Refusal as refusal:
            self.refusals.append(refusal)

    def _is_asked(self, field: str, needed: bool) -> bool:
        return field in self.data or (needed and self.whole)

    def _refuse_day(self, field: str, label) -> None:
        self.refusals.append(Refusal("E-DATE", _("%(field)s : date invalide.") % {"field": label}, field=field))


def _day(text: str) -> date | None:
    """ISO 8601, or the French writing « 31/12/1980 »."""
    for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None
