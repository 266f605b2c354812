"""Loan applications by the API: entered, enrolled, loaded, decided; the same rules as the pages."""

import pytest

from entregent.api.tests.test_api import Caller
from entregent.clients.actions import create_client
from entregent.enrollment.models import Transmission
from entregent.enrollment.tests.conftest import HOUSE, JULIE, PLACE, broker, head_office  # noqa: F401
from entregent.organizations.actions import create_api_token
from testing.cast import enter

BODY = {
    "number": "1042", "branch": "Hull", "property": HOUSE,
    "applicants": [
        {name: value for name, value in JULIE.items() if name not in PLACE} | {"address": PLACE},
        {"last_name": "Roy", "first_name": "Paul", "role": "guarantor"},
    ],
}  # fmt: skip
HERE = "/loan-applications"


@pytest.fixture
def call(client, org):
    def for_member(member):
        enter(member)
        _token, text = create_api_token(member=member, name="Essai", by=member)
        return Caller(client, text)

    return for_member


def codes(answer):
    return [one["code"] for one in answer.body.get("errors", [])]


def test_an_application_is_entered_once_and_changed(call, broker):  # noqa: F811
    api = call(broker)
    first, again = (api("POST", HERE, BODY, Idempotency_Key="a-1") for _time in range(2))
    assert (first.status_code, first.body) == (201, again.body)
    assert [one["is_primary"] for one in first.body["applicants"]] == [True, False]
    assert api("GET", f"{HERE}?branch=Hull&enrollment_state=none").body["items"] == [first.body]
    assert api("PATCH", f"{HERE}/1042", {"status": "approved"}).status_code == 428
    changed = api("PATCH", f"{HERE}/1042", {"status": "approved"}, If_Match='"1"')
    assert (changed.status_code, changed.body["status"], changed.body["version"]) == (200, "approved", 2)
    assert api("PATCH", f"{HERE}/1042", {"status": "paid"}, If_Match='"1"').status_code == 412
    wrong = api("POST", HERE, BODY | {"number": "1"} | {"applicants": [{"last_name": "X", "email": "non"}]})
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "applicants.0.email")


def test_of_an_applicant_what_is_left_out_stays(call, broker):  # noqa: F811
    api = call(broker)
    julie, paul = api("POST", HERE, BODY).body["applicants"]
    other = api("POST", HERE, BODY | {"number": "1043"}).body["applicants"][0]
    people = [{"id": julie["id"], "phone": "819 555 0100", "address": {"street": "9, rue B"}}, {"id": paul["id"]}]
    changed = api("PATCH", f"{HERE}/1042", {"applicants": people}, If_Match='"1"')
    assert changed.status_code == 200, changed.body
    assert changed.body["applicants"] == [
        julie | {"phone": "+18195550100", "address": julie["address"] | {"street": "9, rue B"}}, paul,
    ]  # fmt: skip
    people[1] = {"id": other["id"], "last_name": "Roy"}
    refused = api("PATCH", f"{HERE}/1042", {"applicants": people}, If_Match='"2"')
    assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, "applicants.1.id")
    people[1] = {"first_name": "Luc"}
    refused = api("PATCH", f"{HERE}/1042", {"applicants": people}, If_Match='"2"')
    assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, "applicants.1.last_name")


def test_enrolment_follows_the_decision_table(call, broker, head_office):  # noqa: F811
    api = call(broker)
    api("POST", HERE, BODY)
    there = f"{HERE}/1042/enrollment"
    assert api("POST", there, {}).body == {"is_draft": True, "transmissions": []}
    refused = api("POST", there, {"button": "update", "selection": "include"})
    assert (refused.status_code, codes(refused)) == (422, ["E-000-NOT-EXISTING"])
    wanted = {"selection": "include", "address_source": "property", "remarks": "Note"}
    sent = api("POST", there, wanted, Idempotency_Key="e-1")
    assert (sent.status_code, sent.body["is_draft"]) == (201, False), sent.body
    (one,) = sent.body["transmissions"]
    assert (one["operation"], one["state"], one["address"]["street"]) == ("add", "waiting", HOUSE["street"])
    assert api("POST", there, wanted, Idempotency_Key="e-1").body == sent.body
    assert api("POST", there, wanted).status_code == 409
    office = call(head_office)
    loaded = office("POST", f"/transmissions/{one['number']}/loading", {})
    assert (loaded.status_code, loaded.body["state"]) == (201, "loaded")
    assert loaded.body["client"]
    assert office("GET", "/transmissions?state=loaded").body["items"] == [loaded.body]
    assert api("GET", there).body["items"] == [loaded.body]
    assert api("GET", "/transmissions").status_code == 403
    asked = api("POST", there, {"existing": True})
    assert (asked.status_code, codes(asked) or asked.body["type"]) == (409, ["E-000-CONFIRM"])
    assert api("POST", there, {"existing": True, "confirmed": True}).body["transmissions"][0]["operation"] == "remove"


def test_head_office_decides_a_duplicate(call, broker, head_office):  # noqa: F811
    create_client(by=broker, kind="person", name="Tremblay", first_name="Julie", number="J1",
                  emails=["julie@ex.example"])  # fmt: skip
    api = call(broker)
    api("POST", HERE, BODY)
    api("POST", f"{HERE}/1042/enrollment", {"selection": "include"})
    office, one = call(head_office), f"/transmissions/{Transmission.objects.get().number}"
    assert office("POST", f"{one}/loading", {}).body["state"] == "possible_duplicate"
    assert office("POST", f"{one}/loading", {"client": "N1"}).status_code == 404
    assert office("POST", f"{one}/loading", {"client": "J1"}).body["client"] == "J1"
    late = office("POST", f"{one}/rejection", {"reason": "Trop tard"})
    assert late.status_code == 409


def test_the_module_is_off(call, org, broker):  # noqa: F811
    org.modules = []
    org.save()
    assert call(broker)("GET", HERE).status_code == 403
