"""« Webhooks » in the administration: addresses, their events and secrets, the log of their messages."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations.models import Membership
from entregent.organizations.web.administration import refused_at, render_administration
from entregent.outbox.endpoints import MOST_RETRIED, SENT, posts_visible_to
from entregent.outbox.models import Post
from entregent.outbox.reading import Cursor, after, subjects_of
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, saved_by_form, see
from entregent.webhooks import actions
from entregent.webhooks.models import Webhook
from entregent.webhooks.records import EVENT_LABELS, event_label, offered

PAGE = 50
MOST_COUNTED = 10_000
_HEAVY = ("body", "answer")


class WebhookForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nom"), required=False, max_length=200)
    url = forms.CharField(
        label=gettext_lazy("Adresse"), required=False, max_length=600,
        help_text=gettext_lazy("L’adresse https qui reçoit les messages."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://si.exemple.fr/entregent"}),
    )  # fmt: skip
    is_on = forms.BooleanField(label=gettext_lazy("Envoyer les messages"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # Where refusals about the events are told; the boxes themselves are drawn by kind.
    events = forms.CharField(label=gettext_lazy("Évènements"), required=False)
    use_required_attribute = False

    def __init__(self, data=None, *, webhook: Webhook | None = None):
        initial: dict[str, Any] = {"is_on": True}
        self.chosen: list[str] = []
        if webhook is not None:
            initial = {
                "name": webhook.name, "url": webhook.endpoint.url, "is_on": webhook.endpoint.is_on,
                "version": webhook.version,
            }  # fmt: skip
            self.chosen = webhook.events
        if data is not None:
            self.chosen = data.getlist("events")
        super().__init__(data, initial=initial)

    def values(self) -> dict[str, Any]:
        names = ("name", "url", "is_on")
        return {name: self.cleaned_data[name] for name in names} | {"events": self.chosen}

    def boxes(self, member: Membership) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """By kind: its name and (event, label, whether it is chosen)."""
        return [
            (str(kind.label), [(f"{kind.code}.{event}", str(EVENT_LABELS[event]), f"{kind.code}.{event}" in self.chosen)
                               for event in kind.events])
            for kind in offered(member)
        ]  # fmt: skip


@requires(Right.WEBHOOKS)
def webhook_list(request: MemberRequest) -> HttpResponse:
    webhooks = list(actions.webhooks_of(request.member))
    return render_administration(request, "webhooks/list.html", {"webhooks": webhooks, "most": actions.MOST})


@requires(Right.WEBHOOKS)
def webhook_create(request: MemberRequest) -> HttpResponse:
    actions.webhooks_of(request.member)
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            webhook, secret = actions.create_webhook(by=request.member, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _detail(request, webhook.pk, secret=secret)
    return _form(request, form, None)


@requires(Right.WEBHOOKS)
def webhook_update(request: MemberRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request.member, pk)
    form = WebhookForm(request.POST if request.method == "POST" else None, webhook=webhook)
    stale = None
    if request.method == "POST" and form.is_valid():
        version, values = form.cleaned_data["version"] or 0, form.values()
        changed, form, stale = saved_by_form(
            form, lambda: actions.update_webhook(webhook, by=request.member, version=version, **values),
            over=lambda data, current: WebhookForm(data, webhook=current),
        )  # fmt: skip
        if changed is not None:
            return see(request, _at(request, "detail", pk), toast=_("Webhook modifié."))
    return _form(request, form, webhook, stale)


@requires(Right.WEBHOOKS)
def webhook_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """How it does, and its messages, newest first."""
    return _detail(request, pk)


@requires(Right.WEBHOOKS)
@require_POST
def webhook_delete(request: MemberRequest, pk: int) -> HttpResponse:
    webhook = _webhook(request.member, pk)
    actions.delete_webhook(webhook, by=request.member)
    return see(request, _at(request, "list"), toast=_("Webhook « %(name)s » supprimé.") % {"name": webhook.name})


@requires(Right.WEBHOOKS)
@require_POST
def secret_rotate(request: MemberRequest, pk: int) -> HttpResponse:
    """A new secret, shown once; the former one signs for a day longer."""
    secret = actions.rotate_webhook_secret(_webhook(request.member, pk), by=request.member)
    return _detail(request, pk, secret=secret)


@requires(Right.WEBHOOKS)
@require_POST
def connection_try(request: MemberRequest, pk: int) -> HttpResponse:
    """« Envoyer un essai »: a signed « ping », at once; nothing is kept of it."""
    webhook = _webhook(request.member, pk)
    try:
        answer = actions.try_webhook(webhook, by=request.member)
    except Refusal as refusal:
        return _detail(request, pk, trouble=str(refusal.message))
    values = {"status": answer.status, "ms": round(answer.seconds * 1000)}
    return _detail(request, pk, told=_("Connexion réussie : code %(status)s en %(ms)s ms.") % values)


@requires(Right.WEBHOOKS)
@require_POST
def replay(request: MemberRequest, pk: int) -> HttpResponse:
    """Sends again all that has failed or waits."""
    webhook = _webhook(request.member, pk)
    if not webhook.endpoint.is_on:
        message = _("Ce webhook est arrêté : remettez-le en marche d’abord.")
        return refused_at(request, _at(request, "detail", pk), Refusal("E-WEBHOOK-OFF", message))
    count = actions.replay_webhook(webhook, by=request.member)
    told = ngettext(
        "%(n)d message est remis en file d’envoi.", "%(n)d messages sont remis en file d’envoi.", count
    ) % {"n": count}  # fmt: skip
    if count == MOST_RETRIED:
        told = _("%(told)s Recommencez pour les suivants.") % {"told": told}
    return see(request, _at(request, "detail", pk), toast=told if count else _("Aucun message à envoyer de nouveau."))


def _detail(request: MemberRequest, pk: int, *, secret: str = "", told: str = "", trouble: str = "") -> HttpResponse:
    webhook = _webhook(request.member, pk)
    state = request.GET.get("etat", "")
    state = state if state in Post.State.values else ""
    posts = posts_visible_to(request.member).filter(endpoint_id=webhook.endpoint_id)
    if state:
        posts = posts.filter(SENT) if state == Post.State.SENT else posts.filter(~SENT, state=state)
    rows = list(after(posts, Cursor.read(request.GET.get("apres", ""))).defer(*_HEAVY)[: PAGE + 1])
    shown = rows[:PAGE]
    more = {"etat": state} if state else {}
    if shown:
        more["apres"] = str(Cursor(shown[-1].created_at, shown[-1].pk))
    context = {
        "webhook": webhook, "endpoint": webhook.endpoint, "secret": secret, "told": told, "trouble": trouble,
        "events": [event_label(name) for name in webhook.events],
        "posts": shown, "subjects": subjects_of(request.member, shown), "state": state,
        "next": urlencode(more) if len(rows) > PAGE else None,
        "states": [("", _("Tous les états")), *((value, str(label)) for value, label in Post.State.choices)],
        "waiting": _count(webhook, Post.State.PENDING), "failed": _count(webhook, Post.State.FAILED),
        "most": MOST_COUNTED,
    }  # fmt: skip
    response = render_administration(request, "webhooks/detail.html", context)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _form(request: MemberRequest, form: WebhookForm, webhook: Webhook | None, stale=None) -> HttpResponse:
    status = stale.status if stale else 422 if request.method == "POST" else 200
    context = {"form": form, "webhook": webhook, "stale": stale, "boxes": form.boxes(request.member)}
    return render_administration(request, "webhooks/form.html", context, status=status)


def _webhook(member: Membership, pk: int) -> Webhook:
    webhook = actions.webhooks_of(member).filter(pk=pk).first()
    if webhook is None:
        raise NotFound
    return webhook


def _count(webhook: Webhook, state: str) -> int:
    posts = Post.objects.filter(~SENT, organization_id=webhook.organization_id, endpoint_id=webhook.endpoint_id)
    return posts.filter(state=state).order_by()[: MOST_COUNTED + 1].count()


def _at(request: MemberRequest, name: str, pk: int | None = None) -> str:
    kwargs = {"organization": request.member.organization.slug} | ({"pk": pk} if pk is not None else {})
    return reverse(f"webhooks:{name}", kwargs=kwargs)
