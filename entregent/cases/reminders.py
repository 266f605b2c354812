"""Reminders whose day has come, told to those for whom they are, once, in the morning of the day."""

import logging
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.cases.events import REMINDER
from entregent.cases.models import Case, CaseReminder
from entregent.interactions.models import Interaction
from entregent.notifications.actions import notify
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Organization

FROM = time(7)
AT_ONCE = 500

log = logging.getLogger("entregent.reminders")


def remind(now: datetime | None = None) -> int:
    """Tells whom it concerns wherever the morning has come; says how many. Run twice, nothing is told twice."""
    now = now or timezone.now()
    told = 0
    for organization in Organization.objects.order_by("id"):
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if local.time() >= FROM:
            try:
                told += _remind(organization, local.date())
            except Exception:  # One organization that cannot be told keeps no other from being told.
                log.exception("reminders of organization %s", organization.pk)
    return told


def _remind(organization: Organization, today) -> int:
    told = 0
    with transaction.atomic(), in_organization(organization.pk):
        # Two workers at once: the second passes over what the first has in hand.
        due = (
            CaseReminder.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(organization=organization, on__lte=today, told_at__isnull=True, done_at__isnull=True)
            .select_related("case", "interaction")
            .order_by("on", "id")[:AT_ONCE]
        )
        reminders = list(due)
        for one in reminders:
            told += _tell(organization, one)
        CaseReminder.objects.filter(pk__in=[one.pk for one in reminders]).update(told_at=timezone.now())
    return told


def _tell(organization: Organization, reminder: CaseReminder) -> int:
    """Only while whoever it is for still sees what it is about."""
    of = reminder.case or reminder.interaction
    member = find_initiator(organization.pk, reminder.user_id)
    model = Case if reminder.case_id else Interaction
    if of is None or member is None or not model.objects.visible_to(member).filter(pk=of.pk).exists():
        return 0
    page = "cases:detail" if reminder.case_id else "interactions:detail"
    return notify(
        organization=organization,
        event=REMINDER,
        users=[reminder.user_id],
        client_id=of.client_id,
        subject_record=of,
        url=reverse(page, kwargs={"organization": organization.slug, "number": of.number}),
        words={
            "number": of.number,
            "text": reminder.text or getattr(of, "title", "") or getattr(of, "subject", ""),
            "of": "case" if reminder.case_id else "interaction",
        },
    )
