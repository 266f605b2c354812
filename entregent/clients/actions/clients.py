"""Create, change, delete a client."""

from collections.abc import Callable, Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients import ties, validation
from entregent.clients.actions import _rules
from entregent.clients.actions.addresses import add_addresses
from entregent.clients.extension_points import deletion_blockers
from entregent.clients.models import Client
from entregent.listing import custom_fields
from entregent.organizations.idempotency import once
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal

# What a status may become (requirements.md §3.4); « retiré » from anywhere.
STATUS_MOVES = {
    Client.Status.PROSPECT: {Client.Status.CLIENT, Client.Status.REMOVED},
    Client.Status.CLIENT: {Client.Status.INACTIVE, Client.Status.REMOVED},
    Client.Status.INACTIVE: {Client.Status.CLIENT, Client.Status.REMOVED},
    Client.Status.REMOVED: set(),
}


def create_client(
    *,
    by: Membership,
    kind: str,
    name: str,
    first_name: str = "",
    number: str | None = None,
    status: str = "client",
    category: str = "",
    language: str | None = None,
    responsible: User | None = None,
    sector: Sector | None = None,
    emails=(),
    phones=(),
    identifiers: Mapping | None = None,
    tags=(),
    birth_date=None,
    custom: Mapping | None = None,
    addresses=(),
    is_asked: bool = True,
    idempotency_key: str | None = None,
) -> Client:
    """Creates a client. Without `number` one is given; without `sector` the member's own. Not `is_asked`: nobody is
    there to be asked for the required custom fields (head office loads what loan systems know).

    Refuses by field what requirements.md §5 names: required, too long, e-mails, phones, identifiers, number taken.
    """
    data = {
        "kind": kind,
        "name": name,
        "first_name": first_name,
        "number": number,
        "status": status,
        "category": category,
        "language": language or by.organization.language,
        "emails": emails,
        "phones": phones,
        "identifiers": identifiers,
        "tags": tags,
        "birth_date": birth_date,
    }
    values, refusals = validation.clean_client(data, country=by.organization.country)
    values["custom"], custom_refusals = custom_fields.clean(by, "client", custom, is_new=is_asked)
    places, address_refusals = _clean_addresses(addresses, by)
    _rules.refuse_if_any(refusals + custom_refusals + address_refusals)
    print_of_it = _rules.fingerprint(values=values, addresses=places, sector=sector, responsible=responsible)

    def make() -> int:
        return _insert("create_client", values, places, by=by, responsible=responsible, sector=sector).pk

    return _once("create_client", make, by=by, key=idempotency_key, fingerprint=print_of_it)


def create_prospect(
    *,
    by: Membership,
    kind: str,
    name: str,
    first_name: str = "",
    phone: str = "",
    email: str = "",
    address: Mapping | None = None,
    language: str | None = None,
    sector: Sector | None = None,
    idempotency_key: str | None = None,
) -> Client:
    """Creates a prospect, who needs a name and a phone, an e-mail or an address (R001-06, E-001-PROSPECT)."""
    data = {
        "kind": kind,
        "name": name,
        "first_name": first_name,
        "status": Client.Status.PROSPECT,
        "language": language or by.organization.language,
        "emails": [email] if email else [],
        "phones": [phone] if phone else [],
    }
    values, refusals = validation.clean_client(data, country=by.organization.country)
    is_address_given = address is not None and any(address.get(part) for part in ("street", "city", "postal_code"))
    places, address_refusals = _clean_addresses([address] if is_address_given else [], by)
    refusals += address_refusals
    if not validation.can_be_reached(data, places or is_address_given):
        sentence = _("Indiquez un téléphone, un courriel ou une adresse.")
        refusals.append(Refusal("E-001-PROSPECT", sentence, field="phone"))
    for refusal in refusals:
        refusal.field = {"phones": "phone", "emails": "email"}.get(refusal.field, refusal.field)
    _rules.refuse_if_any(refusals)
    print_of_it = _rules.fingerprint(values=values, addresses=places, sector=sector)

    def make() -> int:
        return _insert("create_prospect", values, places, by=by, responsible=by.user, sector=sector).pk

    return _once("create_prospect", make, by=by, key=idempotency_key, fingerprint=print_of_it)


@transaction.atomic
def update_client(client: Client, *, by: Membership, version: int | None, **changes) -> Client:
    """Changes fields of a client. Refuses a `version` that is no longer the current one (E-STALE, with the record as
    it stands), a number that is taken, and a status that cannot follow the present one (E-001-TRANSITION)."""
    record("update_client", by=by, subject=client, client_id=client.pk)
    # As in `_move`: a status may be among the changes.
    client = _locked_client(client, by=by, no_key=True)
    _rules.check_version(client, version, by=by, who=client.updated_by, when=client.updated_at)
    known = {"kind": client.kind, "name": client.name, "first_name": client.first_name}
    relations = {name: changes.pop(name) for name in ("sector", "responsible") if name in changes}
    custom = changes.pop("custom", None)
    values, refusals = validation.clean_client(known | changes, country=by.organization.country, whole=False)
    values["custom"], custom_refusals = custom_fields.clean(by, "client", custom, before=client.custom)
    _rules.refuse_if_any(refusals + custom_refusals)
    if "number" in values and not values["number"]:
        values["number"] = client.number
    _check_move(client.status, values.get("status", client.status))
    if "sector" in relations and relations["sector"] != client.sector:
        relations["sector"] = _rules.sector_for(relations["sector"], by=by, right=Right.CLIENT_EDIT)
    if relations.get("responsible") and relations["responsible"].pk != client.responsible_id:
        _rules.check_responsible(relations["responsible"], by=by)
    if values["kind"] == Client.Kind.COMPANY:
        values["first_name"] = ""
    values["display_name"], values["sort_key"] = validation.names(
        values["kind"], values["name"], values.get("first_name", "")
    )
    if values.get("number", client.number) != client.number:
        _check_number_free(values["number"], by=by)
    changed = [field for field, value in (values | relations).items() if getattr(client, field) != value]
    if not changed:
        return client
    for field in changed:
        setattr(client, field, (values | relations)[field])
    _rules.bump(client, by=by)
    _save(client, [*changed, "version", "updated_at", "updated_by"])
    _rules.announce(client, by=by, what="update_client")
    return client


def deactivate_client(client: Client, *, by: Membership, version: int | None = None) -> Client:
    """« Rendre inactif »: the client stays, and stays found."""
    return _move(client, Client.Status.INACTIVE, "deactivate_client", by=by, version=version)


def reactivate_client(client: Client, *, by: Membership, version: int | None = None) -> Client:
    return _move(client, Client.Status.CLIENT, "reactivate_client", by=by, version=version)


def convert_to_client(client: Client, *, by: Membership, version: int | None = None) -> Client:
    """A prospect becomes a client."""
    return _move(client, Client.Status.CLIENT, "convert_to_client", by=by, version=version)


def remove_client(client: Client, *, by: Membership, version: int | None = None) -> Client:
    """« Retirer »: the client leaves lists, searches and mailings; what was done for them is kept."""
    return _move(client, Client.Status.REMOVED, "remove_client", by=by, version=version)


@transaction.atomic
def reinstate_client(client: Client, *, by: Membership) -> Client:
    """Takes a removed client back: by somebody who has asked for exactly that (R000-23), never by the way."""
    record("reinstate_client", by=by, subject=client, client_id=client.pk)
    client = _locked_client(client, by=by)
    if client.status == Client.Status.REMOVED:
        client.status = Client.Status.CLIENT
        _rules.bump(client, by=by)
        _save(client, ["status", "version", "updated_at", "updated_by"])
        _rules.announce(client, by=by, what="reinstate_client")
    return client


@transaction.atomic
def delete_client(client: Client, *, by: Membership) -> Client:
    """Soft deletion (R004-15): refused while something of the client is open (E-004-CLIENT-IN-USE says what). Its
    people remain, on their own."""
    record("delete_client", by=by, subject=client, client_id=client.pk)
    client = _locked_client(client, by=by)
    blockers = [sentence for blocker in deletion_blockers for sentence in blocker(client)]
    if blockers:
        raise Refusal(
            "E-004-CLIENT-IN-USE",
            _("Suppression impossible : %(reasons)s. Rendez ce client inactif.")
            % {"reasons": ", ".join(str(sentence) for sentence in blockers)},
            status=409,
        )
    client.deleted_at, client.deleted_by_id = timezone.now(), by.user_id
    _rules.bump(client, by=by)
    _save(client, ["deleted_at", "deleted_by", "version", "updated_at", "updated_by"])
    _rules.announce(client, by=by, what="delete_client")
    return client


@transaction.atomic
def restore_client(client: Client, *, by: Membership) -> Client:
    """Takes a deletion back. A client that is not deleted is left as it is."""
    record("restore_client", by=by, subject=client, client_id=client.pk)
    client = _rules.locked(client, by=by)
    if client.deleted_at is None:
        return client
    if client.merged_into is not None:
        sentence = _("Cette fiche fait partie de %(name)s (n° %(number)s) : annulez la fusion.")
        words = {"name": client.merged_into.display_name, "number": client.merged_into.number}
        raise Refusal("E-MERGED", sentence % words, status=409)
    client.deleted_at, client.deleted_by_id = None, None
    ties.give_way(client)
    _rules.bump(client, by=by)
    _save(client, ["deleted_at", "deleted_by", "business_account", "version", "updated_at", "updated_by"])
    _rules.announce(client, by=by, what="restore_client")
    return client


def _locked_client(client: Client, *, by: Membership, no_key: bool = False) -> Client:
    client = _rules.locked(client, by=by, no_key=no_key)
    if client.deleted_at is not None:
        raise NotFound
    return client


@transaction.atomic
def _move(client: Client, status: str, name: str, *, by: Membership, version: int | None) -> Client:
    record(name, by=by, subject=client, client_id=client.pk)
    # A group that takes the client in at this moment needs its row, and what follows may wait for that group.
    client = _locked_client(client, by=by, no_key=True)
    _rules.check_version(client, version, by=by, who=client.updated_by, when=client.updated_at)
    if client.status == status:
        return client
    _check_move(client.status, status)
    client.status = status
    _rules.bump(client, by=by)
    _save(client, ["status", "version", "updated_at", "updated_by"])
    _rules.announce(client, by=by, what=name)
    return client


def _check_move(before: str, after: str) -> None:
    if before != after and after not in STATUS_MOVES[Client.Status(before)]:
        raise Refusal(
            "E-001-TRANSITION",
            _("Passage de %(before)s à %(after)s impossible.")
            % {"before": Client.Status(before).label, "after": Client.Status(after).label},
            field="status",
            status=409,
        )


def _clean_addresses(addresses, by: Membership) -> tuple[list[dict], list[Refusal]]:
    places, refusals = [], []
    for address in addresses or ():
        place, refused = validation.clean_address(address, country=by.organization.country)
        places.append(place)
        refusals += refused
    return places, refusals


def _once(purpose: str, make: Callable[[], int], *, by: Membership, key: str | None, fingerprint: dict) -> Client:
    """The same key gives the same client again and makes no second one."""
    with transaction.atomic():
        pk, _was_repeated = once(by.organization_id, purpose, key, fingerprint, make)
        return Client.objects.get(pk=pk)


def _insert(action: str, values: dict, places: list[dict], *, by, responsible, sector) -> Client:
    record(action, by=by, name=values["name"])
    sector = _rules.sector_for(sector, by=by, right=Right.CLIENT_CREATE, default=True)
    if responsible is not None and responsible.pk != by.user_id:
        _rules.check_responsible(responsible, by=by)
    if values["kind"] == Client.Kind.COMPANY:
        values["first_name"] = ""
    display_name, sort_key = validation.names(values["kind"], values["name"], values["first_name"])
    number = values.pop("number", "")
    client = Client(
        organization_id=by.organization_id,
        **values,
        number=number,
        display_name=display_name,
        sort_key=sort_key,
        responsible=responsible,
        sector=sector,
        created_by_id=by.user_id,
        updated_by_id=by.user_id,
    )
    if number:
        _check_number_free(number, by=by)
    else:
        client.number = ties.free_number(by.organization_id)
    _save(client)
    add_addresses(places, by=by, client=client)
    _rules.announce(client, by=by, what=action)
    return client


def _save(client: Client, fields: list[str] | None = None) -> None:
    try:
        client.save(update_fields=fields, force_insert=fields is None)
    except IntegrityError as error:
        # Who takes the same number at the same moment is told so; the action at hand is undone by its own savepoint.
        if "client_number_once" in str(error):
            raise validation.number_refused() from error
        raise


def _check_number_free(number: str, *, by: Membership) -> None:
    if Client.objects.filter(organization_id=by.organization_id, number=number).exists():
        raise validation.number_refused()
