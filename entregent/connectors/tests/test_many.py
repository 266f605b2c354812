"""A hundred thousand exchanges that wait: neither a page nor the sender goes through all of them."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from entregent.connectors.actions import sending
from entregent.connectors.models import Exchange
from entregent.connectors.tasks import _is_due
from testing.cast import enter

MANY = 100_000
FILL = """
    INSERT INTO connectors_copy (organization_id, connector_id, client_id, external_id, state, digest)
    SELECT %(org)s, %(connector)s, 1000000 + i, '', (ARRAY['pending', 'held', 'leaving', 'gone'])[1 + i %% 4], ''
    FROM generate_series(1, %(many)s / 2) i;
    INSERT INTO connectors_exchange (organization_id, connector_id, key, client_id, number, operation, record, state,
        tries, next_try_at, external_id, error, answer)
    SELECT %(org)s, %(connector)s, gen_random_uuid(), 1000000 + i %% (%(many)s / 2), 'M' || i, 'push', '{}',
        CASE WHEN i %% 10 = 0 THEN 'accepted' WHEN i %% 100 = 1 THEN 'failed' ELSE 'pending' END, 0, now(), '', '', ''
    FROM generate_series(1, %(many)s) i;
    SET LOCAL ROLE NONE; ANALYZE connectors_copy; ANALYZE connectors_exchange; SET LOCAL ROLE entregent_app
"""


@pytest.fixture
def connector(connect, org, admin):
    made = connect("webhook", address="http://127.0.0.1:9/")
    enter(admin)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"org": org.pk, "connector": made.pk, "many": MANY})
    return made


def whole_readings(queries) -> list[str]:
    """Of what was asked: where all rows of a large table are read, by a scan of the table or of a whole index."""
    found = []
    for query in queries:
        sql = query["sql"]
        if not sql.lstrip().startswith("SELECT") or "connectors_" not in sql:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {sql.replace('FOR UPDATE', '')}")
            (told,) = cursor.fetchone()
        plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        found += [f"{node['Node Type']} {rows}: {sql[:160]}" for node, rows in nodes(plan) if rows > MANY / 4]
    return found


def nodes(plan):
    """Each node that reads a table, with the rows that it looked at."""
    if "Relation Name" in plan:
        passed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield plan, (plan["Actual Rows"] + passed) * plan["Actual Loops"]
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.mark.django_db
def test_no_page_and_no_sender_reads_them_all(connector, org, admin, client, client_north):
    enter(admin)
    client.force_login(admin.user)
    exchange = Exchange.objects.order_by("-pk").first()
    pages = [
        reverse("connectors:list", args=[org.slug]),
        reverse("connectors:connector", args=[org.slug, connector.pk]),
        reverse("connectors:connector", args=[org.slug, connector.pk]) + "?etat=failed",
        reverse("connectors:connector", args=[org.slug, connector.pk])
        + f"?etat=pending&avant={exchange.pk - MANY // 2}",
        reverse("connectors:exchange", args=[org.slug, connector.pk, exchange.pk]),
        reverse("connectors:of_client", args=[org.slug, client_north.number]),
    ]
    for page in pages:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page).status_code == 200, page
        enter(admin)
        assert whole_readings(asked.captured_queries) == [], page
    with CaptureQueriesContext(connection) as asked:
        assert len(sending._next(connector, sending.carrier_of(connector))) == 1
        assert _is_due(org.pk)
    enter(admin)
    assert whole_readings(asked.captured_queries) == []
