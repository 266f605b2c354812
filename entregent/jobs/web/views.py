from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.jobs import actions
from entregent.jobs.models import Job
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see


@require_GET
@requires(Right.DATA_IMPORT)
def job_list(request):
    """The last jobs of the organization: an administrator sees all of them, others their own."""
    return render(request, "jobs/job_list.html", {"jobs": list(_visible(request.member)[:100])})


@require_GET
@requires(Right.DATA_IMPORT)
def job_detail(request, job_id):
    """How far a job is; asked again each second while it works."""
    return render(request, "jobs/job_detail.html", {"job": _job(request.member, job_id)}, fragment="progress")


@require_POST
@requires(Right.DATA_IMPORT)
def cancellation_create(request, job_id):
    job = actions.cancel_job(_job(request.member, job_id), by=request.member)
    toast = _("La tâche s’arrête.") if job.cancel_asked else _("La tâche était déjà finie.")
    return see(request, reverse("jobs:detail", args=[request.member.organization.slug, job.pk]), toast=toast)


def _visible(member):
    jobs = Job.objects.filter(organization_id=member.organization_id)
    return jobs if member.can(Right.SETTINGS) else jobs.filter(initiator_id=member.user_id)


def _job(member, job_id) -> Job:
    job = _visible(member).filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job
