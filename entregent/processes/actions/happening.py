"""Events: what starts plans by itself, and what wakes the steps that wait for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.cases.extension_points import of_many
from entregent.cases.models import Case
from entregent.clients.models import Client
from entregent.organizations.models import Membership, Organization
from entregent.processes import events, fields
from entregent.processes.actions.launching import Start, is_offered, launch_many
from entregent.processes.actions.performing import plans_at_work
from entregent.processes.actions.plan import DONE, Plan, body_of
from entregent.processes.actions.steering import abandon_of_case, pause_run, resume_run
from entregent.processes.conditions import holds
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep
from entregent.toolbox.errors import Refusal


@transaction.atomic
def happened(
    event: str,
    *,
    organization: Organization,
    client: Client,
    case: Case | None = None,
    facts: Mapping[str, Any] | None = None,
    by: Membership | None = None,
    start_key: str = "",
) -> list[ProcessRun]:
    """Something happened: the steps that wait for it are done, and what it starts is started; gives these plans.

    Without a case, an event of a client opens one for each process that it starts, of the first classification of the
    process, once for each `start_key`. What a plan itself causes neither wakes nor starts anything of its own.
    """
    facts = {key: value for key, value in (facts or {}).items() if value is not None}
    _wake(event, organization, client, case, facts)
    return _start(event, organization, client, case, facts, by, start_key)


def _wake(event: str, organization: Organization, client: Client, case: Case | None, facts: Mapping) -> None:
    owners = [f"client:{client.pk}"] + ([f"case:{case.pk}"] if case is not None else [])
    if case is None:
        # Of the client: for the plans of its cases too.
        cases = Case.objects.filter(client=client, organization_id=organization.pk).open().values_list("pk", flat=True)
        owners += [f"case:{pk}" for pk in cases[:500]]
    waiting = (
        ProcessStep.objects.filter(
            organization_id=organization.pk, state=ProcessStep.State.READY,
            wait_key__in=events.keys_woken(event, owners, facts),
        )
        .exclude(run_id__in=plans_at_work()).order_by("run_id", "pk").values_list("run_id", "pk")
    )  # fmt: skip
    for run_id, step_id in waiting:
        plan = Plan.locked(run_id, organization_id=organization.pk)
        step = plan.step(step_id)
        if step.state != ProcessStep.State.READY or not plan.run.is_open:
            continue
        plan.journal("process_event", step, event=event)
        known = {field.key for field in events.fields_of_event(event)}
        step.data = {**step.data, **{key: value for key, value in facts.items() if key in known}, "timed_out": False}
        plan.close(step, DONE)
        plan.advance()
        plan.save()


def _start(event, organization, client, case, facts, by, start_key: str) -> list[ProcessRun]:
    started: list[ProcessRun] = []
    definitions = (
        ProcessDefinition.objects.select_related("live").defer("live__body")
        .filter(organization_id=organization.pk, is_active=True, live__isnull=False, events__contains=[event])
    )  # fmt: skip
    for definition in definitions:
        body = body_of(definition.live)  # type: ignore[arg-type]
        if not _wanted(body, event, client, case, facts):
            continue
        if case is not None and (case.is_closed or not is_offered(definition, case=case)):
            continue
        kept, refusals = fields.clean(body["facts"], _of_facts(body, facts))
        if refusals:
            continue
        key = f"{definition.code}:{start_key}" if start_key else ""
        subject = case or _case_for(definition, organization, client, key)
        if subject is None:
            continue
        start = Start(client, subject, None, {**facts, **kept}, key)
        started += launch_many(organization=organization, definition=definition, starts=[start], by=by, is_quiet=False)
    return started


def _wanted(body: Mapping, event: str, client: Client, case: Case | None, facts: Mapping) -> bool:
    run = ProcessRun(client=client, case=case)
    from entregent.processes.actions.plan import record_values

    values = {**record_values(run), **{f"facts.{key}": value for key, value in facts.items()}}
    return any(start["event"] == event and holds(start.get("if"), values) for start in body["start"])


def _of_facts(body: Mapping, facts: Mapping) -> dict[str, Any]:
    return {key: facts[key] for key in body["facts"]["properties"] if key in facts}


def _case_for(definition: ProcessDefinition, organization: Organization, client: Client, key: str) -> Case | None:
    """The case that an event of a client opens, or the one that is open for the same key."""
    from entregent.cases.actions import open_case

    if not definition.case_types or "case" not in definition.subjects:
        return None
    if key:
        known = Case.objects.filter(organization_id=organization.pk, automatic_key=key[:120]).open().first()
        if known is not None:
            return known
    try:
        return open_case(
            by=None, client=client, case_type=definition.case_types[0], title=definition.name_fr,
            origin=Case.Origin.AUTOMATIC, automatic_key=key[:120],
        )  # fmt: skip
    except Refusal:
        return None  # Its classification is no longer offered: nothing starts.


# ——— Of cases ———


def cases_happened(event: str, cases: Sequence[Case], by: Membership | None) -> None:
    """Of many cases at once. Nothing waits for a case that is being opened: most often nothing starts either."""
    if not cases:
        return
    if event == events.CASE_OPENED:
        listening = ProcessDefinition.objects.filter(
            organization_id=cases[0].organization_id, is_active=True, live__isnull=False, events__contains=[event]
        )
        if not listening.exists():
            return
    for case in cases:
        case_happened(event, case, by)


@of_many(cases_happened)
def case_happened(event: str, case: Case, by: Membership | None) -> None:
    """What cases tell (`cases.case_events`): a closed one ends its plans, a deferred one holds them."""
    facts: dict[str, Any] = {"state": str(case.state)}
    if event == events.CASE_OPENED:
        facts = {"origin": str(case.origin)}
    elif event == events.CASE_CONTACT:
        facts = {}
    happened(event, organization=case.organization, client=case.client, case=case, facts=facts, by=by)
    if event == events.CASE_CLOSED:
        abandon_of_case(case, by=by, reason=_("Dossier clos"), but=plans_at_work())
    elif event == events.CASE_STATE and not case.is_closed:
        _hold_or_go_on(case, by)


def _hold_or_go_on(case: Case, by: Membership | None) -> None:
    """« Différé » is waiting: the clocks of the plans stand, and go on with the case."""
    is_held = case.state == Case.State.DEFERRED
    state = ProcessRun.State.RUNNING if is_held else ProcessRun.State.WAITING
    for run in ProcessRun.objects.filter(case=case, state=state).exclude(pk__in=plans_at_work()).order_by("pk"):
        if is_held:
            pause_run(run, by=by, reason=_("Dossier différé"))
        else:
            resume_run(run, by=by)


def open_work_of_case(case: Case) -> list[tuple[str, str]]:
    """What still runs on a case (`cases.open_work`)."""
    from entregent.processes.addresses import plan_url

    runs = (
        ProcessRun.objects.filter(case=case, state__in=ProcessRun.OPEN).exclude(pk__in=plans_at_work())
        .select_related("definition").order_by("pk")
    )  # fmt: skip
    return [(run.definition.name, plan_url(case.organization.slug, run.pk)) for run in runs]


def case_waits(case: Case) -> bool:
    """Whether a plan of the case waits for the client (`cases.waiting`)."""
    return ProcessRun.objects.filter(case=case, state=ProcessRun.State.WAITING).exists()


def end_work_of_case(case: Case, *, by: Membership | None, reason: str) -> None:
    """Abandons it (`cases.work_enders`)."""
    abandon_of_case(case, by=by, reason=reason, but=plans_at_work())
