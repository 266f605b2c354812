"""Cases whose due day comes near: told in the morning, as many days before as their type says, to whom they belong.

Each day is told once: two counters of the organization say which day was told last, and how far the next one is.
"""

import logging
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.cases.actions.rules import page_of
from entregent.cases.events import DUE_SOON
from entregent.cases.models import Case, CaseType
from entregent.cases.reminders import FROM
from entregent.notifications.actions import notify
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Counter, Organization

AT_ONCE = 200
# Of days on which nothing ran, the last ones are made up for.
MOST_DAYS = 7
DAY, AFTER = "case_due_day", "case_due_after"

log = logging.getLogger("entregent.reminders")


def tell_due_soon(now: datetime | None = None) -> int:
    """Tells whom it concerns wherever the morning has come; says of how many cases. Each day is told once."""
    now = now or timezone.now()
    told = 0
    for organization in Organization.objects.order_by("id"):
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if local.time() < FROM:
            continue
        try:
            while (found := _tell_some(organization, local.date())) is not None:
                told += found
        except Exception:  # One organization that cannot be told keeps no other from being told.
            log.exception("due days of organization %s", organization.pk)
    return told


def _tell_some(organization: Organization, today: date) -> int | None:
    """The next cases of the next day; None when this day has been told."""
    with transaction.atomic(), in_organization(organization.pk):
        yesterday = today - timedelta(days=1)
        told = _counter(organization, DAY, yesterday.toordinal())
        if told.value >= today.toordinal():
            return None
        after = _counter(organization, AFTER, 0)
        day = max(date.fromordinal(told.value + 1), today - timedelta(days=MOST_DAYS - 1))
        cases = _near(organization, day, after.value)
        for case in cases:
            _tell(organization, case)
        if len(cases) == AT_ONCE:
            after.value = cases[-1].pk
        else:
            told.value, after.value = day.toordinal(), 0
        told.save(update_fields=["value"])
        after.save(update_fields=["value"])
        return len(cases)


def _counter(organization: Organization, name: str, value: int) -> Counter:
    """Locked: two workers at once tell one after the other."""
    locked = Counter.objects.select_for_update()
    return locked.get_or_create(organization=organization, name=name, defaults={"value": value})[0]


def _near(organization: Organization, day: date, after: int) -> list[Case]:
    types = CaseType.objects.filter(organization=organization, warn_days__gt=0).values_list("pk", "warn_days")
    wanted: dict[int, list[int]] = {}
    for key, days in types:
        wanted.setdefault(days, []).append(key)
    if not wanted:
        return []
    is_near = Q()
    for days, keys in wanted.items():
        is_near |= Q(due_on=day + timedelta(days=days), case_type_id__in=keys)
    cases = Case.objects.open().filter(is_near, organization=organization, pk__gt=after)
    return list(cases.select_related("organization", "client", "team").order_by("pk")[:AT_ONCE])


def _tell(organization: Organization, case: Case) -> None:
    user_id = case.responsible_id or (case.team.lead_id if case.team is not None else None)
    member = find_initiator(organization.pk, user_id) if user_id is not None else None
    if member is None or not Case.objects.visible_to(member).filter(pk=case.pk).exists():
        return
    notify(
        organization=organization,
        event=DUE_SOON,
        users=[member.user_id],
        client_id=case.client_id,
        subject_record=case,
        url=page_of(case),
        words={"number": case.number, "title": case.title, "due": case.due_on.isoformat() if case.due_on else ""},
    )
