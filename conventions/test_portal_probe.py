"""The walk over the portal's door: every URL × nobody, the staff, people of several clients and organizations.

What is another client's, was deleted or is another organization's answers to the letter what never existed answers;
nothing planted in it is in any answer; what is refused writes nothing.
"""

import re

import pytest
from django.urls import reverse

from conventions.addresses import PLAIN, RECORDS
from conventions.test_probe import ask, sessions, state
from conventions.test_rights import walk
from conventions.world import DELETED, FOREIGN, HOUSE, SOUTH, build
from entregent.portal.tests.conftest import door
from testing.cast import HtmxClient, enter_organization

VARIETIES = ("own", "south", "deleted", "foreign", "random")


def pages():
    """(name, {keyword: kind of record}) of every page of an organization's portal."""
    for address, name, _view in walk():
        if address.startswith("portail/<slug:organization>"):
            keywords = [word for word in re.findall(r"<(?:\w+:)?(\w+)>", address) if word != "organization"]
            yield name, {word: _kind(name, word) for word in keywords}


def _kind(name, word):
    if (name, word) in PLAIN:
        return ("plain", PLAIN[name, word])
    matching = [(start, kind) for start, keyword, kind in RECORDS if keyword == word and name.startswith(start)]
    assert matching, f"{name}: what record is « {word} »? Declare it in conventions/addresses.py."
    return max(matching)[1]


def varieties_of(kinds):
    """Of an address with two records, also a record of another's under one's own."""
    records = [kind for kind in kinds.values() if not isinstance(kind, tuple)]
    if len(records) > 1:
        return (*VARIETIES, *(f"own > {variety}" for variety in VARIETIES[1:]))
    return VARIETIES if kinds else ("own",)


def url_of(name, kinds, world, variety, slug):
    values = {}
    under_own, _arrow, last = variety.rpartition(" > ")
    for position, (word, kind) in enumerate(kinds.items()):
        chosen = under_own if under_own and position == 0 else last
        values[word] = kind[1] if isinstance(kind, tuple) else world.records[kind][chosen]
    return reverse(name, kwargs={"organization": slug, **values})


@pytest.fixture
def people(agent, reader, manager, admin, stranger):
    return {"agent": agent, "reader": reader, "manager": manager, "admin": admin, "stranger": stranger}


@pytest.fixture
def world(org, other_org, north, south, people):
    return build(org, other_org, north, south, people)


def test_every_page_of_the_portal_is_declared():
    assert len(list(pages())) >= 10


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_at_a_client_reaches_what_is_anothers(method, world, people, org):
    faults = []
    enter_organization(org)
    https = {who: door(world.people[who]) for who in ("own", "south", "deleted", "foreign")}
    # Of a client who was deleted nobody is let in; of another organization nobody is anybody here.
    mine = {"own": "own", "south": "south", "deleted": None, "foreign": None}
    may_see = {"own": set(), "south": {SOUTH}, "deleted": set(), "foreign": set()}
    for name, kinds in pages():
        for who, http in https.items():
            answers = {}
            for variety in varieties_of(kinds):
                url = url_of(name, kinds, world, variety, org.slug)
                status, body, headers, wrote = ask(http, method, url)
                where = f"{method} {name} [{variety}] as {who}"
                if mine[who] is None and status != 404:
                    faults.append(f"{where}: {status}")
                if status >= 500:
                    faults.append(f"{where}: {status}")
                if status >= 400 and wrote:
                    faults.append(f"{where}: refused ({status}) and yet written")
                leaked = {mark for mark in (SOUTH, DELETED, FOREIGN) if mark in body or mark in headers}
                if leaked - may_see[who]:
                    faults.append(f"{where}: shows {leaked - may_see[who]} ({status})")
                answers[variety] = (status, body)
            for variety, answer in answers.items():
                under, _arrow, last = variety.rpartition(" > ")
                never = answers[f"{under} > random" if under else "random"] if kinds else None
                if kinds and last != mine[who] and answer != never:
                    faults.append(f"{method} {name} as {who}: {variety} answers {answer[0]}, not as what never existed")
    assert faults == [], "\n".join(faults)


def test_whoever_is_not_signed_in_here_is_sent_to_sign_in(world, people, org):
    """The staff's session is none here."""
    faults = []
    for http in (HtmxClient(), sessions(people)["admin"]):
        for name, kinds in pages():
            for method in ("get", "post"):
                url = url_of(name, kinds, world, "own", org.slug)
                before = state()
                response = getattr(http, method)(url)
                if response.status_code == 405:
                    continue
                if response.status_code != 302 or not response.headers["Location"].startswith("/portail/connexion/"):
                    faults.append(f"{method} {name}: {response.status_code}")
                if state() != before:
                    faults.append(f"{method} {name}: written")
    assert faults == [], "\n".join(faults)


def test_a_client_has_no_session_at_the_staffs_door(world, people, org):
    enter_organization(org)
    http = door(world.people["own"])
    assert http.get(f"/{org.slug}/").headers["Location"].startswith("/connexion/")
    assert HOUSE
