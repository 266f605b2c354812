"""Bulk work on clients, chunk by chunk. A worker that is killed goes on where it stood."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients import state_changes
from entregent.clients.actions.bulk import JOB, change_chunk, check_change
from entregent.clients.actions.duplicates import SCAN
from entregent.clients.actions.merging_people import PEOPLE_SCAN, forget_profiles
from entregent.clients.duplicate_models import DuplicatePair, DuplicateProfile, PersonPair
from entregent.clients.duplicates import MOST_SHARING, rules_of
from entregent.clients.models import BulkRow, Client, Person
from entregent.jobs.models import Job
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Work
from entregent.listing import pages
from entregent.listing.lists import lists

CHUNK_ROWS = 2000
# Clients whose values are looked at in one transaction of the search for duplicates, more or less.
SCANNED_AT_ONCE = 50_000
ROWS_KEPT_FOR = timedelta(days=30)


@job_kind(JOB, right=Right.CLIENT_EDIT)
def change(work: Work) -> None:
    """Changes the clients of a selection. The first chunk writes down which they are; each later one changes some."""
    while True:
        with work.chunk() as chunk:
            job, member = chunk.job, chunk.member
            change, value = job.data["change"], job.data["value"]
            if "after" not in chunk.cursor:
                check_change(member, change, value)
                job.total = _write_down(job, member)
                action = record("change_clients", by=member, change=job.label, count=job.total)
                chunk.advance(0, after=0, action=action)
                continue
            _under_action(chunk.cursor["action"])
            rows = list(
                BulkRow.objects.filter(job_id=job.pk, organization_id=job.organization_id, id__gt=chunk.cursor["after"])
                .order_by("id")
                .values_list("id", "client_id")[:CHUNK_ROWS]
            )
            if rows:
                counts = change_chunk(
                    by=member, job_id=job.pk, client_ids=[pk for _row, pk in rows], change=change, value=value
                )
                for verdict, number in counts.items():
                    job.result[verdict] = job.result.get(verdict, 0) + number
                chunk.advance(len(rows), after=rows[-1][0])
        if not rows:
            return


@job_kind(SCAN, right=Right.CLIENT_MERGE)
def scan_duplicates(work: Work) -> None:
    """Compares the clients that share something, one part of all shared values after the other; pairs that are none
    any more go at the end."""
    while True:
        with work.chunk() as chunk:
            job = chunk.job
            if "part" not in chunk.cursor:
                job.total = DuplicateProfile.objects.filter(organization_id=job.organization_id).count()
                job.result = {"common": 0, "pairs": 0}
                began = _asked("SELECT clock_timestamp()::text", [])[0][0]
                chunk.advance(0, part=0, parts=max(1, -(-job.total // SCANNED_AT_ONCE)), began=began)
                continue
            part, parts = chunk.cursor["part"], chunk.cursor["parts"]
            if part < parts:
                rules = rules_of(job.organization_id)
                ((common, _written),) = _asked(
                    "SELECT common, pairs FROM duplicates_scan(%s, %s, %s, %s::jsonb, %s, %s, %s)",
                    [
                        job.organization_id,
                        part,
                        parts,
                        rules.weights_json,
                        rules.threshold,
                        rules.by_sound,
                        MOST_SHARING,
                    ],
                )
                job.result["common"] += common
                chunk.advance(job.total * (part + 1) // parts - job.done, part=part + 1)
            else:
                pairs = DuplicatePair.objects.filter(organization_id=job.organization_id)
                pairs.filter(found_at__lt=chunk.cursor["began"]).delete()
                job.result["pairs"] = pairs.count()
        if part == parts:
            return


@job_kind(PEOPLE_SCAN, right=Right.CLIENT_MERGE)
def scan_people(work: Work) -> None:
    """Writes down what people are compared by, some thousand at a time; then compares those who share something, one
    part of all shared values after the other; pairs that are none any more go at the end, and the profiles too."""
    while True:
        with work.chunk() as chunk:
            job = chunk.job
            organization_id = job.organization_id
            cursor = chunk.cursor
            if "after" not in cursor:
                forget_profiles(organization_id)
                job.total = Person.objects.filter(organization_id=organization_id, deleted_at=None).count()
                began = _asked("SELECT clock_timestamp()::text", [])[0][0]
                chunk.advance(0, after=0, began=began)
                continue
            if "part" not in cursor:
                ((done, last),) = _asked(
                    "SELECT done, last FROM people_profiles(%s, %s, %s)", [organization_id, cursor["after"], 10_000]
                )
                if done:
                    chunk.advance(done, after=last)
                else:
                    chunk.advance(0, part=0, parts=max(1, -(-(job.total or 0) // SCANNED_AT_ONCE)))
                continue
            part, parts = cursor["part"], cursor["parts"]
            if part < parts:
                rules = rules_of(organization_id)
                _asked(
                    "SELECT people_scan(%s, %s, %s, %s::jsonb, %s, %s, %s)",
                    [organization_id, part, parts, rules.weights_json, rules.threshold, rules.by_sound, MOST_SHARING],
                )
                chunk.advance(0, part=part + 1)
            else:
                pairs = PersonPair.objects.filter(organization_id=organization_id)
                pairs.filter(found_at__lt=cursor["began"]).delete()
                job.result = {"pairs": pairs.count()}
                forget_profiles(organization_id)
        if part == parts:
            return


@app.periodic(cron="* * * * *")
@app.task(name="entregent.clients.pass_on", queue="default", lock="state-changes", queueing_lock="state-changes")
def pass_on(timestamp: int) -> None:
    """Each minute: what follows from states that have changed."""
    state_changes.pass_on_all()


def _asked(sql: str, parameters: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _write_down(job: Job, member) -> int:
    """The clients of the selection that the member sees now, one row each."""
    _forget_old_rows(job.organization_id)
    found = pages.selected(job.data["selection"], lists(member)["clients"], member)
    chosen = Client.objects.visible_to(member).filter(pk__in=found).order_by().values("pk")
    sql, parameters = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO clients_bulkrow (organization_id, job_id, client_id)"  # noqa: S608  Django's own statement
            f" SELECT %s, %s, chosen.id FROM ({sql}) chosen (id) ORDER BY chosen.id ON CONFLICT DO NOTHING",
            [job.organization_id, job.pk, *parameters],
        )
        return cursor.rowcount


def _forget_old_rows(organization_id: int) -> None:
    """What each client became is told for a month; the journal tells it for ever."""
    old = Job.objects.filter(
        organization_id=organization_id, kind=JOB, finished_at__lt=timezone.now() - ROWS_KEPT_FOR
    ).values("pk")
    BulkRow.objects.filter(organization_id=organization_id, job_id__in=old)._raw_delete("default")


def _under_action(action_id: int) -> None:
    """Later chunks stand in the journal under the same action as the first one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.action_id', %s, true)", [str(action_id)])
