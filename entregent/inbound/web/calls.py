"""Who calls, on the page at hand: asked every few seconds by members who have an extension, and by nobody else."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.inbound import calls
from entregent.inbound.models import PhoneCall, PhoneLine
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import render, see

# In the session: whether this member has an extension. Pages ask nothing where they have none.
HAS_LINE = "phone_line"


@require_GET
@requires(Right.INTERACTION_LOG)
def call_now(request):
    """The fragment that stands on every page: empty, or the call with what can be done about it."""
    member = request.member
    has_line = _line(member) is not None
    _remember(request, has_line)
    if not has_line:
        return HttpResponse("")
    call = calls.open_call(member)
    client, told = calls.who_calls(member, call) if call is not None else (None, "")
    context = {"call": call, "client": client, "told": told, "links": _links(member, call, client)}
    return render(request, "inbound/call.html", context)


def _links(member, call: PhoneCall | None, client) -> dict[str, str]:
    if call is None:
        return {}
    slug = member.organization.slug
    compose = {"client": client.number} if client is not None else {}
    compose |= {"canal": "phone_call", "depuis": calls.mark_of(call)}
    if call.caller:
        compose["telephone"] = call.caller
    return {
        "file": reverse("workspace:client", args=[slug, client.number]) if client is not None else "",
        "search": f"/{slug}/recherche/?{urlencode({'q': call.caller})}",
        "compose": f"{reverse('interactions:create', args=[slug])}?{urlencode(compose)}",
    }


@require_POST
@requires(Right.INTERACTION_LOG)
def call_close(request, pk):
    call = PhoneCall.objects.filter(
        pk=pk, organization_id=request.member.organization_id, user_id=request.member.user_id
    ).first()
    if call is None:
        raise NotFound
    calls.close_call(call, by=request.member)
    if request.headers.get("HX-Request"):
        return HttpResponse("")
    return see(request, f"/{request.member.organization.slug}/")


@requires(Right.INTERACTION_LOG)
def my_line(request):
    """« Mon poste téléphonique »: the extension on which one is called."""
    member = request.member
    line = _line(member)
    extension, error = line.extension if line is not None else "", ""
    if request.method == "POST":
        extension = request.POST.get("extension", "")
        try:
            line = calls.set_phone_line(by=member, user=member.user, extension=extension)
            _remember(request, line is not None)
            toast = _("Poste enregistré.") if line is not None else _("Les appels ne sont plus affichés.")
            return see(request, reverse("inbound:my_line", args=[member.organization.slug]), toast=toast)
        except (Refusal, Refusals) as refused:
            error = str(refused.message) if isinstance(refused, Refusal) else str(refused)
    recent = list(PhoneCall.objects.filter(organization_id=member.organization_id, user_id=member.user_id)[:20])
    logged = calls.interactions_of(member, recent)
    context = {"extension": extension, "error": error, "calls": [(call, logged.get(call.pk)) for call in recent]}
    return render(request, "inbound/my_line.html", context, status=422 if error else 200)


def _line(member) -> PhoneLine | None:
    return PhoneLine.objects.filter(organization_id=member.organization_id, user_id=member.user_id).first()


def _remember(request, has_line: bool) -> None:
    key = f"{HAS_LINE}:{request.member.organization_id}"
    if request.session.get(key) != has_line:
        request.session[key] = has_line
