"""How an organization is set, by programs: each setting by its version, by who may."""

import pytest

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.clients.tests.test_ties import broker  # noqa: F401
from entregent.interactions.portal_models import PortalSettings
from entregent.organizations.models import Module
from testing.cast import enter

SETTINGS = [
    ("portal-settings", Module.PORTAL, {"temporary_days": 45, "welcome_fr": "Bonjour"}, ("temporary_days", 0)),
    ("transfer-settings", None, {"delay_days": 14}, ("delay_days", 400)),
    ("head-office-settings", Module.MORTGAGE, {"is_automatic": False}, ("is_automatic", "peut-être")),
    ("access-request-settings", Module.DELEGATION, {"request_days": 30}, ("request_days", 0)),
]


@pytest.mark.parametrize(("name", "module", "change", "wrong"), SETTINGS, ids=[one[0] for one in SETTINGS])
def test_a_setting_is_read_and_changed_by_its_version(call, org, broker, admin, manager, name, module, change, wrong):  # noqa: F811
    ask = call(admin)
    url = f"/{name}"
    first = ask("GET", url)
    assert (first.status_code, first.headers["ETag"], first.body["version"]) == (200, '"1"', 1)
    assert ask("PATCH", url, change).status_code == 428
    changed = ask("PATCH", url, change, If_Match=first.headers["ETag"])
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.body == first.body | change | {"version": 2} == ask("GET", url).body
    late = ask("PATCH", url, change, If_Match=first.headers["ETag"])
    assert (late.status_code, late.body["code"]) == (412, "E-STALE")
    field, value = wrong
    refused = ask("PATCH", url, {field: value}, If_Match=changed.headers["ETag"])
    assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, field)
    assert ask("PATCH", url, {"organization": 7}, If_Match=changed.headers["ETag"]).status_code == 422
    lesser = call(manager)
    assert lesser("GET", url).status_code == 403
    assert lesser("PATCH", url, change, If_Match=changed.headers["ETag"]).status_code == 403
    assert call(admin)("GET", url).body == changed.body
    if module is not None:
        org.modules = [one for one in org.modules if one != module]
        org.save()
        assert ask("GET", url).body["code"] == "E-MODULE"


def test_the_reminder_comes_before_the_end(call, admin):  # noqa: F811
    ask = call(admin)
    refused = ask("PATCH", "/transfer-settings", {"delay_days": 2}, If_Match='"1"')
    assert (refused.status_code, refused.body["errors"][0]["field"]) == (422, "reminder_days")
    done = ask("PATCH", "/transfer-settings", {"delay_days": 2, "reminder_days": 1}, If_Match='"1"')
    assert (done.body["delay_days"], done.body["reminder_days"]) == (2, 1)


def test_words_may_be_emptied_and_are_not_endless(call, admin):  # noqa: F811
    ask = call(admin)
    ask("PATCH", "/portal-settings", {"welcome_fr": "Bonjour", "terms_fr": "Conditions"}, If_Match='"1"')
    emptied = ask("PATCH", "/portal-settings", {"welcome_fr": ""}, If_Match='"2"')
    assert (emptied.body["welcome_fr"], emptied.body["terms_fr"]) == ("", "Conditions")
    long = ask("PATCH", "/portal-settings", {"welcome_fr": "a" * 1001, "details": "x"}, If_Match='"3"')
    assert long.status_code == 422
    long = ask("PATCH", "/portal-settings", {"welcome_fr": "a" * 1001}, If_Match='"3"')
    assert (long.status_code, long.body["errors"][0]["field"]) == (422, "welcome_fr")
    enter(admin)
    assert PortalSettings.of(admin.organization_id).version == 3


def test_requests_for_access_are_set_by_providers_alone(call, org, admin):  # noqa: F811
    ask = call(admin)
    assert ask("GET", "/access-request-settings").body["code"] == "E-002-PROVIDER"
    assert ask("PATCH", "/access-request-settings", {"request_days": 9}, If_Match='"1"').status_code == 403
