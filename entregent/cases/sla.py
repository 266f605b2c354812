"""Promises that are about to be missed or have been: told to whom the case belongs, once each."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.cases.actions.rules import page_of
from entregent.cases.events import SLA_LATE, SLA_SOON
from entregent.cases.models import Case
from entregent.cases.sla_models import SlaClock
from entregent.notifications.actions import notify
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Organization

AT_ONCE = 200
MOST = 10_000

log = logging.getLogger("entregent.sla")


def tell_due(now: datetime | None = None) -> int:
    """Looks at every clock whose moment has come; says how many. Run twice, nothing is told twice."""
    now = now or timezone.now()
    looked_at = 0
    for organization in Organization.objects.order_by("id"):
        try:
            while (found := _tell_some(organization, now)) and looked_at < MOST:
                looked_at += found
        except Exception:  # One organization that cannot be told keeps no other from being told.
            log.exception("promises of organization %s", organization.pk)
    return looked_at


def _tell_some(organization: Organization, now: datetime) -> int:
    with transaction.atomic(), in_organization(organization.pk):
        # Two workers at once: the second passes over what the first has in hand.
        due = list(
            SlaClock.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(organization=organization, check_at__lte=now)
            .select_related("case__organization", "case__client", "case__team")
            .order_by("check_at", "id")[:AT_ONCE]
        )
        for clock in due:
            _tell(organization, clock, now)
        fields = ["warned_at", "breached_at", "check_at"]
        SlaClock.objects.bulk_update(due, fields)
    return len(due)


def _tell(organization: Organization, clock: SlaClock, now: datetime) -> None:
    is_late = clock.due_at <= now
    if is_late:
        clock.breached_at, clock.check_at = clock.due_at, None
    else:
        clock.warned_at, clock.check_at = now, clock.due_at
    case = clock.case
    user_id = case.responsible_id or (case.team.lead_id if case.team is not None else None)
    member = find_initiator(organization.pk, user_id) if user_id is not None else None
    if member is None or not Case.objects.visible_to(member).filter(pk=case.pk).exists():
        return
    notify(
        organization=organization,
        event=SLA_LATE if is_late else SLA_SOON,
        users=[member.user_id],
        client_id=case.client_id,
        subject_record=case,
        url=page_of(case),
        words={"number": case.number, "title": case.title, "kind": clock.kind},
    )
