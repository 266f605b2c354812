"""What was done to cases, taken back by programs; cases opened from contacts."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.api.tests.test_api import call, topic  # noqa: F401
from entregent.cases.models import Case, CaseType
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind(org, admin):
    enter(admin)
    return CaseType.objects.create(organization=org, code="facture", path="facture", label_fr="F", label_en="I")


@pytest.fixture
def opened(call, manager, client_north, kind):  # noqa: F811
    ask = call(manager)

    def make(title, **more):
        body = {"client": "N1", "case_type": "facture", "title": title, **more}
        return ask("POST", "/cases", body).body["number"]

    return make


@pytest.fixture
def contact(call, manager, client_north, topic):  # noqa: F811
    body = {"client": "N1", "topic": topic.code, "channel": "note", "subject": "Compteur", "notes": "À voir."}
    return call(manager)("POST", "/interactions", body | {"priority": "high"}).body["number"]


def test_a_merge_is_taken_back(call, opened, manager, agent, outsider):  # noqa: F811
    first, second = opened("Un"), opened("Deux")
    ask = call(manager)
    assert ask("POST", f"/cases/{first}/merge", {"other": second}).status_code == 200
    (merge,) = ask("GET", f"/cases/{first}/merges").body["items"]
    assert (merge["other"], merge["undone_at"]) == (second, None)
    url = f"/cases/{first}/merges/{merge['id']}/undo"
    assert call(agent)("POST", url, {}).status_code == 403
    away = [call(outsider)("GET", f"/cases/{number}/merges") for number in (first, 987654321)]
    assert {one.status_code for one in away} == {404}
    assert len({one.content for one in away}) == 1
    ask = call(manager)
    undone = ask("POST", url, {}, Idempotency_Key="m1")
    assert (undone.status_code, undone.body["number"], undone.body["closed_at"]) == (200, second, None)
    assert ask("POST", url, {}, Idempotency_Key="m1").body == undone.body
    assert ask("POST", f"/cases/{second}/merges/{merge['id']}/undo", {}).status_code == 404


def test_a_case_is_opened_from_a_contact(call, opened, contact, manager, client_south):  # noqa: F811
    number = opened("", interaction=contact)
    ask = call(manager)
    made = ask("GET", f"/cases/{number}").body
    assert (made["title"], made["priority"], made["origin"]) == ("Compteur", "high", "api")
    body = {"client": "S1", "case_type": "facture", "interaction": contact}
    for wrong in (body, body | {"client": "N1", "interaction": 987654321}):
        refused = ask("POST", "/cases", wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, "interaction")


def test_a_contact_becomes_a_case_of_its_own_and_comes_back(call, opened, contact, manager, reader):  # noqa: F811
    number = opened("Facture", interaction=contact)
    url = f"/cases/{number}/contacts/{contact}/split"
    assert call(reader)("POST", url, {}).status_code == 403
    ask = call(manager)
    assert ask("POST", f"/cases/{number}/contacts/987654321/split", {}).status_code == 404
    made = ask("POST", url, {}, Idempotency_Key="s1")
    assert made.status_code == 201
    assert made.body["number"] != number
    assert ask("POST", url, {}, Idempotency_Key="s1").body == made.body
    assert ask("POST", url, {}).status_code == 404
    back = f"/cases/{made.body['number']}/split/undo"
    first = ask("POST", back, {}, Idempotency_Key="u1")
    assert (first.status_code, first.body["number"]) == (200, number)
    assert ask("POST", back, {}, Idempotency_Key="u1").body == first.body
    assert ask("POST", f"/cases/{number}/split/undo", {}).status_code == 404
    enter(manager)
    assert not Case.objects.visible_to(manager).filter(number=made.body["number"]).exists()


def test_a_document_is_put_back(call, opened, manager, reader):  # noqa: F811
    number = opened("Pièces")
    ask = call(manager)
    made = ask.http.post(
        f"/api/v1/cases/{number}/documents", {"title": "Plan", "file": SimpleUploadedFile("plan.txt", b"Plan")},
        headers={"Authorization": f"Bearer {ask.token}"},
    ).json()  # fmt: skip
    url = f"/cases/{number}/documents/{made['id']}"
    assert ask("DELETE", url).status_code == 204
    assert ask("GET", f"/cases/{number}/documents").body["items"] == []
    assert call(reader)("POST", f"{url}/restoration", {}).status_code == 403
    ask = call(manager)
    for _again in range(2):
        assert ask("POST", f"{url}/restoration", {}, Idempotency_Key="d1").body["title"] == "Plan"
    assert len(ask("GET", f"/cases/{number}/documents").body["items"]) == 1
    assert ask("POST", f"/cases/{number}/documents/987654321/restoration", {}).status_code == 404
