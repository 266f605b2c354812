"""What time and events do: reminders, lateness, waits, failures, starts."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from entregent.audit.models import Action
from entregent.cases.actions import open_case
from entregent.cases.models import Case
from entregent.clients.models import Client
from entregent.documents.models import DocumentTemplate
from entregent.interactions.models import Interaction
from entregent.notifications.models import Notification
from entregent.outbox.models import Message
from entregent.processes import actions
from entregent.processes.actions import performing
from entregent.processes.bans import ban_on, service_of
from entregent.processes.definitions import problems
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep
from entregent.processes.tests.conftest import process, step
from entregent.processes.tests.test_plans import current, states
from entregent.toolbox.errors import Refusal
from testing.cast import enter


def come(run, **which) -> None:
    """The moment of these jobs has come."""
    ProcessJob.objects.filter(run=run, **which).update(run_at=timezone.now() - timedelta(minutes=1))


def test_a_reminder_and_lateness_tell_people_once(live, case, team, agent, manager):
    body = process(
        "delais",
        step("a", who="starter", due="5 days", remind=[{"before": "1 day"}],
             late=[{"after": "2 days", "do": [{"escalate": {"to": "team_lead", "reassign": True}}]}]),
    )  # fmt: skip
    run = actions.launch(definition=live(body), case=case, by=enter(agent))
    kinds = dict(ProcessJob.objects.filter(run=run).values_list("kind", "run_at"))
    due = current(run, "a").due_at
    assert kinds["remind"] < due < kinds["late"]
    assert actions.run_due(case.organization_id) == 0
    come(run)
    assert actions.run_due(case.organization_id) == 2
    assert actions.run_due(case.organization_id) == 0
    enter(manager)
    told = set(Notification.objects.values_list("event", "user_id"))
    assert told == {("step_reminder", agent.user_id), ("step_escalated", manager.user_id)}
    assert current(run, "a").assignee_id == manager.user_id


def test_a_step_that_is_done_has_nothing_left_to_be_late(live, case, agent):
    late = [{"after": "1 day", "do": [{"notify": {"text": "Retard"}}]}]
    run = actions.launch(
        definition=live(process("fini", step("a", due="1 day", late=late), step("b"))), case=case, by=enter(agent)
    )
    actions.complete_step(current(run, "a"), by=agent)
    come(run)
    assert actions.run_due(case.organization_id) == 0
    enter(agent)
    assert set(run.jobs.values_list("state", flat=True)) == {"cancelled"}


def test_a_wait_ends_with_its_time(live, case, agent):
    body = process("attente", step("w", wait={"for": "10 days"}), step("b"))
    run = actions.launch(definition=live(body), case=case, by=enter(agent))
    (job,) = run.jobs.all()
    assert job.run_at > timezone.now() + timedelta(days=9)
    come(run)
    assert actions.run_due(case.organization_id) == 1
    enter(agent)
    assert states(run) == {"w": "done", "b": "ready"}


def test_a_wait_ends_with_its_event_or_its_time(live, case, agent, client_north):
    body = process(
        "paiement",
        step("w", wait={"event": "invoice.paid", "match": {"invoice": "facture"}, "at_most": "15 days"}),
        step("payee", after=["w"], **{"if": ["w.timed_out", "=", False]}),
        step("relance", after=["w"], **{"if": ["w.timed_out", "=", True]}),
        facts={"properties": {"facture": {"type": "string"}}, "required": ["facture"]},
    )
    definition = live(body)
    run = actions.launch(definition=definition, case=case, by=enter(agent), answers={"facture": "F-88"})
    other = {"organization": case.organization, "client": client_north}
    actions.happened("invoice.paid", facts={"invoice": "F-89"}, **other)
    assert states(run)["w"] == "ready"
    actions.happened("invoice.paid", facts={"invoice": "F-88", "amount": 12.5}, **other)
    assert states(run) == {"w": "done", "payee": "ready", "relance": "skipped"}

    second = open_case(by=agent, client=client_north, case_type=case.case_type, title="Autre")
    run = actions.launch(definition=definition, case=second, by=agent, answers={"facture": "F-90"})
    come(run)
    actions.run_due(case.organization_id)
    enter(agent)
    assert states(run) == {"w": "done", "payee": "skipped", "relance": "ready"}


def test_what_cannot_be_fails_at_once_and_may_be_retried_or_skipped(live, case, agent, manager, monkeypatch):
    def refuse(action):
        raise Refusal("E-001-NO-EMAIL", "Pas d’adresse.")

    body = process("echec", step("d", do=[{"log_entry": {"text": "Note"}}]), step("b"))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    monkeypatch.setitem(performing.PERFORMERS, "log_entry", refuse)
    actions.run_due(case.organization_id)
    enter(manager)
    run.refresh_from_db()
    failed = current(run, "d")
    assert (run.state, failed.state, failed.data["error"]) == ("failed", "failed", "Pas d’adresse.")
    assert Notification.objects.filter(event="step_failed", user_id=manager.user_id).count() == 1
    monkeypatch.undo()
    actions.retry_step(failed, by=manager)
    actions.run_due(case.organization_id)
    enter(manager)
    run.refresh_from_db()
    assert (run.state, states(run)) == ("running", {"d": "done", "b": "ready"})


def test_a_fault_is_tried_again_later_each_time(live, case, manager, monkeypatch, caplog):
    tries = []

    def stumble(action):
        tries.append(1)
        Case.objects.filter(pk=action.case.pk).update(title="À moitié fait")
        raise ValueError("fault")

    body = process("faute", step("d", do=[{"log_entry": {"text": "Note"}}]), step("b"))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    monkeypatch.setitem(performing.PERFORMERS, "log_entry", stumble)
    for expected in ("waiting", "waiting", "failed"):
        actions.run_due(case.organization_id, pauses=(1, 5))
        enter(manager)
        (job,) = run.jobs.all()
        assert job.state == expected
        come(run, state="waiting")
    assert len(tries) == 3
    assert Case.objects.get(pk=case.pk).title == "Facture contestée"
    actions.skip_step(current(run, "d"), by=manager, reason="Fait à la main")
    assert states(run) == {"d": "skipped", "b": "ready"}


def test_an_opened_case_starts_what_waits_for_it(live, case_type, client_north, agent):
    body = process(
        "accueil", step("a"), case_types=["reclamation"],
        start=[{"event": "case.opened", "if": ["case.priority", "=", "high"]}],
    )  # fmt: skip
    live(body)
    enter(agent)
    usual = open_case(by=agent, client=client_north, case_type=case_type, title="Usuelle")
    urgent = open_case(by=agent, client=client_north, case_type=case_type, title="Urgente", priority="high")
    assert list(ProcessRun.objects.values_list("case_id", flat=True)) == [urgent.pk]
    assert usual.pk != urgent.pk


def test_an_event_of_a_client_opens_one_case_for_its_key(live, case_type, client_north, org, agent):
    body = process(
        "litige", step("a"), case_types=["reclamation"], subjects=["case"],
        start=[{"event": "invoice.disputed", "if": ["amount", ">", 0]}],
    )  # fmt: skip
    live(body)
    enter(agent)
    told = {"organization": org, "client": client_north, "start_key": "invoice:88"}
    assert actions.happened("invoice.disputed", facts={"invoice": "F-88", "amount": 0}, **told) == []
    (run,) = actions.happened("invoice.disputed", facts={"invoice": "F-88", "amount": 10}, **told)
    assert (run.case.origin, run.facts) == ("automatic", {"invoice": "F-88", "amount": 10})
    assert actions.happened("invoice.disputed", facts={"invoice": "F-88", "amount": 10}, **told) == []
    assert Case.objects.count() == 1


def test_many_plans_start_in_a_few_statements(live, case, org, case_type, client_north, manager):
    definition = live(
        process("masse", step("a", due="2 days"), step("b"), step("c", do=[{"log_entry": {"text": "x"}}]))
    )
    enter(manager)
    cases = [case] + [
        open_case(by=manager, client=client_north, case_type=case_type, title=f"Dossier {n}") for n in range(20)
    ]
    starts = [actions.Start(client_north, one, start_key=f"invoice:{one.pk}") for one in cases]
    counts = []
    for some in (starts[:1], starts[1:3], starts):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            made = actions.launch_many(organization=org, definition=definition, starts=some)
        counts.append((len(made), len(queries)))
    assert [made for made, _queries in counts] == [1, 2, 18]
    assert counts[2][1] == counts[1][1], "a mass start costs no more statements than two"
    assert ProcessStep.objects.filter(run__definition=definition).count() == 21 * 3


SERVICE = {"type": "choice", "title": "Service", "enum": ["water", "electricity", "gas"]}


def test_water_is_never_cut_whoever_asks(live, case, manager):
    body = process(
        "relance", step("a"), step("couper", act="cut_supply"), step("c", after=["a", "couper"]),
        facts={"properties": {"service": SERVICE}, "required": ["service"]},
    )  # fmt: skip
    run = actions.launch(definition=live(body), case=case, by=enter(manager), answers={"service": "water"})
    actions.complete_step(current(run, "a"), by=manager)
    assert states(run) == {"a": "done", "couper": "skipped", "c": "ready"}
    assert current(run, "couper").why_skipped == "La coupure d'eau est interdite."
    # Opened by force, it is refused all the same.
    actions.complete_step(current(run, "c"), by=manager)
    with pytest.raises(Refusal, match="E-001-WATER-CUT"):
        actions.complete_step(actions.send_back(run, "couper", by=manager, reason="Couper"), by=manager)


@pytest.mark.parametrize(
    ("declared", "told", "code"),
    [
        ("water", "electricity", "E-001-WATER-CUT"),
        ("electricity", "eau", "E-001-WATER-CUT"),
        ("electricity", "Eau potable", "E-001-CUT-SERVICE"),
        ("", "", "E-001-CUT-SERVICE"),
        ("", "water supply", "E-001-CUT-SERVICE"),
        ("electricity", "", None),
        ("electricity", "gaz", None),
        ("", "gas", None),
    ],
)
def test_a_word_typed_at_the_launch_lifts_no_ban(declared, told, code):
    ban = ban_on("cut_supply", service_of({"service": declared}, {"service": told}), date(2026, 7, 1))
    assert (ban.code if ban is not None else None) == code
    assert ban_on("cut_supply", service_of({"service": declared}, {"service": told}), date(2026, 12, 1)) is not None


def test_a_cut_is_published_only_where_its_service_is_known():
    def wrong(facts=None, **others):
        body = process("coupe", step("a", act="cut_supply"), facts=facts, **others)
        return [one.sentence for one in problems(body) if "une coupure demande" in one.sentence]

    free = {"properties": {"service": {"type": "string", "title": "Service"}}, "required": ["service"]}
    chosen = {"properties": {"service": SERVICE}, "required": ["service"]}
    assert wrong()
    assert wrong(free)
    assert wrong({**chosen, "required": []})
    assert not wrong(chosen)
    assert not wrong(service="gas")


TELL = {"create_interaction": {"subject": "Relance", "text": "Appeler"}}


def test_each_lateness_records_a_contact_of_its_own(live, case, manager):
    late = [{"after": "1 day", "do": [TELL, TELL]}, {"after": "2 days", "do": [TELL]}]
    body = process("retards", step("a", due="1 day", late=late))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    come(run)
    actions.run_due(case.organization_id)
    enter(manager)
    assert case.contacts.count() == 3


def test_who_was_removed_gets_no_mail_of_a_plan(live, case, manager, client_north):
    DocumentTemplate.objects.create(
        organization=case.organization, code="accuse", name_fr="Accusé", kind="mail", subject_fr="Reçu",
        body_fr="Bonjour.",
    )  # fmt: skip
    Client.objects.filter(pk=client_north.pk).update(emails=["blanchisserie@moreau.example"])
    body = process("avis", step("a", do=[{"send_mail": {"template": "accuse"}}]))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    Client.objects.filter(pk=client_north.pk).update(status="removed")
    actions.run_due(case.organization_id)
    enter(manager)
    assert states(run) == {"a": "done"}
    assert not Message.objects.filter(nature=Message.Nature.LETTER).exists()
    assert Action.objects.filter(name="process_mail_left_out", client_id=client_north.pk).exists()


def test_what_a_plan_of_a_confidential_case_tells_stays_in_it(live, case, manager, client_north):
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    Client.objects.filter(pk=client_north.pk).update(emails=["blanchisserie@moreau.example"])
    DocumentTemplate.objects.create(
        organization=case.organization, code="accuse", name_fr="Accusé", kind="mail", subject_fr="Reçu",
        body_fr="Bonjour.",
    )  # fmt: skip
    body = process("secret", step("a", do=[TELL, {"send_mail": {"template": "accuse"}}]))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    actions.run_due(case.organization_id)
    enter(manager)
    assert states(run) == {"a": "done"}
    assert not Interaction.objects.filter(client=client_north).exists()
    mail = Message.objects.get(subject_type="cases.case", subject_id=case.pk)
    assert (mail.client_id, mail.is_personal) == (None, True)
    assert case.log.filter(text="Relance\n\nAppeler").exists()
