"""What processes start by themselves on their days: each day, week, month or year, for the clients of a condition.

A period is begun once: its row says how far it is and when it was done, and each chunk is written with it.
"""

import calendar
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.clients.models import Client
from entregent.processes.actions.mass import CHUNK, begin
from entregent.processes.actions.plan import body_of, record_values
from entregent.processes.conditions import holds
from entregent.processes.events import SCHEDULE
from entregent.processes.models import ProcessDefinition, ProcessRun, ScheduledStart
from entregent.toolbox.errors import Refusal

# From this hour on in the organization's own zone.
FROM_HOUR = 6


def run_schedules(organization_id: int, now: datetime | None = None) -> int:
    """What is due in an organization; says how many plans began. Killed anywhere, it goes on where it stood."""
    now, begun = now or timezone.now(), 0
    with in_organization(organization_id):
        found = list(
            ProcessDefinition.objects.filter(
                organization_id=organization_id, is_active=True, live__isnull=False, events__contains=[SCHEDULE]
            ).order_by("pk").values_list("pk", flat=True)
        )  # fmt: skip
    for key in found:
        more: int | None = 0
        while more is not None:
            with in_organization(organization_id):
                more = _chunk(key, organization_id, now)
            begun += more or 0
    return begun


def _chunk(key: int, organization_id: int, now: datetime) -> int | None:
    """The next clients of a process on its day; how many plans began, None when nothing is left."""
    definition = (
        ProcessDefinition.objects.select_related("live", "organization").defer("live__body")
        .filter(pk=key, organization_id=organization_id, is_active=True, live__isnull=False).first()
    )  # fmt: skip
    if definition is None or definition.live is None:
        return None
    local = now.astimezone(ZoneInfo(definition.organization.time_zone))
    published = (definition.live.published_at or now).astimezone(local.tzinfo).date()
    if local.hour < FROM_HOUR:
        return None
    for place, start in enumerate(body_of(definition.live)["start"]):
        if start["event"] != SCHEDULE:
            continue
        day, period = day_of(start, local.date())
        # A day that had passed when the version went live is not made up for.
        if not published <= day <= local.date():
            continue
        begun = _begin_some(definition, start, f"{place}:{period}")
        if begun is not None:
            return begun
    return None


def day_of(start: Mapping[str, Any], today: date) -> tuple[date, str]:
    """The day of the period in which `today` lies, and how the period is called. The 31st is the last of the month."""
    every, day = start.get("every"), int(start.get("day") or 1)
    if every == "day":
        return today, today.isoformat()
    year, week, _weekday = today.isocalendar()
    if every == "week":
        return date.fromisocalendar(year, week, min(day, 7)), f"{year}-W{week:02}"
    month = today.month if every == "month" else int(start.get("month") or 1)
    last = calendar.monthrange(today.year, month)[1]
    period = f"{today.year}-{month:02}" if every == "month" else str(today.year)
    return date(today.year, month, min(day, last)), period


@transaction.atomic
def _begin_some(definition: ProcessDefinition, start: Mapping[str, Any], period: str) -> int | None:
    ScheduledStart.objects.get_or_create(
        organization_id=definition.organization_id, definition=definition, period=period
    )
    row = ScheduledStart.objects.select_for_update().get(definition=definition, period=period)
    if row.done_at is not None:
        return None
    clients = list(
        Client.objects.filter(
            organization_id=definition.organization_id, deleted_at__isnull=True, status=Client.Status.CLIENT,
            pk__gt=row.after_id,
        ).order_by("pk")[:CHUNK]
    )  # fmt: skip
    wanted = [one for one in clients if holds(start.get("if"), record_values(ProcessRun(client=one)))]
    begun: set[int] = set()
    if wanted:
        try:
            begun = begin(definition, wanted, by=None, key=f"{definition.code[:40]}:{period}")
        except Refusal:
            clients = []  # Its classification is no longer offered: nothing starts in this period.
    row.begun += len(begun)
    row.after_id = clients[-1].pk if clients else row.after_id
    if len(clients) < CHUNK:
        row.done_at = timezone.now()
    row.save(update_fields=["begun", "after_id", "done_at"])
    return len(begun)
