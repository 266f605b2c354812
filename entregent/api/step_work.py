"""More of what is done with the steps of a plan: taken, given away, put off, commented, tried again, added."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.bulk import team_of
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.processes import RunDetail, on_step, router, run_out, runs_of
from entregent.api.requests import created_once, member_user, one_of
from entregent.api.schemas import Given, Nothing, Page
from entregent.organizations.models import Module
from entregent.processes.actions.mailing import send_by_post
from entregent.processes.actions.steering import retry_step
from entregent.processes.actions.working import add_step, claim_step, comment_step, postpone_step, reassign_step
from entregent.processes.models import ProcessStep, StepComment
from entregent.toolbox.errors import Refusal

MODULE = Module.CASEWORK


class GiveIn(Given):
    """A member or a team."""

    agent: str | None = Field(None, description="E-mail address of a member.", examples=["nadia@eaux-du-val.example"])
    team: str | None = Field(None, description="Code of a team.")


class PostponeIn(Given):
    due_at: datetime = Field(examples=["2030-01-15T12:00:00+01:00"])
    reason: str = Field("", max_length=250)


class CommentIn(Given):
    text: str = Field(max_length=2000, examples=["Attend la réponse de l'assureur."])


class CommentOut(Schema):
    id: int
    text: str
    author: str | None = Field(description="E-mail address.")
    created_at: datetime

    @classmethod
    def of(cls, one: StepComment) -> "CommentOut":
        author = one.author.email if one.author else None
        return cls(id=one.pk, text=one.text, author=author, created_at=one.created_at)


class CommentPage(Page):
    items: list[CommentOut]


class StepIn(GiveIn):
    name: str = Field(max_length=200, examples=["Rappeler le client"])
    due_at: datetime | None = None
    note: str = Field("", max_length=2000)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/claim", response=RunDetail, summary="Take a step")
@operation(Right.PROCESS_RUN, module=MODULE, if_match="optional")
def claim(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: Nothing):
    """One that somebody has taken is refused (409)."""

    def act(step: ProcessStep) -> None:
        claim_step(step, by=request.member)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/assign", response=RunDetail, summary="Give a step away")
@operation(Right.PROCESS_RUN, module=MODULE, if_match="optional")
def assign(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: GiveIn):
    member = request.member
    user, team = member_user(member, payload.agent, field="agent"), team_of(member, payload.team)

    def act(step: ProcessStep) -> None:
        reassign_step(step, by=member, user=user, team=team)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/postpone", response=RunDetail, summary="Put a step off")
@operation(Right.PROCESS_RUN, module=MODULE, if_match="optional")
def postpone(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: PostponeIn):
    """Reminders and what follows lateness move with it."""
    due_at = with_offset(payload.due_at)

    def act(step: ProcessStep) -> None:
        postpone_step(step, by=request.member, due_at=due_at, reason=payload.reason)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.post(
    "/process-runs/{int:run_id}/steps/{int:step_id}/retry", response=RunDetail, summary="Try a failed step again"
)
@operation(Right.PROCESS_RUN, module=MODULE, if_match="optional")
def retry(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: Nothing):
    def act(step: ProcessStep) -> None:
        retry_step(step, by=request.member)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.post(
    "/process-runs/{int:run_id}/steps/{int:step_id}/by-post",
    response=RunDetail,
    summary="Send as a letter what a mail could not tell",
)
@operation(Right.PROCESS_RUN, module=MODULE, if_match="optional")
def by_post(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: Nothing):
    """Of a step that has failed at its mail, or whose mail was refused; where no mail has failed, refused (422)."""

    def act(step: ProcessStep) -> None:
        send_by_post(step, by=request.member)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.get(
    "/process-runs/{int:run_id}/steps/{int:step_id}/comments",
    response=CommentPage,
    summary="Read what is noted on a step",
)
@operation(Right.CASE_VIEW, module=MODULE)
def list_comments(
    request: MemberRequest, run_id: int, step_id: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    run = runs_of(request.member).found(pk=run_id)
    records = StepComment.objects.filter(step=one_of(run.steps, step_id)).select_related("author")
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return CommentPage(items=[CommentOut.of(one) for one in items], next=following)


@router.post(
    "/process-runs/{int:run_id}/steps/{int:step_id}/comments", response={201: CommentOut}, summary="Note on a step"
)
@operation(Right.PROCESS_RUN, module=MODULE)
def post_comment(request: MemberRequest, run_id: int, step_id: int, payload: CommentIn):
    """For the staff."""
    member = request.member
    run = runs_of(member, Right.PROCESS_RUN).found(pk=run_id)
    step = one_of(run.steps, step_id)
    step.run = run
    made = created_once(request, payload, lambda: comment_step(step, by=member, text=payload.text))
    return Status(201, CommentOut.of(StepComment.objects.select_related("author").get(pk=made)))


@router.post("/process-runs/{int:run_id}/steps", response={201: RunDetail}, summary="Add a step to a plan")
@operation(Right.PROCESS_RUN, module=MODULE)
def post_step(request: MemberRequest, response: HttpResponse, run_id: int, payload: StepIn):
    """To be done now, besides the others; the plan does not end without it."""
    member = request.member
    run = runs_of(member, Right.PROCESS_RUN).found(pk=run_id)

    def make():
        user, team = member_user(member, payload.agent, field="agent"), team_of(member, payload.team)
        due_at = with_offset(payload.due_at) if payload.due_at is not None else None
        return add_step(run, by=member, name=payload.name, user=user, team=team, due_at=due_at, note=payload.note)

    created_once(request, payload, make)
    return Status(201, run_out(member, response, run_id))


def with_offset(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise Refusal("E-FORMAT", _("Indiquez le décalage horaire."), field="due_at")
    return moment
