"""One change of many clients, from the bar of a selection; and what became of each."""

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.actions.bulk import JOB, change_clients
from entregent.clients.models import BulkRow, Client
from entregent.jobs.actions import cancel_job
from entregent.jobs.models import Job
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.spreadsheets import csv_pieces
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see
from entregent.workspace.web.client_management_grid import Grid
from entregent.workspace.web.client_management_pane import MODULE
from entregent.workspace.web.client_management_values import NOTHING_CHOSEN

PAGE = 100


@requires(Right.CLIENT_EDIT, module=MODULE)
@require_POST
def bulk_create(request) -> HttpResponse:
    """Starts the job: of the rows chosen, or of « toute la recherche » but for those taken out."""
    change = request.POST.get("changement", "")
    if request.POST.get(f"valeur-{change}") == NOTHING_CHOSEN:
        raise Refusal("E-REQUIRED", _("Choisissez d’abord la nouvelle valeur."), field="value")
    job = change_clients(
        by=request.member,
        selection=selection_of(request),
        change=change,
        value=request.POST.get(f"valeur-{change}", ""),
    )
    return see(request, reverse("workspace:bulk", args=[request.member.organization.slug, job.pk]))


def selection_of(request) -> dict:
    """What the bar of a selection sends, as bulk work and export take it."""
    grid = Grid.of(request)
    posted = request.POST if request.method == "POST" else request.GET
    whole = posted.get("tout") == "1"
    return {
        "list": grid.definition.code,
        "condition": grid.condition,
        "text": grid.text,
        "ids": None if whole else _ids(posted, "ids"),
        "except": _ids(posted, "sauf") if whole else [],
    }


def carried(request, own: tuple[str, ...]) -> list[tuple[str, str]]:
    """The selection as hidden fields, for a page that asks further before it acts; `own` is what that page sends."""
    left_out = ("csrfmiddlewaretoken", "changement", *own)
    return [
        (name, value)
        for name in request.POST
        if name not in left_out and not name.startswith("valeur-")
        for value in request.POST.getlist(name)
    ]


def _ids(posted, name: str) -> list[int]:
    """Boxes one by one, or all in one field with commas."""
    texts = [part for text in posted.getlist(name) for part in text.split(",")]
    return [pk for pk in map(as_id, texts) if pk is not None]


@require_GET
@requires(Right.CLIENT_EDIT, module=MODULE)
def bulk_detail(request, job_id) -> HttpResponse:
    """How far the change is, and what became of each client: changed, unchanged, refused and why."""
    job = _job(request.member, job_id)
    verdict = request.GET.get("resultat", "")
    verdict = verdict if verdict in BulkRow.Verdict.values else ""
    rows = _rows(job, verdict)
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        rows = rows.filter(id__gt=after)
    found = list(rows.values("id", "client_id", "verdict", "reason")[: PAGE + 1])
    _name(found, request.member)
    address = reverse("workspace:bulk", args=[request.member.organization.slug, job.pk])
    following = urlencode({"resultat": verdict, "apres": found[PAGE - 1]["id"]}) if len(found) > PAGE else ""
    context = {
        "job": job,
        "rows": found[:PAGE],
        "verdict": verdict,
        "verdicts": dict(BulkRow.Verdict.choices),
        "counts": {name: job.result.get(name, 0) for name in ("changed", "unchanged", "refused")},
        "bulk_url": address,
        "next_url": f"{address}?{following}" if following else "",
    }
    fragment = "rows" if after is not None else "progress"
    return render(request, "workspace/client_management_bulk.html", context, fragment=fragment)


@require_GET
@requires(Right.CLIENT_EDIT, module=MODULE)
def bulk_refused(request, job_id) -> StreamingHttpResponse:
    """The rows that were refused, as a file: number, name, why."""
    job = _job(request.member, job_id)
    record("export", by=request.member, kind="bulk_refused")
    with override(request.member.user.language):
        header = [_("N° client"), _("Client"), _("Motif du refus")]
    rows = list(_rows(job, BulkRow.Verdict.REFUSED).values("client_id", "reason"))
    _name(rows, request.member)
    # Read within the transaction of the request, which a streamed answer would outlive.
    pieces = list(csv_pieces(header, ([row["number"], row["name"], row["reason"]] for row in rows)))
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="refus-{job.pk}.csv"'
    return response


@require_POST
@requires(Right.CLIENT_EDIT, module=MODULE)
def bulk_cancel(request, job_id) -> HttpResponse:
    job = cancel_job(_job(request.member, job_id), by=request.member)
    toast = _("La tâche s’arrête.") if job.cancel_asked else _("La tâche était déjà finie.")
    return see(request, reverse("workspace:bulk", args=[request.member.organization.slug, job.pk]), toast=toast)


def _job(member, job_id) -> Job:
    """One's own changes; an administrator sees everybody's."""
    jobs = Job.objects.filter(organization_id=member.organization_id, kind=JOB)
    if not member.can(Right.SETTINGS):
        jobs = jobs.filter(initiator_id=member.user_id)
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise NotFound
    return job


def _rows(job: Job, verdict: str):
    """Those first that say something: all of them in the order of the job."""
    rows = BulkRow.objects.filter(job_id=job.pk, organization_id=job.organization_id).order_by("id")
    return rows.filter(verdict=verdict) if verdict else rows


def _name(rows: list[dict], member) -> None:
    """Number and name of the clients that the member sees now; whoever left their reach stays unnamed."""
    seen: dict[int, tuple[str, str]] = {}
    ids = [row["client_id"] for row in rows]
    for start in range(0, len(ids), 5000):
        known = Client.objects.visible_to(member).filter(pk__in=ids[start : start + 5000])
        seen |= {pk: (number, name) for pk, number, name in known.values_list("pk", "number", "display_name")}
    for row in rows:
        row["number"], row["name"] = seen.get(row["client_id"], ("", ""))
