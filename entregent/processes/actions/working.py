"""What people do with the steps of a plan: complete, skip, take, hand on, put off, comment, add."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.models import Change
from entregent.organizations.idempotency import once
from entregent.organizations.models import Membership, Team, TeamMember, User
from entregent.processes import course, fields
from entregent.processes.actions.plan import DONE, READY, SKIPPED, Plan, tell
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep, StepComment
from entregent.processes.registry import MOST_ITEMS
from entregent.toolbox.errors import Refusal, Refusals, RightMissing, Stale, required, too_long
from entregent.toolbox.text import one_line

State = ProcessStep.State


def not_current() -> Refusal:
    return Refusal("E-001-STEP", _("Complétez l'étape en cours."))


def paused() -> Refusal:
    return Refusal("E-001-PAUSED", _("Ce plan d'action est en attente. Reprenez-le d'abord."), status=409)


def stale(plan: Plan, step: ProcessStep | ProcessRun) -> Stale:
    """Somebody did something with the step, or with the plan, meanwhile: who, and when."""
    last = (
        Change.objects.filter(organization_id=plan.run.organization_id, table_name=step._meta.db_table,
                              row_id=step.pk)
        .filter(Q(client_id=plan.run.client_id) | Q(client_id=None))
        .order_by("-id").values("user_id", "at").first()
    )  # fmt: skip
    who = User.objects.filter(pk=last["user_id"] or 0).values_list("name", flat=True).first() if last else None
    at = (last["at"] if last else plan.now).astimezone(ZoneInfo(plan.organization.time_zone))
    return Stale(who=who or "Entregent", when=f"{at:%H:%M}", current=step)


def plan_of(step: ProcessStep, *, by: Membership, version: int | None = None) -> tuple[Plan, ProcessStep]:
    """The plan of a step under lock, and the step as it stands. Stale when somebody changed it since `version`."""
    plan = Plan.locked(step.run_id, organization_id=by.organization_id, by=by)
    current = plan.step(step.pk)
    if version is not None and current.version != version:
        raise stale(plan, current)
    return plan, current


def is_theirs(step: ProcessStep, by: Membership) -> bool:
    """Whether a step is somebody's to do: assigned to them, to a team of theirs, or to nobody at all. Whose a step to
    come is, is said when it opens: until then it is nobody's to give away but theirs who lead."""
    if step.assignee_id is not None:
        return step.assignee_id == by.user_id
    if step.team_id is not None:
        return TeamMember.objects.filter(team_id=step.team_id, user_id=by.user_id).exists()
    return step.state != State.COMING


def check_theirs(step: ProcessStep, by: Membership) -> None:
    """Who leads plans does anybody's steps (R001-32)."""
    if not is_theirs(step, by) and not holds(step.run, by, Right.PROCESS_LEAD):
        raise RightMissing


def holds(run: ProcessRun, by: Membership, right: Right) -> bool:
    """Whether somebody has a right on this very plan: a right holds for the clients for whom it was given."""
    if not by.can(right) or run.organization_id != by.organization_id:
        return False
    if by.reach.is_whole(right) and (run.case is None or not run.case.is_confidential):
        return True
    return ProcessRun.objects.visible_to(by, right).filter(pk=run.pk).exists()


def may_do(run: ProcessRun, user_id: int) -> bool:
    """Whether somebody could do a step of this plan: of a case that they do not see it would wait for ever."""
    members = Membership.objects.active().select_related("user", "organization")
    member = members.filter(organization_id=run.organization_id, user_id=user_id).first()
    return member is not None and holds(run, member, Right.PROCESS_RUN)


def check_may_have(run: ProcessRun, user: User | None, team: Team | None) -> None:
    """Refuses to give a step to who is no member any more, or could not do it (E-001-WHO)."""
    if user is not None:
        members = Membership.objects.active().filter(organization_id=run.organization_id, user_id=user.pk)
        if not members.exists():
            raise Refusal("E-001-WHO", _("Cette personne n'est plus membre."), field="assignee")
        if not may_do(run, user.pk):
            raise Refusal("E-001-WHO", _("Cette personne n'a pas accès à ce plan d'action."), field="assignee")
    if team is not None and (team.organization_id != run.organization_id or not team.is_active):
        raise Refusal("E-001-WHO", _("Cette équipe n'existe plus."), field="team")


def check_leads(run: ProcessRun, by: Membership) -> None:
    if not holds(run, by, Right.PROCESS_LEAD):
        raise RightMissing


def check_runs(plan: Plan) -> None:
    if plan.run.state == ProcessRun.State.WAITING:
        raise paused()
    if not plan.run.is_open:
        raise Refusal("E-001-PLAN-OVER", _("Ce plan d'action est terminé."), status=409)


@transaction.atomic
def complete_step(
    step: ProcessStep, *, by: Membership, data: dict[str, Any] | None = None, version: int | None = None
) -> ProcessStep:
    """The step is done, with what was entered; the plan goes on. Done twice by a double click, the first stays.

    Refuses a step whose turn it is not (E-001-STEP), what is missing or wrong field by field, somebody else's step, a
    plan that waits for the client, and what the law forbids.
    """
    plan = Plan.locked(step.run_id, organization_id=by.organization_id, by=by)
    current = plan.step(step.pk)
    check_theirs(current, by)
    if version is not None and current.version != version:
        raise stale(plan, current)
    check_runs(plan)
    if current.state != State.READY or current.kind != ProcessStep.Kind.FORM:
        raise not_current()
    spec = plan.spec(current)
    kept: dict[str, Any] = {}
    if spec is not None:
        ban = course.ban_of(plan.body, spec, plan.run.facts, plan.today)
        if ban is not None:
            raise ban.refusal()
        kept, refusals = fields.clean(spec["form"], data or {})
        if refusals:
            raise Refusals(refusals)
    plan.journal("complete_step", current)
    current.data = {**_made(current), **kept}
    plan.close(current, DONE)
    plan.advance()
    plan.save()
    return current


def _made(step: ProcessStep) -> dict[str, Any]:
    """What stands in the data of a step added by hand: what to do."""
    return {key: value for key, value in step.data.items() if key == "note"} if step.is_ad_hoc else {}


@transaction.atomic
def save_answers(step: ProcessStep, *, by: Membership, data: dict[str, Any], version: int | None = None) -> ProcessStep:
    """Keeps what has been entered so far, without completing the step."""
    plan, current = plan_of(step, by=by, version=version)
    check_theirs(current, by)
    check_runs(plan)
    spec = plan.spec(current)
    if current.state != State.READY or current.kind != ProcessStep.Kind.FORM or spec is None:
        raise not_current()
    kept, refusals = fields.clean(spec["form"], data, partial=True)
    if refusals:
        raise Refusals(refusals)
    plan.journal("save_step", current)
    current.data = kept
    plan.touch(current)
    plan.save(is_quiet=True)
    return current


@transaction.atomic
def skip_step(step: ProcessStep, *, by: Membership, reason: str, version: int | None = None) -> ProcessStep:
    """Goes on without the step, for a reason that is kept. For those who lead plans; what failed is skipped too."""
    plan, current = plan_of(step, by=by, version=version)
    check_leads(plan.run, by)
    reason = one_line(reason or "")
    if not reason:
        raise required("reason", _("Motif"))
    if len(reason) > 250:
        raise too_long("reason", _("Motif"), 250)
    check_runs(plan)
    if current.state not in (State.READY, State.FAILED, State.COMING):
        raise not_current()
    plan.journal("skip_step", current, reason=reason)
    plan.close(current, SKIPPED, why=reason)
    # Somebody decided it: what follows opens all the same, as after a step that was done.
    current.data = {**current.data, course.BY_HAND: True}
    plan.advance()
    plan.save()
    return current


@transaction.atomic
def claim_step(step: ProcessStep, *, by: Membership, version: int | None = None) -> ProcessStep:
    """« Prendre »: the step of a team, or of nobody, is mine. Refuses one that somebody has taken (E-001-TAKEN)."""
    plan, current = plan_of(step, by=by, version=version)
    check_runs(plan)
    if current.assignee_id == by.user_id:
        return current
    if current.assignee_id is not None:
        raise Refusal("E-001-TAKEN", _("Cette étape est déjà prise en charge."), status=409)
    check_theirs(current, by)
    if current.state not in ProcessStep.ACTIVE:
        raise not_current()
    plan.journal("claim_step", current)
    current.assignee_id = by.user_id
    plan.touch(current)
    plan.save(is_quiet=True)
    return current


@transaction.atomic
def reassign_step(
    step: ProcessStep, *, by: Membership, user: User | None = None, team: Team | None = None, version: int | None = None
) -> ProcessStep:
    """Gives a step, also one to come, to somebody else or to a team. One gives away one's own steps; those who lead,
    anybody's. Whoever gets it is told."""
    plan, current = plan_of(step, by=by, version=version)
    check_theirs(current, by)
    check_runs(plan)
    if user is None and team is None:
        raise required("assignee", _("À qui"))
    if current.state not in (*ProcessStep.ACTIVE, State.COMING):
        raise not_current()
    check_may_have(plan.run, user, team)
    plan.journal("reassign_step", current)
    current.assignee, current.team = user, team if team is not None else None
    plan.touch(current)
    plan.save(is_quiet=True)
    if user is not None and current.state in ProcessStep.ACTIVE:
        tell(plan, "step_ready", current, [user.pk])
    return current


@transaction.atomic
def postpone_step(
    step: ProcessStep, *, by: Membership, due_at: datetime, reason: str = "", version: int | None = None
) -> ProcessStep:
    """Another deadline: reminders and what follows lateness move with it."""
    plan, current = plan_of(step, by=by, version=version)
    check_theirs(current, by)
    check_runs(plan)
    if current.state not in (*ProcessStep.ACTIVE, State.COMING):
        raise not_current()
    if due_at < plan.now:
        raise Refusal("E-001-DUE", _("La nouvelle échéance est déjà passée."), field="due_at")
    plan.journal("postpone_step", current, reason=one_line(reason or "")[:250])
    current.due_at = due_at
    plan.touch(current)
    spec = plan.spec(current)
    if spec is not None and current.state in ProcessStep.ACTIVE:
        # Those that wait are counted anew; what was done is not done again.
        timed = [ProcessJob.Kind.REMIND, ProcessJob.Kind.LATE]
        current.jobs.filter(kind__in=timed, state__in=[ProcessJob.State.WAITING, ProcessJob.State.HELD]).delete()
        done = set(current.jobs.filter(kind__in=timed).values_list("kind", "index"))
        plan.time_jobs(current, spec)
        plan.jobs = [job for job in plan.jobs if (job.kind, job.index) not in done]
    plan.save(is_quiet=True)
    return current


@transaction.atomic
def comment_step(step: ProcessStep, *, by: Membership, text: str, idempotency_key: str | None = None) -> StepComment:
    """A note on a step, for the staff. Sent twice with one key, it is one."""
    plan, current = plan_of(step, by=by)
    text = (text or "").replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise required("text", _("Commentaire"))
    if len(text) > 2000:
        raise too_long("text", _("Commentaire"), 2000)
    plan.journal("comment_step", current)

    def make() -> StepComment:
        return StepComment.objects.create(
            organization_id=by.organization_id, step=current, author_id=by.user_id, text=text
        )

    made, _was_repeated = once(by.organization_id, "step_comment", idempotency_key, [current.pk, text], make)
    return StepComment.objects.get(pk=made)


@transaction.atomic
def add_step(
    run: ProcessRun, *, by: Membership, name: str, user: User | None = None, team: Team | None = None,
    due_at: datetime | None = None, note: str = "", idempotency_key: str | None = None,
) -> ProcessStep:  # fmt: skip
    """An ad hoc step in a running plan: to be done now, besides the others. The plan does not end without it. Sent
    twice with one key, it is one."""
    plan = Plan.locked(run, organization_id=by.organization_id, by=by)
    check_runs(plan)
    name = one_line(name or "")
    if not name:
        raise required("name", _("Étape"))
    if len(name) > 200:
        raise too_long("name", _("Étape"), 200)
    check_may_have(plan.run, user, team)

    def make() -> ProcessStep:
        return _add_step(plan, by=by, name=name, user=user, team=team, due_at=due_at, note=note)

    made, _was_repeated = once(by.organization_id, "ad_hoc_step", idempotency_key, [plan.run.pk, name], make)
    return ProcessStep.objects.get(pk=made)


def _add_step(
    plan: Plan, *, by: Membership, name: str, user: User | None, team: Team | None, due_at: datetime | None, note: str
) -> ProcessStep:
    ad_hoc = [step for step in plan.steps if step.is_ad_hoc]
    if len(ad_hoc) >= MOST_ITEMS:
        raise Refusal("E-001-STEPS", _("%(n)s étapes ajoutées au plus par plan.") % {"n": MOST_ITEMS}, field="name")
    plan.journal("add_step", told=name)
    reached = [step.position for step in plan.steps if step.state != State.COMING and not step.is_ad_hoc]
    step = ProcessStep(
        organization_id=by.organization_id,
        run=plan.run,
        client_id=plan.run.client_id,
        key=f"ad_hoc_{len(ad_hoc) + 1}",
        position=max(reached, default=0) + 1 + len(ad_hoc),
        kind=ProcessStep.Kind.FORM,
        state=READY,
        name_fr=name,
        assignee_id=user.pk if user is not None else (None if team is not None else by.user_id),
        team=team,
        ready_at=plan.now,
        due_at=due_at,
        data={"note": note.replace("\x00", "").strip()[:2000]} if note.strip() else {},
        is_ad_hoc=True,
    )
    plan.steps.append(step)
    plan.added.append(step)
    plan.save()
    return step
