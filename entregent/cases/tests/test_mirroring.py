"""« Affaire »: what the existing system is told of cases, and what its answers do to them."""

import json

import pytest
from django.db import transaction
from django.utils import timezone

from entregent.access.wall import outside
from entregent.cases import actions
from entregent.cases.actions.mirroring import PURPOSE, transmit_again
from entregent.cases.models import Case
from entregent.outbox import endpoints
from entregent.outbox.models import Post
from entregent.outbox.posting import post_due
from entregent.search.quick import quick_search
from entregent.toolbox.errors import NotFound
from testing.cast import enter
from testing.existing_system import ExistingSystem


@pytest.fixture
def system(settings):
    settings.DEMO = True
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def endpoint(system, admin):
    enter(admin)
    made, system.secret = endpoints.set_endpoint(by=admin, purpose=PURPOSE, url=system.url, is_on=True)
    return made


@pytest.fixture
def case(endpoint, agent, client_north, complaint):
    enter(agent)
    return actions.open_case(by=agent, client=client_north, case_type=complaint, title="Facture contestée")


def send(member):
    with outside():
        post_due()
    enter(member)


def test_an_opened_case_is_mirrored_and_gets_its_number(system, case, agent, client_north):
    assert case.external_state == "to_send"
    version = case.version
    send(agent)
    case.refresh_from_db()
    assert (case.external_state, case.external_ref, case.version) == ("confirmed", "AFF-2026-00001", version)
    told = system.taken[0]["body"]
    assert told["type"] == "case.opened"
    assert told["data"]["title"] == "Facture contestée"
    assert told["data"]["client"] == {"number": client_north.number, "name": client_north.display_name}
    assert told["data"]["type"] == "reclamation/facture"


def test_what_happens_to_it_follows_in_order_with_its_number(system, case, agent):
    send(agent)
    case.refresh_from_db()
    case = actions.edit_case(case, by=agent, title="Autre intitulé")
    case = actions.change_state(case, by=agent, state="in_progress")
    case = actions.close_case(case, by=agent, reason="Réglé")
    assert Case.objects.get(pk=case.pk).external_state == "to_send"
    send(agent)
    told = [(one["body"]["type"], one["body"]["data"]["state"]) for one in system.taken]
    assert told == [
        ("case.opened", "new"), ("case.changed", "new"), ("case.state_changed", "in_progress"), ("case.closed", "done"),
    ]  # fmt: skip
    assert system.taken[1]["body"]["data"]["external_number"] == "AFF-2026-00001"
    assert system.taken[1]["body"]["data"]["title"] == "Autre intitulé"
    assert Case.objects.get(pk=case.pk).external_state == "confirmed"


def test_an_answer_without_a_number_is_transmitted_only(system, case, agent):
    system.answers = [204]
    send(agent)
    case.refresh_from_db()
    assert (case.external_state, case.external_ref) == ("sent", "")


@pytest.mark.parametrize("answer", [{"number": True}, {"number": ["x"]}, {"number": None}, [], {}])
def test_what_is_no_number_is_none(case, agent, answer, system, monkeypatch):
    monkeypatch.setattr(system, "_number", lambda told: json.dumps(answer).encode())
    send(agent)
    case.refresh_from_db()
    assert (case.external_state, case.external_ref) == ("sent", "")


def test_a_long_or_dirty_number_is_cut_and_cleaned(case, agent, system, monkeypatch):
    monkeypatch.setattr(system, "_number", lambda told: json.dumps({"number": " A\n\u0000B" + "9" * 200}).encode())
    send(agent)
    case.refresh_from_db()
    assert case.external_ref.startswith("A B9")
    assert len(case.external_ref) == 80


def test_a_failure_holds_nothing_up_and_is_tried_again_on_the_case(system, case, agent):
    system.answers = [400]
    send(agent)
    case.refresh_from_db()
    assert case.external_state == "failed"
    actions.change_state(case, by=agent, state="in_progress")
    transmit_again(case, by=agent)
    send(agent)
    case.refresh_from_db()
    assert (case.external_state, case.external_ref) == ("confirmed", "AFF-2026-00001")
    assert [one["body"]["type"] for one in system.taken] == ["case.opened", "case.opened", "case.state_changed"]
    assert system.ids[0] == system.ids[1]


def test_what_is_rolled_back_was_never_told(endpoint, agent, client_north, complaint):
    enter(agent)

    class Oops(Exception):
        pass

    def open_and_fail():
        with transaction.atomic():
            actions.open_case(by=agent, client=client_north, case_type=complaint)
            raise Oops

    with pytest.raises(Oops):
        open_and_fail()
    assert not Post.objects.exists()


def test_of_a_confidential_case_the_least_is_told(system, endpoint, agent, manager, client_north, complaint):
    enter(agent)
    case = actions.open_case(
        by=agent, client=client_north, case_type=complaint, title="Secret médical", is_confidential=True
    )
    send(agent)
    assert system.taken[0]["body"]["data"] == {
        "organization": "eaux", "number": case.number, "external_number": None, "type": "reclamation/facture",
        "state": "new", "is_confidential": True,
    }  # fmt: skip
    post = Post.objects.get()
    assert (post.client_id, post.is_confidential) == (None, True)
    case.refresh_from_db()
    assert case.external_ref == "AFF-2026-00001"


def test_what_becomes_confidential_is_so_in_what_waits(system, case, agent):
    actions.edit_case(case, by=agent, is_confidential=True)
    send(agent)
    for one in system.taken:
        assert "Facture contestée" not in json.dumps(one["body"], ensure_ascii=False)
        assert "client" not in one["body"]["data"]
    assert [one["body"]["type"] for one in system.taken] == ["case.opened", "case.changed"]


def test_without_a_system_nothing_is_written(agent, client_north, complaint):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type=complaint)
    assert case.external_state == "none"
    assert not Post.objects.exists()


def test_deletion_restoring_and_merging_are_told(system, case, agent, admin, client_north, complaint):
    enter(admin)
    other = actions.open_case(by=admin, client=client_north, case_type=complaint, title="Autre")
    actions.delete_case(other, by=admin)
    actions.restore_case(other, by=admin)
    merge = actions.merge_cases(case, Case.objects.get(pk=other.pk), by=admin)
    actions.undo_case_merge(merge, by=admin)
    enter(admin)
    send(admin)
    told = [one["body"]["type"] for one in system.taken if one["body"]["data"]["number"] == other.number]
    assert told == ["case.opened", "case.deleted", "case.restored", "case.closed", "case.changed"]


def test_the_case_is_found_by_its_affaire(case, agent):
    send(agent)
    groups = quick_search(agent, "AFF-2026-00001").groups
    found = [item.number for group in groups for item in group.items if group.kind == "cases"]
    assert found == [str(case.number)]


def test_the_page_shows_the_affaire_and_offers_to_try_again(system, case, agent, signed_in):
    system.answers = [400]
    send(agent)
    http = signed_in(agent)
    page = f"/eaux/dossiers/{case.number}/"
    body = http.get(page).content.decode()
    assert "En erreur" in body
    assert "refuse ce message" in body
    answer = http.post(f"{page}affaire/", follow=True)
    assert "remis en file de transmission" in answer.content.decode()
    send(agent)
    body = http.get(page).content.decode()
    assert "AFF-2026-00001" in body
    assert "Confirmée" in body


def test_an_administrator_sets_the_system_and_sees_its_secret_once(system, admin, manager, signed_in):
    http = signed_in(admin)
    page = "/eaux/administration/systeme-existant/"
    assert http.get(page).status_code == 200
    answer = http.post(page, {"url": "http://10.0.0.1/", "is_on": "on"})
    assert answer.status_code == 422
    answer = http.post(page, {"url": system.url, "is_on": "on"})
    body = answer.content.decode()
    secret = body[body.index("whsec_") :].partition("<")[0]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "whsec_" not in http.get(page).content.decode()
    system.secret = secret
    assert "Connexion réussie" in http.post(f"{page}essai/").content.decode()
    system.answers = [500]
    assert "code 500" in http.post(f"{page}essai/").content.decode()
    rotated = http.post(f"{page}secret/").content.decode()
    assert "whsec_" in rotated
    assert secret not in rotated
    assert "Connexion réussie" in http.post(f"{page}essai/").content.decode()  # the former one still signs
    answer = http.post(page, {"url": system.url, "is_on": "", "version": "7"})
    assert answer.status_code == 409
    assert signed_in(manager).get(page).status_code == 403


def test_the_outbox_lists_what_was_transmitted(system, case, agent, admin, signed_in):
    system.answers = [400]
    send(admin)
    http = signed_in(admin)
    page = "/eaux/administration/boite-d-envoi/messages/"
    body = http.get(page).content.decode()
    assert "case.opened" in body
    assert f"Dossier n° {case.number}" in body.replace("\xa0", " ")
    assert http.get(f"{page}?etat=sent").content.decode().count("case.opened") == 0
    post = Post.objects.get()
    detail = http.get(f"{page}{post.pk}/").content.decode()
    assert "Facture contestée" in detail
    assert post.webhook_id in detail
    assert "1 message" in http.post(f"{page}nouvel-essai/", follow=True).content.decode()
    enter(admin)
    Post.objects.update(state="failed")
    assert http.post(f"{page}{post.pk}/nouvel-essai/").status_code == 303
    send(admin)
    assert Post.objects.get().state == "sent"


def test_the_demo_s_own_system_checks_signatures_and_answers_the_same_number(endpoint, org, settings, rf):
    from entregent.cases.web.demo import existing_system
    from entregent.outbox.models import EndpointState

    state = EndpointState.objects.get(endpoint=endpoint)
    body = endpoints.message_body("case.opened", {"number": 42}, state.endpoint.created_at)

    def ask(headers):
        return existing_system(rf.post("/", data=body, content_type="application/json", headers=headers), slug=org.slug)

    headers = endpoints.signed(state, "msg_1", body, timezone.now())
    answers = {ask(headers).content for _again in range(2)}
    assert len(answers) == 1
    assert json.loads(answers.pop())["number"].endswith("-00042")
    assert ask(headers | {"webhook-signature": "v1,AAAA"}).status_code == 401
    settings.DEMO = False
    with pytest.raises(NotFound):
        ask(headers)
