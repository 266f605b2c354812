"""What was found by reading: migration in the midst of actions, drafts, reopening, people who could not do a step."""

import pytest
from django.db import transaction
from django.urls import reverse

from entregent.cases.actions import close_case
from entregent.cases.actions.types import create_case_type, update_case_type
from entregent.cases.models import Case, CaseType
from entregent.processes import actions
from entregent.processes.actions.migrating import migrate_run
from entregent.processes.definitions import dump
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessVersion
from entregent.processes.tests.conftest import process, step
from entregent.toolbox.errors import Refusal, Stale
from testing.cast import enter


def _in_the_midst(live, case, by) -> ProcessRun:
    """A plan whose step of two actions has done the first."""
    told = [{"log_entry": {"text": "Un"}}, {"log_entry": {"text": "Deux"}}]
    definition = live(process("lettres", step("a", do=told)))
    run = actions.launch(definition=definition, case=case, by=enter(by))
    assert actions.run_due(case.organization_id, run_id=run.pk, most=1) == 1
    return run


def test_a_plan_in_the_midst_of_actions_that_change_stays_on_its_version(live, case, admin, manager):
    run = _in_the_midst(live, case, manager)
    other = [{"log_entry": {"text": "Zéro"}}, {"log_entry": {"text": "Un"}}, {"log_entry": {"text": "Deux"}}]
    definition = live(process("lettres", step("a", do=other)))
    enter(manager)
    preview = actions.preview_migration(definition, by=manager)
    assert (preview.total, preview.movable, preview.refused) == (1, 0, [("Étape a", 1)])
    assert migrate_run(run.pk, to=definition, by=manager) is False
    actions.run_due(case.organization_id)
    enter(manager)
    assert sorted(case.log.filter(kind="system").values_list("text", flat=True)) == ["Deux", "Un"]


def test_a_plan_in_the_midst_of_actions_that_stay_goes_over(live, case, manager):
    run = _in_the_midst(live, case, manager)
    same = [{"log_entry": {"text": "Un"}}, {"log_entry": {"text": "Deux"}}]
    definition = live(process("lettres", step("a", do=same), step("b")))
    enter(manager)
    assert actions.preview_migration(definition, by=manager).movable == 1
    assert migrate_run(run.pk, to=definition, by=manager) is True


def test_an_import_does_not_write_over_a_draft(live, admin, signed_in):
    definition = live(process("simple", step("a")))
    enter(admin)
    draft = actions.save_draft(definition, by=admin, body=process("simple", step("a"), step("mien")))
    text = dump(process("simple", step("autre")))
    with pytest.raises(actions.DraftThere):
        actions.import_process(text, by=admin)
    with pytest.raises(Stale):
        actions.import_process(text, by=admin, version=draft.version + 1)
    web = signed_in(admin)
    url = reverse("processes:import", kwargs={"organization": admin.organization.slug})
    refused = web.post(url, {"texte": text})
    assert refused.status_code == 422
    assert f'name="version" value="{draft.version}"' in refused.content.decode()
    assert web.post(url, {"texte": text, "version": draft.version}).status_code == 303
    enter(admin)
    draft.refresh_from_db()
    assert [one["key"] for one in draft.body["steps"]] == ["autre"]


def test_nothing_is_published_unseen(live, admin, signed_in):
    definition = live(process("simple", step("a")))
    enter(admin)
    draft = actions.save_draft(definition, by=admin, body=process("simple", step("b")))
    url = reverse("processes:publish", kwargs={"organization": admin.organization.slug, "code": "simple"})
    web = signed_in(admin)
    for version in ("", "²", "9" * 5000, str(draft.version + 1)):
        assert web.post(url, {"version": version}).status_code == 303
        enter(admin)
        assert ProcessVersion.objects.get(pk=draft.pk).state == "draft"
    web.post(url, {"version": str(draft.version)})
    enter(admin)
    assert ProcessVersion.objects.get(pk=draft.pk).state == "live"


def test_a_plan_is_not_taken_up_again_beside_another_of_its_key(live, case, client_north, manager, case_type):
    from entregent.cases.actions import open_case

    definition = live(process("relance", step("a")))
    run = actions.launch(definition=definition, case=case, by=enter(manager), start_key="invoice:1")
    actions.complete_step(run.steps.get(), by=manager)
    other = open_case(by=manager, client=client_north, case_type=case_type, title="Autre")
    actions.launch(definition=definition, case=other, by=manager, start_key="invoice:1")
    with pytest.raises(Refusal, match="E-001-PROCESS-DUP"):
        actions.send_back(run, "a", by=manager, reason="À revoir")


def test_a_plan_of_a_closed_case_is_not_taken_up_again(live, case, manager):
    run = actions.launch(definition=live(process("simple", step("a"))), case=case, by=enter(manager))
    actions.complete_step(run.steps.get(), by=manager)
    close_case(case, by=manager, reason="Réglé")
    with pytest.raises(Refusal, match="E-001-CASE-CLOSED"):
        actions.send_back(run, "a", by=manager, reason="À revoir")


def test_a_step_is_given_to_nobody_who_could_not_do_it(live, case, agent, colleague, reader, manager):
    run = actions.launch(definition=live(process("simple", step("a"))), case=case, by=enter(manager))
    with pytest.raises(Refusal, match="E-001-WHO"):
        actions.reassign_step(run.steps.get(), by=manager, user=reader.user)
    with pytest.raises(Refusal, match="E-001-WHO"):
        actions.add_step(run, by=manager, name="Relire", user=reader.user)
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    with pytest.raises(Refusal, match="E-001-WHO"):
        actions.reassign_step(run.steps.get(), by=manager, user=colleague.user)
    Case.objects.filter(pk=case.pk).update(is_confidential=False)
    assert actions.reassign_step(run.steps.get(), by=manager, user=agent.user).assignee_id == agent.user_id


def test_what_somebody_changed_meanwhile_is_asked_again(live, case, manager):
    run = actions.launch(definition=live(process("simple", step("a"), step("b"))), case=case, by=enter(manager))
    seen, first = run.version, run.steps.get(key="a")
    actions.complete_step(first, by=manager)
    for act in (actions.pause_run, actions.abandon_run):
        with pytest.raises(Stale), transaction.atomic():
            act(run, by=manager, reason="Attente", version=seen)
    with pytest.raises(Stale):
        actions.send_back(run, "a", by=manager, reason="À revoir", version=seen)
    with pytest.raises(Stale):
        actions.reassign_step(first, by=manager, user=manager.user, version=first.version)
    run.refresh_from_db()
    assert actions.pause_run(run, by=manager, version=run.version).state == "waiting"


def test_sent_twice_a_comment_and_an_added_step_are_one(live, case, manager):
    run = actions.launch(definition=live(process("simple", step("a"))), case=case, by=enter(manager))
    one = run.steps.get()
    for _each in range(2):
        actions.comment_step(one, by=manager, text="Vu", idempotency_key="k1")
        actions.add_step(run, by=manager, name="Relire", idempotency_key="k2")
    assert one.comments.count() == 1
    assert run.steps.filter(is_ad_hoc=True).count() == 1


def test_a_process_stays_offered_when_its_type_moves(live, admin, case_type):
    enter(admin)
    below = create_case_type(by=admin, code="facture", parent=case_type, label_fr="Facture", label_en="Bill")
    definition = live(process("simple", step("a"), case_types=["reclamation/facture"]))
    enter(admin)
    actions.save_draft(definition, by=admin, body=process("simple", step("b"), case_types=["reclamation/facture"]))
    new = create_case_type(by=admin, code="clients", label_fr="Clients", label_en="Clients")
    update_case_type(case_type, by=admin, version=case_type.version, parent=new)
    assert CaseType.objects.get(pk=below.pk).path == "clients/reclamation/facture"
    moved = ProcessDefinition.objects.get(pk=definition.pk)
    assert moved.case_types == ["clients/reclamation/facture"]
    assert moved.versions.get(state="draft").body["case_types"] == ["clients/reclamation/facture"]


def test_many_steps_are_done_with_a_result_for_each(live, case, client_north, case_type, agent, manager, signed_in):
    from entregent.cases.actions import open_case
    from entregent.jobs.models import Job
    from entregent.jobs.tasks import run_job
    from entregent.processes.models import ProcessStep
    from entregent.processes.tests.conftest import form

    asked = form(motif={"type": "string", "title": {"fr": "Motif", "en": "Reason"}, "required": True})
    plain, strict = live(process("simple", step("a"))), live(process("strict", step("a", form=asked)))
    enter(manager)
    other = open_case(by=manager, client=client_north, case_type=case_type, title="Autre")
    runs = [
        actions.launch(definition=plain, case=case, by=manager),
        actions.launch(definition=strict, case=case, by=manager),
        actions.launch(definition=strict, case=other, by=manager),
    ]
    steps = [run.steps.get() for run in runs]
    actions.save_answers(steps[2], by=manager, data={"motif": "Index faux"})
    web = signed_in(manager)
    url = reverse("processes:bulk_create", kwargs={"organization": manager.organization.slug})

    def sent(**values):
        made = web.post(url, {"ids": [one.pk for one in steps], **values})
        job = Job.objects.order_by("pk").last()
        run_job(job_id=job.pk, organization_id=job.organization_id)
        enter(manager)
        job.refresh_from_db()
        return made.headers["Location"], job

    where, job = sent(changement="complete")
    assert job.result == {"changed": 2, "refused": 1}
    assert list(ProcessStep.objects.order_by("pk").values_list("state", flat=True)) == ["done", "ready", "done"]
    assert "Motif obligatoire" in web.get(where).content.decode()
    enter(manager)
    _where, job = sent(changement="assign", a_qui=f"u{agent.user_id}")
    assert job.result == {"refused": 2, "changed": 1}
    assert ProcessStep.objects.get(pk=steps[1].pk).assignee_id == agent.user_id
    assert web.post(url, {"changement": "complete"}).status_code == 422
    assert web.post(url, {"ids": [steps[1].pk], "changement": "assign"}).status_code == 422
