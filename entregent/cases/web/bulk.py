"""One change of many cases, from the list; and what became of each."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.bulk import JOB, change_cases
from entregent.cases.models import Case
from entregent.cases.web.listing import CaseFilter
from entregent.jobs.actions import cancel_job
from entregent.jobs.web.rows import own_job, rows_page
from entregent.organizations.models import Module
from entregent.ui.pages import see


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def bulk_create(request) -> HttpResponse:
    """Starts the job: of the boxes that are ticked, or of everything that the filter finds."""
    chosen = CaseFilter(request.POST, request.member)
    is_whole = request.POST.get("tout") == "1"
    change = request.POST.get("changement", "")
    job = change_cases(
        by=request.member,
        selection={
            "condition": chosen.condition,
            "text": chosen.text,
            "ids": None if is_whole else request.POST.getlist("ids"),
        },
        change=change,
        value=request.POST.get(f"valeur-{change}", ""),
        reason=request.POST.get("motif", ""),
    )
    return see(request, _at(request, "bulk", job.pk))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_GET
def bulk_detail(request, job_id) -> HttpResponse:
    member = request.member
    slug = member.organization.slug

    def names(ids: list[int]) -> dict[int, tuple[str, str]]:
        found = Case.objects.visible_to(member).filter(pk__in=ids).values_list("pk", "number", "title")
        return {
            pk: (f"{number} · {title}", reverse("cases:detail", args=[slug, number])) for pk, number, title in found
        }

    job = own_job(member, job_id, JOB)
    back = (_("Dossiers"), reverse("cases:list", args=[slug]))
    cancel = _at(request, "bulk_cancel", job.pk)
    return rows_page(request, job, address=_at(request, "bulk", job.pk), cancel=cancel, back=back, names=names)


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def bulk_cancel(request, job_id) -> HttpResponse:
    job = cancel_job(own_job(request.member, job_id, JOB), by=request.member)
    toast = _("La tâche s’arrête.") if job.cancel_asked else _("La tâche était déjà finie.")
    return see(request, _at(request, "bulk", job.pk), toast=toast)


def _at(request, name: str, job_id: int) -> str:
    return reverse(f"cases:{name}", args=[request.member.organization.slug, job_id])
