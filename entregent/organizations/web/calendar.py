"""« Calendrier de travail »: the days that count for deadlines."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations.calendars import set_calendar
from entregent.organizations.models import Organization
from entregent.organizations.web.administration import address, render_administration, with_version
from entregent.organizations.web.forms import CalendarForm, both_versions
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.toolbox.working_time import named_holidays
from entregent.ui.pages import add_refusal, see

NEXT = 8


@requires(Right.SETTINGS)
def calendar(request: MemberRequest) -> HttpResponse:
    organization = request.member.organization
    if request.method != "POST":
        return _page(request, CalendarForm.of(organization))
    form = CalendarForm(request.POST)
    if form.is_valid():
        try:
            set_calendar(organization, by=request.member, **form.values())
        except Stale as refusal:
            form = CalendarForm(with_version(request, refusal.current.version))
            form.is_valid()
            versions = both_versions(form, CalendarForm.of(refusal.current))
            return _page(request, form, versions=versions, refusal=refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, address(request, "calendar"), toast=_("Calendrier de travail enregistré."))
    return _page(request, form, status=422)


def _page(request: MemberRequest, form: CalendarForm, *, versions=(), refusal=None, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "versions": list(versions),
        "refusal": refusal,
        "next_days_off": _next_days_off(request.member.organization),
    }
    return render_administration(request, "organizations/calendar.html", context, status=status)


def _next_days_off(organization: Organization) -> list[tuple]:
    """The next days on which nobody works, (day, name), as they stand."""
    today = today_in(organization.time_zone)
    found: dict[date, str] = {}
    for year in (today.year, today.year + 1):
        found |= named_holidays(organization.holidays, year)
    found |= {day: name or found.get(day, "") for day, name in CalendarForm.days_off_of(organization)}
    coming = [(day, found[day]) for day in sorted(found) if day >= today and day < today + timedelta(days=400)]
    return coming[:NEXT]
