"""Changes of many records, as jobs: asked here, done by the worker, with a verdict for each record."""

from datetime import datetime
from typing import Any, Literal, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import agent_of, checked_condition, created_once, member_user, sector_of
from entregent.api.schemas import Given, Nothing, Page
from entregent.cases.actions.bulk import change_cases
from entregent.cases.models import Case, CaseType
from entregent.clients.actions.bulk import CUSTOM, change_clients
from entregent.clients.models import BulkRow, Client
from entregent.jobs.actions import cancel_job
from entregent.jobs.models import Job, JobRow
from entregent.organizations.models import Membership, Module, Team
from entregent.processes.actions.bulk import change_steps
from entregent.processes.actions.mass import launch_mass
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["bulk"])

MOST_NUMBERS = 5000


class Chosen(Given):
    """Records by number, or all that `filter` and `q` find within reach when the job begins."""

    numbers: list[str] | None = Field(None, max_length=MOST_NUMBERS, examples=[["100482", "100483"]])
    filter: Any = Field(None, description="Criteria in the format of views.", examples=[["status", "is", "prospect"]])
    q: str = Field("", max_length=200)


class ClientChangeIn(Chosen):
    change: str = Field(
        max_length=60, examples=["add_tag"],
        description="responsible, sector, status, add_tag, remove_tag, or custom.<code> of a custom field.",
    )  # fmt: skip
    value: str = Field("", max_length=2000, examples=["VIP"], description="As a record has it; empty takes it away.")


class CaseChangeIn(Chosen):
    change: Literal["responsible", "state", "case_type"] = Field(examples=["responsible"])
    value: str = Field(max_length=200, examples=["nadia@eaux-du-val.example"])
    reason: str = Field("", max_length=200)


class StepChangeIn(Given):
    steps: list[int] = Field(min_length=1, max_length=MOST_NUMBERS, description="Ids of steps.")
    change: Literal["complete", "assign"]
    agent: str | None = Field(None, description="E-mail address of a member, for `assign`.")
    team: str | None = Field(None, description="Code of a team, for `assign`.")


class MassLaunchIn(Chosen):
    process: str = Field(max_length=60, examples=["releve"], description="Code of a process.")
    most: int = Field(ge=1, description="So many plans at most.")


class JobOut(Schema):
    id: int
    kind: str = Field(examples=["clients.bulk"])
    label: str
    state: Literal["pending", "running", "done", "failed", "cancelled"]
    initiator: str
    total: int | None
    done: int
    counts: dict[str, Any] = Field(description="How many were changed, unchanged, refused.")
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> "JobOut":
        plain = ("kind", "label", "total", "done", "error", "created_at", "started_at", "finished_at")
        counts = {name: value for name, value in job.result.items() if isinstance(value, int)}
        told = {name: getattr(job, name) for name in plain}
        return cls(id=job.pk, state=cast(Any, job.state), initiator=job.initiator_name, counts=counts, **told)


class JobPage(Page):
    items: list[JobOut]


class JobRowOut(Schema):
    record: str | None = Field(description="Number of the client or case, id of the step; null: out of reach.")
    verdict: Literal["waiting", "changed", "unchanged", "refused"]
    reason: str


class JobRowPage(Page):
    items: list[JobRowOut]


@router.post("/bulk/clients", response={202: JobOut}, summary="Change many clients")
@operation(Right.CLIENT_EDIT)
def bulk_clients(request: MemberRequest, payload: ClientChangeIn):
    """A client that may not be changed is refused by itself; the others are changed. 100,000 are no trouble."""
    member = request.member

    def make():
        selection = _selection(member, payload, "clients", Client.objects.visible_to(member, Right.CLIENT_EDIT))
        try:
            return change_clients(
                by=member, selection=selection, change=payload.change, value=_client_value(member, payload)
            )
        except NotFound as unknown:
            known = "responsible, sector, status, add_tag, remove_tag"
            raise Refusal("E-CHOICE", f"{known}, {CUSTOM}<code>", field="change") from unknown

    return Status(202, own_job(member, created_once(request, payload, make)))


@router.post("/bulk/cases", response={202: JobOut}, summary="Change many cases")
@operation(Right.CASE_EDIT, module=Module.CASEWORK)
def bulk_cases(request: MemberRequest, payload: CaseChangeIn):
    member = request.member

    def make():
        selection = _selection(member, payload, "cases", Case.objects.visible_to(member, Right.CASE_EDIT))
        value = payload.value
        if payload.change == "responsible":
            value = str(agent_of(member, value, field="value").pk)
        elif payload.change == "case_type":
            value = str(CaseType.objects.of(member).filter(path=value).values_list("pk", flat=True).first() or 0)
        return change_cases(by=member, selection=selection, change=payload.change, value=value, reason=payload.reason)

    return Status(202, own_job(member, created_once(request, payload, make)))


@router.post("/bulk/process-steps", response={202: JobOut}, summary="Complete or give away many steps")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK)
def bulk_steps(request: MemberRequest, payload: StepChangeIn):
    member = request.member

    def make():
        user = member_user(member, payload.agent, field="agent")
        return change_steps(
            by=member, ids=payload.steps, change=payload.change, user=user, team=team_of(member, payload.team)
        )

    return Status(202, own_job(member, created_once(request, payload, make)))


@router.post("/bulk/process-runs", response={202: JobOut}, summary="Launch a plan of action for many clients")
@operation(Right.PROCESS_LEAD, module=Module.CASEWORK)
def bulk_runs(request: MemberRequest, payload: MassLaunchIn):
    member = request.member

    def make():
        definition = ProcessDefinition.objects.filter(
            organization_id=member.organization_id, code=payload.process, is_active=True, live__isnull=False
        ).first()
        if definition is None:
            raise Refusal("E-001-PROCESS", _("Processus inconnu, ou qui ne se lance plus."), field="process")
        selection = _selection(member, payload, "clients", Client.objects.visible_to(member))
        return launch_mass(definition, by=member, selection=selection, most=payload.most)

    return Status(202, own_job(member, created_once(request, payload, make)))


@router.get("/jobs", response=JobPage, summary="List jobs, newest first")
@operation(Right.CLIENT_VIEW)
def list_jobs(
    request: MemberRequest,
    state: Literal["pending", "running", "done", "failed", "cancelled"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """Your own; an administrator's are everybody's."""
    records = _jobs(request.member)
    if state is not None:
        records = records.filter(state=state)
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return JobPage(items=[JobOut.of(one) for one in items], next=following)


@router.get("/jobs/{int:job_id}", response=JobOut, summary="How far a job is")
@operation(Right.CLIENT_VIEW)
def get_job(request: MemberRequest, job_id: int):
    return own_job(request.member, job_id)


@router.get("/jobs/{int:job_id}/rows", response=JobRowPage, summary="What became of each record")
@operation(Right.CLIENT_VIEW)
def list_job_rows(
    request: MemberRequest,
    job_id: int,
    verdict: Literal["waiting", "changed", "unchanged", "refused"] | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    job = _job(member, job_id)
    rows: QuerySet[Any]
    if BulkRow.objects.filter(job_id=job.pk).exists():
        rows, key = BulkRow.objects.filter(job_id=job.pk, organization_id=member.organization_id), "client_id"
    else:
        rows, key = JobRow.objects.filter(job=job, organization_id=member.organization_id), "subject_id"
    if verdict is not None:
        rows = rows.filter(verdict=verdict)
    items, following = page(rows, order=["id"], cursor=cursor, limit=limit)
    names = _names(member, job, key, [getattr(one, key) for one in items])
    told = [JobRowOut(record=names.get(getattr(one, key)), verdict=one.verdict, reason=one.reason) for one in items]
    return JobRowPage(items=told, next=following)


@router.post("/jobs/{int:job_id}/cancellation", response=JobOut, summary="Stop a job")
@operation(Right.CLIENT_VIEW)
def post_job_cancellation(request: MemberRequest, job_id: int, payload: Nothing):
    """It ends after the records at hand; what is done stays done."""
    job = _job(request.member, job_id)
    created_once(request, payload, lambda: cancel_job(job, by=request.member))
    return own_job(request.member, job_id)


def team_of(member: Membership, code: str | None) -> Team | None:
    if not code:
        return None
    team = Team.objects.filter(organization_id=member.organization_id, code=code, is_active=True).first()
    if team is None:
        raise Refusal("E-TEAM", _("Équipe inconnue."), field="team")
    return team


def _selection(member: Membership, payload: Chosen, list_code: str, within: QuerySet) -> dict[str, Any]:
    """As the pages send it. A number that is unknown refuses the whole, by its name."""
    if payload.numbers is not None:
        wanted = list(dict.fromkeys(payload.numbers))
        if list_code == "cases" and not all(one.isascii() and one.isdigit() and len(one) < 19 for one in wanted):
            raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="numbers")
        known = {str(number): pk for number, pk in within.filter(number__in=wanted).values_list("number", "pk")}
        unknown = [number for number in wanted if str(number) not in known]
        if unknown:
            message = _("Numéro inconnu : %(number)s.") % {"number": unknown[0]}
            raise Refusal("E-003-CLIENT" if list_code == "clients" else "E-001-CASE", message, field="numbers")
        return {"ids": list(known.values())}
    if payload.filter is None and not payload.q:
        raise Refusal("E-SELECTION", _("Indiquez des numéros, un filtre ou des mots cherchés."), field="numbers")
    condition = checked_condition(payload.filter, list_code, member).data if payload.filter is not None else None
    return {"condition": condition, "text": payload.q, "ids": None}


def _client_value(member: Membership, payload: ClientChangeIn) -> str:
    if payload.change == "responsible" and payload.value:
        return str(agent_of(member, payload.value, field="value").pk)
    if payload.change == "sector" and payload.value:
        try:
            sector = sector_of(member, payload.value)
        except Refusal as unknown:
            unknown.field = "value"
            raise
        return str(sector.pk) if sector is not None else ""
    return payload.value


def _jobs(member: Membership) -> QuerySet[Job]:
    jobs = Job.objects.filter(organization_id=member.organization_id)
    return jobs if member.can(Right.SETTINGS) else jobs.filter(initiator_id=member.user_id)


def _job(member: Membership, job_id: int) -> Job:
    job = _jobs(member).filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def own_job(member: Membership, job_id: int) -> JobOut:
    return JobOut.of(_job(member, job_id))


def _names(member: Membership, job: Job, key: str, ids: list[int]) -> dict[int, str]:
    if key == "client_id":
        found = Client.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number")
        return {pk: str(number) for pk, number in found}
    if job.kind.startswith("cases."):
        cases = Case.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number")
        return {pk: str(number) for pk, number in cases}
    return {pk: str(pk) for pk in ids}
