"""Answers of the portal when no view answered: the product's sentences in the portal's own form."""

from django.utils.translation import gettext_lazy as _

from entregent.portal.sessions import is_portal
from entregent.toolbox.errors import NotFound, Refusal
from entregent.ui import pages
from entregent.ui.web import errors


def draw_refusal(request, refusal: Refusal):
    """A refusal as a page of the portal; None for what is not asked of the portal. Absent, refused and foreign give
    the same page, letter for letter, signed in or not."""
    if not is_portal(request):
        return None
    request.member = None
    if request.headers.get("Accept", "").startswith("application/json"):
        return pages.draw_refusal(request, refusal)
    return pages.render(
        request, "portal/error.html", {"refusal": refusal, "reference": ""}, fragment="refusal", status=refusal.status
    )


def not_found(request, exception=None):
    return draw_refusal(request, NotFound())


def bad_request(request, exception=None):
    return draw_refusal(request, Refusal("E-REQUEST", _("Cette demande ne peut pas être traitée."), status=400))


fault = errors.fault
