from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from entregent.access.rights import Right
from entregent.organizations.membership import find_member
from entregent.organizations.models import Membership, Sector, Substitution, effective_grants
from entregent.toolbox.dates import today_in
from testing.cast import enter, enter_organization, grant, make_client, make_member

pytestmark = pytest.mark.django_db


def now(member) -> Membership:
    """The member as the next request finds them."""
    enter(member)
    return Membership.objects.select_related("organization", "user").get(pk=member.pk)


def seen(member, right=Right.CLIENT_VIEW) -> set[str]:
    clients = apps.get_model("clients", "Client").objects
    return set(clients.visible_to(now(member), right).values_list("number", flat=True))


@pytest.fixture
def today(org):
    return today_in(org.time_zone)


@pytest.fixture
def newcomer(org):
    return make_member(org, "neuf@eaux.example", "Noé Neuf", "editor")


def test_a_member_without_access_sees_nothing(newcomer, client_north):
    assert seen(newcomer) == set()


def test_an_access_holds_from_its_first_to_its_last_day(newcomer, north, client_north, today):
    day = timedelta(days=1)
    for starts_on, ends_on, holds in (
        (None, None, True), (today, today, True), (today - day, today, True), (today, None, True), (None, today, True),
        (today + day, None, False), (None, today - day, False), (today - 2 * day, today - day, False),
    ):  # fmt: skip
        given = grant(newcomer, "sector", north.pk, starts_on=starts_on, ends_on=ends_on)
        assert (seen(newcomer) == {"N1"}) is holds, (starts_on, ends_on)
        given.delete()


def test_an_access_to_a_sector_reaches_everything_below_and_nothing_beside(org, newcomer, north, south):
    enter_organization(org)
    sector = north
    for depth in range(1, 8):
        sector = Sector.objects.create(organization=org, code=f"N{depth}", name=f"Étage {depth}", parent=sector)
        make_client(org, f"P{depth}", "Profond", sector=sector)
    make_client(org, "S9", "Sud", sector=south)
    make_client(org, "Z9", "Sans secteur")
    grant(newcomer, "sector", north.pk)
    assert seen(newcomer) == {f"P{depth}" for depth in range(1, 8)}


def test_a_sector_that_moves_takes_its_clients_along(org, newcomer, north, south):
    enter_organization(org)
    middle = Sector.objects.create(organization=org, code="M", name="Milieu", parent=north)
    deep = Sector.objects.create(organization=org, code="D", name="Fond", parent=middle)
    make_client(org, "P1", "Profond", sector=deep)
    grant(newcomer, "sector", south.pk)
    assert seen(newcomer) == set()
    enter_organization(org)
    middle.parent = south
    middle.save()
    assert seen(newcomer) == {"P1"}
    deep.refresh_from_db()
    assert deep.path == f"/{south.pk}/{middle.pk}/{deep.pk}/"


def test_a_sector_cannot_stand_below_itself_even_by_hand(org, north):
    enter_organization(org)
    below = Sector.objects.create(organization=org, code="B", name="Dessous", parent=north)
    north.parent = below
    with pytest.raises(IntegrityError), transaction.atomic():
        north.save()


def test_an_access_to_one_client_reaches_that_client(newcomer, client_north, client_south):
    grant(newcomer, "client", client_south.pk)
    assert seen(newcomer) == {"S1"}


def test_the_role_of_an_access_holds_in_its_piece_only(newcomer, north, south, client_north, client_south):
    grant(newcomer, "sector", north.pk)
    grant(newcomer, "sector", south.pk, role="reader")
    assert seen(newcomer) == {"N1", "S1"}
    assert seen(newcomer, Right.CLIENT_EDIT) == {"N1"}


def test_rights_added_and_taken_away_hold_everywhere(agent, north, client_north):
    enter(agent)
    Membership.objects.filter(pk=agent.pk).update(
        rights_added=["data.export", "gone.right"], rights_removed=["client.edit"]
    )
    member = now(agent)
    assert member.can(Right.DATA_EXPORT)
    assert not member.can(Right.CLIENT_EDIT)
    assert seen(agent, Right.DATA_EXPORT) == {"N1"}
    assert seen(agent, Right.CLIENT_EDIT) == set()


def replace(absent, substitute, starts_on, ends_on):
    enter(absent)
    return Substitution.objects.create(
        organization=absent.organization, absent=absent, substitute=substitute, starts_on=starts_on, ends_on=ends_on
    )


def test_a_substitute_reaches_for_those_days_what_the_absent_reaches(
    agent, outsider, client_north, client_south, today
):
    day = timedelta(days=1)
    replace(agent, outsider, today + day, today + 2 * day)
    assert seen(outsider) == {"S1"}
    replace(agent, outsider, today - day, today)
    assert seen(outsider) == {"N1", "S1"}
    assert seen(agent) == {"N1"}


def test_what_was_handed_on_is_not_handed_on_again(agent, outsider, newcomer, client_north, client_south, today):
    replace(agent, outsider, today, today)
    replace(outsider, newcomer, today, today)
    assert seen(newcomer) == {"S1"}


def test_whoever_replaces_an_administrator_administers_nothing(admin, agent, client_north, client_south, today):
    replace(admin, agent, today, today)
    assert seen(agent) == {"N1", "S1"}
    assert seen(agent, Right.CLIENT_DELETE) == {"N1", "S1"}
    assert not now(agent).can(Right.MEMBERS)
    assert not now(agent).can(Right.SETTINGS)


def test_a_substitute_does_no_more_for_the_absent_than_they_did(agent, outsider, client_north, client_south, today):
    replace(agent, outsider, today, today)
    enter(agent)
    Membership.objects.filter(pk=agent.pk).update(rights_removed=["client.edit"])
    Membership.objects.filter(pk=outsider.pk).update(rights_added=["client.delete"])
    assert seen(outsider) == {"N1", "S1"}
    assert seen(outsider, Right.CLIENT_EDIT) == {"S1"}
    assert seen(outsider, Right.CLIENT_DELETE) == {"S1"}


def test_an_absent_who_left_hands_on_nothing(agent, outsider, client_north, client_south, today):
    replace(agent, outsider, today, today)
    enter(agent)
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    assert seen(outsider) == {"S1"}


def test_the_accesses_of_many_are_read_at_once(admin, manager, agent, outsider, django_assert_num_queries):
    enter(admin)
    with django_assert_num_queries(1):
        given = effective_grants([admin, manager, agent, outsider])
    assert {pk: len(grants) for pk, grants in given.items()} == {
        admin.pk: 2, manager.pk: 1, agent.pk: 1, outsider.pk: 1
    }  # fmt: skip


def test_a_member_is_found_by_address_while_both_are_active(agent, stranger):
    enter(agent)
    assert find_member(agent.user, "eaux") == agent
    assert find_member(agent.user, "autre") is None
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    assert find_member(agent.user, "eaux") is None


def test_an_address_of_mail_has_one_user_whatever_its_case(agent):
    from entregent.organizations.models import User

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="AGENT@eaux.example", name="Autre")
