"""Whatever hangs on a client or a person moves when it is merged into another, or says here why it does not."""

from django.db import connection

from entregent.clients.extension_points import movers, person_movers

STAYS = {
    ("audit_action", "client_id"): "written once for all; the history of a client reads those that it has taken in",
    ("audit_change", "client_id"): "written once for all; the history of a client reads those that it has taken in",
    ("outbox_message", "client_id"): "what has left, as it left",
    ("outbox_post", "client_id"): "what has left, as it left",
    ("connectors_copy", "client_id"): "what another system has; whoever is merged away is withdrawn there",
    ("connectors_exchange", "client_id"): "what has left, as it left",
    ("connectors_touched", "client_id"): "who has just changed, until it is looked at",
    ("notifications_notification", "client_id"): "what somebody was told, of the client of then",
    ("inbound_rawmail", "client_id"): "whose it was when it came; it is read from its interaction, which moves",
    ("inbound_phonecall", "client_id"): "whose number it was when it rang; what it became is an interaction",
    ("clients_bulkrow", "client_id"): "a step of a job that is over",
    ("groups_draftrow", "client_id"): "chosen, and not yet asked for: found missing when it is",
    ("groups_processingrow", "client_id"): "what was asked, of the client of then",
    ("clients_statechange", "client_id"): "what has just changed, until it is told a minute later",
    ("clients_duplicateprofile", "client_id"): "an index, kept by triggers",
    ("clients_clientreach", "client_id"): "an index, kept by triggers",
    ("clients_clientsummary", "client_id"): "an index, kept by triggers",
    ("interactions_publishedentry", "client_id"): "kept by triggers: it moves with its interaction",
    ("processes_processstep", "client_id"): "kept by a trigger: it moves with its plan",
    ("clients_duplicatepair", "first_id"): "found anew for both",
    ("clients_duplicatepair", "second_id"): "found anew for both",
    ("clients_notduplicate", "first_id"): "copied for the client that remains",
    ("clients_notduplicate", "second_id"): "copied for the client that remains",
    ("clients_merge", "winner_id"): "the merge itself",
    ("clients_merge", "loser_id"): "the merge itself",
    ("clients_client", "merged_into_id"): "the merge itself",
}


def test_every_column_that_names_a_client_is_moved_or_says_why_not(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
              AND ((a.attname = 'client_id' AND a.atttypid = 'bigint'::regtype) OR EXISTS (
                SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid
                  AND k.confrelid = 'clients_client'::regclass AND a.attnum = ANY (k.conkey)))
            """
        )
        columns = set(cursor.fetchall())
    moved = {(mover.table, mover.column) for mover in movers}
    assert columns - moved - set(STAYS) == set()


def test_a_mover_moves_what_is_journaled(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'audit_update'"
        )
        journaled = {name for (name,) in cursor.fetchall()}
    assert {mover.table for mover in movers} - journaled == set()


PEOPLE_STAY = {
    ("clients_personprofile", "person_id"): "an index, written by each scan",
    ("clients_personpair", "first_id"): "found anew by the next scan",
    ("clients_personpair", "second_id"): "found anew by the next scan",
    ("clients_notsameperson", "first_id"): "copied for the person that remains",
    ("clients_notsameperson", "second_id"): "copied for the person that remains",
    ("clients_personmerge", "winner_id"): "the merge itself",
    ("clients_personmerge", "loser_id"): "the merge itself",
    ("interactions_publishedentry", "person_id"): "a copy, kept by triggers",
    ("interactions_publishedentry", "author_person_id"): "a copy, kept by triggers",
    ("documents_storedfile", "created_by_person_id"): "who brought it, as they were then",
    ("inbound_rawmail", "person_id"): "whose it was when it came; what it became is an entry",
    ("inbound_phonecall", "person_id"): "whose number it was when it rang; what it became is an interaction",
}


def test_every_column_that_names_a_person_is_moved_or_says_why_not(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
              AND ((a.attname ~ '(^|_)person_id$' AND a.atttypid = 'bigint'::regtype) OR EXISTS (
                SELECT 1 FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid
                  AND k.confrelid = 'clients_person'::regclass AND a.attnum = ANY (k.conkey)))
            """
        )
        columns = set(cursor.fetchall())
    moved = {(mover.table, mover.column) for mover in person_movers}
    assert columns - moved - set(PEOPLE_STAY) == set()
    assert len({mover.key for mover in person_movers}) == len(list(person_movers))
