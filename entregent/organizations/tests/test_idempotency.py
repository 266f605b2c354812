from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.organizations import actions
from entregent.organizations.idempotency import forget_old_keys, once
from entregent.organizations.models import IdempotencyKey, Sector
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.mark.django_db
def test_the_same_key_gives_the_same_record(org, admin):
    enter(admin)
    made = []

    def make():
        made.append(actions.create_sector(organization=org, code=f"S{len(made)}", name="Un", by=admin))
        return made[-1]

    first = once(org.pk, "sectors", "k-1", {"name": "Un"}, make)
    assert first == (made[0].pk, False)
    assert once(org.pk, "sectors", "k-1", {"name": "Un"}, make) == (made[0].pk, True)
    assert once(org.pk, "sectors", "k-2", {"name": "Un"}, make) == (made[1].pk, False)
    assert once(org.pk, "others", "k-1", {"name": "Un"}, make) == (made[2].pk, False)
    assert once(org.pk, "sectors", None, {"name": "Un"}, make) == (made[3].pk, False)


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "body"), [("k-1", {"name": "Deux"}), ("é", {}), ("a b", {}), ("x" * 121, {})])
def test_the_same_key_with_another_body_or_a_wrong_key_is_refused(key, body, org, admin):
    enter(admin)
    once(org.pk, "sectors", "k-1", {"name": "Un"}, lambda: 7)
    with pytest.raises(Refusal) as refused:
        once(org.pk, "sectors", key, body, lambda: 8)
    assert (refused.value.code, refused.value.status) == ("E-IDEMPOTENCY", 422)


@pytest.mark.django_db
def test_a_create_that_was_refused_leaves_its_key_free(org, admin):
    enter(admin)

    def refuse():
        raise Refusal("E-X", "non")

    with pytest.raises(Refusal):
        once(org.pk, "sectors", "k-1", {}, refuse)
    assert once(org.pk, "sectors", "k-1", {}, lambda: 9) == (9, False)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_record():
    organization = actions.create_organization(slug="course", name="Course", trade="water")

    def make():
        return actions.create_sector(organization=organization, code="UN", name="Un")

    def call(_number):
        try:
            with in_organization(organization.pk):
                return once(organization.pk, "sectors", "k-1", {"name": "Un"}, make)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(call, range(20)))
    with in_organization(organization.pk):
        (sector,) = Sector.objects.all()
        assert IdempotencyKey.objects.count() == 1
    assert {pk for pk, _repeated in answers} == {sector.pk}
    assert sorted(repeated for _pk, repeated in answers) == [False] + [True] * 19


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_take_twenty_numbers():
    organization = actions.create_organization(slug="numeros", name="Numéros", trade="water")

    def call(_number):
        try:
            with in_organization(organization.pk):
                return actions.next_numbers(organization.pk, "client")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(call, range(20))) == list(range(1, 21))


@pytest.mark.django_db
def test_keys_are_forgotten_after_a_week_in_every_organization(org, other_org, admin, stranger):
    for member in (admin, stranger):
        enter(member)
        once(member.organization_id, "sectors", "old", {}, lambda: 1)
        once(member.organization_id, "sectors", "fresh", {}, lambda: 2)
        IdempotencyKey.objects.filter(key="old").update(created_at=timezone.now() - timedelta(days=7, minutes=1))
        IdempotencyKey.objects.filter(key="fresh").update(created_at=timezone.now() - timedelta(days=6))
    assert forget_old_keys() == 2
    for member in (admin, stranger):
        enter(member)
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["fresh"]
