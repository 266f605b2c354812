"""Working time: deadlines on a calendar with holidays, over changes of clocks and ends of months."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from entregent.toolbox.working_time import (
    HOLIDAYS,
    UNITS,
    Offset,
    WorkingCalendar,
    add_months,
    named_holidays,
    parse_offset,
    tell_offset,
)

ZONES = ("Europe/Paris", "America/Toronto", "Pacific/Auckland")
PARIS = WorkingCalendar(holidays="FR")
moments = st.datetimes(datetime(2019, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
days = st.dates(date(2019, 1, 1), date(2035, 1, 1))


def at(text, zone="Europe/Paris"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("code", HOLIDAYS)
def test_every_preset_knows_the_new_year(code):
    assert date(2027, 1, 1) in named_holidays(code, 2027)


def test_holidays_are_told_in_both_languages():
    with translation.override("fr"):
        assert named_holidays("QC", 2027)[date(2027, 6, 24)] == "Fête nationale du Québec"
    with translation.override("en"):
        assert "Day" in named_holidays("FR", 2027)[date(2027, 7, 14)]


def test_working_days_skip_weekends_holidays_and_days_off():
    assert PARIS.due("2 working days", at("2026-04-30T10:15")) == at("2026-05-05T10:15")  # 1 May is a Friday
    assert WorkingCalendar(holidays="QC").is_working(date(2027, 7, 14))
    assert not WorkingCalendar(holidays="QC").is_working(date(2027, 6, 24))
    assert not PARIS.is_working(date(2027, 7, 14))
    bridge = WorkingCalendar(holidays="FR", extra_days_off=frozenset({date(2027, 5, 7)}))
    assert bridge.add_days(date(2027, 5, 5), 1) == date(2027, 5, 10)  # Ascension on the 6th, the bridge on the 7th
    assert PARIS.add_days(date(2027, 5, 10), -1) == date(2027, 5, 7)
    assert PARIS.add_days(date(2027, 5, 8), 0) == date(2027, 5, 10)


def test_alsace_rests_on_good_friday_and_france_does_not():
    assert PARIS.is_working(date(2027, 3, 26))
    assert not WorkingCalendar(holidays="FR-ALSACE").is_working(date(2027, 3, 26))


def test_months_end_where_the_month_ends():
    assert PARIS.due("1 month", at("2027-01-31T09:00")) == at("2027-02-28T09:00")
    assert PARIS.due("1 year", at("2028-02-29T09:00")) == at("2029-02-28T09:00")
    assert PARIS.due("-1 month", at("2028-03-31T09:00")) == at("2028-02-29T09:00")
    assert add_months(date(2026, 12, 15), 1) == date(2027, 1, 15)


def test_a_day_keeps_its_hour_over_the_change_of_clocks_and_hours_pass():
    saturday = at("2027-03-27T02:30")
    assert PARIS.due("1 day", saturday) == at("2027-03-28T03:30")  # 02:30 does not exist that night
    assert PARIS.due("2 days", saturday).isoformat() == "2027-03-29T02:30:00+02:00"
    assert PARIS.due("24 hours", saturday).isoformat() == "2027-03-28T03:30:00+02:00"
    assert PARIS.due("24 hours", at("2027-10-30T12:00")).isoformat() == "2027-10-31T11:00:00+01:00"


def test_working_hours_are_those_of_the_opening_hours():
    open_hours = WorkingCalendar(hours=(time(9), time(17)), holidays="FR")
    assert open_hours.due("3 working hours", at("2026-11-20T15:00")) == at("2026-11-23T10:00")
    assert open_hours.due("-3 working hours", at("2026-11-23T10:00")) == at("2026-11-20T15:00")
    assert open_hours.due("1 working hour", at("2026-11-21T15:00")) == at("2026-11-23T10:00")
    assert WorkingCalendar().due("30 working hours", at("2026-11-20T18:00")) == at("2026-11-24T00:00")


@given(st.sampled_from(ZONES), moments, st.integers(-400, 400))
def test_days_go_there_and_back(zone, start, n):
    calendar = WorkingCalendar(zone=zone)
    local = start.astimezone(ZoneInfo(zone))
    reached = calendar.due(Offset(n, "day"), start)
    assert reached.date() == local.date() + timedelta(days=n) or reached.time() != local.time()
    assert reached.tzinfo == ZoneInfo(zone)


@given(st.sampled_from(ZONES), moments, st.integers(-5000, 5000))
def test_hours_pass_one_by_one(zone, start, n):
    assert WorkingCalendar(zone=zone).due(Offset(n, "hour"), start) - start == timedelta(hours=n)


@given(days, st.integers(1, 60), st.sampled_from(["", *HOLIDAYS]), st.frozensets(st.integers(0, 6), min_size=1))
def test_between_two_working_days_there_are_as_many_as_were_asked(day, n, code, weekdays):
    calendar = WorkingCalendar(weekdays=weekdays, holidays=code)
    reached = calendar.add_days(day, n)
    between = [day + timedelta(days=i) for i in range(1, (reached - day).days + 1)]
    assert calendar.is_working(reached)
    assert sum(map(calendar.is_working, between)) == n
    if calendar.is_working(day):
        assert calendar.add_days(reached, -n) == day


@given(st.sampled_from(ZONES), moments, st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_working_hours_add_up(zone, start, first, second, is_round_the_clock):
    hours = None if is_round_the_clock else (time(8, 30), time(18))
    calendar = WorkingCalendar(zone=zone, hours=hours)
    whole = calendar.due(Offset(first + second, "working hour"), start)
    in_two = calendar.due(Offset(second, "working hour"), calendar.due(Offset(first, "working hour"), start))
    # At the close of a day and at the opening of the next, no working time passes.
    assert calendar.due(Offset(1, "working hour"), whole) == calendar.due(Offset(1, "working hour"), in_two)


@given(st.integers(-5000, 5000), st.sampled_from(UNITS))
def test_an_offset_is_read_as_it_is_written(amount, unit):
    assert parse_offset(str(Offset(amount, unit))) == Offset(amount, unit)
    assert "%" not in tell_offset(Offset(amount, unit))


@pytest.mark.parametrize(
    "text",
    ["", "2", "days", "2 jours", "1.5 days", "99999 days", "5001 days", "2  fortnights", "1 day or two", "--1 day"],
)
def test_what_is_no_offset_is_refused(text):
    with pytest.raises(ValueError, match="not an offset"):
        parse_offset(text)


def test_an_offset_is_told_in_words():
    with translation.override("fr"):
        assert tell_offset("2 working days") == "2 jours ouvrés"
        assert tell_offset("-5 days") == "5 jours avant"
    with translation.override("en"):
        assert tell_offset("1 working day") == "1 working day"
        assert tell_offset("-5 days") == "5 days before"


def test_a_calendar_without_working_days_is_refused():
    for wrong in ({"weekdays": frozenset()}, {"holidays": "XX"}, {"hours": (time(17), time(9))}):
        with pytest.raises(ValueError):
            WorkingCalendar(**wrong)


def test_a_moment_without_its_zone_is_refused():
    with pytest.raises(ValueError):
        PARIS.due("1 day", datetime(2027, 1, 1))


@pytest.mark.parametrize("rule", ["5000 years", "5000 months", "-5000 years", "-5000 weeks", "5000 working days"])
def test_what_lies_outside_of_all_calendars_stays_within(rule):
    for year in (2, 2026, 9990):
        found = PARIS.due(rule, datetime(year, 6, 1, 12, tzinfo=UTC))
        assert 1 < found.astimezone(UTC).year < 9991
        assert PARIS.due(rule, found)


calendars = st.builds(
    WorkingCalendar,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    hours=st.sampled_from([None, (time(8, 30), time(17)), (time(0), time(4)), (time(22), time(23, 59))]),
    holidays=st.sampled_from(["", "FR", "QC"]),
    zone=st.sampled_from(ZONES),
)
spans = st.timedeltas(timedelta(0), timedelta(days=40))


@given(calendars, moments, spans)
def test_so_much_working_time_later_is_so_much_working_time_away(calendar, moment, span):
    later = calendar.later(moment, span)
    assert later >= moment
    assert calendar.between(moment, later) == span


@given(calendars, moments, spans, spans)
def test_working_time_adds_up(calendar, moment, first, second):
    middle, end = moment + first, moment + first + second
    assert calendar.between(moment, middle) + calendar.between(middle, end) == calendar.between(moment, end)
    assert calendar.between(end, moment) == timedelta(0) or not (first or second)
    assert calendar.later(calendar.later(moment, first), second) == calendar.later(moment, first + second)


@given(calendars, moments, st.timedeltas(timedelta(minutes=1), timedelta(days=20)))
def test_earlier_and_later_are_as_far(calendar, moment, span):
    earlier = calendar.later(moment, -span)
    assert earlier <= moment
    assert calendar.between(earlier, moment) == span


def test_the_hour_that_the_clocks_skip_or_repeat_is_worked_or_not_as_it_is():
    calendar = WorkingCalendar(weekdays=frozenset(range(7)))
    assert calendar.between(at("2026-03-29T00:00"), at("2026-03-30T00:00")) == timedelta(hours=23)
    assert calendar.between(at("2026-10-25T00:00"), at("2026-10-26T00:00")) == timedelta(hours=25)
    office = WorkingCalendar(hours=(time(9), time(17)))
    assert office.between(at("2026-03-27T16:00"), at("2026-03-30T10:00")) == timedelta(hours=2)
    assert office.later(at("2026-03-27T16:00"), timedelta(hours=2)) == at("2026-03-30T10:00")
