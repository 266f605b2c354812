"""A job that failed, told to whoever asked for it: `jobs` stands below and knows of no notification."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.jobs.models import Job
from entregent.notifications.actions import notify
from entregent.notifications.extension_points import About, Event
from entregent.organizations.models import Organization

JOB_FAILED = "job.failed"


def job_events() -> list[Event]:
    return [
        Event(
            code=JOB_FAILED,
            label=gettext_lazy("Une tâche que j’ai lancée a échoué"),
            sentence=_sentence,
            details=lambda words: [words["reason"]] if words.get("reason") else [],
            about=About.ONESELF,
            icon="alert-triangle",
        )
    ]


def _sentence(words: dict) -> str:
    return _("La tâche n° %(number)s a échoué : %(label)s") % {"number": words["number"], "label": words["label"]}


def tell_initiator(job: Job) -> None:
    if job.initiator_id is None:
        return
    organization = Organization.objects.get(pk=job.organization_id)
    notify(
        organization=organization,
        event=JOB_FAILED,
        users=[job.initiator_id],
        subject_record=job,
        url=reverse("jobs:detail", kwargs={"organization": organization.slug, "job_id": job.pk}),
        words={"number": job.pk, "label": job.label or job.kind, "reason": job.error},
    )
