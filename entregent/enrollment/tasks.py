"""Head office by itself: what waits is loaded in the order in which it came."""

import logging
from collections.abc import Sequence
from itertools import takewhile

from django.db import InterfaceError, OperationalError
from procrastinate.contrib.django import app

from entregent.access.wall import in_organization
from entregent.clients.indexing import indexed_at_the_end
from entregent.enrollment import actions
from entregent.enrollment.models import EnrollmentSettings, Transmission
from entregent.organizations.models import Module, Organization

logger = logging.getLogger(__name__)


# So many at most are loaded in one transaction: whoever changes one of their clients meanwhile waits for less than a
# second.
AT_ONCE = 20


@app.task(name="entregent.enrollment.load_waiting", queue="bulk")
def load_waiting(organization_id: int) -> int:
    """Loads all that waits, some of one author in a transaction: killed anywhere, it goes on where it stood."""
    done, after = 0, 0
    while True:
        with in_organization(organization_id):
            if not EnrollmentSettings.of(organization_id).is_automatic:
                return done
            waiting = Transmission.objects.filter(
                organization_id=organization_id, state=Transmission.State.WAITING, pk__gt=after
            )
            found = list(waiting.order_by("pk")[:AT_ONCE])
        if not found:
            return done
        some = _of_first_author(found)
        after = some[-1].pk
        try:
            done += _load(organization_id, some)
        except Exception:
            # One of them cannot be loaded, or crossed the way of somebody else: each by itself, so that the others are.
            logger.info("transmissions of organization %s, one by one", organization_id, exc_info=True)
            done += sum(_load_one(organization_id, one) for one in some)


def _of_first_author(found: list[Transmission]) -> list[Transmission]:
    return list(takewhile(lambda one: one.entered_by_id == found[0].entered_by_id, found))


def _load(organization_id: int, some: Sequence[Transmission]) -> int:
    with in_organization(organization_id, user_id=some[0].entered_by_id):
        author = actions.author_of(some[0])
        with indexed_at_the_end() as written:
            for one in some:
                client_id = actions.load(one, author=author).client_id
                if client_id is not None:
                    written.add(client_id)
    return len(some)


def _load_one(organization_id: int, one: Transmission) -> int:
    try:
        return _load(organization_id, [one])
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # One that cannot be loaded keeps no other waiting; it is tried again with the next sweep.
        logger.exception("transmission %s of organization %s", one.number, organization_id)
        return 0


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="entregent.enrollment.sweep", queue="bulk", lock="enrollment-sweep", queueing_lock="enrollment-sweep"
)  # fmt: skip
def sweep(timestamp: int) -> None:
    """Every ten minutes: what was left behind."""
    found = Organization.objects.filter(modules__contains=[Module.MORTGAGE]).order_by("pk")
    for organization_id in found.values_list("pk", flat=True):
        load_waiting(organization_id)
