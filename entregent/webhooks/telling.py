"""Who learns that a webhook was switched off."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.notifications.actions import notify, subscribers
from entregent.notifications.extension_points import About, Event, Mail
from entregent.webhooks.models import Webhook

WEBHOOK_STOPPED = "webhook_stopped"


def _stopped(words: dict) -> str:
    return _("Le webhook « %(name)s » a été arrêté.") % {"name": words.get("name", "")}


def _details(words: dict) -> list[str]:
    why = words.get("why", "")
    return [str(Webhook.Stopped(why).label)] if why in Webhook.Stopped.values else []


def webhook_events() -> list[Event]:
    return [
        Event(
            WEBHOOK_STOPPED,
            gettext_lazy("Un webhook a été arrêté"),
            _stopped,
            About.ORGANIZATION,
            Right.WEBHOOKS,
            "plug",
            mail=Mail.NOW,
            details=_details,
        )
    ]


def tell_stopped(webhook: Webhook) -> None:
    """Whoever may mend it is told on the page and by mail."""
    organization = webhook.organization
    notify(
        organization=organization,
        event=WEBHOOK_STOPPED,
        users=subscribers(organization, WEBHOOK_STOPPED),
        subject_record=webhook,
        url=reverse("webhooks:detail", kwargs={"organization": organization.slug, "pk": webhook.pk}),
        words={"name": webhook.name, "why": str(webhook.stopped)},
    )
