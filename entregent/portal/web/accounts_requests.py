"""A provider's request as the business reads and answers it: « Détails », « Approuver », « Rejeter » (R002-31, -32)."""

from functools import partial

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from entregent.portal.guard import AccountRequest, account_page
from entregent.portal.web.accounts_forms import ApproveForm, RejectForm
from entregent.portal.web.accounts_pages import Tried, holds, render, told, tried, typed, url_of
from entregent.relationships import actions
from entregent.relationships.client_side import is_waiting, programs_of, relationships_of, requests_of
from entregent.relationships.models import AccessRequest, Relationship
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import see


@account_page
@require_safe
def details(request: AccountRequest, pk: int) -> HttpResponse:
    """Who asks, with what comments, and until when it waits."""
    return _details(request, _found(request, pk))


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    asked = _found(request, pk)
    before = _before(request, asked)
    form = ApproveForm(typed(request), by=by, programs=list(programs_of(by)), initial=_initial(before))
    answer = tried(request, form, partial(actions.approve_access, asked, by=by))
    if answer.status == 303:
        words = {"provider": asked.organization.name, "account": by.account.name}
        toast = _("%(provider)s peut maintenant agir pour %(account)s.") % words
        return see(request, url_of(by, "home"), toast=toast)
    if (decided := _decided(request, asked, answer)) is not None:
        return decided
    context = {"here": "home", "asked": asked, "form": form, "before": before}
    return render(request, "portal/accounts_approve.html", context, status=answer.status)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    asked = _found(request, pk)
    form = RejectForm(typed(request))
    answer = tried(request, form, partial(actions.reject_access, asked, by=by))
    if answer.status == 303:
        words = {"provider": asked.organization.name}
        toast = _("La demande de %(provider)s est rejetée.") % words
        return see(request, url_of(by, "home"), toast=toast)
    if (decided := _decided(request, asked, answer)) is not None:
        return decided
    context = {"here": "home", "asked": asked, "form": form}
    return render(request, "portal/accounts_reject.html", context, status=answer.status)


def _decided(request: AccountRequest, asked: AccessRequest, answer: Tried) -> HttpResponse | None:
    """« Détails » in place of the form, where somebody has answered already, perhaps since the page was opened."""
    if answer.status == 409 and answer.refusal is not None:
        return _details(request, asked, refused=told(answer.refusal), status=409)
    return _details(request, asked) if request.method != "POST" and not is_waiting(asked) else None


def _found(request: AccountRequest, pk: int) -> AccessRequest:
    found = requests_of(request.account_user).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _before(request: AccountRequest, asked: AccessRequest) -> Relationship | None:
    """What the provider has today and the new access replaces."""
    found = relationships_of(request.account_user).filter(
        organization_id=asked.organization_id, state=Relationship.State.ACTIVE
    )
    given = found.first()
    return given if given is not None and holds(given) else None


def _initial(before: Relationship | None) -> dict:
    if before is None:
        return {}
    return {
        "level": before.level,
        "programs": [str(one.program_id) for one in before.programs.all()],
        "visibility": before.visibility,
    }


def _details(request: AccountRequest, asked: AccessRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    if refused:
        asked = _found(request, asked.pk)
    context = {"here": "home", "asked": asked, "waits": is_waiting(asked), "refused": refused,
               "before": _before(request, asked)}  # fmt: skip
    return render(request, "portal/accounts_request.html", context, status=status)
