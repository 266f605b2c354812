"""Starting and cancelling jobs."""

from django.db import transaction
from django.utils import timezone

from entregent.jobs.extension_points import job_cancellations
from entregent.jobs.models import Job
from entregent.jobs.registry import kinds
from entregent.toolbox.queue import ask


@transaction.atomic
def start_job(
    *, by, kind: str, label: str, data: dict | None = None, total: int | None = None, in_background: bool = True
) -> Job:
    """Asks the worker for a piece of bulk work. The job and its place in the queue are one transaction with
    the caller's.

    `in_background=False`: the caller does it in its own process (a command), by `tasks.run_job`.
    """
    if kind not in kinds:
        raise LookupError(f"no job of kind {kind!r} is registered")
    job = Job.objects.create(
        organization_id=by.organization_id,
        kind=kind,
        label=label[:200],
        initiator_id=by.user_id,
        initiator_name=by.name,
        data=data or {},
        total=total,
    )
    if in_background:
        ask(
            "entregent.jobs.run_job",
            queue="bulk",
            lock=f"job-{job.pk}",
            job_id=job.pk,
            organization_id=job.organization_id,
        )
    return job


@transaction.atomic
def cancel_job(job: Job, *, by) -> Job:
    """Asks a job to stop: at once if it has not begun, else after the chunk at hand. What is done stays done."""
    job = Job.objects.select_for_update().get(pk=job.pk, organization_id=by.organization_id)
    if job.is_over:
        return job
    job.cancel_asked = True
    if job.state == Job.State.PENDING:
        job.state = Job.State.CANCELLED
        job.finished_at = timezone.now()
    job.save(update_fields=["cancel_asked", "state", "finished_at"])
    if job.is_over:
        for cancelled in job_cancellations:
            cancelled(job)
    return job
