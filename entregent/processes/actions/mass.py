"""Many plans at once: for the clients of a selection, or on the days that a process names.

Set-based: a chunk of clients is a few statements, cases, plans, steps and start keys together. Nothing is started
twice: a client with an open plan of the process is left out, and each chunk is one transaction with its marker.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Case as Choice
from django.db.models import Count, Exists, OuterRef, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.cases.actions.opening import Opening, open_cases
from entregent.cases.models import CaseType
from entregent.clients.models import BulkRow, Client
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.listing import pages
from entregent.listing.lists import lists
from entregent.organizations.models import Membership, Organization
from entregent.processes import fields
from entregent.processes.actions.launching import Start, launch_many
from entregent.processes.actions.plan import body_of
from entregent.processes.models import ProcessDefinition, ProcessRun
from entregent.toolbox.errors import NotFound, Refusal

KIND = "processes.launch_mass"
MOST = 100_000
# What is proposed: whoever wants more says so.
USUAL_MOST = 1_000
CHUNK = 500
INACTIVE, RUNNING = "inactive", "running"
REASONS = {
    INACTIVE: gettext_lazy("Client inactif ou retiré"),
    RUNNING: gettext_lazy("Ce plan d’action est déjà en cours pour ce client"),
}
OVER_CAP = gettext_lazy("Au-delà du maximum demandé")
GONE = gettext_lazy("Supprimé, ou hors de votre périmètre")


@dataclass(frozen=True)
class MassPreview:
    """What a launch would do now: how many plans, and who is left out, by the reason."""

    total: int
    starting: int
    left_out: Sequence[tuple[str, int]]


def launchable(organization_id: int) -> list[ProcessDefinition]:
    """The processes that can be launched for many clients: they run on cases of a type that is offered, and ask nothing
    that differs from one client to the next."""
    found = (
        ProcessDefinition.objects.select_related("live", "organization").defer("live__body")
        .filter(organization_id=organization_id, is_active=True, live__isnull=False, subjects__contains=["case"])
    )  # fmt: skip
    offered = set(
        CaseType.objects.filter(organization_id=organization_id, is_active=True).values_list("path", flat=True)
    )
    return [one for one in found if offered & set(one.case_types) and not facts_of(one)[1]]


def facts_of(definition: ProcessDefinition) -> tuple[dict[str, Any], list[Refusal]]:
    return fields.clean(body_of(definition.live)["facts"], {})  # type: ignore[arg-type]


def preview_mass(definition: ProcessDefinition, *, by: Membership, selection: Mapping, most: int) -> MassPreview:
    """Counted in the database, whatever the size of the selection."""
    by_reason = dict(_candidates(definition, by, selection).order_by().values_list("why").annotate(number=Count("pk")))
    free = by_reason.pop("", 0)
    left_out = [(str(REASONS[why]), number) for why, number in sorted(by_reason.items())]
    if free > most:
        left_out.append((str(OVER_CAP), free - most))
    return MassPreview(free + sum(by_reason.values()), min(free, most), left_out)


@transaction.atomic
def launch_mass(definition: ProcessDefinition, *, by: Membership, selection: Mapping, most: int) -> Job:
    """Asks the worker to launch the process for the clients of `selection` in reach, `most` of them. Refuses a process
    that cannot be, a number out of bounds, and a second launch while one is at work."""
    if definition.pk not in {one.pk for one in launchable(by.organization_id)}:
        raise Refusal("E-001-PROCESS-TYPE", _("Ce processus ne se lance pas en nombre."), field="process")
    if not 1 <= most <= MOST:
        raise Refusal("E-001-MASS", _("De 1 à %(n)s plans.") % {"n": MOST}, field="most")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('mass', %s))", [by.organization_id])
    working = Job.objects.filter(
        organization_id=by.organization_id, kind=KIND, data__process=definition.pk,
        state__in=[Job.State.PENDING, Job.State.RUNNING],
    )  # fmt: skip
    if working.exists():
        raise Refusal("E-001-MASS", _("Ce plan d’action est déjà en cours de lancement."), status=409)
    return start_job(
        by=by,
        kind=KIND,
        label=_("Lancement : %(plan)s") % {"plan": definition.name},
        data={
            "process": definition.pk, "selection": dict(selection), "most": most, "language": by.user.language,
        },
    )  # fmt: skip


def definition_of(job: Job) -> ProcessDefinition:
    found = (
        ProcessDefinition.objects.select_related("live", "organization").defer("live__body")
        .filter(pk=job.data["process"], organization_id=job.organization_id, is_active=True, live__isnull=False).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def write_down(job: Job, member: Membership) -> int:
    """One row for each client of the selection, with the reason of those that are left out; says how many."""
    definition = definition_of(job)
    record("launch_mass", by=member, subject=definition, plan=definition.name_fr, number=job.data["most"])
    with override(job.data.get("language") or "fr"):
        told = {why: str(reason) for why, reason in REASONS.items()}
    chosen = _candidates(definition, member, job.data["selection"]).order_by("pk").values("pk", "why")
    sql, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clients_bulkrow (organization_id, job_id, client_id, verdict, reason)"  # noqa: S608  Django's
            " SELECT %s, %s, chosen.id, CASE WHEN chosen.why = '' THEN 'waiting' ELSE 'refused' END,"
            " CASE chosen.why WHEN %s THEN %s WHEN %s THEN %s ELSE '' END"
            f" FROM ({sql}) chosen (id, why) ON CONFLICT DO NOTHING",
            [
                job.organization_id, job.pk, INACTIVE, told[INACTIVE], RUNNING, told[RUNNING], *parameters,
            ],
        )  # fmt: skip
        return cursor.rowcount


def mass_chunk(job: Job, *, by: Membership, after: int) -> tuple[int, int]:
    """The next clients after the row `after`: (last row, how many plans began). 0 as last row: none was left."""
    definition = definition_of(job)
    left = job.data["most"] - job.result.get("begun", 0)
    rows = BulkRow.objects.filter(
        job_id=job.pk, organization_id=job.organization_id, verdict=BulkRow.Verdict.WAITING
    ).order_by("id")
    found = list(rows.filter(id__gt=after).values_list("id", "client_id")[: min(CHUNK, max(left, 0))])
    with override(job.data.get("language") or "fr"):
        if not found:
            rows.update(verdict=BulkRow.Verdict.REFUSED, reason=str(OVER_CAP))
            return 0, 0
        clients = Client.objects.visible_to(by, Right.PROCESS_LEAD).filter(pk__in=[pk for _row, pk in found])
        begun = begin(definition, clients, by=by, key=f"mass:{job.pk}")
        rows_of_chunk = BulkRow.objects.filter(job_id=job.pk, pk__in=[row for row, _pk in found])
        rows_of_chunk.filter(client_id__in=begun).update(verdict=BulkRow.Verdict.CHANGED)
        rows_of_chunk.exclude(client_id__in=begun).update(
            verdict=BulkRow.Verdict.REFUSED, reason=f"{REASONS[RUNNING]} / {GONE}"[:200]
        )
    return found[-1][0], len(begun)


def begin(
    definition: ProcessDefinition, clients: QuerySet[Client] | Iterable[Client], *, by: Membership | None, key: str
) -> set[int]:
    """Opens a case for each of these clients that may have one, with its plan; gives the clients that got one."""
    organization: Organization = definition.organization
    open_runs = ProcessRun.objects.filter(organization_id=organization.pk, definition=definition).open()
    wanted = [one for one in clients if one.status not in (Client.Status.INACTIVE, Client.Status.REMOVED)]
    busy = set(open_runs.filter(client__in=wanted).values_list("client_id", flat=True))
    openings = []
    for client in wanted:
        client.organization = organization
        if client.pk not in busy:
            openings.append(Opening(client, definition.name_fr or definition.name_en, f"{key}:{client.pk}"))
    if not openings:
        return set()
    cases = open_cases(openings, organization=organization, case_type=_case_type(definition), by=by)
    facts, _refusals = facts_of(definition)
    starts = [Start(case.client, case, None, facts, case.automatic_key) for case in cases]
    runs = launch_many(organization=organization, definition=definition, starts=starts, by=by)
    return {run.client_id for run in runs}


def _case_type(definition: ProcessDefinition) -> CaseType:
    """The first classification of the process that is offered."""
    offered = CaseType.objects.filter(
        organization_id=definition.organization_id, is_active=True, path__in=definition.case_types
    )
    found = {one.path: one for one in offered}
    for path in definition.case_types:
        if path in found:
            return found[path]
    raise Refusal("E-001-CASE-TYPE", _("Ce type de dossier n'est plus proposé."), field="process")


def _candidates(definition: ProcessDefinition, by: Membership, selection: Mapping) -> QuerySet[Any]:
    """The clients of a selection that `by` may launch plans for, each with why it is left out, "" where it is not."""
    chosen = pages.selected(dict(selection), lists(by)["clients"], by)
    running = ProcessRun.objects.filter(client=OuterRef("pk"), definition=definition, state__in=ProcessRun.OPEN)
    why = Choice(
        When(status__in=[Client.Status.INACTIVE, Client.Status.REMOVED], then=Value(INACTIVE)),
        When(Exists(running), then=Value(RUNNING)),
        default=Value(""),
    )
    return Client.objects.visible_to(by, Right.PROCESS_LEAD).filter(pk__in=chosen).annotate(why=why)
