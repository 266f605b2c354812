"""Somebody asks to work on a business account (R002-29, R002-36), and its managers answer."""

from functools import partial
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from entregent.access.wall import acting
from entregent.organizations.models import User
from entregent.portal.guard import AccountRequest, account_page, own_page
from entregent.portal.web.accounts_forms import JoinForm, RejectPersonForm, RoleForm
from entregent.portal.web.accounts_pages import render, tried, typed, url_of
from entregent.relationships import actions
from entregent.relationships.client_side import joinings_of, programs_of
from entregent.relationships.models import JoinRequest
from entregent.toolbox.errors import NotFound, RightMissing
from entregent.ui import pages
from entregent.ui.pages import see


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether there is an account with that number or not."""
    form = JoinForm(typed(request))
    user = cast(User, request.user)
    answer = tried(request, form, partial(actions.ask_to_join, user=user), shown=(409, 422, 429))
    if answer.status == 303:
        toast = _("Si ce compte existe, son gestionnaire est averti de votre demande.")
        return see(request, reverse("portal_accounts:list"), toast=toast)
    return pages.render(request, "portal/accounts_join.html", {"form": form}, status=answer.status)


@own_page
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = JoinRequest.objects.filter(pk=pk, user=cast(User, request.user)).first()
    if found is None:
        raise NotFound
    with acting():
        actions.withdraw_joining(found, user=cast(User, request.user))
    return see(request, reverse("portal_accounts:list"), toast=_("Votre demande est retirée."))


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: AccountRequest, pk: int) -> HttpResponse:
    """Who asks, with what comments; the role that they get."""
    by = request.account_user
    asked = _found(request, pk)
    form = RoleForm(typed(request), by=by, programs=list(programs_of(by)))
    answer = tried(request, form, partial(actions.accept_joining, asked, by=by))
    if answer.status == 303:
        words = {"name": asked.user.name, "account": by.account.name}
        toast = _("%(name)s travaille maintenant sur le compte de %(account)s.") % words
        return see(request, url_of(by, "users"), toast=toast)
    context = {"here": "users", "asked": asked, "form": form}
    return render(request, "portal/accounts_joining.html", context, status=answer.status)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    asked = _found(request, pk)
    if not by.manages_all:
        raise RightMissing
    form = RejectPersonForm(typed(request))
    answer = tried(request, form, partial(actions.reject_joining, asked, by=by))
    if answer.status == 303:
        toast = _("La demande de %(provider)s est rejetée.") % {"provider": asked.user.name}
        return see(request, url_of(by, "users"), toast=toast)
    context = {"here": "users", "asked": asked, "form": form}
    return render(request, "portal/accounts_joining_reject.html", context, status=answer.status)


def _found(request: AccountRequest, pk: int) -> JoinRequest:
    found = joinings_of(request.account_user).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found
