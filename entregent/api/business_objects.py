"""Contracts, invoices, meters and whatever else other systems know of clients: kept up to date from outside."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, sector_of, tag
from entregent.api.schemas import BusinessObjectIn, BusinessObjectOut, BusinessObjectPage
from entregent.clients.actions import sync_business_object
from entregent.clients.models import BusinessObject, Client, seen_contract_key
from entregent.toolbox.errors import Refusal

router = Router(tags=["business objects"])


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
