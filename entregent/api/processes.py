"""Processes and plans of action: what there is, launch, complete, skip, send back, hold, resume, abandon."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, seen, tag
from entregent.api.schemas import Given
from entregent.cases.models import Case
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Module
from entregent.processes import actions
from entregent.processes.actions.plan import Plan
from entregent.processes.actions.working import not_current, stale
from entregent.processes.definitions import dump, kind_of, step_of
from entregent.processes.fields import fields_of, words_of
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep, ProcessVersion
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["processes"])

RunState = Literal["running", "waiting", "done", "abandoned", "failed"]
StepState = Literal["coming", "ready", "done", "skipped", "failed", "sent_back"]
StepKind = Literal["form", "do", "wait"]
_YAML = "process: visite\nname: {fr: Visite, en: Visit}\nsubjects: [case]\nsteps:\n- key: rendez_vous\n  form: {}\n"
# What is in YAML is an object, as clients that read it find.
_YAML_OUT = {
    "schema": {"type": "object"},
    "example": {
        "process": "visite", "name": {"fr": "Visite", "en": "Visit"}, "subjects": ["case"],
        "steps": [{"key": "rendez_vous", "form": {}}],
    },
}  # fmt: skip


class FieldOut(Schema):
    """A question: of a step, or at the launch."""

    key: str = Field(examples=["recevable"])
    type: str = Field(description="string, text, integer, number, boolean, date or choice.", examples=["boolean"])
    title_fr: str
    title_en: str
    is_required: bool
    choices: list[str] = Field(description="Values of a choice.")

    @classmethod
    def all_of(cls, form: Any) -> "list[FieldOut]":
        return [
            cls(
                key=one.key,
                type=one.type,
                title_fr=one.titles[0],
                title_en=one.titles[1],
                is_required=one.is_required,
                choices=[value for value, _fr, _en in one.choices],
            )
            for one in fields_of(form)
        ]


class DefinitionOut(Schema):
    code: str = Field(examples=["reclamation_facture"])
    name_fr: str
    name_en: str
    is_active: bool = Field(description="Whether it is offered; plans under way go on all the same.")
    live: int | None = Field(description="Number of the version that starts; null before the first publication.")
    subjects: list[str] = Field(examples=[["case"]])
    case_types: list[str] = Field(examples=[["reclamation"]], description="Paths; none: every type.")
    topics: list[str]
    events: list[str] = Field(description="Events that start it.")
    version: int

    @classmethod
    def of(cls, one: ProcessDefinition) -> "DefinitionOut":
        return cls(live=one.live.number if one.live is not None else None, **cls.plain(one))

    @staticmethod
    def plain(one: ProcessDefinition) -> dict[str, Any]:
        names = "code name_fr name_en is_active subjects case_types topics events version"
        return {name: getattr(one, name) for name in names.split()}


class DefinitionPage(Schema):
    items: list[DefinitionOut]
    next: str | None


class StepSpecOut(Schema):
    key: str
    kind: StepKind
    name_fr: str
    name_en: str
    after: list[str]
    fields: list[FieldOut]


class DefinitionDetail(DefinitionOut):
    facts: list[FieldOut] = Field(description="What is asked at the launch.")
    steps: list[StepSpecOut] = Field(description="Of the live version.")
    draft: int | None = Field(description="Version of the draft, for its publication; null without one.")


class ImportIn(Given):
    yaml: str = Field(max_length=400_000, examples=[_YAML])
    replaces: int | None = Field(None, description="Version of the draft that it takes the place of, where one is.")


class PublishIn(Given):
    draft: int = Field(description="Version of the draft that you saw.", examples=[1])


class LaunchIn(Given):
    process: str = Field(max_length=60, examples=["reclamation_facture"], description="Code of a process.")
    case: int | None = Field(None, description="Number of a case; or else an interaction.", examples=[1042])
    interaction: int | None = Field(None, description="Number of an interaction.")
    answers: dict[str, Any] = Field({}, description="What the process asks at its launch.", examples=[{}])


class AnswersIn(Given):
    answers: dict[str, Any] = Field({}, examples=[{"recevable": True}], description="By the keys of its fields.")


class ReasonIn(Given):
    reason: str = Field(max_length=200, examples=["Le client a retiré sa demande"])


class PauseIn(Given):
    reason: str = Field("", max_length=200, examples=["Photo du compteur"])


class Nothing(Given):
    pass


class StepOut(Schema):
    id: int
    key: str
    attempt: int
    kind: StepKind
    state: StepState
    name_fr: str
    name_en: str
    assignee: str | None = Field(description="E-mail address.")
    team: str | None
    ready_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    done_by: str | None = Field(description="E-mail address; null: the product.")
    why_skipped: str
    is_ad_hoc: bool
    fields: list[FieldOut] = Field(description="What it asks, while it is to be done.")
    answers: dict[str, Any]

    @classmethod
    def of(cls, one: ProcessStep, body: dict[str, Any]) -> "StepOut":
        spec = None if one.is_ad_hoc else step_of(body, one.key)
        form = spec.get("form") if spec is not None else None
        plain = "id key attempt kind state name_fr name_en ready_at due_at done_at why_skipped is_ad_hoc"
        known = {field.key for field in fields_of(form)}
        return cls(
            assignee=one.assignee.email if one.assignee else None,
            team=one.team.code if one.team else None,
            done_by=one.done_by.email if one.done_by else None,
            fields=FieldOut.all_of(form) if one.state == ProcessStep.State.READY else [],
            answers={key: value for key, value in one.data.items() if key in known},
            **{name: getattr(one, name) for name in plain.split()},
        )


class RunOut(Schema):
    id: int
    process: str = Field(examples=["reclamation_facture"])
    process_version: int
    client: str = Field(description="Number of the client.")
    case: int | None
    interaction: int | None
    state: RunState
    started_at: datetime
    started_by: str | None = Field(description="E-mail address; null: the product.")
    ended_at: datetime | None
    paused_at: datetime | None
    why_ended: str
    version: int

    @classmethod
    def plain(cls, one: ProcessRun) -> dict[str, Any]:
        plain = "id state started_at ended_at paused_at why_ended version"
        return {
            "process": one.definition.code,
            "process_version": one.process_version.number,
            "client": one.client.number,
            "case": one.case.number if one.case else None,
            "interaction": one.interaction.number if one.interaction else None,
            "started_by": one.started_by.email if one.started_by else None,
            **{name: getattr(one, name) for name in plain.split()},
        }


class RunPage(Schema):
    items: list[RunOut]
    next: str | None


class RunDetail(RunOut):
    steps: list[StepOut] = Field(description="In order; former attempts before the last.")


# ——— Processes ———


def _definitions(member: Membership):
    mine = ProcessDefinition.objects.filter(organization_id=member.organization_id)
    return mine.select_related("live", "organization")


def definition_of(member: Membership, code: str) -> ProcessDefinition:
    found = _definitions(member).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def draft_of(definition: ProcessDefinition) -> ProcessVersion | None:
    return definition.versions.filter(state=ProcessVersion.State.DRAFT).first()


def definition_detail(member: Membership, response: HttpResponse, code: str) -> DefinitionDetail:
    one = definition_of(member, code)
    draft = draft_of(one)
    body = actions.body_of(one.live) if one.live is not None else {"facts": {}, "steps": []}
    tag(response, one.version)
    steps = []
    for step in body["steps"]:
        fr, en = words_of(step["name"])
        named = {"key": step["key"], "kind": kind_of(step), "name_fr": fr, "name_en": en, "after": step["after"]}
        steps.append(StepSpecOut(**named, fields=FieldOut.all_of(step.get("form"))))
    return DefinitionDetail(
        **DefinitionOut.of(one).dict(),
        facts=FieldOut.all_of(body["facts"]),
        steps=steps,
        draft=draft.version if draft is not None else None,
    )


@router.get("/process-definitions", response=DefinitionPage, summary="List processes")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK)
def list_definitions(
    request: MemberRequest,
    is_active: bool | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _definitions(request.member).defer("live__body")
    if is_active is not None:
        records = records.filter(is_active=is_active)
    items, following = page(records, order=["code", "id"], cursor=cursor, limit=limit)
    return DefinitionPage(items=[DefinitionOut.of(one) for one in items], next=following)


@router.get("/process-definitions/{str:code}", response=DefinitionDetail, summary="One process, as it is live")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK)
def get_definition(request: MemberRequest, response: HttpResponse, code: str):
    return definition_detail(request.member, response, code)


@router.get(
    "/process-definitions/{str:code}/yaml",
    summary="A process as YAML: its draft, or what is live",
    openapi_extra={"responses": {200: {"content": {"application/yaml": _YAML_OUT}}}},
)
@operation(Right.PROCESS_DESIGN, module=Module.CASEWORK)
def export_definition(request: MemberRequest, code: str):
    one = definition_of(request.member, code)
    version = draft_of(one) or one.live
    if version is None:
        raise NotFound
    return HttpResponse(dump(version.body), content_type="application/yaml; charset=utf-8")


@router.post("/process-definitions", response={201: DefinitionDetail}, summary="Import a process as a draft")
@operation(Right.PROCESS_DESIGN, module=Module.CASEWORK)
def import_definition(request: MemberRequest, response: HttpResponse, payload: ImportIn):
    """A new process, or the draft of the one that has its code. Nothing of it runs before it is published."""
    member = request.member

    def make() -> int:
        return actions.import_process(payload.yaml, by=member, version=payload.replaces).definition_id

    made = created_once(request, payload, make)
    return Status(201, definition_detail(member, response, _definitions(member).get(pk=made).code))


@router.post("/process-definitions/{str:code}/publish", response=DefinitionDetail, summary="Publish the draft")
@operation(Right.PROCESS_PUBLISH, module=Module.CASEWORK)
def publish_definition(request: MemberRequest, response: HttpResponse, code: str, payload: PublishIn):
    """It goes live; plans under way stay on their version. What is wrong with it is told sentence by sentence."""
    member = request.member
    definition = definition_of(member, code)
    created_once(request, payload, lambda: actions.publish(definition, by=member, version=payload.draft))
    return definition_detail(member, response, code)


# ——— Plans ———


def runs_of(member: Membership, right: Right = Right.CASE_VIEW):
    related = ("definition", "process_version", "client", "case", "interaction", "started_by", "organization")
    return ProcessRun.objects.visible_to(member, right).select_related(*related).defer("process_version__body")


def run_out(member: Membership, response: HttpResponse, pk: int) -> RunDetail:
    one = runs_of(member).found(pk=pk)
    tag(response, one.version)
    body = actions.body_of(one.process_version)
    steps = one.steps.select_related("assignee", "team", "done_by").order_by("position", "attempt", "id")
    return RunDetail(**RunOut.plain(one), steps=[StepOut.of(step, body) for step in steps])


@router.get("/process-runs", response=RunPage, summary="List plans of action, newest first")
@operation(Right.CASE_VIEW, module=Module.CASEWORK)
def list_runs(
    request: MemberRequest,
    client: str | None = Query(None, description="Number of a client."),
    case: int | None = Query(None, description="Number of a case."),
    interaction: int | None = Query(None, description="Number of an interaction."),
    process: str | None = Query(None, description="Code of a process."),
    state: RunState | None = None,
    is_open: bool | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    given = {
        "client__number": client, "case__number": case, "interaction__number": interaction,
        "definition__code": process, "state": state,
    }  # fmt: skip
    records = runs_of(request.member).filter(**{name: value for name, value in given.items() if value is not None})
    if is_open is not None:
        records = records.open() if is_open else records.exclude(state__in=ProcessRun.OPEN)
    items, following = page(records, order=["-started_at", "-id"], cursor=cursor, limit=limit)
    return RunPage(items=[RunOut(**RunOut.plain(one)) for one in items], next=following)


@router.get("/process-runs/{int:run_id}", response=RunDetail, summary="One plan of action with its steps")
@operation(Right.CASE_VIEW, module=Module.CASEWORK)
def get_run(request: MemberRequest, response: HttpResponse, run_id: int):
    return run_out(request.member, response, run_id)


@router.post("/process-runs", response={201: RunDetail}, summary="Launch a plan of action")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK)
def post_run(request: MemberRequest, response: HttpResponse, payload: LaunchIn):
    """On a case or on an interaction for whose classification the process is offered; once at a time (409)."""
    member = request.member

    def make() -> int:
        subject = _subject(member, payload)
        definition = _definitions(member).filter(code=payload.process, is_active=True, live__isnull=False).first()
        if definition is None:
            raise Refusal("E-001-PROCESS", _("Processus inconnu, ou qui ne se lance plus."), field="process")
        return actions.launch(by=member, definition=definition, answers=payload.answers, **subject).pk

    return Status(201, run_out(member, response, created_once(request, payload, make)))


def _subject(member: Membership, payload: LaunchIn) -> dict[str, Any]:
    if (payload.case is None) == (payload.interaction is None):
        raise Refusal("E-REQUIRED", _("Indiquez un dossier ou une interaction."), field="case")
    if payload.case is not None:
        cases = Case.objects.visible_to(member, Right.PROCESS_RUN).select_related("client", "case_type", "organization")
        case = cases.filter(number=payload.case).first()
        if case is None:
            raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="case")
        return {"case": case}
    found = Interaction.objects.visible_to(member, Right.PROCESS_RUN).select_related("client", "topic", "organization")
    interaction = found.filter(number=payload.interaction).first()
    if interaction is None:
        raise Refusal("E-003-INTERACTION", _("Interaction inconnue."), field="interaction")
    return {"interaction": interaction}


def _on_run(request: MemberRequest, response: HttpResponse, run_id: int, payload: Schema, act, **values) -> RunDetail:
    member = request.member
    run = runs_of(member, Right.PROCESS_RUN).found(pk=run_id)
    created_once(request, payload, lambda: act(run, by=member, version=seen(request), **values).pk)
    return run_out(member, response, run_id)


def on_step(
    request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, right: Right, payload: Schema, act
) -> RunDetail:
    """`act(step)` on a step of the plan, which nobody has changed since `If-Match`."""
    member = request.member
    run = runs_of(member, right).found(pk=run_id)
    step = ProcessStep.objects.visible_to(member, right).found(pk=step_id, run_id=run.pk)
    step.run = run
    version = seen(request)

    def make() -> int:
        if version is not None:
            plan = Plan.locked(run, organization_id=member.organization_id, by=member)
            if plan.run.version != version:
                raise stale(plan, plan.run)
        act(step)
        return step.pk

    created_once(request, payload, make)
    return run_out(member, response, run_id)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/complete", response=RunDetail, summary="Complete a step")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK, if_match="optional")
def complete(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: AnswersIn):
    """Yours, your team's or nobody's; anybody's for who leads. What is missing or wrong is told field by field."""

    def act(step: ProcessStep) -> None:
        actions.complete_step(step, by=request.member, data=payload.answers)

    return on_step(request, response, run_id, step_id, Right.PROCESS_RUN, payload, act)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/skip", response=RunDetail, summary="Skip a step")
@operation(Right.PROCESS_LEAD, module=Module.CASEWORK, if_match="optional")
def skip(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: ReasonIn):
    def act(step: ProcessStep) -> None:
        actions.skip_step(step, by=request.member, reason=payload.reason)

    return on_step(request, response, run_id, step_id, Right.PROCESS_LEAD, payload, act)


@router.post("/process-runs/{int:run_id}/steps/{int:step_id}/send-back", response=RunDetail, summary="Send a step back")
@operation(Right.PROCESS_LEAD, module=Module.CASEWORK, if_match="optional")
def send_back(request: MemberRequest, response: HttpResponse, run_id: int, step_id: int, payload: ReasonIn):
    """It is to be done again, and what depends on it after it."""
    member = request.member
    run = runs_of(member, Right.PROCESS_LEAD).found(pk=run_id)
    step = ProcessStep.objects.visible_to(member, Right.PROCESS_LEAD).found(pk=step_id, run_id=run.pk)
    version = seen(request)
    if step.state == ProcessStep.State.SENT_BACK:
        raise not_current()
    created_once(
        request,
        payload,
        lambda: actions.send_back(run, step.key, by=member, reason=payload.reason, version=version).pk,
    )
    return run_out(member, response, run_id)


@router.post("/process-runs/{int:run_id}/pause", response=RunDetail, summary="Wait for the client")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK, if_match="optional")
def pause(request: MemberRequest, response: HttpResponse, run_id: int, payload: PauseIn):
    """Its clocks stand until it is resumed."""
    return _on_run(request, response, run_id, payload, actions.pause_run, reason=payload.reason)


@router.post("/process-runs/{int:run_id}/resume", response=RunDetail, summary="Resume a plan of action")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK, if_match="optional")
def resume(request: MemberRequest, response: HttpResponse, run_id: int, payload: Nothing):
    return _on_run(request, response, run_id, payload, actions.resume_run)


@router.post("/process-runs/{int:run_id}/abandon", response=RunDetail, summary="Abandon a plan of action")
@operation(Right.PROCESS_RUN, module=Module.CASEWORK, if_match="optional")
def abandon(request: MemberRequest, response: HttpResponse, run_id: int, payload: ReasonIn):
    """By whoever launched it, or who leads plans. What is done stays done."""
    return _on_run(request, response, run_id, payload, actions.abandon_run, reason=payload.reason)
