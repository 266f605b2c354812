"""The portal's pages are drawn under a role of the database that cannot read what stays inside."""

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from entregent.access.wall import PORTAL_ROLE, acting, as_portal
from entregent.interactions.models import InteractionEntry, PublishedEntry
from entregent.portal.database_role import READABLE
from entregent.portal.tests.conftest import door, give_access
from testing.cast import enter


def may(right: str) -> set[str]:
    """The tables on which the role has a right, of itself or as anybody."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'm')"
            " AND (has_table_privilege(%s, oid, %s) OR has_any_column_privilege(%s, oid, %s))",
            [PORTAL_ROLE, right, PORTAL_ROLE, right],
        )
        return {name for (name,) in cursor.fetchall()}


def test_it_reads_what_is_listed_and_writes_nothing(db):
    assert may("SELECT") == READABLE
    assert {right: may(right) for right in ("INSERT", "UPDATE")} == {"INSERT": set(), "UPDATE": set()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcanlogin, (SELECT count(*) FROM pg_class WHERE relowner = r.oid),"
            " (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) FROM pg_roles r WHERE rolname = %s",
            [PORTAL_ROLE],
        )
        assert cursor.fetchone() == (False, False, False, 0, 0)


def test_no_table_of_conversations_dossiers_plans_mails_or_the_journal_is_listed():
    inside = ("interactions_interaction", "cases_case", "cases_log", "processes_", "inbound_", "outbox_", "audit_")
    named = {table for table in READABLE if table.startswith(inside)}
    assert {table for table in named if "_published" not in table} == set()


def test_internal_entries_cannot_be_read_at_all(agent, org, client_north):
    enter(agent)
    with as_portal():
        assert list(PublishedEntry.objects.all()) == []
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            list(InteractionEntry.objects.filter(internal=True))
        # An action works under the application's role, also one that fails; the page goes on under its own.
        with acting():
            assert list(InteractionEntry.objects.all()) == []
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            list(InteractionEntry.objects.all())
    assert list(InteractionEntry.objects.all()) == []


def test_every_page_of_the_portal_and_every_page_that_is_watched_is_under_it(agent, manager, client_north, signed_in):
    access = give_access(agent, client_north)
    seen = []

    def watch(execute, sql, params, many, context):
        if "interactions_publishedentry" in sql:
            seen.append(connection.connection.execute("SELECT current_user").fetchone()[0])
        return execute(sql, params, many, context)

    http, staff = door(access.user), signed_in(manager)
    for browser, address in ((http, "/portail/eaux/"), (staff, f"/eaux/portail/voir/{access.pk}/")):
        seen.clear()
        with connection.execute_wrapper(watch):
            assert browser.get(address).status_code == 200
        assert set(seen) == {PORTAL_ROLE}
