"""Follow-ups that are due, told to their owners once, in the morning of the day."""

import logging
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.interactions.models import Interaction
from entregent.interactions.notices import FOLLOW_UP_DUE
from entregent.notifications.actions import notify
from entregent.organizations.models import Organization

FROM = time(7)
# After an outage what fell due meanwhile is told too; what is older stands on the home page of its owner anyway.
CAUGHT_UP = timedelta(days=7)

log = logging.getLogger("entregent.reminders")

# What fell due and was not told for that day: a follow-up that was postponed is told again.
_DUE = """
SELECT i.id, i.number, i.client_id, i.follow_up_owner_id, i.follow_up_on, coalesce(c.display_name, i.contact_name)
FROM interactions_interaction i
JOIN organizations_membership m
  ON m.organization_id = i.organization_id AND m.user_id = i.follow_up_owner_id AND m.is_active
LEFT JOIN clients_client c ON c.id = i.client_id
WHERE i.organization_id = %(organization)s AND i.follow_up_on BETWEEN %(first)s AND %(today)s
  AND i.follow_up_done_at IS NULL AND i.deleted_at IS NULL AND i.follow_up_owner_id IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM notifications_preference p
    WHERE p.organization_id = i.organization_id AND p.user_id = i.follow_up_owner_id AND p.event = %(event)s
      AND NOT p.in_app AND p.mail = 'none')
  AND NOT EXISTS (
    SELECT FROM notifications_notification n
    WHERE n.organization_id = i.organization_id AND n.user_id = i.follow_up_owner_id AND n.event = %(event)s
      AND n.subject_id = i.id AND n.words ->> 'on' = i.follow_up_on::text)
ORDER BY i.follow_up_on, i.id LIMIT 500
"""


def remind(now: datetime | None = None) -> int:
    """Tells the owners wherever the morning has come; says how many follow-ups. Run twice, nothing is told twice."""
    now = now or timezone.now()
    told = 0
    for organization in Organization.objects.order_by("id"):
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if local.time() >= FROM:
            try:
                told += _remind(organization, local.date())
            except Exception:  # One organization that cannot be told keeps no other from being told.
                log.exception("follow-ups of organization %s", organization.pk)
    return told


def _remind(organization: Organization, today: date) -> int:
    told = 0
    with transaction.atomic(), in_organization(organization.pk), connection.cursor() as cursor:
        # Two workers at once: the second finds what the first has written.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reminders-{organization.pk}"])
        cursor.execute(
            _DUE,
            {
                "organization": organization.pk,
                "first": today - CAUGHT_UP,
                "today": today,
                "event": FOLLOW_UP_DUE,
            },
        )
        for pk, number, client_id, owner, day, who in cursor.fetchall():
            told += notify(
                organization=organization,
                event=FOLLOW_UP_DUE,
                users=[owner],
                client_id=client_id,
                subject_record=Interaction(pk=pk),
                url=reverse("interactions:detail", kwargs={"organization": organization.slug, "number": number}),
                words={"number": number, "who": who, "on": str(day)},
            )
    return told
