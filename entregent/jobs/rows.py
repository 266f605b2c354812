"""Changes of many records, one after the other: those that are meant are written down when the job begins, each then
has its verdict. A worker that is killed goes on where it stood."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from entregent.jobs.models import Job, JobRow
from entregent.jobs.work import Work
from entregent.toolbox.errors import Refusal, Refusals

# In one transaction: whoever works on one of these records waits so long at most.
AT_ONCE = 25
KEPT_FOR = timedelta(days=30)
_Verdict = JobRow.Verdict


def change_rows(work: Work, chosen: Callable[[Job, Any], QuerySet], change: Callable[[Job, Any, int], bool]) -> None:
    """Does the whole job. `chosen(job, member)` gives the ids of the records (a `values("pk")`), `change(job, member,
    id)` changes one and says whether anything changed; what it refuses becomes the reason of the row."""
    while True:
        with work.chunk() as chunk, translation.override(chunk.job.data.get("language") or "fr"):
            job, member = chunk.job, chunk.member
            if "after" not in chunk.cursor:
                job.total = _write_down(job, chosen(job, member))
                chunk.advance(0, after=0)
                continue
            rows = list(job.rows.filter(pk__gt=chunk.cursor["after"]).order_by("pk")[:AT_ONCE])
            for row in rows:
                row.verdict, row.reason = _done(change, job, member, row.subject_id)
                job.result[row.verdict] = job.result.get(row.verdict, 0) + 1
            if rows:
                JobRow.objects.bulk_update(rows, ["verdict", "reason"])
                chunk.advance(len(rows), after=rows[-1].pk)
        if not rows:
            return


def _done(change: Callable, job: Job, member: Any, subject_id: int) -> tuple[str, str]:
    """One record: what is refused half way is undone as a whole."""
    try:
        with transaction.atomic():
            return (_Verdict.CHANGED, "") if change(job, member, subject_id) else (_Verdict.UNCHANGED, "")
    except (Refusal, Refusals) as refused:
        told = refused.refusals if isinstance(refused, Refusals) else [refused]
        return _Verdict.REFUSED, " ".join(str(one.message) for one in told)[:300]


def _write_down(job: Job, chosen: QuerySet) -> int:
    _forget_old(job.organization_id)
    sql, parameters = chosen.order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_jobrow (organization_id, job_id, subject_id)"  # noqa: S608  Django's own statement
            f" SELECT %s, %s, chosen.id FROM ({sql}) chosen (id) ORDER BY chosen.id ON CONFLICT DO NOTHING",
            [job.organization_id, job.pk, *parameters],
        )
        return cursor.rowcount


def _forget_old(organization_id: int) -> None:
    old = Job.objects.filter(organization_id=organization_id, finished_at__lt=timezone.now() - KEPT_FOR)
    JobRow.objects.filter(job__in=old).delete()
