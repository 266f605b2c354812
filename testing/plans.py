"""What PostgreSQL did for the statements of a test, those inside of its functions too: counted, not clocked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_NODE = re.compile(r"actual rows=([\d.]+) loops=(\d+)")
_REMOVED = re.compile(r"Rows Removed by [\w ]+: (\d+)")


@contextmanager
def plans_told() -> Iterator[list[str]]:
    """The plan of each statement from here on, with its rows, within the transaction at hand. Plans that were made for
    other tests are made anew."""
    told: list[str] = []

    def hear(notice) -> None:
        told.append(notice.message_primary)

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        role = cursor.fetchone()[0]
        # Only the owner of the server may ask for it.
        cursor.execute(
            """
            SET LOCAL ROLE NONE;
            LOAD 'auto_explain';
            SET LOCAL auto_explain.log_min_duration = 0;
            SET LOCAL auto_explain.log_nested_statements = on;
            SET LOCAL auto_explain.log_analyze = on;
            SET LOCAL auto_explain.log_timing = off;
            SET LOCAL auto_explain.log_level = notice;
            DISCARD PLANS;
            """
        )
        cursor.execute("SELECT set_config('role', %s, true)", [role])
        raw = connection.connection
        raw.add_notice_handler(hear)
        try:
            yield told
        finally:
            raw.remove_notice_handler(hear)
            if not connection.needs_rollback:
                cursor.execute("SELECT set_config('role', 'none', true)")
                cursor.execute("SET LOCAL auto_explain.log_min_duration = -1")
                cursor.execute("SELECT set_config('role', %s, true)", [role])


def rows_touched(plan: str) -> int:
    """How many rows the busiest step of a plan went through, those that it threw away included."""
    most = 0
    loops = 1
    for line in plan.splitlines():
        if found := _NODE.search(line):
            loops = int(found[2])
            most = max(most, round(float(found[1]) * loops))
        elif found := _REMOVED.search(line):
            most = max(most, int(found[1]) * loops)
    return most
