"""Follow-ups that are due, told to their owners once each morning."""

import logging
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.interactions.models import Interaction
from entregent.notifications.actions import notify
from entregent.notifications.extension_points import About, Event
from entregent.notifications.models import Notification
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Organization
from entregent.toolbox.dates import start_of_day

FOLLOW_UP_DUE = "interaction.follow_up_due"
FROM = time(7)

log = logging.getLogger("entregent.reminders")


def reminder_events() -> list[Event]:
    return [
        Event(
            code=FOLLOW_UP_DUE,
            label=gettext_lazy("J’ai des suivis à faire aujourd’hui"),
            sentence=_sentence,
            about=About.ONESELF,
            right=Right.INTERACTION_VIEW,
            icon="calendar-event",
        )
    ]


def _sentence(words: dict) -> str:
    today = ngettext("%(n)d suivi à faire aujourd’hui", "%(n)d suivis à faire aujourd’hui", words["today"])
    late = ngettext("%(n)d suivi en retard", "%(n)d suivis en retard", words["late"])
    told = [today % {"n": words["today"]}] if words["today"] else []
    told += [late % {"n": words["late"]}] if words["late"] else []
    return _("Vous avez %(what)s.") % {"what": _(" et ").join(told)}


def remind(now: datetime | None = None) -> int:
    """Tells the owners wherever the morning has come; says how many. Run twice, nobody is told twice on one day."""
    now = now or timezone.now()
    told = 0
    for organization in Organization.objects.order_by("id"):
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if local.time() < FROM:
            continue
        with in_organization(organization.pk):
            owners = set(
                Interaction.objects.filter(organization_id=organization.pk, deleted_at__isnull=True)
                .to_follow_up()
                .filter(follow_up_on__lte=local.date(), follow_up_owner__isnull=False)
                .order_by()
                .values_list("follow_up_owner_id", flat=True)
                .distinct()
            )
            begun = start_of_day(local.date(), organization.time_zone)
            owners -= set(
                Notification.objects.filter(
                    organization_id=organization.pk,
                    user_id__in=owners,
                    event=FOLLOW_UP_DUE,
                    created_at__gte=begun,
                ).values_list("user_id", flat=True)
            )
        for owner in sorted(owners):
            try:
                told += _remind(organization, owner, local.date(), begun)
            except Exception:  # One owner who cannot be told keeps nobody else from being told.
                log.exception("follow-ups of user %s in organization %s", owner, organization.pk)
    return told


def _remind(organization: Organization, owner: int, today, begun: datetime) -> int:
    with transaction.atomic(), in_organization(organization.pk):
        # Two workers at once: the second finds what the first has written.
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        if Notification.objects.filter(
            organization_id=organization.pk, user_id=owner, event=FOLLOW_UP_DUE, created_at__gte=begun
        ).exists():
            return 0
        member = find_initiator(organization.pk, owner)
        if member is None:
            return 0
        due = Interaction.objects.visible_to(member).to_follow_up().filter(follow_up_owner_id=owner)
        counted = due.order_by().aggregate(
            late=Count("id", filter=Q(follow_up_on__lt=today)), today=Count("id", filter=Q(follow_up_on=today))
        )
        if not counted["late"] and not counted["today"]:
            return 0
        return notify(
            organization=organization,
            event=FOLLOW_UP_DUE,
            users=[owner],
            url=reverse("workspace:home", kwargs={"organization": organization.slug}),
            words=counted,
        )
