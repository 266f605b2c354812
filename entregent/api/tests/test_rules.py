"""What an organization lays down, by programs: types of objects, response times, events, files, ready-made processes,
groups by rule."""

from copy import deepcopy

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.api.tests.test_processes import BODY, case  # noqa: F401
from entregent.cases.models import CaseType
from entregent.cases.sla_models import SlaRule
from entregent.clients.actions import seed_object_types
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.documents.actions import largest_of
from entregent.groups.tests.conftest import delegated, provider  # noqa: F401
from entregent.groups.tests.scene import group
from entregent.jobs.tasks import run_job
from entregent.notifications.models import EventRule
from entregent.processes import actions
from entregent.processes.models import ProcessDefinition, ProcessRun
from testing.cast import enter, enter_organization

pytestmark = pytest.mark.django_db


def test_types_of_business_objects(call, org, admin, reader, stranger, client_north):  # noqa: F811
    enter_organization(org)
    seed_object_types(org)
    ask = call(admin)
    body = {
        "code": "guarantee", "label_fr": "Caution", "label_en": "Guarantee",
        "plural_fr": "Cautions", "plural_en": "Guarantees",
        "states": [{"code": "held", "label_fr": "Déposée", "label_en": "Held", "tone": "ok"}],
        "attributes": [{"code": "bank", "label_fr": "Banque", "label_en": "Bank"}],
    }  # fmt: skip
    made = ask("POST", "/object-types", body, Idempotency_Key="o1")
    assert (made.status_code, made.body["states"], made.body["position"]) == (201, body["states"], 100)
    assert made.body["attributes"][0]["type"] == "text"
    assert ask("POST", "/object-types", body, Idempotency_Key="o1").body == made.body
    for wrong, field in [
        ({"code": "Éà"}, "code"), ({"code": "invoice"}, "code"), ({"code": "b", "label_fr": " "}, "label_fr"),
        ({"code": "b", "states": [{**body["states"][0], "code": "É"}]}, "states"),
    ]:  # fmt: skip
        refused = ask("POST", "/object-types", body | wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field), wrong
    url = "/object-types/guarantee"
    assert ask("PATCH", url, {"label_fr": "Garantie"}).status_code == 428
    changed = ask("PATCH", url, {"label_fr": "Garantie", "states": []}, If_Match=made.headers["ETag"])
    assert (changed.body["label_fr"], changed.body["states"], len(changed.body["attributes"])) == ("Garantie", [], 1)
    assert ask("PATCH", url, {"label_fr": "G"}, If_Match=made.headers["ETag"]).status_code == 412
    known = [one["code"] for one in call(reader)("GET", "/object-types").body["items"]]
    assert known == ["contract", "invoice", "reading", "service_point", "meter", "guarantee"]
    assert call(reader)("PATCH", url, {"label_fr": "G"}, If_Match='"2"').status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/object-types/rien")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    ask = call(admin)
    assert ask("DELETE", "/object-types/invoice").body["code"] == "E-TYPE-IN-USE"
    enter(admin)
    kind = BusinessObjectType.objects.get(code="guarantee")
    thing = BusinessObject.objects.create(organization=org, client=client_north, type=kind, key="K1")
    assert ask("DELETE", url).status_code == 409
    enter(admin)
    thing.delete()
    assert ask("DELETE", url, If_Match=made.headers["ETag"]).status_code == 412
    assert ask("DELETE", url).status_code == 204
    assert ask("GET", url).status_code == 404


def test_response_times(call, org, admin, manager, stranger):  # noqa: F811
    enter(admin)
    CaseType.objects.create(organization=org, code="r", path="r", label_fr="R", label_en="R")
    ask = call(admin)
    body = {"case_type": "r", "first_answer": "4 working hours", "solution": "10 working days"}
    made = ask("POST", "/response-times", body, Idempotency_Key="s1")
    assert (made.status_code, made.body["case_type"], made.body["next_answer"]) == (201, "r", "")
    assert ask("POST", "/response-times", body, Idempotency_Key="s1").body == made.body
    assert ask("POST", "/response-times", body).body["code"] == "E-SLA-TWICE"
    for wrong, field in [
        ({"case_type": "rien"}, "case_type"), ({"category": "Pro", "solution": "bientôt"}, "solution"),
        ({"category": "Pro", "first_answer": "", "solution": ""}, "first_answer"),
    ]:  # fmt: skip
        refused = ask("POST", "/response-times", body | wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field), wrong
    url = f"/response-times/{made.body['id']}"
    assert ask("PATCH", url, {"solution": ""}).status_code == 428
    changed = ask("PATCH", url, {"solution": "", "case_type": None}, If_Match=made.headers["ETag"])
    assert (changed.body["solution"], changed.body["case_type"], changed.body["first_answer"]) == (
        "", None, "4 working hours",
    )  # fmt: skip
    assert ask("PATCH", url, {"solution": "1 month"}, If_Match=made.headers["ETag"]).status_code == 412
    assert ask("PATCH", url, {"is_active": False}, If_Match=changed.headers["ETag"]).body["is_active"] is False
    assert [one["id"] for one in ask("GET", "/response-times").body["items"]] == [made.body["id"]]
    assert call(manager)("GET", url).status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/response-times/987654321")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    enter(admin)
    assert SlaRule.objects.get().version == 3


def test_before_a_response_time_is_changed_it_is_told_what_moves(call, org, admin, manager, client_north):  # noqa: F811
    enter(admin)
    CaseType.objects.create(organization=org, code="r", path="r", label_fr="R", label_en="R")
    ask = call(admin)
    rule = ask("POST", "/response-times", {"first_answer": "4 working days"}).body["id"]
    number = ask("POST", "/cases", {"client": "N1", "case_type": "r", "title": "Réclamation"}).body["number"]
    told = ask("GET", f"/response-times/preview?first_answer=2+working+days&case_type=r&instead_of={rule}").body
    (move,) = told.pop("moves")
    assert told == {"looked_at": 1, "is_cut": False, "cases": 1, "late": 0}
    assert (move["case"], move["clock"], move["is_late"]) == (number, "first", False)
    assert move["after"] < move["before"]
    assert ask("GET", f"/response-times/{rule}").body["first_answer"] == "4 working days"
    for wrong in ("first_answer=bientôt", "first_answer=1+month&case_type=rien"):
        assert ask("GET", f"/response-times/preview?{wrong}").status_code == 422
    assert ask("GET", "/response-times/preview?solution=1+month&instead_of=987654321").status_code == 404
    assert call(manager)("GET", "/response-times/preview?solution=1+month").status_code == 403


def test_events_that_are_told(call, admin, manager, reader):  # noqa: F811
    ask = call(admin)
    events = {one["event"]: one for one in ask("GET", "/event-rules").body["items"]}
    event = next(iter(events))
    assert (events[event]["is_on"], events[event]["tells_responsible"], events[event]["also"]) == (True, True, [])
    url = f"/event-rules/{event}"
    wanted = {"is_on": True, "tells_responsible": False, "also": [reader.user.email]}
    told = ask("PUT", url, wanted)
    assert told.status_code == 200
    assert {name: told.body[name] for name in wanted} == wanted
    assert ask("PUT", url, wanted).body == told.body
    unknown = ask("PUT", url, wanted | {"also": ["nul@eaux.example"]})
    assert (unknown.status_code, unknown.body["errors"][0]["field"]) == (422, "also")
    assert ask("PUT", "/event-rules/rien.du.tout", wanted).status_code == 404
    assert call(manager)("PUT", url, wanted).status_code == 403
    enter(admin)
    assert EventRule.objects.get().also == [reader.user_id]


def test_how_large_a_file_may_be(call, org, admin, manager):  # noqa: F811
    ask = call(admin)
    assert ask("GET", "/file-settings").body == {"largest": 100}
    assert ask("PUT", "/file-settings", {"largest": 250}).body == {"largest": 250}
    for wrong in (0, 1025):
        assert ask("PUT", "/file-settings", {"largest": wrong}).body["errors"][0]["field"] == "largest"
    assert call(manager)("PUT", "/file-settings", {"largest": 2}).status_code == 403
    enter(admin)
    assert largest_of(org.pk) == 250 * 1024 * 1024


def test_ready_made_processes(call, org, admin, manager):  # noqa: F811
    ask = call(admin)
    presets = {one["code"]: one for one in ask("GET", "/process-presets").body["items"]}
    assert (presets["resiliation"]["is_installed"], presets["resiliation"]["case_types"]) == (False, ["resiliation"])
    url = "/process-presets/resiliation/installation"
    assert call(manager)("POST", url, {}).status_code == 403
    ask = call(admin)
    made = ask("POST", url, {}, Idempotency_Key="i1")
    assert (made.status_code, made.body["code"]) == (201, "resiliation")
    assert ask("POST", url, {}, Idempotency_Key="i1").body == made.body
    again = ask("POST", url, {})
    assert (again.status_code, again.body["code"]) == (409, "E-CODE")
    assert ask("POST", "/process-presets/rien/installation", {}).status_code == 404
    assert {one["code"] for one in ask("GET", "/process-presets").body["items"] if one["is_installed"]} == {
        "resiliation"
    }
    enter(admin)
    assert CaseType.objects.get(path="resiliation").label_en == "Termination"


def test_drafts_offers_and_migrations(call, org, admin, manager, agent, case):  # noqa: F811
    enter(admin)
    definition = actions.create_process(by=admin, body=deepcopy(BODY)).definition
    actions.publish(definition, by=admin)
    run = actions.launch(by=admin, definition=ProcessDefinition.objects.get(), case=case, answers={})
    url = "/process-definitions/reclamation"
    ask = call(manager)
    assert ask("GET", f"{url}/migration").body["runs"] == 0
    assert ask("POST", f"{url}/migration", {}).body["code"] == "E-001-NOTHING"
    assert ask("DELETE", f"{url}/draft").status_code == 404
    assert ask("PUT", f"{url}/offer", {"is_active": False}).status_code == 403

    enter(admin)
    body = deepcopy(BODY)
    body["steps"][1]["name"] = {"fr": "Écrire", "en": "Write"}
    draft = actions.save_draft(definition, by=admin, body=body)
    assert call(agent)("DELETE", f"{url}/draft").status_code == 403
    ask = call(manager)
    assert ask("DELETE", f"{url}/draft", If_Match='"77"').status_code == 412
    assert ask("DELETE", f"{url}/draft", If_Match=f'"{draft.version}"').status_code == 204
    assert ask("GET", url).body["draft"] is None

    enter(admin)
    actions.save_draft(definition, by=admin, body=body)
    actions.publish(definition, by=admin)
    ask = call(manager)
    seen = ask("GET", f"{url}/migration").body
    assert (seen["runs"], seen["movable"], seen["stay"], seen["by_version"]) == (1, 1, [], {"1": 1})
    job = ask("POST", f"{url}/migration", {}, Idempotency_Key="m1")
    assert (job.status_code, job.body["kind"], job.body["total"]) == (202, "processes.migrate", 1)
    assert ask("POST", f"{url}/migration", {}, Idempotency_Key="m1").body["id"] == job.body["id"]
    assert call(agent)("GET", f"{url}/migration").status_code == 403
    run_job(job.body["id"], organization_id=org.pk)
    enter(admin)
    assert ProcessRun.objects.get(pk=run.pk).process_version.number == 2

    ask = call(admin)
    assert ask("PUT", f"{url}/offer", {"is_active": False}).body["is_active"] is False
    assert ask("PUT", f"{url}/offer", {"is_active": True}).body["is_active"] is True


def test_a_group_follows_a_rule(call, org, admin, manager, delegated):  # noqa: F811
    made = group(org, "VIP")
    enter(admin)
    alpha = delegated["alpha"]
    alpha.category = "VIP"
    alpha.save(update_fields=["category"])
    url = f"/client-groups/{made.pk}"
    ask = call(admin)
    seen = ask("GET", url)
    assert seen.body["rule"] is None
    rule = ["category", "is", "VIP"]
    assert ask("PUT", f"{url}/rule", {"filter": rule}).status_code == 428
    follows = ask("PUT", f"{url}/rule", {"filter": rule}, If_Match=seen.headers["ETag"])
    assert (follows.status_code, follows.body["rule"]) == (200, rule)
    assert [one["client"] for one in ask("GET", f"{url}/members").body["items"]] == ["A1"]
    assert ask("PUT", f"{url}/rule", {"filter": rule}, If_Match=seen.headers["ETag"]).status_code == 412
    now = ask("GET", url).headers["ETag"]
    for wrong in ([], ["rien", "is", "x"], None):
        refused = ask("PUT", f"{url}/rule", {"filter": wrong}, If_Match=now)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, "filter"), wrong
    assert call(manager)("DELETE", f"{url}/rule").status_code == 403
    ask = call(admin)
    assert ask("DELETE", "/client-groups/987654321/rule").status_code == 404
    assert ask("DELETE", f"{url}/rule", If_Match=seen.headers["ETag"]).status_code == 412
    freed = ask("DELETE", f"{url}/rule")
    assert (freed.body["rule"], freed.body["clients"]) == (None, 1)
