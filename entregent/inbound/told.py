"""Telling people of what waits for them."""

from django.urls import reverse

from entregent.access.rights import Right
from entregent.clients.scopes import who_reaches
from entregent.inbound.events import MAIL_TO_ATTACH, MAILBOX_IN_TROUBLE
from entregent.inbound.models import Mailbox, RawMail
from entregent.notifications.actions import notify, subscribers
from entregent.organizations.models import Membership, effective_grants


def tell_waiting(mail: RawMail) -> None:
    """Whoever asked for it and sees the mail, as it is saved, learns that it is to be attached."""
    organization = mail.organization
    asked = subscribers(organization, MAIL_TO_ATTACH)
    members = list(
        Membership.objects.active().select_related("user", "organization")
        .filter(organization_id=organization.pk, user_id__in=asked)
    )  # fmt: skip
    grants = effective_grants(members)
    for member in members:
        member.reach = member.reach_with(grants[member.pk])
    # As `RawMail.visible_to` says, asked once for all.
    right = Right.INBOUND_ATTACH
    whole = [member for member in members if member.reach.is_whole(right)]
    others = [member for member in members if not member.reach.is_whole(right)]
    clients = [mail.client_id] if mail.client_id is not None else mail.guesses
    users = [member.user_id for member in [*whole, *who_reaches(others, clients, right)]]
    notify(
        organization=organization,
        event=MAIL_TO_ATTACH,
        users=users,
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
