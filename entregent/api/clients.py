"""Clients and their addresses."""

from django.db.models import F, Prefetch
from django.http import HttpResponse
from ninja import Query, Router, Status

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import (
    created_once,
    criteria,
    member_user,
    sector_of,
    tag,
    told_at_once,
    unchanged,
    version_asked,
)
from entregent.api.schemas import (
    ClientIn,
    ClientOut,
    ClientPage,
    ClientPatch,
    CreditHoldIn,
    MergeIn,
    Nothing,
    PlacesIn,
)
from entregent.clients.actions import (
    create_client,
    delete_client,
    lift_credit_hold,
    merge_clients,
    reinstate_client,
    restore_client,
    set_address,
    set_credit_hold,
    update_client,
)
from entregent.clients.actions import remove_client as withdraw_client
from entregent.clients.merging import by_number
from entregent.clients.models import Client, CreditHold
from entregent.clients.search import marks_in_reach
from entregent.clients.ties import standing_of
from entregent.search.models import Kind
from entregent.search.queries import ask, find

router = Router(tags=["clients"])


def _clients(member, right=Right.CLIENT_VIEW):
    return Client.objects.visible_to(member, right)


def _with_parts(clients):
    """All that an answer tells, at hand as plain values and lists: whole records for each client would cost more than
    the rows."""
    holds = CreditHold.objects.filter(lifted_at=None).order_by("id")
    named = clients.annotate(responsible_email=F("responsible__email"), sector_code=F("sector__code"))
    return named.prefetch_related(
        Prefetch("addresses", to_attr="addresses_at_hand"), Prefetch("credit_holds", holds, to_attr="holds_at_hand")
    )


def _shown(member, **lookup) -> ClientOut:
    whole = _with_parts(_clients(member))
    found = by_number(whole, lookup["number"]) if "number" in lookup else whole.found(**lookup)
    if member.organization.provider_kind:
        standing_of(found, member)  # Which the register tells the client.
    return ClientOut.of(found, member)


@router.get("", response=ClientPage, summary="List or search clients")
@operation(Right.CLIENT_VIEW)
def list_clients(
    request: MemberRequest,
    q: str | None = Query(None, description="Name, phone, e-mail or number, in any writing."),
    status: str | None = None,
    category: str | None = None,
    sector: str | None = None,
    filter: str | None = Query(None, description="Criteria as JSON, in the format of saved views."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """By name. With `q`, the best hits first and no further page."""
    member = request.member
    records = _with_parts(_clients(member))
    for name, value in {"status": status, "category": category, "sector__code": sector}.items():
        if value:
            records = records.filter(**{name: value})
    if filter:
        records = records.filter(criteria(filter, "clients", member))
    if q is not None:
        found = find(Kind.CLIENT, member.organization_id, ask(q), marks=marks_in_reach(member), limit=limit)
        by_id = {client.pk: client for client in records.filter(pk__in=found.ids)}
        return ClientPage(items=[ClientOut.of(by_id[pk], member) for pk in found.ids if pk in by_id], next=None)
    items, following = page(records, order=["sort_key", "id"], cursor=cursor, limit=limit)
    return told_at_once(ClientPage(items=[ClientOut.of(client, member) for client in items], next=following))


@router.post("", response={201: ClientOut}, summary="Create a client")
@operation(Right.CLIENT_CREATE)
def post_client(request: MemberRequest, response: HttpResponse, payload: ClientIn):
    member = request.member

    def make():
        values = payload.model_dump(exclude={"responsible", "sector"})
        return create_client(
            by=member,
            responsible=member_user(member, payload.responsible, field="responsible"),
            sector=sector_of(member, payload.sector),
            **values,
        )

    shown = _shown(member, pk=created_once(request, payload, make))
    tag(response, shown.version)
    return Status(201, shown)


@router.get("/{number}", response=ClientOut, summary="One client")
@operation(Right.CLIENT_VIEW)
def get_client(request: MemberRequest, response: HttpResponse, number: str):
    shown = _shown(request.member, number=number)
    tag(response, shown.version)
    return shown


@router.patch("/{number}", response=ClientOut, summary="Change a client")
@operation(Right.CLIENT_EDIT)
def patch_client(request: MemberRequest, response: HttpResponse, number: str, payload: ClientPatch):
    """Only what is given is changed. `If-Match` names the version that you saw; 412 when it is no longer so."""
    member = request.member
    client = by_number(_clients(member, Right.CLIENT_EDIT), number)
    changes = payload.model_dump(exclude_unset=True)
    if "responsible" in changes:
        changes["responsible"] = member_user(member, payload.responsible, field="responsible")
    if "sector" in changes:
        changes["sector"] = sector_of(member, payload.sector)
    client = update_client(client, by=member, version=version_asked(request), **changes)
    shown = _shown(member, pk=client.pk)
    tag(response, shown.version)
    return shown


@router.delete("/{number}", response={204: None}, summary="Delete a client (kept in the journal)")
@operation(Right.CLIENT_DELETE)
def remove_client(request: MemberRequest, number: str):
    member = request.member
    client = _clients(member, Right.CLIENT_DELETE).found(number=number)
    unchanged(request, client)
    delete_client(client, by=member)
    return Status(204, None)


@router.post("/{number}/restoration", response=ClientOut, summary="Take the deletion of a client back")
@operation(Right.CLIENT_DELETE)
def restore(request: MemberRequest, response: HttpResponse, number: str, payload: Nothing):
    member = request.member
    deleted = Client.objects.visible_to(member, Right.CLIENT_DELETE, deleted=True)
    make = lambda: restore_client(deleted.found(number=number), by=member)  # noqa: E731
    return _answer(member, response, created_once(request, payload, make))


@router.post("/{number}/removal", response={201: ClientOut}, summary="Remove a client (« retirer »)")
@operation(Right.CLIENT_EDIT)
def post_removal(request: MemberRequest, response: HttpResponse, number: str, payload: Nothing):
    """The client leaves lists, searches and mailings; what was done for them is kept. One removed already stays so."""
    member = request.member
    client = by_number(_clients(member, Right.CLIENT_EDIT), number)
    made = created_once(request, payload, lambda: withdraw_client(client, by=member))
    return Status(201, _answer(member, response, made))


@router.post("/{number}/reinstatement", response={201: ClientOut}, summary="Take a removed client back")
@operation(Right.CLIENT_EDIT)
def post_reinstatement(request: MemberRequest, response: HttpResponse, number: str, payload: Nothing):
    member = request.member
    client = by_number(_clients(member, Right.CLIENT_EDIT), number)
    made = created_once(request, payload, lambda: reinstate_client(client, by=member))
    return Status(201, _answer(member, response, made))


@router.post("/{number}/credit-hold", response={201: ClientOut}, summary="Put a client on credit hold")
@operation(Right.CREDIT_HOLD)
def post_credit_hold(request: MemberRequest, response: HttpResponse, number: str, payload: CreditHoldIn):
    """It informs and blocks nothing. One that is there already is refused (409)."""
    member = request.member
    client = by_number(_clients(member, Right.CREDIT_HOLD), number)
    created_once(request, payload, lambda: set_credit_hold(client, by=member, **payload.model_dump()))
    return Status(201, _answer(member, response, client.pk))


@router.delete("/{number}/credit-hold", response=ClientOut, summary="Lift the credit hold of a client")
@operation(Right.CREDIT_HOLD)
def remove_credit_hold(request: MemberRequest, response: HttpResponse, number: str):
    member = request.member
    client = by_number(_clients(member, Right.CREDIT_HOLD), number)
    unchanged(request, client)
    lift_credit_hold(client, by=member)
    return _answer(member, response, client.pk)


def _answer(member, response: HttpResponse, pk: int) -> ClientOut:
    shown = _shown(member, pk=pk)
    tag(response, shown.version)
    return shown


@router.post("/{number}/merge", response=ClientOut, summary="Merge another client into this one")
@operation(Right.CLIENT_MERGE, if_match="required")
def merge_client(request: MemberRequest, response: HttpResponse, number: str, payload: MergeIn):
    """What hangs on the other moves here, its number stays as an alias; `POST /merges/clients/<id>/undo` takes it back.
    `If-Match` names the version of this client that you saw."""
    member = request.member
    reached = _clients(member, Right.CLIENT_MERGE)
    winner = by_number(reached, number)

    def make():
        loser = reached.found(number=payload.other)
        other_version = loser.version if payload.other_version is None else payload.other_version
        merge_clients(
            winner, loser, by=member, choices=payload.choices, lists=payload.lists(),
            versions=(version_asked(request), other_version),
        )  # fmt: skip
        return winner

    return _answer(member, response, created_once(request, payload, make))


@router.put("/{number}/places", response=ClientOut, summary="Set the main and the mailing address of a client")
@operation(Right.CLIENT_EDIT)
def put_places(request: MemberRequest, response: HttpResponse, number: str, payload: PlacesIn):
    """Each address given becomes the one of its kind; those of other kinds stay. Sent again, nothing changes."""
    member = request.member
    client = by_number(_clients(member, Right.CLIENT_EDIT), number)
    for place in payload.addresses:
        set_address(by=member, client=client, **place.model_dump())
    shown = _shown(member, pk=client.pk)
    tag(response, shown.version)
    return shown
