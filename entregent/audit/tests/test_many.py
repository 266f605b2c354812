"""A large change that follows a small one in the same session: PostgreSQL keeps the estimate of the small one."""

import re

from django.db import connection

from entregent.audit.models import Change
from entregent.organizations.models import Team, User
from testing.cast import enter
from testing.plans import plans_told

MANY = 20_000


def _change(table, column, ids):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(f"UPDATE {table} SET {column} = {column} || '!' WHERE id = ANY (%s)", [ids])


def _scans(plans):
    """How many rows before a change, and after it, each statement that follows it went through, and how often."""
    found = [re.findall(r"Named Tuplestore Scan.*?actual rows=(\d+)\S* loops=(\d+)", plan) for plan in plans]
    return [(int(rows), int(loops)) for plan in found for rows, loops in plan]


def test_the_journal_compares_no_row_with_each_other(admin):
    enter(admin)
    Team.objects.bulk_create(
        [Team(organization=admin.organization, code=f"t{n}", label_fr="T", label_en="T") for n in range(MANY)]
    )
    ids = list(Team.objects.values_list("pk", flat=True))
    before = Change.objects.count()
    with plans_told() as plans:
        _change("organizations_team", "label_fr", ids[:1])
        _change("organizations_team", "label_fr", ids)
    assert Change.objects.count() - before == MANY + 1
    assert _scans(plans).count((MANY, 1)) == 2
    assert {loops for _rows, loops in _scans(plans)} == {1}


def test_nor_the_journal_of_what_organizations_share(admin):
    enter(admin)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(
            """
            WITH made AS (
                INSERT INTO organizations_user SELECT (jsonb_populate_record(u, jsonb_build_object(
                    'id', 1000000 + n, 'email', 'n' || n || '@eaux.example'))).*
                FROM organizations_user u, generate_series(1, %s) n WHERE u.id = %s RETURNING id)
            INSERT INTO organizations_membership SELECT (jsonb_populate_record(m, jsonb_build_object(
                'id', made.id, 'user_id', made.id))).*
            FROM organizations_membership m, made WHERE m.id = %s
            """,
            [MANY, admin.user_id, admin.pk],
        )
    ids = list(User.objects.filter(pk__gt=1_000_000).values_list("pk", flat=True))
    before = Change.objects.count()
    with plans_told() as plans:
        _change("organizations_user", "name", ids[:1])
        _change("organizations_user", "name", ids)
    assert Change.objects.count() - before == MANY + 1
    assert {loops for _rows, loops in _scans(plans)} == {1}


def test_nothing_that_follows_a_change_joins_its_rows_one_by_one(db):
    """The rows before and after a change are paired by FULL JOIN (attach.sql), by every area."""
    with connection.cursor() as cursor:
        cursor.execute(
            r"""
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              AND prosrc ~ '(old|new)_rows( \w+)?\s+((INNER|LEFT|CROSS)\s+)?JOIN\s+(old|new)_rows'
            """
        )
        assert cursor.fetchall() == []
