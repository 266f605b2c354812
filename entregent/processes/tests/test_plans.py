"""A plan from its launch to its end, and what people do with it on the way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.cases.actions import change_state, close_case
from entregent.cases.models import Case
from entregent.organizations.models import Membership
from entregent.processes import actions
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep
from entregent.processes.tests.conftest import form, process, step
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
from testing.cast import enter

QUALIFY = step(
    "qualifier",
    who="clientele",
    due="2 working days",
    form=form(
        motif={"type": "string", "title": {"fr": "Motif", "en": "Reason"}, "required": True},
        recevable={"type": "boolean", "title": {"fr": "Recevable", "en": "Admissible"}, "required": True},
    ),
)
ANSWER = "Réponse au dossier n° {{ case.number }} : {{ answers.qualifier.motif }}"
COMPLAINT = process(
    "reclamation",
    QUALIFY,
    {**step("releve"), "if": ["qualifier.recevable", "=", True], "due": "10 days"},
    {**step("reponse"), "after": ["qualifier", "releve"]},
    step(
        "cloture",
        do=[
            {"log_entry": {"text": ANSWER}},
            {"close_case": {}},
        ],
    ),
)


def states(run) -> dict[str, str]:
    found = {}
    for one in run.steps.order_by("attempt"):
        found[one.key] = one.state
    return found


def current(run, key) -> ProcessStep:
    return run.steps.exclude(state="sent_back").get(key=key)


def test_a_plan_runs_from_launch_to_the_closed_case(live, case, team, agent, manager):
    definition = live(COMPLAINT)
    enter(agent)
    run = actions.launch(definition=definition, case=case, by=agent)
    assert states(run) == {"qualifier": "ready", "releve": "coming", "reponse": "coming", "cloture": "coming"}
    first = current(run, "qualifier")
    assert (first.team, first.assignee) == (team, None)
    assert first.due_at > timezone.now() + timedelta(days=1)

    with pytest.raises(Refusals) as refused:
        actions.complete_step(first, by=agent, data={"motif": ""})
    told = {one.field: str(one.message) for one in refused.value.refusals}
    assert told == {"motif": "Motif obligatoire", "recevable": "Recevable obligatoire"}

    actions.complete_step(first, by=agent, data={"motif": "Index faux", "recevable": True})
    assert states(run) == {"qualifier": "done", "releve": "ready", "reponse": "coming", "cloture": "coming"}
    actions.complete_step(current(run, "releve"), by=agent)
    actions.complete_step(current(run, "reponse"), by=agent)
    assert states(run)["cloture"] == "ready"
    assert actions.run_due(case.organization_id) == 2
    enter(manager)
    run.refresh_from_db()
    assert (run.state, states(run)["cloture"]) == ("done", "done")
    closed = Case.objects.get(pk=case.pk)
    assert closed.state == "done"
    assert closed.log.filter(text=f"Réponse au dossier n° {case.number} : Index faux").exists()


def test_a_false_condition_skips_its_step_and_says_why(live, case, team, agent):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(agent))
    actions.complete_step(current(run, "qualifier"), by=agent, data={"motif": "x", "recevable": False})
    skipped = current(run, "releve")
    assert skipped.state == "skipped"
    assert "« Recevable » (étape « Étape qualifier ») est oui" in skipped.why_skipped
    assert current(run, "reponse").state == "ready"


def test_the_same_process_runs_once_on_a_case(live, case, agent):
    definition = live(process("simple", step("a")))
    actions.launch(definition=definition, case=case, by=enter(agent))
    with pytest.raises(Refusal, match="E-001-PROCESS-DUP"):
        actions.launch(definition=definition, case=case, by=agent)


def test_only_what_is_declared_for_the_classification_is_launched(live, case, agent):
    definition = live(process("autre", step("a"), case_types=[]))
    assert actions.launch(definition=definition, case=case, by=enter(agent)).state == "running"
    definition.case_types = ["resiliation"]
    definition.save()
    with pytest.raises(Refusal, match="E-001-PROCESS-TYPE"):
        actions.launch(definition=definition, case=case, by=agent)


def test_a_step_belongs_to_its_team(live, case, team, agent, colleague, manager):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(agent))
    answers = {"motif": "x", "recevable": False}
    with pytest.raises(RightMissing):
        actions.complete_step(current(run, "qualifier"), by=colleague, data=answers)
    with pytest.raises(RightMissing):
        actions.claim_step(current(run, "qualifier"), by=colleague)
    assert actions.claim_step(current(run, "qualifier"), by=agent).assignee_id == agent.user_id
    with pytest.raises(Refusal, match="E-001-TAKEN"):
        actions.claim_step(current(run, "qualifier"), by=manager)
    # Who leads does anybody's.
    actions.complete_step(current(run, "qualifier"), by=manager, data=answers)


def test_a_step_that_somebody_changed_meanwhile_is_not_written_over(live, case, team, agent, manager):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(agent))
    seen = current(run, "qualifier")
    actions.claim_step(seen, by=agent)
    with pytest.raises(Stale) as stale:
        actions.complete_step(seen, by=manager, data={"motif": "x", "recevable": True}, version=seen.version)
    assert "Omar Agent" in str(stale.value.message)


def test_a_step_whose_turn_it_is_not_is_refused(live, case, team, manager):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(manager))
    with pytest.raises(Refusal, match="E-001-STEP"):
        actions.complete_step(current(run, "reponse"), by=manager)
    done = actions.complete_step(current(run, "qualifier"), by=manager, data={"motif": "x", "recevable": True})
    with pytest.raises(Refusal, match="E-001-STEP"):
        actions.complete_step(done, by=manager, data={"motif": "y", "recevable": True})


def test_skipping_is_for_those_who_lead_and_goes_on(live, case, agent, manager):
    run = actions.launch(definition=live(process("trois", step("a"), step("b"), step("c"))), case=case, by=enter(agent))
    actions.complete_step(current(run, "a"), by=agent)
    with pytest.raises(RightMissing):
        actions.skip_step(current(run, "b"), by=agent, reason="inutile")
    with pytest.raises(Refusal, match="E-REQUIRED"):
        actions.skip_step(current(run, "b"), by=manager, reason=" ")
    actions.skip_step(current(run, "b"), by=manager, reason="inutile")
    assert states(run) == {"a": "done", "b": "skipped", "c": "ready"}
    assert current(run, "b").why_skipped == "inutile"


def test_sending_back_opens_a_new_attempt_and_keeps_the_old_rows(live, case, team, manager):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(manager))
    actions.complete_step(current(run, "qualifier"), by=manager, data={"motif": "Index", "recevable": True})
    actions.complete_step(current(run, "releve"), by=manager)
    again = actions.send_back(run, "qualifier", by=manager, reason="À revoir")
    assert (again.state, again.attempt, again.data) == ("ready", 2, {"motif": "Index", "recevable": True})
    assert sorted(run.steps.values_list("key", "attempt", "state")) == [
        ("cloture", 1, "coming"), ("qualifier", 1, "sent_back"), ("qualifier", 2, "ready"),
        ("releve", 1, "sent_back"), ("releve", 2, "coming"), ("reponse", 1, "sent_back"), ("reponse", 2, "coming"),
    ]  # fmt: skip
    actions.complete_step(again, by=manager, data={"motif": "Index", "recevable": False})
    assert states(run) == {"qualifier": "done", "releve": "skipped", "reponse": "ready", "cloture": "coming"}


def test_a_plan_that_is_over_can_be_sent_back(live, case, manager):
    run = actions.launch(definition=live(process("deux", step("a"), step("b"))), case=case, by=enter(manager))
    for key in ("a", "b"):
        actions.complete_step(current(run, key), by=manager)
    run.refresh_from_db()
    assert run.state == "done"
    actions.send_back(run, "b", by=manager, reason="Oubli")
    run.refresh_from_db()
    assert (run.state, run.ended_at, current(run, "b").state) == ("running", None, "ready")


def test_an_added_step_keeps_the_plan_open(live, case, agent):
    run = actions.launch(definition=live(process("court", step("a"))), case=case, by=enter(agent))
    added = actions.add_step(run, by=agent, name="Appeler le voisin", note="Portail bleu")
    actions.complete_step(current(run, "a"), by=agent)
    run.refresh_from_db()
    assert run.state == "running"
    actions.complete_step(added, by=agent)
    run.refresh_from_db()
    assert run.state == "done"


def test_a_paused_plan_stands_still_and_its_deadlines_move(live, case, agent):
    body = process("pause", step("a", due="2 days", late=[{"after": "1 day", "do": [{"notify": {"text": "Retard"}}]}]))
    run = actions.launch(definition=live(body), case=case, by=enter(agent))
    before = current(run, "a").due_at
    job = ProcessJob.objects.get(step__run=run)
    actions.pause_run(run, by=agent)
    assert ProcessJob.objects.get(pk=job.pk).state == "held"
    with pytest.raises(Refusal, match="E-001-PAUSED"):
        actions.complete_step(current(run, "a"), by=agent)
    ProcessRun.objects.filter(pk=run.pk).update(paused_at=timezone.now() - timedelta(days=5))
    actions.resume_run(run, by=agent)
    assert timedelta(days=5) <= current(run, "a").due_at - before < timedelta(days=5, minutes=1)
    moved = ProcessJob.objects.get(pk=job.pk)
    assert moved.state == "waiting"
    assert timedelta(days=5) <= moved.run_at - job.run_at < timedelta(days=5, minutes=1)


def test_a_deferred_case_holds_its_plans(live, case, manager):
    run = actions.launch(definition=live(process("simple", step("a"))), case=case, by=enter(manager))
    case = change_state(case, by=manager, state="in_progress")
    case = change_state(case, by=manager, state="deferred")
    run.refresh_from_db()
    assert run.state == "waiting"
    change_state(case, by=manager, state="in_progress")
    run.refresh_from_db()
    assert run.state == "running"


def test_closing_a_case_asks_what_becomes_of_its_plans(live, case, manager):
    run = actions.launch(definition=live(process("simple", step("a"))), case=case, by=enter(manager))
    with pytest.raises(Refusal, match="E-001-OPEN-WORK"):
        close_case(case, by=manager, reason="Réglé")
    close_case(case, by=manager, reason="Réglé", open_steps="abandon")
    run.refresh_from_db()
    assert (run.state, run.why_ended, states(run)) == ("abandoned", "Réglé", {"a": "skipped"})


def test_another_deadline_moves_what_follows_lateness(live, case, agent):
    body = process("delai", step("a", due="2 days", late=[{"after": "1 day", "do": [{"notify": {"text": "Retard"}}]}]))
    run = actions.launch(definition=live(body), case=case, by=enter(agent))
    due = timezone.now() + timedelta(days=30)
    actions.postpone_step(current(run, "a"), by=agent, due_at=due, reason="Congés")
    (job,) = ProcessJob.objects.filter(step__run=run)
    assert job.run_at - due == timedelta(days=1) or abs(job.run_at - due - timedelta(days=1)) <= timedelta(hours=1)
    with pytest.raises(Refusal, match="E-001-DUE"):
        actions.postpone_step(current(run, "a"), by=agent, due_at=timezone.now() - timedelta(days=1))


def test_a_confidential_case_hides_its_plans(live, case, agent, colleague, manager):
    run = actions.launch(definition=live(process("secret", step("a"))), case=case, by=enter(manager))
    assert ProcessRun.objects.visible_to(enter(colleague)).filter(pk=run.pk).exists()
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    for member in (colleague, agent):
        assert not ProcessRun.objects.visible_to(enter(member)).filter(pk=run.pk).exists()
        assert not ProcessStep.objects.visible_to(member).filter(run=run).exists()
    assert ProcessRun.objects.visible_to(enter(manager)).filter(pk=run.pk).exists()


def test_who_does_not_reach_the_client_sees_no_plan(live, case, manager, outsider, stranger):
    run = actions.launch(definition=live(process("loin", step("a"))), case=case, by=enter(manager))
    assert not ProcessRun.objects.visible_to(enter(outsider)).filter(pk=run.pk).exists()
    assert not ProcessRun.objects.visible_to(enter(stranger)).filter(pk=run.pk).exists()
    with pytest.raises(NotFound):
        actions.pause_run(ProcessRun(pk=10**9, organization_id=stranger.organization_id), by=stranger)


def test_a_completed_step_costs_few_statements(live, case, team, agent, django_assert_max_num_queries):
    run = actions.launch(definition=live(COMPLAINT), case=case, by=enter(agent))
    first = current(run, "qualifier")
    agent = Membership.objects.select_related("user", "organization").get(pk=agent.pk)
    assert agent.reach
    with django_assert_max_num_queries(11):
        actions.complete_step(first, by=agent, data={"motif": "x", "recevable": True})
