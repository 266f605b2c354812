"""Lists, conditions and pages over real records."""

import pytest

from entregent.clients.models import Address
from entregent.listing.lists import lists
from entregent.listing.pages import count, page
from testing.cast import enter


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
    from entregent.clients.actions import seed_object_types

    seed_object_types(admin.organization)
    enter(admin)
    admin.__dict__.pop("_lists", None)
    definition = lists(admin)[code]
    for column in definition.columns_by_code(admin).values():
        page(definition, admin, columns=[column.code])
        if column.is_sortable:
            for sign in ("", "-"):
                page(definition, admin, sort=f"{sign}{column.code}")
