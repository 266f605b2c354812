"""Handing mails over to the mail server: at least once, the same Message-ID each time, later and later."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection

from entregent.access.wall import outside
from entregent.outbox.models import Message

# Minutes before the second, third… try. After the last the message has failed, until somebody sends it again.
PAUSES = (1, 5, 15, 60, 240)
MOST_TRIES = 5
# A sender that was killed gives its message free after this time; well above the time-out of one message.
LEASE = timedelta(minutes=3)
TIMEOUT_SECONDS = 30


def deliver_due(*, most: int = 500, lease: timedelta = LEASE, pauses: Sequence[float] = PAUSES) -> int:
    """Sends what is due, one message after the other; no transaction is open while the mail server is spoken to."""
    sent = 0
    server = None
    try:
        for _turn in range(most):
            message = _take(lease)
            if message is None:
                break
            if settings.MAIL_IS_KEPT:
                _settle(message, "sent")
            else:
                server = server or get_connection(timeout=TIMEOUT_SECONDS)
                server = _deliver(message, server, pauses)
            sent += 1
    finally:
        if server is not None:
            server.close()
    return sent


def _deliver(message: Message, server, pauses: Sequence[float]):
    """One try. Returns the connection to go on with, or None when it is spoilt."""
    try:
        server.open()
        _as_mail(message, server).send(fail_silently=False)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        told = f"{type(error).__name__}: {error}"[:500]
        if message.tries >= MOST_TRIES or _is_final(error):
            _settle(message, "failed", what_went_wrong=told)
        else:
            _settle(message, "pending", timedelta(minutes=pauses[message.tries - 1]), told)
        try:
            server.close()
        except (OSError, smtplib.SMTPException):
            server.connection = None
        return None
    _settle(message, "sent")
    return server


def _is_final(error: Exception) -> bool:
    """Whether trying again cannot help: an address that is not one, or that the server refuses for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _text in error.recipients.values())
    return isinstance(error, ValueError)


def _as_mail(message: Message, server) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.sender,
        to=message.recipients,
        reply_to=[message.reply_to] if message.reply_to else None,
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
        connection=server,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _take(lease: timedelta) -> Message | None:
    with outside():
        taken = list(Message.objects.raw("SELECT * FROM outbox_lease(1, %s)", [lease]))
    return taken[0] if taken else None


def _settle(message: Message, state: str, retry_in: timedelta = timedelta(0), what_went_wrong: str = "") -> None:
    with outside(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT outbox_settle(%s, %s, make_interval(secs => %s), %s)",
            [message.pk, state, retry_in.total_seconds(), what_went_wrong],
        )
