"""The search index of clients, where many are written at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from entregent.access.statements import rows_of


@contextmanager
def indexed_at_the_end() -> Iterator[set[int]]:
    """Until the end of the block, within the transaction at hand, clients are not indexed for search as each of them
    is written, but at the end, all at once. Whoever writes one puts its id into the set that is given.

    A block that fails leaves the setting to the rollback of its transaction.
    """
    rows_of("SELECT set_config('app.search_deferred', 'on', true)", [])
    written: set[int] = set()
    yield written
    ids = sorted(written)
    rows_of(
        """SELECT set_config('app.search_deferred', '', true), clients_index(%s::bigint[]),
                  clients_people_index(%s::bigint[])""",
        [ids, ids],
    )
