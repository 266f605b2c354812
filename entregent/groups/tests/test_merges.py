"""Clients in groups that are merged, parted again, or retired by a file."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection

from entregent.access.wall import in_organization
from entregent.clients.actions import merge_clients, undo_merge
from entregent.clients.models import Client
from entregent.exchange.command import run_import
from entregent.groups.effects import one_after_the_other
from entregent.groups.models import ClientGroup, GroupMember
from entregent.groups.tests.scene import group, relate
from entregent.organizations.actions import create_organization
from testing.cast import enter, make_client, make_member


def standing():
    return set(GroupMember.objects.live().values_list("group__name", "client__number"))


def counts():
    return dict(ClientGroup.objects.values_list("name", "member_count"))


def test_a_client_goes_into_the_group_with_the_business_that_gives_access(provider, admin, delegated):
    group(provider, "Est", delegated["alpha"])
    enter(admin)
    plain = make_client(provider, "P1", "Alpha bis")
    merge = merge_clients(plain, delegated["alpha"], by=admin)
    plain.refresh_from_db()
    assert plain.business_account_id == delegated["alpha"].business_account_id
    assert (standing(), counts()) == ({("Est", "P1")}, {"Est": 1})
    undo_merge(merge, by=admin)
    assert (standing(), counts()) == ({("Est", "A1")}, {"Est": 1})


def test_a_client_that_gives_no_access_leaves_the_group_that_a_merge_would_bring(provider, admin, delegated):
    group(provider, "Est", delegated["alpha"])
    enter(admin)
    other = make_client(provider, "P1", "Alpha bis")
    relate(other).delete()
    other.refresh_from_db()
    merge_clients(other, delegated["alpha"], by=admin, choices={"business_account_id": "winner"})
    other.refresh_from_db()
    assert other.business_account_id != delegated["alpha"].business_account_id
    assert standing() == set()
    assert counts() == {"Est": 0}


def test_a_client_that_a_file_retires_leaves_its_group(provider, admin, delegated, tmp_path):
    group(provider, "Est", delegated["alpha"], delegated["beta"])
    (tmp_path / "clients.csv").write_text("n° client;statut\nA1;removed\n")
    told = run_import(kind="clients", path=tmp_path / "clients.csv", organization=provider.slug)
    assert told["updated"] == 1
    enter(admin)
    assert Client.objects.get(number="A1").status == "removed"
    assert standing() == {("Est", "B1")}
    assert counts() == {"Est": 1}


@pytest.mark.django_db(transaction=True)
def test_a_merge_waits_for_a_change_of_groups_that_takes_effect():
    organization = create_organization(slug="course", name="Course", trade="customs")
    with in_organization(organization.pk):
        member = make_member(organization, "a@course.example", "Ada", "admin")
        first, second = (make_client(organization, f"{n}", "Dupont") for n in range(2))
    is_held, done = Event(), []

    def hold():
        with in_organization(organization.pk):
            one_after_the_other(organization.pk)
            is_held.set()
            # The other one locks nothing of the clients meanwhile: whoever holds the lock may write them.
            Event().wait(0.3)
            Client.objects.filter(pk__in=[first.pk, second.pk]).update(category="x")
            done.append("groups")
        connection.close()

    def merge():
        is_held.wait(10)
        with in_organization(organization.pk, user_id=member.user_id):
            merge_clients(first, second, by=member)
            done.append("merge")
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for running in [pool.submit(hold), pool.submit(merge)]:
            running.result()
    assert done == ["groups", "merge"]
