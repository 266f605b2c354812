"""Bulk work on the values of custom fields, a chunk of records at a time; views by mail."""

from django.db import connection
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Work
from entregent.listing import subscriptions
from entregent.listing.custom_fields import definitions_changed, subject_named
from entregent.listing.models import CustomField

CHUNK = 2000


@job_kind("custom_fields.index", right=Right.CUSTOM_FIELDS)
def index(work: Work) -> None:
    """Writes the entries of the quick search anew for every record that has a value of the field."""
    while True:
        with work.chunk() as chunk:
            field = CustomField.objects.filter(
                pk=chunk.job.data["field"], organization_id=chunk.member.organization_id
            ).first()
            ids = _next_ids(field, chunk.cursor.get("after", 0)) if field is not None else []
            if ids and field is not None:
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT {subject_named(field.subject).index}(%s)", [ids])
                chunk.advance(len(ids), after=ids[-1])
        if not ids:
            return


@job_kind("custom_fields.purge", right=Right.CUSTOM_FIELDS)
def purge(work: Work) -> None:
    """Takes the values of a deleted field out of every record, then the field itself."""
    while True:
        with work.chunk() as chunk:
            field = CustomField.objects.filter(
                pk=chunk.job.data["field"],
                organization_id=chunk.member.organization_id,
                deleted_at__isnull=False,
            ).first()
            if field is None:
                return
            record("purge_custom_field", by=chunk.member, label_fr=field.label_fr, code=field.code)
            ids = _next_ids(field, 0)
            if ids:
                table = connection.ops.quote_name(subject_named(field.subject).table)
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"UPDATE {table} SET custom = custom - %s, version = version + 1 WHERE id = ANY (%s)",  # noqa: S608
                        [field.code, ids],
                    )
                chunk.advance(len(ids))
            else:
                field.delete()
                definitions_changed(chunk.member)
        if not ids:
            return


def _next_ids(field: CustomField, after: int) -> list[int]:
    """The next records that have a value, deleted ones too."""
    table = connection.ops.quote_name(subject_named(field.subject).table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE organization_id = %s AND NOT custom = '{{}}'::jsonb"  # noqa: S608
            " AND custom ? %s AND id > %s ORDER BY id LIMIT %s",
            [field.organization_id, field.code, after, CHUNK],
        )
        return [pk for (pk,) in cursor.fetchall()]


@app.periodic(cron="7 * * * *")
@app.task(name="entregent.listing.send_views", queue="default", queueing_lock="listing-send-views")
def send_views(timestamp: int) -> None:
    """Each hour: the views of whoever subscribed, where the morning has come; once a day for each."""
    subscriptions.send_due()
