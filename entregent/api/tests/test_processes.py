"""Processes and plans of action by the API."""

from copy import deepcopy

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.cases.actions import open_case
from entregent.cases.models import Case, CaseType
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
from entregent.processes import actions
from entregent.processes.models import ProcessRun, ProcessStep, ProcessVersion
from entregent.processes.tests.conftest import form, process, step
from testing.cast import enter

pytestmark = pytest.mark.django_db

ASKS = form(recevable={"type": "boolean", "title": {"fr": "Recevable", "en": "Admissible"}, "required": True})
BODY = process(
    "reclamation",
    step("qualifier", form=ASKS),
    step("repondre", after=["qualifier"]),
    facts=form(montant={"type": "number", "title": {"fr": "Montant", "en": "Amount"}}),
)
YAML = """
process: visite
name: {fr: Visite, en: Visit}
subjects: [case]
steps:
- key: rendez_vous
  name: {fr: Rendez-vous, en: Appointment}
  form: {}
"""


@pytest.fixture
def case(org, admin, client_north):
    enter(admin)
    kind = CaseType.objects.create(organization=org, code="r", path="r", label_fr="R", label_en="R")
    return open_case(by=admin, client=client_north, case_type=kind, title="Facture")


@pytest.fixture
def complaint(admin):
    enter(admin)
    made = actions.create_process(by=admin, body=deepcopy(BODY)).definition
    actions.publish(made, by=admin)
    return made


def test_a_plan_is_launched_once_and_done_step_by_step(call, agent, case, complaint):  # noqa: F811
    ask = call(agent)
    found = ask("GET", "/process-definitions/reclamation").body
    assert [one["key"] for one in found["steps"]] == ["qualifier", "repondre"]
    assert (found["facts"][0]["key"], found["live"], found["draft"]) == ("montant", 1, None)
    assert found["steps"][0]["fields"][0]["title_en"] == "Admissible"

    body = {"process": "reclamation", "case": case.number, "answers": {"montant": 12}}
    first = ask("POST", "/process-runs", body, Idempotency_Key="k1")
    again = ask("POST", "/process-runs", body, Idempotency_Key="k1")
    assert (first.status_code, again.body["id"]) == (201, first.body["id"])
    assert ask("POST", "/process-runs", body).body["code"] == "E-001-PROCESS-DUP"
    assert ask("POST", "/process-runs", body | {"process": "autre"}).body["code"] == "E-001-PROCESS"
    assert ask("POST", "/process-runs", {"process": "reclamation"}).body["code"] == "E-REQUIRED"

    url = f"/process-runs/{first.body['id']}"
    todo = first.body["steps"][0]
    assert (todo["state"], todo["fields"][0]["key"], todo["fields"][0]["is_required"]) == ("ready", "recevable", True)
    here = f"{url}/steps/{todo['id']}"
    missing = ask("POST", f"{here}/complete", {"answers": {}})
    assert (missing.status_code, missing.body["errors"][0]["field"]) == (422, "recevable")
    done = ask("POST", f"{here}/complete", {"answers": {"recevable": True}}, Idempotency_Key="k2")
    assert [one["state"] for one in done.body["steps"]] == ["done", "ready"]
    assert done.body["steps"][0]["answers"] == {"recevable": True}
    assert done.body["steps"][0]["done_by"] == agent.user.email
    late = ask("POST", f"{url}/pause", {"reason": "Photo"}, If_Match=first.headers["ETag"])
    assert late.status_code == 412
    held = ask("POST", f"{url}/pause", {"reason": "Photo"}, If_Match=done.headers["ETag"])
    assert held.body["state"] == "waiting"
    last = done.body["steps"][1]["id"]
    assert ask("POST", f"{url}/steps/{last}/complete", {"answers": {}}).body["code"] == "E-001-PAUSED"
    assert ask("POST", f"{url}/resume", {}).body["state"] == "running"
    # The first answer again, whatever happened since.
    repeated = ask("POST", f"{here}/complete", {"answers": {"recevable": True}}, Idempotency_Key="k2")
    assert repeated.status_code == 200
    ended = ask("POST", f"{url}/steps/{last}/complete", {"answers": {}})
    assert ended.body["state"] == "done"
    found = ask("GET", f"/process-runs?client=N1&case={case.number}&process=reclamation&is_open=false").body
    assert [one["id"] for one in found["items"]] == [first.body["id"]]
    assert ask("GET", "/process-runs?is_open=true").body["items"] == []


def test_who_leads_skips_sends_back_and_abandons(call, agent, manager, case, complaint):  # noqa: F811
    ask, lead = call(agent), call(manager)
    made = ask("POST", "/process-runs", {"process": "reclamation", "case": case.number}).body
    url, first = f"/process-runs/{made['id']}", made["steps"][0]["id"]
    assert ask("POST", f"{url}/steps/{first}/skip", {"reason": "Inutile"}).status_code == 403
    assert lead("POST", f"{url}/steps/{first}/skip", {"reason": ""}).body["code"] == "E-REQUIRED"
    skipped = lead("POST", f"{url}/steps/{first}/skip", {"reason": "Inutile"}).body
    assert (skipped["steps"][0]["state"], skipped["steps"][0]["why_skipped"]) == ("skipped", "Inutile")
    back = lead("POST", f"{url}/steps/{first}/send-back", {"reason": "Tout de même"}).body
    assert [(one["key"], one["attempt"], one["state"]) for one in back["steps"]] == [
        ("qualifier", 1, "sent_back"), ("qualifier", 2, "ready"), ("repondre", 1, "sent_back"),
        ("repondre", 2, "coming"),
    ]  # fmt: skip
    assert lead("POST", f"{url}/steps/{first}/send-back", {"reason": "Encore"}).body["code"] == "E-001-STEP"
    ended = ask("POST", f"{url}/abandon", {"reason": "Retirée"})
    assert (ended.body["state"], ended.body["why_ended"]) == ("abandoned", "Retirée")


def test_a_plan_is_launched_on_an_interaction(call, agent, org, client_north, complaint):  # noqa: F811
    enter(agent)
    topic = Topic.objects.create(organization=org, code="t", label_fr="T", label_en="T")
    contact = log_interaction(by=agent, client=client_north, topic=topic, channel="phone_call")
    made = call(agent)("POST", "/process-runs", {"process": "reclamation", "interaction": contact.number})
    assert (made.status_code, made.body["interaction"], made.body["case"]) == (201, contact.number, None)


def test_out_of_reach_and_absent_look_the_same(call, agent, outsider, reader, stranger, case, complaint):  # noqa: F811
    made = call(agent)("POST", "/process-runs", {"process": "reclamation", "case": case.number}).body
    url = f"/process-runs/{made['id']}"
    here = f"{url}/steps/{made['steps'][0]['id']}/complete"
    for member in (outsider, stranger):
        ask = call(member)
        assert ask("GET", url).status_code == 404
        assert ask("GET", "/process-runs").body["items"] == []
        assert ask("POST", here, {"answers": {"recevable": True}}).status_code == 404
        assert ask("POST", f"{url}/abandon", {"reason": "x"}).status_code == 404
        refused = ask("POST", "/process-runs", {"process": "reclamation", "case": case.number})
        assert refused.status_code == 422
    ask = call(reader)
    assert ask("GET", url).status_code == 200
    assert ask("POST", here, {"answers": {"recevable": True}}).status_code == 403
    enter(agent)
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    assert call(reader)("GET", url).status_code == 404
    assert call(agent)("GET", f"{url[:-1]}99999999999999999999").status_code in (404, 422)
    enter(agent)
    assert ProcessRun.objects.get().state == "running"
    assert ProcessStep.objects.filter(state="done").count() == 0


def test_a_process_is_imported_published_and_read_again(call, admin, manager, agent, client):  # noqa: F811
    design, head = call(manager), call(admin)
    assert call(agent)("POST", "/process-definitions", {"yaml": YAML}).status_code == 403
    wrong = design("POST", "/process-definitions", {"yaml": "process: ["})
    assert wrong.body["code"] == "E-PROCESS-YAML"
    made = design("POST", "/process-definitions", {"yaml": YAML}, Idempotency_Key="k1")
    assert (made.status_code, made.body["live"], made.body["draft"]) == (201, None, 1)
    assert design("POST", "/process-definitions", {"yaml": YAML}, Idempotency_Key="k1").status_code == 201
    other = YAML.replace("Appointment", "Meeting")
    assert design("POST", "/process-definitions", {"yaml": other}).body["code"] == "E-PROCESS-DRAFT"
    replaced = design("POST", "/process-definitions", {"yaml": other, "replaces": 1})
    assert replaced.body["draft"] == 2
    url = "/process-definitions/visite"
    assert design("POST", f"{url}/publish", {"draft": 2}).status_code == 403
    assert head("POST", f"{url}/publish", {"draft": 1}).status_code == 412
    live = head("POST", f"{url}/publish", {"draft": 2}).body
    assert (live["live"], live["draft"], live["steps"][0]["name_en"]) == (1, None, "Meeting")
    text = client.get(f"/api/v1{url}/yaml", headers={"Authorization": f"Bearer {design.token}"})
    assert text.headers["Content-Type"].startswith("application/yaml")
    assert "Meeting" in text.content.decode()
    assert [one["code"] for one in call(agent)("GET", "/process-definitions").body["items"]] == ["visite"]
    enter(admin)
    assert ProcessVersion.objects.get().state == "live"


def test_a_list_of_plans_asks_as_much_for_one_as_for_many(
    call, agent, org, client_north, case, complaint, django_assert_num_queries  # noqa: F811
):  # fmt: skip
    ask = call(agent)
    ask("POST", "/process-runs", {"process": "reclamation", "case": case.number})
    ask("GET", "/process-runs")
    with django_assert_num_queries(9):
        ask("GET", "/process-runs")
    enter(agent)
    for _each in range(3):
        other = open_case(by=agent, client=client_north, case_type=case.case_type, title="Autre")
        ask("POST", "/process-runs", {"process": "reclamation", "case": other.number})
    with django_assert_num_queries(9):
        found = ask("GET", "/process-runs?limit=4").body
    assert len(found["items"]) == 4
    first = ask("GET", "/process-runs?limit=3").body
    rest = ask("GET", f"/process-runs?limit=3&cursor={first['next']}").body
    assert [one["id"] for one in first["items"] + rest["items"]] == [one["id"] for one in found["items"]]


def test_steps_are_taken_given_away_put_off_and_added(call, agent, manager, case, complaint):  # noqa: F811
    ask, lead = call(agent), call(manager)
    made = ask("POST", "/process-runs", {"process": "reclamation", "case": case.number}).body
    url, first = f"/process-runs/{made['id']}", made["steps"][0]["id"]
    here = f"{url}/steps/{first}"
    taken = ask("POST", f"{here}/claim", {}, Idempotency_Key="c1")
    assert taken.status_code == 200, taken.body
    assert lead("POST", f"{here}/claim", {}).status_code == 409
    note = ask("POST", f"{here}/comments", {"text": "Attend l'assureur."}, Idempotency_Key="c2")
    assert (note.status_code, note.body["author"]) == (201, agent.user.email)
    assert [one["text"] for one in ask("GET", f"{here}/comments").body["items"]] == ["Attend l'assureur."]
    assert ask("POST", f"{here}/postpone", {"due_at": "2001-01-01T00:00:00Z"}).status_code == 422
    assert ask("POST", f"{here}/postpone", {"due_at": "2030-01-01T00:00:00"}).status_code == 422
    assert ask("POST", f"{here}/postpone", {"due_at": "2096-01-01T00:00:00Z"}).status_code == 200
    given = lead("POST", f"{here}/assign", {"agent": manager.user.email})
    assert given.status_code == 200, given.body
    assert ask("POST", f"{here}/assign", {}).status_code in (403, 422)
    assert lead("POST", f"{here}/retry", {}).status_code == 422
    assert lead("POST", f"{here}/by-post", {}).status_code == 422
    added = lead("POST", f"{url}/steps", {"name": "Rappeler"}, Idempotency_Key="c3")
    assert (added.status_code, len(added.body["steps"])) == (201, len(made["steps"]) + 1)
    assert len(lead("POST", f"{url}/steps", {"name": "Rappeler"}, Idempotency_Key="c3").body["steps"]) == 3
    refused = ask("POST", "/bulk/process-steps", {"steps": [first], "change": "assign"})
    assert refused.status_code == 422
    job = lead("POST", "/bulk/process-steps", {"steps": [first], "change": "assign", "agent": manager.user.email})
    assert job.status_code == 202
