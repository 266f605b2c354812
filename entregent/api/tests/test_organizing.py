"""Teams, absences, types of cases, custom fields and photos, by programs; what the API says of what it has not."""

import pytest

from entregent.api.tests.test_api import call, topic  # noqa: F401
from entregent.cases.models import CaseType
from entregent.listing.models import CustomField
from entregent.organizations.models import Module, Substitution
from testing.cast import enter

pytestmark = pytest.mark.django_db


def test_an_unknown_path_and_an_unknown_method_are_problems(call, manager, client):  # noqa: F811
    nowhere = client.get("/api/v1/rien/du/tout")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "E-NOTFOUND")
    ask = call(manager)
    for answer in (ask("PUT", "/clients"), ask("DELETE", "/me")):
        assert answer.status_code == 405
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.body["code"], answer.body["status"], answer.body["errors"]) == ("E-METHOD", 405, [])
    assert ask("PUT", "/clients").headers["Allow"] == "GET, POST"


def test_teams(call, admin, manager, agent, reader):  # noqa: F811
    ask = call(admin)
    body = {
        "label_fr": "Relève", "label_en": "Readings", "lead": manager.user.email, "members": [agent.user.email],
    }  # fmt: skip
    made = ask("POST", "/teams", body, Idempotency_Key="t1")
    assert (made.status_code, made.body["code"], made.body["lead"]) == (201, "releve", manager.user.email)
    assert ask("POST", "/teams", body, Idempotency_Key="t1").body == made.body
    assert ask("POST", "/teams", body | {"members": ["nul@ex.example"]}).body["errors"][0]["field"] == "members"
    url = "/teams/releve"
    assert ask("PATCH", url, {"label_fr": "Relèves"}).status_code == 428
    changed = ask("PATCH", url, {"label_fr": "Relèves"}, If_Match=made.headers["ETag"])
    assert (changed.body["label_fr"], changed.body["members"]) == ("Relèves", [agent.user.email])
    assert changed.body["lead"] == manager.user.email
    assert ask("PATCH", url, {"members": []}, If_Match=made.headers["ETag"]).status_code == 412
    emptied = ask("PATCH", url, {"members": [], "lead": None, "is_active": False}, If_Match=changed.headers["ETag"])
    assert (emptied.body["members"], emptied.body["lead"], emptied.body["is_active"]) == ([], None, False)
    assert ask("GET", url).body == emptied.body
    assert call(reader)("GET", url).status_code == 403


def test_absences_of_oneself_and_of_others(call, admin, agent, reader):  # noqa: F811
    days = {"starts_on": "2026-12-01", "ends_on": "2026-12-15"}
    ask = call(agent)
    made = ask("POST", "/substitutions", {"substitute": reader.user.email, **days}, Idempotency_Key="s1")
    assert (made.status_code, made.body["absent"]) == (201, agent.user.email)
    assert (
        ask("POST", "/substitutions", {"substitute": reader.user.email, **days}, Idempotency_Key="s1").body == made.body
    )
    other = {"absent": reader.user.email, "substitute": agent.user.email, **days}
    assert ask("POST", "/substitutions", other).body["errors"][0]["field"] == "absent"
    backwards = {"substitute": reader.user.email, "starts_on": "2026-12-15", "ends_on": "2026-12-01"}
    assert ask("POST", "/substitutions", backwards).status_code == 422
    of_other = call(admin)("POST", "/substitutions", other).body["id"]
    assert [one["id"] for one in call(admin)("GET", "/substitutions").body["items"]] == [made.body["id"], of_other]
    # Who stands in reads it and does not end it.
    assert call(agent)("DELETE", f"/substitutions/{of_other}").status_code == 404
    assert call(agent)("DELETE", f"/substitutions/{made.body['id']}").status_code == 204
    enter(admin)
    assert Substitution.objects.count() == 1


def test_types_of_cases(call, admin, manager, org, topic):  # noqa: F811
    org.modules = [*org.modules, Module.CASEWORK]
    org.save(update_fields=["modules"])
    enter(admin)
    ask = call(admin)
    body = {
        "label_fr": "Branchement", "label_en": "Connection", "due_rule": "10 working days", "topics": [topic.code],
        "sub_statuses": [{"state": "in_progress", "label_fr": "Chez le fontainier", "label_en": "With the plumber"}],
    }  # fmt: skip
    made = ask("POST", "/case-types", body, Idempotency_Key="c1")
    assert (made.status_code, made.body["path"], made.body["topics"]) == (201, "branchement", [topic.code])
    assert made.body["sub_statuses"][0]["label_en"] == "With the plumber"
    assert ask("POST", "/case-types", body, Idempotency_Key="c1").body == made.body
    below = ask("POST", "/case-types", {"label_fr": "Neuf", "label_en": "New", "parent": "branchement"})
    assert below.body["path"] == "branchement/neuf"
    assert ask("POST", "/case-types", body | {"code": "b2", "due_rule": "bientôt"}).status_code == 422
    assert ask("POST", "/case-types", body | {"code": "b3", "topics": ["rien"]}).body["errors"][0]["field"] == "topics"
    url = f"/case-types/{below.body['id']}"
    moved = ask("PATCH", url, {"parent": None, "is_active": False}, If_Match=below.headers["ETag"])
    assert (moved.body["path"], moved.body["is_active"], moved.body["label_fr"]) == ("neuf", False, "Neuf")
    assert ask("PATCH", url, {"label_fr": "N"}, If_Match=below.headers["ETag"]).status_code == 412
    assert call(manager)("GET", url).status_code == 403
    enter(admin)
    assert CaseType.objects.get(pk=made.body["id"]).due_rule == "10 working days"


def test_custom_fields(call, admin, reader, client_north):  # noqa: F811
    ask = call(admin)
    body = {
        "subject": "client", "type": "choice", "label_fr": "Rythme", "label_en": "Rhythm",
        "options": [{"id": "mois", "label_fr": "Mensuel", "label_en": "Monthly"}, {"id": "an", "label_fr": "Annuel"}],
    }  # fmt: skip
    made = ask("POST", "/custom-fields", body, Idempotency_Key="f1")
    assert (made.status_code, made.body["code"]) == (201, "rythme")
    assert made.body["options"][1] == {"id": "an", "label_fr": "Annuel", "label_en": "Annuel", "is_active": True}
    assert ask("POST", "/custom-fields", body, Idempotency_Key="f1").body["id"] == made.body["id"]
    assert ask("POST", "/custom-fields", body | {"options": []}).body["errors"][0]["field"] == "options"
    url = f"/custom-fields/{made.body['id']}"
    changed = ask("PATCH", url, {"label_fr": "Rythme de facturation"}, If_Match=made.headers["ETag"])
    assert (changed.body["label_fr"], len(changed.body["options"])) == ("Rythme de facturation", 2)
    fewer = ask("PATCH", url, {"options": [{"id": "mois", "label_fr": "Mois"}]}, If_Match=changed.headers["ETag"])
    assert [(one["id"], one["label_en"], one["is_active"]) for one in fewer.body["options"]] == [
        ("mois", "Mois", True), ("an", "Annuel", False),
    ]  # fmt: skip
    archived = ask("PATCH", url, {"is_active": False}, If_Match=fewer.headers["ETag"])
    assert archived.body["is_active"] is False
    assert ask("PATCH", url, {"type": "text"}, If_Match=archived.headers["ETag"]).status_code == 422
    assert [one["code"] for one in call(reader)("GET", "/custom-fields?subject=client").body["items"]] == ["rythme"]
    assert call(reader)("DELETE", url).status_code == 403
    ask = call(admin)
    assert ask("DELETE", url, If_Match='"77"').status_code == 412
    assert ask("DELETE", url).status_code == 204
    assert ask("GET", url).status_code == 404
    assert ask("POST", f"{url}/restoration", {}).body["code"] == "rythme"
    enter(admin)
    assert CustomField.objects.get().deleted_at is None


def test_the_photo_of_a_person(call, manager, reader, client_north):  # noqa: F811
    ask = call(manager)
    person = ask("POST", "/people", {"last_name": "Roy", "client": "N1"}).body["id"]
    url = f"/api/v1/people/{person}/photo"
    headers = {"Authorization": f"Bearer {ask.token}"}
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 100

    def sends(method, content=b""):
        return ask.http.generic(method, url, data=content, content_type="application/octet-stream", headers=headers)

    assert sends("GET").status_code == 404
    assert sends("PUT", picture).status_code == 204
    shown = sends("GET")
    assert (shown.content, shown.headers["Content-Type"]) == (picture, "image/png")
    for other in (b"<svg></svg>", b"", picture + b"0" * 500_000):
        assert (sends("PUT", other).status_code, sends("GET").content) == (422, picture)
    assert call(reader)("DELETE", f"/people/{person}/photo").status_code == 403
    assert sends("DELETE").status_code == 204
    assert sends("GET").status_code == 404


def test_a_deletion_is_taken_back_once(call, manager, topic, client_north):  # noqa: F811
    ask = call(manager)
    body = {"client": "N1", "topic": topic.code, "channel": "note", "notes": "Gardé."}
    number = ask("POST", "/interactions", body).body["number"]
    assert ask("POST", f"/interactions/{number}/restoration", {}).status_code == 404
    assert ask("DELETE", f"/interactions/{number}").status_code == 204
    for _again in range(2):
        back = ask("POST", f"/interactions/{number}/restoration", {}, Idempotency_Key="r1")
        assert (back.status_code, back.body["number"]) == (200, number)
    assert ask("DELETE", "/clients/N1").status_code == 204
    for _again in range(2):
        assert ask("POST", "/clients/N1/restoration", {}, Idempotency_Key="r2").body["number"] == "N1"
