"""What the pages of this area share: the door, the application at hand, its left navigation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.enrollment.models import LoanApplication
from entregent.enrollment.navigation import is_on
from entregent.toolbox.errors import Refusal


class NotAskedFor(Refusal):
    """The module is off: it is optional, and an organization asks for it (R000-01)."""

    def __init__(self):
        message = gettext_lazy("Cette fonction est facultative et doit être demandée par votre entreprise.")
        super().__init__("E-MODULE", message, status=403)


def requires_loans(right: Right) -> Callable:
    """As `requires`, and the module on; off, the page says that it must be asked for."""

    def decorate(view: Callable) -> Callable:
        @requires(right)
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not is_on(request.member):
                raise NotAskedFor
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def at(name: str, member, **kwargs: Any) -> str:
    return reverse(f"enrollment:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def application_of(request, number: str, right: Right = Right.LOAN_VIEW) -> LoanApplication:
    records = LoanApplication.objects.visible_to(request.member, right).select_related("agent", "organization")
    return records.found(number=number)


def pages_of(application: LoanApplication, member) -> list[dict[str, Any]]:
    """The left navigation of an application."""
    number = application.number
    pages = [
        {
            "label": _("Demande de prêt"),
            "url": at("detail", member, number=number),
            "icon": "file-text",
            "code": "detail",
        }
    ]
    if member.can(Right.LOAN_EDIT):
        pages.append(
            {
                "label": _("Modifier la demande"), "url": at("update", member, number=number), "icon": "pencil",
                "code": "update",
            }
        )  # fmt: skip
    pages.append(
        {"label": _("Services"), "url": at("services", member, number=number), "icon": "list-check", "code": "services"}
    )
    return pages


STATE_TONES = {"none": "neutral", "pending": "info", "enrolled": "ok", "removed": "warn"}
STATUS_TONES = {
    "in_progress": "info", "submitted": "info", "approved": "ok", "declined": "bad", "accepted": "ok",
    "ready_to_close": "accent", "closed": "neutral", "payable": "accent", "paid": "ok", "complete": "neutral",
    "cancelled": "neutral",
}  # fmt: skip
