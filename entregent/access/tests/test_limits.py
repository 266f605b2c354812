"""Counts in a window that does not move."""

import pytest
from django.db import connection

from entregent.access.limits import times

pytestmark = pytest.mark.django_db


def ends():
    with connection.cursor() as cursor:
        cursor.execute("SELECT expires FROM organizations_cache WHERE cache_key LIKE 'times:%'")
        return [row[0] for row in cursor.fetchall()]


def later(seconds):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE organizations_cache SET expires = expires - make_interval(secs => %s)", [seconds])


def test_the_window_begins_with_the_first_time_and_is_not_prolonged():
    assert times("a try", seconds=3600) == 1
    first = ends()
    later(1800)
    assert [times("a try", seconds=3600) for _n in range(3)] == [2, 3, 4]
    assert (first[0] - ends()[0]).total_seconds() == 1800
    assert times("another", seconds=3600) == 1
    later(1801)
    assert times("a try", seconds=3600) == 1
