"""The digest: once a day, at seven in the organization's morning, one mail a person with what they asked for in it."""

import logging
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.wall import in_organization
from entregent.notifications.extension_points import all_events
from entregent.notifications.models import Notification
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Organization
from entregent.outbox.actions import send_mail
from entregent.outbox.models import Message

AT = time(7)
MOST_LINES = 50
KEPT_FOR = timedelta(days=180)

log = logging.getLogger("entregent.notifications")


def send_due(now: datetime | None = None) -> int:
    """Sends what had happened by seven o'clock and was not sent yet; says how many mails that made.

    A mail and the mark of its lines are one transaction: killed anywhere, run twice or by two workers, nothing is told
    twice; after an outage the next run catches up. What happens after seven waits for the next morning.
    """
    now = now or timezone.now()
    sent = 0
    for organization in Organization.objects.order_by("id"):
        until = _seven(now, organization)
        with in_organization(organization.pk):
            users = list(
                Notification.objects.filter(
                    organization_id=organization.pk, digest=Notification.Digest.PENDING, created_at__lt=until
                )
                .order_by("user_id")
                .values_list("user_id", flat=True)
                .distinct()
            )
        for user in users:
            try:
                sent += _send(organization, user, until)
            except Exception:  # One digest that cannot be told keeps nobody else's from leaving.
                log.exception("digest of user %s in organization %s", user, organization.pk)
    return sent


def _seven(now: datetime, organization: Organization) -> datetime:
    """The last seven o'clock there."""
    local = now.astimezone(ZoneInfo(organization.time_zone))
    day = local.date() if local.time() >= AT else local.date() - timedelta(days=1)
    return datetime.combine(day, AT, tzinfo=ZoneInfo(organization.time_zone))


def _send(organization: Organization, user_id: int, until: datetime) -> int:
    with transaction.atomic(), in_organization(organization.pk):
        pending = Notification.objects.filter(
            organization_id=organization.pk,
            user_id=user_id,
            digest=Notification.Digest.PENDING,
            created_at__lt=until,
        )
        ids = list(pending.order_by("id").select_for_update(skip_locked=True).values_list("pk", flat=True))
        if not ids:
            return 0
        Notification.objects.filter(pk__in=ids).update(digest=Notification.Digest.SENT)
        member = find_initiator(organization.pk, user_id)
        if member is None:
            return 0
        # With the reach of this morning: a client that has left it since is told of no more.
        lines = list(Notification.objects.readable_by(member).filter(pk__in=ids).order_by("id"))
        if not lines:
            return 0
        with translation.override(member.user.language):
            _mail(member, lines)
        return 1


def _mail(member, lines: list[Notification]) -> None:
    declared = all_events()
    told = [
        f"• {declared[line.event].sentence(line.words)}\n{settings.PUBLIC_URL}{line.url}" for line in lines[:MOST_LINES]
    ]
    more = len(lines) - len(told)
    if more > 0:
        told.append(ngettext("Et %(n)d autre.", "Et %(n)d autres.", more) % {"n": more})
    at = {"organization": member.organization.slug}
    choices = f"{settings.PUBLIC_URL}{reverse('notifications:preferences', kwargs=at)}"
    many = ngettext("%(n)d nouvelle", "%(n)d nouvelles", len(lines)) % {"n": len(lines)}
    send_mail(
        organization_id=member.organization_id,
        to=member.user.email,
        subject=_("Votre résumé du matin : %(many)s (%(organization)s)")
        % {"many": many, "organization": member.organization.name},
        paragraphs=[
            _("Bonjour %(name)s,") % {"name": member.user.name},
            *told,
            _("Choisir ce qui vous est annoncé : %(address)s") % {"address": choices},
        ],
        button=(
            _("Toutes les notifications"),
            f"{settings.PUBLIC_URL}{reverse('notifications:list', kwargs=at)}",
        ),
        language=member.user.language,
        nature=Message.Nature.DIGEST,
        unsubscribe_url=choices,
        user_id=member.user_id,
        is_personal=True,
    )


def forget_old(now: datetime | None = None) -> int:
    """Removes what was told more than half a year ago, some thousands at a time; says how many rows that were."""
    before = (now or timezone.now()) - KEPT_FOR
    forgotten = 0
    for organization_id in Organization.objects.order_by("id").values_list("pk", flat=True):
        while True:
            with in_organization(organization_id), connection.cursor() as cursor:
                cursor.execute(
                    "DELETE FROM notifications_notification WHERE id IN (SELECT id FROM notifications_notification"
                    " WHERE organization_id = %s AND created_at < %s LIMIT 5000)",
                    [organization_id, before],
                )
                gone = cursor.rowcount
            forgotten += gone
            if gone < 5000:
                break
    return forgotten
