"""The walk: every URL × every role × own, out of reach, deleted, foreign and random records × GET and POST.

- What is out of reach, deleted or foreign answers to the letter what a record that never existed answers.
- No marker planted in such a record is in any answer.
- What is refused writes nothing.
- Nothing breaks.

Then once more with the application's own scoping switched off: the wall in the database still lets nothing foreign out.
"""

import re

import pytest
from django.db import connection, transaction
from django.urls import reverse

from conventions.addresses import PLAIN, RECORDS
from conventions.test_rights import walk
from conventions.world import DELETED, FOREIGN, HOUSE, SOUTH, build
from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client
from entregent.groups.tests.scene import assign, group, relate
from entregent.organizations.models import Grant
from entregent.relationships.models import Relationship
from testing.cast import HtmxClient, enter

VARIETIES = ("own", "south", "deleted", "foreign", "random")
# Whoever reaches the whole organization: their own, and what is another organization's.
VARIETIES_OF_OTHERS = ("own", "foreign", "random")
# Of an address with two records, the first one's own: a link of another client's under one's own client.
UNDER_OWN = tuple(f"own > {variety}" for variety in VARIETIES[1:])
# The markers that each person may see. The south is out of reach of *agent* alone; what was deleted, of everybody but
# those who read the journal.
MAY_SEE = {
    "agent": {HOUSE},
    "reader": {SOUTH, HOUSE},
    "manager": {SOUTH, HOUSE, DELETED},
    "admin": {SOUTH, HOUSE, DELETED},
    "stranger": {FOREIGN},
}
TOKEN = re.compile(r'(name="csrfmiddlewaretoken" value="|name="csrf-token" content=")[^"]*"|[0-9a-f-]{36}')


def addresses():
    """(name, {keyword: kind of record}) of every page of an organization; the portal has a walk of its own."""
    for address, name, _view in walk():
        if "<slug:organization>" not in address or address.startswith("portail/"):
            continue
        keywords = [word for word in re.findall(r"<(?:\w+:)?(\w+)>", address) if word != "organization"]
        yield name, {word: _kind(name, word) for word in keywords}


def _kind(name, word):
    if (name, word) in PLAIN:
        return ("plain", PLAIN[name, word])
    matching = [(start, kind) for start, keyword, kind in RECORDS if keyword == word and name.startswith(start)]
    assert matching, f"{name}: what record is « {word} »? Declare it in conventions/addresses.py."
    return max(matching)[1]


def url_of(name, kinds, world, variety, slug):
    values = {}
    under_own, _arrow, last = variety.rpartition(" > ")
    for position, (word, kind) in enumerate(kinds.items()):
        variety = under_own if under_own and position < len(kinds) - 1 else last
        if isinstance(kind, tuple):
            values[word] = kind[1]
            continue
        of_kind = world.records[kind]
        if variety not in of_kind:
            return None
        values[word] = of_kind[variety]
    return reverse(name, kwargs={"organization": slug, **values})


def varieties_of(kinds, person):
    records = [kind for kind in kinds.values() if not isinstance(kind, tuple)]
    if not records:
        return ("own",)
    if person not in ("agent", "stranger"):
        return VARIETIES_OF_OTHERS
    return VARIETIES if len(records) == 1 else VARIETIES + UNDER_OWN


def plain(response, url):
    """The body without what differs from one request to the next."""
    body = b"".join(response) if response.streaming else response.content
    return TOKEN.sub("", body.decode(errors="replace")).replace(url, "·").replace(url.replace("/", "%2F"), "·")


@pytest.fixture
def people(agent, reader, manager, admin, stranger):
    return {"agent": agent, "reader": reader, "manager": manager, "admin": admin, "stranger": stranger}


@pytest.fixture
def world(org, other_org, north, south, people):
    return build(org, other_org, north, south, people)


def state():
    """How many changes and actions the journal holds: grows with every write of a record."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT (SELECT count(*) FROM audit_change), (SELECT count(*) FROM audit_action)")
        counts = cursor.fetchone()
        cursor.execute("SET ROLE entregent_app")
    return counts


class _Undo(Exception):
    """Ends a savepoint: each POST is tried on the same world."""


def ask(http, method, url):
    """(status, body, headers, did it write?)"""
    try:
        with transaction.atomic():
            before = state()
            response = getattr(http, method)(url)
            http.cookies.pop("messages", None)  # What one answer has to say is not shown in the next.
            body = plain(response, url)
            found = (response.status_code, body, str(response.headers), state() != before)
            raise _Undo
    except _Undo:
        return found


def sessions(people):
    made = {}
    for name, member in people.items():
        enter(member)
        http = HtmxClient(raise_request_exception=False)
        http.force_login(member.user, backend="entregent.organizations.sessions.SignIn")
        made[name] = http
    return made


def test_every_address_is_declared():
    assert len(list(addresses())) > 40


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sees_what_is_out_of_reach(method, world, people, org):
    faults = faults_of(method, world, people, org)
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sees_more_who_reaches_it_by_a_group(method, world, people, org, north):
    """What the agent reaches by a sector, reached by a group of clients instead."""
    agent = people["agent"]
    enter(agent)
    Grant.objects.filter(membership=agent).delete()
    clients = list(Client.objects.filter(sector=north))
    for client in clients:
        if not Relationship.objects.filter(account=client.business_account, state="active").exists():
            relate(client)
    assign(group(org, "Portée", *clients), agent, "editor")
    faults = faults_of(method, world, {"agent": agent}, org)
    assert faults == [], "\n".join(faults)


def faults_of(method, world, people, org):
    faults = []
    https = sessions(people)
    for name, kinds in addresses():
        for person, http in https.items():
            answers = {}
            for variety in varieties_of(kinds, person):
                url = url_of(name, kinds, world, variety, org.slug)
                if url is None:
                    continue
                status, body, headers, wrote = ask(http, method, url)
                where = f"{method} {name} [{variety}] as {person}"
                answers[variety] = (status, body)
                if status >= 500:
                    faults.append(f"{where}: {status}")
                if status >= 400 and wrote:
                    faults.append(f"{where}: refused ({status}) and yet written")
                leaked = {mark for mark in (SOUTH, DELETED, FOREIGN, HOUSE) if mark in body or mark in headers}
                if leaked - MAY_SEE[person]:
                    faults.append(f"{where}: shows {leaked - MAY_SEE[person]} ({status})")
            hidden = {"agent": ("south", "deleted", "foreign"), "stranger": ("own", "south", "deleted", "foreign")}
            for variety, answer in answers.items():
                under, _arrow, last = variety.rpartition(" > ")
                never = answers.get(f"{under} > random" if under else "random")
                if never and last in hidden.get(person, ("foreign",)) and answer != never:
                    faults.append(
                        f"{method} {name} as {person}: {variety} answers {answer[0]}, "
                        f"a record that never existed {never[0]}"
                    )
    return faults


def test_whoever_is_not_signed_in_is_sent_to_sign_in(world, people, org):
    http = HtmxClient()
    faults = []
    for name, kinds in addresses():
        for method in ("get", "post"):
            url = url_of(name, kinds, world, "own", org.slug)
            response = getattr(http, method)(url)
            if response.status_code == 405:
                continue
            if response.status_code != 302 or not response.headers["Location"].startswith("/connexion/"):
                faults.append(f"{method} {name}: {response.status_code}")
    assert faults == [], "\n".join(faults)


def test_the_database_keeps_organizations_apart_by_itself(world, people, org, monkeypatch):
    """The same walk with `visible_to` switched off: whatever a query forgets, nothing foreign comes out."""
    for scoped in [ScopedQuerySet, *_subclasses(ScopedQuerySet)]:
        if "visible_to" in vars(scoped):
            monkeypatch.setattr(scoped, "visible_to", lambda self, member, right=None: self.all())
    faults = []
    http = sessions(people)["admin"]
    for name, kinds in addresses():
        has_record = any(not isinstance(kind, tuple) for kind in kinds.values())
        for variety in ("own", "foreign") if has_record else ("own",):
            url = url_of(name, kinds, world, variety, org.slug)
            if url is None:
                continue
            status, body, headers, _wrote = ask(http, "get", url)
            if FOREIGN in body or FOREIGN in headers or (variety == "foreign" and status == 200):
                faults.append(f"{name} [{variety}]: {status}")
    assert faults == [], "\n".join(faults)


def _subclasses(cls):
    for below in cls.__subclasses__():
        yield below
        yield from _subclasses(below)
