"""Telling people of what waits for them."""

from django.urls import reverse

from entregent.inbound.events import MAIL_TO_ATTACH, MAILBOX_IN_TROUBLE
from entregent.inbound.models import Mailbox, RawMail
from entregent.notifications.actions import notify, subscribers


def tell_waiting(mail: RawMail) -> None:
    """Whoever asked for it learns that a mail is to be attached."""
    organization = mail.organization
    notify(
        organization=organization,
        event=MAIL_TO_ATTACH,
        users=subscribers(organization, MAIL_TO_ATTACH),
        subject_record=mail,
        url=reverse("inbound:mails", kwargs={"organization": organization.slug}),
        words={"sender": mail.sender_name or mail.sender or "?"},
    )


def tell_trouble(mailbox: Mailbox, error: str) -> None:
    organization = mailbox.organization
    notify(
        organization=organization,
        event=MAILBOX_IN_TROUBLE,
        users=subscribers(organization, MAILBOX_IN_TROUBLE),
        subject_record=mailbox,
        url=reverse("inbound:mailboxes", kwargs={"organization": organization.slug}),
        words={"name": mailbox.name, "error": error},
    )
