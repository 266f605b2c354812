"""What leaves, leaves through here: a mail is a row of the caller's transaction, sent after its commit."""

from contextlib import nullcontext
from email.utils import make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from entregent.access.wall import outside
from entregent.audit.actions import record
from entregent.outbox.models import Message
from entregent.toolbox.text import one_line


@transaction.atomic
def send_mail(
    *,
    organization_id: int | None,
    to,
    subject: str,
    text: str,
    html: str = "",
    sender: str | None = None,
    reply_to: str = "",
    subject_record=None,
    client_id: int | None = None,
    user_id: int | None = None,
) -> Message:
    """Puts a mail into the outbox. `to` is an address or several; `subject_record` what it is about.

    `organization_id` is None for mails of the instance itself. Rolled back with the caller's transaction, sent at
    least once after its commit; the Message-ID is the same for all tries.
    """
    message = Message(
        organization_id=organization_id,
        sender=sender or settings.DEFAULT_FROM_EMAIL,
        recipients=[to] if isinstance(to, str) else list(to),
        subject=one_line(subject)[:998],
        text=text,
        html=html,
        reply_to=reply_to,
        message_id=make_msgid(domain=urlsplit(settings.PUBLIC_URL).hostname or "localhost"),
        subject_type=subject_record._meta.label_lower if subject_record is not None else "",
        subject_id=subject_record.pk if subject_record is not None else None,
        client_id=client_id,
        user_id=user_id,
    )
    # The wall lets mails of the instance be written outside of any organization only.
    with outside() if organization_id is None else nullcontext():
        message.save(force_insert=True)
    _wake()
    return message


@transaction.atomic
def retry_message(message: Message, *, by) -> Message:
    """Sends again what failed, or what waits for its next try."""
    record("retry_message", by=by, subject=message, client_id=message.client_id)
    message = Message.objects.select_for_update().get(pk=message.pk, organization_id=by.organization_id)
    if message.state != Message.State.SENT:
        message.state = Message.State.PENDING
        message.tries = 0
        message.next_try_at = timezone.now()
        message.leased_until = None
        message.save(update_fields=["state", "tries", "next_try_at", "leased_until"])
        _wake()
    return message


def _wake() -> None:
    """In the same transaction: the sender is woken by its commit and by nothing else."""
    from procrastinate.contrib.django import app

    app.configure_task("entregent.outbox.deliver_due").defer()
