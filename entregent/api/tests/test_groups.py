"""Client groups and processing requests by the API."""

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.groups.tests.conftest import delegated, epsilon, gamma, provider  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("delegated")]


def test_a_group_is_made_changed_staffed_and_deleted(call, admin, agent, epsilon, gamma):  # noqa: F811
    ask = call(admin)
    free = ask("GET", "/client-groups/available").body["items"]
    assert [one["client"] for one in free] == ["A1", "B1", "E1"]
    made = ask("POST", "/client-groups", {"name": "Est", "clients": ["A1", "B1"]}, Idempotency_Key="k1")
    again = ask("POST", "/client-groups", {"name": "Est", "clients": ["A1", "B1"]}, Idempotency_Key="k1")
    assert (made.status_code, made.body["state"], again.body["number"]) == (201, "done", made.body["number"])
    url = f"/client-groups/{made.body['group']}"
    group = ask("GET", url)
    assert (group.body["name"], group.body["clients"], group.body["open_request"]) == ("Est", 2, None)

    change = {"add": ["E1"], "remove": ["B1"], "confirm": "CONFIRMER"}
    assert ask("PATCH", url, change).status_code == 428
    wrong = ask("PATCH", url, change | {"confirm": "confirmer"}, If_Match=group.headers["ETag"])
    assert (wrong.status_code, wrong.body["code"]) == (422, "E-002-WORD")
    assert ask("PATCH", url, change, If_Match=group.headers["ETag"]).body["state"] == "done"
    assert ask("PATCH", url, change, If_Match=group.headers["ETag"]).status_code == 412
    members = ask("GET", f"{url}/members").body["items"]
    assert sorted(one["client"] for one in members) == ["A1", "E1"]

    given = {"employees": [agent.user.email], "role": "editor"}
    assert ask("POST", f"{url}/employees", given).body["operation"] == "assign"
    assert ask("GET", f"{url}/employees").body["items"][0]["employee"] == agent.user.email
    refused = ask("POST", f"{url}/employees", {"employees": [admin.user.email], "role": "editor"})
    assert (refused.status_code, refused.body["code"]) == (422, "E-002-BAM")

    assert ask("DELETE", f"{url}?confirm=supprimer").body["code"] == "E-002-WORD"
    gone = ask("DELETE", f"{url}?confirm=SUPPRIMER").body
    rows = ask("GET", f"/processing-requests/{gone['number']}/rows").body["items"]
    assert {(one["client"] or one["employee"], one["change"]) for one in rows} == {
        ("A1", "remove"), ("E1", "remove"), (agent.user.email, "role"),
    }  # fmt: skip
    assert ask("GET", "/client-groups").body["items"] == []
    assert ask("GET", "/client-groups?deleted=true").body["items"][0]["name"] == "Est"
    back = ask("POST", f"/processing-requests/{gone['number']}/undo")
    assert (back.status_code, back.body["undoes"]) == (201, gone["number"])
    assert ask("GET", url).body["deleted_at"] is None
    listed = ask("GET", "/processing-requests?limit=2").body
    assert listed["items"][0]["number"] == back.body["number"]
    assert listed["next"]


def test_refusals_name_what_is_wrong(call, admin, gamma):  # noqa: F811
    ask = call(admin)
    unknown = ask("POST", "/client-groups", {"name": "Est", "clients": ["A1", "ZZZ"]})
    assert (unknown.status_code, unknown.body["code"]) == (422, "E-003-CLIENT")
    lost = ask("POST", "/client-groups", {"name": "Est", "clients": ["G1"]})
    assert (lost.status_code, lost.body["code"]) == (409, "E-002-UNAVAILABLE")
    assert "Gamma" in lost.body["detail"]
    assert ask("POST", "/client-groups", {"name": "Est"}).body["code"] == "E-002-EMPTY"
    assert ask("GET", "/client-groups/4611686018427387904").status_code == 404
    assert ask("GET", "/processing-requests/99999999999").status_code == 404


def test_others_are_refused(call, manager, stranger):  # noqa: F811
    assert call(manager)("GET", "/client-groups").status_code == 403
    assert call(stranger)("GET", "/processing-requests").body["code"] == "E-002-PROVIDER"
