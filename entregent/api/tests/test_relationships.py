"""Business relationships and requests for access by the API."""

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.clients.models import Client
from entregent.clients.tests.test_ties import NUMBER, approve, broker, owner  # noqa: F401
from entregent.relationships.models import AccessRequest, Relationship
from testing.cast import enter

pytestmark = pytest.mark.django_db


def test_access_is_asked_for_once_followed_and_cancelled(call, admin, broker, client_north):  # noqa: F811
    ask = call(admin)
    body = {"account": NUMBER, "comments": "mandat 2026", "client": "N1"}
    first = ask("POST", "/access-requests", body, Idempotency_Key="k1")
    again = ask("POST", "/access-requests", body, Idempotency_Key="k1")
    assert (first.status_code, again.body["id"]) == (201, first.body["id"])
    assert (first.body["state"], first.body["client"]) == ("pending", "N1")
    other = ask("POST", "/access-requests", body)
    assert (other.status_code, other.body["code"]) == (409, "E-002-PENDING")
    assert [one["id"] for one in ask("GET", "/access-requests?state=pending").body["items"]] == [first.body["id"]]
    url = f"/access-requests/{first.body['id']}"
    assert ask("GET", url).body["comments"] == "mandat 2026"
    assert ask("DELETE", url).status_code == 204
    assert ask("DELETE", url).body["code"] == "E-002-DECIDED"
    wrong = ask("POST", "/access-requests", {"account": "12"})
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "account")
    enter(admin)
    assert AccessRequest.objects.get().state == "cancelled"


def test_a_relationship_says_what_the_client_allows_and_is_given_up(call, admin, broker, owner):  # noqa: F811
    given = approve(admin, owner)
    number = Client.objects.get(business_account=owner.account).number
    ask = call(admin)
    told = ask("GET", "/relationships?active=true").body["items"]
    assert [(one["id"], one["account"], one["client"], one["level"]) for one in told] == [
        (given.pk, NUMBER, number, "business")
    ]
    assert ask("GET", "/relationships?active=false").body["items"] == []
    url = f"/relationships/{given.pk}"
    assert ask("GET", url).body["approved_by"] == "Zoé Zêta"
    assert ask("DELETE", url).status_code == 204
    assert ask("DELETE", url).status_code == 404
    assert ask("GET", url).body["state"] == "given_up"
    enter(admin)
    assert Relationship.objects.get().state == "given_up"


def test_nobody_else_asks(call, org, admin, agent, stranger, broker, owner):  # noqa: F811
    given = approve(admin, owner)
    assert call(agent)("GET", "/relationships").status_code == 403
    assert call(stranger)("GET", f"/relationships/{given.pk}").status_code in (403, 404)
    org.provider_kind = ""
    org.save()
    assert call(admin)("GET", "/relationships").body["code"] == "E-002-PROVIDER"
