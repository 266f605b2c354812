"""Who may do what with which plan: a right holds for the clients for whom it was given."""

import pytest

from entregent.cases.actions import attach_interaction, open_case
from entregent.cases.models import Case
from entregent.clients.actions import merge_clients, undo_merge
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
from entregent.jobs.tasks import run_job
from entregent.processes import actions, questions
from entregent.processes.models import ProcessRun, ProcessStep
from entregent.processes.tests.conftest import process, step
from entregent.processes.web import work
from entregent.toolbox.errors import NotFound, RightMissing
from testing.cast import enter, grant, make_client, make_member


@pytest.fixture
def south_case(manager, client_south, case_type):
    enter(manager)
    return open_case(by=manager, client=client_south, case_type=case_type, title="Au sud")


@pytest.fixture
def two_steps(live, team):
    return live(process("deux", step("a"), step("b", who="clientele"), step("c")))


@pytest.fixture
def mixed(org, north, south):
    """Manages in the North, reads in the South."""
    member = make_member(org, "mixte@eaux.example", "Max Mixte", "manager")
    grant(member, "sector", north.pk)
    grant(member, "sector", south.pk, role="reader")
    return enter(member)


def test_who_reads_here_and_leads_elsewhere_does_nothing_here(two_steps, south_case, team, mixed, manager, signed_in):
    run = actions.launch(definition=two_steps, case=south_case, by=enter(manager))
    first = run.steps.get(key="a")
    page = signed_in(mixed)
    base = f"/{run.organization.slug}/plans-d-action"
    shown = page.get(f"{base}/{run.pk}/")
    assert shown.status_code == 200
    assert "terminer/" not in shown.content.decode()
    for verb in ("terminer", "passer", "prendre", "reaffecter", "reporter", "commenter", "reessayer", "renvoyer"):
        answer = page.post(f"{base}/etapes/{first.pk}/{verb}/", {"motif": "x", "a_qui": f"u{mixed.user_id}"})
        assert answer.status_code == 404, verb
    for verb in ("etapes", "attendre", "reprendre", "abandonner"):
        assert page.post(f"{base}/{run.pk}/{verb}/", {"motif": "x", "nom": "x"}).status_code == 404, verb
    enter(manager)
    assert {one.state for one in ProcessStep.objects.filter(run=run)} == {"ready", "coming"}
    assert ProcessRun.objects.get(pk=run.pk).state == "running"


def test_who_reads_here_launches_nothing_here(two_steps, south_case, case, mixed, manager, signed_in):
    page = signed_in(mixed)
    base = f"/{south_case.organization.slug}/plans-d-action/dossiers"
    assert "Plan deux" not in page.get(f"{base}/{south_case.number}/").content.decode()
    assert page.post(f"{base}/{south_case.number}/lancer/", {"processus": "deux"}).status_code == 404
    assert page.post(f"{base}/{case.number}/lancer/", {"processus": "deux"}).status_code == 303
    enter(mixed)
    with pytest.raises(NotFound):
        actions.launch(definition=two_steps, case=south_case, by=mixed)


def test_leading_holds_where_it_was_given(two_steps, south_case, team, mixed, manager):
    run = actions.launch(definition=two_steps, case=south_case, by=enter(manager))
    actions.reassign_step(run.steps.get(key="a"), by=manager, user=manager.user)
    enter(mixed)
    for act in (
        lambda: actions.complete_step(run.steps.get(key="a"), by=mixed),
        lambda: actions.skip_step(run.steps.get(key="a"), by=mixed, reason="x"),
        lambda: actions.send_back(run, "a", by=mixed, reason="x"),
        lambda: actions.abandon_run(run, by=mixed, reason="x"),
    ):
        with pytest.raises(RightMissing):
            act()


def test_a_step_to_come_is_nobodys_to_take(two_steps, case, team, colleague, agent, manager):
    """Whose it is, is said when it opens: nobody takes it for themself before."""
    run = actions.launch(definition=two_steps, case=case, by=enter(manager))
    coming = run.steps.get(key="b")
    enter(colleague)
    with pytest.raises(RightMissing):
        actions.reassign_step(coming, by=colleague, user=colleague.user)
    with pytest.raises(RightMissing):
        actions.postpone_step(coming, by=colleague, due_at=run.started_at.replace(year=2100))
    enter(manager)
    assert actions.reassign_step(coming, by=manager, user=agent.user).assignee_id == agent.user_id


def test_one_migrates_the_plans_that_one_leads(live, case, south_case, mixed, manager):
    old = live(process("evolue", step("a")))
    runs = [actions.launch(definition=old, case=one, by=enter(manager)) for one in (case, south_case)]
    new = live(process("evolue", step("a"), step("n")))
    enter(mixed)
    assert actions.preview_migration(new, by=mixed).total == 1
    job = actions.migrate_runs(new, by=mixed)
    run_job(job.pk, job.organization_id)
    enter(manager)
    moved = [ProcessRun.objects.get(pk=run.pk).process_version_id == new.live_id for run in runs]
    assert moved == [True, False]
    assert actions.preview_migration(new, by=manager).total == 1


def test_a_contact_tells_nothing_of_a_confidential_case(live, case, client_north, colleague, manager, org, admin):
    """Whoever sees the contact, but not the case in which it stands, is offered what is for contacts, and no more."""
    hidden = live(process("cache", step("a"), case_types=["reclamation"], subjects=["case"]))
    enter(admin)
    topic = Topic.objects.create(
        organization=org, code="divers", label_fr="Divers", label_en="Other", applies_to=["client"]
    )
    contact = log_interaction(by=enter(manager), client=client_north, topic=topic, channel="phone_call", notes="Appel")
    attach_interaction(case, contact, by=manager)
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    enter(colleague)
    assert questions.offered(colleague, interaction=contact) == []
    with pytest.raises(Exception, match="E-001-PROCESS-TYPE"):
        actions.launch(definition=hidden, interaction=contact, by=colleague)
    assert [one.code for one in questions.offered(enter(manager), interaction=contact)] == ["cache"]


@pytest.mark.parametrize("sorted_below", [0, 1_000])
@pytest.mark.parametrize("walked", [3, 60_000])
@pytest.mark.parametrize("near", [2, 2_000])
def test_a_member_of_a_small_part_goes_through_the_work_of_all(
    live, org, north, south, team, case_type, manager, agent, monkeypatch, sorted_below, walked, near
):
    """By the clients in the index of the order, by the plans of a few clients, or record by record: it is the same."""
    monkeypatch.setattr(questions, "_SORTED", sorted_below)
    monkeypatch.setattr(questions, "_WALKED", walked)
    monkeypatch.setattr(questions, "_NEAR", near)
    monkeypatch.setattr(work, "PAGE", 2)
    due = {"due": "2 days"}
    definition = live(
        process("deux", step("a", **due), step("b", who="clientele", after=[]), step("c", after=[], **due))
    )
    enter(manager)
    for number, sector in enumerate([south, south, north, south, north, south, north, north]):
        client = make_client(org, f"N{number}", f"Client {number}", sector=sector)
        one = open_case(by=manager, client=client, case_type=case_type, title=f"D{number}")
        run = actions.launch(definition=definition, case=one, by=manager)
        if number % 2:
            actions.reassign_step(run.steps.get(key="a"), by=manager, team=team)
        if number == 6:
            one.is_confidential = True
            one.save()
    limited = make_member(org, "nord@eaux.example", "Nora Nord", "editor")
    grant(limited, "sector", north.pk)
    for member in (limited, manager):
        enter(member)
        order_of = questions.order_of
        for order, wanted in (
            (order_of(member, teams=[team]), questions.team_steps(member, team)),
            (order_of(member), questions.all_steps(member)),
            (order_of(member, only_free=True), questions.all_steps(member).filter(assignee=None)),
            (order_of(member, mine=True), questions.my_steps(member)),
        ):
            found, mark = [], ""
            while True:
                rows, mark = work.listed(wanted, mark, order)
                found += [row["id"] for row in rows]
                if not mark:
                    break
            assert found == [one.pk for one in wanted]
    assert questions.order_of(manager).clients is None
    assert questions.all_steps(enter(limited)).count() == 9


def test_the_steps_of_a_plan_go_with_it_to_another_client(two_steps, case, client_north, org, north, manager):
    enter(manager)
    run = actions.launch(definition=two_steps, case=case, by=manager)
    actions.add_step(run, by=manager, name="Vérifier")
    winner = make_client(org, "N-99", "Moreau", sector=north)
    assert set(run.steps.values_list("client_id", flat=True)) == {client_north.pk}
    merge = merge_clients(winner, client_north, by=manager)
    assert set(run.steps.values_list("client_id", flat=True)) == {winner.pk}
    undo_merge(merge, by=manager)
    assert set(run.steps.values_list("client_id", flat=True)) == {client_north.pk}
