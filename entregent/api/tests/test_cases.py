"""Cases by the API."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.cases.models import Case, CaseType
from entregent.documents.template_actions import seed_templates
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
from entregent.jobs.tasks import run_job
from entregent.outbox.endpoints import set_endpoint
from entregent.outbox.models import Message, Post
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(org, admin):
    enter(admin)
    return CaseType.objects.create(
        organization=org, code="facture", path="facture", label_fr="Facture", label_en="Invoice",
        sub_statuses=[{"code": "a-lire", "state": "new", "fr": "À lire", "en": "To read"}],
    )  # fmt: skip


def test_a_case_is_opened_once_read_changed_and_closed(call, agent, client_north, kind):  # noqa: F811
    ask = call(agent)
    types = ask("GET", "/case-types").body["items"]
    assert (types[0]["path"], types[0]["sub_statuses"][0]["label_en"]) == ("facture", "To read")

    body = {"client": "N1", "case_type": "facture", "title": "Conteste", "priority": "high"}
    first = ask("POST", "/cases", body, Idempotency_Key="k1")
    again = ask("POST", "/cases", body, Idempotency_Key="k1")
    assert (first.status_code, again.body["number"]) == (201, first.body["number"])
    assert first.body["sub_status"] == "a-lire"
    assert (first.body["origin"], first.body["responsible"]) == ("api", None)
    url = f"/cases/{first.body['number']}"
    assert [one["number"] for one in ask("GET", "/cases?client=N1&is_open=true").body["items"]] == [
        first.body["number"]
    ]
    assert ask("GET", '/cases?filter=["priority","is","low"]').body["items"] == []

    assert ask("PATCH", url, {"title": "Autre"}).status_code == 428
    changed = ask("PATCH", url, {"title": "Autre", "responsible": agent.user.email}, If_Match=first.headers["ETag"])
    assert (changed.body["title"], changed.body["responsible"]) == ("Autre", agent.user.email)
    assert ask("PATCH", url, {"title": "Trop tard"}, If_Match=first.headers["ETag"]).status_code == 412
    moved = ask("POST", f"{url}/state", {"state": "in_progress"})
    assert moved.body["state"] == "in_progress"
    assert ask("POST", f"{url}/state", {"state": "rejected", "reason": "Non"}).body["code"] == "E-001-TRANSITION"
    closed = ask("POST", f"{url}/state", {"state": "done", "reason": "Réglé"})
    assert closed.body["closed_at"] is not None


def test_a_contact_is_attached_and_twice_changes_nothing(call, agent, org, client_north, kind):  # noqa: F811
    enter(agent)
    topic = Topic.objects.create(organization=org, code="t", label_fr="T", label_en="T")
    contact = log_interaction(by=agent, client=client_north, topic=topic, channel="phone_call")
    ask = call(agent)
    number = ask("POST", "/cases", {"client": "N1", "case_type": "facture"}).body["number"]
    for _time in range(2):
        assert ask("POST", f"/cases/{number}/contacts", {"interaction": contact.number}).status_code == 201
    enter(agent)
    assert Case.objects.get(number=number).contacts.count() == 1
    assert ask("POST", f"/cases/{number}/contacts", {"interaction": 999}).status_code == 422


def test_what_is_wrong_or_out_of_reach_is_refused(call, agent, outsider, reader, client_north, kind):  # noqa: F811
    ask = call(agent)
    number = ask("POST", "/cases", {"client": "N1", "case_type": "facture"}).body["number"]
    assert ask("POST", "/cases", {"client": "N1", "case_type": "rien"}).status_code == 422
    assert ask("POST", "/cases", {"client": "rien", "case_type": "facture"}).status_code == 422
    assert ask("POST", "/cases", {"client": "N1", "case_type": "facture", "team": "rien"}).status_code == 422
    assert ask("POST", "/cases", {"client": "N1", "case_type": "facture", "state": "done"}).status_code == 422
    far = call(outsider)
    assert far("GET", f"/cases/{number}").status_code == 404
    assert far("GET", "/cases").body["items"] == []
    assert far("POST", f"/cases/{number}/state", {"state": "in_progress"}).status_code == 404
    assert call(reader)("POST", "/cases", {"client": "N1", "case_type": "facture"}).status_code == 403


@pytest.fixture
def opened(call, manager, client_north, kind):  # noqa: F811
    ask = call(manager)
    number = ask("POST", "/cases", {"client": "N1", "case_type": "facture", "title": "Conteste"}).body["number"]
    return ask, f"/cases/{number}"


def test_notes_tasks_and_reminders_of_a_case(opened, manager):
    ask, url = opened
    note = ask("POST", f"{url}/notes", {"text": "Rappelle lundi."}, Idempotency_Key="n1")
    assert ask("POST", f"{url}/notes", {"text": "Rappelle lundi."}, Idempotency_Key="n1").body == note.body
    assert note.body["text"] in [one["text"] for one in ask("GET", f"{url}/notes").body["items"]]
    assert ask("POST", f"{url}/notes", {"text": " "}).status_code == 422
    tasks = ask("POST", f"{url}/tasks", {"texts": ["Relever", "Écrire"]}).body["items"]
    assert [one["text"] for one in tasks] == ["Relever", "Écrire"]
    task = f"{url}/tasks/{tasks[0]['id']}"
    ticked = ask("PUT", task, {"done": True}).body
    assert (ticked["done_by"], ticked["done_at"] is None) == (manager.user.email, False)
    assert ask("DELETE", f"{url}/tasks/{tasks[1]['id']}").status_code == 204
    assert [one["text"] for one in ask("GET", f"{url}/tasks").body["items"]] == ["Relever"]
    made = ask("POST", f"{url}/reminders", {"on": "2096-01-15", "text": "Relire"})
    assert (made.status_code, made.body["agent"]) == (201, manager.user.email)
    assert ask("POST", f"{url}/reminders/{made.body['id']}/done", {}).body["done_at"] is not None
    assert ask("POST", f"{url}/reminders", {"on": "2001-01-15"}).status_code == 422


def test_who_and_what_a_case_is_about(opened, manager, client_south):
    ask, url = opened
    links = ask("POST", f"{url}/participants", {"client": "S1", "role": "voisin"}).body
    added = next(one for one in links["participants"] if one["client"] == "S1")
    assert ask("DELETE", f"{url}/participants/{added['id']}").status_code == 204
    agents = ask("POST", f"{url}/agents", {"agent": manager.user.email}).body["agents"]
    assert manager.user.email in [one["agent"] for one in agents]
    other = ask("POST", "/cases", {"client": "N1", "case_type": "facture", "title": "Autre"}).body["number"]
    assert ask("POST", f"{url}/cases", {"other": other}).body["cases"] == [other]
    assert ask("DELETE", f"{url}/cases/{other}").status_code == 204
    assert ask("GET", f"{url}/cases").body["cases"] == []
    assert ask("POST", f"{url}/cases", {"other": 99999}).status_code == 422
    merged = ask("POST", f"{url}/merge", {"other": other}, Idempotency_Key="m1")
    assert merged.status_code == 200, merged.body
    assert ask("POST", f"{url}/merge", {"other": other}, Idempotency_Key="m1").status_code == 200
    assert ask("GET", f"/cases/{other}").body["state"] == "cancelled"
    assert ask("DELETE", url, If_Match='"77"').status_code == 412
    assert ask("DELETE", url).status_code == 204
    assert ask("GET", url).status_code == 404
    for _time in range(2):
        assert ask("POST", f"{url}/restoration", {}, Idempotency_Key="r1").status_code == 200


def test_files_of_a_case_are_kept_and_served(opened):
    ask, url = opened
    headers = {"Authorization": f"Bearer {ask.token}"}

    def send(key):
        file = SimpleUploadedFile("bail.txt", b"Bail de la maison")
        sent = {"title": "Bail", "file": file}
        return ask.http.post(f"/api/v1{url}/documents", sent, headers=headers | {"Idempotency-Key": key})

    made = send("d1")
    assert (made.status_code, made.json()["title"]) == (201, "Bail")
    assert send("d1").json()["id"] == made.json()["id"]
    assert [one["name"] for one in ask("GET", f"{url}/documents").body["items"]] == ["bail.txt"]
    document = f"{url}/documents/{made.json()['id']}"
    assert b"".join(ask.http.get(f"/api/v1{document}", headers=headers)) == b"Bail de la maison"
    assert ask("DELETE", document).status_code == 204
    assert ask("GET", document).status_code == 404
    assert ask("POST", f"{document}/mail", {"send_to": "contact@moreau.example"}).status_code == 404


def test_a_document_of_a_case_is_sent_by_mail_once(opened, call, manager, reader, outsider, client_north):  # noqa: F811
    ask, url = opened
    enter(manager)
    client_north.emails = ["contact@moreau.example"]
    client_north.save()
    file = SimpleUploadedFile("bail.txt", b"Bail de la maison")
    headers = {"Authorization": f"Bearer {ask.token}"}
    kept = ask.http.post(f"/api/v1{url}/documents", {"title": "Bail", "file": file}, headers=headers).json()
    mail = f"{url}/documents/{kept['id']}/mail"
    for _time in range(2):
        sent = ask("POST", mail, {"send_to": "contact@moreau.example", "language": "en"}, Idempotency_Key="m1")
        assert (sent.status_code, sent.body["documents"]) == (201, 1), sent.body
    wrong = ask("POST", mail, {"send_to": "ailleurs@ex.example"})
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "send_to")
    assert ask("POST", f"{url}/documents/987654321/mail", {"send_to": "contact@moreau.example"}).status_code == 404
    enter(manager)
    assert [(one.subject, one.language) for one in Message.objects.all()] == [("Bail", "en")]
    body = {"send_to": "contact@moreau.example"}
    assert [call(other)("POST", mail, body).status_code for other in (reader, outsider)] == [403, 404]


def test_a_letter_of_a_case_is_written(opened, admin, org):
    enter(admin)
    seed_templates(org)
    ask, url = opened
    codes = [one["code"] for one in ask("GET", "/document-templates").body["items"] if one["kind"] == "letter"]
    body = {"template": codes[0], "subject": "Votre facture", "text": "Bonjour,\n\nNous l'avons relue."}
    made = ask("POST", f"{url}/letters", body, Idempotency_Key="l1")
    assert (made.status_code, made.body["documents"]) == (201, 1), made.body
    assert ask("POST", f"{url}/letters", body, Idempotency_Key="l1").body["documents"] == 1
    assert ask("POST", f"{url}/letters", body | {"template": "rien"}).status_code == 422
    assert ask("POST", f"{url}/letters", body | {"text": ""}).status_code == 422


def test_cases_are_changed_by_a_job(opened, manager):
    ask, url = opened
    number = url.rpartition("/")[2]
    job = ask("POST", "/bulk/cases", {"numbers": [number], "change": "responsible", "value": manager.user.email})
    assert job.status_code == 202
    run_job(job_id=job.body["id"], organization_id=manager.organization_id)
    assert ask("GET", url).body["responsible"] == manager.user.email
    rows = ask("GET", f"/jobs/{job.body['id']}/rows").body["items"]
    assert rows == [{"record": number, "verdict": "changed", "reason": ""}]
    assert ask("POST", "/bulk/cases", {"numbers": ["a"], "change": "state", "value": "done"}).status_code == 422


@pytest.fixture
def mirrored(admin, settings):
    """Cases are told to an existing system, to which nothing is sent meanwhile."""
    settings.DEMO = True
    enter(admin)
    set_endpoint(by=admin, purpose="cases", url="http://127.0.0.1:9/", is_on=True)


def test_a_case_is_sent_again_to_the_existing_system(
    call, mirrored, agent, reader, outsider, client_north, kind  # noqa: F811
):
    ask = call(agent)
    made = ask("POST", "/cases", {"client": "N1", "case_type": "facture", "title": "Conteste"}).body
    assert made["external_state"] == "to_send"
    enter(agent)
    Post.objects.update(state="failed", tries=9)
    Case.objects.update(external_state="failed")
    url = f"/cases/{made['number']}/transmission"
    for _time in range(2):
        again = ask("POST", url, {}, Idempotency_Key="t1")
        assert (again.status_code, again.body["external_state"]) == (200, "to_send")
    enter(agent)
    assert [(one.state, one.tries) for one in Post.objects.all()] == [("pending", 0)]
    # Where nothing waits, how it stands now.
    Post.objects.update(state="sent")
    assert ask("POST", url, {}).status_code == 200
    enter(agent)
    assert [one.event for one in Post.objects.order_by("pk")] == ["case.opened", "case.changed"]
    assert call(reader)("POST", url, {}).status_code == 403
    away = call(outsider)
    assert away("POST", url, {}).body == away("POST", "/cases/987654321/transmission", {}).body
    assert away("POST", url, {}).status_code == 404
