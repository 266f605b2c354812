import pytest

from entregent.access.statements import rows_of


@pytest.mark.django_db
def test_what_every_request_asks_is_planned_once():
    assert rows_of("SELECT 35 + %s::integer", [7]) == [(42,)]
    kept = rows_of("SELECT statement FROM pg_prepared_statements", [])
    assert ("SELECT 35 + $1::integer",) in kept
