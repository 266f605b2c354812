"""A provider's request as the business reads and answers it: « Détails », « Approuver », « Rejeter » (R002-31, -32)."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from entregent.access.wall import acting
from entregent.portal.guard import AccountRequest, account_page
from entregent.portal.web.accounts_forms import ApproveForm, RejectForm
from entregent.portal.web.accounts_pages import holds, render, told, url_of
from entregent.relationships import actions
from entregent.relationships.client_side import is_waiting, programs_of, relationships_of, requests_of
from entregent.relationships.models import AccessRequest, Relationship
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, see


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
    form = ApproveForm(
        request.POST if request.method == "POST" else None,
        by=by,
        programs=list(programs_of(by)),
        initial=_initial(before),
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with acting():
                    actions.approve_access(asked, by=by, **form.cleaned_data)
            except (Refusal, Refusals) as refusal:
                if getattr(refusal, "status", 422) == 409:
                    return _details(request, asked, refused=told(refusal), status=409)
                if getattr(refusal, "status", 422) != 422:
                    raise
                add_refusal(form, refusal)
            else:
                words = {"provider": asked.organization.name, "account": by.account.name}
                toast = _("%(provider)s peut maintenant agir pour %(account)s.") % words
                return see(request, url_of(by, "home"), toast=toast)
    elif not is_waiting(asked):
        return _details(request, asked)
    context = {"here": "home", "asked": asked, "form": form, "before": before}
    return render(request, "portal/accounts_approve.html", context, status=status)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    asked = _found(request, pk)
    form = RejectForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with acting():
                    actions.reject_access(asked, by=by, **form.cleaned_data)
            except (Refusal, Refusals) as refusal:
                if getattr(refusal, "status", 422) == 409:
                    return _details(request, asked, refused=told(refusal), status=409)
                if getattr(refusal, "status", 422) != 422:
                    raise
                add_refusal(form, refusal)
            else:
                words = {"provider": asked.organization.name}
                toast = _("La demande de %(provider)s est rejetée.") % words
                return see(request, url_of(by, "home"), toast=toast)
    elif not is_waiting(asked):
        return _details(request, asked)
    context = {"here": "home", "asked": asked, "form": form}
    return render(request, "portal/accounts_reject.html", context, status=status)


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
