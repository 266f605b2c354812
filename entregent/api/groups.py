"""Groups of clients of a service provider, who works with them, and the requests by which they change."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Literal, cast

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import checked_condition, created_once, fields_named, member_user, seen, tag, version_asked
from entregent.api.schemas import Given
from entregent.clients.models import Client
from entregent.groups.actions import requests as actions
from entregent.groups.actions.rules import set_rule
from entregent.groups.availability import available
from entregent.groups.models import (
    ClientGroup,
    GroupAssignment,
    GroupMember,
    ProcessingRequest,
    ProcessingRow,
    name_key,
)
from entregent.groups.selection import matching
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["client groups"])

GroupRole = Literal["manager", "editor", "reader", "none"]
_AT_ONCE = 10_000
_NUMBERS: Any = Field([], max_length=_AT_ONCE, description="Numbers of clients.")


def managed(*, if_match: str | None = None) -> Callable:
    """For account managers of a service provider, the module being on, as the pages are."""

    def decorate(view: Callable) -> Callable:
        @operation(Right.GROUP_MANAGE, module=Module.DELEGATION, if_match=if_match)
        @wraps(view)
        def guarded(request, *args, **kwargs):
            actions.manages_groups(request.member)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


managing = managed()


class GroupIn(Given):
    name: str = Field(max_length=200)
    clients: list[str] = _NUMBERS
    all_available: bool = Field(False, description="All available clients that `search` finds, in the place of a list.")
    search: str = Field("", max_length=100)


class GroupChange(Given):
    name: str | None = Field(None, max_length=200)
    add: list[str] = _NUMBERS
    remove: list[str] = _NUMBERS
    add_all_available: bool = Field(False, description="All available clients that `search` finds.")
    search: str = Field("", max_length=100)
    confirm: str = Field(max_length=20, examples=["CONFIRMER"], description="CONFIRM where the member reads English.")


class RuleIn(Given):
    filter: Any = Field(
        description="Criteria of clients, in the format of views.", examples=[["category", "is", "Professionnel"]]
    )


class EmployeesIn(Given):
    employees: list[str] = Field(max_length=500, description="E-mail addresses of members.")
    role: GroupRole


class GroupOut(Schema):
    id: int
    name: str
    clients: int = Field(description="How many clients are in it.")
    program_accounts: int = Field(description="How many program accounts these clients delegate.")
    deleted_at: datetime | None
    created_at: datetime
    changed_at: datetime
    open_request: int | None = Field(description="Number of the processing request that is open for it.")
    rule: Any = Field(description="The filter that it follows; null: its clients are chosen one by one.")
    version: int


class GroupPage(Schema):
    items: list[GroupOut]
    next: str | None


class MemberOut(Schema):
    client: str = Field(description="Number of the client.")
    name: str
    business_account: str | None
    added_at: datetime


class MemberPage(Schema):
    items: list[MemberOut]
    next: str | None


class AvailableOut(Schema):
    client: str
    name: str
    business_account: str | None


class AvailablePage(Schema):
    items: list[AvailableOut]
    next: str | None


class EmployeeOut(Schema):
    employee: str = Field(description="E-mail address.")
    name: str
    role: str
    since: datetime


class EmployeePage(Schema):
    items: list[EmployeeOut]
    next: str | None


class RequestOut(Schema):
    number: int
    operation: str
    group: int | None = Field(description="Id of the group; none before a new one is made.")
    group_name: str
    initiator: str | None = Field(description="None for what the product does by itself.")
    state: Literal["waiting", "running", "failed", "done", "cancelled"]
    total: int
    staged: int = Field(description="Rows that are ready; all of them take effect together at the end.")
    failure: dict | None
    created_at: datetime
    ended_at: datetime | None
    undoes: int | None

    @classmethod
    def of(cls, one: ProcessingRequest) -> "RequestOut":
        names = ("number", "operation", "group_name", "state", "total", "staged", "failure", "created_at", "ended_at")
        return cls(
            **{name: getattr(one, name) for name in names},
            group=one.group_id,
            initiator=one.initiated_by_name or None,
            undoes=one.undoes.number if one.undoes else None,
        )


class RequestPage(Schema):
    items: list[RequestOut]
    next: str | None


class RowOut(Schema):
    client: str | None
    employee: str | None
    change: str
    role_before: str
    role_after: str
    result: str
    reason: str


class RowPage(Schema):
    items: list[RowOut]
    next: str | None


@router.get("/client-groups", response=GroupPage, summary="List client groups")
@managing
def list_groups(
    request: MemberRequest,
    q: str = "",
    deleted: bool = False,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    groups = _groups(request.member).filter(deleted_at__isnull=not deleted)
    for word in name_key(q[:100]).split():
        groups = groups.filter(name_key__contains=word)
    items, following = page(groups, order=["name_key", "id"], cursor=cursor, limit=limit)
    return GroupPage(items=_told(items), next=following)


@router.post("/client-groups", response={201: RequestOut}, summary="Create a client group")
@managing
def post_group(request: MemberRequest, payload: GroupIn):
    """Answers the processing request: a group of few clients is made at once, a large one by the worker."""
    member = request.member

    def make():
        ids = _ids(member, payload.clients, "clients")
        return actions.create_group(
            by=member, name=payload.name, client_ids=ids, whole=payload.all_available, text=payload.search
        )

    return Status(201, _made(member, created_once(request, payload, make)))


@router.get("/client-groups/available", response=AvailablePage, summary="List the clients that can enter a group")
@managing
def list_available(
    request: MemberRequest, q: str = "", limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    """An active business relationship, and in no group."""
    organization = request.member.organization
    found = matching(available(organization), q[:100], organization.pk).select_related("business_account")
    items, following = page(found, order=["sort_key", "id"], cursor=cursor, limit=limit)
    return AvailablePage(items=[AvailableOut(**_client(one)) for one in items], next=following)


@router.get("/client-groups/{int:group_id}", response=GroupOut, summary="One client group")
@managing
def get_group(request: MemberRequest, response: HttpResponse, group_id: int):
    group = _group(request.member, group_id, live=False)
    tag(response, group.version)
    return _told([group])[0]


@router.patch("/client-groups/{int:group_id}", response=RequestOut, summary="Rename a group, add and remove clients")
@managing
def patch_group(request: MemberRequest, group_id: int, payload: GroupChange):
    member = request.member
    version = version_asked(request)
    group = _group(member, group_id)
    made = actions.update_group(
        group, by=member, word=payload.confirm, version=version, name=payload.name,
        add=_ids(member, payload.add, "add"), remove=_ids(member, payload.remove, "remove"),
        add_whole=payload.add_all_available, text=payload.search,
    )  # fmt: skip
    return _made(member, made.pk)


@router.delete("/client-groups/{int:group_id}", response=RequestOut, summary="Delete a client group")
@managing
def remove_group(request: MemberRequest, group_id: int, confirm: str = Query("", max_length=20)):
    """`confirm` is SUPPRIMER, or DELETE where the member reads English."""
    made = actions.delete_group(_group(request.member, group_id), by=request.member, word=confirm)
    return _made(request.member, made.pk)


@router.put("/client-groups/{int:group_id}/rule", response=GroupOut, summary="Let a group follow a rule")
@managed(if_match="required")
def put_rule(request: MemberRequest, response: HttpResponse, group_id: int, payload: RuleIn):
    """Its clients are those whom the filter finds among the available ones. Of many, the worker takes them in."""
    version = version_asked(request)
    with fields_named({"": "filter"}):
        condition = checked_condition(payload.filter, "clients", request.member).data
        if not condition:
            raise Refusal("E-CHOICE", _("Choisissez un filtre qui a au moins un critère."))
    return _ruled(request, response, group_id, condition, version=version)


@router.delete("/client-groups/{int:group_id}/rule", response=GroupOut, summary="Choose the clients of a group again")
@managing
def delete_rule(request: MemberRequest, response: HttpResponse, group_id: int):
    """Those who are in it stay."""
    return _ruled(request, response, group_id, None, version=seen(request))


def _ruled(
    request: MemberRequest, response: HttpResponse, group_id: int, condition: Any, *, version: int | None
) -> GroupOut:
    member = request.member
    set_rule(_group(member, group_id), by=member, condition=condition, version=version)
    group = _group(member, group_id)
    tag(response, group.version)
    return _told([group])[0]


@router.get("/client-groups/{int:group_id}/members", response=MemberPage, summary="List the clients of a group")
@managing
def list_members(
    request: MemberRequest, group_id: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    group = _group(request.member, group_id, live=False)
    rows = GroupMember.objects.live().filter(group=group).select_related("client__business_account")
    items, following = page(rows, order=["id"], cursor=cursor, limit=limit)
    told = [MemberOut(**_client(one.client), added_at=one.added_at) for one in items]
    return MemberPage(items=told, next=following)


@router.get("/client-groups/{int:group_id}/employees", response=EmployeePage, summary="List the employees of a group")
@managing
def list_employees(
    request: MemberRequest, group_id: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    group = _group(request.member, group_id, live=False)
    rows = GroupAssignment.objects.live().filter(group=group).select_related("user")
    items, following = page(rows, order=["id"], cursor=cursor, limit=limit)
    told = [EmployeeOut(employee=one.user.email, name=one.user.name, role=one.role, since=one.since) for one in items]
    return EmployeePage(items=told, next=following)


@router.post(
    "/client-groups/{int:group_id}/employees", response={201: RequestOut}, summary="Give employees a role in a group"
)
@managing
def post_employees(request: MemberRequest, group_id: int, payload: EmployeesIn):
    """`none` takes the access that the group gives; what was given directly stays."""
    member = request.member

    def make():
        users = [member_user(member, email, field="employees") for email in payload.employees]
        ids = [user.pk for user in users if user is not None]
        return actions.assign_group(_group(member, group_id), by=member, user_ids=ids, role=payload.role)

    return Status(201, _made(member, created_once(request, payload, make)))


@router.get("/processing-requests", response=RequestPage, summary="List processing requests, newest first")
@managing
def list_requests(
    request: MemberRequest,
    state: Literal["waiting", "running", "failed", "done", "cancelled"] | None = None,
    operation: Literal["create", "update", "delete", "assign", "expire", "rule", "import"] | None = None,
    group: int | None = Query(None, ge=1, le=2**62),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _requests(request.member)
    for name, value in {"state": state, "operation": operation, "group_id": group}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return RequestPage(items=[RequestOut.of(one) for one in items], next=following)


@router.get("/processing-requests/{int:number}", response=RequestOut, summary="One processing request")
@managing
def get_request(request: MemberRequest, number: int):
    return RequestOut.of(_request(request.member, number))


@router.get("/processing-requests/{int:number}/rows", response=RowPage, summary="What became of each client")
@managing
def list_rows(request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    rows = ProcessingRow.objects.filter(request=_request(request.member, number)).select_related("user")
    items, following = page(rows, order=["position", "id"], cursor=cursor, limit=limit)
    clients = Client.objects.visible_to(request.member).filter(pk__in=[one.client_id for one in items])
    numbers = dict(clients.values_list("pk", "number"))
    told = [
        RowOut(
            client=numbers.get(one.client_id), employee=one.user.email if one.user else None, change=one.change,
            role_before=one.role_before, role_after=one.role_after, result=one.result, reason=one.reason,
        )
        for one in items
    ]  # fmt: skip
    return RowPage(items=told, next=following)


@router.post("/processing-requests/{int:number}/retry", response={201: RequestOut}, summary="Retry a failed request")
@managing
def post_retry(request: MemberRequest, number: int, without_unavailable: bool = False):
    return _asked(request, number, actions.retry_request, without_unavailable=without_unavailable)


@router.post(
    "/processing-requests/{int:number}/cancellation", response={201: RequestOut}, summary="Cancel an open request"
)
@managing
def post_cancel(request: MemberRequest, number: int):
    return _asked(request, number, actions.cancel_request)


@router.post("/processing-requests/{int:number}/undo", response={201: RequestOut}, summary="Undo the last change")
@managing
def post_undo(request: MemberRequest, number: int):
    return _asked(request, number, actions.undo_request)


def _asked(request: MemberRequest, number: int, action: Callable, **values: Any) -> Status:
    member = request.member
    shown = _request(member, number)
    return Status(201, _made(member, created_once(request, Given(), lambda: action(shown, by=member, **values))))


def _groups(member: Membership):
    return ClientGroup.objects.of(member.organization)


def _group(member: Membership, group_id: int, *, live: bool = True) -> ClientGroup:
    groups = _groups(member)
    found = (groups.live() if live else groups).filter(pk=group_id).first() if group_id < 2**62 else None
    if found is None:
        raise NotFound
    return found


def _told(groups: list[ClientGroup]) -> list[GroupOut]:
    waiting = ProcessingRequest.objects.open().filter(group__in=groups).values_list("group_id", "number")
    numbers = dict(waiting)
    plain = ("id", "name", "deleted_at", "created_at", "changed_at", "rule", "version")
    return [
        GroupOut(
            **{name: getattr(one, name) for name in plain},
            clients=one.member_count,
            program_accounts=one.program_count,
            open_request=numbers.get(one.pk),
        )
        for one in groups
    ]


def _client(client: Client) -> dict[str, Any]:
    account = client.business_account
    return {
        "client": client.number,
        "name": client.display_name,
        "business_account": account.number if account else None,
    }


def _requests(member: Membership):
    return ProcessingRequest.objects.visible_to(member).select_related("undoes")


def _request(member: Membership, number: int) -> ProcessingRequest:
    found = (
        _requests(member).select_related("undoes", "group").filter(number=number).first() if number < 2**31 else None
    )
    if found is None:
        raise NotFound
    return cast(ProcessingRequest, found)


def _made(member: Membership, pk: int) -> RequestOut:
    return RequestOut.of(_requests(member).get(pk=pk))


def _ids(member: Membership, numbers: list[str], field: str) -> list[int]:
    """Those of these numbers; one that is unknown refuses the whole, by its number."""
    wanted = list(dict.fromkeys(numbers))
    known = dict(Client.objects.visible_to(member).filter(number__in=wanted).values_list("number", "pk"))
    unknown = [number for number in wanted if number not in known]
    if unknown:
        raise Refusal("E-003-CLIENT", _("Numéro de client inconnu : %(number)s.") % {"number": unknown[0]}, field=field)
    return [known[number] for number in wanted]
