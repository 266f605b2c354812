"""Addresses of clients and of people, one by one."""

from typing import Literal

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, person_of, tag, unchanged, version_asked
from entregent.api.schemas import AddressIn, AddressOut, Given, Page
from entregent.clients.actions import remove_address, set_address
from entregent.clients.models import Address, Client
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal

router = Router(tags=["addresses"])


class OwnedAddressIn(AddressIn):
    """The main or the mailing address takes the place of the one that is there."""

    client: str | None = Field(None, description="Number of the client whose address it is.")
    person: int | None = Field(None, description="Id of the person whose address it is, in the place of a client.")


class AddressPatch(Given):
    kind: Literal["main", "mailing", "other"] | None = None
    label: str | None = None
    street: str | None = None
    unit: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = Field(None, max_length=2)


class OwnedAddressOut(AddressOut):
    client: str | None = Field(description="Number of the client whose address it is.")
    person: int | None
    version: int

    @classmethod
    def of(cls, address: Address) -> "OwnedAddressOut":
        parts = {name: getattr(address, name) for name in AddressOut.model_fields}
        number = address.client.number if address.client else None
        return cls(**parts, client=number, person=address.person_id, version=address.version)


class AddressPage(Page):
    items: list[OwnedAddressOut]


def _addresses(member: Membership, right: Right = Right.CLIENT_VIEW):
    """Of clients and people who are there: what was deleted takes its addresses along."""
    there = Q(client__isnull=False, client__deleted_at=None) | Q(person__isnull=False, person__deleted_at=None)
    return Address.objects.visible_to(member, right).filter(there).select_related("client", "person")


def _one(member: Membership, response: HttpResponse, pk: int) -> OwnedAddressOut:
    address = _addresses(member).found(pk=pk)
    tag(response, address.version)
    return OwnedAddressOut.of(address)


@router.get("/addresses", response=AddressPage, summary="List addresses")
@operation(Right.CLIENT_VIEW)
def list_addresses(
    request: MemberRequest,
    client: str | None = Query(None, description="Number of a client."),
    person: int | None = Query(None, description="Id of a person."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    given = {"client__number": client, "person_id": person}
    records = _addresses(request.member).filter(**{name: value for name, value in given.items() if value is not None})
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return AddressPage(items=[OwnedAddressOut.of(one) for one in items], next=following)


@router.post("/addresses", response={201: OwnedAddressOut}, summary="Set or add an address")
@operation(Right.CLIENT_EDIT)
def post_address(request: MemberRequest, response: HttpResponse, payload: OwnedAddressIn):
    member = request.member
    if (payload.client is None) == (payload.person is None):
        raise Refusal("E-REQUIRED", _("Indiquez un client ou une personne-ressource."), field="client")

    def make():
        client = client_of(member, payload.client, Right.CLIENT_EDIT)
        person = person_of(member, payload.person, Right.CLIENT_EDIT)
        return set_address(by=member, client=client, person=person, **payload.model_dump(exclude={"client", "person"}))

    return Status(201, _one(member, response, created_once(request, payload, make)))


@router.get("/addresses/{int:address_id}", response=OwnedAddressOut, summary="One address")
@operation(Right.CLIENT_VIEW)
def get_address(request: MemberRequest, response: HttpResponse, address_id: int):
    return _one(request.member, response, address_id)


@router.patch("/addresses/{int:address_id}", response=OwnedAddressOut, summary="Change an address")
@operation(Right.CLIENT_EDIT)
def patch_address(request: MemberRequest, response: HttpResponse, address_id: int, payload: AddressPatch):
    member = request.member
    version = version_asked(request)
    address = _addresses(member, Right.CLIENT_EDIT).found(pk=address_id)
    given = {name: value for name, value in payload.model_dump(exclude_unset=True).items() if value is not None}
    kind = given.pop("kind", address.kind)
    owner = Client.objects.visible_to(member, Right.CLIENT_EDIT).filter(pk=address.client_id).first()
    set_address(by=member, client=owner, person=address.person, address=address, version=version, kind=kind, **given)
    return _one(member, response, address_id)


@router.delete("/addresses/{int:address_id}", response={204: None}, summary="Remove an address")
@operation(Right.CLIENT_EDIT)
def delete_address(request: MemberRequest, address_id: int):
    address = _addresses(request.member, Right.CLIENT_EDIT).found(pk=address_id)
    unchanged(request, address)
    remove_address(address, by=request.member)
    return Status(204, None)
