"""Business relationships of a service provider: what clients allow, and asking them for access."""

from datetime import date, datetime

from django.http import HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once
from entregent.clients.models import Client
from entregent.organizations.models import Membership, Module
from entregent.relationships import actions
from entregent.relationships.models import AccessRequest, Relationship, today_of
from entregent.relationships.reach import only_providers, relationships_of, requests_of
from entregent.relationships.register import programs_of
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["business relationships"])


class RelationshipOut(Schema):
    id: int
    account: str = Field(description="Number of the business", examples=["812345676"])
    name: str
    client: str | None = Field(description="Number of the provider's client that this business is, within reach")
    state: str = Field(description="active, expired, revoked, given_up, replaced; as of today")
    level: str = Field(description="business: all programs; program: those of `programs`")
    programs: list[str]
    visibility: list[str] = Field(description="own, business, others: whose transactions may be seen")
    starts_on: date
    ends_on: date | None = Field(description="The last day, included")
    approved_by: str
    approved_at: datetime
    ended_at: datetime | None
    used_on: date | None


class RelationshipPage(Schema):
    items: list[RelationshipOut]
    next: str | None


class AccessRequestIn(Schema):
    account: str = Field(description="Number of the business, nine digits", examples=["812345676"])
    comments: str = ""
    client: str | None = Field(None, description="Number of your own record of this client")


class AccessRequestOut(Schema):
    id: int
    account: str
    client: str | None
    comments: str
    state: str = Field(description="pending, approved, rejected, cancelled, expired; as of today")
    asked_by: str
    asked_at: datetime
    expires_on: date
    decided_at: datetime | None
    reason: str


class AccessRequestPage(Schema):
    items: list[AccessRequestOut]
    next: str | None


def _told(member: Membership, found: list[Relationship]) -> list[RelationshipOut]:
    programs, today = programs_of(found), today_of(member.organization)
    seen = Client.objects.visible_to(member).filter(business_account__in={one.account_id for one in found})
    clients = dict(seen.values_list("business_account_id", "number"))
    return [
        RelationshipOut(
            id=one.pk, account=one.account.number, name=one.account.name, client=clients.get(one.account_id),
            state=one.state_on(today).value, level=one.level, programs=programs.get(one.pk, []),
            visibility=one.visibility, starts_on=one.starts_on, ends_on=one.ends_on, approved_by=one.approved_by_name,
            approved_at=one.approved_at, ended_at=one.ended_at, used_on=one.used_on,
        )
        for one in found
    ]  # fmt: skip


def _asked(member: Membership, found: list[AccessRequest]) -> list[AccessRequestOut]:
    today = today_of(member.organization)
    seen = Client.objects.visible_to(member).filter(pk__in={one.client_id for one in found if one.client_id})
    clients = dict(seen.values_list("pk", "number"))
    return [
        AccessRequestOut(
            id=one.pk, account=one.account_number, client=clients.get(one.client_id or 0), comments=one.comments,
            state=one.state_on(today).value, asked_by=one.asked_by_name, asked_at=one.created_at,
            expires_on=one.expires_on, decided_at=one.decided_at, reason=one.reason,
        )
        for one in found
    ]  # fmt: skip


@router.get("/relationships", response=RelationshipPage, summary="List business relationships")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def list_relationships(
    request: MemberRequest,
    account: str | None = None,
    active: bool | None = Query(None, description="Those that hold today, or those that do not."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    only_providers(member)
    records = relationships_of(member)
    if account is not None:
        records = records.filter(account__number=account)
    if active is not None:
        holding = Relationship.objects.of(member.organization).active(today_of(member.organization))
        records = records.filter(pk__in=holding) if active else records.exclude(pk__in=holding)
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return RelationshipPage(items=_told(member, items), next=following)


@router.get("/relationships/{int:relationship_id}", response=RelationshipOut, summary="One business relationship")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def get_relationship(request: MemberRequest, relationship_id: int):
    return _told(request.member, [_relationship(request.member, relationship_id)])[0]


@router.delete("/relationships/{int:relationship_id}", response={204: None}, summary="Give a relationship up")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def delete_relationship(request: MemberRequest, relationship_id: int):
    """The access ends at once. One that has ended answers 404."""
    actions.give_up_relationship(_relationship(request.member, relationship_id), by=request.member)
    return Status(204, None)


@router.get("/access-requests", response=AccessRequestPage, summary="List requests for access")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def list_requests(
    request: MemberRequest,
    account: str | None = None,
    state: str | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """`state` as it was written down: a request that lapsed this night may still count as pending."""
    member = request.member
    only_providers(member)
    records = requests_of(member)
    for name, value in {"account_number": account, "state": state}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return AccessRequestPage(items=_asked(member, items), next=following)


@router.post("/access-requests", response={201: AccessRequestOut}, summary="Request access to a client")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def post_request(request: MemberRequest, response: HttpResponse, payload: AccessRequestIn):
    """The answer is the same whether there is such a business account or not; the client answers in the portal."""
    member = request.member

    def make() -> int:
        client = client_of(member, payload.client)
        client_id = client.pk if client is not None else None
        try:
            return actions.request_access(
                by=member, number=payload.account, comments=payload.comments, client_id=client_id
            ).pk
        except Refusal as refusal:
            refusal.field = {"account_number": "account"}.get(refusal.field or "", refusal.field)
            raise

    made = AccessRequest.objects.get(pk=created_once(request, payload, make))
    return Status(201, _asked(member, [made])[0])


@router.get("/access-requests/{int:request_id}", response=AccessRequestOut, summary="One request for access")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def get_request(request: MemberRequest, request_id: int):
    return _asked(request.member, [_request(request.member, request_id)])[0]


@router.delete("/access-requests/{int:request_id}", response={204: None}, summary="Cancel a request for access")
@operation(Right.RELATIONSHIPS, module=Module.DELEGATION)
def delete_request(request: MemberRequest, request_id: int):
    actions.cancel_access_request(_request(request.member, request_id), by=request.member)
    return Status(204, None)


def _relationship(member: Membership, pk: int) -> Relationship:
    only_providers(member)
    found = relationships_of(member).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _request(member: Membership, pk: int) -> AccessRequest:
    only_providers(member)
    found = requests_of(member).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
