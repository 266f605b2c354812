"""Unpaid invoices: the plans by which they are dunned, what is being dunned, and whom nobody duns for a while."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.bulk import JobOut, own_job
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, fields_named, tag, version_asked
from entregent.api.schemas import Given, Nothing, Page
from entregent.clients.merging import by_number
from entregent.clients.models import Client
from entregent.dunning import actions
from entregent.dunning.candidates import begun_today, groups
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.dunning.web.rows import rows_of
from entregent.dunning.web.runs import plan_in_reach
from entregent.organizations.models import Membership, Module
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["dunning"])

MODULE = Module.CASEWORK
Service = Literal["water", "electricity", "gas", "other"]
_FIELDS = {"definition": "process", "condition": "filter"}
_Money = Annotated[Decimal, Field(ge=0, max_digits=11, decimal_places=2, examples=["15.00"])]
_PROCESS = "Code of a process for cases: its steps are the levels."
_FILTER = "Clients who are dunned, in the format of views; null: all of them."


class DunningPlanIn(Given):
    name_fr: str = Field(max_length=80, examples=["Relance eau"])
    name_en: str = Field("", max_length=80, examples=["Water dunning"])
    service: Service = Field(description="What the law forbids hangs on it.")
    process: str = Field(max_length=60, examples=["relance_eau"], description=_PROCESS)
    grace_days: int = Field(1, ge=1, le=365, description="Days after the due day from which an invoice is dunned.")
    minimum: _Money = Decimal(0)
    daily_cap: int = Field(1000, ge=1, le=100_000, description="So many invoices a day at most.")
    filter: Any = Field(None, description=_FILTER, examples=[["status", "is", "client"]])
    aid_tags: list[str] = Field([], max_length=10, description="Tags of clients who are told to the process as aided.")
    is_daily: bool = Field(False, description="Every day by itself; else only when it is launched.")


class DunningPlanPatch(Given):
    """Only what is given is changed; what runs goes on as it began."""

    name_fr: str | None = Field(None, max_length=80)
    name_en: str | None = Field(None, max_length=80)
    service: Service | None = None
    process: str | None = Field(None, max_length=60, description=_PROCESS)
    grace_days: int | None = Field(None, ge=1, le=365)
    minimum: _Money | None = None
    daily_cap: int | None = Field(None, ge=1, le=100_000)
    filter: Any = Field(None, description=_FILTER, examples=[["status", "is", "client"]])
    aid_tags: list[str] | None = Field(None, max_length=10)
    is_daily: bool | None = None
    is_active: bool | None = None


class DunningPlanOut(Schema):
    id: int
    name_fr: str
    name_en: str
    service: Service
    process: str
    grace_days: int
    minimum: str = Field(examples=["15.00"])
    daily_cap: int
    filter: Any
    aid_tags: list[str]
    is_daily: bool
    is_active: bool
    version: int

    @classmethod
    def of(cls, one: DunningPlan) -> "DunningPlanOut":
        told = set(cls.model_fields) - {"service", "process", "minimum", "filter"}
        return cls(
            service=one.service or "other",  # type: ignore[arg-type]
            process=one.definition.code,
            minimum=str(one.minimum),
            filter=one.condition,
            **{name: getattr(one, name) for name in told},
        )


class DunningPlanPage(Page):
    items: list[DunningPlanOut]


class DunningShareOut(Schema):
    why: str = Field(examples=["hold"], description="Why they are left out; empty: they would be dunned.")
    label: str
    number: int
    amount: str = Field(examples=["1126.40"])
    currency: str


class DunningPreviewOut(Schema):
    shares: list[DunningShareOut]
    left_today: int = Field(description="How many invoices the plan may still dun today.")


class DunningRunOut(Schema):
    id: int
    plan: int
    invoice: str = Field(examples=["F-2410-07731"])
    amount: str = Field(examples=["1126.40"])
    currency: str
    due_on: date | None
    client: str = Field(description="Number of the client.")
    case: int = Field(description="Number of the case.")
    level: int = Field(description="How many letters and mails have gone.")
    step: str = Field(description="What is to be done now.")
    next_on: date | None = Field(description="When its plan of action goes on.")
    is_failed: bool
    started_at: datetime


class DunningRunPage(Page):
    items: list[DunningRunOut]


class DunningHoldIn(Given):
    reason: Literal["hardship", "payment_plan", "dispute", "other"]
    until: date | None = Field(None, description="That day included; until it is lifted when left out.")
    note: str = Field("", max_length=200)


class DunningHoldOut(Schema):
    reason: str = Field(examples=["hardship"])
    until: date | None
    note: str
    set_at: datetime
    set_by: str | None = Field(description="E-mail address.")


# ——— Plans ———


def _told_plan(member: Membership, response: HttpResponse, pk: int) -> DunningPlanOut:
    found = plan_in_reach(member, pk)
    tag(response, found.version)
    return DunningPlanOut.of(found)


def _plan_values(member: Membership, payload: DunningPlanIn | DunningPlanPatch) -> dict[str, Any]:
    """As the actions take them; the process that is named must be there."""
    given = payload.model_dump(exclude_unset=isinstance(payload, DunningPlanPatch))
    values = {name: value for name, value in given.items() if value is not None or name == "filter"}
    if "filter" in values:
        values["condition"] = values.pop("filter")
    if values.get("service") == "other":
        values["service"] = ""
    if "process" in values:
        code = values.pop("process")
        found = ProcessDefinition.objects.filter(organization_id=member.organization_id, code=code).first()
        if found is None:
            raise Refusal("E-001-PROCESS", _("Processus inconnu, ou qui ne se lance plus."), field="process")
        values["definition"] = found
    return values


@router.get("/dunning-plans", response=DunningPlanPage, summary="List dunning plans")
@operation(Right.DUNNING, module=MODULE)
def list_dunning_plans(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    plans = DunningPlan.objects.filter(organization_id=request.member.organization_id).select_related("definition")
    items, following = page(plans, order=["id"], cursor=cursor, limit=limit)
    return DunningPlanPage(items=[DunningPlanOut.of(one) for one in items], next=following)


@router.post("/dunning-plans", response={201: DunningPlanOut}, summary="Add a dunning plan")
@operation(Right.DUNNING, module=MODULE)
def post_dunning_plan(request: MemberRequest, response: HttpResponse, payload: DunningPlanIn):
    """A process that cuts off water, or that asks what dunning does not know, is refused."""
    member = request.member
    with fields_named(_FIELDS):
        made = created_once(
            request, payload, lambda: actions.create_plan(by=member, **_plan_values(member, payload))
        )  # fmt: skip
    return Status(201, _told_plan(member, response, made))


@router.get("/dunning-plans/{int:plan_id}", response=DunningPlanOut, summary="One dunning plan")
@operation(Right.DUNNING, module=MODULE)
def get_dunning_plan(request: MemberRequest, response: HttpResponse, plan_id: int):
    return _told_plan(request.member, response, plan_id)


@router.patch(
    "/dunning-plans/{int:plan_id}", response=DunningPlanOut, summary="Change a dunning plan, or switch it off"
)
@operation(Right.DUNNING, module=MODULE)
def patch_dunning_plan(request: MemberRequest, response: HttpResponse, plan_id: int, payload: DunningPlanPatch):
    member, version = request.member, version_asked(request)
    plan = plan_in_reach(member, plan_id)
    with fields_named(_FIELDS):
        actions.update_plan(plan, by=member, version=version, **_plan_values(member, payload))
    return _told_plan(member, response, plan_id)


@router.get("/dunning-plans/{int:plan_id}/preview", response=DunningPreviewOut, summary="What a plan would dun now")
@operation(Right.DUNNING, module=MODULE)
def preview_dunning(request: MemberRequest, plan_id: int):
    """And what it leaves out for which reason, of the clients within reach. Nothing is written."""
    plan = plan_in_reach(request.member, plan_id)
    shares = [
        DunningShareOut(why=one.why, label=one.label, number=one.number, amount=str(one.amount), currency=one.currency)
        for one in groups(plan, request.member)
    ]
    return DunningPreviewOut(shares=shares, left_today=max(plan.daily_cap - begun_today(plan), 0))


@router.post("/dunning-plans/{int:plan_id}/launch", response={202: JobOut}, summary="Dun what a plan would now")
@operation(Right.DUNNING, module=MODULE)
def post_dunning_launch(request: MemberRequest, plan_id: int, payload: Nothing):
    """Of the clients within reach. A plan that is switched off, or is being launched, is refused (409)."""
    plan = plan_in_reach(request.member, plan_id)
    made = created_once(request, payload, lambda: actions.launch_dunning(plan, by=request.member))
    return Status(202, own_job(request.member, made))


# ——— What is being dunned, and whom nobody duns ———


@router.get("/dunning-runs", response=DunningRunPage, summary="List what is being dunned, newest first")
@operation(Right.CASE_VIEW, module=MODULE)
def list_dunning_runs(
    request: MemberRequest,
    plan: int | None = Query(None, description="Id of a plan.", ge=1, le=2**62),
    client: str | None = Query(None, description="Number of a client."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    runs = DunningRun.objects.visible_to(member, Right.CASE_VIEW).open()
    for name, value in {"plan_id": plan, "case__client__number": client}.items():
        if value is not None:
            runs = runs.filter(**{name: value})
    items, following = page(runs, order=["-id"], cursor=cursor, limit=limit)
    by_id = {one.pk: one for one in items}
    rows = rows_of(DunningRun.objects.visible_to(member, Right.CASE_VIEW).filter(pk__in=by_id).order_by("-pk"), member)
    told = [
        DunningRunOut(
            id=row.pk, plan=by_id[row.pk].plan_id, invoice=row.invoice, amount=str(row.amount), currency=row.currency,
            due_on=row.due_on, client=row.client_number, case=row.case, level=row.level, step=row.step,
            next_on=row.next_on, is_failed=row.is_failed, started_at=by_id[row.pk].started_at,
        )
        for row in rows
    ]  # fmt: skip
    return DunningRunPage(items=told, next=following)


def _client(member: Membership, number: str, right: Right) -> Client:
    return by_number(Client.objects.visible_to(member, right), number)


def _hold(member: Membership, client: Client) -> DunningHoldOut:
    found = DunningHold.of_client(client.pk, today_in(member.organization.time_zone))
    if found is None:
        raise NotFound
    return DunningHoldOut(
        reason=found.reason, until=found.until, note=found.note, set_at=found.set_at,
        set_by=found.set_by.email if found.set_by else None,
    )  # fmt: skip


@router.get("/clients/{number}/dunning-hold", response=DunningHoldOut, summary="Whether nobody duns a client")
@operation(Right.CASE_VIEW, module=MODULE)
def get_dunning_hold(request: MemberRequest, number: str):
    """404 where the client may be dunned."""
    return _hold(request.member, _client(request.member, number, Right.CASE_VIEW))


@router.put("/clients/{number}/dunning-hold", response=DunningHoldOut, summary="Let nobody dun a client")
@operation(Right.CASE_EDIT, module=MODULE)
def put_dunning_hold(request: MemberRequest, number: str, payload: DunningHoldIn):
    """What runs is ended. It takes the place of a hold that stands."""
    member = request.member
    client = _client(member, number, Right.CASE_EDIT)
    actions.set_hold(client, by=member, **payload.model_dump())
    return _hold(member, client)


@router.delete("/clients/{number}/dunning-hold", response={204: None}, summary="Let a client be dunned again")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_dunning_hold(request: MemberRequest, number: str):
    """From the next run on. Without a hold it is refused (409)."""
    actions.lift_hold(_client(request.member, number, Right.CASE_EDIT), by=request.member)
    return Status(204, None)
