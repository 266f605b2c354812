"""Working time: which days count, and when something that is asked « within 2 working days » is due.

A deadline is written as an offset, « 2 working days », « -5 days », « 1 month », « 3 hours ». It is counted on the wall
clock of the organization: what is asked at 10:15 is due at 10:15 of the day reached, whether or not the clocks changed
meanwhile. Hours are hours that pass; working hours are those of the opening hours on working days. The 31st of a month
plus one month is the last day of the next one.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as public_holidays
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

# Public holidays by code: how they are called, and where the library keeps them.
HOLIDAYS = {
    "FR": (_("France"), "FR", None),
    "FR-ALSACE": (_("France, Alsace et Moselle"), "FR", "57"),
    "QC": (_("Québec"), "CA", "QC"),
    "CA-ON": (_("Ontario"), "CA", "ON"),
    "CA-NB": (_("Nouveau-Brunswick"), "CA", "NB"),
    "CA-FED": (_("Canada, employeurs fédéraux"), "CA", None),
    "BE": (_("Belgique"), "BE", None),
    "LU": (_("Luxembourg"), "LU", None),
}
WEEK = frozenset(range(5))
MOST = 5000
# Between these every clock and every database can tell a moment.
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9990, 12, 31, tzinfo=UTC)

_OFFSET = re.compile(r"([+-]?\d{1,4}) (working day|working hour|day|hour|week|month|year)s?")
UNITS = ("working day", "day", "week", "month", "year", "working hour", "hour")


@dataclass(frozen=True)
class Offset:
    """So many units, forwards or (negative) backwards."""

    amount: int
    unit: str

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if abs(self.amount) == 1 else 's'}"


def parse_offset(text: str) -> Offset:
    """`text` as an offset. ValueError for anything else."""
    found = _OFFSET.fullmatch(" ".join(str(text).lower().split()))
    if found is None or abs(int(found[1])) > MOST:
        raise ValueError(f"not an offset: {text!r}")
    return Offset(int(found[1]), found[2])


def tell_offset(offset: Offset | str) -> str:
    """« 2 jours ouvrés », « 5 jours avant », in the reader's language."""
    if isinstance(offset, str):
        offset = parse_offset(offset)
    n = abs(offset.amount)
    told = {
        "working day": lambda: ngettext("%(n)s jour ouvré", "%(n)s jours ouvrés", n),
        "working hour": lambda: ngettext("%(n)s heure ouvrée", "%(n)s heures ouvrées", n),
        "day": lambda: ngettext("%(n)s jour", "%(n)s jours", n),
        "hour": lambda: ngettext("%(n)s heure", "%(n)s heures", n),
        "week": lambda: ngettext("%(n)s semaine", "%(n)s semaines", n),
        "month": lambda: ngettext("%(n)s mois", "%(n)s mois", n),
        "year": lambda: ngettext("%(n)s an", "%(n)s ans", n),
    }[offset.unit]() % {"n": n}
    return str(_("%(time)s avant") % {"time": told}) if offset.amount < 0 else told


def named_holidays(code: str, year: int) -> dict[date, str]:
    """The public holidays of a year with their names in the reader's language."""
    if code not in HOLIDAYS:
        return {}
    language = "fr" if get_language() != "en" else "en_US"
    return dict(sorted(_holidays(code, year, language).items()))


@lru_cache(maxsize=512)
def _holidays(code: str, year: int, language: str = "fr") -> dict[date, str]:
    _name, country, subdivision = HOLIDAYS[code]
    return dict(public_holidays.country_holidays(country, subdiv=subdivision, years=year, language=language))


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days and opening hours of an organization. `weekdays`: 0 is Monday. `hours`: None for round the clock.

    A calendar on which nobody ever works would have no deadline: it is refused.
    """

    weekdays: frozenset[int] = WEEK
    hours: tuple[time, time] | None = None
    holidays: str = ""
    extra_days_off: frozenset[date] = frozenset()
    zone: str = "Europe/Paris"

    def __post_init__(self):
        if not self.weekdays or not self.weekdays <= set(range(7)):
            raise ValueError("a calendar has one working weekday at least, of 0 to 6")
        if self.hours is not None and self.hours[0] >= self.hours[1]:
            raise ValueError("a day opens before it closes")
        if self.holidays and self.holidays not in HOLIDAYS:
            raise ValueError(f"no holidays are known as {self.holidays!r}")

    def is_working(self, day: date) -> bool:
        return (
            day.weekday() in self.weekdays
            and day not in self.extra_days_off
            and not (self.holidays and day in _holidays(self.holidays, day.year))
        )

    def add_days(self, day: date, n: int) -> date:
        """`n` working days after `day`, before it where negative. 0: `day` itself, or the next working day."""
        step = timedelta(days=-1 if n < 0 else 1)
        if n == 0:
            while not self.is_working(day):
                day += step
            return day
        for _each in range(abs(n)):
            day += step
            while not self.is_working(day):
                day += step
        return day

    def due(self, rule: str | Offset, start: datetime) -> datetime:
        """When something is due that is asked at `start`, in the zone of the calendar. What would lie outside of all
        calendars is due on their last day, or was on their first."""
        if start.tzinfo is None:
            raise ValueError("a moment without its time zone")
        offset = rule if isinstance(rule, Offset) else parse_offset(rule)
        try:
            found = self._due(offset, start)
        except (ValueError, OverflowError):
            found = EARLIEST if offset.amount < 0 else LATEST
        return min(max(found, EARLIEST), LATEST)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from one moment to a later one: opening hours on working days. Zero where it is earlier."""
        begins, ends, found = start.astimezone(UTC), end.astimezone(UTC), timedelta(0)
        day, last = start.astimezone(ZoneInfo(self.zone)).date(), end.astimezone(ZoneInfo(self.zone)).date()
        while day <= last:
            if self.is_working(day):
                opens, closes = self._opening(day)
                found += max(min(ends, closes) - max(begins, opens), timedelta(0))
            day += timedelta(days=1)
        return found

    def later(self, moment: datetime, by: timedelta) -> datetime:
        """A moment so much working time later, or earlier where that is negative; itself where it is zero."""
        if not by:
            return moment
        try:
            found = self._add_hours(moment.astimezone(ZoneInfo(self.zone)), by)
        except (ValueError, OverflowError):
            found = EARLIEST if by < timedelta(0) else LATEST
        return min(max(found, EARLIEST), LATEST)

    def _due(self, offset: Offset, start: datetime) -> datetime:
        if offset.unit == "hour":
            return (start.astimezone(UTC) + timedelta(hours=offset.amount)).astimezone(ZoneInfo(self.zone))
        local = start.astimezone(ZoneInfo(self.zone))
        if offset.unit == "working hour":
            return self._add_hours(local, timedelta(hours=offset.amount))
        return self._at(self._day(local.date(), offset), local.timetz().replace(tzinfo=None))

    def _day(self, day: date, offset: Offset) -> date:
        if offset.unit == "working day":
            return self.add_days(day, offset.amount)
        if offset.unit in ("day", "week"):
            return day + timedelta(days=offset.amount * (7 if offset.unit == "week" else 1))
        return add_months(day, offset.amount * (12 if offset.unit == "year" else 1))

    def _at(self, day: date, moment: time) -> datetime:
        """A moment of the wall clock; one that the change of clocks skips becomes the one that the clock then shows."""
        zone = ZoneInfo(self.zone)
        return datetime.combine(day, moment, tzinfo=zone).astimezone(UTC).astimezone(zone)

    def _add_hours(self, local: datetime, left: timedelta) -> datetime:
        forwards = left >= timedelta(0)
        left, day = abs(left), local.date()
        moment = local.astimezone(UTC)
        while True:
            if self.is_working(day):
                opens, closes = self._opening(day)
                if forwards:
                    begins = max(moment, opens)
                    if begins + left <= closes:
                        return (begins + left).astimezone(ZoneInfo(self.zone))
                    left -= max(closes - begins, timedelta(0))
                else:
                    ends = min(moment, closes)
                    if ends - left >= opens:
                        return (ends - left).astimezone(ZoneInfo(self.zone))
                    left -= max(ends - opens, timedelta(0))
            day += timedelta(days=1 if forwards else -1)

    def _opening(self, day: date) -> tuple[datetime, datetime]:
        opens, closes = self.hours or (time.min, time.min)
        after = day if self.hours else day + timedelta(days=1)
        return self._at(day, opens).astimezone(UTC), self._at(after, closes).astimezone(UTC)


def add_months(day: date, n: int) -> date:
    """The same day `n` months on, or the last one of a month that is too short."""
    months = day.year * 12 + day.month - 1 + n
    year, month = divmod(months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))
