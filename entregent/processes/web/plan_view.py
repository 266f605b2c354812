"""A plan as people see it: its steps in order, what was entered, what is to be done now and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.utils import timezone

from entregent.access.rights import Right
from entregent.cases.models import CaseDocument
from entregent.organizations.models import Membership, Team
from entregent.outbox.models import Message
from entregent.processes.actions.mailing import failed_mail_steps, is_mail, mails_of
from entregent.processes.actions.plan import body_of
from entregent.processes.actions.working import holds
from entregent.processes.definitions import step_of
from entregent.processes.events import event_kinds
from entregent.processes.fields import fields_of, in_language, words_of
from entregent.processes.forms import StepForm, form_for
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep, StepComment
from entregent.processes.schema import kind_word


@dataclass
class StepRow:
    """One step of the timeline."""

    step: ProcessStep
    kind_word: str
    help: str
    who: str
    answers: list[tuple[str, str]]
    error: str
    note: str
    due_on: date | None
    is_late: bool
    is_mine: bool
    # What a waiting step waits for, and until when at most; both may be unknown.
    awaits: str = ""
    until: datetime | None = None
    form: StepForm | None = None
    comments: list[StepComment] = field(default_factory=list)
    documents: list[CaseDocument] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    # The step has failed at a mail, which may go as a letter instead.
    may_post: bool = False
    before: list[ProcessStep] = field(default_factory=list)

    @property
    def is_now(self) -> bool:
        return self.step.state in ProcessStep.ACTIVE


@dataclass
class PlanView:
    """What the template of a plan draws."""

    run: ProcessRun
    rows: list[StepRow]
    may_lead: bool
    may_run: bool
    colleagues: list[tuple[int, str]]
    teams: list[tuple[int, str]]
    is_working: bool
    done: int
    # Of the forms as they are drawn now.
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def total(self) -> int:
        return len(self.rows)


def plan_view(member: Membership, run: ProcessRun, *, refused: Mapping[int, StepForm] | None = None) -> PlanView:
    """`refused`: forms of steps as they were sent, with what is wrong with them."""
    steps = list(run.steps.select_related("assignee", "team", "done_by").order_by("position", "attempt"))
    by_key: dict[str, list[ProcessStep]] = {}
    for step in steps:
        by_key.setdefault(step.key, []).append(step)
    comments: dict[int, list[StepComment]] = {}
    for comment in StepComment.objects.filter(step__run=run).select_related("author").order_by("created_at"):
        comments.setdefault(comment.step_id, []).append(comment)
    documents: dict[int, list[CaseDocument]] = {}
    if run.case_id is not None:
        ids = [step.pk for step in steps]
        for document in CaseDocument.objects.filter(case_id=run.case_id, step_id__in=ids).select_related("file"):
            documents.setdefault(document.step_id or 0, []).append(document)
    may_run, may_lead = holds(run, member, Right.PROCESS_RUN), holds(run, member, Right.PROCESS_LEAD)
    mine = set(Team.objects.of(member).values_list("pk", flat=True)) if may_run else set()
    body = body_of(run.process_version)
    ends, mails, failed = _ends_of_waits(steps), mails_of(steps), failed_mail_steps(steps)
    zone = ZoneInfo(member.organization.time_zone)
    rows = []
    for attempts in by_key.values():
        row = _row(member, attempts, body, zone, may_run=may_run, may_lead=may_lead, mine=mine)
        row.until = ends.get(row.step.pk)
        row.may_post = row.is_mine and is_mail(step_of(body, row.step.key), failed.get(row.step.pk))
        for step in attempts:
            row.comments += comments.get(step.pk, [])
            row.documents += documents.get(step.pk, [])
            row.mails += mails.get(step.pk, [])
        if refused and row.step.pk in refused:
            row.form = refused[row.step.pk]
        rows.append(row)
    rows.sort(key=lambda row: row.step.position)
    can_hand_on = may_run and run.is_open
    return PlanView(
        run=run,
        rows=rows,
        may_lead=may_lead,
        may_run=may_run,
        colleagues=colleagues_of(member) if can_hand_on else [],
        teams=teams_of(member) if can_hand_on else [],
        is_working=run.state == ProcessRun.State.RUNNING
        and any(row.step.kind == "do" and row.step.state == "ready" for row in rows),
        done=sum(row.step.is_settled for row in rows),
    )


def _row(
    member: Membership, attempts: list[ProcessStep], body: Mapping[str, Any], zone: ZoneInfo, *, may_run: bool,
    may_lead: bool, mine: set[int],
) -> StepRow:  # fmt: skip
    step = attempts[-1]
    spec = None if step.is_ad_hoc else step_of(body, step.key)
    is_mine = may_run and (
        may_lead
        or step.assignee_id == member.user_id
        or (
            step.assignee_id is None
            and (step.team_id in mine if step.team_id is not None else step.state != ProcessStep.State.COMING)
        )
    )
    fields = fields_of(spec.get("form")) if spec is not None else []
    row = StepRow(
        step=step,
        kind_word=kind_word(step.kind),
        help=in_language(words_of(spec.get("help"))) if spec is not None else "",
        who=step.assignee.name if step.assignee else step.team.label if step.team else "",
        answers=told_answers(fields, step.data) if step.state != ProcessStep.State.COMING else [],
        error=str(step.data.get("error", "")) if step.state == ProcessStep.State.FAILED else "",
        note=str(step.data.get("note", "")) if step.is_ad_hoc else "",
        due_on=_day(step.due_at, zone),
        is_late=step.state in ProcessStep.ACTIVE and step.due_at is not None and step.due_at < timezone.now(),
        is_mine=is_mine,
        before=attempts[:-1],
    )
    if step.kind == ProcessStep.Kind.WAIT and step.state == ProcessStep.State.READY and spec is not None:
        kind = event_kinds().get(str(spec["wait"].get("event") or ""))
        row.awaits = str(kind.label) if kind is not None else ""
    if is_mine and step.state == ProcessStep.State.READY and step.kind == ProcessStep.Kind.FORM:
        row.form = form_for(step, body=body, prefix=f"s{step.pk}")
        row.answers = []
    return row


def _ends_of_waits(steps: list[ProcessStep]) -> dict[int, datetime]:
    """When each step that waits goes on by itself; those of a plan that stands still are not known yet."""
    waiting = [one.pk for one in steps if one.kind == ProcessStep.Kind.WAIT and one.state == ProcessStep.State.READY]
    if not waiting:
        return {}
    jobs = ProcessJob.objects.filter(
        step_id__in=waiting, kind=ProcessJob.Kind.WAIT, state=ProcessJob.State.WAITING
    )  # fmt: skip
    return dict(jobs.values_list("step_id", "run_at"))


def told_answers(fields, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(title, what was entered) of what a step keeps, in words."""
    return [
        (one.title, one.told(data[one.key])) for one in fields if one.key in data and data[one.key] not in ("", None)
    ]


def _day(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return moment.astimezone(zone).date() if moment is not None else None


def colleagues_of(member: Membership) -> list[tuple[int, str]]:
    found = Membership.objects.active().filter(organization_id=member.organization_id).order_by("user__name")
    return list(found.values_list("user_id", "user__name")[:500])


def teams_of(member: Membership) -> list[tuple[int, str]]:
    return [
        (team.pk, team.label) for team in Team.objects.filter(organization_id=member.organization_id, is_active=True)
    ]
