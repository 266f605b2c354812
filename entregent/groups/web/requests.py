"""« Demandes de traitement »: what was asked, by whom, how far it is, why it failed (R002-25, -26)."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest
from entregent.clients.models import Client
from entregent.groups.actions.requests import can_undo, cancel_request, retry_request, undo_request
from entregent.groups.models import ProcessingRequest, ProcessingRow
from entregent.groups.web.door import asked, at, for_managers
from entregent.groups.web.reading import role_label
from entregent.groups.web.words import ICONS, TONES, failure_told, reason_told
from entregent.organizations.models import Membership, User
from entregent.organizations.web.administration import refused_at
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

PAGE = 50
ROWS = 100
PERIODS = [
    ("", _("Toute la période")),
    ("1", _("24 heures")),
    ("7", _("7 jours")),
    ("30", _("30 jours")),
    ("365", _("Un an")),
]
Operation, State = ProcessingRequest.Operation, ProcessingRequest.State


@require_safe
@for_managers
def request_list(request: MemberRequest) -> HttpResponse:
    """Newest first; asked again every five seconds while one is open."""
    member, given = request.member, request.GET
    found = ProcessingRequest.objects.visible_to(member)
    filters = {name: given.get(name, "")[:100] for name in ("statut", "operation", "groupe", "periode")}
    if filters["statut"] in State.values:
        # « En cours » is shown as waiting (R002-26).
        found = found.open() if filters["statut"] == State.WAITING else found.filter(state=filters["statut"])
    if filters["operation"] in Operation.values:
        found = found.filter(operation=filters["operation"])
    if filters["groupe"].strip():
        found = found.filter(group_name__icontains=filters["groupe"].strip())
    if filters["periode"] in ("1", "7", "30", "365"):
        found = found.filter(created_at__gte=timezone.now() - timedelta(days=int(filters["periode"])))
    after = as_id(given.get("apres", ""))
    if after is not None:
        found = found.filter(pk__lt=after)
    shown = list(found.order_by("-pk")[: PAGE + 1])
    kept = {name: value for name, value in filters.items() if value}
    states = [(value, label) for value, label in State.choices if value != State.RUNNING]
    context = {
        "rows": [_row(one) for one in shown[:PAGE]],
        "filters": filters,
        "is_filtered": bool(kept),
        "states": [("", _("Tous")), *states],
        "operations": [("", _("Toutes")), *Operation.choices],
        "periods": PERIODS,
        "poll_url": at("requests", member, kept | ({"apres": after} if after else {})),
        "is_open": any(one.is_open for one in shown[:PAGE]),
        "next_url": at("requests", member, kept | {"apres": shown[PAGE - 1].pk}) if len(shown) > PAGE else "",
    }
    return render(request, "groups/requests.html", context, fragment="rows")


@require_safe
@for_managers
def request_detail(request: MemberRequest, number: int) -> HttpResponse:
    """One request: how far, why it failed, what became of each client and employee."""
    member = request.member
    shown = _named(member, number)
    result = request.GET.get("resultat", "")
    rows = shown.rows.order_by("position")
    if result in ProcessingRow.Result.values:
        rows = rows.filter(result=result)
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        rows = rows.filter(position__gt=after)
    found = list(rows[: ROWS + 1])
    lost = shown.rows.filter(result=ProcessingRow.Result.UNAVAILABLE).count()
    context = {
        "shown": shown,
        "row": _row(shown),
        "rows": _told(found[:ROWS], member),
        "result": result,
        "lost": lost,
        "others": shown.rows.filter(result=ProcessingRow.Result.OK).exists(),
        "may_undo": can_undo(shown),
        "reference": f"{member.organization.slug}-{shown.number}",
        "next_url": at("request", member, {"resultat": result, "apres": found[ROWS - 1].position}, number=number)
        if len(found) > ROWS
        else "",
        "here": at("request", member, number=number),
    }
    return render(request, "groups/request.html", context, fragment="progress")


@require_POST
@for_managers
def retry(request: MemberRequest, number: int) -> HttpResponse:
    without = request.POST.get("sans") == "indisponibles"
    return _done(request, number, lambda one, by: retry_request(one, by=by, without_unavailable=without))


@require_POST
@for_managers
def cancel(request: MemberRequest, number: int) -> HttpResponse:
    return _done(request, number, lambda one, by: cancel_request(one, by=by))


@require_POST
@for_managers
def undo(request: MemberRequest, number: int) -> HttpResponse:
    return _done(request, number, lambda one, by: undo_request(one, by=by))


def _done(request: MemberRequest, number: int, action) -> HttpResponse:
    shown = _named(request.member, number)
    try:
        made = action(shown, request.member)
    except NotFound:
        raise
    except Refusal as refusal:
        return refused_at(request, at("request", request.member, number=number), refusal)
    if made.state == State.CANCELLED:
        return see(request, at("request", request.member, number=number), toast=str(_("Demande annulée.")))
    return asked(request, made)


def _named(member, number: int) -> ProcessingRequest:
    found = (
        ProcessingRequest.objects.visible_to(member).select_related("group", "undoes", "job").filter(number=number)
        .first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


def _row(one: ProcessingRequest) -> dict[str, Any]:
    state = State.WAITING if one.state == State.RUNNING and not one.staged else State(one.state)
    return {
        "request": one,
        "number": one.number,
        "operation": one.get_operation_display(),
        "group": one.group_name,
        "initiator": one.initiated_by_name or _("Système"),
        "state": state.value,
        "state_label": state.label,
        "tone": TONES[state],
        "icon": ICONS[state],
        "failure": failure_told(one),
        "is_open": one.is_open,
    }


def _told(rows: list[ProcessingRow], member: Membership) -> list[dict[str, Any]]:
    clients = {
        row["pk"]: row
        for row in Client.objects.visible_to(member)
        .filter(pk__in=[one.client_id for one in rows if one.client_id])
        .values("pk", "number", "display_name")
    }
    users = dict(User.objects.filter(pk__in=[one.user_id for one in rows if one.user_id]).values_list("pk", "name"))
    return [
        {
            "client": clients.get(one.client_id or 0),
            "name": users.get(one.user_id or 0, ""),
            "change": one.get_change_display(),
            "roles": (role_label(one.role_before), role_label(one.role_after)) if one.user_id else None,
            "is_ok": one.result == ProcessingRow.Result.OK,
            "reason": reason_told((one.reason, {})) if one.result == ProcessingRow.Result.UNAVAILABLE else "",
        }
        for one in rows
    ]
