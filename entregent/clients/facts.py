"""What texts may say of a client: letters, mails, templates of contacts and dossiers, plans.

Plain dicts, lists and texts in one language, dates and amounts told already; whatever a client lacks is an empty text,
so that a text never stumbles over it. `shape_of` gives the same names for one who writes a text.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.utils import translation

from entregent.clients.models import (
    Address,
    BusinessObject,
    BusinessObjectType,
    Client,
    ClientPerson,
    Person,
)
from entregent.organizations.models import Membership, Organization
from entregent.toolbox import phones
from entregent.toolbox.countries import country_name
from entregent.toolbox.dates import today_in

# The newest of each type: a letter is no statement of account.
MOST_OBJECTS = 50
# Invoices that are still to be paid.
UNPAID = ("unpaid", "overdue")


def facts_of(
    client: Client, *, contract: BusinessObject | None = None, language: str = "", member: Membership | None = None
) -> dict[str, Any]:
    """The facts of a client, in its own language unless another is asked for.

    `contract` is the one that the text is about. With a `member` only the objects that they see are told of; without
    one (what the product itself writes) all of them.
    """
    language = language or client.language
    organization = client.organization
    with translation.override(language):
        addresses = {one.kind: one for one in Address.objects.filter(client=client)}
        main = addresses.get(Address.Kind.MAIN)
        mailing = addresses.get(Address.Kind.MAILING) or main
        objects = _objects(client, language, member)
        invoices = objects["invoice"]
        unpaid = [one for one in invoices if one["state_code"] in UNPAID]
        told_client = _client(client, main, mailing, language)
        return {
            "today": tell_day(today_in(organization.time_zone), language),
            "language": language,
            "organization": {"name": organization.name, "country": organization.country},
            "client": told_client,
            "people": _people(client, told_client, language),
            "contract": _object(contract, language) if contract is not None else _no_object(),
            "objects": objects,
            "contracts": objects["contract"],
            "invoices": invoices,
            "unpaid_invoices": unpaid,
            "unpaid_total": _total(client, [one["id"] for one in unpaid], organization, language),
            "last_invoice": invoices[0] if invoices else _no_object(),
            "last_reading": objects["reading"][0] if objects["reading"] else _no_object(),
        }


def shape_of(organization: Organization) -> dict[str, Any]:
    """The names of the facts, with the types of objects of this organization (`documents.texts.problems`)."""
    types = list(BusinessObjectType.objects.filter(organization=organization).values("code", "attributes"))
    shapes = {
        one["code"]: [
            {**_no_object(), "attributes": {attribute["code"]: "" for attribute in one["attributes"]}, "contract": ""}
        ]
        for one in types
    }
    for code in ("contract", "invoice", "reading"):
        shapes.setdefault(code, [_no_object()])
    return {
        "today": "",
        "language": "",
        "organization": {"name": "", "country": ""},
        "client": _empty_client(),
        "people": {"primary": _no_person(), "preferred": _no_person(), "billing": _no_person(), "all": [_no_person()]},
        "contract": shapes["contract"][0],
        "objects": shapes,
        "contracts": shapes["contract"],
        "invoices": shapes["invoice"],
        "unpaid_invoices": shapes["invoice"],
        "unpaid_total": "",
        "last_invoice": shapes["invoice"][0],
        "last_reading": shapes["reading"][0],
    }


def tell_day(day: date | None, language: str) -> str:
    """« 22 novembre 2026 », « 22 November 2026 »."""
    return format_date(day, "d MMMM y", locale=language) if day is not None else ""


def tell_money(amount: Decimal | None, currency: str, language: str) -> str:
    """« 1 842,60 € »."""
    return format_currency(amount, currency or "EUR", locale=language) if amount is not None else ""


def _client(client: Client, main: Address | None, mailing: Address | None, language: str) -> dict[str, Any]:
    region = client.organization.country
    numbers = [phones.national(one["number"], region=region) for one in client.phones]
    return {
        **_empty_client(),
        "number": client.number,
        "name": client.display_name,
        "last_name": client.name,
        "first_name": client.first_name,
        "kind": str(client.kind),
        "is_company": client.is_company,
        "status": str(client.status),
        "category": client.category,
        "language": client.language,
        "birth_date": tell_day(client.birth_date, language),
        "email": client.main_email,
        "emails": list(client.emails),
        "phone": numbers[0] if numbers else "",
        "phones": numbers,
        "tags": list(client.tags),
        "responsible": client.responsible.name if client.responsible is not None else "",
        "address": _address(main, language),
        "mailing_address": _address(mailing, language),
        "address_block": _block(client, mailing, language),
        "city": main.city if main is not None else "",
    }


def _empty_client() -> dict[str, Any]:
    texts = [
        "number",
        "name",
        "last_name",
        "first_name",
        "kind",
        "status",
        "category",
        "language",
        "birth_date",
        "email",
        "phone",
        "responsible",
        "city",
    ]
    return {
        **dict.fromkeys(texts, ""),
        "is_company": False,
        "emails": [],
        "phones": [],
        "tags": [],
        "address": _address(None, ""),
        "mailing_address": _address(None, ""),
        "address_block": [],
    }


def _address(address: Address | None, language: str) -> dict[str, Any]:
    if address is None:
        return {**dict.fromkeys(("street", "unit", "postal_code", "city", "region", "country"), ""), "lines": []}
    return {
        "street": address.street,
        "unit": address.unit,
        "postal_code": address.postal_code,
        "city": address.city,
        "region": address.region,
        "country": country_name(address.country, language),
        "lines": address.lines,
    }


def _block(client: Client, address: Address | None, language: str) -> list[str]:
    """What shows in the window of an envelope: name, address, the country where it is another one, in capitals."""
    lines = [client.display_name]
    if address is not None:
        lines += address.lines
        if address.country != client.organization.country:
            lines.append(country_name(address.country, language).upper())
    return lines


def _no_person() -> dict[str, str]:
    return dict.fromkeys(("name", "first_name", "last_name", "title", "company", "email", "phone"), "")


def _people(client: Client, told: dict[str, Any], language: str) -> dict[str, Any]:
    """By role; where nobody has one, the primary person stands in, and without her the client itself (R004-13)."""
    region = client.organization.country
    links = list(
        ClientPerson.objects.filter(client=client, person__deleted_at__isnull=True)
        .select_related("person")
        .order_by("-is_primary", "-is_preferred", "-is_billing", "person__sort_key", "id")[:MOST_OBJECTS]
    )
    itself = {
        **_no_person(), "name": told["name"], "last_name": told["last_name"], "first_name": told["first_name"],
        "email": told["email"], "phone": told["phone"],
    }  # fmt: skip
    people = [(link, _person(link.person, region)) for link in links]
    primary = next((one for link, one in people if link.is_primary), itself)
    return {
        "primary": primary,
        "preferred": next((one for link, one in people if link.is_preferred), primary),
        "billing": next((one for link, one in people if link.is_billing), primary),
        "all": [one for _link, one in people],
    }


def _person(person: Person, region: str) -> dict[str, str]:
    return {
        "name": person.full_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "title": person.title,
        "company": person.company,
        "email": person.main_email,
        "phone": phones.national(person.main_phone, region=region) if person.main_phone else "",
    }


def _no_object() -> dict[str, Any]:
    texts = ("number", "label", "type", "state", "state_code", "date", "due", "amount", "contract")
    return {**dict.fromkeys(texts, ""), "id": 0, "attributes": {}}


def _objects(client: Client, language: str, member: Membership | None) -> dict[str, list[dict[str, Any]]]:
    """By code of the type, newest first; a type of which the client has none is an empty list."""
    types = BusinessObjectType.objects.filter(organization_id=client.organization_id).values_list("code", flat=True)
    told: dict[str, list[dict[str, Any]]] = {code: [] for code in ("contract", "invoice", "reading", *types)}
    records = BusinessObject.objects.visible_to(member) if member is not None else BusinessObject.objects.own()
    found = (
        records.filter(client=client, deleted_at__isnull=True)
        .select_related("type", "contract")
        .order_by("type_id", "-dated_on", "-id")[: MOST_OBJECTS * max(1, len(types))]
    )
    for one in found:
        if len(told[one.type.code]) < MOST_OBJECTS:
            told[one.type.code].append(_object(one, language))
    return told


def _object(one: BusinessObject, language: str) -> dict[str, Any]:
    return {
        "id": one.pk,
        "number": one.key,
        "label": one.label,
        "type": one.type.label_en if language == "en" else one.type.label_fr,
        "state": _state(one.type.states, one.state, language),
        "state_code": one.state,
        "date": tell_day(one.dated_on, language),
        "due": tell_day(one.due_on, language),
        "amount": tell_money(one.amount, one.currency, language),
        "contract": one.contract.key if one.contract is not None else "",
        "attributes": {
            attribute["code"]: _value(one.attributes.get(attribute["code"]), attribute["type"], language)
            for attribute in one.type.attributes
        },
    }


def _state(states: Iterable[dict], code: str, language: str) -> str:
    return next((one["en" if language == "en" else "fr"] for one in states if one["code"] == code), code)


def _value(value: Any, kind: str, language: str) -> str:
    if value in (None, ""):
        return ""
    if kind == "boolean":
        yes, no = ("yes", "no") if language == "en" else ("oui", "non")
        return yes if value else no
    try:
        if kind == "date":
            return tell_day(date.fromisoformat(str(value)), language)
        if kind == "number":
            return format_decimal(Decimal(str(value)), locale=language)
    except (ValueError, ArithmeticError):
        pass
    return str(value)


def _total(client: Client, ids: list[int], organization: Organization, language: str) -> str:
    amounts = BusinessObject.objects.filter(client=client, pk__in=ids, amount__isnull=False)
    found = list(amounts.order_by().values_list("amount", "currency"))
    total = sum((amount or Decimal(0) for amount, _currency in found), Decimal(0))
    return tell_money(total, found[0][1] if found else organization.currency, language)
