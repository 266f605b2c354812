"""Whoever works with a group reaches its clients, everywhere that a sector would let them, and nothing besides."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from entregent.access.rights import Right
from entregent.cases.actions import open_case
from entregent.cases.models import Case, CaseType
from entregent.clients import search as client_search
from entregent.clients.actions import delete_client, restore_client, seed_object_types, sync_business_object
from entregent.clients.models import BusinessObject, Client, ClientPerson, Person
from entregent.clients.reach import reached_clients
from entregent.clients.scopes import who_reaches
from entregent.groups.models import GroupMember, ProcessingRequest
from entregent.groups.tests.scene import assign, group, put, relate, take_out
from entregent.interactions.actions import log_interaction
from entregent.interactions.actions.topics import seed_topics
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.actions import revoke_access
from entregent.organizations.explanations import why
from entregent.organizations.models import Grant, Membership, Substitution
from entregent.relationships.actions import expire_due
from entregent.relationships.models import today_of
from entregent.search.quick import quick_search
from entregent.toolbox.errors import Refusal
from testing.cast import enter, grant, make_client, make_member


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def alpha(broker, north):
    client = make_client(broker, "A1", "Alpha Transit", sector=north)
    relate(client)
    return client


@pytest.fixture
def beta(broker, north):
    client = make_client(broker, "B1", "Beta Transit", sector=north)
    relate(client)
    return client


@pytest.fixture
def east(broker, alpha):
    return group(broker, "Est", alpha)


@pytest.fixture
def eric(broker):
    """An employee who reaches nothing of himself."""
    return enter(make_member(broker, "eric@eaux.example", "Éric Édite", "reader"))


def now(member):
    """The member as the next request finds them."""
    return enter(Membership.objects.select_related("organization", "user").get(pk=member.pk))


def seen(member, right=Right.CLIENT_VIEW):
    return sorted(Client.objects.visible_to(now(member), right).values_list("number", flat=True))


def found(member, text):
    groups = quick_search(now(member), text).groups
    return sorted(item.number or item.label for one in groups for item in one.items)


def test_clients_of_a_group_are_reached_by_who_works_with_it(eric, east, alpha, beta):
    assert seen(eric) == []
    assign(east, eric, "editor")
    assert seen(eric) == seen(eric, Right.CLIENT_EDIT) == ["A1"]
    assert reached_clients(now(eric)).ids == [alpha.pk]
    # A client that comes later is reached at once (R002-23), one that leaves no longer.
    put(east, beta)
    assert seen(eric) == ["A1", "B1"]
    take_out(east, alpha)
    assert seen(eric) == ["B1"]
    east.refresh_from_db()
    assert east.member_count == 1
    assign(east, eric, "")
    assert seen(eric) == []


def test_groups_sectors_and_single_clients_come_together(eric, east, alpha, beta, south, broker):
    gamma = make_client(broker, "G1", "Gamma", sector=south)
    grant(eric, "client", beta.pk)
    grant(eric, "sector", south.pk)
    assign(east, eric, "editor")
    assert seen(eric) == ["A1", "B1", "G1"]
    assert sorted(reached_clients(now(eric)).ids) == sorted([alpha.pk, beta.pk, gamma.pk])
    # The highest role of those that cover a client (R002-22): the direct accesses are a reader's.
    assert seen(eric, Right.CLIENT_EDIT) == ["A1"]
    assign(east, eric, "reader")
    assert seen(eric, Right.CLIENT_EDIT) == []
    grant(eric, "client", alpha.pk, role="manager")
    assert seen(eric, Right.CLIENT_DELETE) == ["A1"]


def test_a_client_reached_twice_is_told_once(eric, east, north, alpha, beta):
    grant(eric, "sector", north.pk)
    assign(east, eric, "editor")
    assert sorted(reached_clients(now(eric)).ids) == sorted([alpha.pk, beta.pk])


def test_all_that_hangs_on_a_client_follows(eric, east, alpha, beta, admin, south, broker):
    seed_topics(broker)
    seed_object_types(broker)
    kind = CaseType.objects.create(organization=broker, code="t", path="t", label_fr="T", label_en="T")
    enter(admin)
    topic = Topic.objects.filter(is_active=True).first()
    for client in (alpha, beta):
        log_interaction(by=admin, client=client, topic=topic, channel="phone_call")
        open_case(by=admin, client=client, case_type=kind, title=f"Dossier {client.number}")
        sync_business_object(by=admin, client=client, type_code="invoice", key=f"F-{client.number}")
        person = Person.objects.create(
            organization=broker, file_as=f"Personne {client.number}", sort_key=f"personne {client.number}".lower(),
            last_name=f"Personne{client.number}",
        )  # fmt: skip
        ClientPerson.objects.create(organization=broker, client=client, person=person)
    # A service point in a sector that he does not reach: he reaches the whole client.
    sync_business_object(by=admin, client=alpha, type_code="service_point", key="P-A1", sector=south)
    assign(east, eric, "editor")
    member = now(eric)
    for model in (Interaction, Case):
        assert [one.client for one in model.objects.visible_to(member)] == [alpha]
    assert set(BusinessObject.objects.visible_to(member).values_list("key", flat=True)) == {"F-A1", "P-A1"}
    assert [one.file_as for one in Person.objects.visible_to(member)] == ["Personne A1"]
    assert who_reaches([member], [alpha.pk], Right.CLIENT_VIEW) == [member]
    assert who_reaches([member], [beta.pk], Right.CLIENT_VIEW) == []


@pytest.mark.parametrize("few", [1_000, 0])
def test_the_search_finds_clients_of_groups_and_their_people(eric, east, alpha, beta, broker, monkeypatch, few):
    """Few are named in the question, of many each is asked for its group: the same is found."""
    monkeypatch.setattr(client_search, "_FEW_OF_GROUPS", few)
    for client in (alpha, beta, None):
        name = "Libre" if client is None else client.number
        person = Person.objects.create(
            organization=broker, file_as=f"Marchand {name}", sort_key=f"marchand {name}".lower(), last_name="Marchand"
        )
        if client is not None:
            ClientPerson.objects.create(organization=broker, client=client, person=person)
    assert found(eric, "transit") == []
    assign(east, eric, "reader")
    assert found(eric, "transit") == found(eric, "ransi") == found(eric, "alpha") == found(eric, "alpah") == ["A1"]
    assert found(eric, "beta") == []
    assert found(eric, "marchand") == ["A1", "Marchand", "Marchand"]
    take_out(east, alpha)
    assert found(eric, "transit") == []
    assert found(eric, "marchand") == ["Marchand"]


def test_the_module_switched_off_takes_away_what_groups_gave_and_nothing_else(eric, east, alpha, beta, broker):
    """X3: on again, groups are as they were."""
    grant(eric, "client", beta.pk)
    assign(east, eric, "editor")
    modules = broker.modules
    broker.modules = [one for one in modules if one != "delegation"]
    broker.save()
    assert seen(eric) == ["B1"]
    assert not now(eric).can(Right.CLIENT_EDIT)
    assert found(eric, "transit") == ["B1"]
    broker.modules = modules
    broker.save()
    assert seen(eric) == ["A1", "B1"]
    broker.provider_kind = ""
    broker.save()
    assert seen(eric) == ["B1"]


def test_a_relationship_that_has_ended_is_seen_before_the_task_has_run(eric, east, alpha, beta, broker):
    relate(beta, ends_in=-1) if not beta.business_account else _end(beta, -1)
    put(east, beta)
    assign(east, eric, "editor")
    assert seen(eric) == ["A1"]
    assert reached_clients(now(eric)).ids == [alpha.pk]
    assert found(eric, "transit") == ["A1"]
    # The last day is included.
    _end(beta, 0)
    assert seen(eric) == ["A1", "B1"]


def _end(client, days):
    from entregent.relationships.models import Relationship, today_of

    last = today_of(client.organization) + timedelta(days=days)
    Relationship.objects.filter(account=client.business_account, state="active").update(ends_on=last)


def test_a_client_whose_relationship_ends_leaves_its_group(eric, east, alpha, beta, broker):
    """A16: by the system, with one request that names the clients; the group stays, also when it is empty."""
    put(east, beta)
    assign(east, eric, "editor")
    for client in (alpha, beta):
        _end(client, -1)
    assert expire_due() == 2
    enter(eric)
    request = ProcessingRequest.objects.get()
    assert (request.operation, request.state, request.group_name) == ("expire", "done", "Est")
    assert (request.initiated_by, request.initiated_by_name, request.total) == (None, "", 2)
    assert set(request.rows.values_list("client__number", "change", "result")) == {
        ("A1", "remove", "ok"), ("B1", "remove", "ok"),
    }  # fmt: skip
    assert not GroupMember.objects.live().exists()
    east.refresh_from_db()
    assert (east.is_live, east.member_count) == (True, 0)
    assert seen(eric) == []


def test_why_somebody_sees_a_client_names_the_group(eric, east, alpha, beta):
    assign(east, eric, "editor")
    member = now(eric)
    told = why(member, client_id=alpha.pk, sector_reach=alpha.sector_reach)
    assert (told.visible, told.can_edit) == (True, True)
    assert told.reasons == ["Accès\N{NO-BREAK SPACE}: Groupe «\N{NO-BREAK SPACE}Est\N{NO-BREAK SPACE}» (Éditeur)."]
    assert not why(member, client_id=beta.pk, sector_reach=beta.sector_reach).visible


def test_an_access_through_a_group_is_taken_back_in_the_group_alone(eric, east, admin):
    assign(east, eric, "editor")
    enter(admin)
    with pytest.raises(Refusal, match="groupe de clients"):
        revoke_access(Grant.objects.get(scope_type="group"), by=admin)


def test_accesses_follow_who_works_with_a_group(eric, east):
    assign(east, eric, "editor")
    assign(east, eric, "manager")
    assert list(Grant.objects.filter(scope_type="group").values_list("membership_id", "role", "scope_id")) == [
        (eric.pk, "manager", east.pk)
    ]
    east.deleted_at = Now()
    east.save()
    assign(east, eric, "manager")
    assert not Grant.objects.filter(scope_type="group").exists()


def test_a_deleted_client_of_a_group_is_gone_and_comes_back(eric, east, alpha, admin):
    assign(east, eric, "editor")
    enter(admin)
    with pytest.raises(Refusal, match="une relation d’affaires est active"):
        delete_client(alpha, by=admin)
    # As those stand that were deleted before that was asked.
    Client.objects.filter(pk=alpha.pk).update(deleted_at=Now())
    assert seen(eric) == []
    assert reached_clients(now(eric)).ids == []
    enter(admin)
    alpha.refresh_from_db()
    restore_client(alpha, by=admin)
    assert seen(eric) == ["A1"]


def test_pages_follow_groups(eric, east, alpha, beta, signed_in):
    assign(east, eric, "reader")
    browser = signed_in(eric)
    listed = browser.get("/eaux/clients/")
    assert "Alpha Transit" in listed.text
    assert "Beta Transit" not in listed.text
    assert browser.get("/eaux/clients/A1/").status_code == 200
    assert browser.get("/eaux/clients/B1/").status_code == 404
    assert browser.get("/eaux/recherche/?q=transit").text.count("Beta Transit") == 0
    # In the middle of an open page: the next request is refused.
    assign(east, eric, "")
    assert browser.get("/eaux/clients/A1/").status_code in (403, 404)


def test_many_groups_are_one_access_for_each_role(eric, broker, alpha, beta):
    """What every request carries does not grow with the groups, and each is still named where it is explained."""
    groups = [group(broker, "Est", alpha), group(broker, "Ouest", beta), *(group(broker, f"G{n}") for n in range(20))]
    for one in groups:
        assign(one, eric, "reader")
    few = Client.objects.visible_to(now(eric)).query.sql_with_params()[1]
    assign(groups[1], eric, "editor")
    member = now(eric)
    assert [(one.scope_type, one.role, one.scope_ids) for one in member.reach.grants] == [
        ("group", "reader", tuple(sorted(one.pk for one in groups if one is not groups[1]))),
        ("group", "editor", (groups[1].pk,)),
    ]
    assert len(Client.objects.visible_to(member).query.sql_with_params()[1]) == len(few) <= 5
    assert (seen(eric), seen(eric, Right.CLIENT_EDIT)) == (["A1", "B1"], ["B1"])
    told = why(member, client_id=beta.pk, sector_reach=[])
    assert (told.can_edit, len(told.reasons)) == (True, 1)
    assert "«\N{NO-BREAK SPACE}Ouest\N{NO-BREAK SPACE}»" in told.reasons[0]


def test_groups_of_an_absent_colleague_are_handed_on_beside_ones_own(eric, broker, alpha, beta):
    absent = make_member(broker, "ada@eaux.example", "Ada Absente", "reader")
    absent.rights_removed = ["client.edit"]
    absent.save()
    enter(eric)
    today = today_of(broker)
    Substitution.objects.create(
        organization=broker, absent=absent, substitute=eric, starts_on=today, ends_on=today + timedelta(days=1)
    )
    assign(group(broker, "Est", alpha), eric, "editor")
    assign(group(broker, "Ouest", beta), absent, "editor")
    assert [one.on_behalf_of for one in now(eric).reach.grants] == ["", "Ada Absente"]
    assert (seen(eric), seen(eric, Right.CLIENT_EDIT)) == (["A1", "B1"], ["A1"])
