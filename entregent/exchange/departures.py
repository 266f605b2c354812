"""Asking for an archive of the whole organization, taking it, and its end."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.documents.files import storage
from entregent.exchange.leaving import whole_label
from entregent.exchange.models import Departure
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, RightMissing

LEAVE = "exchange.leave"
KEPT_FOR = timedelta(days=7)


def departures_of(by: Membership):
    """The archives of the organization, newest first."""
    _check_reach(by)
    return Departure.objects.filter(organization_id=by.organization_id).select_related("created_by")


@transaction.atomic
def ask_for_departure(*, by: Membership) -> Departure:
    """Has an archive of everything made by a job; while one is being made, that one is given."""
    _check_reach(by)
    running = running_departure(by)
    if running is not None:
        return running
    record("ask_for_everything", by=by)
    made = Departure.objects.create(organization_id=by.organization_id, created_by_id=by.user_id)
    job = start_job(by=by, kind=LEAVE, label=whole_label(by.organization), data={"departure": made.pk})
    made.job_id = job.pk
    made.save(update_fields=["job_id"])
    return made


def running_departure(by: Membership) -> Departure | None:
    open_states = [Job.State.PENDING, Job.State.RUNNING]
    jobs = Job.objects.filter(organization_id=by.organization_id, kind=LEAVE, state__in=open_states)
    return Departure.objects.filter(organization_id=by.organization_id, job_id__in=jobs.values("pk")).first()


@transaction.atomic
def take_departure(departure_id: int, *, by: Membership) -> Departure:
    """The archive for whoever takes it now, which the journal keeps. What has expired is found by nobody."""
    _check_reach(by)
    found = Departure.objects.filter(
        pk=departure_id, organization_id=by.organization_id, expires_at__gt=timezone.now()
    ).exclude(key="").first()  # fmt: skip
    if found is None:
        raise NotFound
    record("take_everything", by=by, subject=found)
    return found


@transaction.atomic
def remove_departure(departure_id: int, *, by: Membership) -> None:
    """Removes an archive before it expires."""
    _check_reach(by)
    found = Departure.objects.select_for_update().filter(pk=departure_id, organization_id=by.organization_id).first()
    if found is None:
        raise NotFound
    record("remove_everything", by=by, subject=found)
    _drop(found)


def expire_departures(organization_id: int) -> int:
    """Removes what has expired; says how many."""
    gone = list(
        Departure.objects.filter(organization_id=organization_id, expires_at__lte=timezone.now()).exclude(key="")
    )
    for one in gone:
        _drop(one)
    return len(gone)


def _drop(departure: Departure) -> None:
    key, departure.key = departure.key, ""
    departure.save(update_fields=["key"])
    if key:
        transaction.on_commit(lambda: storage().delete(key))


def _check_reach(by: Membership) -> None:
    """Everything leaves, what is confidential too."""
    if not by.can(Right.LEAVE) or not by.reach.is_whole(Right.CLIENT_VIEW):
        raise RightMissing
