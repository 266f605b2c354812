"""Launching plans: one, by somebody or by an event, and many at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.cases.models import Case
from entregent.clients.models import Client
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Organization
from entregent.processes import fields
from entregent.processes.actions.plan import COMING, Doers, Plan, body_of, wake
from entregent.processes.definitions import CLIENT, kind_of
from entregent.processes.models import ProcessDefinition, ProcessJob, ProcessRun, ProcessStep, ProcessVersion
from entregent.toolbox.errors import NotFound, Refusal, Refusals

AT_ONCE = 5000
PUBLISHED = ("public_fr", "public_en", "awaits_client")


@dataclass(frozen=True)
class Start:
    """What a plan is to be started for."""

    client: Client
    case: Case | None = None
    interaction: Interaction | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    start_key: str = ""


def duplicate() -> Refusal:
    return Refusal("E-001-PROCESS-DUP", _("Ce processus est déjà en cours sur ce dossier."), status=409)


@transaction.atomic
def launch(
    *,
    definition: ProcessDefinition | str,
    case: Case | None = None,
    interaction: Interaction | None = None,
    answers: Mapping[str, Any] | None = None,
    by: Membership | None = None,
    organization: Organization | None = None,
    start_key: str = "",
    is_strict: bool = True,
) -> ProcessRun:
    """Starts a plan on a case or on an interaction. `definition` may be its code; `answers` are what the process asks
    for at its launch. A plan of an interaction that stands in one open case is that case's too.

    `by=None` is the product itself, in `organization`. Refuses what is not offered for the classification, a closed
    case, a second plan of the same process on one record (E-001-PROCESS-DUP), and answers that are missing or wrong.
    """
    subject = case or interaction
    if subject is None:
        raise TypeError("launch() needs a case or an interaction")
    organization = by.organization if by is not None else organization or subject.organization
    definition = _definition(definition, organization)
    if case is None and interaction is not None:
        case = only_case(interaction, by)
    client = case.client if case is not None else interaction.client if interaction is not None else None
    if client is None:
        raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
    if case is not None:
        # As it stands, and so it stays until the plan is there: nobody closes it meanwhile.
        cases = Case.objects.visible_to(by, Right.PROCESS_RUN) if by is not None else Case.objects.all()
        case = (
            cases.select_for_update(no_key=True, of=("self",)).select_related("client", "case_type")
            .filter(pk=case.pk, organization_id=organization.pk, deleted_at__isnull=True).first()
        )  # fmt: skip
        if case is None:
            raise NotFound
        if case.is_closed:
            raise Refusal("E-001-CASE-CLOSED", _("Ce dossier est clos. Rouvrez-le d'abord."), status=409)
    if is_strict and not (
        (case is not None and is_offered(definition, case=case))
        or (interaction is not None and is_offered(definition, interaction=interaction))
    ):
        raise Refusal("E-001-PROCESS-TYPE", _("Ce processus n'est pas prévu pour cette classification."), status=409)
    body = body_of(definition.live)  # type: ignore[arg-type]
    facts, refusals = fields.clean(body["facts"], dict(answers or {}))
    if refusals:
        raise Refusals(refusals)
    start = Start(client, case, interaction, facts, start_key)
    made = launch_many(organization=organization, definition=definition, starts=[start], by=by, is_quiet=False)
    if not made:
        raise duplicate()
    return made[0]


def _definition(definition: ProcessDefinition | str, organization: Organization) -> ProcessDefinition:
    code = {"code": definition} if isinstance(definition, str) else {"pk": definition.pk}
    found = (
        ProcessDefinition.objects.select_related("live").defer("live__body")
        .filter(organization_id=organization.pk, is_active=True, live__isnull=False, **code).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def only_case(interaction: Interaction, by: Membership | None) -> Case | None:
    """The open case in which an interaction stands, where it is one; of those on which `by` may launch plans."""
    cases = Case.objects.visible_to(by, Right.PROCESS_RUN) if by is not None else Case.objects.all()
    found = list(cases.filter(contacts__interaction=interaction).open().select_related("client", "case_type")[:2])
    return found[0] if len(found) == 1 else None


def is_offered(
    definition: ProcessDefinition, *, case: Case | None = None, interaction: Interaction | None = None
) -> bool:
    """Whether a process may be launched on a record: its kind, and its classification or one above it."""
    if definition.live_id is None or not definition.is_active:
        return False
    if case is not None:
        return "case" in definition.subjects and _is_within(case.case_type.path, definition.case_types)
    if interaction is None or "interaction" not in definition.subjects:
        return False
    return not definition.topics or interaction.topic.code in definition.topics


def _is_within(path: str, paths: Sequence[str]) -> bool:
    return not paths or any(path == one or path.startswith(f"{one}/") for one in paths)


@transaction.atomic
def launch_many(
    *,
    organization: Organization,
    definition: ProcessDefinition,
    starts: Sequence[Start],
    by: Membership | None = None,
    is_quiet: bool = True,
) -> list[ProcessRun]:
    """Starts plans for many records in a few statements; gives those that were started.

    What runs already for the same record or the same start key is left out: the indexes of the table say so, also
    between two who start at once. Nobody is told of each step of a mass start (`is_quiet`).
    """
    if not starts or definition.live is None:
        return []
    version = definition.live
    body = body_of(version)
    if len(starts) == 1:
        _journal_one(starts[0], definition, by, organization)
    else:
        record("launch_plans", by=by, organization_id=organization.pk, subject=definition, plan=definition.name_fr,
               number=len(starts))  # fmt: skip
    runs = _write_runs(organization, definition, version, starts, by)
    doers = Doers(organization)
    now = timezone.now()
    plans = []
    for run in runs:
        plan = Plan(run, _coming(run, body), body, doers=doers, by=by, now=now)
        plan.advance()
        plans.append(plan)
    ProcessStep.objects.bulk_create([step for plan in plans for step in plan.steps], batch_size=AT_ONCE)
    over = [run for run in runs if run.state != ProcessRun.State.RUNNING]
    if over:
        ProcessRun.objects.bulk_update(over, ["state", "ended_at", "paused_at"], batch_size=AT_ONCE)
    jobs = [job for plan in plans for job in plan.jobs if plan.run.state in ProcessRun.OPEN]
    ProcessJob.objects.bulk_create(jobs, batch_size=AT_ONCE)
    if any(job.run_at <= now for job in jobs):
        wake(organization.pk, runs[0].pk if len(runs) == 1 else None)
    if not is_quiet:
        for plan in plans:
            for step in plan.steps:
                plan._tell(step)
    return runs


def _journal_one(start: Start, definition: ProcessDefinition, by, organization: Organization) -> None:
    is_confidential = start.case is not None and start.case.is_confidential
    record(
        "launch_plan",
        by=by,
        organization_id=organization.pk,
        subject=start.case or start.interaction,
        client_id=None if is_confidential else start.client.pk,
        plan=definition.name_fr,
        number=start.case.number if start.case is not None else "",
    )


def _write_runs(organization, definition, version: ProcessVersion, starts: Iterable[Start], by) -> list[ProcessRun]:
    made = [
        ProcessRun(
            organization=organization,
            definition=definition,
            process_version=version,
            case=start.case,
            interaction=start.interaction,
            client=start.client,
            facts=dict(start.facts),
            start_key=start.start_key[:120],
            started_by_id=by.user_id if by is not None else None,
            started_at=timezone.now(),
        )
        for start in starts
    ]
    # With numbers taken beforehand: what an index refuses is left out by the database, and the rest is told by them.
    for run, (number,) in zip(
        made,
        rows_of(
            "SELECT nextval(pg_get_serial_sequence('processes_processrun', 'id')) FROM generate_series(1, %s)",
            [len(made)],
        ),
        strict=True,
    ):
        run.pk = number
    ProcessRun.objects.bulk_create(made, batch_size=AT_ONCE, ignore_conflicts=True)
    there = set(ProcessRun.objects.filter(pk__in=[run.pk for run in made]).values_list("pk", flat=True))
    return [run for run in made if run.pk in there]


def _coming(run: ProcessRun, body: Mapping[str, Any]) -> list[ProcessStep]:
    return [coming_step(run, spec, position) for position, spec in enumerate(body["steps"], start=1)]


def coming_step(run: ProcessRun, spec: Mapping[str, Any], position: int, *, attempt: int = 1) -> ProcessStep:
    """A row for a step of a process: people see what is coming."""
    return ProcessStep(
        organization_id=run.organization_id,
        run=run,
        client_id=run.client_id,
        key=spec["key"],
        attempt=attempt,
        position=position * 100,
        kind=kind_of(spec),
        state=COMING,
        name_fr=spec["name"].get("fr") or spec["name"].get("en") or spec["key"],
        name_en=spec["name"].get("en") or "",
        data={},
        **published(spec),
    )


def published(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What of a step the client sees, as its row keeps it; of versions that know nothing of it, nothing."""
    told = (*fields.words_of(spec.get("public") or {}), spec.get("awaits") == CLIENT)
    return dict(zip(PUBLISHED, told, strict=True))
