"""Business objects, which other systems keep up to date, and their types, which administrators keep."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients import ties, validation
from entregent.clients.actions import _rules
from entregent.clients.actions.clients import convert_to_client
from entregent.clients.models import BusinessObject, BusinessObjectType, Client
from entregent.clients.object_types import STANDARD_TYPES
from entregent.organizations.models import Membership, Organization, Sector
from entregent.relationships.models import Visibility
from entregent.toolbox.errors import Refusal, required, too_long
from entregent.toolbox.text import is_code, one_line

TONES = ("neutral", "ok", "bad", "warn", "info")
VALUE_TYPES = ("text", "number", "date", "boolean")


@transaction.atomic
def sync_business_object(
    *,
    by: Membership,
    client: Client,
    type_code: str,
    key: str,
    source_system: str = "",
    contract: BusinessObject | str | None = None,
    label: str = "",
    state: str = "",
    dated_on=None,
    due_on=None,
    amount=None,
    currency: str = "",
    sector: Sector | None = None,
    attributes: dict | None = None,
    program_account: str = "",
    submitted_by: str = Visibility.OWN,
) -> BusinessObject:
    """Writes what another system knows of a client: creates the object, or brings it up to date, by type and key.

    `contract` is one of the client's contracts, or its number. A prospect becomes a client with the first contract
    (R001-06). At a service provider `program_account` is the number of a program that the client has given access to,
    `submitted_by` who submitted the object. Refuses an unknown type, a contract of another client (E-001-OBJECT), a
    number that another client has.
    """
    data = {
        "key": key,
        "source_system": source_system,
        "label": label,
        "state": state,
        "dated_on": dated_on,
        "due_on": due_on,
        "amount": amount,
        "currency": currency or (by.organization.currency if amount not in (None, "") else ""),
        "attributes": attributes or {},
    }
    values, refusals = validation.clean_business_object(data)
    _rules.refuse_if_any(refusals)
    object_type = _type(type_code, by=by)
    values["contract"] = _contract(contract, client, by=by)
    values["program_account"] = ties.program_of(client, program_account, by=by)
    values["submitted_by"] = ties.submitter(submitted_by, by=by)
    # The sector of a service point brings its client into the reach of others.
    values["sector"] = _rules.sector_for(sector, by=by, right=Right.OBJECT_SYNC)
    identity = {
        "organization_id": by.organization_id,
        "type": object_type,
        "source_system": values.pop("source_system"),
        "key": values.pop("key"),
    }
    record("sync_business_object", by=by, client_id=client.pk, type=type_code, key=identity["key"])
    known = BusinessObject.objects.select_for_update(of=("self",)).filter(**identity).first()
    if known is None:
        try:
            with transaction.atomic():
                known = BusinessObject.objects.create(client=client, **identity, **values)
        except IntegrityError:
            # Somebody wrote the same object at the same moment: bring theirs up to date.
            known = BusinessObject.objects.select_for_update(of=("self",)).get(**identity)
    if known.client_id != client.pk:
        raise Refusal("E-OBJECT-KEY", _("Ce numéro est déjà celui d’un autre client."), field="key", status=409)
    values["deleted_at"] = None
    changed = [field for field, value in values.items() if getattr(known, field) != value]
    if changed:
        for field in changed:
            setattr(known, field, values[field])
        _rules.bump(known, by=by)
        known.save(update_fields=[*changed, "version", "updated_at"])
    if type_code == BusinessObjectType.CONTRACT and client.is_prospect:
        convert_to_client(client, by=by)
        client.refresh_from_db()
    return known


def seed_object_types(organization: Organization) -> None:
    """The standard types of a new organization; types that exist are left as they are."""
    BusinessObjectType.objects.bulk_create(
        [BusinessObjectType(organization=organization, **fields) for fields in STANDARD_TYPES], ignore_conflicts=True
    )


@transaction.atomic
def create_object_type(*, by: Membership, code: str, **fields) -> BusinessObjectType:
    """Adds a type of business object. Refuses a code that is taken, missing labels, states or attributes that do not
    read « code ; français ; anglais »."""
    record("create_object_type", by=by, code=code)
    values = _clean_type(fields, whole=True)
    code = one_line(str(code or "")).lower()
    if not is_code(code):
        raise Refusal("E-CODE", _("Lettres sans accent, chiffres et _ seulement, une lettre d’abord."), field="code")
    if BusinessObjectType.objects.filter(organization_id=by.organization_id, code=code).exists():
        raise Refusal("E-CODE", _("Ce code est déjà pris."), field="code")
    return BusinessObjectType.objects.create(organization_id=by.organization_id, code=code, **values)


@transaction.atomic
def update_object_type(object_type: BusinessObjectType, *, by: Membership, version: int | None, **fields):
    """Changes labels, order, states and attributes of a type; its code stays, since imports name it."""
    record("update_object_type", by=by, subject=object_type)
    object_type = _rules.locked(object_type, by=by)
    _rules.check_version(object_type, version, by=by)
    values = _clean_type(fields, whole=False)
    changed = [field for field, value in values.items() if getattr(object_type, field) != value]
    if changed:
        for field in changed:
            setattr(object_type, field, values[field])
        _rules.bump(object_type, by=by)
        object_type.save(update_fields=[*changed, "version"])
    return object_type


@transaction.atomic
def delete_object_type(object_type: BusinessObjectType, *, by: Membership) -> None:
    """Deletes a type that nothing uses."""
    record("delete_object_type", by=by, subject=object_type, code=object_type.code)
    object_type = _rules.locked(object_type, by=by)
    if object_type.code in {fields["code"] for fields in STANDARD_TYPES}:
        raise Refusal("E-TYPE-IN-USE", _("Un type standard ne se supprime pas."), status=409)
    if BusinessObject.objects.filter(type=object_type).exists():
        raise Refusal("E-TYPE-IN-USE", _("Des objets métier sont de ce type."), status=409)
    object_type.delete()


def _type(code: str, *, by: Membership) -> BusinessObjectType:
    found = BusinessObjectType.objects.filter(organization_id=by.organization_id, code=code).first()
    if found is None:
        raise Refusal("E-TYPE", _("Type d’objet métier inconnu : %(code)s.") % {"code": code}, field="type")
    return found


def _contract(contract, client: Client, *, by: Membership) -> BusinessObject | None:
    if not contract:
        return None
    if isinstance(contract, str):
        key, contract = (
            contract,
            BusinessObject.objects.filter(
                client=client, type__code=BusinessObjectType.CONTRACT, key=one_line(contract), deleted_at__isnull=True
            ).first(),
        )
    else:
        key = contract.key
    if contract is None or contract.client_id != client.pk or contract.organization_id != by.organization_id:
        raise Refusal("E-001-OBJECT", _("%(object)s n’appartient pas à ce client.") % {"object": key}, field="contract")
    return contract


def _clean_type(fields: dict, *, whole: bool) -> dict:
    values: dict[str, Any] = {}
    refusals: list[Refusal] = []
    labels = {
        "label_fr": _("Libellé français"),
        "label_en": _("Libellé anglais"),
        "plural_fr": _("Pluriel français"),
        "plural_en": _("Pluriel anglais"),
    }
    for field, label in labels.items():
        if field not in fields and not whole:
            continue
        text = one_line(str(fields.get(field) or ""))
        if not text:
            refusals.append(required(field, label))
        elif len(text) > 60:
            refusals.append(too_long(field, label, 60))
        else:
            values[field] = text
    if "position" in fields:
        values["position"] = int(fields["position"] or 100)
    for field, known, choice in (("states", TONES, "tone"), ("attributes", VALUE_TYPES, "type")):
        if field in fields:
            try:
                values[field] = [_clean_entry(entry, choice, known) for entry in fields[field] or ()]
            except (KeyError, TypeError, ValueError):
                refusals.append(Refusal("E-TYPE", _("Une ligne n’est pas de la forme demandée."), field=field))
    _rules.refuse_if_any(refusals)
    return values


def _clean_entry(entry: dict, choice: str, known: tuple[str, ...]) -> dict:
    cleaned = {name: one_line(str(entry[name]))[:60] for name in ("code", "fr", "en")}
    if not is_code(cleaned["code"]) or not cleaned["fr"] or not cleaned["en"]:
        raise ValueError
    cleaned[choice] = entry.get(choice) or known[0]
    if cleaned[choice] not in known:
        raise ValueError
    return cleaned
