"""Requests for access: asking, following, cancelling (R002-29, R002-31)."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.access.scope import scope_words
from entregent.organizations.models import Membership
from entregent.outbox.extension_points import Subject, subject_finders
from entregent.relationships import actions
from entregent.relationships.actions.requests import request_days_of
from entregent.relationships.models import AccessRequest, today_of
from entregent.relationships.reach import relationships_of, requests_of
from entregent.relationships.web.relations import MODULE, PAGE, at, of_provider, refused
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render, see

TONES = {"pending": "info", "approved": "ok", "rejected": "bad", "cancelled": "neutral", "expired": "warn"}


@require_safe
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def request_list(request: MemberRequest) -> HttpResponse:
    """Those that wait, those that were answered, or all; the newest first."""
    member = request.member
    today = today_of(member.organization)
    shown = request.GET.get("etat", "")
    found = requests_of(member)
    if shown == "traitees":
        found = found.exclude(state=AccessRequest.State.PENDING, expires_on__gte=today)
    elif shown != "toutes":
        shown = ""
        found = found.filter(state=AccessRequest.State.PENDING, expires_on__gte=today)
    if (after := as_id(request.GET.get("apres", ""))) is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    following = {"etat": shown} if shown else {}
    clients = _clients(member, rows[:PAGE])
    context = {
        "rows": [_row(one, clients, today) for one in rows[:PAGE]],
        "shown": shown,
        "states": [
            ("", pgettext("requests", "En attente")), ("traitees", pgettext("requests", "Traitées")),
            ("toutes", pgettext("requests", "Toutes")),
        ],
        "next_url": "?" + urlencode(following | {"apres": rows[PAGE - 1].pk}) if len(rows) > PAGE else "",
    }  # fmt: skip
    return render(request, "relationships/requests.html", context, fragment="rows")


@require_safe
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def request_detail(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.member
    one = request_in_reach(member, pk)
    today = today_of(member.organization)
    made = relationships_of(member).filter(request=one).first()
    context = _row(one, _clients(member, [one]), today) | {"relationship": made}
    return render(request, "relationships/request.html", context)


@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def ask(request: MemberRequest) -> HttpResponse:
    """« Demander l'accès »: by the number of the business; what was asked before can be asked for again."""
    member = request.member
    form = AskForm(request.POST or None, member=member, initial=_offered(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.request_access(by=member, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, at("request", member, pk=made.pk), toast=_("Demande d'accès envoyée."))
    context = {"form": form, "days": request_days_of(member.organization_id)}
    return render(request, "relationships/ask.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.member
    one = request_in_reach(member, pk)
    try:
        actions.cancel_access_request(one, by=member)
    except NotFound:
        raise
    except Refusal as refusal:
        return refused(request, refusal, at("request", member, pk=one.pk))
    return see(request, at("requests", member), toast=_("Demande d'accès annulée."))


def request_in_reach(member: Membership, pk: int) -> AccessRequest:
    found = requests_of(member).select_related("organization").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _offered(request: MemberRequest) -> dict[str, str]:
    return {"account_number": request.GET.get("numero", "")[:20], "client": request.GET.get("client", "")[:40]}


def _clients(member: Membership, rows: list[AccessRequest]) -> dict[int, Subject]:
    ids = [one.client_id for one in rows if one.client_id is not None]
    if not ids:
        return {}
    return {key: value for find in subject_finders for key, value in find(member, "clients.client", ids).items()}


def _row(one: AccessRequest, clients: dict[int, Subject], today) -> dict[str, Any]:
    state = one.state_on(today)
    return {
        "one": one, "client": clients.get(one.client_id or 0), "state": state.label, "tone": TONES[state.value],
        "is_open": state == AccessRequest.State.PENDING,
    }  # fmt: skip


class AskForm(forms.Form):
    """What is asked, of whom."""

    account_number = forms.CharField(
        label=gettext_lazy("Numéro d'entreprise"), required=False,
        help_text=gettext_lazy("Neuf chiffres : le SIREN, ou le numéro d'entreprise canadien."),
    )  # fmt: skip
    client = forms.CharField(
        label=gettext_lazy("N° client"), required=False,
        help_text=gettext_lazy("Facultatif : votre fiche de ce client, à laquelle le compte sera rattaché."),
    )  # fmt: skip
    comments = forms.CharField(
        label=gettext_lazy("Commentaires"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Le client les lit avant de répondre : dites qui vous êtes et pour quel mandat."),
    )  # fmt: skip
    use_required_attribute = False

    def __init__(self, data=None, *, member: Membership, initial=None):
        self.member = member
        super().__init__(data, initial=initial)

    def clean_client(self) -> int | None:
        typed = self.cleaned_data["client"].strip()
        if not typed:
            return None
        found = scope_words["client"].find(self.member, typed)
        if found is None:
            raise forms.ValidationError(_("Numéro de client inconnu."))
        return found

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"number": data["account_number"], "comments": data["comments"], "client_id": data["client"]}
