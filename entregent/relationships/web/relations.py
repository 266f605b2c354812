"""« Relations d'affaires »: the list, one of them with what would be lost, giving up, and the register."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.organizations.models import Membership, Module
from entregent.relationships import actions, register
from entregent.relationships.extension_points import tied_clients, what_is_lost
from entregent.relationships.models import WARNED_AHEAD, AccessRequest, Relationship, today_of
from entregent.relationships.reach import only_providers, relationships_of, requests_of
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.spreadsheets import csv_pieces
from entregent.toolbox.text import as_id, digits, one_line
from entregent.ui.pages import render, see

MODULE = Module.DELEGATION
PAGE = 50
USES_SHOWN = 20
MOST_COUNTED = 10_000
TONES = {"active": "ok", "expired": "warn", "revoked": "bad", "given_up": "neutral", "replaced": "neutral"}


def at(name: str, member: Membership, **kwargs) -> str:
    return reverse(f"relationships:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def of_provider(view: Callable) -> Callable:
    """Inside `@requires`: the organization must be a service provider (R002-01)."""

    @wraps(view)
    def checked(request: MemberRequest, *args, **kwargs) -> HttpResponse:
        only_providers(request.member)
        return view(request, *args, **kwargs)

    return checked


@require_safe
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def relation_list(request: MemberRequest) -> HttpResponse:
    """Those that hold, those that end soon, those that have ended; by name or number."""
    member = request.member
    today = today_of(member.organization)
    shown = request.GET.get("etat", "")
    shown = shown if shown in ("bientot", "terminees", "toutes") else ""
    asked = one_line(request.GET.get("q", ""))[:100]
    seen = relationships_of(member)
    found = _searched(_of_state(seen, shown, today), asked)
    rows, after = _page(found, shown, request.GET.get("apres", ""))
    clients = _clients(member, rows)
    kept = {name: value for name, value in {"etat": shown, "q": asked}.items() if value}
    context = {
        "rows": [_row(one, clients.get(one.account_id), today) for one in rows],
        "shown": shown,
        "asked": asked,
        "states": _states(),
        "ending": ending_soon(seen, today)[: MOST_COUNTED + 1].count() if shown != "bientot" else 0,
        "waiting": _waiting(member, today),
        "ahead": WARNED_AHEAD[0],
        "next_url": "?" + urlencode(kept | {"apres": after}) if after else "",
    }
    return render(request, "relationships/list.html", context, fragment="rows")


@require_safe
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.member
    one = relationship_in_reach(member, pk)
    today = today_of(member.organization)
    others = relationships_of(member).filter(account_id=one.account_id).exclude(pk=one.pk)[:PAGE]
    is_active = one.is_active_on(today)
    context = {
        "one": one,
        "row": _row(one, _clients(member, [one]).get(one.account_id), today),
        "programs": list(one.programs.select_related("program").order_by("program__number")),
        "is_active": is_active,
        "others": [_row(other, None, today) for other in others],
        "losses": [sentence for lost in what_is_lost for sentence in lost(member, one)] if is_active else [],
        "is_asked": _waiting(member, today, one.account.number) > 0,
        "visibility": one.visibility,
        "uses": list(one.uses.order_by("-day", "name")[:USES_SHOWN]),
    }
    return render(request, "relationships/detail.html", context)


@require_POST
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def give_up(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.member
    one = relationship_in_reach(member, pk)
    try:
        actions.give_up_relationship(one, by=member)
    except NotFound:
        messages.error(request, _("Cette relation d'affaires est déjà terminée."))
        return see(request, at("detail", member, pk=one.pk))
    words = {"name": one.account.name}
    return see(request, at("list", member), toast=_("Relation d'affaires avec %(name)s abandonnée.") % words)


@require_safe
@requires(Right.RELATIONSHIPS, module=MODULE)
@of_provider
def register_file(request: MemberRequest) -> HttpResponse:
    """The whole register, those that have ended too."""
    member = request.member
    record("export", by=member, kind="relationships")
    found = relationships_of(member).select_related("account", "organization").order_by("account__name", "pk")
    # Read within the transaction of this request, since the wall stands in it; written while it is sent.
    lines = list(register.rows(found.iterator(chunk_size=2000)))
    response: Any = StreamingHttpResponse(_pieces(register.header(), lines), content_type="text/csv; charset=utf-8")
    name = f"{_('registre-des-relations')}-{today_of(member.organization).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pieces(header: list[str], lines: list[list[str]]) -> Iterator[bytes]:
    yield from csv_pieces(header, lines)


def relationship_in_reach(member: Membership, pk: int) -> Relationship:
    found = relationships_of(member).select_related("account", "request", "organization").filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def ending_soon(seen: QuerySet[Relationship], today: date) -> QuerySet[Relationship]:
    last = today + timedelta(days=WARNED_AHEAD[0])
    return seen.filter(state=Relationship.State.ACTIVE, ends_on__gte=today, ends_on__lte=last)


def _of_state(seen: QuerySet[Relationship], shown: str, today: date) -> QuerySet[Relationship]:
    holds = Q(state=Relationship.State.ACTIVE) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    if shown == "bientot":
        return ending_soon(seen, today).order_by("ends_on", "pk")
    if shown == "terminees":
        return seen.exclude(holds).order_by("-pk")
    return (seen if shown == "toutes" else seen.filter(holds)).order_by("-pk")


def _searched(found: QuerySet[Relationship], asked: str) -> QuerySet[Relationship]:
    if not asked:
        return found
    number = digits(asked)
    named = Q(account__name__icontains=asked)
    return found.filter(named | Q(account__number__startswith=number) if len(number) >= 3 else named)


def _page(found: QuerySet[Relationship], shown: str, after: str) -> tuple[list[Relationship], str]:
    """One page after the one whose last row `after` names, and the name of its own last row if more follow."""
    if shown == "bientot":
        day, _dot, pk = after.partition(".")
        if (number := as_id(pk)) is not None and (last := _date(day)) is not None:
            found = found.filter(Q(ends_on__gt=last) | Q(ends_on=last, pk__gt=number))
    elif (number := as_id(after)) is not None:
        found = found.filter(pk__lt=number)
    rows = list(found[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last_row = rows[PAGE - 1]
    return rows[:PAGE], f"{last_row.ends_on}.{last_row.pk}" if shown == "bientot" else str(last_row.pk)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _states() -> list[tuple[str, str]]:
    return [
        ("", pgettext("relationships", "Actives")), ("bientot", _("Se terminent dans les 30 jours")),
        ("terminees", pgettext("relationships", "Terminées")), ("toutes", pgettext("relationships", "Toutes")),
    ]  # fmt: skip


def _clients(member: Membership, rows: list[Relationship]) -> dict:
    accounts = {one.account_id for one in rows}
    return {key: found for ties in tied_clients for key, found in ties.named(member, accounts).items()}


def _row(one: Relationship, client, today: date) -> dict[str, Any]:
    state = one.state_on(today)
    return {
        "one": one, "client": client, "state": state.label, "tone": TONES[state.value], "days": one.days_left(today),
    }  # fmt: skip


def _waiting(member: Membership, today: date, number: str = "") -> int:
    """How many requests wait for an answer, of all or about one business."""
    waiting = requests_of(member).filter(state=AccessRequest.State.PENDING, expires_on__gte=today)
    return (waiting.filter(account_number=number) if number else waiting)[: MOST_COUNTED + 1].count()


def refused(request: MemberRequest, refusal: Refusal, url: str) -> HttpResponse:
    messages.error(request, str(refusal.message))
    return see(request, url)
