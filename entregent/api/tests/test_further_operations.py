"""What the screens do, done by programs: one journey through each further resource, and its refusals."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from entregent.api.tests.test_api import call, topic  # noqa: F401
from entregent.clients.actions import seed_object_types, sync_business_object
from entregent.clients.models import Client
from entregent.interactions.models import Interaction
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Grant, Membership
from testing.cast import enter

pytestmark = pytest.mark.django_db


def test_addresses_one_by_one(call, manager, agent, client_north, client_south):  # noqa: F811
    ask = call(manager)
    body = {"client": "N1", "street": "12 rue du Moulin", "city": "Thionville", "postal_code": "57100"}
    made = ask("POST", "/addresses", body, Idempotency_Key="a1")
    assert (made.status_code, made.body["client"], made.body["kind"]) == (201, "N1", "main")
    assert ask("POST", "/addresses", body, Idempotency_Key="a1").body["id"] == made.body["id"]
    url = f"/addresses/{made.body['id']}"
    assert ask("PATCH", url, {"city": "Metz"}).status_code == 428
    assert ask("PATCH", url, {"city": "Metz"}, If_Match='"9"').status_code == 412
    changed = ask("PATCH", url, {"city": "Metz"}, If_Match=made.headers["ETag"])
    assert (changed.status_code, changed.body["city"], changed.body["street"]) == (200, "Metz", "12 rue du Moulin")
    assert [one["id"] for one in ask("GET", "/addresses?client=N1").body["items"]] == [made.body["id"]]
    assert ask("POST", "/addresses", {"city": "Metz"}).body["errors"][0]["field"] == "client"
    assert ask("DELETE", url, If_Match='"1"').status_code == 412
    assert call(agent)("POST", "/addresses", body | {"client": "S1"}).status_code == 422
    ask = call(manager)
    assert ask("DELETE", url, If_Match=changed.headers["ETag"]).status_code == 204
    assert ask("GET", url).status_code == 404


def test_people_are_tied_to_clients_and_untied(call, manager, client_north, client_south):  # noqa: F811
    ask = call(manager)
    person = ask("POST", "/people", {"last_name": "Roy", "client": "N1"}).body["id"]
    tied = ask("PUT", f"/people/{person}/clients/S1", {"is_primary": True})
    assert {one["client"]: one["is_primary"] for one in tied.body["clients"]} == {"N1": False, "S1": True}
    marked = ask("PUT", f"/people/{person}/clients/S1", {"is_billing": True})
    assert next(one for one in marked.body["clients"] if one["client"] == "S1")["is_primary"] is True
    assert ask("DELETE", f"/people/{person}/clients/S1").status_code == 204
    assert [one["client"] for one in ask("GET", f"/people/{person}").body["clients"]] == ["N1"]
    assert ask("PUT", f"/people/{person}/clients/RIEN", {}).status_code == 404


def test_a_client_is_held_deleted_and_brought_back(call, manager, client_north):  # noqa: F811
    ask = call(manager)
    held = ask("POST", "/clients/N1/credit-hold", {"reason": "overdue", "note": "Trois factures"})
    assert (held.status_code, held.body["credit_hold"]["reason"]) == (201, "overdue")
    assert ask("POST", "/clients/N1/credit-hold", {"reason": "overdue"}).status_code == 409
    assert ask("DELETE", "/clients/N1/credit-hold").body["credit_hold"] is None
    assert ask("DELETE", "/clients/N1", If_Match='"77"').status_code == 412
    assert ask("DELETE", "/clients/N1").status_code == 204
    assert ask("GET", "/clients/N1").status_code == 404
    assert ask("POST", "/clients/N1/restoration", {}).body["number"] == "N1"
    assert ask("GET", "/clients/N1").status_code == 200


def test_an_interaction_is_corrected_followed_up_and_linked(call, manager, client_north, client_south, topic):  # noqa: F811
    enter(manager)
    seed_object_types(manager.organization)
    thing = sync_business_object(by=manager, client=client_north, type_code="invoice", key="F-1")
    ask = call(manager)
    body = {"client": "N1", "topic": "renseignement", "channel": "phone_call", "notes": "Bonjour"}
    number = ask("POST", "/interactions", body).body["number"]
    url = f"/interactions/{number}"
    tag = ask("GET", url).headers["ETag"]
    day = (timezone.now() + timedelta(days=5)).date().isoformat()
    changed = ask("PATCH", url, {"subject": "Compteur", "follow_up_on": day}, If_Match=tag)
    assert (changed.status_code, changed.body["subject"], changed.body["follow_up_on"]) == (200, "Compteur", day)
    assert ask("PATCH", url, {"subject": "Autre"}, If_Match=tag).status_code == 412
    done = ask("POST", f"{url}/follow-up", {"done": True}, Idempotency_Key="f1")
    assert done.body["follow_up_done_at"] is not None
    later = (timezone.now() + timedelta(days=9)).date().isoformat()
    assert ask("POST", f"{url}/follow-up", {"on": later}).body["follow_up_on"] == later
    assert ask("POST", f"{url}/follow-up", {}).status_code == 422
    tag = ask("GET", url).headers["ETag"]
    corrected = ask("PATCH", f"{url}/entries/1", {"notes": "Au revoir", "internal": True}, If_Match=tag)
    assert (corrected.body["entries"][0]["notes"], corrected.body["entries"][0]["published_at"]) == ("Au revoir", None)
    assert ask("PATCH", f"{url}/entries/7", {}, If_Match=corrected.headers["ETag"]).status_code == 404
    assert ask("POST", f"{url}/status", {"status": "closed"}).body["status"] == "closed"
    assert ask("POST", f"{url}/status", {"status": "waiting"}).body["code"] == "E-001-TRANSITION"
    links = ask("POST", f"{url}/participants", {"client": "S1", "role": "voisin"}).body
    added = next(one for one in links["participants"] if one["client"] == "S1")
    ask("POST", f"{url}/agents", {"agent": manager.user.email})
    links = ask("POST", f"{url}/objects", {"object": thing.pk}).body
    assert [one["key"] for one in links["objects"]] == ["F-1"]
    assert ask("DELETE", f"{url}/participants/{added['id']}").status_code == 204
    assert ask("DELETE", f"{url}/objects/{links['objects'][0]['id']}").status_code == 204
    assert ask("DELETE", f"{url}/participants/999999").status_code == 404
    assert [one["client"] for one in ask("GET", f"{url}/links").body["participants"]] == ["N1"]


def test_nobody_changes_what_they_only_read(call, agent, reader, client_north, topic):  # noqa: F811
    ask = call(agent)
    body = {"client": "N1", "topic": "renseignement", "channel": "phone_call"}
    url = f"/interactions/{ask('POST', '/interactions', body).body['number']}"
    reads = call(reader)
    for method, path, sent in [
        ("PATCH", url, {"subject": "x"}),
        ("POST", f"{url}/status", {"status": "closed"}),
        ("POST", f"{url}/agents", {"agent": "x@y.fr"}),
        ("POST", "/addresses", {"client": "N1", "city": "Metz"}),
        ("POST", "/bulk/clients", {"numbers": ["N1"], "change": "add_tag", "value": "VIP"}),
        ("POST", "/sectors", {"code": "X", "name": "X"}),
        ("POST", "/topics", {"label_fr": "X", "label_en": "X"}),
        ("GET", "/users", None),
        ("GET", "/audit-events", None),
        ("GET", "/exports/clients", None),
        ("GET", "/imports", None),
    ]:
        refused = reads(method, path, sent, If_Match='"1"')
        assert (refused.status_code, refused.body["code"]) == (403, "E-ROLE"), (method, path)
    enter(agent)
    assert Interaction.objects.get().status == "open"


def test_members_and_what_they_reach(call, admin, org, north):  # noqa: F811
    ask = call(admin)
    me = ask("GET", "/me").body
    assert (me["email"], me["role"], me["organization"]["slug"]) == (admin.user.email, "admin", org.slug)
    body = {"email": "zoe@eaux.example", "name": "Zoé Roux", "role": "editor", "functions": ["agent"]}
    made = ask("POST", "/users", body, Idempotency_Key="u1")
    assert made.status_code == 201
    assert ask("POST", "/users", body, Idempotency_Key="u1").body["id"] == made.body["id"]
    assert ask("POST", "/users", body).status_code == 409
    url = f"/users/{made.body['id']}"
    given = ask("POST", f"{url}/grants", {"scope_type": "sector", "sector": "NORD", "role": "reader"})
    assert (given.status_code, given.body["sector"]) == (201, "NORD")
    assert ask("POST", f"{url}/grants", {"scope_type": "sector", "sector": "?"}).status_code == 422
    assert ask("POST", f"{url}/grants", {"scope_type": "client"}).status_code == 422
    assert [one["id"] for one in ask("GET", f"{url}/grants").body["items"]] == [given.body["id"]]
    assert ask("DELETE", f"{url}/grants/{given.body['id']}").status_code == 204
    changed = ask("PATCH", url, {"role": "manager", "is_active": False}, If_Match=made.headers["ETag"])
    assert (changed.status_code, changed.body["role"], changed.body["is_active"]) == (200, "manager", False)
    assert ask("PATCH", url, {"role": "reader"}, If_Match=made.headers["ETag"]).status_code == 412
    enter(admin)
    member = Membership.objects.get(pk=made.body["id"])
    assert (member.role, Grant.objects.filter(membership=member).count()) == ("manager", 0)
    events = ask("GET", "/audit-events?name=grant_access").body["items"]
    assert events[0]["subject_type"] == "organizations.membership"


def test_sectors_and_topics_are_kept(call, admin, north, topic):  # noqa: F811
    ask = call(admin)
    made = ask("POST", "/sectors", {"code": "NORD-1", "name": "Vallée", "parent": "NORD"})
    assert (made.status_code, made.body["parent"]) == (201, "NORD")
    assert ask("POST", "/sectors", {"code": "NORD-1", "name": "Vallée"}).status_code == 409
    moved = ask("PATCH", "/sectors/NORD-1", {"name": "Val", "parent": None}, If_Match=made.headers["ETag"])
    assert (moved.body["name"], moved.body["parent"]) == ("Val", None)
    assert ask("PATCH", "/sectors/NORD-1", {"parent": "RIEN"}, If_Match=moved.headers["ETag"]).status_code == 422
    assert ask("DELETE", "/sectors/NORD-1").status_code == 204
    assert ask("GET", "/sectors/NORD-1").status_code == 404
    made = ask("POST", "/topics", {"label_fr": "Coupure", "label_en": "Cut"})
    assert (made.status_code, made.body["code"]) == (201, "coupure")
    changed = ask("PATCH", "/topics/coupure", {"is_active": False}, If_Match=made.headers["ETag"])
    assert changed.body["is_active"] is False


def test_many_clients_are_changed_by_a_job(call, manager, client_north, client_south):  # noqa: F811
    ask = call(manager)
    body = {"filter": ["name", "contains", "moreau"], "change": "add_tag", "value": "VIP"}
    job = ask("POST", "/bulk/clients", body, Idempotency_Key="b1")
    assert (job.status_code, job.body["state"]) == (202, "pending")
    assert ask("POST", "/bulk/clients", body, Idempotency_Key="b1").body["id"] == job.body["id"]
    run_job(job_id=job.body["id"], organization_id=manager.organization_id)
    told = ask("GET", f"/jobs/{job.body['id']}").body
    assert (told["state"], told["done"]) == ("done", 1)
    rows = ask("GET", f"/jobs/{job.body['id']}/rows").body["items"]
    assert rows == [{"record": "N1", "verdict": "changed", "reason": ""}]
    assert ask("GET", "/clients/N1").body["tags"] == ["VIP"]
    assert ask("GET", "/clients/S1").body["tags"] == []
    for wrong, field in [
        ({"numbers": ["RIEN"], "change": "add_tag", "value": "x"}, "numbers"),
        ({"change": "add_tag", "value": "x"}, "numbers"),
        ({"numbers": ["N1"], "change": "colour", "value": "x"}, "change"),
        ({"numbers": ["N1"], "change": "sector", "value": "RIEN"}, "value"),
    ]:
        refused = ask("POST", "/bulk/clients", wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field)


def test_jobs_are_ones_own(call, manager, agent, client_north):  # noqa: F811
    job = call(manager)("POST", "/bulk/clients", {"numbers": ["N1"], "change": "add_tag", "value": "A"}).body["id"]
    other = call(agent)
    assert other("GET", f"/jobs/{job}").status_code == 404
    assert other("GET", "/jobs").body["items"] == []
    assert other("POST", f"/jobs/{job}/cancellation", {}).status_code == 404
    assert call(manager)("POST", f"/jobs/{job}/cancellation", {}).body["state"] == "cancelled"


def test_a_file_is_imported_and_a_list_exported(call, admin, client_north):  # noqa: F811
    ask = call(admin)

    def send(key):
        file = SimpleUploadedFile("clients.csv", b"number;name;kind\nX1;Scierie;company\n;;\n")
        headers = {"Authorization": f"Bearer {ask.token}", "Idempotency-Key": key}
        return ask.http.post("/api/v1/imports", {"kind": "clients", "file": file}, headers=headers)

    made = send("i1")
    assert made.status_code == 202, made.content
    assert send("i1").json()["id"] == made.json()["id"]
    url = f"/imports/{made.json()['id']}"
    run_job(job_id=made.json()["job"], organization_id=admin.organization_id)
    tried = ask("GET", url).body
    assert (tried["state"], tried["counts"]["create"]) == ("checked", 1)
    assert ask("GET", f"{url}/rows?verdict=create").body["items"][0]["cells"][0] == "X1"
    run = ask("POST", f"{url}/run", {})
    run_job(job_id=run.body["job"], organization_id=admin.organization_id)
    assert ask("GET", "/clients/X1").body["name"] == "Scierie"
    assert ask("POST", f"{url}/run", {}).status_code == 409
    headers = {"Authorization": f"Bearer {ask.token}"}
    told = ask.http.get("/api/v1/exports/clients?columns=number,name", headers=headers)
    assert told.status_code == 200
    assert "X1" in b"".join(told).decode("utf-8-sig")
    undone = ask("POST", f"{url}/undo", {})
    run_job(job_id=undone.body["job"], organization_id=admin.organization_id)
    assert ask("GET", "/clients/X1").status_code == 404
    assert ask("GET", "/exports/rien").status_code == 404


def test_a_mapping_is_kept_for_the_next_file(call, admin, manager, agent):  # noqa: F811
    ask = call(admin)

    def send(name, **more):
        file = SimpleUploadedFile(name, b"code;nom;sorte\nX1;Scierie;company\n")
        headers = {"Authorization": f"Bearer {ask.token}"}
        return ask.http.post("/api/v1/imports", {"kind": "clients", "file": file} | more, headers=headers).json()

    mapping = json.dumps({"kind": "clients", "columns": {"code": "number", "nom": "name", "sorte": "kind"}})
    url = f"/imports/{send('a.csv', mapping=mapping)['id']}/mapping"
    for _time in range(2):
        kept = ask("POST", url, {"name": "Logiciel de 1998"}, Idempotency_Key="k1")
        assert (kept.status_code, kept.body["kind"], kept.body["name"]) == (201, "clients", "Logiciel de 1998")
    assert kept.body["mapping"]["columns"] == {"code": "number", "nom": "name", "sorte": "kind"}
    assert ask("POST", url, {"name": " "}).body["errors"][0]["field"] == "name"
    assert ask("GET", "/import-mappings?kind=clients").body["items"] == [kept.body]
    assert ask("GET", "/import-mappings?kind=people").body["items"] == []
    # The next file takes it by its columns; or it is given as it is.
    assert send("b.csv")["mapping"]["columns"] == kept.body["mapping"]["columns"]
    assert send("c.csv", mapping=json.dumps(kept.body["mapping"]))["mapping"] == kept.body["mapping"]
    again = ask("POST", url, {"name": "Logiciel de 1998"})
    assert again.body["id"] == kept.body["id"]
    lesser = call(agent)
    assert lesser("GET", "/import-mappings").status_code == lesser("POST", url, {"name": "X"}).status_code == 403
    assert ask("POST", "/imports/987654321/mapping", {"name": "X"}).status_code == 404


def test_views_are_saved_and_changed(call, manager, agent, client_north):  # noqa: F811
    ask = call(manager)
    body = {"list": "clients", "name": "Nord", "filter": ["name", "contains", "moreau"], "columns": ["number", "name"]}
    made = ask("POST", "/views", body, Idempotency_Key="v1")
    assert (made.status_code, made.body["columns"]) == (201, ["number", "name"])
    assert ask("POST", "/views", body, Idempotency_Key="v1").body["id"] == made.body["id"]
    url = f"/views/{made.body['id']}"
    changed = ask("PATCH", url, {"name": "Tout", "filter": None}, If_Match=made.headers["ETag"])
    assert (changed.body["name"], changed.body["filter"]) == ("Tout", None)
    assert ask("POST", "/views", body | {"list": "rien"}).status_code == 422
    assert ask("POST", "/views", body | {"filter": ["gone", "is", "x"]}).status_code == 422
    assert call(agent)("GET", url).status_code == 404
    assert call(manager)("DELETE", url).status_code == 204


def test_what_is_deleted_with_an_old_version_stays(call, manager, client_north):  # noqa: F811
    ask = call(manager)
    ask("PATCH", "/clients/N1", {"category": "Pro"}, If_Match='"1"')
    refused = ask("DELETE", "/clients/N1", If_Match='"1"')
    assert (refused.status_code, refused.body["code"]) == (412, "E-STALE")
    enter(manager)
    assert Client.objects.get(number="N1").deleted_at is None


def test_webhooks_are_set_up_by_programs(call, admin, manager, settings):  # noqa: F811
    settings.PRIVATE_HOSTS = True
    ask = call(admin)
    body = {"name": "Facturation", "url": "https://127.0.0.1:9/entregent", "events": ["client.created"]}
    made = ask("POST", "/webhooks", body, Idempotency_Key="w1")
    assert made.status_code == 201, made.body
    assert made.body["secret"].startswith("whsec_")
    again = ask("POST", "/webhooks", body, Idempotency_Key="w1")
    assert (again.body["id"], again.body["secret"]) == (made.body["id"], None)
    url = f"/webhooks/{made.body['id']}"
    assert "secret" not in ask("GET", url).body
    assert ask("POST", f"{url}/secret", {}).body["secret"] != made.body["secret"]
    off = ask("PATCH", url, {"is_on": False}, If_Match=made.headers["ETag"])
    assert (off.status_code, off.body["is_on"], off.body["events"]) == (200, False, ["client.created"])
    assert ask("PATCH", url, {"is_on": True}, If_Match=made.headers["ETag"]).status_code == 412
    assert ask("POST", f"{url}/replay", {}).status_code == 409
    assert ask("GET", f"{url}/messages").body == {"items": [], "next": None}
    assert ask("POST", "/webhooks", body | {"events": ["rien"]}).body["errors"][0]["field"] == "events"
    assert call(manager)("GET", url).status_code == 403
    assert call(admin)("DELETE", url).status_code == 204
