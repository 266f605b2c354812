"""File transfers by the API: uploads in pieces, sending, asking, and what a program may not do."""

import pytest

from entregent.api.tests.test_api import Caller
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.actions import create_api_token
from entregent.organizations.models import Module
from entregent.outbox.models import Message
from entregent.transfers.actions import add_file, complete_request
from entregent.transfers.models import FileTransfer
from entregent.transfers.tests.conftest import PDF, access, huot, kept  # noqa: F401
from testing.cast import enter


@pytest.fixture
def house(org):
    org.modules = [*org.modules, Module.PORTAL, Module.FILE_TRANSFER]
    org.save()
    return org


@pytest.fixture
def call(client, house):
    def for_member(member):
        enter(member)
        _token, text = create_api_token(member=member, name="Essai", by=member)
        return Caller(client, text)

    return for_member


def upload(api, content=PDF, name="Bail.pdf") -> str:
    begun = api("POST", "/file-transfers/uploads", {"name": name, "size": len(content)})
    assert begun.status_code == 201, begun.body
    token = begun.body["token"]
    for start in (0, 10):
        piece = content[start : start + 10] if start == 0 else content[10:]
        put(api, token, start, piece)
    assert api("GET", f"/file-transfers/uploads/{token}").body["kept"] is True
    return token


def put(api, token, offset, piece):
    return api.http.put(
        f"/api/v1/file-transfers/uploads/{token}/{offset}", piece, content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {api.token}"},
    )  # fmt: skip


def sent(huot, token, **more):  # noqa: F811
    return {"direction": "send", "person": huot.pk, "client": "N1", "subject": "Bail 2026", "files": [token]} | more


def test_a_file_is_uploaded_sent_once_and_read(call, agent, huot):  # noqa: F811
    api = call(agent)
    body = sent(huot, upload(api), message="Le voici.", with_signature=True)
    first = api("POST", "/file-transfers", body, Idempotency_Key="t-1")
    again = api("POST", "/file-transfers", body, Idempotency_Key="t-1")
    assert (first.status_code, again.status_code) == (201, 201), first.body
    assert first.body == again.body
    assert first.headers["ETag"] == f'"{first.body["version"]}"'
    assert (first.body["state"], first.body["client"], first.body["sender"]) == ("ready", "N1", agent.user.email)
    (file,) = first.body["files"]
    assert (file["name"], file["size"], file["signature"]["state"]) == ("Bail.pdf", len(PDF), "waiting")
    enter(agent)
    assert FileTransfer.objects.count() == 1
    assert Message.objects.filter(subject__contains="Bail 2026").count() == 1
    number = first.body["number"]
    content = api.http.get(
        f"/api/v1/file-transfers/{number}/files/{file['id']}", headers={"Authorization": f"Bearer {api.token}"}
    )
    assert b"".join(content.streaming_content) == PDF
    assert api("GET", f"/file-transfers/{number}/files/{file['id']}/evidence").status_code == 404
    # One file stands in one transfer.
    assert api("POST", "/file-transfers", body).status_code == 409


def test_files_are_asked_for_and_handed_over(call, agent, huot, access, kept):  # noqa: F811
    api = call(agent)
    asked = {"direction": "request", "person": huot.pk, "client": "N1", "subject": "Vos plans"}
    made = api("POST", "/file-transfers", asked)
    assert (made.status_code, made.body["state"]) == (201, "waiting")
    number = made.body["number"]
    for _time in range(2):
        assert api("POST", f"/file-transfers/{number}/reminders", Idempotency_Key="r-1").body["reminders"] == 1
    enter(agent)
    transfer = FileTransfer.objects.get()
    add_file(transfer, access=access, file=kept("Plans.pdf"))
    complete_request(transfer, access=access)
    ready = api("GET", f"/file-transfers/{number}").body
    assert (ready["state"], [file["name"] for file in ready["files"]]) == ("ready", ["Plans.pdf"])
    path = f"/api/v1/file-transfers/{number}/files/{ready['files'][0]['id']}"
    content = api.http.get(path, headers={"Authorization": f"Bearer {api.token}"})
    assert b"".join(content.streaming_content) == PDF
    assert api("GET", f"/file-transfers/{number}").body["state"] == "done"
    assert api("POST", f"/file-transfers/{number}/cancellation").body["code"] == "E-004-CLOSED"


def test_lists_are_narrowed_and_follow_by_cursor(call, agent, huot):  # noqa: F811
    api = call(agent)
    asked = {"direction": "request", "person": huot.pk, "client": "N1"}
    numbers = [api("POST", "/file-transfers", asked | {"subject": f"N° {n}"}).body["number"] for n in range(3)]
    page = api("GET", "/file-transfers?limit=2").body
    assert [item["number"] for item in page["items"]] == numbers[:0:-1]
    following = api("GET", f"/file-transfers?limit=2&cursor={page['next']}").body
    assert ([item["number"] for item in following["items"]], following["next"]) == (numbers[:1], None)
    api("POST", f"/file-transfers/{numbers[0]}/cancellation")
    enter(agent)
    FileTransfer.objects.filter(number=numbers[1]).update(expires_at="2026-01-01T00:00:00Z")
    for query, found in [
        ("state=cancelled", numbers[:1]), ("state=expired", numbers[1:2]), ("state=waiting", numbers[2:]),
        ("direction=send", []), ("client=N1&state=waiting", numbers[2:]), ("client=S1", []),
        (f"person={huot.pk + 1}", []),
    ]:  # fmt: skip
        body = api("GET", f"/file-transfers?{query}").body
        assert [item["number"] for item in body["items"]] == found, query
    assert api("DELETE", f"/file-transfers/{numbers[2]}").status_code == 204
    assert api("GET", f"/file-transfers/{numbers[2]}").status_code == 404


def test_what_is_wrong_is_said(call, agent, huot):  # noqa: F811
    api = call(agent)
    asked = {"direction": "request", "person": huot.pk, "client": "N1", "subject": "Plans"}
    for change, status, code in [
        ({"subject": " "}, 422, "E-REQUIRED"),
        ({"person": 0}, 422, "E-001-PERSON"),
        ({"client": "S1"}, 422, "E-003-CLIENT"),
        ({"sender": "personne@eaux.example"}, 422, "E-000-AGENT"),
        ({"files": ["x"]}, 422, "E-004-FILES"),
        ({"direction": "send", "files": ["x"]}, 422, "E-004-FILES"),
        ({"direction": "send", "files": []}, 422, "E-004-NOFILES"),
    ]:
        answer = api("POST", "/file-transfers", asked | change)
        assert (answer.status_code, answer.body["code"]) == (status, code), change
    for body, status in [({"name": "a.exe", "size": 3}, 415), ({"name": "a.pdf", "size": 2**40}, 413)]:
        assert api("POST", "/file-transfers/uploads", body).status_code == status
    assert put(api, "inconnu", 0, b"x").status_code == 404
    token = api("POST", "/file-transfers/uploads", {"name": "a.pdf", "size": 5}).body["token"]
    assert put(api, token, 3, b"x").status_code == 409


def test_only_who_may_on_the_pages_may_here(call, agent, reader, outsider, huot, house):  # noqa: F811
    api = call(agent)
    token = upload(api)
    number = api("POST", "/file-transfers", sent(huot, upload(api))).body["number"]
    file = api("GET", f"/file-transfers/{number}").body["files"][0]["id"]
    away = call(outsider)
    for method, path in [
        ("GET", ""), ("GET", f"/files/{file}"), ("POST", "/reminders"), ("POST", "/cancellation"), ("DELETE", ""),
    ]:  # fmt: skip
        assert away(method, f"/file-transfers/{number}{path}").status_code in (403, 404), path
    # An upload is its owner's.
    assert away("GET", f"/file-transfers/uploads/{token}").status_code in (403, 404)
    assert call(reader)("POST", "/file-transfers", sent(huot, token)).status_code == 403
    enter(agent)
    house.modules = [name for name in house.modules if name != Module.PORTAL]
    house.save()
    assert api("GET", "/file-transfers").status_code == 403
    house.modules = [Module.PORTAL]
    house.save()
    assert api("GET", "/file-transfers").status_code == 403


def test_a_deletion_is_taken_back_once(call, agent, reader, outsider, huot):  # noqa: F811
    api = call(agent)
    asked = {"direction": "request", "person": huot.pk, "client": "N1", "subject": "Plans"}
    url = f"/file-transfers/{api('POST', '/file-transfers', asked).body['number']}"
    assert api("POST", f"{url}/restoration", {}).status_code == 404
    assert api("DELETE", url).status_code == 204
    assert call(outsider)("POST", f"{url}/restoration", {}).status_code == 404
    assert call(reader)("POST", f"{url}/restoration", {}).status_code == 403
    for _time in range(2):
        back = api("POST", f"{url}/restoration", {}, Idempotency_Key="b1")
        assert (back.status_code, back.body["state"]) == (200, "cancelled")
    assert api("POST", f"{url}/restoration", {}).status_code == 404


def test_the_access_of_the_recipient_becomes_permanent(call, agent, reader, outsider, huot):  # noqa: F811
    api = call(agent)
    asked = {"direction": "request", "person": huot.pk, "client": "N1", "subject": "Plans"}
    url = f"/file-transfers/{api('POST', '/file-transfers', asked).body['number']}/permanent-access"
    assert call(outsider)("POST", url, {}).status_code == 404
    assert call(reader)("POST", url, {}).status_code == 403
    for _time in range(2):
        assert api("POST", url, {}, Idempotency_Key="a1").status_code == 200
    enter(agent)
    given = PortalAccess.objects.get(person=huot)
    assert (given.kind, given.expires_at) == ("permanent", None)
    assert api("POST", url, {}).status_code == 404
