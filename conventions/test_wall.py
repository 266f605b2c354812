"""Row-level security stands by itself: no application scoping takes part here."""

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from entregent.access.scope import ScopedQuerySet
from entregent.clients.models import Client
from testing.cast import enter, enter_organization


def test_the_application_runs_under_a_role_that_owns_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner "
            "WHERE r.rolname = current_user)"
        )
        assert cursor.fetchone() == ("entregent_app", 0)


def test_without_an_organization_nothing_is_seen(client_north):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org_id', '', true)")
    assert Client.objects.count() == 0


def test_another_organization_sees_nothing_even_without_scoping(client_north, stranger):
    enter(stranger)
    assert Client.objects.count() == 0
    enter_organization(client_north.organization)
    assert Client.objects.count() == 1


def test_writing_into_another_organization_is_refused(org, other_org, client_north):
    enter_organization(other_org)
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Client.objects.create(organization=org, number="X", kind="company", name="X", display_name="X", sort_key="x")


def test_every_table_with_an_organization_has_the_wall(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity
            """
        )
        without = {name for (name,) in cursor.fetchall()}
    # LIKE and @@ are not leakproof: a policy would hide their index (stack.md). Queries join what they find.
    assert without == {"search_entry", "search_word", "interactions_words", "cases_words"}


def test_visible_to_keeps_to_sectors(agent, outsider, manager, client_north, client_south):
    enter(agent)
    assert list(Client.objects.visible_to(agent)) == [client_north]
    assert list(Client.objects.visible_to(outsider)) == [client_south]
    assert set(Client.objects.visible_to(manager)) == {client_north, client_south}
    assert issubclass(type(Client.objects.all()), ScopedQuerySet)
