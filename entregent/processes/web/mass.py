"""How far a launch of many plans is, and who was left out of it."""

from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.clients.models import BulkRow, Client
from entregent.jobs.actions import cancel_job
from entregent.jobs.models import Job
from entregent.processes.actions.mass import KIND
from entregent.processes.web.plans import MODULE, at
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

PAGE = 100


@require_safe
@requires(Right.PROCESS_LEAD, module=MODULE)
def mass_launch(request: MemberRequest, job_id: int) -> HttpResponse:
    """One launch; drawn again each second while it is at work."""
    job = _job(request.member, job_id)
    verdict = BulkRow.Verdict.REFUSED if request.GET.get("vue") == "ecartes" else BulkRow.Verdict.CHANGED
    rows = BulkRow.objects.filter(job_id=job.pk, organization_id=job.organization_id, verdict=verdict).order_by("id")
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        rows = rows.filter(id__gt=after)
    found = list(rows.values("id", "client_id", "reason")[: PAGE + 1])
    seen = Client.objects.visible_to(request.member).filter(pk__in=[row["client_id"] for row in found])
    clients = {pk: (number, name) for pk, number, name in seen.values_list("pk", "number", "display_name")}
    address = at("mass_launch", request.member, job_id=job.pk)
    view = "ecartes" if verdict == BulkRow.Verdict.REFUSED else "lances"
    more = urlencode({"vue": view, "apres": str(found[PAGE - 1]["id"])}) if len(found) > PAGE else ""
    context = {
        "job": job,
        "rows": [(*clients.get(row["client_id"], ("", "")), row["reason"]) for row in found[:PAGE]],
        "is_left_out": verdict == BulkRow.Verdict.REFUSED,
        "mass_url": address,
        "cancel_url": at("mass_cancel", request.member, job_id=job.pk),
        "next_url": f"{address}?{more}" if more else "",
    }
    return render(request, "processes/mass.html", context, fragment="progress")


@require_POST
@requires(Right.PROCESS_LEAD, module=MODULE)
def mass_cancel(request: MemberRequest, job_id: int) -> HttpResponse:
    job = cancel_job(_job(request.member, job_id), by=request.member)
    toast = _("La tâche s’arrête.") if job.cancel_asked else _("La tâche était déjà finie.")
    return see(request, at("mass_launch", request.member, job_id=job.pk), toast=toast)


def _job(member, job_id: int) -> Job:
    """One's own launches; an administrator sees everybody's."""
    jobs = Job.objects.filter(organization_id=member.organization_id, kind=KIND)
    if not member.can(Right.SETTINGS):
        jobs = jobs.filter(initiator_id=member.user_id)
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job
