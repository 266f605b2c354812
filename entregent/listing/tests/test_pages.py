"""Walking a list page by page gives each record once and in order, whatever the sort, among equals and blanks too."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entregent.clients import reach
from entregent.clients.actions import seed_object_types
from entregent.clients.models import (
    Address,
    BusinessObject,
    BusinessObjectType,
    Client,
    ClientPerson,
    CreditHold,
    Person,
)
from entregent.clients.reach import reached_people
from entregent.interactions.models import Interaction, Topic
from entregent.listing import conditions, pages, sieves
from entregent.listing.conditions import narrowed
from entregent.listing.lists import lists
from entregent.listing.pages import ask, page, write_cursor
from testing.cast import enter, grant, make_client

A_FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CITIES = ["", "Nancy", "nancy", "Épinal", "Metz"]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["Dupont", "Durand", "Éloi"]),
        st.sampled_from(CITIES),
        st.integers(0, 2),  # days since the last interaction; 0: none
        st.integers(0, 2),  # hundreds owed
    ),
    max_size=14,
)
SORTS = ["name", "number", "city", "postal_code", "balance", "last_interaction_at", "next_follow_up_on", "created_at"]


@contextmanager
def undone():
    """An example leaves no records."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def make(member, records, start=0):
    organization, topic = member.organization, Topic.objects.get_or_create(
        organization=member.organization, code="t", defaults={"label_fr": "T", "label_en": "T"}
    )[0]  # fmt: skip
    invoice = BusinessObjectType.objects.get(organization=organization, code="invoice")
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for place, (name, city, days, owed) in enumerate(records, start=start):
        client = make_client(organization, f"K{place:03}", name, created_at=moment + timedelta(days=days))
        enter(member)
        if city:
            Address.objects.create(
                organization=organization,
                client=client,
                city=city,
                postal_code="54000" if owed else "",
                street=f"{place}, rue de l’{'Église' if days else 'Hôpital'}",
            )
        if days:
            Interaction.objects.create(
                organization=organization, number=place + 1, client=client, topic=topic, channel="note",
                occurred_at=moment - timedelta(days=days), follow_up_on=date(2026, 5, days),
            )  # fmt: skip
        if owed:
            BusinessObject.objects.create(
                organization=organization, client=client, type=invoice, key=f"F{place}", state="unpaid",
                amount=Decimal("100.90") * owed,
            )  # fmt: skip


def walk(definition, member, sort, limit, **question):
    rows, after, turns = [], "", 0
    while True:
        answer = page(definition, member, sort=sort, after=after, limit=limit, columns=["number", *SORTS], **question)
        rows += answer.rows
        turns += 1
        after = answer.next
        if not after:
            return rows
        assert len(answer.rows) == limit
        assert turns < 100


@pytest.fixture
def prepared(admin):
    seed_object_types(admin.organization)
    enter(admin)
    return lists(admin)["clients"], admin


@given(RECORDS, st.sampled_from(SORTS), st.booleans(), st.integers(1, 5), st.booleans())
@A_FEW
def test_each_record_comes_once_and_in_order(prepared, records, sort, descends, limit, is_narrow):
    definition, member = prepared
    with undone():
        make(member, records)
        condition = ["name", "contains", "du"] if is_narrow else None
        rows = walk(definition, member, f"-{sort}" if descends else sort, limit, condition=condition)
        keys = {"name": "_sort", "city": "_sort", "balance": "_sort"}.get(sort, sort)
        filled = [row for row in rows if row[keys] is not None]
        pairs = [(row[keys], row["id"]) for row in filled]
        assert pairs == sorted(pairs, reverse=descends)
        assert all(row[keys] is None for row in rows[len(filled) :])
        expected = [record for record in records if not is_narrow or record[0] != "Éloi"]
        assert len(rows) == len({row["id"] for row in rows}) == len(expected)


@given(RECORDS.filter(lambda records: len(records) > 3), st.sampled_from(SORTS), st.booleans())
@A_FEW
def test_what_was_there_comes_once_while_records_are_added(prepared, records, sort, descends):
    definition, member = prepared
    with undone():
        make(member, records)
        name = f"-{sort}" if descends else sort
        there = {row["id"] for row in walk(definition, member, name, 100)}
        first = page(definition, member, sort=name, limit=2, columns=SORTS)
        make(member, records[:3], start=500)
        rest = []
        after = first.next
        while after:
            answer = page(definition, member, sort=name, limit=2, after=after, columns=SORTS)
            rest += answer.rows
            after = answer.next
        seen = [row["id"] for row in [*first.rows, *rest] if row["id"] in there]
        assert sorted(seen) == sorted(there)


def test_a_summary_follows_what_it_sums_up(prepared):
    definition, member = prepared
    make(member, [("Dupont", "Nancy", 2, 1)])
    client = Client.objects.get(number="K000")
    columns = ["city", "balance", "contracts", "last_interaction_at", "next_follow_up_on"]

    def row():
        return page(definition, member, columns=columns).rows[0]

    assert row()["balance"] == Decimal("100.90")
    assert row()["next_follow_up_on"] == date(2026, 5, 2)
    BusinessObject.objects.filter(client=client).update(state="paid")
    Interaction.objects.filter(client=client).update(follow_up_done_at=timezone.now())
    Address.objects.filter(client=client).update(city="Metz")
    assert (row()["balance"], row()["next_follow_up_on"], row()["city"]) == (0, None, "Metz")
    BusinessObject.objects.filter(client=client).update(state="overdue")
    other = make_client(member.organization, "K2", "Autre")
    enter(member)
    BusinessObject.objects.filter(client=client).update(client=other)
    Interaction.objects.filter(client=client).update(client=other)
    rows = {one["number"]: one for one in page(definition, member, columns=[*columns, "number"]).rows}
    assert rows["K000"]["balance"] == 0
    assert rows["K000"]["last_interaction_at"] is None
    assert rows["K2"]["balance"] == Decimal("100.90")
    assert rows["K2"]["last_interaction_at"] is not None
    Interaction.objects.update(deleted_at=timezone.now())
    Address.objects.all().delete()
    assert {one["city"] for one in page(definition, member, columns=columns).rows} == {""}
    assert {one["last_interaction_at"] for one in page(definition, member, columns=columns).rows} == {None}


def test_a_cursor_that_nobody_wrote_is_the_beginning(prepared):
    definition, member = prepared
    make(member, [("Dupont", "", 0, 0), ("Durand", "", 0, 0)])
    for cursor in ["x", "Wzdd", "é", "AAAA", "W10", "WyJuYW1lIiwgWyJkIiwgIngiXSwgMV0"]:
        assert len(page(definition, member, sort="name", after=cursor).rows) == 2
    for order, value in [("created_at", "abc"), ("created_at", 5), ("balance", "x"), ("last_interaction_at", True)]:
        assert len(page(definition, member, sort=order, after=write_cursor(order, value, 1)).rows) == 2


def test_a_page_costs_few_queries(prepared, django_assert_num_queries):
    definition, member = prepared
    make(member, [("Dupont", "Nancy", 1, 1), ("Durand", "", 0, 0)])
    columns = list(definition.default_columns)
    assert member.reach
    assert definition.columns_by_code(member)  # Asked once per request.
    with django_assert_num_queries(1):
        page(definition, member, sort="name", columns=columns)
    with django_assert_num_queries(2):  # Those with a value, then those without.
        page(definition, member, sort="-last_interaction_at", columns=columns)
    with django_assert_num_queries(3):  # The next of the order, whether it goes on, their rows: that is all there are.
        question = ask(definition, member, condition=["status", "is", "client"])
        question.page(sort="name", columns=columns)
        question.count()


@pytest.mark.parametrize(("near", "counted"), [(1, 10_000), (3, 10_000), (1000, 10_000), (1, 2), (3, 2)])
def test_rare_and_common_answers_come_in_the_same_order(prepared, monkeypatch, near, counted):
    definition, member = prepared
    make(member, [("Dupont" if place % 4 else "Éloi", CITIES[place % 5], place % 3, place % 2) for place in range(23)])
    monkeypatch.setattr(pages, "NEAREST", near)
    monkeypatch.setattr(pages, "NEAR", near)
    monkeypatch.setattr(pages, "FAR", near + 1)
    monkeypatch.setattr(pages, "FARTHEST", near + 2)
    monkeypatch.setattr(pages, "COUNTED", counted)
    for sort in ("name", "-city", "balance", "-last_interaction_at"):
        for condition in (["name", "contains", "eloi"], ["name", "contains", "dup"], ["name", "is", "nobody"]):
            rows = walk(definition, member, sort, 4, condition=condition)
            whole = page(definition, member, sort=sort, condition=condition, limit=100).rows
            assert [row["id"] for row in rows] == [row["id"] for row in whole]


def test_a_limited_member_walks_only_what_they_reach(agent, client_north, client_south):
    enter(agent)
    rows = page(lists(agent)["clients"], agent, columns=["number"], sort="-last_interaction_at").rows
    assert [row["number"] for row in rows] == ["N1"]


def test_people_are_the_same_asked_for_in_either_way(agent, client_north, client_south, manager):
    enter(manager)
    tied = {"north": [client_north], "south": [client_south], "both": [client_north, client_south], "alone": []}
    for name, clients in tied.items():
        person = Person.objects.create(organization=manager.organization, file_as=name, sort_key=name)
        for client in clients:
            ClientPerson.objects.create(organization=manager.organization, client=client, person=person)
    gone = make_client(manager.organization, "G1", "Parti", sector=client_south.sector, deleted_at=timezone.now())
    left = Person.objects.create(organization=manager.organization, file_as="left", sort_key="left")
    ClientPerson.objects.create(organization=manager.organization, client=gone, person=left)
    enter(agent)
    seen = set(Person.objects.visible_to(agent).values_list("file_as", flat=True))
    assert seen == {"north", "both", "alone", "left"}
    assert set(Person.objects.visible_to(agent, among_few=True).values_list("file_as", flat=True)) == seen
    assert {row["name"] for row in page(lists(agent)["people"], agent).rows} == seen
    assert set(reached_people(agent).ids) == set(Person.objects.visible_to(agent).values_list("pk", flat=True))


@pytest.mark.parametrize("most", [100, 2])
def test_what_indexes_find_is_what_is_seen(prepared, agent, org, client_north, client_south, monkeypatch, most):
    """However few or many there are."""
    monkeypatch.setattr(reach, "MOST", most)
    monkeypatch.setattr("entregent.interactions.lists.MOST", most)
    make(prepared[1], [("Dupont", "Nancy", 1, 1), ("Durand", "", 2, 2), ("Éloi", "", 1, 0), ("Éloi", "", 0, 2)] * 2)
    Client.objects.filter(number__in=["K000", "K001", "K002", "K003"]).update(sector=client_north.sector)
    Client.objects.filter(number="K001").update(status="removed")
    Client.objects.filter(number="K002").update(deleted_at=timezone.now())
    topic = Topic.objects.get(organization=org, code="t")
    for number, ties in enumerate([[client_north], [client_south], [client_north, client_south], []], 100):
        person = Person.objects.create(organization=org, file_as=str(number), sort_key=str(number))
        for client in ties:
            ClientPerson.objects.create(organization=org, client=client, person=person)
        Interaction.objects.create(
            organization=org, number=number, person=person, topic=topic, channel="note", occurred_at=timezone.now()
        )
    grant(agent, "client", Client.objects.get(number="K004").pk)
    enter(agent)
    for code in ("clients", "people", "interactions", "invoices"):
        definition = lists(agent)[code]
        found, seen = definition.reached(agent), set(definition.records(agent).values_list("pk", flat=True))
        assert set(found.ids) <= seen
        assert most == 2 or (found.is_all and set(found.ids) == seen), code
        plain = set(narrowed(definition.records(agent), None, definition, agent).values_list("pk", flat=True))
        assert len(plain) > 1
        for counted, walked in ((10_000, 1_000), (1, 1_000), (10_000, 1), (1, 1)):
            monkeypatch.setattr(pages, "COUNTED", counted)
            monkeypatch.setattr(pages, "NEAREST", walked)
            monkeypatch.setattr(pages, "NEAR", walked)
            monkeypatch.setattr(pages, "SORTED", walked)
            answer = ask(definition, agent)
            assert answer.count() == pages.Count(min(len(plain), counted), len(plain) > counted), code
            assert {row["id"] for row in ask(definition, agent).page().rows} == plain, code
            assert answer.count(exact=True).total == len(plain)


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_is_kept_of_interactions_answers_as_they_do(
    prepared, agent, org, client_north, client_south, monkeypatch, is_kept
):
    """The number and the last moment of a client's interactions, for who sees all; those themselves, for others."""
    if not is_kept:
        kept = conditions._kept
        monkeypatch.setattr(
            conditions, "_kept", lambda *asked: kept(*asked) if asked[-1].pk == prepared[1].pk else None
        )
    _definition, member = prepared
    make(member, [("Dupont", "Nancy", 1, 1), ("Durand", "", 2, 0), ("Éloi", "", 0, 2)])
    topic = Topic.objects.get(organization=org, code="t")
    client = Client.objects.get(number="K001")
    for number in range(200, 203):
        Interaction.objects.create(
            organization=org, number=number, client=client, topic=topic, channel="note", occurred_at=timezone.now()
        )
    Client.objects.filter(number__startswith="K").update(sector=client_north.sector)
    operators = ("at_least", "at_most", "is")
    questions = [
        *({"count": "interactions", "is": [operator, n]} for operator in operators for n in range(5)),
        {"has": "interactions"}, {"has_not": "interactions"}, {"has": "interactions", "since": "created_at"},
        {"has_not": "interactions", "since": "created_at"}, {"has_not": "interactions", "since": "next_follow_up_on"},
        {"has": "invoices", "where": {"has_not": "interactions", "since": "dated_on"}},
        {"has": "invoices", "where": {"has": "interactions", "since": "due_on"}},
    ]  # fmt: skip

    def answers(who):
        enter(who)
        definition = lists(who)["clients"]
        found = []
        for condition in questions:
            rows = page(definition, who, condition=condition, columns=["number"]).rows
            found.append({row["id"] for row in rows} - {client_south.pk})
            assert found[-1] == set(ask(definition, who, condition=condition).records.values_list("pk", flat=True)) - {
                client_south.pk
            }
        return found

    interactions = Interaction.objects.filter(client__isnull=False)
    for change in (
        lambda: None,
        lambda: interactions.filter(number=200).update(client=Client.objects.get(number="K002")),
        lambda: interactions.filter(number__in=[201, 202]).update(deleted_at=timezone.now()),
        lambda: interactions.filter(number=201).update(deleted_at=None),
        lambda: interactions.filter(number=200).delete(),
    ):
        enter(member)
        change()
        assert answers(member) == answers(agent)
        enter(member)
        counted = dict(Client.objects.values_list("pk", "summary__interactions"))
        assert counted == {pk: Interaction.objects.filter(client=pk, deleted_at=None).count() for pk in counted}


SIEVED = [
    ["city", "is", "Nancy"],
    ["city", "in", ["Nancy", "Metz"]],
    ["name", "starts", "dup"],
    ["credit_hold", "is", True],
    ["credit_hold", "is", False],
    ["balance", "at_least", "100"],
    {"all": [["city", "is", "Nancy"], {"has": "invoices", "where": ["state", "is", "unpaid"]}]},
    {"any": [["city", "is", "Nancy"], ["next_follow_up_on", "before", "2026-05-02"]]},
    {"any": [["city", "is", "Nancy"], ["city", "empty"]]},
    {"not": ["city", "is", "Nancy"]},
    {"has": "invoices", "where": {"all": [["state", "is", "unpaid"], {"has_not": "interactions"}]}},
    {"has": "invoices", "where": {"any": [["state", "is", "unpaid"], {"has": "interactions"}]}},
    {"has": "invoices", "where": ["state", "is_not", "paid"]},
    {"count": "interactions", "is": ["at_least", 1]},
    {"count": "interactions", "is": ["is", 1]},
    {"count": "interactions", "where": ["channel", "is", "note"], "is": ["at_least", 1]},
    {"count": "interactions", "is": ["at_most", 1]},
    {"has": "interactions", "where": ["channel", "is", "note"]},
    {"has": "people", "where": ["name", "contains", "x"]},
    {"has_not": "invoices", "where": ["state", "is", "unpaid"]},
    ["status", "is", "prospect"],
    ["status", "is_not", "client"],
    ["status", "in", ["inactive", "removed"]],
    {"all": [["status", "is", "prospect"], ["city", "is", "Nancy"]]},
    {"any": [["status", "is", "removed"], ["city", "is", "Nancy"]]},
    ["street", "contains", "eglise"],
    {"all": [["street", "contains", "rue"], ["status", "in", ["client", "removed"]]]},
    {"any": [["street", "starts", "1, rue"], ["city", "is", "Metz"]]},
]


@pytest.mark.parametrize(("held", "few"), [(-1, 1_000), (10_000, 1_000), (10_000, 1)])
@pytest.mark.parametrize("who", ["admin", "agent"])
def test_what_is_passed_by_answers_nothing(
    prepared, request, org, client_north, client_south, monkeypatch, who, held, few
):
    """By whichever set of ids that holds the answers, or by the index: the same ones, in the same order."""
    monkeypatch.setattr(sieves, "NARROW", 0)
    monkeypatch.setattr(pages, "NEAREST", 1)
    monkeypatch.setattr(pages, "HELD", held)
    monkeypatch.setattr(pages, "SORTED", few)
    make(prepared[1], [("Dupont" if n % 3 else "Éloi", CITIES[n % 5], n % 3, n % 2) for n in range(17)])
    person = Person.objects.create(organization=org, file_as="Max", sort_key="max")
    for number in ("K001", "K002"):
        ClientPerson.objects.create(organization=org, client=Client.objects.get(number=number), person=person)
    CreditHold.objects.create(organization=org, client=Client.objects.get(number="K003"), reason="overdue")
    Client.objects.exclude(number__in=["K004", "K005"]).update(sector=client_north.sector)
    Client.objects.filter(number="K006").update(deleted_at=timezone.now())
    Client.objects.filter(number__in=["K001", "K002", "K009"]).update(status="prospect")
    Client.objects.filter(number="K003").update(status="inactive")
    Client.objects.filter(number="K007").update(status="removed")
    member = enter(request.getfixturevalue(who))
    definition, sieved = lists(member)["clients"], 0
    for condition in SIEVED:
        question = ask(definition, member, condition=condition)
        sieved += question.sieve is not None
        expected = set(question.records.values_list("pk", flat=True))
        for sort in ("name", "-created_at", "-city", "balance", "-last_interaction_at"):
            rows = walk(definition, member, sort, 4, condition=condition)
            assert {row["id"] for row in rows} == expected, condition
            assert len(rows) == len(expected)
            by_hand = definition.records(member).filter(pk__in=expected).order_by("sort_key", "id")
            if sort == "name":
                assert [row["id"] for row in rows] == list(by_hand.values_list("pk", flat=True))
        assert question.count().total == len(expected)
    assert sieved >= 11
