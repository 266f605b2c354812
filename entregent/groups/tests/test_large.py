"""Pages that choose among thousands of clients, on tables of which PostgreSQL knows nothing yet: rows are counted."""

import pytest
from django.db import connection
from django.urls import reverse

from entregent.groups.models import ClientGroup, GroupMember
from entregent.groups.web.composing import COUNTED
from testing.cast import enter
from testing.crowd import tied_clients
from testing.plans import plans_told, rows_touched

MANY, INSIDE = 3_000, 1_500


@pytest.fixture
def thousands(provider, admin):
    """Half of them in a group; written by statements, and never analysed within this transaction."""
    enter(admin)
    tied_clients(provider, MANY, prefix=300, indexed=True)
    made = ClientGroup.objects.create(organization=provider, name="Grand", name_key="grand")
    put_first(made, INSIDE)
    assert GroupMember.objects.count() == INSIDE
    return made


def put_first(group, number):
    """The first so many of those that are in no group."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO groups_groupmember (organization_id, group_id, client_id)
            SELECT organization_id, %s, id FROM clients_client
            WHERE number LIKE 'K300%%' AND id NOT IN (SELECT client_id FROM groups_groupmember) ORDER BY id LIMIT %s
            """,
            [group.pk, number],
        )


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("create", {}), ("create", {"q": "maison 29"}), ("create", {"q": "k3000029"}), ("create", {"q": "absent"}),
        ("create", {"q": "a"}), ("update", {}), ("update", {"q": "maison"}), ("update", {"qm": "maison 12"}),
        ("detail", {}), ("detail", {"q": "maison 12"}), ("list", {}),
    ],
)  # fmt: skip
def test_no_page_compares_each_with_each(name, query, thousands, provider, admin, signed_in):
    browser = signed_in(admin)
    kwargs = {"organization": provider.slug} | ({"pk": thousands.pk} if name in ("update", "detail") else {})
    with plans_told() as plans:
        answer = browser.get(reverse(f"groups:{name}", kwargs=kwargs), query)
    assert answer.status_code == 200
    # All of a table may be gone through, some times; each with each would be millions.
    busiest = max(plans, key=rows_touched)
    assert rows_touched(busiest) <= 20 * MANY, busiest


@pytest.mark.parametrize("name", ["list", "create", "detail", "update"])
def test_where_nearly_all_are_in_a_group_the_others_are_found_without_going_through_them(
    name, thousands, provider, admin, signed_in, monkeypatch
):
    monkeypatch.setattr("entregent.groups.selection._MANY", INSIDE)
    put_first(thousands, MANY - INSIDE - 1)
    with connection.cursor() as cursor:
        # As autovacuum does to tables that have grown so: what a single id is worth is known then.
        cursor.execute(
            "SET LOCAL ROLE NONE; ANALYZE clients_client, clients_clientreach, groups_groupmember,"
            " relationships_relationship; SET LOCAL ROLE entregent_app"
        )
    browser = signed_in(admin)
    kwargs = {"organization": provider.slug} | ({"pk": thousands.pk} if name in ("update", "detail") else {})
    with plans_told() as plans:
        answer = browser.get(reverse(f"groups:{name}", kwargs=kwargs))
    body = answer.content.decode()
    if name in ("create", "update"):
        assert "Maison 3000" in body
    # To say that there are more than a thousand members, as many are looked at; nothing is said of all of them.
    most = 8 * COUNTED if name == "update" else MANY / 4
    assert max(map(rows_touched, plans)) <= most, max(plans, key=rows_touched)


def test_a_search_finds_by_name_by_number_and_by_business_account(thousands, provider, admin, signed_in):
    browser = signed_in(admin)
    page = reverse("groups:create", kwargs={"organization": provider.slug})
    for text in ("Maison 2950", "K300002950", "300002950"):
        body = browser.get(page, {"q": text}).content.decode()
        assert "1 client de la recherche" in body, text
    assert "Déjà dans le groupe Grand" in browser.get(page, {"q": "Maison 1250"}).content.decode()
