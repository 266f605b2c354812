"""Several people at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from entregent.access.wall import in_organization
from entregent.interactions import actions
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.actions import create_organization
from entregent.toolbox.errors import Stale
from testing.cast import make_client, make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    organization = create_organization(slug="course", name="Course", trade="water")
    with in_organization(organization.pk):
        member = make_member(organization, "a@course.example", "Ada Course", "admin")
        client = make_client(organization, "1", "Dupont")
        topic = Topic.objects.first()
    return organization, member, client, topic


def at_once(organization, member, work, times):
    def call(number):
        try:
            with in_organization(organization.pk, user_id=member.user_id):
                return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(call, range(times)))


def test_numbers_have_neither_gap_nor_double(scene):
    organization, member, client, topic = scene
    made = at_once(
        organization,
        member,
        lambda _n: actions.log_interaction(by=member, client=client, topic=topic, channel="phone_call").number,
        8,
    )
    assert sorted(made) == list(range(1, 9))


def test_a_double_click_makes_one_interaction(scene):
    organization, member, client, topic = scene

    def log(_n):
        return actions.log_interaction(
            by=member, client=client, topic=topic, channel="phone_call", idempotency_key="double"
        ).number

    assert set(at_once(organization, member, log, 6)) == {1}
    with in_organization(organization.pk):
        assert Interaction.objects.count() == 1


def test_of_two_saves_over_the_same_version_one_is_stale(scene):
    organization, member, client, topic = scene
    with in_organization(organization.pk, user_id=member.user_id):
        interaction = actions.log_interaction(by=member, client=client, topic=topic, channel="phone_call")

    def save(number):
        try:
            actions.update_interaction(interaction, by=member, version=1, subject=f"Version {number}")
        except Stale:
            return "stale"
        return "saved"

    assert sorted(at_once(organization, member, save, 2)) == ["saved", "stale"]
