"""A long conversation opens like a short one."""

import time

import pytest

from entregent.interactions import actions
from entregent.interactions.models import InteractionEntry, Topic
from testing.cast import enter

pytestmark = pytest.mark.django_db


def make(agent, client, topic, entries):
    one = actions.log_interaction(by=agent, client=client, topic=topic, channel="note", notes="Début.")
    InteractionEntry.objects.bulk_create(
        InteractionEntry(
            organization_id=agent.organization_id, interaction=one, seq=seq, author=agent.user, entry_name="Omar",
            internal=bool(seq % 2), notes="Une réponse. " * 20,
        )
        for seq in range(2, entries + 1)
    )  # fmt: skip
    return f"/eaux/interactions/{one.number}/"


def test_a_thread_of_500_entries_opens_within_three_times_one_of_10(org, agent, client_north, signed_in):
    actions.seed_topics(org)
    enter(agent)
    topic = Topic.objects.get(code="renseignement")
    short, long = make(agent, client_north, topic, 10), make(agent, client_north, topic, 500)
    http = signed_in(agent)

    def best(url):
        times = []
        for _try in range(7):
            started = time.process_time()
            assert http.get(url).status_code == 200
            times.append(time.process_time() - started)
        return min(times)

    assert best(long) <= 3 * best(short)
    page = http.get(long).content.decode()
    assert "Afficher 469 entrées précédentes" in page


def test_a_conversation_takes_the_same_queries_however_long_it_is(
    org, agent, client_north, signed_in, django_assert_num_queries
):
    actions.seed_topics(org)
    enter(agent)
    topic = Topic.objects.get(code="renseignement")
    http = signed_in(agent)
    for entries in (2, 25, 31, 500):
        url = make(agent, client_north, topic, entries)
        with django_assert_num_queries(16):
            http.get(url)
        enter(agent)
