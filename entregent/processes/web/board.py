"""« Mon travail » and « Équipe » as a board: a column for each stage of a step; cards are moved by menu or dragged."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations.models import Membership, Team
from entregent.processes import actions, questions
from entregent.processes.models import ProcessRun, ProcessStep
from entregent.processes.web.plans import MODULE, at, step_in_reach, version_of
from entregent.processes.web.work import COLUMNS, Scope, WorkRow, listed, row_of
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import is_htmx, render, see, with_toast

PAGE = "processes/board.html"
TAKE, TODO, WAITING, DONE = "take", "todo", "waiting", "done"
CARDS = 25
SHOWN_DONE = timedelta(days=7)


@dataclass
class Card:
    """A step on the board, with where it may go: (column, what the button says)."""

    row: WorkRow
    moves: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Column:
    """The first steps of one stage; `following` is where the next ones are, "" for none. `count` may say « 25+ »."""

    key: str
    label: str
    empty: str
    cards: list[Card]
    count: str
    following: str = ""


@require_safe
@requires(Right.PROCESS_RUN, module=MODULE)
def board(request: MemberRequest) -> HttpResponse:
    """All columns; `?colonne=&apres=` gives the cards that follow in one. `vue=equipe` shows what teams do."""
    scope, column = _scope(request), request.GET.get("colonne", "")
    if column in (TAKE, TODO, WAITING) and is_htmx(request):
        context = _context(scope, [column], request.GET.get("apres", "")[:100])
        return render(request, PAGE, context, fragment="cards")
    return render(request, PAGE, _context(scope), fragment="board")


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def board_move(request: MemberRequest, pk: int) -> HttpResponse:
    """A card goes to another column: what its buttons elsewhere do, with what they refuse."""
    scope = _scope(request)
    step = step_in_reach(request.member, pk)
    refusal, toast = "", ""
    try:
        toast = _moved(step, request.POST.get("to", ""), by=request.member, version=version_of(request))
    except (Refusal, Refusals) as refused:
        if isinstance(refused, NotFound):
            raise
        told = refused.refusals if isinstance(refused, Refusals) else [refused]
        refusal = _("« %(step)s » : %(why)s") % {
            "step": step.name,
            "why": " ".join(str(one.message) for one in told),
        }
    if not is_htmx(request):
        return see(request, _address(scope), toast=refusal or toast)
    context = _context(scope) | {"refusal": refusal, "moved": step.pk, "moved_run": step.run_id}
    answer = render(request, PAGE, context, fragment="board")
    return answer if refusal else with_toast(answer, toast)


def _moved(step: ProcessStep, to: str, *, by: Membership, version: int | None) -> str:
    """Does what the column stands for; gives what is said of it."""
    values: dict[str, Any] = {"by": by, "version": version}
    if to == TODO and step.run.state == ProcessRun.State.WAITING:
        actions.resume_run(step.run, by=by)
        return _("Le plan reprend : ses échéances sont décalées d’autant.")
    if to == TODO:
        actions.claim_step(step, **values)
        return _("Cette étape est à vous.")
    if to == TAKE:
        actions.reassign_step(step, team=step.team, **values)
        return _("Étape rendue à l’équipe.")
    if to == WAITING:
        actions.pause_run(step.run, by=by)
        return _("Le plan attend le client : ses échéances sont suspendues.")
    if to == DONE:
        actions.complete_as_kept(step, **values)
        return _("Étape « %(name)s » terminée.") % {"name": step.name}
    raise Refusal("E-CHOICE", _("Choisissez une colonne."), field="to")


# ——— What stands in the columns ———


def _scope(request: MemberRequest) -> Scope:
    return Scope.of(request, "team" if request.GET.get("vue") == "equipe" else "mine")


def _asked(scope: Scope) -> dict[str, str]:
    if scope.tab == "mine":
        return {}
    return {"vue": "equipe"} | ({"equipe": scope.team.code} if scope.team is not None else {})


def _address(scope: Scope, **more: str) -> str:
    query = urlencode(_asked(scope) | more)
    return at("board", scope.member) + (f"?{query}" if query else "")


def columns_of(scope: Scope, keys: Collection[str] = (TAKE, TODO, WAITING, DONE), after: str = "") -> list[Column]:
    """These columns, each from `after` on, with what its cards offer."""
    columns = [_column(scope, key, after) for key in keys]
    _offer_moves(scope.member, columns)
    return columns


def _context(scope: Scope, *which) -> dict[str, Any]:
    return {
        "scope": scope,
        "columns": columns_of(scope, *which),
        "query": urlencode(_asked(scope)),
        "refusal": "",
        "moved": None,
        "moved_run": None,
    }


def _column(scope: Scope, key: str, after: str) -> Column:
    member = scope.member
    zone = ZoneInfo(member.organization.time_zone)
    if key == DONE:
        found = questions.done_steps(member, timezone.now() - SHOWN_DONE).values(*COLUMNS)[: CARDS + 1]
        rows, mark = list(found), ""
        is_more, rows = len(rows) > CARDS, rows[:CARDS]
    else:
        steps, order = _steps_of(scope, key)
        rows, mark = listed(steps, after, order, size=CARDS, is_waiting=key == WAITING)
        is_more = bool(mark)
    label, empty = _words(scope, key)
    return Column(
        key=key,
        label=label,
        empty=empty,
        cards=[Card(row_of(row, zone)) for row in rows],
        count=f"{CARDS}+" if is_more else str(len(rows)),
        following=_address(scope, colonne=key, apres=mark) if mark else "",
    )


def _steps_of(scope: Scope, key: str) -> tuple[QuerySet, questions.Order]:
    """The steps of a column that may go on, and the order in which they are looked for."""
    member = scope.member
    if key == WAITING:
        steps = questions.waiting_steps(member)
        if scope.tab == "mine":
            steps = steps.filter(assignee_id=member.user_id)
        elif scope.asked is not None:
            steps = steps.filter(team_id__in=[one.pk for one in scope.asked])
        return steps, scope.order()
    if key == TAKE:
        if scope.tab == "team":
            return scope.to_do().filter(assignee=None), scope.order(only_free=True)
        teams = list(Team.objects.of(member))
        steps = questions.team_steps(member).filter(assignee=None)
        return steps, questions.order_of(member, teams=teams, only_free=True)
    if scope.tab == "mine":
        return scope.to_do(), scope.order()
    order = scope.order()
    taken = order.steps.filter(assignee__isnull=False)
    return scope.to_do().filter(assignee__isnull=False), replace(order, steps=taken)


def _words(scope: Scope, key: str) -> tuple[str, str]:
    """The head of a column, and what stands in it while it is empty."""
    if key == TAKE:
        return _("À prendre"), _("Rien à prendre.")
    if key == TODO:
        if scope.tab == "mine":
            return pgettext("step", "À faire"), _("Rien ne vous attend.")
        return _("Prises en charge"), _("Aucune étape prise en charge.")
    if key == WAITING:
        return _("Attend le client"), _("Aucun plan n’attend le client.")
    return _("Faites par moi (7 jours)"), _("Déposez ici une étape pour la terminer.")


def _offer_moves(member: Membership, columns: list[Column]) -> None:
    """Where each card may go, of those that the member may work on."""
    cards = [(column.key, card) for column in columns if column.key != DONE for card in column.cards]
    if not cards:
        return
    theirs = _workable(member, [card.row.pk for _key, card in cards])
    teams = set(Team.objects.of(member).values_list("pk", flat=True))
    leads = member.can(Right.PROCESS_LEAD)
    for key, card in cards:
        row = card.row
        is_free = row.assignee_id is None
        is_own = row.assignee_id == member.user_id or (is_free and (row.team_id is None or row.team_id in teams))
        if row.pk not in theirs or row.is_failed or not (is_own or leads):
            continue
        if key == WAITING:
            card.moves = [(TODO, _("Reprendre le plan"))]
            continue
        if key == TAKE:
            card.moves.append((TODO, _("Prendre")))
        elif row.team_id is not None:
            card.moves.append((TAKE, _("Rendre à l’équipe")))
        card.moves += [(WAITING, _("Attendre le client")), (DONE, _("Terminer l’étape"))]


def _workable(member: Membership, ids: list[int]) -> set[int]:
    if member.reach.covers(Right.PROCESS_RUN, Right.CASE_VIEW):
        return set(ids)
    found = ProcessStep.objects.visible_to(member, Right.PROCESS_RUN).filter(pk__in=ids)
    return set(found.values_list("pk", flat=True))
