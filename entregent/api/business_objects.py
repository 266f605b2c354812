"""Contracts, invoices, meters and whatever else other systems know of clients, kept up to date from outside; their
types, which administrators keep."""

from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, one_of, sector_of, tag, unchanged, version_asked
from entregent.api.schemas import BusinessObjectIn, BusinessObjectOut, BusinessObjectPage, Given, Page
from entregent.clients.actions import (
    create_object_type,
    delete_object_type,
    sync_business_object,
    update_object_type,
)
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, seen_contract_key
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["business objects"])

Tone = Literal["neutral", "ok", "bad", "warn", "info"]
ValueType = Literal["text", "number", "date", "boolean"]


class ObjectState(Given):
    """A state in which objects of the type may be."""

    code: str = Field(max_length=60, examples=["active"])
    label_fr: str = Field(max_length=60, examples=["Actif"])
    label_en: str = Field(max_length=60, examples=["Active"])
    tone: Tone = Field("neutral", description="Its colour.")


class ObjectAttribute(Given):
    """What else is known of objects of the type, under `attributes` of each."""

    code: str = Field(max_length=60, examples=["offer"])
    label_fr: str = Field(max_length=60, examples=["Offre"])
    label_en: str = Field(max_length=60, examples=["Offer"])
    type: ValueType = "text"


class ObjectTypeIn(Given):
    code: str = Field(max_length=40, examples=["guarantee"], description="It never changes: imports name it.")
    label_fr: str = Field(max_length=60, examples=["Caution"])
    label_en: str = Field(max_length=60, examples=["Guarantee"])
    plural_fr: str = Field(max_length=60, examples=["Cautions"])
    plural_en: str = Field(max_length=60, examples=["Guarantees"])
    position: int = Field(100, ge=1, le=100_000)
    states: list[ObjectState] = Field([], max_length=100)
    attributes: list[ObjectAttribute] = Field([], max_length=100)


class ObjectTypePatch(Given):
    """Only what is given is changed; `states` and `attributes` are all of them."""

    label_fr: str | None = Field(None, max_length=60)
    label_en: str | None = Field(None, max_length=60)
    plural_fr: str | None = Field(None, max_length=60)
    plural_en: str | None = Field(None, max_length=60)
    position: int | None = Field(None, ge=1, le=100_000)
    states: list[ObjectState] | None = Field(None, max_length=100)
    attributes: list[ObjectAttribute] | None = Field(None, max_length=100)


class ObjectTypeOut(Schema):
    code: str = Field(examples=["contract"])
    label_fr: str
    label_en: str
    plural_fr: str
    plural_en: str
    position: int
    states: list[ObjectState]
    attributes: list[ObjectAttribute]
    version: int

    @classmethod
    def of(cls, one: BusinessObjectType) -> "ObjectTypeOut":
        plain = ("code", "label_fr", "label_en", "plural_fr", "plural_en", "position", "version")
        states = [ObjectState(tone=s["tone"], **_labels(s)) for s in one.states]
        attributes = [ObjectAttribute(type=a["type"], **_labels(a)) for a in one.attributes]
        return cls(states=states, attributes=attributes, **{name: getattr(one, name) for name in plain})


class ObjectTypePage(Page):
    items: list[ObjectTypeOut]


def _labels(entry: dict[str, str]) -> dict[str, str]:
    return {"code": entry["code"], "label_fr": entry["fr"], "label_en": entry["en"]}


def _objects(member):
    records = BusinessObject.objects.visible_to(member).select_related("client", "type", "sector", "program_account")
    return records.annotate(contract_key=seen_contract_key(member))


@router.get("/business-objects", response=BusinessObjectPage, summary="List business objects")
@operation(Right.CLIENT_VIEW)
def list_objects(
    request: MemberRequest,
    client: str | None = None,
    type: str | None = None,
    key: str | None = None,
    state: str | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _objects(request.member)
    wanted = {"client__number": client, "type__code": type, "key": key, "state": state}
    for name, value in wanted.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return BusinessObjectPage(items=[BusinessObjectOut.of(thing) for thing in items], next=following)


@router.post("/business-objects", response={201: BusinessObjectOut}, summary="Create or update a business object")
@operation(Right.OBJECT_SYNC)
def post_object(request: MemberRequest, response: HttpResponse, payload: BusinessObjectIn):
    """Known by (`type`, `source_system`, `key`): sent again, it is brought up to date and not doubled."""
    member = request.member

    def make():
        client = Client.objects.visible_to(member, Right.OBJECT_SYNC).filter(number=payload.client).first()
        if client is None:
            raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client")
        contract = None
        if payload.contract:
            contract = (
                _objects(member)
                .filter(client=client, type__code="contract", key=payload.contract, source_system=payload.source_system)
                .first()
            )
            if contract is None:
                raise Refusal("E-001-OBJECT", _("Contrat inconnu chez ce client."), field="contract")
        values = payload.model_dump(exclude={"client", "type", "contract", "sector"})
        return sync_business_object(
            by=member, client=client, type_code=payload.type, contract=contract,
            sector=sector_of(member, payload.sector), **values,
        )  # fmt: skip

    thing = _objects(member).found(pk=created_once(request, payload, make))
    tag(response, thing.version)
    return Status(201, BusinessObjectOut.of(thing))


@router.get("/business-objects/{int:object_id}", response=BusinessObjectOut, summary="One business object")
@operation(Right.CLIENT_VIEW)
def get_object(request: MemberRequest, response: HttpResponse, object_id: int):
    thing = _objects(request.member).found(pk=object_id)
    tag(response, thing.version)
    return BusinessObjectOut.of(thing)


@router.get("/contracts", response=BusinessObjectPage, summary="List contracts")
@operation(Right.CLIENT_VIEW)
def list_contracts(
    request: MemberRequest,
    client: str | None = None,
    key: str | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _objects(request.member).filter(type__code="contract")
    for name, value in {"client__number": client, "key": key}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return BusinessObjectPage(items=[BusinessObjectOut.of(thing) for thing in items], next=following)


# ——— Their types ———


def _types(member: Membership):
    return BusinessObjectType.objects.filter(organization_id=member.organization_id)


def _type(member: Membership, code: str) -> BusinessObjectType:
    found = _types(member).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _told_type(one: BusinessObjectType, response: HttpResponse) -> ObjectTypeOut:
    tag(response, one.version)
    return ObjectTypeOut.of(one)


def _type_values(payload: ObjectTypeIn | ObjectTypePatch) -> dict[str, Any]:
    values = {name: value for name, value in payload.model_dump().items() if value is not None}
    for name in ("states", "attributes"):
        if name in values:
            values[name] = [{**one, "fr": one["label_fr"], "en": one["label_en"]} for one in values[name]]
    return values


@router.get("/object-types", response=ObjectTypePage, summary="List the types of business objects")
@operation(Right.CLIENT_VIEW)
def list_object_types(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    items, following = page(_types(request.member), order=["position", "id"], cursor=cursor, limit=limit)
    return ObjectTypePage(items=[ObjectTypeOut.of(one) for one in items], next=following)


@router.post("/object-types", response={201: ObjectTypeOut}, summary="Add a type of business objects")
@operation(Right.OBJECT_TYPES)
def post_object_type(request: MemberRequest, response: HttpResponse, payload: ObjectTypeIn):
    member = request.member
    made = created_once(request, payload, lambda: create_object_type(by=member, **_type_values(payload)))
    return Status(201, _told_type(one_of(_types(member), made), response))


@router.get("/object-types/{str:code}", response=ObjectTypeOut, summary="One type of business objects")
@operation(Right.CLIENT_VIEW)
def get_object_type(request: MemberRequest, response: HttpResponse, code: str):
    return _told_type(_type(request.member, code), response)


@router.patch("/object-types/{str:code}", response=ObjectTypeOut, summary="Change a type of business objects")
@operation(Right.OBJECT_TYPES)
def patch_object_type(request: MemberRequest, response: HttpResponse, code: str, payload: ObjectTypePatch):
    """A state or an attribute that is left out stays written where objects have it."""
    member, version = request.member, version_asked(request)
    changed = update_object_type(_type(member, code), by=member, version=version, **_type_values(payload))
    return _told_type(changed, response)


@router.delete("/object-types/{str:code}", response={204: None}, summary="Delete a type that nothing uses")
@operation(Right.OBJECT_TYPES)
def remove_object_type(request: MemberRequest, code: str):
    """A standard type, and one of which there are objects, is not deleted (409)."""
    found = _type(request.member, code)
    unchanged(request, found)
    delete_object_type(found, by=request.member)
    return Status(204, None)
