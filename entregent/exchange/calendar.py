"""One's follow-ups as a calendar that other programs subscribe to, by a secret address (RFC 5545)."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership
from entregent.toolbox.dates import today_in

MOST = 2000
# A follow-up that is late stands in the calendar under its own day; one of long ago says nothing more there.
BACK = timedelta(days=365)


def calendar_of(member: Membership) -> bytes:
    """The follow-ups that are to be done by this member, within their reach now; the same content, the same octets."""
    calendar = Calendar()
    calendar.add("prodid", "-//Entregent//Suivis//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Suivis — %(organization)s") % {"organization": member.organization.name})
    calendar.add("refresh-interval", timedelta(minutes=30), parameters={"value": "DURATION"})
    for row in _follow_ups(member):
        calendar.add_component(_event(row, member))
    return calendar.to_ical()


def _follow_ups(member: Membership) -> list[dict]:
    first = today_in(member.organization.time_zone) - BACK
    records = (
        Interaction.objects.visible_to(member)
        .to_follow_up()
        .filter(follow_up_owner_id=member.user_id, follow_up_on__gte=first)
    )
    return list(
        records.order_by("follow_up_on", "id").values(
            "id", "number", "follow_up_on", "subject", "version", "created_at", "client__display_name",
            "client__number", "person__file_as", "topic__label_fr", "topic__label_en", "contact_name", "contact_phone",
        )[:MOST]
    )  # fmt: skip


def _event(row: dict, member: Membership) -> Event:
    whom = row["client__display_name"] or row["person__file_as"] or ""
    topic = row["topic__label_en" if get_language() == "en" else "topic__label_fr"]
    slug = member.organization.slug
    url = settings.PUBLIC_URL.rstrip("/") + reverse("interactions:detail", args=[slug, row["number"]])
    lines = [
        row["subject"],
        _("N° client : %(number)s") % {"number": row["client__number"]} if row["client__number"] else "",
        " · ".join(filter(None, [row["contact_name"], row["contact_phone"]])),
        url,
    ]
    event = Event()
    event.add("uid", f"suivi-{row['id']}@{slug}.entregent")
    event.add("dtstamp", row["created_at"])
    event.add("sequence", row["version"])
    event.add("dtstart", row["follow_up_on"])
    event.add("dtend", row["follow_up_on"] + timedelta(days=1))
    event.add("summary", _("Suivi : %(whom)s — %(topic)s") % {"whom": whom, "topic": topic})
    event.add("description", "\n".join(filter(None, lines)))
    event.add("url", url)
    event.add("transp", "TRANSPARENT")
    return event
