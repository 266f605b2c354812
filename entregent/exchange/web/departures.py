"""« Export complet »: the archive of the whole organization, asked for, taken, removed."""

from django.http import FileResponse, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.documents.files import storage
from entregent.exchange import departures
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import see

SHOWN = 20


@requires(Right.LEAVE)
def departure_list(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        departures.ask_for_departure(by=request.member)
        return see(request, _at(request), toast=_("L’export complet est en préparation."))
    found = list(departures.departures_of(request.member)[:SHOWN])
    running = departures.running_departure(request.member)
    context = {"departures": found, "running": running, "now": timezone.now(), "days": departures.KEPT_FOR.days}
    return render_administration(request, "exchange/departures.html", context)


@requires(Right.LEAVE)
@require_POST
def departure_file(request: MemberRequest, pk: int) -> FileResponse:
    """By POST: taking everything out is written into the journal."""
    departure = departures.take_departure(pk, by=request.member)
    try:
        content = storage().open(departure.key, "rb")
    except FileNotFoundError as gone:
        raise NotFound from gone
    name = f"{request.member.organization.slug}-{departure.made_at:%Y-%m-%d}.zip"
    answer = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@requires(Right.LEAVE)
@require_POST
def departure_remove(request: MemberRequest, pk: int) -> HttpResponse:
    departures.remove_departure(pk, by=request.member)
    return see(request, _at(request), toast=_("Export complet supprimé."))


def _at(request: MemberRequest) -> str:
    return reverse("exchange:departures", kwargs={"organization": request.member.organization.slug})
