"""What import-linter cannot see in models and in the database."""

from django.apps import apps
from django.core.management import call_command
from django.db import connection

from conventions.layers import heights
from entregent.organizations import journal
from entregent.organizations.extension_points import table_words

OURS = [model for model in apps.get_models() if model.__module__.startswith("entregent.")]

# Written by triggers, or rebuilt from what they stand for.
WITHOUT_JOURNAL = {
    "audit_action": "the journal itself",
    "audit_change": "the journal itself",
    "exchange_departure": "what it was asked for and who took it stand in the journal as actions",
    "webhooks_event": "what happened, until its messages are written",
    "search_entry": "an index",
    "search_word": "an index",
    "interactions_words": "an index",
    "cases_words": "an index",
    "portal_portalthread": "what somebody has read and begun to write",
    "interactions_portalvisit": "when somebody was last there is no change",
    "interactions_publishedentry": "what of journaled entries the client may see, kept by triggers",
    "interactions_publishedfile": "the same of their files",
    "clients_duplicateprofile": "an index",
    "clients_duplicatepair": "what the scan found; it finds it again",
    "clients_mergedrow": "a part of its merge; the rows that it names are journaled",
    "clients_personprofile": "an index, written by each scan",
    "clients_personpair": "what the scan found; it finds it again",
    "clients_personmergedrow": "a part of its merge; the rows that it names are journaled",
    "clients_clientreach": "an index",
    "clients_statechange": "what has just changed, until it is told; the change itself is journaled",
    "clients_bulkrow": "a step of a job; what it changed is journaled",
    "groups_draft": "what somebody is choosing; nothing holds before it is asked for",
    "groups_draftrow": "the same, a client a row",
    "groups_processingrow": "a step of a request; what it changed is journaled",
    "inbound_rawmail": "says itself what came; what people do with it is journaled by name",
    "inbound_filedmail": "ties a mail to its interaction, which is journaled",
    "inbound_mailboxstate": "the sealed password, and how far the reader is: changes with every reading",
    "inbound_phonecall": "says itself who called when",
    "processes_scheduledstart": "how far a start by the calendar is; the plans that it starts are journaled",
    "cases_slaclock": "worked out from what is journaled",
    "processes_processjob": "says itself what was done when; what it did is journaled",
    "jobs_job": "says itself who asked for what and when",
    "relationships_relationshipuse": "a journal itself: who used an access on which day",
    "jobs_jobrow": "a step of a job; what it changed is journaled",
    "documents_upload": "a file on its way in; the file itself is journaled",
    "outbox_message": "says itself what left and when",
    "outbox_post": "says itself what left and when",
    "connectors_connectorstate": "the sealed secret, and how the other system is doing: changes with every exchange",
    "connectors_exchange": "says itself what left, when, and what was answered; the copy is journaled",
    "connectors_touched": "who has just changed, until it is looked at; the change itself is journaled",
    "outbox_endpointstate": "the sealed secret, and how the other system is doing: changes with every message",
    "notifications_notification": "says itself who was told what and when; that it was read changes no record",
    "dashboards_figure": "counts, worked out from records and kept for minutes",
    "organizations_counter": "the last number given out",
    "clients_clientsummary": "worked out from what is journaled",
    "listing_liststate": "how somebody left a page",
    "listing_subscription": "journaled by name when taken and ended; the last day sent is no change",
    "organizations_idempotencykey": "what a create answered",
    "clients_personphoto": "a picture: journaled by name when set and removed",
    "exchange_calendarfeed": "journaled by name when made and revoked",
    "organizations_apitoken": "journaled by name when made and revoked; last use is no change",
}


def test_foreign_keys_point_to_the_same_or_a_lower_area():
    height = heights()
    wrong = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in OURS
        for field in model._meta.get_fields()
        if field.many_to_one
        and field.concrete
        and field.related_model in OURS
        and (
            height[field.related_model._meta.app_label] > height[model._meta.app_label]
            or (
                height[field.related_model._meta.app_label] == height[model._meta.app_label]
                and field.related_model._meta.app_label != model._meta.app_label
            )
        )
    ]
    assert wrong == []


def test_migrations_are_complete(db, capsys):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_table_of_an_organization_is_journaled(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'audit_update')
            """
        )
        without = {name for (name,) in cursor.fetchall()}
    assert without - set(WITHOUT_JOURNAL) - STAGING == set()


# Rows of a file on their way in: `exchange` says which record each became, and records are journaled.
STAGING: set[str] = {"exchange_import", "exchange_importrow"}


def test_the_application_cannot_touch_the_journal(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, privilege_type FROM information_schema.role_table_grants
            WHERE grantee = 'entregent_app' AND table_name IN ('audit_change', 'audit_action')
            """
        )
        assert set(cursor.fetchall()) == {
            ("audit_change", "SELECT"), ("audit_action", "SELECT"), ("audit_action", "INSERT"),
        }  # fmt: skip


def test_settings_and_accounts_are_journaled_without_secrets(db):
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgname = 'audit_update' AND c.relname IN ('organizations_organization', 'organizations_user')
            """
        )
        triggers = dict(cursor.fetchall())
    assert triggers.keys() == {"organizations_organization", "organizations_user"}
    assert "password" in triggers["organizations_user"]


def test_history_calls_every_column_by_a_word_for_people():
    """A column whose name Django made up from its English one would stand so in a French page."""
    told = {table for words in table_words for table in words}
    made_up = [
        f"{model._meta.db_table}.{column.column}"
        for model in OURS
        if model._meta.db_table in told
        for column in model._meta.concrete_fields
        if column.editable
        and column.column not in journal.HIDDEN
        and journal.column_label(model._meta.db_table, column.column) == column.name.replace("_", " ")
    ]
    assert made_up == []
