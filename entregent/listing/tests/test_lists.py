"""Lists, conditions and pages over real records."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from entregent.clients.actions import seed_object_types
from entregent.clients.models import Address, BusinessObject, BusinessObjectType
from entregent.interactions.models import Interaction, Topic
from entregent.listing.lists import lists
from entregent.listing.pages import count, page
from entregent.organizations.models import Membership, Substitution
from entregent.toolbox.dates import today_in
from testing.cast import enter, make_client


@pytest.fixture
def clients(admin):
    return lists(admin)["clients"]


def names(answer):
    return [row["name"] for row in answer.rows]


def test_a_list_shows_its_columns_sorted(admin, clients, client_north, client_south):
    enter(admin)
    Address.objects.create(organization=admin.organization, client=client_north, street="1, rue X", city="Épinal")
    answer = page(clients, admin, columns=["name", "city", "status"], sort="name")
    assert [(row["name"], row["city"]) for row in answer.rows] == [
        ("Blanchisserie Moreau", "Épinal"), ("Jeanne Dupont", ""),
    ]  # fmt: skip
    assert names(page(clients, admin, sort="-city")) == ["Blanchisserie Moreau", "Jeanne Dupont"]
    assert count(clients, admin).total == 2


@pytest.mark.parametrize("code", ["clients", "people", "interactions", "contracts", "invoices", "meters"])
def test_every_column_can_be_shown_and_every_sort_walked(admin, code, client_north, django_assert_max_num_queries):
    seed_object_types(admin.organization)
    enter(admin)
    admin.__dict__.pop("_lists", None)
    definition = lists(admin)[code]
    for column in definition.columns_by_code(admin).values():
        page(definition, admin, columns=[column.code])
        if column.is_sortable:
            for sign in ("", "-"):
                page(definition, admin, sort=f"{sign}{column.code}")


@pytest.fixture
def shared_client(admin, agent, north, south):
    """A client of the north with a service point, an invoice and a contract of the south, and a contract of the north:
    whoever has the one sector or the other sees the client."""
    seed_object_types(admin.organization)
    client = make_client(admin.organization, "N9", "Partagé", sector=north)
    enter(admin)
    types = {one.code: one for one in BusinessObjectType.objects.filter(organization=admin.organization)}
    objects = [
        ("service_point", "P1", south, "", None), ("invoice", "F1", south, "unpaid", Decimal("250.50")),
        ("invoice", "F2", None, "overdue", Decimal("100.25")), ("invoice", "F3", north, "paid", Decimal("70")),
        ("contract", "C1", south, "", None), ("contract", "C2", north, "", None), ("contract", "C3", None, "", None),
    ]  # fmt: skip
    for code, key, sector, state, amount in objects:
        BusinessObject.objects.create(
            organization=admin.organization, client=client, type=types[code], key=key, sector=sector, state=state,
            amount=amount,
        )  # fmt: skip
    return client


def sums(member, **question):
    enter(member)
    answer = page(lists(member)["clients"], member, columns=["balance", "contracts", "name"], **question)
    return {row["name"]: (row["balance"], row["contracts"]) for row in answer.rows}


def test_sums_count_only_objects_within_reach(admin, agent, outsider, shared_client):
    assert sums(admin) == {"Partagé": (Decimal("350.75"), 3)}
    assert sums(agent) == {"Partagé": (Decimal("100.25"), 2)}
    assert sums(outsider) == {"Partagé": (Decimal("350.75"), 2)}


def test_a_client_without_objects_within_reach_owes_nothing(agent, client_north):
    assert sums(agent) == {"Blanchisserie Moreau": (0, 0)}


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        (["balance", "more", "100.25"], False), (["balance", "at_least", "100.25"], True),
        (["balance", "is", "350.75"], False), (["balance", "is", "100.25"], True),
        (["balance", "between", ["300", "400"]], False), (["balance", "between", ["100", "100.251"]], True),
        (["balance", "less", "100.25"], False), (["balance", "at_most", "100.25"], True),
        (["contracts", "is", "3"], False), (["contracts", "is", "2"], True), (["contracts", "more", "1.5"], True),
        (["contracts", "more", "2"], False), ({"not": ["contracts", "at_least", "3"]}, True),
    ],
)  # fmt: skip
def test_conditions_on_sums_tell_nothing_of_other_sectors(agent, shared_client, condition, is_found):
    assert bool(sums(agent, condition=condition)) is is_found
    assert count(lists(agent)["clients"], agent, condition=condition).total == int(is_found)


def test_nobody_limited_sorts_by_sums_of_other_sectors(agent, shared_client, north):
    make_client(agent.organization, "N0", "Aqua", sector=north)
    for sort in ("balance", "-balance", "contracts"):
        assert list(sums(agent, sort=sort)) == ["Aqua", "Partagé"]


def test_sums_asked_of_related_clients_stay_within_reach(admin, agent, shared_client):
    for member, least, is_found in [(admin, "300", True), (agent, "300", False), (agent, "100", True)]:
        enter(member)
        condition = {"has": "clients", "where": ["balance", "at_least", least]}
        assert bool(page(lists(member)["contracts"], member, condition=condition).rows) is is_found


def test_the_contract_of_an_object_is_told_within_reach_alone(admin, agent, shared_client):
    enter(admin)
    contracts = {one.key: one for one in BusinessObject.objects.filter(type__code="contract")}
    BusinessObject.objects.filter(key="F2").update(contract=contracts["C1"])  # of the south
    BusinessObject.objects.filter(key="F3").update(contract=contracts["C2"])

    def told(member, **question):
        enter(member)
        answer = page(lists(member)["invoices"], member, columns=["key", "contract"], **question)
        return {row["key"]: row["contract"] for row in answer.rows}

    assert told(admin) == {"F1": None, "F2": "C1", "F3": "C2"}
    assert told(agent) == {"F2": None, "F3": "C2"}
    for condition, found in [
        (["contract", "is", "c1"], []), (["contract", "in", ["c1", "C2"]], ["F3"]), (["contract", "empty"], ["F2"]),
        (["contract", "starts", "C"], ["F3"]), (["contract", "not_contains", "C"], ["F2"]),
        (["contract", "is_not", "C2"], ["F2"]), (["contract", "not_empty"], ["F3"]),
    ]:  # fmt: skip
        assert list(told(agent, condition=condition)) == found, condition
    assert set(told(admin, condition=["contract", "contains", "c"])) == {"F2", "F3"}


@pytest.fixture
def standing_in(agent, outsider, org, client_north, client_south):
    """An agent of the north who replaces a colleague of the south: who may see clients there, not interactions."""
    today = today_in(org.time_zone)
    enter(agent)
    Substitution.objects.create(
        organization=org, absent=outsider, substitute=agent, starts_on=today, ends_on=today + timedelta(days=1)
    )
    Membership.objects.filter(pk=outsider.pk).update(rights_removed=["interaction.view"])
    topic = Topic.objects.create(organization=org, code="divers", label_fr="Divers", label_en="Other")
    for number, client in enumerate((client_north, client_south), 1):
        Interaction.objects.create(
            organization=org, number=number, client=client, topic=topic, channel="note", created_by=agent.user,
            occurred_at=datetime(2026, 3, number, 12, tzinfo=UTC), follow_up_on=date(2026, 4, number),
        )  # fmt: skip
    agent.__dict__.pop("reach", None)
    return agent


def test_who_sees_more_clients_than_interactions_is_told_of_no_other_interaction(standing_in):
    definition = lists(standing_in)["clients"]
    columns = ["number", "last_interaction_at", "next_follow_up_on"]
    rows = page(definition, standing_in, columns=columns).rows
    seen = {row["number"]: (row["last_interaction_at"], row["next_follow_up_on"]) for row in rows}
    assert seen == {"N1": (datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 4, 1)), "S1": (None, None)}
    for condition, found in [
        (["last_interaction_at", "not_empty"], ["N1"]), (["last_interaction_at", "empty"], ["S1"]),
        (["last_interaction_at", "is", "2026-03-02"], []), (["last_interaction_at", "is", "2026-03-01"], ["N1"]),
        (["next_follow_up_on", "overdue"], ["N1"]), (["next_follow_up_on", "is", "2026-04-02"], []),
        (["next_follow_up_on", "between", ["2026-04-01", "2026-04-30"]], ["N1"]),
    ]:  # fmt: skip
        rows = page(definition, standing_in, columns=columns, condition=condition).rows
        assert [row["number"] for row in rows] == found, condition
    assert not definition.known_column("last_interaction_at", standing_in).is_sortable


def test_lists_speak_the_words_of_the_organization(admin, org, client_north, signed_in):
    org.terminology = {"client": {"fr": "Abonné"}, "clients": {"fr": "Abonnés"}, "firm": {"fr": "Régie"}}
    org.save()
    http = signed_in(admin)
    page = http.get("/eaux/gestion-des-clients/").content.decode()
    assert "Abonnés" in page
    assert "Abonné<" in page or "Abonné " in page
    assert "Abonné" in http.get("/eaux/clients/").content.decode()
    assert "— Régie" in http.get("/eaux/tableau-de-bord/").content.decode()
