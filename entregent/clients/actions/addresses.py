"""Addresses of clients and of people."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from entregent.audit.actions import record
from entregent.clients import validation
from entregent.clients.actions import _rules
from entregent.clients.models import Address, Client, Person
from entregent.organizations.models import Membership

_PARTS = ("label", "street", "unit", "postal_code", "city", "region", "country", "external_key")


@transaction.atomic
def set_address(
    *,
    by: Membership,
    client: Client | None = None,
    person: Person | None = None,
    kind: str = "main",
    address: Address | None = None,
    version: int | None = None,
    **fields,
) -> Address:
    """Sets the main or the mailing address of a client or a person, or adds another one.

    `address` is the one to change; without it the main or mailing address of the owner is changed where there is one.
    Refuses an empty address, a wrong postal code (E-000-POSTAL), an unknown country, a stale `version`.
    """
    owner = client or person
    record("set_address", by=by, subject=owner, client_id=client.pk if client else None)
    if address is None and kind in (Address.Kind.MAIN, Address.Kind.MAILING):
        _rules.locked(owner, by=by)  # Two people who add the first main address at once: one after the other.
        address = Address.objects.filter(client=client, person=person, kind=kind).first()
    country = by.organization.country
    if address is None:
        values, refusals = validation.clean_address({"kind": kind, **fields}, country=country)
        _rules.refuse_if_any(refusals)
        return add_addresses([values], by=by, client=client, person=person)[0]
    address = _rules.locked(address, by=by)
    _rules.check_version(address, version, by=by)
    known = {part: getattr(address, part) for part in _PARTS}
    values, refusals = validation.clean_address({**known, "kind": kind, **fields}, country=country)
    _rules.refuse_if_any(refusals)
    if values["kind"] != address.kind and values["kind"] != Address.Kind.OTHER:
        # The address takes the place of the one that had this use, which stays as another address.
        theirs = Q(client_id=address.client_id, person_id=address.person_id)
        Address.objects.filter(theirs, kind=values["kind"]).update(kind=Address.Kind.OTHER)
    changed = [part for part, value in values.items() if getattr(address, part) != value]
    if changed:
        for part in changed:
            setattr(address, part, values[part])
        _rules.bump(address, by=by)
        address.save(update_fields=[*changed, "version"])
        if client is not None:
            _rules.announce(client, by=by, what="set_address")
    return address


@transaction.atomic
def remove_address(address: Address, *, by: Membership) -> None:
    """Takes an address away; the journal keeps it."""
    record("remove_address", by=by, subject=address, client_id=address.client_id)
    _rules.locked(address, by=by).delete()


def add_addresses(
    places: Sequence[dict], *, by: Membership, client: Client | None = None, person: Person | None = None
) -> list[Address]:
    """Inserts addresses whose fields are clean, in one statement. Part of other actions, which journal."""
    return Address.objects.bulk_create(
        [Address(organization_id=by.organization_id, client=client, person=person, **values) for values in places]
    )
