"""The search index: one narrow row per findable thing, kept by triggers in the transaction of the write.

It stands at the bottom and knows no area: `kind` says what a row stands for, areas write their own rows by triggers of
theirs (clients/search.sql) and say through `search.extension_points` how what was found is filtered and shown.
"""
