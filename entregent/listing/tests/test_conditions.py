"""Conditions mean what they say: held against a plain model in Python, and word by word."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from entregent.interactions.models import Interaction, Topic
from entregent.listing.conditions import as_q, check, mend, sentence
from entregent.listing.lists import lists
from entregent.listing.pages import count, ids, page, selected
from entregent.toolbox.errors import Refusal, Refusals
from testing.cast import enter, make_client

TODAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def setting(admin):
    seed_object_types(admin.organization)
    enter(admin)
    Topic.objects.create(organization=admin.organization, code="t", label_fr="Relance", label_en="Reminder")
    return admin


def add_client(member, number, name="Dupont", **fields):
    client = make_client(member.organization, number, name, **fields)
    enter(member)
    return client


def add_invoice(member, client, days_ago, state="unpaid", amount=50):
    return BusinessObject.objects.create(
        organization=member.organization, client=client, key=f"F{BusinessObject.objects.count()}", state=state,
        type=BusinessObjectType.objects.get(organization=member.organization, code="invoice"), amount=amount,
        dated_on=None if days_ago is None else TODAY - timedelta(days=days_ago),
    )  # fmt: skip


def add_interaction(member, client, days_ago, **fields):
    return Interaction.objects.create(
        organization=member.organization, number=Interaction.objects.count() + 1, client=client,
        topic=Topic.objects.get(organization=member.organization, code="t"), channel="note",
        occurred_at=NOON - timedelta(days=days_ago), **fields,
    )  # fmt: skip


def numbers(member, condition, code="clients"):
    field = "number" if code == "clients" else "key"
    definition = lists(member)[code]
    return [row[field] for row in page(definition, member, condition=condition, columns=[field], sort=field).rows]


# ——— The property: SQL and Python agree ———

RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Dupont", "Durand", "Lefèvre"]),
            "category": st.sampled_from(["", "A", "b"]),
            "status": st.sampled_from(["client", "prospect", "removed"]),
            "has_agent": st.booleans(),
            "tags": st.lists(st.sampled_from(["x", "y"]), unique=True, max_size=2),
            "birth": st.sampled_from([None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=3)]),
            "invoices": st.lists(
                st.tuples(st.sampled_from([None, 5, 40, 60]), st.sampled_from(["unpaid", "paid"])), max_size=3
            ),
            "interactions": st.lists(st.sampled_from([1, 10, 45, 80]), max_size=2, unique=True),
        }
    ),
    min_size=1, max_size=6,
)  # fmt: skip
INVOICE_LEAF = st.sampled_from(
    [
        (["state", "is", "unpaid"], lambda i, r: i[1] == "unpaid"),
        (["dated_on", "days_ago_more", 30], lambda i, r: i[0] is not None and i[0] > 30),
        (["dated_on", "empty"], lambda i, r: i[0] is None),
        (
            {"has_not": "interactions", "since": "dated_on"},
            lambda i, r: i[0] is None or not any(days <= i[0] for days in r["interactions"]),
        ),
    ]
)


def both(parts):
    return {"all": [data for data, _holds in parts]}, lambda *one: all(holds(*one) for _data, holds in parts)


def either(parts):
    return {"any": [data for data, _holds in parts]}, lambda *one: any(holds(*one) for _data, holds in parts)


def negated(part):
    return {"not": part[0]}, lambda *one: not part[1](*one)


def combined(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(both),
            st.lists(inner, min_size=1, max_size=3).map(either),
            inner.map(negated),
        ),
        max_leaves=5,
    ).filter(lambda part: depth_of(part[0]) <= 3)


def depth_of(data):
    if isinstance(data, list):
        return 1
    inner = data.get("all") or data.get("any") or ([data["not"]] if "not" in data else [])
    return 1 + max([depth_of(one) for one in inner], default=0)


INVOICES = combined(INVOICE_LEAF).filter(lambda part: depth_of(part[0]) <= 2)
LEAF = st.one_of(
    st.sampled_from(
        [
            (["name", "contains", "LEFEV"], lambda r: r["name"] == "Lefèvre"),
            (["name", "not_contains", "du"], lambda r: r["name"] == "Lefèvre"),
            (["category", "is", "B"], lambda r: r["category"] == "b"),
            (["category", "is_not", "a"], lambda r: r["category"] != "A"),
            (["category", "empty"], lambda r: r["category"] == ""),
            (["status", "in", ["prospect", "removed"]], lambda r: r["status"] != "client"),
            (["status", "is_not", "prospect"], lambda r: r["status"] != "prospect"),
            (["responsible", "me"], lambda r: r["has_agent"]),
            (["responsible", "empty"], lambda r: not r["has_agent"]),
            (["responsible", "is_not", "ME"], lambda r: not r["has_agent"]),
            (["tags", "has", "x"], lambda r: "x" in r["tags"]),
            (["tags", "has_not", "x"], lambda r: "x" not in r["tags"]),
            (["tags", "in", ["x", "y"]], lambda r: bool(r["tags"])),
            (["birth_date", "overdue"], lambda r: r["birth"] is not None and r["birth"] < TODAY),
            (["birth_date", "in_next_days", 3], lambda r: r["birth"] is not None and r["birth"] >= TODAY),
            (["birth_date", "not_empty"], lambda r: r["birth"] is not None),
            (
                ["last_interaction_at", "days_ago_more", 30],
                lambda r: bool(r["interactions"]) and min(r["interactions"]) > 30,
            ),
            (["balance", "at_least", "100"], lambda r: sum(50 for i in r["invoices"] if i[1] == "unpaid") >= 100),
            ({"has": "invoices"}, lambda r: bool(r["invoices"])),
            ({"has_not": "interactions"}, lambda r: not r["interactions"]),
            ({"count": "invoices", "is": ["at_least", 2]}, lambda r: len(r["invoices"]) >= 2),
            ({"count": "invoices", "is": ["at_most", 1]}, lambda r: len(r["invoices"]) <= 1),
            ({"count": "interactions", "is": ["is", 0]}, lambda r: not r["interactions"]),
        ]
    ),
    st.tuples(st.sampled_from(["has", "has_not"]), INVOICES).map(
        lambda one: (
            {one[0]: "invoices", "where": one[1][0]},
            lambda r: any(one[1][1](invoice, r) for invoice in r["invoices"]) == (one[0] == "has"),
        )
    ),
)


@contextmanager
def undone():
    """An example leaves no records."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def asks_status(data):
    if isinstance(data, list):
        return data[0] == "status"
    return any(asks_status(one) for one in data.get("all", []) + data.get("any", []) + [data.get("not") or ["-"]])


def with_me(data, member):
    """« ME » becomes the number of whoever asks."""
    if isinstance(data, list):
        return [str(member.user_id) if part == "ME" else part for part in data]
    return {
        word: [with_me(one, member) for one in part] if word in ("all", "any")
        else with_me(part, member) if word in ("not", "where") else part
        for word, part in data.items()
    }  # fmt: skip


@given(RECORDS, combined(LEAF))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_database_answers_as_a_plain_model_does(setting, records, part):
    member = setting
    data, holds = with_me(part[0], member), part[1]
    with time_machine.travel(NOON, tick=False), undone():
        expected = []
        for place, one in enumerate(records):
            client = add_client(
                member, f"K{place}", one["name"], category=one["category"], status=one["status"], tags=one["tags"],
                birth_date=one["birth"], responsible=member.user if one["has_agent"] else None,
            )  # fmt: skip
            for days, state in one["invoices"]:
                add_invoice(member, client, days, state)
            for days in one["interactions"]:
                add_interaction(member, client, days)
            if holds(one) and (asks_status(data) or one["status"] != "removed"):
                expected.append(client.number)
        assert numbers(member, data) == expected
        definition = lists(member)["clients"]
        assert sentence(check(data, definition, member), definition, member)
        assert mend(data, definition, member) == (check(data, definition, member).data, [])


# ——— Word by word ———


@time_machine.travel(NOON, tick=False)
def test_an_unpaid_invoice_older_than_thirty_days_and_no_contact_since(setting):
    spoken = add_client(setting, "SPOKEN")
    silent = add_client(setting, "SILENT")
    recent = add_client(setting, "RECENT")
    for client, days in [(spoken, 40), (silent, 40), (recent, 20)]:
        add_invoice(setting, client, days)
        add_interaction(setting, client, 60)
    add_interaction(setting, spoken, 10)
    condition = {
        "has": "invoices",
        "where": {
            "all": [
                ["state", "in", ["unpaid", "overdue"]],
                ["dated_on", "days_ago_more", 30],
                {"has_not": "interactions", "since": "dated_on"},
            ]
        },
    }
    assert numbers(setting, condition) == ["SILENT"]
    definition = lists(setting)["clients"]
    assert sentence(check(condition, definition, setting), definition, setting) == (
        "avec factures (État est parmi « Impayée », « En retard » et Date il y a plus de 30 jours "
        "et sans interactions du client depuis (Date))"
    )


@pytest.mark.parametrize(
    ("moment", "condition", "found"),
    [
        # 23:30 UTC on the 15th is the 16th in Paris: the 30th day counts, the 31st does not.
        ("2026-06-15T23:30:00Z", ["occurred_at", "days_ago_less", 30], ["17 mai"]),
        ("2026-06-15T20:30:00Z", ["occurred_at", "days_ago_less", 30], ["17 mai", "16 mai"]),
        ("2026-06-16T22:30:00Z", ["occurred_at", "days_ago_less", 30], []),
        ("2026-06-16T22:30:00Z", ["occurred_at", "days_ago_more", 30], ["17 mai", "16 mai"]),
        ("2026-06-16T22:30:00Z", ["occurred_at", "is", "2026-05-17"], ["17 mai"]),
        ("2026-06-16T22:30:00Z", ["occurred_at", "before", "2026-05-17"], ["16 mai"]),
    ],
)
def test_days_are_those_of_the_organization(setting, moment, condition, found):
    client = add_client(setting, "K1")
    for subject, when in [("16 mai", "2026-05-16T21:59:59+00:00"), ("17 mai", "2026-05-16T22:00:00+00:00")]:
        add_interaction(setting, client, 0, subject=subject)
        Interaction.objects.filter(subject=subject).update(occurred_at=when)
    with time_machine.travel(moment, tick=False):
        definition = lists(setting)["interactions"]
        rows = page(definition, setting, condition=condition, columns=["subject"]).rows
    assert [row["subject"] for row in rows] == found


def test_phones_and_addresses_are_found_in_any_writing(setting):
    add_client(
        setting, "K1", phones=[{"label": "", "number": "+33387121314"}], emails=["Jean@ville.example", "b@c.example"]
    )
    add_client(setting, "K2")
    assert numbers(setting, ["phone", "contains", "03 87 12"]) == ["K1"]
    assert numbers(setting, ["phone", "empty"]) == ["K2"]
    assert numbers(setting, ["email", "contains", "VILLE"]) == ["K1"]
    assert numbers(setting, ["email", "is", "jean@ville.example"]) == ["K1"]
    assert numbers(setting, ["email", "is", "ean@ville.example"]) == []
    assert numbers(setting, ["email", "not_contains", "ville"]) == ["K2"]


def test_parts_of_the_main_address_can_be_asked_for(setting):
    """R001-04, of clients and of people; of clients that were removed too, whom the search does not know."""
    own = {"organization": setting.organization}
    first, second = add_client(setting, "K1"), add_client(setting, "K2", status="removed")
    add_client(setting, "K3")
    person = Person.objects.create(**own, file_as="Noé", sort_key="noe")
    for owner in ({"client": first}, {"client": second}, {"person": person}):
        Address.objects.create(
            **own, **owner, street="12, rue de l’Église-Neuve", city="Québec", region="QC", postal_code="G1A 1A1",
            country="CA",
        )  # fmt: skip
    Address.objects.create(**own, client=first, kind="mailing", street="3, quai Nord", city="Metz")
    all_of_them = ["status", "in", ["client", "removed"]]
    questions = [
        (["street", "contains", "eglise neuve"], ["K1", "K2"]), (["street", "contains", "quai"], []),
        (["street", "starts", "12 rue"], ["K1", "K2"]), (["street", "is", "12 RUE DE L'EGLISE NEUVE"], ["K1", "K2"]),
        (["street", "not_contains", "église"], ["K3"]), (["street", "empty"], ["K3"]),
        (["street", "not_empty"], ["K1", "K2"]), (["street", "contains", "—"], []),
        (["region", "is", "qc"], ["K1", "K2"]), (["country", "is", "CA"], ["K1", "K2"]),
        (["country", "is_not", "CA"], ["K3"]), (["country", "in", ["FR", "CA"]], ["K1", "K2"]),
    ]  # fmt: skip
    for condition, found in questions:
        assert numbers(setting, {"all": [all_of_them, condition]}) == found, condition
    people = lists(setting)["people"]
    for condition in (["city", "contains", "quebec"], ["postal_code", "starts", "g1a"], ["country", "is", "CA"]):
        assert [row["id"] for row in page(people, setting, condition=condition).rows] == [person.pk]
    row = page(lists(setting)["clients"], setting, columns=["street", "region", "country"], sort="number").rows[0]
    assert (row["street"], row["region"], row["country"]) == ("12, rue de l’Église-Neuve", "QC", "CA")


def test_credit_holds_people_and_sectors_can_be_asked_for(setting, north, south):
    enter(setting)
    below = type(north).objects.create(organization=setting.organization, code="N2", name="Nord 2", parent=north)
    held = add_client(setting, "K1", sector=below)
    other = add_client(setting, "K2", sector=south)
    CreditHold.objects.create(organization=setting.organization, client=held, reason="limit")
    person = Person.objects.create(organization=setting.organization, file_as="Noé", sort_key="noe", title="Notaire")
    ClientPerson.objects.create(organization=setting.organization, client=other, person=person)
    assert numbers(setting, ["credit_hold", "is", True]) == ["K1"]
    assert numbers(setting, ["credit_hold", "is", False]) == ["K2"]
    assert numbers(setting, ["sector", "within", str(north.pk)]) == ["K1"]
    assert numbers(setting, ["sector", "is", str(north.pk)]) == []
    assert numbers(setting, {"has": "people", "where": ["title", "is", "notaire"]}) == ["K2"]
    assert numbers(setting, {"count": "people", "is": ["at_most", 0]}) == ["K1"]
    people = lists(setting)["people"]
    assert count(people, setting, condition={"has": "clients", "where": ["number", "is", "K2"]}).total == 1


def test_related_records_out_of_reach_are_not_told(setting, agent, client_north, client_south):
    person = Person.objects.create(organization=setting.organization, file_as="Noé", sort_key="noe")
    for client in (client_north, client_south):
        ClientPerson.objects.create(organization=setting.organization, client=client, person=person)
    enter(agent)
    people = lists(agent)["people"]
    assert count(people, agent, condition={"has": "clients", "where": ["number", "is", "N1"]}).total == 1
    assert count(people, agent, condition={"has": "clients", "where": ["number", "is", "S1"]}).total == 0
    assert count(people, agent, condition={"count": "clients", "is": ["is", 1]}).total == 1


@pytest.mark.parametrize(
    "data",
    [
        ["nothing", "is", "x"],
        ["status", "contains", "x"],
        ["status", "is", "unknown"],
        ["status", "is"],
        ["created_at", "is", "yesterday"],
        ["created_at", "is", "0001-01-01"],
        ["created_at", "days_ago_more", -1],
        ["created_at", "days_ago_more", 10**9],
        ["created_at", "between", ["2026-01-01"]],
        ["balance", "more", "NaN"],
        ["balance", "more", "1e400"],
        ["name", "is", "a\x00b"],
        ["name", "is", "x" * 201],
        ["name", "is", {"a": 1}],
        ["name"],
        [["name"], "is", "x"],
        "text",
        7,
        {"all": "x"},
        {"all": [], "any": []},
        {"has": "nothing"},
        {"has": ["invoices"]},
        {"has": "invoices", "drop": 1},
        {"has": "invoices", "where": ["nothing", "is", 1]},
        {"has": "interactions", "since": "name"},
        {"count": "invoices"},
        {"count": "invoices", "is": ["at_least", "many"]},
        {"count": "invoices", "is": ["at_least", True]},
        {"not": {"not": {"not": {"not": {"not": {"not": ["name", "is", "x"]}}}}}},
        {"all": [["name", "is", "x"]] * 51},
    ],
)
def test_what_means_nothing_is_refused_with_a_sentence(setting, data):
    definition = lists(setting)["clients"]
    with pytest.raises(Refusals) as refused:
        check(data, definition, setting)
    assert all(str(one.message) for one in refused.value.refusals)
    _kept, sentences = mend(data, definition, setting)
    assert sentences


def test_a_condition_whose_field_went_keeps_the_rest_and_says_so(setting):
    definition = lists(setting)["clients"]
    data = {"all": [["custom.gone", "is", "x"], ["status", "is", "client"], {"any": [["gone", "is", 1]]}]}
    kept, sentences = mend(data, definition, setting)
    assert kept == {"all": [["status", "is", "client"]]}
    assert sentences == ["Ce champ n’existe plus : custom.gone.", "Ce champ n’existe plus : gone."]


def test_nothing_asked_is_everything(setting):
    add_client(setting, "K1")
    definition = lists(setting)["clients"]
    for nothing in (None, {}, [], ""):
        assert not check(nothing, definition, setting)
        assert as_q(check(nothing, definition, setting), definition, setting) == Q()
        assert count(definition, setting, condition=nothing).total == 1


def test_removed_clients_are_shown_to_whoever_asks_for_them(setting):
    add_client(setting, "K1", status="removed")
    add_client(setting, "K2")
    assert numbers(setting, None) == ["K2"]
    assert numbers(setting, ["status", "is", "removed"]) == ["K1"]


def test_a_selection_is_asked_again_within_reach(setting, agent, client_north, client_south):
    definition = lists(agent)["clients"]
    enter(agent)
    assert list(ids(definition, agent)) == [{"id": client_north.pk}]
    chosen = {"list": "clients", "condition": None, "text": "", "ids": [client_north.pk, client_south.pk], "except": []}
    assert list(selected(chosen, definition, agent)) == [{"id": client_north.pk}]
    everything = {"list": "clients", "condition": ["status", "is", "client"], "ids": None, "except": [client_north.pk]}
    assert list(selected(everything, definition, agent)) == []


def test_keywords_find_in_every_list_that_has_a_search(setting):
    client = add_client(setting, "K1", "Lefèvre")
    add_interaction(setting, client, 1, subject="Facturation contestée")
    clients, interactions = lists(setting)["clients"], lists(setting)["interactions"]
    assert [row["number"] for row in page(clients, setting, text="lefevre").rows] == ["K1"]
    assert count(clients, setting, text="lefevre", condition=["status", "is", "prospect"]).total == 0
    assert len(page(interactions, setting, text="facturation").rows) == 1
    with pytest.raises(Refusal):
        page(clients, setting, text="x")
    assert Client.objects.count() == 1
