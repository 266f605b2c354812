"""Custom fields go in and out of the API, and what is wrong is told at `custom.<code>`."""

import pytest

from entregent.api.tests.test_api import call as call
from entregent.api.tests.test_api import topic as topic
from entregent.listing.custom_field_actions import create_custom_field
from testing.cast import enter


@pytest.fixture
def define(admin):
    def make(code, type="text", *, subject="client", **more):
        return create_custom_field(
            by=enter(admin), subject=subject, type=type, code=code, label_fr=code, label_en=code, **more
        )

    return make


def test_a_client_has_every_field_that_is_offered(call, manager, agent, define):
    define("chien", "boolean")
    define("pieces", "number")
    define("releveur", "member")
    api = call(manager)
    custom = {"chien": True, "pieces": 12.5, "releveur": agent.user.email}
    made = api("POST", "/clients", {"kind": "company", "name": "Un", "custom": custom})
    assert made.status_code == 201, made.body
    assert made.body["custom"] == custom
    changed = api(
        "PATCH", f"/clients/{made.body['number']}", {"custom": {"pieces": None, "chien": False}},
        If_Match=made.headers["ETag"],
    )  # fmt: skip
    assert changed.body["custom"] == {"chien": False, "pieces": None, "releveur": agent.user.email}
    assert changed.body["version"] == made.body["version"] + 1
    (listed,) = api("GET", "/clients").body["items"]
    assert listed["custom"] == changed.body["custom"]


def test_what_is_wrong_is_told_at_its_field(call, manager, define):
    define("pieces", "number", is_required=True)
    define("pose", "date")
    api = call(manager)
    refused = api("POST", "/clients", {"kind": "company", "name": "Un", "custom": {"pose": "hier", "ailleurs": 1}})
    assert refused.status_code == 422
    assert {(error["field"], error["code"]) for error in refused.body["errors"]} == {
        ("custom.pieces", "E-REQUIRED"), ("custom.pose", "E-DATE"), ("custom.ailleurs", "E-004-FIELD"),
    }  # fmt: skip


def test_people_and_interactions_have_theirs(call, manager, client_north, topic, define):
    define("surnom", subject="person")
    define("duree", "number", subject="interaction", variants=["note"])
    api = call(manager)
    person = api("POST", "/people", {"last_name": "Petit", "custom": {"surnom": "Fanfan"}}).body
    assert person["custom"] == {"surnom": "Fanfan"}
    body = {"client": "N1", "topic": topic.code, "channel": "note", "custom": {"duree": 3}}
    assert api("POST", "/interactions", body).body["custom"] == {"duree": 3}
    refused = api("POST", "/interactions", body | {"channel": "email"})
    assert [error["field"] for error in refused.body["errors"]] == ["custom.duree"]
