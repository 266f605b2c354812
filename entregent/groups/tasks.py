"""The work behind « Demandes de traitement »."""

from entregent.access.rights import Right
from entregent.groups.actions.staging import KIND, Lost, Made, carry_out
from entregent.groups.models import ProcessingRequest
from entregent.jobs.models import Job
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Work

State = ProcessingRequest.State


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
