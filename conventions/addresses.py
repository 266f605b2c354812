"""Which record an address is about: one table for the walk over every URL. What is not declared here fails.

A record comes in varieties: `own` is within the reach of *agent* (sector Nord), `south` in the same organization but
out of that reach, `deleted` was deleted, `foreign` belongs to another organization, `random` never existed.
"""

# Keyword of the URL, within the addresses whose name begins so → kind of record (see world.py).
RECORDS: list[tuple[str, str, str]] = [
    ("workspace:client", "number", "client"),
]

# Addresses whose keywords are no records (days, codes of modules): what the walk puts there.
PLAIN: dict[tuple[str, str], object] = {}
