"""Views by mail: once a day, in the morning of the organization, to whoever subscribed, with what they reach."""

import logging
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.listing.actions import visible_views
from entregent.listing.conditions import mend, sentence
from entregent.listing.lists import lists
from entregent.listing.models import Subscription, View
from entregent.listing.pages import ask
from entregent.listing.words import shown
from entregent.organizations.membership import find_initiator
from entregent.organizations.models import Membership, Organization
from entregent.outbox.actions import send_mail
from entregent.toolbox.errors import Refusal

FROM_HOUR = 6
ROWS = 20
COLUMNS = 5


log = logging.getLogger("entregent.subscriptions")


def send_due(now: datetime | None = None) -> int:
    """Sends what is due in every organization where the morning has come; says how many mails that made.

    Each mail is one transaction with the mark that it was sent today: killed anywhere, run twice or by two workers,
    nobody gets a view twice on one day.
    """
    now = now or timezone.now()
    sent = 0
    for organization in Organization.objects.order_by("id"):
        local = now.astimezone(ZoneInfo(organization.time_zone))
        if local.hour < FROM_HOUR:
            continue
        with in_organization(organization.pk):
            due = list(
                Subscription.objects.filter(organization_id=organization.pk)
                .exclude(last_sent_on__gte=local.date())
                .order_by("user_id", "id")
                .values_list("pk", flat=True)
            )
        for key in due:
            try:
                sent += _send(organization.pk, key, local.date())
            except Exception:  # One view that cannot be told keeps nobody else's from leaving.
                log.exception("subscription %s", key)
    return sent


def _send(organization_id: int, key: int, today) -> int:
    with transaction.atomic(), in_organization(organization_id):
        subscription = Subscription.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if subscription is None or (subscription.last_sent_on and subscription.last_sent_on >= today):
            return 0
        member = find_initiator(organization_id, subscription.user_id)
        if member is None:
            return 0
        with translation.override(member.user.language):
            view = visible_views(member).filter(pk=subscription.view_id).first()
            if view is None:
                return 0
            record("send_view", by=member, subject=view, view=view.name)
            subject, text = compose(view, member)
        send_mail(
            organization_id=organization_id, to=[member.user.email], subject=subject, text=text, subject_record=view,
            user_id=member.user_id, is_personal=True,
        )  # fmt: skip
        subscription.last_sent_on = today
        subscription.save(update_fields=["last_sent_on"])
        return 1


def compose(view: View, member: Membership) -> tuple[str, str]:
    """Subject and text of the mail, in the language at hand: how many, the first rows, the link."""
    definition = lists(member)[view.list_code]
    condition, left_out = mend(view.condition, definition, member)
    question = ask(definition, member, condition=condition, text=view.text)
    try:
        answer = question.page(columns=view.column_codes[:COLUMNS], sort=view.sort, limit=ROWS)
        count = question.count()
    except Refusal:
        # Keywords that have become too short to search by.
        question = ask(definition, member, condition=condition)
        answer, count = question.page(columns=view.column_codes[:COLUMNS], sort=view.sort, limit=ROWS), question.count()
    many = definition.counted(count.total) % {"n": count.total}
    if count.is_more:
        many = _("Plus de %(many)s") % {"many": many}
    found = {"name": view.name, "many": many, "organization": member.organization.name}
    lines = [_("Bonjour %(name)s,") % {"name": member.user.name}, "", _("%(name)s : %(many)s.") % found]
    told = sentence(condition, definition, member)
    if told:
        lines += [told + "."]
    lines += left_out
    lines.append("")
    for row in answer.rows:
        values = [shown(column, row[column.code], member) for column in answer.columns[:COLUMNS]]
        lines.append(" · ".join(value for value in values if value))
    if count.is_more or count.total > len(answer.rows):
        lines.append("…")
    address = reverse("workspace:advanced_search", kwargs={"organization": member.organization.slug})
    link = f"{settings.PUBLIC_URL}{address}?{urlencode({'vue': view.pk})}"
    lines += ["", _("Ouvrir la vue ou ne plus la recevoir :"), link, ""]
    return _("%(name)s : %(many)s (%(organization)s)") % found, "\n".join(lines)
