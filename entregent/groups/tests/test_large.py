"""Pages that choose among thousands of clients, on tables of which PostgreSQL knows nothing yet: rows are counted."""

import pytest
from django.db import connection
from django.urls import reverse

from entregent.groups.models import ClientGroup, GroupMember
from testing.cast import enter
from testing.plans import plans_told, rows_touched

MANY, INSIDE = 3_000, 1_500


@pytest.fixture
def thousands(provider, admin):
    """Half of them in a group; written by statements, and never analysed within this transaction."""
    enter(admin)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.search_deferred', 'on', true)")
        cursor.execute(
            """
            INSERT INTO relationships_businessaccount (number, name, postal_code, city, country, version)
            SELECT (300000000 + n)::text, 'Maison ' || n, '', '', 'FR', 1 FROM generate_series(1, %s) n
            """,
            [MANY],
        )
        cursor.execute(
            """
            INSERT INTO clients_client (organization_id, number, kind, name, first_name, display_name, sort_key, status,
                category, language, sector_reach, emails, phones, identifiers, version, business_account_id)
            SELECT %s, 'K' || a.number, 'company', a.name, '', a.name, lower(a.name), 'client', '', 'fr', '{}', '{}',
                   '[]', '{}', 1, a.id FROM relationships_businessaccount a WHERE a.number LIKE '300%%'
            """,
            [provider.pk],
        )
        cursor.execute(
            """
            INSERT INTO relationships_relationship (organization_id, account_id, level, visibility, state, starts_on,
                approved_by_name, ended_by_name, version)
            SELECT %s, a.id, 'business', '{own}', 'active', CURRENT_DATE, '', '', 1
            FROM relationships_businessaccount a WHERE a.number LIKE '300%%'
            """,
            [provider.pk],
        )
        cursor.execute("SELECT clients_index(array_agg(id)) FROM clients_client WHERE number LIKE 'K300%'")
        made = ClientGroup.objects.create(organization=provider, name="Grand", name_key="grand")
        cursor.execute(
            """
            INSERT INTO groups_groupmember (organization_id, group_id, client_id)
            SELECT %s, %s, id FROM clients_client WHERE number LIKE 'K300%%' ORDER BY id LIMIT %s
            """,
            [provider.pk, made.pk, INSIDE],
        )
    assert GroupMember.objects.count() == INSIDE
    return made


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


def test_a_search_finds_by_name_by_number_and_by_business_account(thousands, provider, admin, signed_in):
    browser = signed_in(admin)
    page = reverse("groups:create", kwargs={"organization": provider.slug})
    for text in ("Maison 2950", "K300002950", "300002950"):
        body = browser.get(page, {"q": text}).content.decode()
        assert "1 client de la recherche" in body, text
    assert "Déjà dans le groupe Grand" in browser.get(page, {"q": "Maison 1250"}).content.decode()
