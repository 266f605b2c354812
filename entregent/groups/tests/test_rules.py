"""Groups by rule follow a filter by themselves."""

import pytest

from entregent.clients.actions import update_client
from entregent.clients.models import Client
from entregent.groups.actions.requests import update_group
from entregent.groups.actions.rules import set_rule
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.groups.tasks import follow_rules
from entregent.groups.tests.scene import group, relate
from entregent.relationships.actions import approve_access, request_access
from entregent.relationships.models import AccountUser
from entregent.toolbox.errors import Refusal, Refusals, Stale
from testing.cast import enter, make_client, make_member

VIP = ["category", "is", "VIP"]


@pytest.fixture
def provider(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def boss(provider, admin):
    admin.organization = provider
    return enter(admin)


@pytest.fixture
def clients(provider):
    made = [make_client(provider, f"C{n}", f"Client {n}", category="VIP" if n < 3 else "") for n in range(5)]
    for client in made[:4]:
        relate(client)
    return made


@pytest.fixture
def vip(boss, provider, clients):
    made = group(provider, "VIP", clients[3])
    enter(boss)
    return set_rule(made, by=boss, condition=VIP)


def inside(group):
    return sorted(group.members.live().values_list("client__number", flat=True))


def test_a_rule_brings_in_who_fits_and_lets_go_who_does_not(vip):
    assert inside(vip) == ["C0", "C1", "C2"]
    request = ProcessingRequest.objects.get()
    assert (request.operation, request.state, request.initiated_by, request.total) == ("rule", "done", None, 4)
    assert set(request.rows.values_list("client__number", "change")) == {
        ("C0", "add"), ("C1", "add"), ("C2", "add"), ("C3", "remove"),
    }  # fmt: skip
    assert ClientGroup.objects.get().member_count == 3


def test_a_client_that_is_changed_is_followed_at_once(vip, clients, boss):
    update_client(clients[0], by=boss, version=None, category="")
    update_client(clients[3], by=boss, version=None, category="VIP")
    # No relationship: not available, whatever the rule says.
    update_client(clients[4], by=boss, version=None, category="VIP")
    assert inside(vip) == ["C1", "C2", "C3"]


def test_what_changes_by_other_ways_is_followed_by_the_task(vip, clients, boss, provider):
    Client.objects.filter(number="C1").update(category="")
    other = make_client(provider, "C9", "Client 9", category="VIP")
    relate(other)
    follow_rules(0)
    enter(boss)
    assert inside(vip) == ["C0", "C2", "C9"]
    number = ProcessingRequest.objects.count()
    follow_rules(0)
    enter(boss)
    assert ProcessingRequest.objects.count() == number


def test_a_client_that_lets_the_firm_act_enters_by_rule(vip, clients, boss):
    relate(clients[4])
    client = clients[4]
    client.business_account.relationships.all().delete()
    enter(boss)
    update_client(client, by=boss, version=None, category="VIP")
    assert "C4" not in inside(vip)
    owner = AccountUser.objects.create(
        account=client.business_account,
        user=make_member(vip.organization, "zoe@zeta.example", "Zoé", "reader").user,
        role="admin",
    )
    enter(boss)
    asked = request_access(by=boss, number=client.business_account.number)
    approve_access(asked, by=owner, level="business")
    enter(boss)
    assert "C4" in inside(vip)


def test_a_rule_that_has_lost_a_criterion_changes_nothing(vip, boss):
    ClientGroup.objects.update(rule={"all": [VIP, ["custom.gone", "is", "x"]]})
    follow_rules(0)
    enter(boss)
    assert inside(vip) == ["C0", "C1", "C2"]


def test_a_group_by_rule_is_renamed_but_not_filled_by_hand(vip, clients, boss):
    with pytest.raises(Refusal, match="règle"):
        update_group(vip, by=boss, word="CONFIRMER", version=None, remove=[clients[0].pk])
    update_group(vip, by=boss, word="CONFIRMER", version=None, name="Grands comptes")
    vip.refresh_from_db()
    assert vip.name == "Grands comptes"
    set_rule(vip, by=boss, condition=None)
    update_group(vip, by=boss, word="CONFIRMER", version=None, remove=[clients[0].pk])
    assert inside(vip) == ["C1", "C2"]


def test_rules_that_mean_nothing_are_refused(vip, boss):
    with pytest.raises((Refusal, Refusals)):
        set_rule(vip, by=boss, condition=["nothing", "is", "x"])
    with pytest.raises(Stale):
        set_rule(vip, by=boss, condition=VIP, version=0)


def test_the_page_shows_what_a_rule_changes_before_it_is_saved(boss, provider, clients, signed_in):
    from entregent.listing.models import View

    made = group(provider, "VIP", clients[3])
    enter(boss)
    view = View.objects.create(
        organization=provider, owner=boss.user, list_code="clients", name="Les VIP", condition=VIP
    )
    browser = signed_in(boss)
    address = f"/eaux/groupes-de-clients/{made.pk}/regle/"
    assert "Les VIP" in browser.get(address).text
    preview = browser.get(f"{address}?view=view:{view.pk}").text
    assert "3 clients entrent dans le groupe : " in preview.replace("\N{NO-BREAK SPACE}", " ")
    assert "Client 3" in preview
    answer = browser.post(address, {"view": f"view:{view.pk}", "version": made.version}, follow=True)
    assert "Ce groupe suit une règle" in answer.text
    enter(boss)
    assert inside(made) == ["C0", "C1", "C2"]
    assert browser.post(address, {"view": "none", "version": 1}).status_code == 409
