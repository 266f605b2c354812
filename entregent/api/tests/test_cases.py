"""Cases by the API."""

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.cases.models import Case, CaseType
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
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
