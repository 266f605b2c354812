"""Who works on a business account, as what, in which programs; inviting them and taking them off (R002-34, -39)."""

from functools import partial

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from entregent.access.rights import Role
from entregent.access.wall import acting
from entregent.organizations.models import User
from entregent.organizations.web.account_forms import InvitationForm
from entregent.portal.guard import AccountRequest, account_page, portal_public
from entregent.portal.web.accounts_forms import ChangeForm, InviteForm
from entregent.portal.web.accounts_pages import render, told, tried, typed, url_of
from entregent.relationships import actions
from entregent.relationships.actions.invitations import invitation_refused
from entregent.relationships.client_side import invitations_of, is_below, joinings_of, programs_of, users_of
from entregent.relationships.models import MANAGERS_ADVISED, AccountUser
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui import pages
from entregent.ui.pages import add_refusal, see


@account_page
@require_safe
def users(request: AccountRequest) -> HttpResponse:
    by = request.account_user
    if not by.decides:
        raise NotFound
    found = list(users_of(by))
    own = set(by.programs.values_list("pk", flat=True))
    managers = sum(1 for one in found if one.role == Role.ADMIN)
    context = {
        "here": "users",
        "found": [(one, _is_for(by, one, own)) for one in found],
        "invited": invitations_of(by),
        "joining": list(joinings_of(by)),
        "too_few": managers < MANAGERS_ADVISED,
    }
    return render(request, "portal/accounts_users.html", context)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: AccountRequest) -> HttpResponse:
    """By a link in a mail; whether the address is known here is not told."""
    by = request.account_user
    if not by.decides:
        raise NotFound
    initial = {"language": by.user.language}
    form = InviteForm(typed(request), by=by, programs=list(programs_of(by)), initial=initial)
    answer = tried(request, form, partial(actions.invite_account_user, by=by), shown=(409, 422, 429))
    if answer.status == 303:
        toast = _("Une invitation est partie à %(email)s.") % {"email": answer.done.email}
        return see(request, url_of(by, "users"), toast=toast)
    return render(request, "portal/accounts_invite.html", {"here": "users", "form": form}, status=answer.status)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: AccountRequest, pk: int) -> HttpResponse:
    """Another role, other programs."""
    by = request.account_user
    one = _found(request, pk)
    initial = {
        "role": one.role, "programs": [str(program.pk) for program in one.programs.all()], "version": one.version,
    }  # fmt: skip
    form = ChangeForm(typed(request), by=by, programs=list(programs_of(by)), initial=initial)
    answer = tried(request, form, partial(actions.change_account_user, one, by=by))
    if answer.status == 303:
        toast = _("Le rôle de %(name)s est enregistré.") % {"name": one.user.name}
        # Whoever has given up deciding has no list of users any more.
        decides = one.pk != by.pk or answer.done.decides
        return see(request, url_of(by, "users" if decides else "home"), toast=toast)
    context = {"here": "users", "one": one, "form": form}
    return render(request, "portal/accounts_user.html", context, status=answer.status)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: AccountRequest, pk: int) -> HttpResponse:
    """Takes somebody off the account; oneself by « Quitter ce compte »."""
    by = request.account_user
    one = _found(request, pk)
    if one.pk == by.pk:
        raise NotFound
    refused, status = "", 200
    if request.method == "POST":
        try:
            with acting():
                actions.remove_account_user(one, by=by, version=_version(request))
        except (Refusal, Refusals) as refusal:
            if getattr(refusal, "status", 422) not in (409, 422):
                raise
            refused, status = told(refusal), getattr(refusal, "status", 422)
        else:
            words = {"name": one.user.name, "account": by.account.name}
            toast = _("%(name)s ne travaille plus sur le compte de %(account)s.") % words
            return see(request, url_of(by, "users"), toast=toast)
    context = {"here": "users", "one": one, "refused": refused}
    return render(request, "portal/accounts_user_remove.html", context, status=status)


@account_page
@require_POST
def withdraw(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    found = next((one for one in invitations_of(by) if one.pk == pk), None)
    if found is None:
        raise NotFound
    with acting():
        actions.withdraw_account_invitation(found, by=by)
    toast = _("L'invitation de %(email)s est retirée.") % {"email": found.email}
    return see(request, url_of(by, "users"), toast=toast)


@portal_public
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Wrong, too old, used and withdrawn links answer the same page."""
    invited = actions.find_account_invitation(token)
    if invited is None:
        raise invitation_refused()
    account = request.user if request.user.is_authenticated else None
    has_account = account is None and User.objects.filter(email__iexact=invited.email).exists()
    form = InvitationForm(request.POST if request.method == "POST" else None) if account is None else None
    refused, status = "", 200
    if request.method == "POST" and not has_account:
        status = 422
        if form is None or form.is_valid():
            try:
                typed = form.cleaned_data if form is not None else {}
                added = actions.accept_account_invitation(token, user=account, **typed)  # type: ignore[arg-type]
            except (Refusal, Refusals) as refusal:
                if getattr(refusal, "status", 422) not in (409, 422):
                    raise
                status = getattr(refusal, "status", 422)
                if form is not None:
                    add_refusal(form, refusal)
                else:
                    refused = told(refusal)
            else:
                return _welcome(request, added, is_new=account is None)
    context = {
        "invited": invited, "form": form, "account": account, "has_account": has_account, "refused": refused,
    }  # fmt: skip
    return pages.render(request, "portal/accounts_invitation.html", context, status=status)


def _welcome(request: HttpRequest, added: AccountUser, *, is_new: bool) -> HttpResponse:
    url = url_of(added, "home")
    if not is_new:
        toast = _("Vous travaillez maintenant sur le compte de %(account)s.") % {"account": added.account.name}
        return see(request, url, toast=toast)
    record_authentication(request, added.user, method="invitation")
    return perform_login(request, added.user, email_verification="none", redirect_url=url)


def _found(request: AccountRequest, pk: int) -> AccountUser:
    """Somebody of the account whose role is for this user to give and take."""
    by = request.account_user
    one = users_of(by).filter(pk=pk).first()
    if one is None or not _is_for(by, one, set(by.programs.values_list("pk", flat=True))):
        raise NotFound
    return one


def _is_for(by: AccountUser, one: AccountUser, own: set[int]) -> bool:
    return is_below(by, one.role, {program.pk for program in one.programs.all()}, own)


def _version(request: AccountRequest) -> int:
    typed = request.POST.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
