"""The work behind « Demandes de traitement », and groups that follow a rule."""

import logging

from django.db import InterfaceError, OperationalError
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.groups.actions.requests import end_cancelled, manages_groups
from entregent.groups.actions.staging import KIND, Lost, Made, carry_out
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.groups.rules import apply_rule, is_at_work, with_rules
from entregent.jobs.models import Job
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Work
from entregent.organizations.models import Organization

State = ProcessingRequest.State

logger = logging.getLogger(__name__)


@job_kind(KIND, right=Right.GROUP_MANAGE)
def run(work: Work) -> None:
    """Chunk after chunk; the last one is the effect of all."""
    made = Made.STAGED
    while made == Made.STAGED:
        with work.chunk() as chunk:
            request = (
                ProcessingRequest.objects.select_for_update(of=("self",)).select_related("organization", "group")
                .get(pk=chunk.job.data["request"], organization_id=work.organization_id)
            )  # fmt: skip
            if not request.is_open:
                return
            manages_groups(chunk.member)
            before = request.staged
            made = carry_out(request, by=chunk.member)
            chunk.advance(request.staged - before)
    if made == Made.LOST:
        # What each row found stands; that the request failed is written with the job (`failed`).
        with work.chunk(stoppable=False):
            raise Lost(request)


def failed(job: Job) -> None:
    """The request of a job that failed has failed: the group is as it was."""
    if job.kind != KIND:
        return
    request = ProcessingRequest.objects.open().filter(job_id=job.pk).first()
    if request is None:
        return
    request.state = State.FAILED
    request.ended_at = job.finished_at
    request.failure = request.failure or {"code": "E-JOB", "message": job.error}
    request.version += 1
    request.save(update_fields=["state", "ended_at", "failure", "version"])


def cancelled(job: Job) -> None:
    """Where the job was cancelled, and not the request by its own page, the request ends with it."""
    if job.kind != KIND:
        return
    request = ProcessingRequest.objects.open().select_for_update(of=("self",)).filter(job_id=job.pk).first()
    if request is not None:
        end_cancelled(request, job.finished_at)


@app.periodic(cron="2-59/5 * * * *")
@app.task(name="entregent.groups.follow_rules", queue="bulk", lock="groups-rules", queueing_lock="groups-rules")
def follow_rules(timestamp: int) -> None:
    """Every five minutes: what an import, a change of many or the calendar has done to clients of groups by rule."""
    for organization in Organization.objects.exclude(provider_kind="").order_by("pk"):
        if not is_at_work(organization):
            continue
        with in_organization(organization.pk):
            ids = list(with_rules(organization).values_list("pk", flat=True))
        for pk in ids:
            try:
                follow_rule(pk, organization.pk)
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                # One group whose rule fails keeps no other waiting.
                logger.exception("rule of group %s", pk)


@app.task(name="entregent.groups.apply_rule", queue="bulk")
def follow_rule(group_id: int, organization_id: int) -> None:
    """One group, in one transaction: it takes effect whole, or the next time."""
    with in_organization(organization_id):
        group = ClientGroup.objects.live().filter(pk=group_id).select_related("organization").first()
        if group is not None:
            apply_rule(group)
