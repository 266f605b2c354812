"""What is due: actions, reminders, lateness, the end of waits. Each in a transaction of its own, under its plan's lock.

A job is done with what it does or not at all: killed anywhere, it is done again by the next worker, once. What a
process asks that cannot be (no address, no template) fails at once with a sentence; a fault is tried again, later each
time.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone, translation

from entregent.access.wall import in_organization
from entregent.cases.models import Case
from entregent.organizations.models import Module, Organization
from entregent.processes import course
from entregent.processes.actions.performing import perform, remind
from entregent.processes.actions.plan import DONE, Plan, tell
from entregent.processes.extension_points import run_guards
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep
from entregent.toolbox.errors import NotFound, Refusal, Refusals

logger = logging.getLogger(__name__)

# Minutes before the second, third… try of an action that failed by a fault.
PAUSES = (1, 5, 15, 60)
BATCH = 100
Kind, State = ProcessJob.Kind, ProcessJob.State


def run_due(organization_id: int, *, run_id: int | None = None, most: int = 10_000, pauses=PAUSES) -> int:
    """Does what is due in an organization (or for one plan), oldest first; says how much was done. Another worker may
    be at it too."""
    done, passed = 0, set[int]()
    while done < most:
        with in_organization(organization_id):
            due = list(due_jobs(organization_id, run_id=run_id, passed=passed))
        if not due:
            break
        for job_id, of_run, case_id in due:
            if not _do(organization_id, job_id, of_run, case_id, pauses):
                passed.add(job_id)
            else:
                done += 1
    return done


def due_jobs(organization_id: int, *, run_id: int | None = None, passed: Collection[int] = ()):
    """What is due now, oldest first, as many as one round does: job, its plan, the case of that."""
    of = {} if run_id is None else {"run_id": run_id}
    due = ProcessJob.objects.filter(
        organization_id=organization_id, state=State.WAITING, run_at__lte=timezone.now(), **of
    )
    return (
        due.exclude(pk__in=passed).order_by("run_at", "pk").values_list("pk", "run_id", "run__case_id")[:BATCH]
    )  # fmt: skip


def organizations_with_plans() -> list[int]:
    return list(
        Organization.objects.filter(modules__contains=[Module.CASEWORK]).order_by("pk").values_list("pk", flat=True)
    )


def _do(organization_id: int, job_id: int, run_id: int, case_id: int | None, pauses) -> bool:
    """One job; False when there was nothing to do, or nobody can just now."""
    try:
        with in_organization(organization_id):
            # The case first, then the plan: as whoever closes a case does.
            if case_id is not None:
                list(Case.objects.select_for_update(no_key=True).filter(pk=case_id).values_list("pk"))
            plan = Plan.locked(run_id, organization_id=organization_id)
            plan.wakes = False
            job = ProcessJob.objects.select_for_update(no_key=True).filter(pk=job_id, state=State.WAITING).first()
            if job is None or job.run_at > plan.now or plan.run.state in (
                ProcessRun.State.WAITING, ProcessRun.State.DONE, ProcessRun.State.ABANDONED,
            ):  # fmt: skip
                return False
            if any(guard(plan.run) for guard in run_guards):
                return True
            step = plan.step(job.step_id)
            with translation.override(plan.organization.language):
                _do_locked(plan, step, job, pauses)
            return True
    except NotFound:
        _cancel(organization_id, job_id)
        return False


def _cancel(organization_id: int, job_id: int) -> None:
    """Of a plan whose case was deleted: nothing is done for it any more."""
    with in_organization(organization_id):
        ProcessJob.objects.filter(pk=job_id, state=State.WAITING).update(state=State.CANCELLED)


def _do_locked(plan: Plan, step: ProcessStep, job: ProcessJob, pauses) -> None:
    try:
        with transaction.atomic():
            _work(plan, step, job)
            job.state, job.done_at, job.error = State.DONE, plan.now, ""
            job.save(update_fields=["state", "done_at", "error", "run_at"])
    except (OperationalError, InterfaceError):
        raise
    except (Refusal, Refusals) as refused:
        _failed(plan.run.pk, plan.organization.pk, job, _sentence(refused), tries=len(pauses) + 1, pauses=pauses)
    except Exception as fault:
        logger.exception("job %s of plan %s failed", job.pk, plan.run.pk)
        _failed(plan.run.pk, plan.organization.pk, job, type(fault).__name__, tries=job.tries + 1, pauses=pauses)


def _sentence(refused: Refusal | Refusals) -> str:
    refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
    return " ".join(str(one.message) for one in refusals)[:500]


def _failed(run_id: int, organization_id: int, job: ProcessJob, error: str, *, tries: int, pauses) -> None:
    """What was half done is undone already; the plan is read anew."""
    plan = Plan.locked(run_id, organization_id=organization_id)
    step = plan.step(job.step_id)
    job.tries, job.error = tries, error
    if tries <= len(pauses):
        job.state, job.run_at = State.WAITING, plan.now + timedelta(minutes=pauses[tries - 1])
        job.save(update_fields=["state", "tries", "error", "run_at"])
        return
    job.state = State.FAILED
    job.save(update_fields=["state", "tries", "error"])
    if job.kind in (Kind.REMIND, Kind.LATE):
        return  # The step itself goes on: nobody could be told, that is all.
    plan.journal("process_action", step, error=error)
    step.state = ProcessStep.State.FAILED
    step.data = {**step.data, "error": error}
    plan.touch(step)
    plan._state_of_run()
    plan.save(is_quiet=True)
    users = {plan.run.started_by_id, plan.run.case.responsible_id if plan.run.case is not None else None}
    tell(plan, "step_failed", step, [user for user in users if user is not None], text=error)


def _work(plan: Plan, step: ProcessStep, job: ProcessJob) -> None:
    if step.state != ProcessStep.State.READY:
        return
    spec = plan.spec(step)
    if spec is None:
        return
    if job.kind == Kind.ACTION:
        _act(plan, step, spec, job)
    elif job.kind == Kind.WAIT:
        plan.journal("process_action", step)
        if spec.get("wait", {}).get("event"):
            step.data = {**step.data, "timed_out": True}
        plan.close(step, DONE)
        plan.advance()
        plan.save()
    else:
        entries = spec["remind"] if job.kind == Kind.REMIND else spec["late"]
        # A process that was migrated may say less than it did.
        if job.index < len(entries):
            _tell_or_do(plan, step, entries[job.index], job)


def _tell_or_do(plan: Plan, step: ProcessStep, entry: Mapping[str, Any], job: ProcessJob) -> None:
    plan.journal("process_action", step)
    if not entry.get("do"):
        remind(plan, step)
    for index, action in enumerate(entry.get("do") or []):
        ((name, params),) = action.items()
        perform(name, plan, step, params or {}, f"{job.kind}:{job.index}:{index}")
    if plan.changed:
        plan.save(is_quiet=True)


def _act(plan: Plan, step: ProcessStep, spec: Mapping[str, Any], job: ProcessJob) -> None:
    """One action of the step; then the next one in a transaction of its own, or the step is done."""
    actions = spec.get("do") or []
    ban = course.ban_of(plan.body, spec, plan.run.facts, plan.today)
    if ban is not None:
        raise ban.refusal()
    plan.journal("process_action", step, index=job.index)
    if job.index < len(actions):
        ((name, params),) = actions[job.index].items()
        made = perform(name, plan, step, params or {}, f"{job.kind}:{job.index}:0")
        # Ten letters of one step stand beside each other.
        step.data = {**step.data, "made": [*step.data.get("made", []), {"action": name, **made}]}
        plan.touch(step)
    go_on(plan, step, spec, job.index)


def go_on(plan: Plan, step: ProcessStep, spec: Mapping[str, Any], index: int) -> None:
    """After an action of the step: the next one is due, or the step is done."""
    if index + 1 < len(spec.get("do") or []):
        plan.job(step, Kind.ACTION, index + 1, plan.now)
        plan.save()
        return
    step.data.pop("error", None)
    plan.close(step, DONE)
    plan.advance()
    plan.save()
