"""What interactions put on dashboards."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.interactions.models import Interaction
from entregent.interactions.timeline import Agenda, agenda_of, client_follow_ups, client_timeline, newest
from entregent.interactions.web.answers import INTERACTIONS_CHANGED
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Membership
from entregent.toolbox.dates import start_of_day, today_in

RECENT = 10
WEEKS = 12
MOST_AGENTS = 12


def portlets() -> list[Portlet]:
    own, firm, client = frozenset({Board.STAFF}), frozenset({Board.STAFF, Board.FIRM}), frozenset({Board.CLIENT})
    view = Right.INTERACTION_VIEW
    folder = "interactions/portlets"
    return [
        Portlet(
            "follow-ups", _("Mes suivis"), "calendar-event", view, own, f"{folder}/follow_ups.html", _follow_ups,
            is_at_once=True,
        ),
        Portlet(
            "recent-interactions", _("Interactions récentes"), "message-2", view, firm, f"{folder}/recent.html",
            _recent, refreshed_by=(INTERACTIONS_CHANGED,),
        ),
        Portlet(
            "interactions-by-week", _("Interactions par semaine"), "chart-bar", view, firm, f"{folder}/weeks.html",
            _weeks, measure=count_by_week,
        ),
        Portlet(
            "late-by-agent", _("Suivis en retard par agent"), "headset", view, firm, f"{folder}/late.html",
            _late, measure=count_late,
        ),
        Portlet(
            "client-interactions", _("Interactions"), "message-2", view, client, f"{folder}/client.html",
            _of_client, refreshed_by=(INTERACTIONS_CHANGED,),
        ),
        Portlet(
            "client-follow-ups", _("Suivis"), "calendar-event", view, client, f"{folder}/client_follow_ups.html",
            _client_follow_ups,
        ),
    ]  # fmt: skip


def own_agenda(request) -> Agenda:
    """The member's follow-ups, read once for the first line of the home page and for the portlet."""
    if not hasattr(request, "own_agenda"):
        request.own_agenda = agenda_of(request.member)
    return request.own_agenda


def count_by_week(member: Membership) -> list[dict]:
    """How many interactions in each of the last twelve weeks, this one included; a week begins on its Monday."""
    zone = member.organization.time_zone
    today = today_in(zone)
    first = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
    counted = dict(
        Interaction.objects.visible_to(member)
        .filter(occurred_at__gte=start_of_day(first, zone))
        .annotate(week=TruncWeek("occurred_at", tzinfo=ZoneInfo(zone)))
        .order_by()
        .values_list("week")
        .annotate(number=Count("id"))
    )
    numbers = {moment.date(): number for moment, number in counted.items()}
    weeks = [first + timedelta(days=7 * place) for place in range(WEEKS)]
    return [{"week": week.isoformat(), "number": numbers.get(week, 0)} for week in weeks]


def count_late(member: Membership) -> list[dict]:
    """Follow-ups whose day is past, by the agent who is to do them; the most burdened first."""
    today = today_in(member.organization.time_zone)
    rows = (
        Interaction.objects.visible_to(member)
        .to_follow_up()
        .filter(follow_up_on__lt=today)
        .order_by()
        .values_list("follow_up_owner_id", "follow_up_owner__name")
        .annotate(number=Count("id"), long=Count("id", filter=Q(follow_up_on__lt=today - timedelta(days=7))))
        .order_by("-number", "follow_up_owner__name")
    )
    return [{"name": name or "", "number": number, "long": long} for _key, name, number, long in rows[:MOST_AGENTS]]


def _follow_ups(request, **_others) -> dict:
    return {"agenda": own_agenda(request)}


def _recent(request, **_others) -> dict:
    return {"events": newest(request.member, size=RECENT)}


def _weeks(request, *, measured, **_others) -> dict:
    most = max([one["number"] for one in measured] + [1])
    step = 320 / WEEKS
    bars = [
        {
            "x": round(place * step + 2, 1),
            "y": round(70 - 66 * one["number"] / most, 1),
            "height": round(66 * one["number"] / most, 1),
            "week": date.fromisoformat(one["week"]),
            "number": one["number"],
        }
        for place, one in enumerate(measured)
    ]
    return {"bars": bars, "bar_width": round(step - 4, 1)}


def _late(request, *, measured, **_others) -> dict:
    return {"agents": measured, "most": max([one["number"] for one in measured] + [1])}


def _of_client(request, *, client, **_others) -> dict:
    events = client_timeline(request.member, client, size=RECENT).events
    return {"events": events, "client": client}


def _client_follow_ups(request, *, client, **_others) -> dict:
    return {"client": client, "follow_ups": client_follow_ups(request.member, client)}
