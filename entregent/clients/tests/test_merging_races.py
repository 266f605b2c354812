"""Two people merge at once: the same two clients, the other way round, a chain."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from entregent.access.wall import in_organization
from entregent.clients.actions import merge_clients, undo_merge
from entregent.clients.duplicate_models import Merge
from entregent.clients.models import Client
from entregent.organizations.actions import create_organization
from entregent.toolbox.errors import Refusal
from testing.cast import make_client, make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    organization = create_organization(slug="course", name="Course", trade="water")
    with in_organization(organization.pk):
        member = make_member(organization, "a@course.example", "Ada Course", "admin")
        clients = [make_client(organization, f"{n}", "Dupont") for n in range(3)]
    return organization, member, clients


def at_once(organization, member, works):
    def call(work):
        try:
            with in_organization(organization.pk, user_id=member.user_id):
                work()
                return "done"
        except Refusal as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(call, works))


def test_of_two_merges_of_the_same_pair_one_is_refused(scene):
    organization, member, (first, second, _third) = scene
    answers = at_once(
        organization,
        member,
        [
            lambda: merge_clients(first, second, by=member),
            lambda: merge_clients(second, first, by=member),
            lambda: merge_clients(first, second, by=member),
        ],
    )
    assert answers == ["E-MERGED", "E-MERGED", "done"]
    with in_organization(organization.pk):
        assert Client.objects.filter(deleted_at=None).count() == 2


def test_a_merge_is_undone_once(scene):
    organization, member, (first, second, _third) = scene
    with in_organization(organization.pk, user_id=member.user_id):
        merge = merge_clients(first, second, by=member)
    merge = Merge(pk=merge.pk, organization=organization, winner=first, loser=second)
    answers = at_once(organization, member, [lambda: undo_merge(merge, by=member)] * 3)
    assert answers == ["E-MERGE-UNDONE", "E-MERGE-UNDONE", "done"]
