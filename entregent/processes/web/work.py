"""« Mon travail » and « Équipe »: the steps that wait for somebody, what is late first, day by day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.jobs.actions import cancel_job
from entregent.jobs.web.rows import own_job, rows_page
from entregent.organizations.models import Membership, Team
from entregent.processes import actions, questions
from entregent.processes.actions.bulk import JOB
from entregent.processes.models import ProcessStep
from entregent.processes.web.plan_view import colleagues_of, teams_of
from entregent.processes.web.plans import MODULE, at, whom_of
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

PAGE = 100


@dataclass
class WorkRow:
    """One step in a list of work."""

    pk: int
    run_id: int
    version: int
    name: str
    plan: str
    client: str
    client_number: str
    case: int | None
    who: str
    is_free: bool
    is_failed: bool
    due_on: date | None
    is_late: bool
    team_id: int | None
    assignee_id: int | None


@dataclass
class DayGroup:
    """The steps of one day; `state` says how it is drawn: late, today, none."""

    title: str
    state: str
    rows: list[WorkRow]


@dataclass
class Scope:
    """Whose work a page shows: one's own (`tab` « mine »), or that of teams.

    `teams` are those to choose from, `asked` those whose steps are shown: None stands for everybody's, of those who
    lead.
    """

    member: Membership
    tab: str
    teams: list[Team]
    team: Team | None
    asked: list[Team] | None

    @classmethod
    def of(cls, request: MemberRequest, tab: str) -> "Scope":
        """`equipe` is the code of a team. Those who lead see every team's."""
        member = request.member
        if tab == "mine":
            return cls(member, tab, [], None, [])
        leads = member.can(Right.PROCESS_LEAD)
        everyones = Team.objects.filter(organization_id=member.organization_id, is_active=True)
        offered = list(everyones if leads else Team.objects.of(member))
        code = request.GET.get("equipe", "")[:40]
        chosen = next((one for one in offered if one.code == code), None)
        if code and chosen is None:
            raise NotFound
        return cls(member, tab, offered, chosen, [chosen] if chosen is not None else None if leads else offered)

    def to_do(self) -> QuerySet:
        if self.tab == "mine":
            return questions.my_steps(self.member)
        return questions.all_steps(self.member) if self.asked is None else questions.team_steps(self.member, self.team)

    def order(self, *, only_free: bool = False) -> questions.Order:
        if self.tab == "mine":
            return questions.order_of(self.member, mine=True)
        return questions.order_of(self.member, teams=self.asked, only_free=only_free)


@require_safe
@requires(Right.PROCESS_RUN, module=MODULE)
def mine(request: MemberRequest) -> HttpResponse:
    return _page(request, Scope.of(request, "mine"))


@require_safe
@requires(Right.PROCESS_RUN, module=MODULE)
def team(request: MemberRequest) -> HttpResponse:
    """What one's teams have to do; `equipe` is the code of one. Those who lead see every team's."""
    return _page(request, Scope.of(request, "team"), only_free=request.GET.get("libres") == "1")


def _page(request: MemberRequest, scope: Scope, *, only_free: bool = False) -> HttpResponse:
    member = request.member
    zone = ZoneInfo(member.organization.time_zone)
    steps = scope.to_do().filter(assignee=None) if only_free else scope.to_do()
    rows, mark = listed(steps, request.GET.get("apres", ""), scope.order(only_free=only_free))
    asked = {key: request.GET[key] for key in ("equipe", "libres") if request.GET.get(key)}
    context = {
        "groups": _groups([row_of(row, zone) for row in rows], timezone.now().astimezone(zone).date()),
        "scope": scope,
        "next_url": "?" + urlencode(asked | {"apres": mark}) if mark else "",
        "only_free": only_free,
        "colleagues": colleagues_of(member) if rows else [],
        "all_teams": teams_of(member) if rows else [],
    }
    return render(request, "processes/work.html", context, fragment="rows")


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def bulk_create(request: MemberRequest) -> HttpResponse:
    """The steps that are ticked: all done, or all given to somebody, by a job."""
    ids = [pk for pk in map(as_id, request.POST.getlist("ids")) if pk is not None]
    change = request.POST.get("changement", "")
    job = actions.change_steps(by=request.member, ids=ids, change=change, **whom_of(request))
    return see(request, at("bulk", request.member, job_id=job.pk))


@require_safe
@requires(Right.PROCESS_RUN, module=MODULE)
def bulk_detail(request: MemberRequest, job_id: int) -> HttpResponse:
    """How far the job is, and what became of each step."""
    member = request.member
    job = own_job(member, job_id, JOB)

    def names(ids: list[int]) -> dict[int, tuple[str, str]]:
        found = ProcessStep.objects.visible_to(member, Right.CASE_VIEW).filter(pk__in=ids).values(*COLUMNS)
        rows = [row_of(row, ZoneInfo(member.organization.time_zone)) for row in found]
        return {
            row.pk: (
                f"{row.name} · {row.plan} · {row.client}",
                f"{at('plan', member, pk=row.run_id)}#etape-{row.pk}",
            )
            for row in rows
        }

    here, stop = at("bulk", member, job_id=job.pk), at("bulk_cancel", member, job_id=job.pk)
    back = (_("Mon travail"), at("work", member))
    return rows_page(request, job, address=here, cancel=stop, back=back, names=names)


@require_POST
@requires(Right.PROCESS_RUN, module=MODULE)
def bulk_cancel(request: MemberRequest, job_id: int) -> HttpResponse:
    job = cancel_job(own_job(request.member, job_id, JOB), by=request.member)
    toast = _("La tâche s’arrête.") if job.cancel_asked else _("La tâche était déjà finie.")
    return see(request, at("bulk", request.member, job_id=job.pk), toast=toast)


def first_rows(steps, member: Membership, most: int) -> list[WorkRow]:
    """The first of these steps, as lists of work show them."""
    zone = ZoneInfo(member.organization.time_zone)
    return [row_of(row, zone) for row in steps.values(*COLUMNS)[:most]]


COLUMNS = (
    "id", "run_id", "version", "name_fr", "name_en", "state", "due_at", "assignee__name", "team__label_fr",
    "team__label_en", "run__definition__name_fr", "run__definition__name_en", "client__display_name",
    "client__number", "run__case__number", "team_id", "assignee_id",
)  # fmt: skip


def listed(
    steps, mark: str, order: questions.Order, *, size: int = PAGE, is_waiting: bool = False
) -> tuple[list[dict[str, Any]], str]:
    """The rows of one page, and the mark after which the next one begins. `is_waiting`: of plans that wait
    (`Order.waiting`)."""
    rows: list[dict[str, Any]] = []
    found = order.waiting if is_waiting else order.rows
    for seen, begun in zip(_after(steps, mark), _after(order.steps, mark), strict=True):
        if len(rows) <= size:
            rows += found(seen, begun, COLUMNS, size + 1 - len(rows))
    if len(rows) <= size:
        return rows, ""
    last = rows[size - 1]
    return rows[:size], f"{last['due_at'].isoformat() if last['due_at'] else ''}|{last['id']}"


def _after(steps, mark: str) -> list[QuerySet]:
    """What follows the last row that was shown: what has a deadline, then what has none, each straight from its place
    in the index."""
    moment, _bar, last = mark.partition("|")
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        return [steps]
    if not moment:
        return [steps.filter(due_at=None, pk__gt=int(last))]
    try:
        due = datetime.fromisoformat(moment)
    except ValueError:
        return [steps]
    if due.tzinfo is None:
        return [steps]
    later = TupleGreaterThan(Tuple(F("due_at"), F("pk")), (due, int(last)))
    return [steps.filter(later), steps.filter(due_at=None)]


def row_of(row: dict[str, Any], zone: ZoneInfo) -> WorkRow:
    in_english = get_language() == "en"

    def told(prefix: str) -> str:
        fr, en = row[f"{prefix}_fr"] or "", row[f"{prefix}_en"] or ""
        return (en or fr) if in_english else (fr or en)

    due = row["due_at"]
    return WorkRow(
        pk=row["id"],
        run_id=row["run_id"],
        version=row["version"],
        name=told("name"),
        plan=told("run__definition__name"),
        client=row["client__display_name"],
        client_number=row["client__number"],
        case=row["run__case__number"],
        who=row["assignee__name"] or told("team__label"),
        is_free=row["assignee__name"] is None,
        is_failed=row["state"] == ProcessStep.State.FAILED,
        due_on=due.astimezone(zone).date() if due is not None else None,
        is_late=due is not None and due < timezone.now(),
        team_id=row["team_id"],
        assignee_id=row["assignee_id"],
    )


def _groups(rows: list[WorkRow], today: date) -> list[DayGroup]:
    groups: list[DayGroup] = []
    for row in rows:
        title, state = _day_of(row, today)
        if not groups or groups[-1].title != title:
            groups.append(DayGroup(title, state, []))
        groups[-1].rows.append(row)
    return groups


def _day_of(row: WorkRow, today: date) -> tuple[str, str]:
    from babel.dates import format_date

    if row.due_on is None:
        return _("Sans échéance"), ""
    if row.is_late:
        return _("En retard"), "late"
    days = (row.due_on - today).days
    if days <= 1:
        return (_("Demain"), "") if days == 1 else (_("Aujourd’hui"), "today")
    told = format_date(row.due_on, "EEEE d MMMM", locale=get_language() or "fr")
    return told[:1].upper() + told[1:], ""
