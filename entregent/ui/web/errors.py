"""Answers when no view answered: an address that leads nowhere, a request that cannot be read, a fault of ours."""

import logging
import secrets

from django.http import HttpResponseServerError
from django.utils.translation import gettext_lazy as _

from entregent.toolbox.errors import NotFound, Refusal
from entregent.ui.pages import draw_refusal, is_htmx, render

log = logging.getLogger("entregent.faults")


def not_found(request, exception=None):
    """The same page, letter for letter, as for what is out of reach."""
    return draw_refusal(request, NotFound())


def bad_request(request, exception=None):
    return draw_refusal(request, Refusal("E-REQUEST", _("Cette demande ne peut pas être traitée."), status=400))


def fault(request):
    """A fault of ours: noted under a number that the person can quote. Nothing of the request is in the answer."""
    reference = secrets.token_hex(4)
    # In ASCII: an address may hold line ends, and with them lines of a log that nobody wrote.
    log.error("fault %s at %s %s", reference, request.method, ascii(request.path)[1:-1])
    refusal = Refusal("E-FAULT", _("Une erreur s'est produite."), status=500)
    try:
        request.member = None
        response = render(
            request,
            "ui/error.html",
            {"refusal": refusal, "reference": reference},
            fragment="refusal" if is_htmx(request) else None,
            status=500,
        )
    except Exception:
        # The page itself is what fails (database gone, for one): a sentence still comes.
        log.exception("the page of fault %s could not be drawn", reference)
        response = HttpResponseServerError(f"{refusal.message} ({reference})", content_type="text/plain; charset=utf-8")
    response.headers["X-Request-Id"] = reference
    return response
