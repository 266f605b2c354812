"""The work of a job in chunks: each chunk is one transaction with its rows, its journal and its own marker.

The row of the job is the marker: it is locked for the time of a chunk, and `cursor` and `done` are saved with what
the chunk changed. So a worker that is killed loses and doubles nothing, and two workers never do the same chunk.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from entregent.access.wall import in_organization
from entregent.jobs.extension_points import initiator_finders
from entregent.jobs.models import Job
from entregent.jobs.registry import JobKind

# Called with the job after each chunk: how a command shows its progress.
listeners: list[Callable[[Job], None]] = []
# Set when this process has been asked to end: jobs stop after the chunk at hand and go on with the next worker.
ending = threading.Event()


class Interrupted(Exception):
    """The worker is ending: the job goes on later, from its marker."""


class Cancelled(Exception):
    """Somebody cancelled the job; what its finished chunks did stays done."""


class NotAllowed(Exception):
    """The initiator has lost the right since."""


class Over(Exception):
    """The job has ended already; another worker did it."""


class Work:
    """What the function of a job works with."""

    def __init__(self, kind: JobKind, *, job_id: int, organization_id: int, initiator_id: int | None):
        self.kind = kind
        self.job_id = job_id
        self.organization_id = organization_id
        self.initiator_id = initiator_id

    @contextmanager
    def chunk(self, *, stoppable: bool = True) -> Iterator["Chunk"]:
        """One chunk: inside the organization, on behalf of the initiator, whose right is looked at again."""
        if stoppable and ending.is_set():
            raise Interrupted
        with in_organization(self.organization_id, user_id=self.initiator_id):
            job = Job.objects.select_for_update().get(pk=self.job_id, organization_id=self.organization_id)
            if job.is_over:
                raise Over
            if stoppable and job.cancel_asked:
                raise Cancelled
            chunk = Chunk(job, self._member())
            yield chunk
            job.save(update_fields=["state", "phase", "total", "done", "data", "result", "error", "finished_at"])
        for tell in listeners:
            tell(job)

    def _member(self):
        for find in initiator_finders:
            member = find(self.organization_id, self.initiator_id)
            if member is not None and member.can(self.kind.right):
                return member
        raise NotAllowed


class Chunk:
    """The job under lock, and who asked for it. What is changed of `job` is saved with the chunk."""

    def __init__(self, job: Job, member: Any):
        self.job = job
        self.member = member

    @property
    def cursor(self) -> dict:
        """Where the job stands, as the last finished chunk left it."""
        return self.job.data.setdefault("cursor", {})

    def advance(self, rows: int, **cursor: Any) -> None:
        """So many rows more are done; `cursor` says where the next chunk begins."""
        self.job.done += rows
        self.cursor.update(cursor)
