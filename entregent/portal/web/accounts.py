"""« Mes entreprises »: the business accounts on which somebody works, who may act for them, and the register of it."""

from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from entregent.access.limits import times
from entregent.access.wall import acting
from entregent.organizations.models import User
from entregent.portal.guard import AccountRequest, account_page, own_page
from entregent.portal.web.accounts_forms import MailsForm, RegisterForm
from entregent.portal.web.accounts_pages import holds, render, told, tried, typed, url_of
from entregent.relationships import actions
from entregent.relationships.client_side import (
    accounts_of,
    events_of,
    is_waiting,
    joinings_on,
    may_revoke,
    programs_of,
    relationships_of,
    requests_of,
    uses_of,
    waiting_requests,
)
from entregent.relationships.models import AccessRequest, AccountUser, JoinRequest, Relationship
from entregent.relationships.register import header
from entregent.relationships.register import rows as register_rows
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.spreadsheets import csv_pieces
from entregent.toolbox.text import as_id
from entregent.ui import pages
from entregent.ui.pages import see

SHOWN = 50
TRIES_AN_HOUR = 10


@own_page
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts of whoever is signed in, and how many requests wait on each, of providers and of people."""
    every = list(accounts_of(cast(User, request.user)))
    deciding = [one.account.number for one in every if one.decides]
    pending = AccessRequest.objects.filter(account_number__in=deciding, state=AccessRequest.State.PENDING)
    waiting = Counter(one.account_number for one in pending.select_related("organization") if is_waiting(one))
    waiting.update(joinings_on(deciding).values_list("account_number", flat=True))
    joining = JoinRequest.objects.filter(user=cast(User, request.user))
    context = {"every": every, "waiting": waiting, "joining": list(joining)}
    return pages.render(request, "portal/accounts.html", context)


@own_page
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Whoever knows the record to the letter becomes the first manager (R002-34, R002-35)."""
    user = cast(User, request.user)
    form = RegisterForm(typed(request))

    def act(**record) -> AccountUser:
        _not_too_many(user)
        return actions.register_account(user=user, **record)

    answer = tried(request, form, act, shown=(409, 422, 429))
    if (made := answer.done) is not None:
        toast = _("%(account)s est inscrite : vous gérez son compte.") % {"account": made.account.name}
        return see(request, url_of(made, "home"), toast=toast)
    return pages.render(request, "portal/accounts_register.html", {"form": form}, status=answer.status)


def _not_too_many(user: User) -> None:
    """Nobody finds out a record by trying."""
    if times(f"register-account-{user.pk}", seconds=3600) > TRIES_AN_HOUR:
        raise Refusal("E-RATE", _("Trop d'essais. Réessayez dans une heure."), status=429)


@account_page
@require_safe
def providers(request: AccountRequest) -> HttpResponse:
    """« Fournisseurs de services »: what waits for an answer, and who acts for the business today."""
    by = request.account_user
    active = relationships_of(by).filter(state=Relationship.State.ACTIVE).order_by("organization__name", "pk")
    context = {
        "here": "home",
        "waiting": waiting_requests(by),
        "active": [one for one in active if holds(one)],
    }
    return render(request, "portal/accounts_home.html", context)


@account_page
@require_safe
def relationship(request: AccountRequest, pk: int) -> HttpResponse:
    by = request.account_user
    given = _found(request, pk)
    uses = list(uses_of(given)[: SHOWN + 1])
    context = {
        "here": "home",
        "given": given,
        "revocable": holds(given) and may_revoke(by, given),
        "uses": [(day, [one.name for one in found]) for day, found in groupby(uses[:SHOWN], attrgetter("day"))],
        "more_uses": len(uses) > SHOWN,
    }
    return render(request, "portal/accounts_relationship.html", context)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: AccountRequest, pk: int) -> HttpResponse:
    """What the provider loses, and the end of it."""
    by = request.account_user
    given = _found(request, pk)
    if not may_revoke(by, given) or not holds(given):
        raise NotFound
    if request.method == "POST":
        with acting():
            actions.revoke_relationship(given, by=by)
        words = {"provider": given.organization.name, "account": by.account.name}
        toast = _("%(provider)s n'agit plus pour %(account)s.") % words
        return see(request, url_of(by, "home"), toast=toast)
    return render(request, "portal/accounts_revoke.html", {"here": "home", "given": given})


def _found(request: AccountRequest, pk: int) -> Relationship:
    found = relationships_of(request.account_user).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


@account_page
@require_safe
def registry(request: AccountRequest) -> HttpResponse:
    """Who may act and who could, at which level, since when, until when, approved by whom."""
    by = request.account_user
    before = as_id(request.GET.get("avant", ""))
    found = relationships_of(by).order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: SHOWN + 1])
    past = requests_of(by).exclude(state__in=(AccessRequest.State.PENDING, AccessRequest.State.APPROVED))
    context = {
        "here": "registry",
        "rows": rows[:SHOWN],
        "following": rows[SHOWN - 1].pk if len(rows) > SHOWN else None,
        "past": list(past.order_by("-pk")[:SHOWN]) if before is None else [],
    }
    return render(request, "portal/accounts_registry.html", context)


@account_page
@require_safe
def history(request: AccountRequest) -> HttpResponse:
    """Who was let work on the account, by whom and when; for its managers."""
    by = request.account_user
    if not by.manages_all:
        raise NotFound
    found = events_of(by)
    if (before := as_id(request.GET.get("avant", ""))) is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: SHOWN + 1])
    context = {
        "here": "history",
        "rows": rows[:SHOWN],
        "following": rows[SHOWN - 1].pk if len(rows) > SHOWN else None,
    }
    return render(request, "portal/accounts_history.html", context)


@account_page
@require_safe
def registry_file(request: AccountRequest) -> HttpResponseBase:
    """The register as a table to keep."""
    by = request.account_user
    found = relationships_of(by).select_related("account").order_by("-pk")
    rows = list(register_rows(found)) if request.method == "GET" else []
    answer = StreamingHttpResponse(csv_pieces(header(), iter(rows)), content_type="text/csv; charset=utf-8")
    name = f"{_('registre')}-{by.account.number}-{timezone.localdate():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: AccountRequest) -> HttpResponse:
    """What one is on the account, and whether one is told by mail (R002-40)."""
    by = request.account_user
    form = MailsForm(request.POST if request.method == "POST" else None, initial={"wants_mail": by.wants_mail})
    if request.method == "POST" and form.is_valid():
        with acting():
            actions.choose_mails(by=by, **form.cleaned_data)
        return see(request, url_of(by, "choices"), toast=_("Vos choix sont enregistrés."))
    context = {"here": "choices", "form": form, "programs": list(programs_of(by))}
    return render(request, "portal/accounts_choices.html", context)


@account_page
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: AccountRequest) -> HttpResponse:
    """Gives up one's own place on the account; the last manager cannot."""
    by = request.account_user
    refused, status = "", 200
    if request.method == "POST":
        try:
            with acting():
                actions.remove_account_user(by, by=by, version=by.version)
        except (Refusal, Refusals) as refusal:
            refused, status = told(refusal), getattr(refusal, "status", 422)
        else:
            words = {"account": by.account.name}
            toast = _("Vous ne travaillez plus sur le compte de %(account)s.") % words
            return see(request, reverse("portal_accounts:list"), toast=toast)
    return render(request, "portal/accounts_leave.html", {"here": "choices", "refused": refused}, status=status)
