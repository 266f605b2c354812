"""Tokens: what they are narrowed down to, when they end, how often they may ask."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.access.rights import Right
from entregent.access.token_scopes import PARTS, allows, part_of
from entregent.api import limits
from entregent.api.tests.test_api import Caller, call  # noqa: F401
from entregent.organizations.actions import create_api_token
from entregent.organizations.models import ApiToken
from entregent.toolbox.errors import Refusals
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def scoped(client):
    def for_member(member, *scopes, expires_at=None):
        enter(member)
        _token, text = create_api_token(member=member, name="Essai", scopes=scopes, expires_at=expires_at, by=member)
        return Caller(client, text)

    return for_member


def test_every_right_belongs_to_a_part_of_the_product():
    assert {part_of(right) for right in Right} == set(PARTS)


@pytest.mark.parametrize(
    ("scopes", "wanted", "may"),
    [
        ([], "clients:write", True),
        (["clients:read"], "clients:read", True),
        (["clients:read"], "clients:write", False),
        (["clients:write"], "clients:read", True),
        (["clients:write"], "cases:read", False),
    ],
)
def test_a_scope_narrows_and_writing_includes_reading(scopes, wanted, may):
    assert allows(scopes, wanted) is may


def test_a_token_that_reads_clients_does_nothing_else(scoped, manager, client_north):
    reads = scoped(manager, "clients:read")
    assert reads("GET", "/clients/N1").status_code == 200
    for method, path, body in [
        ("PATCH", "/clients/N1", {"category": "Pro"}),
        ("POST", "/clients", {"kind": "company", "name": "Autre"}),
        ("GET", "/interactions", None),
        ("GET", "/topics", None),
    ]:
        refused = reads(method, path, body, If_Match='"1"')
        assert (refused.status_code, refused.body["code"]) == (403, "E-SCOPE"), (method, path)
    writes = scoped(manager, "clients:write", "interactions:read")
    assert writes("GET", "/clients/N1").status_code == 200
    assert writes("PATCH", "/clients/N1", {"category": "Pro"}, If_Match='"1"').status_code == 200
    assert writes("GET", "/interactions").status_code == 200


def test_a_scope_gives_nothing_that_the_member_may_not(scoped, reader, client_north):
    refused = scoped(reader, "clients:write")("PATCH", "/clients/N1", {"category": "Pro"}, If_Match='"1"')
    assert (refused.status_code, refused.body["code"]) == (403, "E-ROLE")


def test_an_unknown_scope_is_refused(manager):
    enter(manager)
    with pytest.raises(Refusals, match="E-SCOPE"):
        create_api_token(member=manager, name="Essai", scopes=["clients:own"], by=manager)
    assert not ApiToken.objects.exists()


def test_a_token_ends_when_it_is_said_to(scoped, manager, client_north):
    over = scoped(manager, expires_at=timezone.now() - timedelta(seconds=1))
    assert over("GET", "/clients/N1").status_code == 401
    holds = scoped(manager, expires_at=timezone.now() + timedelta(hours=1))
    assert holds("GET", "/clients/N1").status_code == 200


def test_an_administrator_chooses_the_scope_on_the_page(signed_in, admin, client):
    browser = signed_in(admin)
    url = f"/{admin.organization.slug}/administration/jetons/"
    asked = {"member": admin.pk, "name": "Compteurs", "breadth": "chosen"}
    made = browser.post(url, asked | {"scope_clients": "read", "scope_cases": "write"})
    assert made.status_code == 200
    enter(admin)
    assert ApiToken.objects.get().scopes == ["clients:read", "cases:write"]
    assert "Clients, personnes-ressources et objets métier : lire" in browser.get(url).content.decode()
    assert browser.post(url, asked | {"scope_clients": "all"}).status_code == 422


def test_a_token_that_may_do_everything_is_asked_for_in_so_many_words(signed_in, admin):
    browser = signed_in(admin)
    url = f"/{admin.organization.slug}/administration/jetons/"
    asked = {"member": admin.pk, "name": "Compteurs"}
    for unclear in ({}, {"breadth": "chosen"}, {"breadth": "all", "scope_clients": "read"}, {"scope_clients": "read"}):
        assert browser.post(url, asked | unclear).status_code == 422, unclear
    enter(admin)
    assert not ApiToken.objects.exists()
    page = browser.get(url).content.decode()
    assert re.search(r'name="breadth" value="chosen"[^>]* checked', page)
    assert "Tout, comme la personne" in page
    assert browser.post(url, asked | {"breadth": "all"}).status_code == 200
    enter(admin)
    assert ApiToken.objects.get().scopes == []
    assert "Tout ce que le membre peut faire" in browser.get(url).content.decode()


def test_a_token_asks_so_often_a_minute(call, manager, client_north, settings, monkeypatch):  # noqa: F811
    settings.API_PER_MINUTE = 3
    now = [1_000_000_000.0]
    monkeypatch.setattr(limits.time, "time", lambda: now[0])
    api = call(manager)
    told = [api("GET", "/clients/N1") for _ in range(4)]
    assert [answer.status_code for answer in told] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in told] == ["2", "1", "0", "0"]
    last = told[-1]
    assert last.body["code"] == "E-RATE"
    assert last.headers["RateLimit-Limit"] == "3"
    assert int(last.headers["Retry-After"]) == int(last.headers["RateLimit-Reset"]) == 20
    # Another token of the same member is another program.
    assert call(manager)("GET", "/clients/N1").status_code == 200
    now[0] += 20
    assert api("GET", "/clients/N1").status_code == 200
    settings.API_PER_MINUTE = 0
    assert "RateLimit-Limit" not in api("GET", "/clients/N1").headers


def test_processes_of_the_server_add_up(call, manager, client_north, settings, monkeypatch):  # noqa: F811
    settings.API_PER_MINUTE = 4
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000_000.0)
    api = call(manager)
    assert [api("GET", "/clients/N1").status_code for _ in range(3)] == [200, 200, 200]
    # Another process: it has counted nothing, and asks at its second request.
    monkeypatch.setattr(limits, "_counts", {})
    told = [api("GET", "/clients/N1").status_code for _ in range(3)]
    assert told == [200, 429, 429]


def test_tokens_that_are_made_up_reach_neither_memory_nor_table(client, db, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_TOKENS", 5)
    monkeypatch.setattr(limits, "_counts", {})
    for number in range(20):
        assert Caller(client, f"faux-{number}")("GET", "/clients").status_code == 401
    assert len(limits._counts) <= 5
