"""The calendar of one's follow-ups: opened by its secret alone, within the reach of now, as programs read it."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from entregent.exchange.models import CalendarFeed
from entregent.interactions import actions as interactions
from entregent.interactions.models import Topic
from testing.cast import enter

pytestmark = pytest.mark.django_db
URL = "/eaux/mon-agenda/"


@pytest.fixture(autouse=True)
def fresh_count():
    cache.clear()


@pytest.fixture
def topic(org, agent):
    enter(agent)
    interactions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


def follow(member, client, topic, days, **details):
    enter(member)
    return interactions.log_interaction(
        by=member, client=client, topic=topic, channel="phone_call",
        follow_up_on=timezone.localdate() + timedelta(days=days), **details,
    )  # fmt: skip


def make(http) -> str:
    page = http.post(URL).content.decode()
    start = page.index("/agenda/")
    return page[start : page.index(".ics", start) + 4]


def events(answer):
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(one["summary"]).replace("\u00a0", " "): one for one in found}


def test_the_calendar_holds_ones_own_follow_ups_that_are_to_be_done(agent, colleague, client_north, topic, signed_in):
    follow(agent, client_north, topic, 3, subject="Rappeler ; à propos, du compteur")
    follow(colleague, client_north, topic, 3)
    done = follow(agent, client_north, topic, 5)
    interactions.complete_follow_up(done, by=agent)
    address = make(signed_in(agent))
    answer = Client().get(address)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = events(answer)
    assert list(found) == ["Suivi : Blanchisserie Moreau — Renseignement"]
    event = found.popitem()[1]
    assert event["dtstart"].dt == timezone.localdate() + timedelta(days=3)
    assert "Rappeler ; à propos, du compteur" in str(event["description"])
    assert str(event["url"]).endswith("/eaux/interactions/1/")


def test_the_secret_is_shown_once_and_nowhere_kept(agent, signed_in):
    http = signed_in(agent)
    address = make(http)
    assert "/agenda/" not in http.get(URL).content.decode()
    enter(agent)
    assert address.removeprefix("/agenda/").removesuffix(".ics") not in CalendarFeed.objects.get().digest


def test_another_address_or_none_ends_the_one_before(agent, signed_in):
    http = signed_in(agent)
    first = make(http)
    second = make(http)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    http.post(URL, {"geste": "revoquer"})
    assert Client().get(second).status_code == 404
    assert Client().get("/agenda/rien.ics").status_code == 404


def test_what_is_out_of_reach_now_is_no_longer_in_it(agent, manager, client_north, topic, signed_in):
    follow(agent, client_north, topic, 1)
    address = make(signed_in(agent))
    assert len(events(Client().get(address))) == 1
    enter(manager)
    agent.grants.all().delete()
    assert events(Client().get(address)) == {}
    type(agent).objects.filter(pk=agent.pk).update(is_active=False)
    assert Client().get(address).status_code == 404


def test_what_did_not_change_is_not_sent_again(agent, client_north, topic, signed_in):
    follow(agent, client_north, topic, 1)
    address = make(signed_in(agent))
    tag = Client().get(address).headers["ETag"]
    again = Client().get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    follow(agent, client_north, topic, 2)
    assert Client().get(address, headers={"If-None-Match": tag}).status_code == 200


def test_whoever_guesses_is_stopped(agent):
    http = Client()
    answers = [http.get(f"/agenda/essai{turn}.ics").status_code for turn in range(62)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_only_reading_is_allowed(agent, signed_in):
    address = make(signed_in(agent))
    assert Client().post(address).status_code == 405
