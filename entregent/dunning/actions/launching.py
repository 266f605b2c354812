"""Dunning begins: the daily run, and one that somebody launches. Some hundred invoices in a few statements."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.cases.actions import Opening, open_cases
from entregent.cases.models import Case, CaseType
from entregent.clients.models import BusinessObject
from entregent.dunning.candidates import begun_today, key_of, overdue, today_of
from entregent.dunning.models import DunningPlan, DunningRun
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership, Module, Organization, Team
from entregent.processes import fields
from entregent.processes.actions import Start, body_of, launch_many
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.text import search_key

KIND = "dunning.run"
CHUNK = 500
# The standard classification, where the process names none.
CASE_TYPE = "relance"
BILLING = "facturation"
# What a process may ask for at its launch that dunning knows.
KNOWN_FACTS = ("facture", "montant", "echeance", "service", "aide")


@dataclass(frozen=True)
class Done:
    """What a chunk did. `after` says where the next one begins, None when nothing is left."""

    begun: int
    after: tuple[str, int] | None


@transaction.atomic
def launch_dunning(plan: DunningPlan, *, by: Membership) -> Job:
    """Asks the worker to dun what the plan would, of the clients in reach. Refuses a plan that is out of use, and a
    second launch while one is at work."""
    _at_once(plan.organization_id)
    plan = plan_at_work(plan.pk, by.organization_id)
    if not plan.is_active:
        raise Refusal("E-001-DUNNING", _("Ce plan de relance n’est plus en service."), status=409)
    running = Job.objects.filter(
        organization_id=by.organization_id, kind=KIND, data__plan=plan.pk,
        state__in=[Job.State.PENDING, Job.State.RUNNING],
    )  # fmt: skip
    if running.exists():
        raise Refusal("E-001-DUNNING", _("Ces relances sont déjà en cours de lancement."), status=409)
    return start_job(
        by=by,
        kind=KIND,
        label=_("Relances : %(plan)s") % {"plan": plan.name},
        data={"plan": plan.pk, "language": by.user.language},
    )


def run_daily(organization_id: int, day: date | None = None) -> int:
    """What the plans of an organization dun by themselves on a day; once a day each, however often it is asked."""
    begun = 0
    with in_organization(organization_id):
        found = DunningPlan.objects.filter(organization_id=organization_id, is_active=True, is_daily=True)
        keys = list(found.order_by("pk").values_list("pk", flat=True))
    for key in keys:
        after: tuple[str, int] | None = ("", 0)
        while after is not None:
            with in_organization(organization_id):
                plan = plan_at_work(key, organization_id)
                today = day or today_of(plan)
                if plan.ran_on is not None and plan.ran_on >= today:
                    break
                done = dun_chunk(plan, by=None, after=after, day=today)
                begun, after = begun + done.begun, done.after
                if after is None:
                    DunningPlan.objects.filter(pk=key).update(ran_on=today)
    return begun


@transaction.atomic
def dun_chunk(
    plan: DunningPlan, *, by: Membership | None, after: tuple[str, int] | None = None, day: date | None = None,
    size: int | None = None,
) -> Done:  # fmt: skip
    """Begins the dunning of the next invoices, those due longest first, as far as the day's cap lets it.

    Whatever else begins dunning in the organization waits for the end of the transaction: an invoice that it has taken
    is not taken twice. `after` is the due day and the number of the last invoice looked at.
    """
    _at_once(plan.organization_id)
    begun_before = begun_today(plan)
    left = plan.daily_cap - begun_before
    if left <= 0 or not _can_run(plan):
        return Done(0, None)
    found = overdue(plan, by, day).filter(why="").order_by("due_on", "pk")
    if after is not None and after[0]:
        last = date.fromisoformat(after[0])
        found = found.filter(Q(due_on__gt=last) | Q(due_on=last, pk__gt=after[1]))
    size = min(size or CHUNK, left)
    _keep_statistics(begun_before, size)
    # Nobody marks them as paid until they are dunned.
    chosen = found.select_related("client", "contract").select_for_update(of=("self",), no_key=True)[:size]
    with _by_index():
        invoices = list(chosen)
    begun = _begin(plan, invoices, by) if invoices else 0
    if len(invoices) < size or left <= size:
        return Done(begun, None)
    return Done(begun, (invoices[-1].due_on.isoformat(), invoices[-1].pk))  # type: ignore[union-attr]


def _keep_statistics(begun: int, size: int) -> None:
    """After 1, 2, 4, 8… times `size` invoices: the tables that dunning fills would else be planned as if they were as
    empty as before, and read whole for each invoice."""
    chunks = begun // size
    if chunks and chunks & (chunks - 1) == 0:
        with connection.cursor() as cursor:
            cursor.execute("SELECT dunning_refresh_statistics()")


@contextmanager
def _by_index() -> Iterator[None]:
    """The tables that dunning fills were empty a moment ago, and so they are to the planner: it would read the whole of
    them again for each invoice."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")


def _can_run(plan: DunningPlan) -> bool:
    definition = plan.definition
    return plan.is_active and definition.is_active and definition.live_id is not None


def _begin(plan: DunningPlan, invoices: list[BusinessObject], by: Membership | None) -> int:
    organization = plan.organization
    definition: ProcessDefinition = plan.definition
    record("dun_invoices", by=by, organization_id=organization.pk, plan=plan.name_fr, number=len(invoices))
    case_type = case_type_of(plan)
    team = Team.objects.filter(organization_id=organization.pk, code=BILLING, is_active=True).first()
    by_key = {key_of(one.pk): one for one in invoices}
    with override(organization.language):
        openings = [
            Opening(
                one.client, _("Relance : facture %(number)s") % {"number": one.key}, key,
                contract_id=one.contract_id, object_ids=(one.pk,),
            )
            for key, one in by_key.items()
        ]  # fmt: skip
    for one in invoices:
        one.client.organization = organization
    cases = open_cases(openings, organization=organization, case_type=case_type, by=by, team=team)
    starts = [_start(plan, case, by_key[case.automatic_key]) for case in cases]
    runs = {
        run.case_id: run for run in launch_many(organization=organization, definition=definition, starts=starts, by=by)
    }
    DunningRun.objects.bulk_create(
        DunningRun(
            organization=organization,
            plan=plan,
            invoice=by_key[case.automatic_key],
            case=case,
            run=runs.get(case.pk),
            amount=by_key[case.automatic_key].amount or 0,
            currency=by_key[case.automatic_key].currency or organization.currency,
            started_by_id=by.user_id if by is not None else None,
        )
        for case in cases
    )
    return len(cases)


def _start(plan: DunningPlan, case: Case, invoice: BusinessObject) -> Start:
    facts, _refusals = fields.clean(
        body_of(plan.definition.live)["facts"],  # type: ignore[arg-type]
        facts_of_invoice(plan, invoice),
    )
    # What the law forbids hangs on the service, whatever the process asks.
    return Start(invoice.client, case, None, {**facts, "service": _service(plan, invoice)}, case.automatic_key)


def facts_of_invoice(plan: DunningPlan, invoice: BusinessObject) -> dict[str, Any]:
    """What dunning tells a process at its launch, of what that asks for."""
    asked: Mapping[str, Any] = body_of(plan.definition.live)["facts"]["properties"]  # type: ignore[arg-type]
    aid = {search_key(tag) for tag in plan.aid_tags}
    known = {
        "facture": invoice.key,
        "montant": float(invoice.amount or 0),
        "echeance": invoice.due_on,
        "service": _service(plan, invoice),
        "aide": any(search_key(tag) in aid for tag in invoice.client.tags),
    }
    return {name: value for name, value in known.items() if name in asked}


def _service(plan: DunningPlan, invoice: BusinessObject) -> str:
    return plan.service or getattr(invoice, "told_service", "")


def case_type_of(plan: DunningPlan) -> CaseType:
    """The first classification of the process, else the standard one."""
    paths = [*plan.definition.case_types, CASE_TYPE]
    found = {one.path: one for one in CaseType.objects.filter(organization_id=plan.organization_id, path__in=paths)}
    for path in paths:
        if path in found:
            return found[path]
    raise Refusal("E-001-DUNNING", _("Aucun type de dossier « Relance »."), status=409)


def plan_at_work(key: int, organization_id: int) -> DunningPlan:
    """The plan with its live process. NotFound when it is gone."""
    found = (
        DunningPlan.objects.select_related("organization", "definition__live").defer("definition__live__body")
        .filter(pk=key, organization_id=organization_id).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def _at_once(organization_id: int) -> None:
    """One after the other: whoever begins dunning in an organization waits for who is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('dunning', %s))", [organization_id])


def organizations_with_dunning() -> list[tuple[int, str]]:
    """(id, time zone) of those whose plans may run by themselves."""
    found = Organization.objects.filter(modules__contains=[Module.CASEWORK]).order_by("pk")
    return list(found.values_list("pk", "time_zone"))
