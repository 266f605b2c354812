"""A client that lets the firm act for it is one client of the firm: the one it was, or a new one."""

import pytest
from django.db import connection

from entregent.clients import actions as client_actions
from entregent.clients.models import Client
from entregent.organizations.models import User
from entregent.relationships import actions
from entregent.relationships.actions import keep_account, register_account
from entregent.relationships.models import Relationship
from entregent.toolbox.errors import Refusal
from testing.cast import enter

NUMBER = "123456782"


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


def make_user(email, name):
    user = User(email=email, name=name)
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def owner(db):
    made = keep_account(number=NUMBER, name="Zêta inc.", postal_code="H2X 1Y4", city="Montréal", country="CA")
    actions.add_program(made, "RM0001", "Importation")
    return register_account(
        user=make_user("zoe@zeta.example", "Zoé Zêta"), number=NUMBER, name="Zêta inc.", postal_code="H2X 1Y4",
        program="RM0001",
    )  # fmt: skip


def approve(admin, owner, **asked) -> Relationship:
    enter(admin)
    request = actions.request_access(by=admin, number=NUMBER, **asked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org_id', '', true), set_config('app.user_id', '', true)")
    given = actions.approve_access(request, by=owner, level="business")
    enter(admin)
    return given


def tied() -> Client:
    return Client.objects.get(business_account__number=NUMBER, deleted_at__isnull=True)


def company(admin, name, **values) -> Client:
    return client_actions.create_client(by=admin, kind="company", name=name, **values)


def test_a_client_that_the_firm_does_not_know_is_made_from_the_record(broker, admin, owner):
    approve(admin, owner)
    client = tied()
    assert (client.display_name, client.kind, client.identifiers) == ("Zêta inc.", "company", {"bn": NUMBER})
    assert client.responsible_id == admin.user_id
    assert [line for one in client.addresses.all() for line in one.lines] == ["Montréal H2X 1Y4"]
    assert Client.objects.visible_to(admin).filter(pk=client.pk).exists()


def test_the_client_that_was_asked_from_is_tied(broker, admin, owner):
    asked_from, _other = company(admin, "Zeta"), company(admin, "Zêta", identifiers={"bn": NUMBER})
    approve(admin, owner, client_id=asked_from.pk)
    assert tied() == asked_from
    assert Client.objects.count() == 2


@pytest.mark.parametrize("identifiers", [{"bn": NUMBER}, {"siren": "732829320"}, {"siret": "73282932000074"}])
def test_the_client_that_carries_the_number_is_tied(broker, admin, owner, identifiers):
    owner.account.number = NUMBER if "bn" in identifiers else "732829320"
    owner.account.save()
    known = company(admin, "Zeta", identifiers=identifiers)
    enter(admin)
    request = actions.request_access(by=admin, number=owner.account.number)
    actions.approve_access(request, by=owner, level="business")
    enter(admin)
    assert Client.objects.get(business_account=owner.account) == known


def test_a_client_that_lets_the_firm_act_is_not_deleted(broker, admin, owner):
    approve(admin, owner)
    with pytest.raises(Refusal, match="une relation d’affaires est active") as refused:
        client_actions.delete_client(tied(), by=admin)
    assert (refused.value.code, refused.value.status) == ("E-004-CLIENT-IN-USE", 409)
    actions.give_up_relationship(Relationship.objects.get(state="active"), by=admin)
    client_actions.delete_client(tied(), by=admin)
    assert not Client.objects.filter(business_account__number=NUMBER, deleted_at__isnull=True).exists()


def test_a_relationship_that_is_renewed_finds_the_same_client(broker, admin, owner):
    approve(admin, owner)
    first = tied()
    approve(admin, owner)
    assert tied() == first
    actions.give_up_relationship(Relationship.objects.get(state="active"), by=admin)
    assert tied() == first


def test_a_client_restored_after_another_took_its_place_is_tied_no_longer(broker, admin, owner):
    approve(admin, owner)
    first = tied()
    actions.give_up_relationship(Relationship.objects.get(state="active"), by=admin)
    client_actions.delete_client(first, by=admin)
    approve(admin, owner)
    second = tied()
    assert second != first
    client_actions.restore_client(first, by=admin)
    first.refresh_from_db()
    assert first.business_account is None
    assert tied() == second


def test_a_merge_hands_the_account_over_and_undone_gives_it_back(broker, admin, owner):
    kept = company(admin, "Zeta")
    approve(admin, owner)
    gone = tied()
    merge = client_actions.merge_clients(kept, gone, by=admin)
    assert tied() == kept
    client_actions.undo_merge(merge, by=admin)
    assert tied() == gone


def test_an_account_that_another_client_took_since_is_not_given_back(broker, admin, owner):
    approve(admin, owner)
    kept = company(admin, "Autre", identifiers={})
    gone = tied()
    merge = client_actions.merge_clients(kept, gone, by=admin, choices={"business_account_id": "winner"})
    assert not Client.objects.filter(business_account__isnull=False, deleted_at__isnull=True).exists()
    approve(admin, owner)
    third = tied()
    client_actions.undo_merge(merge, by=admin)
    assert tied() == third
