"""Changes of groups while others change what they rest on: whoever comes second sees what the first has done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection

from entregent.access.wall import in_organization
from entregent.clients.models import Client
from entregent.clients.reach_models import GROUP, ClientReach
from entregent.groups.actions.requests import create_group, update_group
from entregent.groups.models import GroupMember, ProcessingRequest
from entregent.groups.tests.scene import relate
from entregent.relationships.actions import approve_access, request_access, revoke_relationship
from entregent.relationships.models import AccountUser, today_of
from entregent.toolbox.errors import Refusal
from testing.cast import grant, make_client, make_member, make_organization

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss():
    organization = make_organization("course", "Course", provider_kind="customs_broker")
    with in_organization(organization.pk):
        member = make_member(organization, "a@course.example", "Ada Course", "admin")
        grant(member)
    return member


@pytest.fixture
def inside(boss):
    return {"organization_id": boss.organization_id, "user_id": boss.user_id}


@pytest.fixture
def alpha(boss, inside):
    with in_organization(**inside):
        client = make_client(boss.organization, "A1", "Alpha")
        relate(client)
        make_client(boss.organization, "B1", "Bêta")
    return client


@pytest.fixture
def owner(boss, inside, alpha):
    with in_organization(**inside):
        user = make_member(boss.organization, "zoe@alpha.example", "Zoé", "reader").user
        return AccountUser.objects.create(account=alpha.business_account, user=user, role="admin")


def while_at_work(inside, first, second):
    """`second` is called when `first` has done its work and has not committed it."""
    is_done, may_end = Event(), Event()

    def leading():
        try:
            with in_organization(**inside):
                first()
                is_done.set()
                may_end.wait(20)
        finally:
            is_done.set()
            connection.close()

    def following():
        try:
            is_done.wait(20)
            second()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        led, followed = pool.submit(leading), pool.submit(following)
        # It waits, or has gone past.
        is_done.wait(20)
        try:
            followed.result(timeout=1)
        except TimeoutError:
            pass
        may_end.set()
        led.result(timeout=20)
        return followed.result(timeout=20)


def test_a_revocation_closes_what_a_change_has_just_made(boss, inside, alpha, owner):
    relationship = None
    with in_organization(**inside):
        relationship = alpha.business_account.relationships.get()
    answer = while_at_work(
        inside,
        lambda: create_group(by=boss, name="Est", client_ids=[alpha.pk]),
        lambda: revoke_relationship(relationship, by=owner),
    )
    assert answer == "done"
    with in_organization(**inside):
        assert not GroupMember.objects.live().exists()
        assert GroupMember.objects.count() == 1
        assert not ClientReach.objects.filter(sector_id__gt=GROUP).exists()
        assert ProcessingRequest.objects.get(operation="expire").rows.get().client_id == alpha.pk


def test_a_relationship_that_is_replaced_meanwhile_says_until_when(boss, inside, alpha, owner):
    with in_organization(**inside):
        asked = request_access(by=boss, number=alpha.business_account.number)
        last = today_of(boss.organization) + timedelta(days=5)
    answer = while_at_work(
        inside,
        lambda: create_group(by=boss, name="Est", client_ids=[alpha.pk]),
        lambda: approve_access(asked, by=owner, level="business", ends_on=last),
    )
    assert answer == "done"
    with in_organization(**inside):
        assert GroupMember.objects.live().count() == 1
        assert ClientReach.objects.get(sector_id__gt=GROUP).until is not None


def test_of_two_renames_to_one_name_the_second_is_refused(boss, inside, alpha):
    with in_organization(**inside):
        relate(other := Client.objects.get(number="B1"))
    with in_organization(**inside):
        groups = [
            create_group(by=boss, name=name, client_ids=[client.pk]).group
            for name, client in (("Est", alpha), ("Ouest", other))
        ]

    def rename(group):
        with in_organization(**inside):
            update_group(group, by=boss, word="CONFIRMER", version=None, name="Nord")

    def lead():
        update_group(groups[0], by=boss, word="CONFIRMER", version=None, name="Nord")

    assert while_at_work(inside, lead, lambda: rename(groups[1])) == "E-002-NAME"


def test_of_two_managers_at_once_one_wins_whole_and_the_other_is_told_who_is_gone(boss, inside, alpha):
    with in_organization(**inside):
        beta = Client.objects.get(number="B1")
        gamma = make_client(boss.organization, "G1", "Gamma")
        relate(beta)
        relate(gamma)
        other = make_member(boss.organization, "b@course.example", "Béa Course", "admin")
        grant(other)
    told = []

    def follow():
        # It looks at clients that are available still: the first has not committed.
        with in_organization(boss.organization_id, user_id=other.user_id):
            try:
                create_group(by=other, name="Ouest", client_ids=[beta.pk, gamma.pk])
            except Refusal as refusal:
                told.append(str(refusal.message))
                raise

    answer = while_at_work(inside, lambda: create_group(by=boss, name="Est", client_ids=[alpha.pk, beta.pk]), follow)
    assert answer == "E-002-UNAVAILABLE"
    assert told == ["Bêta n'est plus disponible."]
    with in_organization(**inside):
        assert sorted(GroupMember.objects.values_list("group__name", "client__number")) == [
            ("Est", "A1"),
            ("Est", "B1"),
        ]
        assert list(ProcessingRequest.objects.values_list("state", flat=True)) == ["done"]
