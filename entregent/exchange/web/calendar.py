"""« Mon agenda »: one's follow-ups in another calendar, by a secret address; and the calendar itself."""

import hashlib

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from entregent.access.guard import public, requires
from entregent.access.limits import times
from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.exchange.calendar import calendar_of
from entregent.exchange.calendar_actions import create_feed, member_behind, revoke_feed
from entregent.exchange.models import CalendarFeed
from entregent.organizations.sign_in import client_ip, public_url
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see

# Programs ask every few minutes; whoever asks more often than this from one place is guessing.
MOST_A_MINUTE = 60


@requires(Right.INTERACTION_VIEW)
def my_calendar(request):
    """Makes the address, shows it once, takes it back."""
    member = request.member
    secret = ""
    if request.method == "POST":
        if request.POST.get("geste") == "revoquer":
            revoke_feed(by=member)
            here = reverse("exchange:my_calendar", args=[member.organization.slug])
            return see(request, here, toast=_("L’adresse ne donne plus rien."))
        secret = create_feed(by=member)
    address = public_url("calendar", secret=secret) if secret else ""
    feed = CalendarFeed.objects.filter(organization_id=member.organization_id, membership=member).first()
    response = render(request, "exchange/my_calendar.html", {"feed": feed, "address": address})
    response.headers["Cache-Control"] = "no-store"
    return response


@public
@require_safe
def calendar(request, secret):
    """The calendar behind a secret. An unknown one, a revoked one, one whose member left: all « Introuvable. »."""
    if _is_too_often(request):
        response = HttpResponse(_("Trop de demandes : réessayez dans une minute."), status=429)
        response.headers["Retry-After"] = "60"
        return response
    with transaction.atomic():
        member = member_behind(secret)
        if member is None:
            raise NotFound
        with (
            in_organization(member.organization_id, user_id=member.user_id),
            translation.override(member.user.language),
        ):
            if not member.can(Right.INTERACTION_VIEW):
                raise NotFound
            content = calendar_of(member)
    tag = quote_etag(hashlib.sha256(content).hexdigest()[:32])
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    if tag in [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]:
        response = HttpResponse(status=304)
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = 'inline; filename="suivis.ics"'
    return response


def _is_too_often(request) -> bool:
    return times(f"calendar:{client_ip(request)}", seconds=60) > MOST_A_MINUTE
