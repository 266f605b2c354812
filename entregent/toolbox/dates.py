"""Days and times of an organization."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone


def today_in(zone: str) -> date:
    return timezone.now().astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))


def thirty_days_ago(zone: str) -> datetime:
    """« 30 derniers jours » (RX-11): from today − 30 days at 00:00 in the organization's zone, inclusive."""
    return start_of_day(today_in(zone) - timedelta(days=30), zone)
