"""The worker's part: looking at clients who have changed, and sending."""

import logging

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.connectors import actions
from entregent.connectors.models import Connector, Exchange, Touched
from entregent.organizations.models import Organization

logger = logging.getLogger(__name__)


@app.task(name="entregent.connectors.work", queue="bulk")
def work(organization_id: int) -> int:
    """All who have changed, in pieces, then what is due for each connector. Killed anywhere, it goes on from there."""
    taken = 0
    while True:
        with in_organization(organization_id):
            some = actions.take_up(organization_id)
        taken += some
        if not some:
            break
    with in_organization(organization_id):
        keys = list(Connector.objects.filter(organization_id=organization_id, is_on=True).values_list("pk", flat=True))
    for key in keys:
        try:
            actions.send_due(organization_id, key)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One connector with a fault in it keeps no other waiting.
            logger.exception("connector %s", key)
    return taken


@app.task(name="entregent.connectors.note_everybody", queue="bulk")
def note_everybody(organization_id: int, connector_id: int) -> None:
    """« Tout envoyer »: who differs from what was written down last is pushed."""
    with in_organization(organization_id):
        connector = Connector.objects.filter(pk=connector_id).first()
        if connector is not None:
            actions.note_everybody(connector)
    work(organization_id)


@app.periodic(cron="* * * * *")
@app.task(
    name="entregent.connectors.sweep", queue="bulk", lock="connectors-sweep", queueing_lock="connectors-sweep"
)  # fmt: skip
def sweep(timestamp: int) -> None:
    """Each minute: later tries, acknowledgements that came, and what a killed worker left."""
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        with in_organization(organization_id):
            is_due = _is_due(organization_id)
        if is_due:
            work(organization_id)


def _is_due(organization_id: int) -> bool:
    now = timezone.now()
    connectors = Connector.objects.filter(organization_id=organization_id)
    if not connectors.exists():
        return False
    if Touched.objects.filter(organization_id=organization_id).exists():
        return True
    rested = connectors.filter(Q(state__paused_until__isnull=True) | Q(state__paused_until__lte=now), is_on=True)
    due = Q(state=Exchange.State.PENDING, next_try_at__lte=now) | Q(state=Exchange.State.DROPPED)
    return Exchange.objects.filter(due, connector__in=rested).exists()
