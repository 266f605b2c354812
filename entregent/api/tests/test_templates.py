"""Templates, the letterhead and the letters to print, by programs."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.api.tests.test_api import call, topic  # noqa: F401
from entregent.clients.actions import seed_object_types
from entregent.clients.facts import facts_of
from entregent.documents.actions import generate_document
from entregent.documents.models import DocumentTemplate, Letter
from entregent.documents.template_actions import seed_templates
from entregent.documents.tests.documents import PNG, docx
from entregent.interactions.template_models import RecordTemplate
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Team
from testing.cast import enter, enter_organization

pytestmark = pytest.mark.django_db


def raw(ask, method, url, content=b"", **headers):
    """A body that is a file."""
    named = {"Authorization": f"Bearer {ask.token}", **{name.replace("_", "-"): one for name, one in headers.items()}}
    return ask.http.generic(
        method, f"/api/v1{url}", data=content, content_type="application/octet-stream", headers=named
    )  # fmt: skip


def test_a_template_of_letters(call, manager, agent, stranger):  # noqa: F811
    ask = call(manager)
    body = {"kind": "letter", "name_fr": "Accord", "name_en": "Agreement", "body_fr": "Bonjour {{ client.name }}"}
    made = ask("POST", "/document-templates", body, Idempotency_Key="t1")
    assert (made.status_code, made.body["code"], made.body["file"]) == (201, "accord", None)
    assert ask("POST", "/document-templates", body, Idempotency_Key="t1").body == made.body
    wrong = ask("POST", "/document-templates", body | {"body_fr": "{{ client.nom }}"})
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "body_fr")
    assert ask("POST", "/document-templates", body | {"code": "accord"}).body["code"] == "E-TEMPLATE-CODE"
    url = "/document-templates/accord"
    assert ask("PATCH", url, {"name_fr": "Bon accord"}).status_code == 428
    changed = ask("PATCH", url, {"name_fr": "Bon accord", "is_active": False}, If_Match=made.headers["ETag"])
    assert (changed.body["name_fr"], changed.body["body_fr"], changed.body["is_active"]) == (
        "Bon accord", body["body_fr"], False,
    )  # fmt: skip
    assert ask("PATCH", url, {"name_en": "A"}, If_Match=made.headers["ETag"]).status_code == 412
    assert ask("PATCH", url, {"body_fr": ""}, If_Match=changed.headers["ETag"]).body["errors"][0]["field"] == "body_fr"
    assert raw(ask, "PUT", f"{url}/file", docx("x"), If_Match=changed.headers["ETag"]).status_code == 409
    assert call(agent)("GET", url).status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/document-templates/rien")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    ask = call(manager)
    assert ask("DELETE", url, If_Match=made.headers["ETag"]).status_code == 412
    assert ask("DELETE", url).status_code == 204
    enter(manager)
    assert not DocumentTemplate.objects.exists()


def test_a_word_document(call, manager):  # noqa: F811
    ask = call(manager)

    def send(content, **fields):
        return ask.http.post(
            "/api/v1/word-templates",
            {"name_fr": "Bail", "name_en": "Lease", "file": SimpleUploadedFile("Bail.docx", content), **fields},
            headers={"Authorization": f"Bearer {ask.token}", "Idempotency-Key": fields.get("code", "w1")},
        )

    content = docx("Bonjour {{ client.name }}")
    made = send(content)
    assert (made.status_code, made.json()["kind"], made.json()["file"]) == (201, "word", "Bail.docx")
    assert send(content).json() == made.json()
    assert send(docx("Autre")).json()["code"] == "E-IDEMPOTENCY"
    assert send(b"rien", code="b2").status_code in (415, 422)
    url = "/document-templates/bail/file"
    assert b"".join(raw(ask, "GET", url).streaming_content) == content
    other = docx("Cher {{ client.name }}")
    assert raw(ask, "PUT", url, other).status_code == 428
    changed = raw(ask, "PUT", f"{url}?name=Bail-2.docx", other, If_Match=made.headers["ETag"])
    assert (changed.status_code, changed.json()["file"]) == (200, "Bail-2.docx")
    assert raw(ask, "PUT", url, content, If_Match=made.headers["ETag"]).status_code == 412
    assert raw(ask, "PUT", url, b"rien", If_Match=changed.headers["ETag"]).status_code in (415, 422)
    assert b"".join(raw(ask, "GET", url).streaming_content) == other


def test_the_letterhead(call, manager, reader):  # noqa: F811
    ask = call(manager)
    seen = ask("GET", "/letterhead")
    assert (seen.body["window"], seen.body["has_logo"]) == ("fr", False)
    changed = ask("PATCH", "/letterhead", {"name": "Eaux du Val", "colour": "#004080"}, If_Match=seen.headers["ETag"])
    assert (changed.body["name"], changed.body["colour"]) == ("Eaux du Val", "#004080")
    assert ask("PATCH", "/letterhead", {"name": "E"}, If_Match=seen.headers["ETag"]).status_code == 412
    wrong = ask("PATCH", "/letterhead", {"colour": "bleu"}, If_Match=changed.headers["ETag"])
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "colour")
    assert ask("GET", "/letterhead/logo").status_code == 404
    assert raw(ask, "PUT", "/letterhead/logo", b"<svg/>", If_Match=changed.headers["ETag"]).status_code == 415
    drawn = raw(ask, "PUT", "/letterhead/logo", PNG, If_Match=changed.headers["ETag"])
    assert (drawn.status_code, drawn.json()["has_logo"], drawn.json()["name"]) == (200, True, "Eaux du Val")
    assert raw(ask, "GET", "/letterhead/logo").headers["Content-Type"] == "image/png"
    assert ask("DELETE", "/letterhead/logo", If_Match=changed.headers["ETag"]).status_code == 412
    assert ask("DELETE", "/letterhead/logo").status_code == 204
    assert ask("GET", "/letterhead").body["has_logo"] is False
    assert call(reader)("GET", "/letterhead").status_code == 403


def test_letters_are_printed_or_set_aside(call, org, manager, agent, reader, client_north, client_south):  # noqa: F811
    enter(manager)
    seed_templates(org)
    for client in (client_north, client_north, client_south):
        generate_document(
            organization=org, by=manager, template="bienvenue", facts=facts_of(client, language="fr"), language="fr",
            client=client,
        )  # fmt: skip
    first, second, south = Letter.objects.order_by("pk").values_list("pk", flat=True)
    ask = call(agent)
    assert [one["id"] for one in ask("GET", "/letters").body["items"]] == [first, second]
    away = [ask(method, f"/letters/{key}") for key in (south, 987654321) for method in ("GET", "DELETE")]
    assert {one.status_code for one in away} == {404}
    assert len({one.content for one in away}) == 1
    assert raw(ask, "GET", f"/letters/{first}").headers["Content-Type"] == "application/pdf"
    assert ask("DELETE", f"/letters/{second}").status_code == 204
    printing = ask("POST", "/printings", {}, Idempotency_Key="p1")
    assert (printing.status_code, printing.body["letters"], printing.body["state"]) == (202, 1, "pending")
    assert ask("POST", "/printings", {}, Idempotency_Key="p1").body == printing.body
    # Another's letters are not printed by naming them.
    assert ask("POST", "/printings", {"letters": [south]}).body["code"] == "E-001-NOTHING"
    assert call(reader)("POST", "/printings", {}).status_code == 403
    enter(agent)
    job = Job.objects.get(pk=printing.body["job"])
    run_job(job.pk, organization_id=org.pk)
    url = f"/printings/{printing.body['id']}"
    ask = call(agent)
    done = ask("GET", url).body
    assert (done["state"], done["parts"]) == ("done", [1])
    assert ask("GET", "/printings").body["items"] == [done]
    assert raw(ask, "GET", f"{url}/parts/1").headers["Content-Type"] == "application/pdf"
    assert ask("GET", f"{url}/parts/2").status_code == 404
    assert ask("DELETE", f"/letters/{first}").body["code"] == "E-001-NOTHING"
    # A printing is its author's.
    assert call(manager)("GET", url).status_code == 404


def test_a_template_of_contacts(call, org, manager, agent, stranger, topic):  # noqa: F811
    enter_organization(org)
    seed_object_types(org)
    Team.objects.create(organization=org, code="releve", label_fr="Relève", label_en="Readings")
    ask = call(manager)
    body = {
        "name_fr": "Fuite", "name_en": "Leak", "topics": [topic.code], "filter": ["status", "is", "client"],
        "channel": "phone_call", "priority": "high", "follow_up": "2 working days", "text_fr": "Chez {{ client.name }}",
        "people": [{"role": "primary"}],
        "agents": [{"agent": agent.user.email, "role": "responsible"}, {"team": "releve", "role": "participant"}],
        "objects": [{"selector": "last:invoice", "states": ["unpaid"], "required": False}],
    }  # fmt: skip
    made = ask("POST", "/record-templates", body, Idempotency_Key="r1")
    assert (made.status_code, made.body["code"], made.body["topics"]) == (201, "fuite", [topic.code])
    assert made.body["agents"][0]["agent"] == agent.user.email
    assert made.body["agents"][1]["team"] == "releve"
    assert made.body["objects"] == body["objects"]
    assert made.body["filter"] == ["status", "is", "client"]
    assert ask("POST", "/record-templates", body, Idempotency_Key="r1").body == made.body
    both = [{"team": "releve", "function": "agent", "role": "responsible"}]
    for wrong, field in [
        ({"topics": ["rien"]}, "topics"),
        ({"filter": ["rien", "is", "x"]}, "filter"),
        ({"follow_up": "bientôt"}, "follow_up"),
        ({"agents": [{"agent": "nul@eaux.example", "role": "responsible"}]}, "agents"),
        ({"agents": both}, "agents"),
        ({"objects": [{"selector": "last:rien"}]}, "objects"),
        ({"code": "fuite"}, "code"),
        ({"text_fr": "{{ client.nom }}"}, "text_fr"),
    ]:
        refused = ask("POST", "/record-templates", body | wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field), wrong
    url = "/record-templates/fuite"
    assert ask("PATCH", url, {"name_fr": "Fuites"}).status_code == 428
    changed = ask("PATCH", url, {"name_fr": "Fuites", "filter": None}, If_Match=made.headers["ETag"])
    assert (changed.body["name_fr"], changed.body["filter"], changed.body["topics"]) == ("Fuites", None, [topic.code])
    assert changed.body["agents"] == made.body["agents"]
    assert ask("PATCH", url, {"topics": []}, If_Match=made.headers["ETag"]).status_code == 412
    emptied = ask("PATCH", url, {"topics": [], "is_active": False}, If_Match=changed.headers["ETag"])
    assert (emptied.body["topics"], emptied.body["is_active"]) == ([], False)
    assert call(agent)("GET", url).status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/record-templates/rien")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    enter(manager)
    assert RecordTemplate.objects.get().people == [{"role": "primary", "label_fr": "", "label_en": ""}]
