"""Running plans go over to the live version of their process: previewed, explicit, in a job, each in its own lock.

What is settled stays as it is, what is being done keeps its assignee and its deadline. A plan is refused whose active
step the new version no longer has, or has as another kind: nobody's work is dropped. So is one whose product is in the
midst of the actions of a step that the new version gives others: none of them is done twice or left out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.jobs.actions import start_job
from entregent.organizations.models import Membership
from entregent.processes import course
from entregent.processes.actions.launching import PUBLISHED, coming_step, published
from entregent.processes.actions.plan import COMING, SKIPPED, Plan, body_of
from entregent.processes.definitions import kind_of, names_of, step_of
from entregent.processes.models import ProcessDefinition, ProcessJob, ProcessRun, ProcessStep

KIND = "processes.migrate"
AT_ONCE = 200


@dataclass
class Preview:
    """What a migration would do: plans by where they stand, and those that it refuses."""

    total: int = 0
    movable: int = 0
    # (name of the active step, number of plans) of those that would be refused.
    refused: list[tuple[str, int]] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    by_version: list[tuple[int, int]] = field(default_factory=list)


def preview_migration(definition: ProcessDefinition, *, by: Membership) -> Preview:
    """Before it is asked for: how many plans run on older versions, what changes, which would stay."""
    live = definition.live
    preview = Preview()
    if live is None:
        return preview
    runs = outdated(definition, by)
    preview.by_version = sorted(Counter(runs.values_list("process_version__number", flat=True)).items())
    preview.total = sum(number for _version, number in preview.by_version)
    new = body_of(live)
    there = {step["key"]: kind_of(step) for step in new["steps"]}
    bodies = {one.pk: body_of(one) for one in definition.versions.filter(pk__in=runs.values("process_version_id"))}
    active = ProcessStep.objects.filter(run__in=runs, state__in=ProcessStep.ACTIVE, is_ad_hoc=False)
    begun = _begun(active)
    rows = active.order_by().values_list("pk", "run_id", "run__process_version_id", "key", "kind", "name_fr")
    held: dict[int, str] = {}
    for step_id, run_id, version_id, key, kind, name_fr in rows.iterator():
        if there.get(key) != kind or (step_id in begun and _acts(bodies[version_id], key) != _acts(new, key)):
            held[run_id] = name_fr
    preview.refused = sorted(Counter(held.values()).items())
    preview.movable = preview.total - len(held)
    names = names_of(new)
    before: dict[str, str] = {}
    for body in bodies.values():
        before |= names_of(body)
    preview.added = [name for key, name in names.items() if key not in before]
    preview.removed = [name for key, name in before.items() if key not in names]
    return preview


def _begun(steps) -> set[int]:
    """Of these steps those of which the product has done an action and not all of them."""
    acting = steps.filter(kind=ProcessStep.Kind.DO, jobs__kind=ProcessJob.Kind.ACTION, jobs__index__gt=0)
    return set(acting.order_by().values_list("pk", flat=True))


def _acts(body: Mapping[str, Any], key: str) -> Any:
    spec = step_of(body, key)
    return spec.get("do") if spec is not None else None


def outdated(definition: ProcessDefinition, by: Membership):
    """The open plans of a process that run on another version than the live one, of those that `by` leads."""
    return (
        ProcessRun.objects.visible_to(by, Right.PROCESS_LEAD)
        .filter(definition=definition, organization_id=definition.organization_id, state__in=ProcessRun.OPEN)
        .exclude(process_version_id=definition.live_id)
    )


def migrate_runs(definition: ProcessDefinition, *, by: Membership):
    """Starts the job that takes them over. Its result says how many went and which stayed."""
    return start_job(
        by=by,
        kind=KIND,
        label=_("Migration des plans « %(name)s »") % {"name": definition.name},
        data={"definition": definition.pk, "to": definition.live_id},
        total=outdated(definition, by).count(),
    )


def migrate_chunk(definition_id: int, to: int, *, by: Membership, after: int) -> tuple[int, int, int]:
    """The next plans after the id `after`: (last id, how many went, how many stayed). 0 as last id: none was left."""
    definition = ProcessDefinition.objects.select_related("live").get(pk=definition_id)
    if definition.live_id != to:
        return 0, 0, 0  # Another version has gone live since: nobody asked for that one.
    ids = list(outdated(definition, by).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    went = sum(migrate_run(run_id, to=definition, by=by) for run_id in ids)
    return (ids[-1] if ids else 0), went, len(ids) - went


@transaction.atomic
def migrate_run(run_id: int, *, to: ProcessDefinition, by: Membership) -> bool:
    """One plan; False when it stays where it is."""
    plan = Plan.locked(run_id, organization_id=to.organization_id, by=by)
    version = to.live
    if not plan.run.is_open or version is None or plan.run.process_version_id == version.pk:
        return False
    new = body_of(version)
    there = {step["key"]: kind_of(step) for step in new["steps"]}
    begun = _begun(ProcessStep.objects.filter(run=plan.run, state__in=ProcessStep.ACTIVE))
    for step in plan.current.values():
        if step.state not in ProcessStep.ACTIVE or step.is_ad_hoc:
            continue
        if there.get(step.key) != step.kind:
            return False
        if step.pk in begun and _acts(plan.body, step.key) != _acts(new, step.key):
            return False
    plan.journal("migrate_plans", version=version.number)
    plan.run.process_version, plan.body = version, new
    _take_over(plan, new)
    plan.advance()
    plan.save()
    return True


def _take_over(plan: Plan, new: dict[str, Any]) -> None:
    current = plan.current
    gone = [step for step in current.values() if not step.is_ad_hoc and step_of(new, step.key) is None]
    for step in gone:
        if step.state == COMING:
            ProcessStep.objects.filter(pk=step.pk).delete()
            plan.steps.remove(step)
            plan.changed.pop(step.pk, None)
    followers: dict[str, set[str]] = {}
    for spec in new["steps"]:
        for before in spec["after"]:
            followers.setdefault(before, set()).add(spec["key"])
    moved = []
    for place, spec in enumerate(new["steps"], start=1):
        known = current.get(spec["key"])
        if known is None:
            step = coming_step(plan.run, spec, place)
            plan.steps.append(step)
            plan.added.append(step)
            # What comes after it has begun already: it came too late for this plan.
            if any(key in current and current[key].state != COMING for key in followers.get(spec["key"], ())):
                step.state, step.done_at, step.why_skipped = SKIPPED, plan.now, _("ajoutée après coup au processus")
            continue
        shown = published(spec)
        if known.position != place * 100 or any(getattr(known, name) != told for name, told in shown.items()):
            known.position = place * 100
            for name, told in shown.items():
                setattr(known, name, told)
            moved.append(known)
        if known.state == COMING:
            _renew(known, spec, plan, moved)
        elif known.state in ProcessStep.ACTIVE:
            _renew_times(plan, known, spec)
    if moved:
        ProcessStep.objects.bulk_update(moved, ["position", "kind", "name_fr", "name_en", "due_at", *PUBLISHED])


def _renew(step: ProcessStep, spec: dict[str, Any], plan: Plan, moved: list[ProcessStep]) -> None:
    """A step to come is as the new version says."""
    step.kind = kind_of(spec)
    step.name_fr = spec["name"].get("fr") or spec["name"].get("en") or spec["key"]
    step.name_en = spec["name"].get("en") or ""
    step.due_at = course.due_at(spec, plan.calendar, None, plan.values())
    if step not in moved:
        moved.append(step)


def _renew_times(plan: Plan, step: ProcessStep, spec: dict[str, Any]) -> None:
    """The deadline stays; what is done about it is what the new version says, but for what was done already."""
    timed = [ProcessJob.Kind.REMIND, ProcessJob.Kind.LATE]
    step.jobs.filter(kind__in=timed, state__in=[ProcessJob.State.WAITING, ProcessJob.State.HELD]).delete()
    done = set(step.jobs.filter(kind__in=timed).values_list("kind", "index"))
    before = len(plan.jobs)
    plan.time_jobs(step, spec)
    plan.jobs[before:] = [job for job in plan.jobs[before:] if (job.kind, job.index) not in done]


RIGHT = Right.PROCESS_LEAD
