"""How a page of a business account is drawn."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.access.wall import acting
from entregent.portal.guard import AccountRequest
from entregent.relationships.client_side import joinings_of
from entregent.relationships.models import (
    WARNED_AHEAD,
    AccessRequest,
    AccountUser,
    Level,
    Relationship,
    Visibility,
    today_of,
)
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui import pages
from entregent.ui.pages import add_refusal


def url_of(by: AccountUser, name: str, **kwargs) -> str:
    return reverse(f"portal_accounts:{name}", kwargs={"number": by.account.number, **kwargs})


def render(request: AccountRequest, template: str, context: dict, *, status: int = 200) -> HttpResponse:
    """The page `template` of the account. Context: `here` names the page among the tabs."""
    by = request.account_user
    tabs = [("home", _("Fournisseurs de services")), ("registry", _("Registre"))]
    if by.decides:
        tabs.append(("users", _("Utilisateurs")))
    if by.manages_all:
        tabs.append(("history", _("Historique")))
    tabs.append(("choices", pgettext("account", "Réglages")))
    here = context.get("here")
    whole = {
        "by": by,
        "account": by.account,
        "aurl": lambda name, **kwargs: url_of(by, name, **kwargs),
        "tabs_of_account": [
            {
                "label": label, "url": url_of(by, name), "current": here == name,
                "number": (joinings_of(by).count() or None) if name == "users" else None,
            }
            for name, label in tabs
        ],
        "state_of": state_of,
        "level_of": level_of,
        "days_left": days_left,
        "seen_by": seen_by,
    }  # fmt: skip
    response = pages.render(request, template, whole | context, status=status)
    if status >= 400:
        response.rolls_back = True  # type: ignore[attr-defined]
    return response


@dataclass(frozen=True)
class Tried:
    """What became of a form: `done` is what the action gave; else `status`, that of the page with the form, and why."""

    status: int
    done: Any = None
    refusal: Refusal | Refusals | None = None


def tried(request: HttpRequest, form: Form, act: Callable[..., Any], *, shown: Collection[int] = (409, 422)) -> Tried:
    """Does `act` with what was typed. What it refuses with one of the statuses `shown` stands at the fields of the
    form; any other refusal is a page of its own."""
    if request.method != "POST":
        return Tried(200)
    if not form.is_valid():
        return Tried(422)
    try:
        with acting():
            return Tried(303, act(**form.cleaned_data))
    except (Refusal, Refusals) as refusal:
        status = getattr(refusal, "status", 422)
        if status not in shown:
            raise
        add_refusal(form, refusal)
        return Tried(status, refusal=refusal)


def typed(request: HttpRequest) -> Any:
    """What a form is bound to: what was sent, if anything was."""
    return request.POST if request.method == "POST" else None


def told(refusal: Refusal | Refusals) -> str:
    every = refusal.refusals if isinstance(refusal, Refusals) else [refusal]
    return " ".join(str(one.message) for one in every)


def holds(given: Relationship) -> bool:
    """Whether the provider acts today, whatever the task that ends relationships has written by now."""
    return given.is_active_on(today_of(given.organization))


def state_of(record: Relationship | AccessRequest) -> str:
    return str(record.state_on(today_of(record.organization)).label)


def days_left(given: Relationship) -> int | None:
    """How many days are left, where that is soon."""
    days = given.days_left(today_of(given.organization))
    return days if days is not None and days <= max(WARNED_AHEAD) else None


def level_of(given: Relationship) -> str:
    if given.level == Level.BUSINESS:
        return _("Gestion d'entreprise, tous les programmes")
    return _("Gestion de programme : %(programs)s") % {"programs": ", ".join(program_names(given))}


def program_names(given: Relationship) -> list[str]:
    found = sorted((one.program for one in given.programs.all()), key=lambda program: program.number)
    return [program.number[9:] for program in found]


def seen_by(given: Relationship) -> list[str]:
    """Whose transactions the provider sees."""
    return [str(Visibility(value).label) for value in Visibility.values if value in given.visibility]
