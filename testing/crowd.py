"""Thousands of clients of a provider, written by statements, of which PostgreSQL has counted nothing."""

from django.db import connection


def tied_clients(organization, number: int, *, prefix: int, indexed: bool = False) -> None:
    """`number` clients « Maison 1 », « Maison 2 »… with a business account (nine digits that begin with the three of
    `prefix`), a client number (K and the same digits) and an active relationship each. `indexed`: the search finds
    them. Called within the organization's wall."""
    names = {"org": organization.pk, "number": number, "first": prefix * 1_000_000, "accounts": f"{prefix}%"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.search_deferred', 'on', true)")
        cursor.execute(
            """
            INSERT INTO relationships_businessaccount (number, name, postal_code, city, country, version)
            SELECT (%(first)s + n)::text, 'Maison ' || n, '', '', 'FR', 1 FROM generate_series(1, %(number)s) n
            """,
            names,
        )
        cursor.execute(
            """
            INSERT INTO clients_client (organization_id, number, kind, name, first_name, display_name, sort_key, status,
                category, language, sector_reach, emails, phones, identifiers, version, business_account_id)
            SELECT %(org)s, 'K' || a.number, 'company', a.name, '', a.name, lower(a.name), 'client', '', 'fr', '{}',
                   '{}', '[]', '{}', 1, a.id
            FROM relationships_businessaccount a WHERE a.number LIKE %(accounts)s
            """,
            names,
        )
        cursor.execute(
            """
            INSERT INTO relationships_relationship (organization_id, account_id, level, visibility, state, starts_on,
                approved_by_name, ended_by_name, version)
            SELECT %(org)s, a.id, 'business', '{own}', 'active', CURRENT_DATE, '', '', 1
            FROM relationships_businessaccount a WHERE a.number LIKE %(accounts)s
            """,
            names,
        )
        if indexed:
            cursor.execute(
                "SELECT clients_index(array_agg(id)) FROM clients_client WHERE number LIKE 'K' || %(accounts)s", names
            )
