"""Head office by itself: what waits is loaded in the order in which it came."""

import logging

from django.db import InterfaceError, OperationalError
from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.enrollment import actions
from entregent.enrollment.models import EnrollmentSettings, Transmission
from entregent.organizations.models import Module, Organization

logger = logging.getLogger(__name__)


@app.task(name="entregent.enrollment.load_waiting", queue="bulk")
def load_waiting(organization_id: int) -> int:
    """Loads all that waits, each in a transaction of its own: killed anywhere, it goes on where it stood."""
    done, after = 0, 0
    while True:
        with in_organization(organization_id):
            if not EnrollmentSettings.of(organization_id).is_automatic:
                return done
            waiting = Transmission.objects.filter(
                organization_id=organization_id, state=Transmission.State.WAITING, pk__gt=after
            )
            one = waiting.order_by("pk").first()
            if one is None:
                return done
            after = one.pk
        try:
            with in_organization(organization_id, user_id=one.entered_by_id):
                actions.load(one)
            done += 1
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One that cannot be loaded keeps no other waiting; it is tried again with the next sweep.
            logger.exception("transmission %s of organization %s", one.number, organization_id)


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="entregent.enrollment.sweep", queue="bulk", lock="enrollment-sweep", queueing_lock="enrollment-sweep"
)  # fmt: skip
def sweep(timestamp: int) -> None:
    """Every ten minutes: what was left behind."""
    found = Organization.objects.filter(modules__contains=[Module.MORTGAGE]).order_by("pk")
    for organization_id in found.values_list("pk", flat=True):
        load_waiting(organization_id)
