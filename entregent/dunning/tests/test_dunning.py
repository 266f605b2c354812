"""The daily run, what it leaves out, what ends it, what the law forbids (A09, R001-34, R001-35, invariant 15)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from entregent.audit.models import Action
from entregent.cases.actions import change_state, close_case, open_case
from entregent.cases.models import Case, CaseType
from entregent.clients.actions import set_credit_hold, sync_business_object
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.clients.state_changes import pass_on
from entregent.dunning import actions
from entregent.dunning.actions.launching import organizations_with_dunning
from entregent.dunning.candidates import groups, overdue
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.jobs.tasks import run_job
from entregent.outbox.models import Message
from entregent.processes import actions as processes
from entregent.processes import ready_made
from entregent.processes.models import ProcessDefinition, ProcessJob, ProcessRun, ProcessStep
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal, Refusals, Stale
from testing.cast import enter, enter_organization, grant, make_client, make_member, make_organization

pytestmark = pytest.mark.django_db


def daily(org, day=None):
    begun = actions.run_daily(org.pk, day)
    enter_organization(org)
    return begun


def work_off(org):
    """What is due now, as the worker does it."""
    processes.run_due(org.pk, pauses=())
    enter_organization(org)


def later(org, days):
    """Time passes: what a plan waits for comes so much nearer."""
    enter_organization(org)
    for job in ProcessJob.objects.filter(state="waiting"):
        job.run_at -= timedelta(days=days)
        job.save(update_fields=["run_at"])


def steps_of(run):
    return {step.key: step.state for step in run.run.steps.all()}


def why(plan, by=None):
    return {one.key: one.why for one in overdue(plan, by)}


def contract_of(org, client, key="C-1", **others):
    return BusinessObject.objects.create(
        organization=org, client=client, key=key, state="active",
        type=BusinessObjectType.objects.get(organization=org, code="contract"), **others,
    )  # fmt: skip


# ——— A09 ———


def test_a_due_invoice_is_dunned_once_however_often_the_day_runs(org, plan, client_north, invoice_of):
    contract = contract_of(org, client_north)
    invoice = invoice_of(client_north, "F-88", contract=contract)
    assert daily(org) == 1
    assert daily(org) == 0
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    case = Case.objects.get()
    assert (case.client, case.origin, case.state, case.contract) == (client_north, "automatic", "new", contract)
    assert case.case_type.path == "relance"
    assert case.title == "Relance : facture F-88"
    assert set(case.objects_linked.values_list("object_id", flat=True)) == {invoice.pk, contract.pk}
    assert list(case.participants.values_list("client_id", flat=True)) == [client_north.pk]
    assert case.team.code == "facturation"
    run = DunningRun.objects.get()
    assert (run.invoice, run.amount, run.currency, run.plan) == (invoice, Decimal("120.00"), "EUR", plan)
    assert run.run.facts == {"facture": "F-88", "montant": 120, "echeance": str(invoice.due_on), "aide": False,
                             "service": "water"}  # fmt: skip
    work_off(org)
    assert [one.kind for one in case.documents.all()] == ["letter"]
    case.refresh_from_db()
    assert case.state == "new"
    assert "coupure" not in steps_of(run)
    assert steps_of(run)["relance_1"] == "done"

    sync_business_object(
        by=enter(make_admin(org)), client=client_north, type_code="invoice", key="F-88", state="paid",
        amount=Decimal("120"), currency="EUR",
    )  # fmt: skip
    pass_on(org)
    enter_organization(org)
    case.refresh_from_db()
    run.refresh_from_db()
    assert (case.state, case.closing_reason, run.why_ended) == ("done", "Soldée", "paid")
    assert ProcessRun.objects.get().state == "abandoned"
    assert not ProcessJob.objects.filter(state="waiting").exists()


def make_admin(org):
    member = make_member(org, "autre-admin@eaux.example", "Autre Admin", "admin")
    grant(member)
    return member


def test_the_levels_follow_each_other_by_their_own_deadlines(org, plan, client_north, invoice_of):
    invoice_of(client_north, "F-1")
    daily(org)
    work_off(org)
    run = DunningRun.objects.get()
    letters = [run.case.documents.count()]
    for days in (15, 20):
        later(org, days)
        work_off(org)
        letters.append(run.case.documents.count())
    assert letters == [1, 2, 3]
    later(org, 8)
    work_off(org)
    assert steps_of(run)["recouvrement"] == "ready"
    step = ProcessStep.objects.get(key="recouvrement")
    manager = make_admin(org)
    processes.complete_step(step, by=enter(manager), data={"transmis_a": "Étude", "transmis_le": "2026-11-22"})
    work_off(org)
    run.refresh_from_db()
    assert run.why_ended == "finished"
    assert run.case.is_closed
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    assert set(why(plan).values()) == {"over"}


def test_a_client_with_aid_is_told_to_the_process(org, plan, north, invoice_of):
    invoice_of(make_client(org, "T1", "Aidé", sector=north, tags=["cheque energie"]), "F-1")
    daily(org)
    assert DunningRun.objects.get().run.facts["aide"] is True
    work_off(org)
    assert steps_of(DunningRun.objects.get())["aide"] == "ready"


def test_a_client_with_an_address_gets_the_letter_by_mail(org, plan, north, invoice_of):
    client = make_client(org, "T1", "Joignable", sector=north, emails=["joignable@client.example"])
    invoice_of(client, "F-1")
    daily(org)
    work_off(org)
    assert Message.objects.get(client_id=client.pk).recipients == ["joignable@client.example"]


# ——— Who is left out ———


def test_each_invoice_that_is_left_out_says_why(org, plan, manager, admin, north, client_north, invoice_of):
    enter(manager)
    kind = CaseType.objects.create(
        organization=org, code="facture", path="reclamation/facture", label_fr="Facture", label_en="Invoice"
    )
    plan = actions.update_plan(plan, by=manager, version=1, minimum="15", condition=["kind", "is", "company"])
    good = invoice_of(client_north, "F-bonne", days=3)
    invoice_of(client_north, "F-pas-due", days=0)
    invoice_of(client_north, "F-payee", state="paid")
    invoice_of(client_north, "F-petite", amount="14.99")
    invoice_of(client_north, "F-contestee", state="disputed")
    invoice_of(client_north, "F-marquee", attributes={"disputed": True})
    complained = invoice_of(client_north, "F-reclamee")
    open_case(by=enter(manager), client=client_north, case_type=kind, objects=[complained])
    held = make_client(org, "H1", "Suspendu", sector=north)
    actions.set_hold(held, by=enter(manager), reason="hardship")
    invoice_of(held, "F-suspendue")
    bankrupt = make_client(org, "B1", "En faillite", sector=north)
    set_credit_hold(bankrupt, by=enter(manager), reason="bankruptcy")
    invoice_of(bankrupt, "F-faillite")
    late = make_client(org, "B2", "En retard", sector=north)
    set_credit_hold(late, by=enter(manager), reason="overdue")
    invoice_of(late, "F-retard")
    invoice_of(make_client(org, "R1", "Retiré", sector=north, status="removed"), "F-retiree")
    invoice_of(make_client(org, "X1", "Supprimé", sector=north, deleted_at=timezone.now()), "F-supprimee")
    invoice_of(make_client(org, "P1", "Personne", sector=north, kind="person"), "F-personne")
    invoice_of(client_north, "F-gaz", attributes={"service": "gaz"})
    invoice_of(client_north, "F-eau", attributes={"service": "Eau"})
    found = why(plan)
    assert found == {
        "F-bonne": "", "F-retard": "", "F-eau": "", "F-petite": "minimum", "F-contestee": "disputed",
        "F-marquee": "disputed", "F-reclamee": "disputed", "F-suspendue": "hold", "F-faillite": "credit",
        "F-retiree": "client", "F-personne": "category",
    }  # fmt: skip
    assert daily(org) == 3
    assert why(plan)["F-bonne"] == "running"
    told = {group.why: (group.number, group.amount) for group in groups(plan, None)}
    assert told["running"] == (3, Decimal("360.00"))
    assert told["disputed"][0] == 3
    assert told["minimum"][0] == 1
    assert good.pk in set(DunningRun.objects.values_list("invoice_id", flat=True))


def test_an_invoice_of_no_service_waits_where_several_are_dunned(org, plan, admin, manager, client_north, invoice_of):
    enter(admin)
    ready_made.install(org, "relance_energie", by=admin)
    energy = ProcessDefinition.objects.get(organization=org, code="relance_energie")
    other = actions.create_plan(by=enter(manager), name_fr="Énergie", service="electricity", definition=energy)
    invoice_of(client_north, "F-sans")
    invoice_of(client_north, "F-elec", contract=contract_of(org, client_north, attributes={"service": "électricité"}))
    assert why(plan) == {"F-sans": "service"}
    assert why(other) == {"F-sans": "service", "F-elec": ""}
    actions.update_plan(other, by=enter(manager), version=1, is_active=False)
    assert why(plan) == {"F-sans": ""}


def test_the_cap_of_a_day_holds_for_all_its_runs_and_takes_what_is_due_longest(org, plan, client_north, invoice_of):
    for n in range(5):
        invoice_of(client_north, f"F-{n}", days=n + 1)
    DunningPlan.objects.update(daily_cap=2)
    assert daily(org) == 2
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    assert set(DunningRun.objects.values_list("invoice__key", flat=True)) == {"F-4", "F-3"}


def test_the_chunks_go_through_everything(org, plan, client_north, invoice_of, monkeypatch):
    for n in range(7):
        invoice_of(client_north, f"F-{n}", days=1 + n // 3)
    after, begun = ("", 0), 0
    while after is not None:
        done = actions.dun_chunk(plan_of(plan), by=None, after=after, size=2)
        begun, after = begun + done.begun, done.after
    assert begun == 7 == Case.objects.count() == ProcessRun.objects.count()
    assert len(set(Case.objects.values_list("number", flat=True))) == 7


def plan_of(plan):
    return DunningPlan.objects.select_related("organization", "definition__live").get(pk=plan.pk)


def test_five_hundred_take_as_many_statements_as_five(
    org, plan, client_north, invoice_of, django_assert_max_num_queries
):
    for n in range(60):
        invoice_of(client_north, f"F-{n}")
    with django_assert_max_num_queries(45):
        actions.dun_chunk(plan_of(plan), by=None)
    assert DunningRun.objects.count() == 60


# ——— What ends it ———


def test_a_paid_invoice_gets_no_letter_even_if_nobody_told_of_the_payment(org, plan, client_north, invoice_of):
    invoice = invoice_of(client_north, "F-1")
    daily(org)
    work_off(org)
    BusinessObject.objects.filter(pk=invoice.pk).update(state="paid")
    later(org, 15)
    work_off(org)
    run = DunningRun.objects.get()
    assert run.why_ended == "paid"
    assert run.case.documents.count() == 1
    assert run.case.state == "done"
    assert run.run.state == "abandoned"


@pytest.mark.parametrize(
    ("change", "end", "reason"),
    [({"state": "disputed"}, "disputed", "Facture contestée"), ({"state": "cancelled"}, "cancelled", "Facture annulée"),
     ({"deleted_at": timezone.now()}, "cancelled", "Facture annulée"),
     ({"attributes": {"disputed": True}}, "disputed", "Facture contestée")],
)  # fmt: skip
def test_it_ends_with_its_reason(org, plan, client_north, invoice_of, change, end, reason):
    invoice = invoice_of(client_north, "F-1")
    daily(org)
    BusinessObject.objects.filter(pk=invoice.pk).update(**change)
    assert actions.stop_settled(org.pk) == 1
    assert actions.stop_settled(org.pk) == 0
    enter_organization(org)
    run = DunningRun.objects.get()
    assert (run.why_ended, run.case.closing_reason) == (end, reason)


def test_a_complaint_about_the_invoice_ends_it(org, plan, manager, client_north, invoice_of):
    invoice = invoice_of(client_north, "F-1")
    daily(org)
    kind = CaseType.objects.create(
        organization=org, code="facture", path="reclamation/facture", label_fr="Facture", label_en="Invoice"
    )
    open_case(by=enter(manager), client=client_north, case_type=kind, objects=[invoice])
    actions.stop_settled(org.pk)
    enter_organization(org)
    assert DunningRun.objects.get().why_ended == "disputed"


def test_hardship_ends_it_at_once_and_it_begins_again_when_the_hold_is_over(
    org, plan, manager, client_north, invoice_of
):
    invoice_of(client_north, "F-1")
    daily(org)
    today = today_in(org.time_zone)
    actions.set_hold(
        client_north, by=enter(manager), reason="payment_plan", until=today + timedelta(days=30), note="3 fois"
    )
    run = DunningRun.objects.get()
    assert (run.why_ended, run.case.state) == ("hold", "done")
    assert Action.objects.get(name="set_dunning_hold").data["note"] == "3 fois"
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    # It ends by its day, or is lifted before.
    assert {one.why for one in overdue(plan, None, today + timedelta(days=31))} == {""}
    actions.lift_hold(client_north, by=enter(manager))
    assert daily(org, today + timedelta(days=1)) == 1
    assert DunningRun.objects.open().count() == 1


def test_a_dossier_that_somebody_closes_is_not_opened_again(org, plan, manager, client_north, invoice_of):
    invoice_of(client_north, "F-1")
    daily(org)
    case = Case.objects.get()
    close_case(case, by=enter(manager), reason="Geste commercial", open_steps="abandon")
    assert DunningRun.objects.get().why_ended == "by_hand"
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    # Reopened, it is dunned again: no second dossier.
    change_state(case, by=enter(manager), state="in_progress", reason="Finalement non")
    assert DunningRun.objects.get().ended_at is None
    DunningPlan.objects.update(ran_on=None)
    assert daily(org) == 0
    assert Case.objects.count() == 1


# ——— What the law forbids ———


def test_water_is_never_cut_whatever_plan_is_chosen(org, plan, admin, manager):
    enter(admin)
    ready_made.install(org, "relance_energie", by=admin)
    energy = ProcessDefinition.objects.get(organization=org, code="relance_energie")
    with pytest.raises(Refusals) as refused:
        actions.update_plan(plan, by=enter(manager), version=1, definition=energy)
    assert [(one.code, one.field) for one in refused.value.refusals] == [("E-001-WATER-CUT", "definition")]
    # Somebody turns the service instead: the same.
    other = actions.create_plan(by=enter(manager), name_fr="Énergie", service="electricity", definition=energy)
    with pytest.raises(Refusals):
        actions.update_plan(other, by=enter(manager), version=1, service="water")
    with pytest.raises(Refusals) as refused:
        actions.update_plan(other, by=enter(manager), version=1, service="")
    assert refused.value.refusals[0].code == "E-001-CUT-SERVICE"


def test_nothing_is_cut_in_winter(org, process, admin, manager, client_north, invoice_of, monkeypatch):
    enter(admin)
    ready_made.install(org, "relance_energie", by=admin)
    energy = ProcessDefinition.objects.get(organization=org, code="relance_energie")
    plan = actions.create_plan(
        by=enter(manager), name_fr="Énergie", service="electricity", definition=energy, is_daily=True
    )
    invoice_of(client_north, "F-1")
    daily(org)
    work_off(org)
    for days in (15, 20, 8):
        later(org, days)
        work_off(org)
    run = DunningRun.objects.get(plan=plan)
    step = run.run.steps.get(key="coupure")
    assert step.state == "ready"
    for day, ban in [(date(2026, 12, 24), "E-001-WINTER-CUT"), (date(2026, 3, 31), "E-001-WINTER-CUT")]:
        monkeypatch.setattr("entregent.processes.actions.plan.Plan.today", property(lambda self, day=day: day))
        with pytest.raises(Refusal) as refused:
            processes.complete_step(step, by=enter(manager), data={"faite_le": "2026-12-24"})
        assert refused.value.code == ban
    monkeypatch.setattr("entregent.processes.actions.plan.Plan.today", property(lambda self: date(2026, 4, 1)))
    processes.complete_step(step, by=enter(manager), data={"faite_le": "2026-04-01"})


# ——— By hand ———


def run(job):
    run_job(job_id=job.pk, organization_id=job.organization_id)
    job.refresh_from_db()
    return job


def test_somebody_launches_it_for_the_clients_in_their_reach(org, plan, north, client_north, client_south, invoice_of):
    invoice_of(client_north, "F-nord")
    invoice_of(client_south, "F-sud")
    member = make_member(org, "gest-nord@eaux.example", "Gestionnaire du Nord", "manager")
    grant(member, "sector", north.pk)
    assert why(plan, enter(member)) == {"F-nord": ""}
    job = actions.launch_dunning(plan, by=enter(member))
    with pytest.raises(Refusal):
        actions.launch_dunning(plan, by=member)
    run(job)
    enter_organization(org)
    assert (job.state, job.done, job.result) == ("done", 1, {"begun": 1})
    found = DunningRun.objects.get()
    assert (found.invoice.key, found.started_by) == ("F-nord", member.user)
    assert list(DunningRun.objects.visible_to(enter(member))) == [found]


def test_without_the_right_no_job_does_it(org, plan, agent, client_north, invoice_of):
    invoice_of(client_north, "F-1")
    job = run(actions.launch_dunning(plan, by=enter(agent)))
    enter_organization(org)
    assert job.state == "failed"
    assert not DunningRun.objects.exists()


def test_runs_are_seen_with_their_dossier(org, plan, client_south, agent, outsider, invoice_of):
    invoice_of(client_south, "F-sud")
    daily(org)
    assert not DunningRun.objects.visible_to(enter(agent)).exists()
    assert DunningRun.objects.visible_to(enter(outsider)).count() == 1
    Case.objects.update(is_confidential=True)
    assert not DunningRun.objects.visible_to(enter(outsider)).exists()


# ——— Configuration and holds ———


def test_a_plan_refuses_what_makes_no_sense(org, process, manager):
    with pytest.raises(Refusals) as refused:
        actions.create_plan(
            by=enter(manager), name_fr=" ", service="nuclear", definition=None, grace_days=0, daily_cap=10**6,
            minimum="-1", aid_tags=["x"] * 2 + [str(n) for n in range(11)], condition=["nothing", "is", 1],
        )  # fmt: skip
    assert {one.field for one in refused.value.refusals} == {
        "name_fr", "service", "definition", "grace_days", "daily_cap", "minimum", "aid_tags", "condition",
    }  # fmt: skip


def test_two_who_change_a_plan_do_not_overwrite_each_other(plan, manager):
    actions.update_plan(plan, by=enter(manager), version=1, daily_cap=7)
    with pytest.raises(Stale):
        actions.update_plan(plan, by=manager, version=1, daily_cap=8)


def test_a_hold_refuses_a_day_that_has_passed_and_no_reason(org, manager, client_north):
    today = today_in(org.time_zone)
    for values in ({"reason": ""}, {"reason": "hardship", "until": today - timedelta(days=1)},
                   {"reason": "hardship", "until": today + timedelta(days=2000)},
                   {"reason": "other", "note": "x" * 201}):  # fmt: skip
        with pytest.raises(Refusals):
            actions.set_hold(client_north, by=enter(manager), **values)
    with pytest.raises(Refusal):
        actions.lift_hold(client_north, by=enter(manager))
    actions.set_hold(client_north, by=enter(manager), reason="hardship")
    actions.set_hold(client_north, by=manager, reason="other", until=today)
    assert DunningHold.objects.filter(lifted_at__isnull=True).count() == 1
    assert DunningHold.of_client(client_north.pk, today).reason == "other"
    assert DunningHold.of_client(client_north.pk, today + timedelta(days=1)) is None


def test_organizations_without_the_module_are_left_alone(org, other_org):
    without = make_organization("sans", "Sans dossiers", modules=[])
    found = [key for key, _zone in organizations_with_dunning()]
    assert org.pk in found
    assert without.pk not in found


def test_an_organization_whose_dunning_fails_is_told_in_the_log_and_ends_nothing(
    org, plan, client_north, invoice_of, caplog, monkeypatch
):
    from entregent.dunning import tasks

    monkeypatch.setattr(tasks, "FROM_HOUR", 0)
    invoice_of(client_north, "F-1")
    CaseType.objects.filter(organization=org).update(path="autrement")
    tasks.daily(0)
    assert f"dunning of organization {org.pk}" in caplog.text
    enter_organization(org)
    assert not DunningRun.objects.exists()
    CaseType.objects.filter(organization=org).update(path="relance")
    tasks.daily(0)
    enter_organization(org)
    assert DunningRun.objects.count() == 1
    tasks.stop_all(0)
