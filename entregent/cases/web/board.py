"""« Dossiers » as a board: one column for each state, cards moved by their menu or by dragging them."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.actions.states import TRANSITIONS
from entregent.cases.lists import types_of
from entregent.cases.models import OPEN_STATES, Case, State
from entregent.cases.web.answers import get_case
from entregent.cases.web.listing import COLUMNS, CaseFilter, Row, row_of
from entregent.listing import pages
from entregent.listing.actions import visible_views
from entregent.listing.conditions import check
from entregent.organizations.models import Membership, Module
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui.pages import is_htmx, render, see, with_toast

PAGE = "cases/board.html"
# The course of a case; what is cancelled or rejected wants a reason, which its own page asks for.
STATES = (State.NEW, State.IN_PROGRESS, State.DEFERRED, State.DONE)
CARDS = 25


@dataclass
class BoardColumn:
    """The cases of one state: the first of them, how many there are, where the next ones are.

    A column that goes on is shown before it is counted: `count` says « 25+ » and `is_counted` is false.
    """

    state: State
    cards: list[Row]
    count: str
    next_cursor: str
    is_counted: bool = True

    @property
    def moves(self) -> list[tuple[str, str]]:
        """Where its cards may go. One that is closed is opened again on its own page, with a reason."""
        if self.state not in OPEN_STATES:
            return []
        return [(one.value, str(one.label)) for one in STATES if one in TRANSITIONS[self.state]]


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def board(request) -> HttpResponse:
    """All columns; `?colonne=&apres=` gives the cards that follow in one, `?colonne=&compte=oui` how many it has."""
    column = request.GET.get("colonne", "")
    if column in [str(one) for one in STATES] and request.GET.get("compte") == "oui":
        chosen = CaseFilter(request.GET, request.member)
        state = State(column)
        count = chosen.number_in_words(_asked(chosen, state).count())
        context = {"filter": chosen, "columns": [BoardColumn(state, [], count, "")]}
        return render(request, PAGE, context, fragment="count")
    if column in [str(one) for one in STATES] and is_htmx(request):
        context = _context(request, [State(column)], request.GET.get("apres", "")[:500])
        return render(request, PAGE, context, fragment="cards")
    return render(request, PAGE, _context(request, STATES), fragment="board")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def board_move(request, number) -> HttpResponse:
    """A card goes to another column: as « État » on the page of the case, with what it refuses."""
    case = get_case(request, number)
    wanted, seen = request.POST.get("to", ""), request.POST.get("from", "")
    refusal = ""
    if seen != case.state:
        refusal = _("Le dossier n° %(number)s a changé d’état entre-temps.") % {"number": case.number}
    else:
        try:
            case = actions.change_state(case, by=request.member, state=wanted, version=case.version)
        except (Refusal, Refusals) as refused:
            told = refused.refusals if isinstance(refused, Refusals) else [refused]
            refusal = " ".join(str(one.message) for one in told)
    toast = _("Dossier n° %(number)s : %(state)s.") % {"number": case.number, "state": case.status_label}
    address = reverse("cases:board", args=[request.member.organization.slug])
    if not is_htmx(request):
        query = CaseFilter(request.POST, request.member).query()
        return see(request, f"{address}?{query}", toast=refusal or toast)
    context = _context(request, STATES) | {"refusal": refusal, "moved": case.number}
    answer = render(request, PAGE, context, fragment="board")
    return answer if refusal else with_toast(answer, toast)


def _context(request, states, after: str = "") -> dict[str, Any]:
    member = request.member
    chosen = CaseFilter(request.POST if request.method == "POST" else request.GET, member)
    columns = [_column(chosen, state, after) for state in states]
    return {
        "filter": chosen,
        "columns": columns,
        "movable": _movable(member, columns),
        "views": [] if after else list(visible_views(member, "cases")),
        "refusal": "",
        "moved": None,
    }


def _asked(chosen: CaseFilter, state: State) -> pages.Asked:
    parts = [["state", "is", state.value]]
    if chosen.board_condition is not None:
        parts.append(chosen.board_condition)
    condition = check({"all": parts}, chosen.definition, chosen.member)
    return pages.ask(chosen.definition, chosen.member, condition=condition, text=chosen.text)


def _column(chosen: CaseFilter, state: State, after: str) -> BoardColumn:
    member, asked = chosen.member, _asked(chosen, state)
    today = today_in(member.organization.time_zone)
    page = asked.page(columns=COLUMNS, sort=chosen.sort, after=after, limit=CARDS)
    is_counted = not page.next or asked.is_counted
    count = asked.count() if is_counted and not after else pages.Count(len(page.rows), True)
    cards = [row_of(one, types_of(member), today) for one in page.rows]
    return BoardColumn(state, cards, chosen.number_in_words(count), page.next, is_counted)


def _movable(member: Membership, columns: list[BoardColumn]) -> set[int]:
    """The numbers of the cards that the member may move."""
    if not member.can(Right.CASE_EDIT):
        return set()
    numbers = [card.number for column in columns for card in column.cards]
    if member.reach.covers(Right.CASE_EDIT, Right.CASE_VIEW):
        return set(numbers)
    found = Case.objects.visible_to(member, Right.CASE_EDIT).filter(number__in=numbers)
    return set(found.values_list("number", flat=True))
