"""A case as its client follows it on the portal: what is published of it, what is awaited, and the answer."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from entregent.cases.actions import add_log_entry, attach_interaction, close_case, edit_case, open_case
from entregent.cases.models import Case, CaseInteraction, CaseType
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.portal_access import set_colleagues
from entregent.organizations.models import Organization
from entregent.portal.tests.conftest import door, give_access
from entregent.processes import actions
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep
from testing.cast import enter

INSIDE = "ZINTERNE"
PIECES = {"fr": "Nous envoyer votre relevé", "en": "Send us your reading"}
BODY = {
    "process": "releve",
    "name": {"fr": f"{INSIDE} plan", "en": f"{INSIDE} plan"},
    "steps": [
        {"key": "etude", "name": {"fr": f"{INSIDE} étude"}, "public": {"fr": "Étude de votre demande", "en": "Review"},
         "who": "responsible", "form": {}},
        {"key": "cache", "name": {"fr": f"{INSIDE} cachée"}, "form": {}},
        {"key": "pieces", "name": {"fr": f"{INSIDE} pièces"}, "public": PIECES, "awaits": "client", "due": "10 days",
         "wait": {"event": "client.answered", "at_most": "30 days"}},
        {"key": "fin", "name": {"fr": f"{INSIDE} fin"}, "public": {"fr": "Réponse", "en": "Answer"}, "form": {}},
    ],
}  # fmt: skip


@pytest.fixture
def case(agent, org, client_north, access):
    enter(agent)
    kind = CaseType.objects.create(
        organization=org, code="releve", path="releve", label_fr="Relève contestée", label_en="Disputed reading",
        on_portal=True,
    )  # fmt: skip
    Topic.objects.create(organization=org, code="autre", label_fr="Autre", label_en="Other")
    made = open_case(by=agent, client=client_north, case_type=kind, title=f"{INSIDE} intitulé")
    add_log_entry(made, by=agent, text=f"{INSIDE} note")
    return made


@pytest.fixture
def run(case, admin, agent) -> ProcessRun:
    enter(admin)
    definition = actions.create_process(by=admin, body=BODY).definition
    actions.publish(definition, by=admin)
    enter(agent)
    return actions.launch(definition=ProcessDefinition.objects.get(pk=definition.pk), case=case, by=agent)


def do(run, *keys, by) -> None:
    for key in keys:
        actions.complete_step(run.steps.get(key=key), by=by)


def body(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def read(http, case) -> str:
    return body(http.get(f"/portail/eaux/dossiers/{case.number}/"))


def answer(http, case, text="Voici le relevé", **more):
    return http.post(f"/portail/eaux/dossiers/{case.number}/", {"text": text, "key": f"k-{len(text)}", **more})


def test_the_client_sees_where_a_case_stands_and_nothing_of_the_inside(lea, case, run, agent):
    page = read(lea, case)
    assert INSIDE not in page + body(lea.get("/portail/eaux/")) + body(lea.get("/portail/eaux/dossiers/"))
    assert "Relève contestée" in page
    assert page.index("Étude de votre demande") < page.index(PIECES["fr"]) < page.index("Réponse")
    assert 'id="awaited"' not in page
    do(run, "etude", "cache", by=agent)
    page, home = read(lea, case), body(lea.get("/portail/eaux/"))
    assert 'id="awaited"' in page
    assert "Nous attendons votre réponse" in page
    waiting = home[home.index('id="waiting"') : home.index('id="in-hand"')]
    assert PIECES["fr"] in waiting
    assert f"/portail/eaux/dossiers/{case.number}/" in waiting
    assert INSIDE not in page + home


def test_what_the_client_sends_lets_the_plan_go_on(lea, case, run, agent):
    do(run, "etude", "cache", by=agent)
    sent = answer(lea, case, files=[SimpleUploadedFile("releve.txt", b"1234")])
    assert sent.status_code in (302, 303)
    enter(agent)
    assert run.steps.get(key="pieces").state == "done"
    assert run.steps.get(key="pieces").data["files"] == 1
    assert run.steps.get(key="fin").state == "ready"
    attached = Interaction.objects.get(pk=CaseInteraction.objects.get(case=case).interaction_id)
    assert attached.subject == "Relève contestée"
    assert case.documents.filter(title="releve.txt").exists()
    page = read(lea, case)
    assert 'id="awaited"' not in page
    assert "Voici le relevé" in page
    # The same form again, and a further answer: one conversation, no second message of the same.
    answer(lea, case, files=[SimpleUploadedFile("releve.txt", b"1234")])
    answer(lea, case, "Encore un mot")
    enter(agent)
    assert CaseInteraction.objects.filter(case=case).count() == 1
    assert attached.entries.count() == 2


def test_an_answer_in_the_conversation_of_a_case_counts_too(lea, case, run, agent, client_north):
    do(run, "etude", "cache", by=agent)
    asked = log_interaction(
        by=agent, client=client_north, topic=Topic.objects.get(code="autre"), channel="email", subject="Relevé",
        notes="Merci de nous l’envoyer", notify=False,
    )  # fmt: skip
    attach_interaction(case, asked, by=agent)
    lea.post(f"/portail/eaux/echanges/{asked.number}/", {"text": "Le voici", "key": "a"})
    enter(agent)
    assert run.steps.get(key="pieces").state == "done"


def test_a_plan_that_is_paused_waits_for_the_client_and_goes_on_with_the_answer(lea, case, run, agent):
    actions.pause_run(run, by=agent, reason=f"{INSIDE} motif")
    ProcessRun.objects.filter(pk=run.pk).update(paused_at=timezone.now() - timedelta(days=2))
    page = read(lea, case)
    assert "Nous reprenons dès que vous nous avez répondu" in page
    assert INSIDE not in page
    answer(lea, case)
    run.refresh_from_db()
    assert run.state == "running"


def test_a_case_that_is_not_published_does_not_exist(lea, case, run, agent):
    def is_there() -> bool:
        listed = body(lea.get("/portail/eaux/dossiers/")) + body(lea.get("/portail/eaux/"))
        one = lea.get(f"/portail/eaux/dossiers/{case.number}/").status_code
        assert (one == 200) == ("Relève contestée" in listed)
        if one != 200:
            assert answer(lea, case).status_code == 404
        return one == 200

    assert is_there()
    for hidden in ({"is_confidential": True}, {"deleted_at": timezone.now()}, {"client": None}):
        if hidden == {"client": None}:
            CaseType.objects.filter(pk=case.case_type_id).update(on_portal=False)
        else:
            Case.objects.filter(pk=case.pk).update(**hidden)
        assert not is_there()
        enter(agent)
        Case.objects.filter(pk=case.pk).update(is_confidential=False, deleted_at=None)
    assert not CaseInteraction.objects.exists()
    assert ProcessStep.objects.filter(run=run, state="ready").count() == 1


def test_a_case_of_a_colleague_is_seen_by_who_sees_colleagues(lea, case, agent, client_north):
    max_access = give_access(agent, client_north, email="max@client.example", first_name="Max", last_name="Petit")
    enter(agent)
    case.participants.create(organization=case.organization, person=max_access.person)
    assert lea.get(f"/portail/eaux/dossiers/{case.number}/").status_code == 404
    assert "Relève contestée" in read(door(max_access.user), case)
    enter(agent)
    ines = give_access(agent, client_north, email="ines@client.example", first_name="Inès", last_name="Grand")
    set_colleagues(ines, by=agent, sees_colleagues=True)
    assert "Relève contestée" in read(door(ines.user), case)


def test_the_staff_word_it_for_the_client_and_see_it_as_the_client_does(
    lea, case, run, agent, manager, access, signed_in
):
    enter(agent)
    edit_case(case, by=agent, public_title="Votre compteur de la rue Haute")
    assert "Votre compteur de la rue Haute" in read(lea, case)
    seen = body(signed_in(manager).get(f"/eaux/portail/voir/{access.pk}/dossiers/{case.number}/"))
    assert "Votre compteur de la rue Haute" in seen
    assert "Étude de votre demande" in seen
    assert "<textarea" not in seen


def test_a_closed_case_is_read_and_no_longer_answered(lea, case, run, agent):
    enter(agent)
    case.refresh_from_db()
    close_case(case, by=agent, reason=f"{INSIDE} raison", open_steps="abandon")
    page = read(lea, case)
    assert "Terminé" in page
    assert "<textarea" not in page
    assert INSIDE not in page
    refused = answer(lea, case)
    assert refused.status_code == 422
    assert "nouvelle demande" in refused.content.decode()


def test_without_the_module_there_are_no_cases(lea, case, org):
    Organization.objects.filter(pk=org.pk).update(modules=[one for one in org.modules if one != "casework"])
    assert "Mes dossiers" not in body(lea.get("/portail/eaux/"))
    assert lea.get("/portail/eaux/dossiers/").status_code == 404
    assert lea.get(f"/portail/eaux/dossiers/{case.number}/").status_code == 404
