"""Dunning by programs: its plans, what they would do, launching them, and whom nobody duns."""

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.dunning.models import DunningHold, DunningPlan
from entregent.dunning.tests.conftest import invoice_of, plan, process, scene  # noqa: F401
from entregent.jobs.tasks import run_job
from testing.cast import enter

pytestmark = pytest.mark.django_db


def test_a_plan_of_dunning(call, manager, agent, stranger, process):  # noqa: F811
    ask = call(manager)
    body = {
        "name_fr": "Relance eau", "service": "water", "process": "relance_eau", "minimum": "15.00",
        "filter": ["status", "is", "client"], "aid_tags": ["FSL"],
    }  # fmt: skip
    made = ask("POST", "/dunning-plans", body, Idempotency_Key="p1")
    assert (made.status_code, made.body["process"], made.body["minimum"]) == (201, "relance_eau", "15.00")
    assert (made.body["service"], made.body["filter"], made.body["is_daily"]) == (
        "water", ["status", "is", "client"], False,
    )  # fmt: skip
    assert ask("POST", "/dunning-plans", body, Idempotency_Key="p1").body == made.body
    for wrong, field in [
        ({"process": "rien"}, "process"),
        ({"filter": ["rien", "is", "x"]}, "filter"),
        ({"grace_days": 0}, "grace_days"),
    ]:
        refused = ask("POST", "/dunning-plans", body | wrong)
        assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field), wrong
    url = f"/dunning-plans/{made.body['id']}"
    assert ask("PATCH", url, {"daily_cap": 50}).status_code == 428
    changed = ask("PATCH", url, {"daily_cap": 50, "filter": None, "service": "other"}, If_Match=made.headers["ETag"])
    assert (changed.body["daily_cap"], changed.body["filter"], changed.body["service"]) == (50, None, "other")
    assert (changed.body["minimum"], changed.body["aid_tags"]) == ("15.00", ["FSL"])
    assert ask("PATCH", url, {"daily_cap": 60}, If_Match=made.headers["ETag"]).status_code == 412
    off = ask("PATCH", url, {"is_active": False}, If_Match=changed.headers["ETag"])
    assert off.body["is_active"] is False
    assert ask("POST", f"{url}/launch", {}).body["code"] == "E-001-DUNNING"
    assert [one["id"] for one in ask("GET", "/dunning-plans").body["items"]] == [made.body["id"]]
    assert call(agent)("GET", url).status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/dunning-plans/987654321")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    enter(manager)
    assert DunningPlan.objects.get().service == ""


def test_dunning_is_foreseen_and_launched_once(
    call, org, manager, agent, outsider, plan, invoice_of, client_north, client_south  # noqa: F811
):  # fmt: skip
    invoice_of(client_north, "F-1", days=9)
    invoice_of(client_south, "F-2", days=9)
    url = f"/dunning-plans/{plan.pk}"
    ask = call(manager)
    seen = ask("GET", f"{url}/preview").body
    assert [(one["why"], one["number"], one["amount"]) for one in seen["shares"]] == [("", 2, "240.00")]
    assert seen["left_today"] == 1000
    job = ask("POST", f"{url}/launch", {}, Idempotency_Key="l1")
    assert (job.status_code, job.body["kind"]) == (202, "dunning.run")
    assert ask("POST", f"{url}/launch", {}, Idempotency_Key="l1").body["id"] == job.body["id"]
    assert ask("POST", f"{url}/launch", {}).status_code == 409
    assert call(agent)("POST", f"{url}/launch", {}).status_code == 403
    run_job(job.body["id"], organization_id=org.pk)
    runs = call(manager)("GET", "/dunning-runs").body["items"]
    assert [(one["invoice"], one["client"], one["plan"], one["amount"]) for one in runs] == [
        ("F-2", "S1", plan.pk, "120.00"), ("F-1", "N1", plan.pk, "120.00"),
    ]  # fmt: skip
    assert [one["invoice"] for one in call(outsider)("GET", "/dunning-runs").body["items"]] == ["F-2"]
    assert call(manager)("GET", f"/dunning-runs?plan={plan.pk + 1}").body["items"] == []
    assert len(call(manager)("GET", "/dunning-runs?client=N1").body["items"]) == 1


def test_nobody_duns_a_client_for_a_while(call, agent, reader, outsider, client_north):  # noqa: F811
    url = "/clients/N1/dunning-hold"
    ask = call(agent)
    assert ask("GET", url).status_code == 404
    assert ask("DELETE", url).body["code"] == "E-DUNNING-HOLD"
    past = ask("PUT", url, {"reason": "hardship", "until": "2020-01-01"})
    assert (past.status_code, past.body["errors"][0]["field"]) == (422, "until")
    held = ask("PUT", url, {"reason": "hardship", "note": "Vu avec l'assistante sociale"})
    assert (held.status_code, held.body["reason"], held.body["set_by"]) == (200, "hardship", agent.user.email)
    assert ask("PUT", url, {"reason": "payment_plan"}).body["reason"] == "payment_plan"
    assert call(reader)("GET", url).body["reason"] == "payment_plan"
    assert call(reader)("PUT", url, {"reason": "other"}).status_code == 403
    away = [call(outsider)("PUT", one, {"reason": "other"}) for one in (url, "/clients/RIEN/dunning-hold")]
    assert {one.status_code for one in away} == {404}
    assert len({one.content for one in away}) == 1
    assert call(agent)("DELETE", url).status_code == 204
    enter(agent)
    assert DunningHold.objects.filter(lifted_at__isnull=True).count() == 0
