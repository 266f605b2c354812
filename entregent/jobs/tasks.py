"""The task behind every job. It may run twice and be killed anywhere: `jobs.work` says why nothing is lost."""

import logging

from django.db import InterfaceError, OperationalError
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.jobs.extension_points import job_cancellations, job_failures
from entregent.jobs.models import Job
from entregent.jobs.registry import kinds
from entregent.jobs.work import Cancelled, Interrupted, NotAllowed, Over, Work
from entregent.toolbox.errors import Refusal, Refusals

logger = logging.getLogger(__name__)

_DATABASE_IS_AWAY = (OperationalError, InterfaceError)


class _GoOnLater(BaseRetryStrategy):
    """A job that was interrupted goes on with the next worker; one whose database went away, in a few seconds."""

    def get_retry_decision(self, *, exception, job):
        if isinstance(exception, Interrupted):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, _DATABASE_IS_AWAY) and job.attempts < 50:
            return RetryDecision(retry_in={"seconds": 5})
        return None


@app.task(name="entregent.jobs.run_job", queue="bulk", retry=_GoOnLater())
def run_job(job_id: int, organization_id: int) -> None:
    """Does the job, from where it stands."""
    begun = _begin(job_id, organization_id)
    if begun is None:
        return
    work, language = begun
    with translation.override(language):
        try:
            work.kind.run(work)
        except (Interrupted, *_DATABASE_IS_AWAY):
            raise
        except Over:
            return
        except Cancelled:
            _end(work, Job.State.CANCELLED)
        except NotAllowed:
            _end(work, Job.State.FAILED, _("Vous n’avez plus l’habilitation nécessaire."))
        except Refusals as refused:
            _end(work, Job.State.FAILED, " ".join(str(one.message) for one in refused.refusals))
        except Refusal as refused:
            _end(work, Job.State.FAILED, str(refused.message))
        except Exception:
            # A fault of ours: the person is told that it failed and where it stands; the log says why.
            logger.exception("job %s failed", job_id)
            _end(work, Job.State.FAILED, _("Une erreur est survenue. Ce qui est fait est gardé."))
        else:
            _end(work, Job.State.DONE)


def _begin(job_id: int, organization_id: int) -> tuple[Work, str] | None:
    with in_organization(organization_id):
        job = Job.objects.select_for_update().filter(pk=job_id, organization_id=organization_id).first()
        if job is None or job.is_over:
            return None
        if job.state != Job.State.RUNNING:
            job.state = Job.State.RUNNING
            job.started_at = timezone.now()
            job.save(update_fields=["state", "started_at"])
    kind = kinds.get(job.kind)
    if kind is None:
        raise LookupError(f"no job of kind {job.kind!r} is registered")
    work = Work(kind, job_id=job_id, organization_id=organization_id, initiator_id=job.initiator_id)
    return work, job.data.get("language") or "fr"


def _end(work: Work, state: str, error: str = "") -> None:
    with in_organization(work.organization_id, user_id=work.initiator_id):
        ended = (
            Job.objects.filter(pk=work.job_id, organization_id=work.organization_id)
            .exclude(state__in=[Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED])
            .update(state=state, error=error, finished_at=timezone.now())
        )
        if ended and state in (Job.State.FAILED, Job.State.CANCELLED):
            job = Job.objects.get(pk=work.job_id)
            for happened in job_failures if state == Job.State.FAILED else job_cancellations:
                happened(job)
