"""A plan at hand: its run under lock, its steps, and what opens, closes and is to be done as it goes on.

Lock order: the run first, then whatever hangs on it. Everything here is collected in memory and written by `save`, in a
few statements whatever the number of steps that change.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone, translation

from entregent.access.recall import recalled
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.notifications.actions import notify
from entregent.organizations.calendars import calendar_of
from entregent.organizations.models import Membership, Organization, Team, User
from entregent.processes import course
from entregent.processes.addresses import plan_url
from entregent.processes.conditions import canonical
from entregent.processes.course import COMING, DONE, READY, SKIPPED
from entregent.processes.definitions import RECORD_FIELDS, RESPONSIBLE, STARTER, kind_of, step_of
from entregent.processes.events import wait_key
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep, ProcessVersion
from entregent.processes.registry import TEAM_LEAD
from entregent.toolbox.errors import NotFound
from entregent.toolbox.queue import ask

STEP_COLUMNS = {
    "state": "text", "assignee_id": "bigint", "team_id": "bigint", "ready_at": "timestamptz", "due_at": "timestamptz",
    "done_at": "timestamptz", "done_by_id": "bigint", "data": "jsonb", "why_skipped": "text", "wait_key": "text",
    "version": "integer",
}  # fmt: skip
# One prepared statement, however many steps have changed.
_WRITE_STEPS = (
    f"UPDATE processes_processstep s SET {', '.join(f'{name} = d.{name}' for name in STEP_COLUMNS)} "  # noqa: S608
    f"FROM jsonb_to_recordset(%s::jsonb) AS d (id bigint, {', '.join(map(' '.join, STEP_COLUMNS.items()))}) "
    "WHERE s.id = d.id RETURNING s.id"
)
RUN_FIELDS = ["state", "ended_at", "paused_at", "why_ended", "facts", "process_version", "version"]
CLOSED_JOBS = (ProcessJob.State.WAITING, ProcessJob.State.HELD, ProcessJob.State.FAILED)


@lru_cache(maxsize=512)
def _body(version_id: int, sha256: str) -> dict[str, Any]:
    return ProcessVersion.objects.values_list("body", flat=True).get(pk=version_id)


def body_of(version: ProcessVersion) -> dict[str, Any]:
    """The body of a version that has been live: it never changes, so it is read once. Nobody may write into it."""
    return _body(version.pk, version.sha256)


@recalled
def _run_locked(_member, run_id: int, organization_id: int):
    return (
        ProcessRun.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "definition", "process_version", "client", "case__case_type")
        .defer("process_version__body")
        .filter(pk=run_id, organization_id=organization_id)
    )


@recalled
def _steps_of(_member, run_id: int):
    return ProcessStep.objects.filter(run_id=run_id).select_related("team").order_by("position", "attempt")


def write_steps(steps: Iterable[ProcessStep]) -> None:
    """Writes what may change in steps that stand already."""
    rows = [{name: getattr(step, name) for name in ("id", *STEP_COLUMNS)} for step in steps]
    rows_of(_WRITE_STEPS, [json.dumps(rows, default=datetime.isoformat)])


class Doers:
    """Who does what a process says, in an organization: looked up once for however many plans."""

    def __init__(self, organization: Organization):
        self.organization = organization
        self._teams: dict[str, Team] | None = None
        self._users: dict[str, int | None] = {}

    def team(self, code: str) -> Team | None:
        if self._teams is None:
            teams = Team.objects.filter(organization_id=self.organization.pk, is_active=True)
            self._teams = {team.code: team for team in teams}
        return self._teams.get(code)

    def user(self, email: str) -> int | None:
        email = email.casefold()
        if email not in self._users:
            members = Membership.objects.active().filter(
                organization_id=self.organization.pk, user__email__iexact=email
            )
            self._users[email] = members.values_list("user_id", flat=True).first()
        return self._users[email]

    def of(self, who: str, run: ProcessRun) -> tuple[int | None, int | None]:
        """(user, team) by their ids. A responsible who is not there is the team of the case, else who launched it."""
        if who == RESPONSIBLE:
            case = run.case
            if case is not None and (case.responsible_id or case.team_id):
                return case.responsible_id, None if case.responsible_id else case.team_id
            return run.client.responsible_id or run.started_by_id, None
        if who == STARTER:
            return run.started_by_id, None
        if "@" in who:
            return self.user(who), None
        team = self.team(who) if who else None
        return None, team.pk if team is not None else None

    def users_of(self, who: str, run: ProcessRun, step: ProcessStep) -> list[int]:
        """Whom to tell: a person, the head of the step's team, or everybody in a team. Without `who`: who does it."""
        if who == TEAM_LEAD:
            lead = step.team.lead_id if step.team is not None else None
            if lead is None and step.assignee_id is not None:
                lead = (
                    Team.objects.filter(
                        organization_id=run.organization_id, is_active=True, members__user_id=step.assignee_id,
                        lead__isnull=False,
                    )
                    .values_list("lead_id", flat=True).first()
                )  # fmt: skip
            if lead is None and run.case is not None:
                lead = run.case.responsible_id
            return [lead] if lead is not None else []
        user, team = self.of(who, run) if who else (step.assignee_id, step.team_id)
        if user is not None:
            return [user]
        if team is None:
            return []
        return list(
            Membership.objects.active()
            .filter(organization_id=run.organization_id, user_id__in=_members_of(team))
            .values_list("user_id", flat=True)
        )


def _members_of(team_id: int):
    return Team.objects.filter(pk=team_id).values("members__user_id")


class Plan:
    """A run with its steps. What changes is written by `save`."""

    def __init__(
        self, run: ProcessRun, steps: Iterable[ProcessStep], body: Mapping[str, Any], *, doers: Doers | None = None,
        by: Membership | None = None, now: datetime | None = None,
    ):  # fmt: skip
        self.run = run
        self.steps = list(steps)
        self.body = body
        self.organization = run.organization
        self.calendar = calendar_of(self.organization)
        self.doers = doers or Doers(self.organization)
        self.by = by
        self.now = now or timezone.now()
        self.changed: dict[int, ProcessStep] = {}
        self.added: list[ProcessStep] = []
        self.jobs: list[ProcessJob] = []
        self.closed: list[int] = []
        self.is_run_changed = False
        # Whoever works off what is due finds by itself what that has made due.
        self.wakes = True

    @classmethod
    def locked(cls, run: ProcessRun | int, *, organization_id: int, by: Membership | None = None) -> "Plan":
        """The plan as it stands, until the end of the transaction. NotFound when it is gone."""
        rows = _run_locked(None, getattr(run, "pk", run), organization_id)
        found = rows[0] if rows else None
        if found is None or (found.case is not None and found.case.deleted_at is not None):
            raise NotFound
        steps = _steps_of(None, found.pk)
        for step in steps:
            step.run = found
        return cls(found, steps, body_of(found.process_version), by=by)

    # ——— What stands ———

    @property
    def current(self) -> dict[str, ProcessStep]:
        """The last attempt at each step."""
        return {step.key: step for step in self.steps if step.state != ProcessStep.State.SENT_BACK}

    def step(self, step_id: int) -> ProcessStep:
        for step in self.steps:
            if step.pk == step_id:
                return step
        raise NotFound

    def spec(self, step: ProcessStep) -> dict[str, Any] | None:
        """What the process says of a step; None of one that was added by hand or is no longer in the version."""
        return None if step.is_ad_hoc else step_of(self.body, step.key)

    @property
    def today(self):
        return self.now.astimezone(ZoneInfo(self.organization.time_zone)).date()

    def values(self) -> dict[str, Any]:
        steps = {key: (step.state, step.data) for key, step in self.current.items()}
        return course.values_of(self.body, self.run.facts, steps, record_values(self.run))

    # ——— What happens ———

    def touch(self, step: ProcessStep) -> None:
        step.version += 1
        if step.pk is not None:
            self.changed[step.pk] = step

    def close(self, step: ProcessStep, state: str, *, why: str = "") -> None:
        """Done or skipped: what was to be done for it is not done any more."""
        step.state, step.done_at, step.why_skipped, step.wait_key = state, self.now, why[:300], ""
        step.done_by_id = self.by.user_id if self.by is not None else None
        if step.pk is not None:
            self.closed.append(step.pk)
        self.touch(step)

    def advance(self) -> None:
        """Opens and skips what is to be, and ends the plan when nothing is left."""
        current = self.current
        steps = {key: (step.state, step.data) for key, step in current.items()}
        with translation.override(self.organization.language):
            changes = course.settle(self.body, steps, self.run.facts, record_values(self.run), self.today)
        for change in changes:
            step = current[change.key]
            if change.state == READY:
                self.open(step)
            else:
                self.close(step, SKIPPED, why=change.why)
                step.done_by_id = None
        self._tell_days()
        self._state_of_run()

    def _state_of_run(self) -> None:
        run, states = self.run, {step.key: step.state for step in self.current.values()}
        if run.state not in ProcessRun.OPEN:
            return
        if course.is_over(states):
            run.state, run.ended_at, run.paused_at = ProcessRun.State.DONE, self.now, None
            self.is_run_changed = True
        elif run.state != ProcessRun.State.WAITING:
            failed = ProcessStep.State.FAILED in states.values()
            state = ProcessRun.State.FAILED if failed else ProcessRun.State.RUNNING
            if run.state != state:
                run.state, self.is_run_changed = state, True

    def _tell_days(self) -> None:
        """Steps to come whose deadline is counted from a day: it is known now, or it has changed."""
        dated = [step for step in self.body["steps"] if (step["due"] or {}).get("from")]
        if not dated:
            return
        values, current = self.values(), self.current
        for spec in dated:
            step = current.get(spec["key"])
            if step is not None and step.state == COMING:
                due = course.due_at(spec, self.calendar, None, values)
                if due != step.due_at:
                    step.due_at = due
                    self.touch(step)

    def open(self, step: ProcessStep) -> None:
        """The step is to be done now: whose it is, when it is due, what the product does about it."""
        spec = self.spec(step)
        step.state, step.ready_at = READY, self.now
        self.touch(step)
        if spec is None:
            return
        values = self.values() if spec["due"] or spec.get("wait") else {}
        if step.assignee_id is None and step.team_id is None:
            step.assignee_id, step.team_id = self.doers.of(spec["who"], self.run)
        step.due_at = course.due_at(spec, self.calendar, self.now, values) if spec["due"] else step.due_at
        self.time_jobs(step, spec)
        kind = kind_of(spec)
        if kind == "do":
            self.job(step, ProcessJob.Kind.ACTION, 0, self.now)
        elif kind == "wait":
            step.wait_key = self._wait_key(spec, values)
            ends = course.wait_ends_at(spec, self.calendar, self.now, values)
            if ends is not None:
                self.job(step, ProcessJob.Kind.WAIT, 0, ends)

    def _wait_key(self, spec: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        wait = spec["wait"]
        if not wait.get("event"):
            return ""
        match = {field: values.get(canonical(path)) for field, path in (wait.get("match") or {}).items()}
        return wait_key(wait["event"], owner_of(self.run), match)

    def time_jobs(self, step: ProcessStep, spec: Mapping[str, Any]) -> None:
        """Reminders before the step is due and what follows when it is late."""
        if step.due_at is None:
            return
        for index, entry in enumerate(spec["remind"]):
            at = course.reminder_at(entry, self.calendar, step.due_at)
            if at > self.now:
                self.job(step, ProcessJob.Kind.REMIND, index, at)
        for index, entry in enumerate(spec["late"]):
            self.job(step, ProcessJob.Kind.LATE, index, course.late_at(entry, self.calendar, step.due_at))

    def job(self, step: ProcessStep, kind: str, index: int, at: datetime) -> None:
        state = ProcessJob.State.HELD if self.run.state == ProcessRun.State.WAITING else ProcessJob.State.WAITING
        self.jobs.append(
            ProcessJob(organization_id=self.run.organization_id, run=self.run, step=step, kind=kind, index=index,
                       run_at=at, state=state)
        )  # fmt: skip

    # ——— What is written ———

    def save(self, *, is_quiet: bool = False) -> None:
        """Writes what has changed and wakes the worker for what is to be done now. `is_quiet` tells nobody."""
        if self.added:
            ProcessStep.objects.bulk_create(self.added)
        changed = [step for step in self.changed.values() if step not in self.added]
        if changed:
            write_steps(changed)
        if self.closed:
            ProcessJob.objects.filter(run=self.run, step_id__in=self.closed, state__in=CLOSED_JOBS).update(
                state=ProcessJob.State.CANCELLED
            )
        if self.run.state in (ProcessRun.State.DONE, ProcessRun.State.ABANDONED) and self.is_run_changed:
            ProcessJob.objects.filter(run=self.run, state__in=CLOSED_JOBS).update(state=ProcessJob.State.CANCELLED)
            self.jobs = []
        if self.jobs:
            ProcessJob.objects.bulk_create(self.jobs)
        self.run.version += 1
        self.run.save(update_fields=RUN_FIELDS)
        is_due = any(job.run_at <= self.now and job.state == ProcessJob.State.WAITING for job in self.jobs)
        if is_due and self.wakes:
            wake(self.run.organization_id, self.run.pk)
        if not is_quiet:
            for step in [*changed, *self.added]:
                self._tell(step)

    def _tell(self, step: ProcessStep) -> None:
        """Whoever is given a step is told; who finds it in their team's work is not told one by one."""
        is_new = step.state == READY and step.ready_at == self.now and step.kind == ProcessStep.Kind.FORM
        if is_new and step.assignee_id is not None and not (self.by and self.by.user_id == step.assignee_id):
            tell(self, "step_ready", step, [step.assignee_id])

    def journal(self, name: str, step: ProcessStep | None = None, **data) -> None:
        """Says first what is being done. Of a confidential case nothing stands in the history of the client."""
        run = self.run
        is_confidential = run.case is not None and run.case.is_confidential
        record(
            name,
            by=self.by,
            organization_id=run.organization_id,
            subject=run,
            client_id=None if is_confidential else run.client_id,
            plan=run.definition.name_fr,
            **{"step": step.name_fr if step is not None else data.pop("told", "")},
            **data,
        )


def tell(plan: Plan, event: str, step: ProcessStep, users: Iterable[int], **words) -> None:
    """Tells people of a step; of a plan of a confidential case those only who know the case."""
    run = plan.run
    users = [user for user in users if user is not None]
    if run.case is not None and run.case.is_confidential:
        users = list(set(users) & set(run.case.agents.values_list("user_id", flat=True)))
    if not users:
        return
    notify(
        organization=plan.organization,
        event=event,
        users=users,
        client_id=run.client_id,
        subject_record=run,
        url=plan_url(plan.organization.slug, run.pk),
        words={
            "step_fr": step.name_fr, "step_en": step.name_en or step.name_fr,
            "plan_fr": run.definition.name_fr, "plan_en": run.definition.name_en or run.definition.name_fr,
            "client": run.client.display_name, "case": run.case.number if run.case is not None else "",
            "due": step.due_at.isoformat() if step.due_at else "", **words,
        },
        by=plan.by,
    )  # fmt: skip


def owner_of(run: ProcessRun) -> str:
    return f"case:{run.case_id}" if run.case_id else f"client:{run.client_id}"


def record_values(run: ProcessRun) -> dict[str, Any]:
    """What conditions may ask of the record that a plan runs for."""
    client, case = run.client, run.case
    values: dict[str, Any] = {
        "client.kind": client.kind,
        "client.language": client.language,
        "client.status": client.status,
    }
    if case is not None:
        values |= {
            "case.priority": case.priority,
            "case.type": case.case_type.path,
            "case.due_on": case.due_on.isoformat() if case.due_on else None,
        }
    return {path: str(value) if value is not None else None for path, value in values.items() if path in RECORD_FIELDS}


def wake(organization_id: int, run_id: int | None = None) -> None:
    """In the same transaction, once: the worker is woken by its commit and by nothing else.

    With a run, for that plan alone: whoever waits for it does not wait for a mass of others. Those go one task after
    the other, so that mails always find a place in the worker.
    """
    if any(getattr(waiting[1], "woken_for", None) == (organization_id, run_id) for waiting in connection.run_on_commit):
        return
    lock = "plans" if run_id is None else None
    ask("entregent.processes.run_due", lock=lock, organization_id=organization_id, run_id=run_id)
    transaction.on_commit(_Woken((organization_id, run_id)))


class _Woken:
    """The mark that this transaction has woken the worker for a plan, or for an organization."""

    def __init__(self, woken_for: tuple[int, int | None]):
        self.woken_for = woken_for

    def __call__(self) -> None:
        """Nothing: the mark is all."""


__all__ = ["COMING", "DONE", "Doers", "Plan", "User", "body_of", "owner_of", "record_values", "tell", "wake"]
