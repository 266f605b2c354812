"""Where somebody who signed in goes: the choice of the organization, and its first page."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from entregent.organizations.models import User
from entregent.portal import reading
from entregent.portal.guard import PortalRequest, choose_access, organizations_of, portal_page, portal_signed_in
from entregent.portal.web.cases import has_cases
from entregent.portal.web.pages import render
from entregent.portal.web.transfers import awaited
from entregent.relationships.client_side import accounts_of
from entregent.toolbox.errors import NotFound
from entregent.ui import pages

SHOWN = 6


@portal_signed_in
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """To the one organization that lets the person in, else the choice among them and the person's businesses."""
    user = cast(User, request.user)
    found = organizations_of(user)
    has_accounts = accounts_of(user).exists()
    if len(found) == 1 and not has_accounts:
        return HttpResponseRedirect(reverse("portal:home", kwargs={"organization": found[0][0].slug}))
    if has_accounts and not found:
        return HttpResponseRedirect(reverse("portal_accounts:list"))
    return pages.render(request, "portal/choose.html", {"found": found, "has_accounts": has_accounts})


@portal_page
@require_safe
def home(request: PortalRequest) -> HttpResponse:
    """« Ce qui vous attend » and « Ce que nous faisons »."""
    access = request.visitor.access
    waiting, more_waiting = reading.recent(access, only=reading.WAITING, limit=SHOWN)
    in_hand, more_in_hand = reading.recent(access, only=reading.IN_HAND, limit=SHOWN)
    follows = has_cases(request.visitor)
    awaited_cases, open_cases, more_cases = reading.matters_at_home(access, SHOWN) if follows else ([], [], False)
    transfers = awaited(request.visitor, most=SHOWN + 1)
    context = {
        "here": "home",
        "waiting": waiting,
        "more_waiting": more_waiting is not None,
        "in_hand": in_hand,
        "more_in_hand": more_in_hand is not None,
        "awaited_cases": awaited_cases,
        "open_cases": open_cases,
        "more_cases": more_cases,
        "transfers": transfers[:SHOWN],
        "more_transfers": len(transfers) > SHOWN,
    }
    return render(request, "portal/home.html", context)


@portal_page
@require_POST
def choose_context(request: PortalRequest) -> HttpResponse:
    """For which client one is here, where there are several."""
    wanted = request.POST.get("access", "")
    access = next((one for one in request.visitor.accesses if str(one.pk) == wanted), None)
    if access is None:
        raise NotFound
    choose_access(request, request.visitor, access)
    return pages.see(request, request.visitor.url("home"))
