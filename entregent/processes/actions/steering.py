"""What people do with a plan as a whole: send back, hold and resume, abandon, try again."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.models import Case
from entregent.organizations.models import Membership
from entregent.processes.actions.launching import coming_step
from entregent.processes.actions.plan import READY, Plan, wake
from entregent.processes.actions.working import check_leads, check_runs, check_theirs, not_current, plan_of, stale
from entregent.processes.course import BY_HAND
from entregent.processes.definitions import ancestors
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep
from entregent.toolbox.errors import NotFound, Refusal, required, too_long
from entregent.toolbox.text import one_line

State = ProcessStep.State


def _reason(text: str) -> str:
    text = one_line(text or "")
    if not text:
        raise required("reason", _("Motif"))
    if len(text) > 200:
        raise too_long("reason", _("Motif"), 200)
    return text


@transaction.atomic
def send_back(run: ProcessRun, to_key: str, *, by: Membership, reason: str, version: int | None = None) -> ProcessStep:
    """« Renvoyer »: the step is to be done again, and all that depends on it after it. The old rows are kept, what was
    entered stands in the new ones as a proposal. A plan that is over goes on; one that was abandoned does not."""
    # The case first, as whoever closes it does: it is not closed while its plan is taken up again.
    case_id = ProcessRun.objects.filter(pk=run.pk).values_list("case_id", flat=True).first()
    if case_id is not None:
        list(Case.objects.select_for_update(no_key=True).filter(pk=case_id).values_list("pk"))
    plan = _locked(run, by=by, version=version)
    check_leads(plan.run, by)
    reason = _reason(reason)
    target = plan.current.get(to_key)
    spec = plan.spec(target) if target is not None else None
    if target is None or spec is None:
        raise NotFound
    if plan.run.state == ProcessRun.State.WAITING:
        check_runs(plan)
    if plan.run.state == ProcessRun.State.ABANDONED:
        raise Refusal("E-001-PLAN-OVER", _("Ce plan d'action est abandonné."), status=409)
    if target.state not in (State.DONE, State.SKIPPED, State.FAILED):
        raise Refusal("E-001-STEP", _("Cette étape n'est pas encore faite."))
    if plan.run.state == ProcessRun.State.DONE:
        _refuse_closed(plan.run)
        plan.run.state, plan.run.ended_at, plan.run.why_ended = ProcessRun.State.RUNNING, None, ""
    plan.journal("send_back_plan", target, reason=reason)
    before = ancestors(plan.body)
    again = [
        step for key, step in plan.current.items()
        if not step.is_ad_hoc and (key == to_key or to_key in before.get(key, ())) and step.state != State.COMING
    ]  # fmt: skip
    for old in again:
        old_spec = plan.spec(old)
        if old_spec is None:
            continue
        was_active = old.state in ProcessStep.ACTIVE
        old.state, old.wait_key, old.why_skipped = State.SENT_BACK, "", old.why_skipped or reason[:300]
        plan.closed.append(old.pk)
        plan.touch(old)
        new = coming_step(plan.run, old_spec, old.position // 100, attempt=old.attempt + 1)
        new.position = old.position
        if old.kind == ProcessStep.Kind.FORM:
            new.data = {key: value for key, value in old.data.items() if key != BY_HAND}
        if old.key == to_key or was_active:
            new.assignee_id, new.team_id = old.assignee_id, old.team_id
        plan.steps.append(new)
        plan.added.append(new)
    plan.advance()
    opened = plan.current[to_key]
    if opened.state != READY:
        # Its condition no longer holds: whoever sends back wants it done all the same.
        plan.open(opened)
        opened.why_skipped, opened.done_at = "", None
        _reopen_after(plan, to_key)
    plan.save()
    return opened


def _reopen_after(plan: Plan, key: str) -> None:
    """What was worked out as if the step were skipped waits for it again."""
    before = ancestors(plan.body)
    for other, step in plan.current.items():
        if key in before.get(other, ()) and step in plan.added:
            step.state, step.ready_at, step.done_at, step.due_at, step.why_skipped = State.COMING, None, None, None, ""
    plan.jobs = [job for job in plan.jobs if job.step.state == READY]
    plan.run.state, plan.run.ended_at = ProcessRun.State.RUNNING, None


def _refuse_closed(run: ProcessRun) -> None:
    if run.case is not None and run.case.is_closed:
        raise Refusal("E-001-CASE-CLOSED", _("Ce dossier est clos. Rouvrez-le d'abord."), status=409)
    running = ProcessRun.objects.filter(definition_id=run.definition_id, state__in=ProcessRun.OPEN).exclude(pk=run.pk)
    of = {"case_id": run.case_id} if run.case_id else {"case": None, "interaction_id": run.interaction_id}
    same_key = ProcessRun.objects.filter(
        organization_id=run.organization_id, start_key=run.start_key, state__in=ProcessRun.OPEN
    ).exclude(pk=run.pk)
    if running.filter(**of).exists() or (run.start_key and same_key.exists()):
        raise Refusal("E-001-PROCESS-DUP", _("Ce processus est déjà en cours sur ce dossier."), status=409)


def _locked(run: ProcessRun, *, by: Membership | None, version: int | None = None) -> Plan:
    """The plan under lock. Stale when something happened in it since `version`."""
    plan = Plan.locked(run, organization_id=run.organization_id if by is None else by.organization_id, by=by)
    if version is not None and plan.run.version != version:
        raise stale(plan, plan.run)
    return plan


@transaction.atomic
def pause_run(run: ProcessRun, *, by: Membership | None, reason: str = "", version: int | None = None) -> ProcessRun:
    """The plan waits for the client: its clocks stand until it is resumed. One that waits already stays as it is."""
    plan = Plan.locked(run, organization_id=run.organization_id, by=by)
    if plan.run.state == ProcessRun.State.WAITING:
        return plan.run
    if version is not None and plan.run.version != version:
        raise stale(plan, plan.run)
    check_runs(plan)
    plan.journal("pause_plan", reason=one_line(reason)[:200])
    plan.run.state, plan.run.paused_at = ProcessRun.State.WAITING, plan.now
    plan.run.jobs.filter(state=ProcessJob.State.WAITING).update(state=ProcessJob.State.HELD)
    plan.save(is_quiet=True)
    _follow(plan)
    return plan.run


@transaction.atomic
def resume_run(run: ProcessRun, *, by: Membership | None, version: int | None = None) -> ProcessRun:
    """The plan goes on: every deadline that was running is as much later as it stood still."""
    plan = Plan.locked(run, organization_id=run.organization_id, by=by)
    if plan.run.state != ProcessRun.State.WAITING or plan.run.paused_at is None:
        return plan.run
    if version is not None and plan.run.version != version:
        raise stale(plan, plan.run)
    plan.journal("resume_plan")
    stood = plan.now - plan.run.paused_at
    plan.run.state, plan.run.paused_at = ProcessRun.State.RUNNING, None
    for step in plan.current.values():
        # A deadline counted from a day that was given does not move with the clock.
        spec = plan.spec(step)
        is_dated = spec is not None and bool((spec["due"] or {}).get("from"))
        if step.state in ProcessStep.ACTIVE and step.due_at is not None and not is_dated:
            step.due_at += stood
            plan.touch(step)
    dated = [
        step.pk for step in plan.current.values()
        if (spec := plan.spec(step)) is not None and (spec["due"] or {}).get("from")
    ]  # fmt: skip
    held = plan.run.jobs.filter(state=ProcessJob.State.HELD)
    of_days = [ProcessJob.Kind.REMIND, ProcessJob.Kind.LATE]
    held.filter(step_id__in=dated, kind__in=of_days).update(state=ProcessJob.State.WAITING)
    plan.run.jobs.filter(state=ProcessJob.State.HELD).update(state=ProcessJob.State.WAITING, run_at=F("run_at") + stood)
    plan._state_of_run()
    plan.save(is_quiet=True)
    _wake(plan)
    _follow(plan)
    return plan.run


def _follow(plan: Plan) -> None:
    """What was promised for the case waits with its plan."""
    if plan.run.case is not None:
        follow_clocks(plan.run.case)


def _wake(plan: Plan) -> None:
    if plan.run.jobs.filter(state=ProcessJob.State.WAITING, run_at__lte=plan.now).exists():
        wake(plan.run.organization_id, plan.run.pk)


@transaction.atomic
def abandon_run(run: ProcessRun, *, by: Membership | None, reason: str, version: int | None = None) -> ProcessRun:
    """The plan ends here, for a reason; what it has done stays done. One that is over stays as it is."""
    if by is not None:
        check_leads_or_started(run, by)
    reason = _reason(reason)
    plan = Plan.locked(run, organization_id=run.organization_id, by=by)
    if not plan.run.is_open:
        return plan.run
    if version is not None and plan.run.version != version:
        raise stale(plan, plan.run)
    plan.journal("abandon_plan", reason=reason)
    _end(plan, reason)
    return plan.run


def check_leads_or_started(run: ProcessRun, by: Membership) -> None:
    """Whoever launched a plan may also abandon it."""
    if run.started_by_id != by.user_id:
        check_leads(run, by)


def abandon_of_case(case: Case, *, by: Membership | None, reason: str, but: Sequence[int] = ()) -> None:
    """What still runs on a case that is closed or deleted. `but`: the plan that closes it itself."""
    for run in ProcessRun.objects.filter(case=case, state__in=ProcessRun.OPEN).exclude(pk__in=but).order_by("pk"):
        _abandon_quietly(run, by=by, reason=reason or _("Dossier clos"))


def _abandon_quietly(run: ProcessRun, *, by: Any, reason: str) -> None:
    plan = Plan.locked(run, organization_id=run.organization_id, by=by)
    if plan.run.is_open:
        plan.journal("abandon_plan", reason=reason[:200])
        _end(plan, reason)


def _end(plan: Plan, reason: str) -> None:
    for step in plan.current.values():
        if step.state in (*ProcessStep.ACTIVE, State.COMING):
            plan.close(step, State.SKIPPED, why=reason)
    plan.run.state, plan.run.ended_at, plan.run.paused_at = ProcessRun.State.ABANDONED, plan.now, None
    plan.run.why_ended, plan.is_run_changed = reason[:200], True
    plan.save(is_quiet=True)
    _follow(plan)


@transaction.atomic
def retry_step(step: ProcessStep, *, by: Membership, version: int | None = None) -> ProcessStep:
    """« Réessayer »: what failed is tried again, from where it stands."""
    plan, current = plan_of(step, by=by, version=version)
    check_theirs(current, by)
    if current.state != State.FAILED:
        raise not_current()
    if plan.run.state == ProcessRun.State.WAITING:
        check_runs(plan)
    plan.journal("retry_step", current)
    current.state = READY
    current.data = {key: value for key, value in current.data.items() if key != "error"}
    plan.touch(current)
    current.jobs.filter(state=ProcessJob.State.FAILED).update(
        state=ProcessJob.State.WAITING, tries=0, error="", run_at=plan.now
    )
    plan._state_of_run()
    plan.save(is_quiet=True)
    _wake(plan)
    return current
