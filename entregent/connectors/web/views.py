"""« Connecteurs »: where clients are pushed to, what of them, what was answered, and who has a client still."""

import json
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.clients.merging import by_number
from entregent.clients.models import Client
from entregent.clients.web.panes import open_file
from entregent.connectors import actions
from entregent.connectors.carriers.files import folder_of
from entregent.connectors.models import Connector, Copy, Exchange
from entregent.connectors.web.forms import ConnectorForm, CopyForm
from entregent.organizations.web.administration import refused_at, render_administration, with_version
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, render, see

PAGE = 50
MOST_COUNTED = 10_000
ICONS = {
    "webhook": "send", "file": "download", "sftp": "lock", "entregent": "switch-horizontal", "odoo": "database-import",
    "espocrm": "database-import",
}  # fmt: skip


@require_safe
@requires(Right.CONNECTORS)
def connector_list(request: MemberRequest) -> HttpResponse:
    found = list(_connectors(request.member).select_related("state"))
    context = {"connectors": found, "kinds": _kinds(), "icons": ICONS}
    return render_administration(request, "connectors/list.html", context)


@requires(Right.CONNECTORS)
def connector_create(request: MemberRequest) -> HttpResponse:
    """The kind is chosen on the list."""
    kind = request.GET.get("genre", "")
    if kind not in Connector.Kind.values:
        return see(request, _at(request, "list"))
    if request.method != "POST":
        return _form(request, ConnectorForm(kind=kind), None)
    form = ConnectorForm(request.POST, kind=kind)
    if form.is_valid():
        try:
            made, secret = actions.create_connector(by=request.member, kind=kind, **form.changes())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            if secret:
                return _detail(request, made, secret=secret)
            return see(request, _at(request, "connector", pk=made.pk), toast=_("Connecteur enregistré."))
    return _form(request, form, None, status=422)


@require_safe
@requires(Right.CONNECTORS)
def connector_detail(request: MemberRequest, pk: int) -> HttpResponse:
    return _detail(request, _one(request, pk))


@requires(Right.CONNECTORS)
def connector_update(request: MemberRequest, pk: int) -> HttpResponse:
    connector = _one(request, pk)
    if request.method != "POST":
        return _form(request, ConnectorForm(kind=connector.kind, connector=connector), connector)
    form, stale, status = ConnectorForm(request.POST, kind=connector.kind, connector=connector), None, 422
    if form.is_valid():
        try:
            actions.update_connector(
                connector, by=request.member, version=form.cleaned_data["version"] or 0, **form.changes()
            )
            return see(request, _at(request, "connector", pk=pk), toast=_("Connecteur enregistré."))
        except Stale as refusal:
            stale, status = refusal, 409
            typed = with_version(request, refusal.current.version)
            form = ConnectorForm(typed, kind=connector.kind, connector=connector)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _form(request, form, connector, stale=stale, status=status)


@require_POST
@requires(Right.CONNECTORS)
def connector_delete(request: MemberRequest, pk: int) -> HttpResponse:
    connector = _one(request, pk)
    try:
        actions.delete_connector(connector, by=request.member)
    except Refusal as refusal:
        return refused_at(request, _at(request, "connector", pk=pk), refusal)
    return see(request, _at(request, "list"), toast=_("Connecteur supprimé."))


@require_POST
@requires(Right.CONNECTORS)
def connector_try(request: MemberRequest, pk: int) -> HttpResponse:
    """« Tester la connexion »: at once; nothing is changed over there."""
    connector = _one(request, pk)
    try:
        told = actions.try_connector(connector, by=request.member)
    except Refusal as refusal:
        return _detail(request, connector, trouble=str(refusal.message))
    return _detail(request, connector, told=told)


@require_POST
@requires(Right.CONNECTORS)
def secret_rotate(request: MemberRequest, pk: int) -> HttpResponse:
    connector = _one(request, pk)
    return _detail(request, connector, secret=actions.rotate_secret(connector, by=request.member))


@require_POST
@requires(Right.CONNECTORS)
def everything_send(request: MemberRequest, pk: int) -> HttpResponse:
    connector = _one(request, pk)
    try:
        actions.send_everything(connector, by=request.member)
    except Refusal as refusal:
        return refused_at(request, _at(request, "connector", pk=pk), refusal)
    return see(request, _at(request, "connector", pk=pk), toast=_("L’envoi est demandé : il se fait en arrière-plan."))


@require_safe
@requires(Right.CONNECTORS)
def dry_run(request: MemberRequest, pk: int) -> HttpResponse:
    """« Essai à blanc »: what « Tout envoyer » would do."""
    connector = _one(request, pk)
    run = actions.dry_run(connector)
    context = {
        "connector": connector,
        "run": run,
        "records": [(number, json.dumps(told, ensure_ascii=False, indent=2)) for number, told in run.records],
        "most": MOST_COUNTED,
    }
    return render_administration(request, "connectors/dry_run.html", context)


@require_POST
@requires(Right.CONNECTORS)
def failed_replay(request: MemberRequest, pk: int) -> HttpResponse:
    count = actions.replay(_one(request, pk), by=request.member)
    told = ngettext("%(n)d échange est rejoué.", "%(n)d échanges sont rejoués.", count) % {"n": count}
    return see(request, _at(request, "connector", pk=pk), toast=told if count else _("Aucun échange à rejouer."))


@requires(Right.CONNECTORS)
def copy_map(request: MemberRequest, pk: int) -> HttpResponse:
    """« Rattacher » a client to the record that it is over there."""
    connector = _one(request, pk)
    form = CopyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            reached = Client.objects.visible_to(request.member, Right.CLIENT_VIEW)
            client = by_number(reached, data["number"].strip())
            actions.map_copy(connector, by=request.member, client=client, external_id=data["external_id"])
            return see(request, _at(request, "connector", pk=pk), toast=_("Client rattaché."))
        except NotFound:
            form.add_error("number", _("Numéro de client inconnu."))
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    context = {"connector": connector, "form": form}
    status = 422 if request.method == "POST" else 200
    response = render_administration(request, "connectors/map.html", context, status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


@require_safe
@requires(Right.CONNECTORS)
def exchange_detail(request: MemberRequest, pk: int, exchange: int) -> HttpResponse:
    connector = _one(request, pk)
    found = _exchange(connector, exchange)
    context = {
        "connector": connector,
        "exchange": found,
        "record": json.dumps(found.record, ensure_ascii=False, indent=2) if found.record else "",
        "seen": _seen(request.member, [found]),
    }
    return render_administration(request, "connectors/exchange.html", context)


@require_POST
@requires(Right.CONNECTORS)
def exchange_replay(request: MemberRequest, pk: int, exchange: int) -> HttpResponse:
    connector = _one(request, pk)
    found = _exchange(connector, exchange)
    here = _at(request, "exchange", pk=pk, exchange=exchange)
    try:
        actions.replay(connector, by=request.member, exchange=found)
    except Refusal as refusal:
        return refused_at(request, here, refusal)
    return see(request, here, toast=_("L’échange est rejoué."))


@require_safe
@requires(Right.CLIENT_VIEW)
def of_client(request: MemberRequest, number: str) -> HttpResponse:
    """« Qui l’a encore »: the other systems that received this client, and what they have acknowledged."""
    client = open_file(request, number)
    copies = list(
        Copy.objects.filter(client_id=client.pk, organization_id=request.member.organization_id)
        .select_related("connector")
        .order_by("connector__name")
    )
    context = {
        "client": client,
        "copies": copies,
        "has_it": sum(1 for one in copies if one.state in (Copy.State.HELD, Copy.State.LEAVING)),
        "may_open": request.member.can(Right.CONNECTORS),
    }
    return render(request, "connectors/of_client.html", context, fragment="pane")


def _connectors(member):
    return Connector.objects.filter(organization_id=member.organization_id)


def _one(request: MemberRequest, pk: int) -> Connector:
    found = _connectors(request.member).select_related("state", "organization").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def _exchange(connector: Connector, key: int) -> Exchange:
    found = Exchange.objects.filter(connector=connector, pk=key).first()
    if found is None:
        raise NotFound
    return found


def _kinds() -> list[tuple[str, str, str]]:
    about = {
        "webhook": _("Un message signé pour chaque changement (Standard Webhooks)."),
        "file": _("Des fichiers CSV ou JSON dans un dossier de ce serveur."),
        "sftp": _("Les mêmes fichiers, déposés sur un serveur SFTP."),
        "entregent": _("Les clients d’une autre organisation, par son API."),
        "odoo": _("Les contacts d’Odoo, par JSON-RPC."),
        "espocrm": _("Les contacts et comptes d’EspoCRM, par son API REST."),
    }
    return [(value, str(label), about[value]) for value, label in Connector.Kind.choices]


def _form(request, form: ConnectorForm, connector, *, stale=None, status: int = 200) -> HttpResponse:
    kind = Connector.Kind(form.kind)
    context = {
        "form": form, "connector": connector, "kind": kind, "stale": stale, "icon_name": ICONS[kind],
        "is_same_names": kind == Connector.Kind.ENTREGENT,
    }  # fmt: skip
    response = render_administration(request, "connectors/form.html", context, status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


def _detail(request, connector: Connector, *, secret: str = "", told: str = "", trouble: str = "") -> HttpResponse:
    """How it is doing, and its log: newest first, of one state or all."""
    state = request.GET.get("etat", "")
    state = state if state in Exchange.State.values else ""
    exchanges = Exchange.objects.filter(connector=connector).order_by("-pk")
    if state:
        exchanges = exchanges.filter(state=state)
    before = request.GET.get("avant", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        exchanges = exchanges.filter(pk__lt=int(before))
    rows = list(exchanges.defer("record", "answer")[: PAGE + 1])
    shown = rows[:PAGE]
    more = {"etat": state} if state else {}
    if len(rows) > PAGE:
        more["avant"] = str(shown[-1].pk)
    context = {
        "connector": connector,
        "rows": shown,
        "seen": _seen(request.member, shown),
        "following": urlencode(more) if len(rows) > PAGE else "",
        "state": state,
        "states": [("", _("Tous les états")), *((value, str(label)) for value, label in Exchange.State.choices)],
        "counts": _counts(connector),
        "most": MOST_COUNTED,
        "secret": secret,
        "told": told,
        "trouble": trouble,
        "icon_name": ICONS[connector.kind],
        "folder": folder_of(connector.organization.slug, connector.settings.get("folder", ""))
        if connector.kind == Connector.Kind.FILE
        else "",
    }
    response = render_administration(request, "connectors/detail.html", context)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _seen(member, exchanges) -> dict[int, tuple[str, str]]:
    """Client id → number and name, of those whom the member sees."""
    keys = {one.client_id for one in exchanges}
    found = Client.objects.visible_to(member, Right.CLIENT_VIEW).filter(pk__in=keys)
    return {key: (number, name) for key, number, name in found.values_list("pk", "number", "display_name")}


def _counts(connector: Connector) -> dict[str, int]:
    copies, exchanges = Copy.objects.filter(connector=connector), Exchange.objects.filter(connector=connector)
    return {
        "held": _count(copies.filter(state=Copy.State.HELD)),
        "leaving": _count(copies.filter(state=Copy.State.LEAVING)),
        "gone": _count(copies.filter(state=Copy.State.GONE)),
        "pending": _count(exchanges.filter(state=Exchange.State.PENDING)),
        "failed": _count(exchanges.filter(state=Exchange.State.FAILED)),
    }


def _count(records) -> int:
    return records.order_by()[: MOST_COUNTED + 1].count()


def _at(request: MemberRequest, name: str, **kwargs) -> str:
    return reverse(f"connectors:{name}", kwargs={"organization": request.member.organization.slug, **kwargs})
