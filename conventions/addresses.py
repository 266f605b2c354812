"""Which record an address is about: one table for the walk over every URL. What is not declared here fails.

A record comes in varieties: `own` is within the reach of *agent* (sector Nord), `south` in the same organization but
out of that reach, `deleted` was deleted, `foreign` belongs to another organization, `random` never existed.
"""

# Keyword of the URL, within the addresses whose name begins so → kind of record (see world.py).
RECORDS: list[tuple[str, str, str]] = [
    ("workspace:client", "number", "client"),
    ("workspace:client_people", "number", "client"),
    ("workspace:client_value", "number", "client"),
    ("workspace:person_value", "pk", "person"),
    ("workspace:interaction_pane", "number", "interaction"),
    ("workspace:view_delete", "pk", "view"),
    ("workspace:advanced_", "pk", "view"),
    ("workspace:bulk", "job_id", "bulk_job"),
    ("dashboards:client", "number", "client"),
    ("clients:", "number", "client"),
    ("clients:address_edit", "pk", "address"),
    ("clients:tie", "pk", "person"),
    ("clients:person", "pk", "person"),
    ("clients:person_address_edit", "address_pk", "address"),
    ("clients:object_type", "code", "object_type_code"),
    ("clients:pair_propose_again", "other", "client"),
    ("clients:merge_undo", "pk", "merge"),
    ("interactions:", "number", "interaction"),
    ("interactions:client_", "number", "client"),
    ("interactions:topic_update", "code", "topic_code"),
    ("interactions:participant_delete", "key", "participant"),
    ("interactions:agent_delete", "key", "agent"),
    ("interactions:object_delete", "key", "object_link"),
    ("listing:custom_field", "pk", "custom_field"),
    ("listing:custom_field_restore", "pk", "deleted_field"),
    ("listing:custom_field_purge", "pk", "deleted_field"),
    ("organizations:member", "pk", "member"),
    ("organizations:set_active", "pk", "member"),
    ("organizations:invite_again", "pk", "member"),
    ("organizations:revoke", "pk", "member"),
    ("organizations:revoke", "grant", "grant"),
    ("organizations:sector", "pk", "sector"),
    ("organizations:token", "pk", "token"),
    ("organizations:journal_entry", "pk", "action"),
    ("exchange:", "import_id", "import"),
    ("exchange:client_card", "number", "client"),
    ("exchange:person_card", "pk", "person"),
    ("jobs:", "job_id", "job"),
    ("transfers:", "number", "transfer"),
    ("transfers:of_client", "number", "client"),
    ("transfers:", "pk", "transfer_file"),
    ("transfers:upload_", "token", "upload"),
    ("outbox:", "message_id", "mail"),
    ("outbox:record", "subject_id", "client_key"),
    ("notifications:", "pk", "notification"),
]

# Keywords that are no records (a pane of the client file): what the walk puts there.
PLAIN: dict[tuple[str, str], object] = {
    ("clients:pane", "pane"): "identite",
    ("outbox:record", "subject_type"): "clients.client",
    ("organizations:mail_preview", "language"): "fr",
    ("interactions:entry_update", "seq"): 1,
    ("transfers:upload_piece", "offset"): 0,
    ("exchange:export", "kind"): "clients",
    ("workspace:client_value", "field"): "category",
    ("workspace:person_value", "field"): "title",
    ("dashboards:portlet", "code"): "recent-interactions",
    ("dashboards:client_portlet", "code"): "client-interactions",
}
