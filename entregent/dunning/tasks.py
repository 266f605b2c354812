"""What runs by itself: each day's dunning in the early morning, and every few minutes what is to end."""

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError
from django.utils import timezone
from procrastinate.contrib.django import app

from entregent.access.rights import Right
from entregent.dunning import actions
from entregent.dunning.actions.launching import organizations_with_dunning, plan_at_work
from entregent.jobs.registry import job_kind
from entregent.jobs.work import Work

# From this hour on in the organization's own zone: bills that came in by night are there.
FROM_HOUR = 6

logger = logging.getLogger(__name__)


@app.periodic(cron="5 * * * *")
@app.task(name="entregent.dunning.daily", queue="bulk", lock="dunning-daily", queueing_lock="dunning-daily")
def daily(timestamp: int) -> None:
    """Each hour: those whose day has begun. Killed anywhere, it goes on in the next hour where it stood."""
    now: datetime = timezone.now()
    for organization_id, zone in organizations_with_dunning():
        if now.astimezone(ZoneInfo(zone)).hour >= FROM_HOUR:
            _each(actions.stop_settled, organization_id)
            _each(actions.run_daily, organization_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="entregent.dunning.stop_all", queue="default", lock="dunning-stop", queueing_lock="dunning-stop")
def stop_all(timestamp: int) -> None:
    """Every five minutes: what was paid, contested or suspended by whatever way."""
    for organization_id, _zone in organizations_with_dunning():
        _each(actions.stop_settled, organization_id)


def _each(work: Callable[[int], int], organization_id: int) -> None:
    """One organization whose work fails keeps no other waiting."""
    try:
        work(organization_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("dunning of organization %s", organization_id)


@job_kind(actions.KIND, right=Right.DUNNING)
def run(work: Work) -> None:
    """What somebody launched, some hundred invoices in a transaction, of the clients whom they reach."""
    is_left = True
    while is_left:
        with work.chunk() as chunk:
            data = chunk.job.data
            plan = plan_at_work(data["plan"], work.organization_id)
            day, pk = chunk.cursor.get("after") or ("", 0)
            done = actions.dun_chunk(plan, by=chunk.member, after=(day, pk))
            chunk.job.result = {"begun": chunk.job.result.get("begun", 0) + done.begun}
            chunk.advance(done.begun, after=done.after)
            is_left = done.after is not None
