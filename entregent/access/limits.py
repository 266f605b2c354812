"""How often something was tried: counted atomically, in a window that begins with the first time and is not prolonged
by the others (the cache's own `incr` reads, writes, and forgets until when the value is kept)."""

import hashlib

from django.conf import settings

from entregent.access.statements import rows_of


def times(what: str, *, seconds: int) -> int:
    """Counts one time more of `what`; gives how many there were in its window."""
    # In the table of the shared cache, which throws away what has ended. Its own keys begin otherwise.
    table = settings.CACHES["default"]["LOCATION"]
    key = f"times:{hashlib.sha256(what.encode()).hexdigest()}"
    ((number,),) = rows_of(
        f"""
        INSERT INTO {table} AS c (cache_key, value, expires)
        VALUES (%s, '1', statement_timestamp() + make_interval(secs => %s))
        ON CONFLICT (cache_key) DO UPDATE SET
            value = CASE WHEN c.expires > statement_timestamp() THEN (c.value::bigint + 1)::text ELSE '1' END,
            expires = CASE WHEN c.expires > statement_timestamp() THEN c.expires ELSE EXCLUDED.expires END
        RETURNING value::bigint
        """,  # noqa: S608  the name of our own table
        [key, seconds],
    )
    return number
