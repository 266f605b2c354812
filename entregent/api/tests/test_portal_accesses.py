"""Accesses to the portal by programs: given, suspended, resumed, made permanent and taken away by who may."""

from datetime import timedelta

from django.utils import timezone

from entregent.api.tests.test_api import call  # noqa: F401
from entregent.clients.models import Person
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import Module
from entregent.outbox.models import Message
from entregent.transfers.tests.conftest import access, huot  # noqa: F401
from testing.cast import enter

HERE = "/portal-accesses"


def test_a_person_is_invited_once_and_again(call, agent, huot):  # noqa: F811
    ask = call(agent)
    body = {"person": huot.pk, "client": "N1", "sees_colleagues": True}
    first, again = (ask("POST", HERE, body, Idempotency_Key="p1") for _time in range(2))
    assert (first.status_code, first.body) == (201, again.body)
    assert (first.body["state"], first.body["kind"], first.body["client"]) == ("invited", "permanent", "N1")
    assert (first.body["email"], first.body["sees_colleagues"]) == ("luc.huot@example.org", True)
    enter(agent)
    mail = Message.objects.get()
    secret = mail.text.split("/portail/invitation/")[1].split("/")[0]
    assert secret not in first.content.decode()
    # A further invitation makes the former link void.
    digest = PortalAccess.objects.get().digest
    assert ask("POST", HERE, body).body["id"] == first.body["id"]
    enter(agent)
    assert (PortalAccess.objects.count(), Message.objects.count()) == (1, 2)
    assert PortalAccess.objects.get().digest != digest
    shown = ask("GET", f"{HERE}/{first.body['id']}").body
    assert ask("GET", f"{HERE}?client=N1&person={huot.pk}").body["items"] == [shown]
    assert ask("GET", f"{HERE}?client=S1").body["items"] == []


def test_what_is_wrong_is_said_at_its_field(call, agent, huot, client_north):  # noqa: F811
    ask = call(agent)
    enter(agent)
    alone = Person.objects.create(
        organization=agent.organization, file_as="Seul", last_name="Seul", sort_key="seul", emails=["seul@ex.example"]
    )
    for body, field, code in [
        ({"person": huot.pk}, "client", "E-003-ACCESS"),
        ({"person": huot.pk, "client": "RIEN"}, "client", "E-003-CLIENT"),
        ({"person": 987_654_321, "client": "N1"}, "person", "E-001-PERSON"),
        ({"person": alone.pk, "client": "N1"}, "person", "E-001-PERSON"),
        ({"person": huot.pk, "client": "N1", "email": "autre@ex.example"}, "email", "E-003-ADDRESS"),
        ({"client": "N1"}, "person", "E-FORMAT"),
    ]:
        wrong = ask("POST", HERE, body)
        assert wrong.status_code in (409, 422), body
        assert (wrong.body["errors"][0]["field"], wrong.body["code"]) == (field, code), body


def test_an_access_is_suspended_resumed_made_permanent_and_taken_away(call, agent, huot, access):  # noqa: F811
    ask = call(agent)
    url = f"{HERE}/{access.pk}"
    known = ask("POST", HERE, {"person": huot.pk, "client": "N1"})
    assert (known.status_code, known.body["code"]) == (409, "E-003-ACCESS")
    assert ask("POST", f"{url}/resumption", {}).status_code == 409
    for _time in range(2):
        assert ask("POST", f"{url}/suspension", {}, Idempotency_Key="s1").body["state"] == "suspended"
    assert ask("POST", HERE, {"person": huot.pk, "client": "N1"}).status_code == 409
    for _time in range(2):
        assert ask("POST", f"{url}/resumption", {}, Idempotency_Key="s2").body["state"] == "active"
    shown = ask("POST", f"{url}/promotion", {}).body
    assert (shown["kind"], shown["expires_at"]) == ("permanent", None)
    assert ask("POST", f"{url}/colleagues", {"sees_colleagues": True}).body["sees_colleagues"] is True
    assert ask("POST", f"{url}/colleagues", {}).body["errors"][0]["field"] == "sees_colleagues"
    assert ask("DELETE", url).status_code == 204
    assert ask("DELETE", url).status_code == ask("GET", url).status_code == 404
    enter(agent)
    assert PortalAccess.objects.get().state == "closed"


def test_one_that_has_run_out_says_so(call, agent, huot, access):  # noqa: F811
    PortalAccess.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert call(agent)("GET", f"{HERE}/{access.pk}").body["state"] == "expired"


def test_only_who_may_and_reaches_the_client_does(call, org, agent, reader, outsider, stranger, huot, access):  # noqa: F811
    url = f"{HERE}/{access.pk}"
    verbs = [
        ("POST", f"{url}/suspension", {}), ("POST", f"{url}/resumption", {}), ("POST", f"{url}/promotion", {}),
        ("POST", f"{url}/colleagues", {"sees_colleagues": True}), ("DELETE", url, None),
    ]  # fmt: skip
    lesser = call(reader)
    assert lesser("GET", url).body["id"] == access.pk
    assert lesser("POST", HERE, {"person": huot.pk, "client": "N1"}).status_code == 403
    assert {lesser(*verb).status_code for verb in verbs} == {403}
    for other in (outsider, stranger):
        away = call(other)
        absent = away("GET", f"{HERE}/987654321")
        assert away("GET", HERE).body["items"] == []
        for verb in [("GET", url, None), *verbs]:
            answer = away(*verb)
            assert (answer.status_code, answer.body) == (404, absent.body), verb
        wrong = away("POST", HERE, {"person": huot.pk, "client": "N1"})
        assert (wrong.status_code, wrong.body["code"]) == (422, "E-001-PERSON")
    enter(agent)
    assert PortalAccess.objects.get().state == "active"
    org.modules = [name for name in org.modules if name != Module.PORTAL]
    org.save()
    assert call(agent)("GET", HERE).body["code"] == "E-MODULE"
