"""Handing mails over to the mail server: at least once, the same Message-ID each time, later and later.

A sender leases a few mails at once, speaks to the server over one connection and settles each mail by itself, so a
killed sender leaves at most one that the server has taken and nobody knows it. No transaction is open while the mail
server is spoken to.
"""

import logging
import smtplib
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.db import connection

from entregent.access.wall import in_organization, outside
from entregent.outbox.actions import tell_failure
from entregent.outbox.extension_points import attachment_readers
from entregent.outbox.models import Message
from entregent.toolbox.errors import NotFound

log = logging.getLogger("entregent.outbox")

# Minutes before the second, third… try. After the last the message has failed, until somebody sends it again.
PAUSES = (1, 5, 15, 60, 240)
MOST_TRIES = 5
# While the mail server does not answer nothing is held against a mail: all wait, however long that takes.
AWAY = timedelta(minutes=1)
BATCH = 20
TIMEOUT_SECONDS = 20
# A sender that was killed gives its mails free after this time. It starts no mail in the second half of it, which
# leaves the time-outs of one conversation.
LEASE = timedelta(minutes=5)

AUTO_SUBMITTED = {
    Message.Nature.ALERT: "auto-generated",
    Message.Nature.DIGEST: "auto-generated",
    Message.Nature.REPLY: "auto-replied",
}


class _Away(Exception):
    """The mail server cannot be reached or does not let us in."""


class _NoAttachment(Exception):
    """A file that the mail carries is no more."""


def deliver_due(*, most: int = 500, lease: timedelta = LEASE, pauses: Sequence[float] = PAUSES) -> int:
    """Sends what is due, at most so many; says how many were tried."""
    tried = 0
    server = _Server()
    try:
        while tried < most:
            batch = _take(min(BATCH, most - tried), lease)
            if not batch:
                break
            begun = time.monotonic()
            for place, message in enumerate(batch):
                if time.monotonic() - begun > lease.total_seconds() / 2:
                    break
                try:
                    _deliver(message, server, pauses)
                except _Away as error:
                    _settle(message, "pending", tried=0, retry_in=AWAY, reason=Message.Reason.AWAY, error=str(error))
                    _release([one.pk for one in batch[place + 1 :]], AWAY)
                    return tried
                tried += 1
    finally:
        server.close()
    return tried


class _Server:
    """The connection to the mail server: opened for the first mail, opened again after it broke."""

    def __init__(self):
        self._backend: EmailBackend | None = None

    def send(self, sender: str, recipients: list[str], content: bytes) -> dict[str, tuple[int, bytes]]:
        """Hands a mail over; gives the recipients that were refused, while others were not."""
        if self._backend is None:
            self._backend = EmailBackend(timeout=TIMEOUT_SECONDS)
        try:
            self._backend.open()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise _Away(_told(error)) from error
        assert self._backend.connection is not None
        return self._backend.connection.sendmail(sender, recipients, content)

    def close(self) -> None:
        if self._backend is not None:
            try:
                self._backend.close()
            except (OSError, smtplib.SMTPException):
                pass
            self._backend = None


def _as_octets(message: Message) -> bytes:
    written: Any = _as_mail(message).message()  # Django's own kind of message, which the stubs do not know.
    return written.as_bytes(linesep="\r\n")


def _deliver(message: Message, server: _Server, pauses: Sequence[float]) -> None:
    """One try, and how it ended. Raises `_Away` where the mail server is not there to try."""
    if settings.MAIL_IS_KEPT:
        _settle(message, "sent", reached=_waiting(message))
        return
    waiting = _waiting(message)
    try:
        sender = sanitize_address(message.sender, "utf-8")
        recipients = {sanitize_address(address, "utf-8"): address for address in waiting}
        refused = server.send(sender, list(recipients), _as_octets(message))
    except smtplib.SMTPRecipientsRefused as error:
        _settle_refused(message, pauses, error.recipients, reached=[])
    except smtplib.SMTPSenderRefused as error:
        _settle_error(message, pauses, error, error.smtp_code, Message.Reason.SENDER)
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == 421:
            server.close()
        _settle_error(message, pauses, error, error.smtp_code, Message.Reason.REFUSED)
    except (OSError, smtplib.SMTPException) as error:
        # It may have been taken or not: it is sent again under the same Message-ID.
        server.close()
        _try_later(message, pauses, Message.Reason.DROPPED, _told(error))
    except _NoAttachment as error:
        _settle(message, "failed", reason=Message.Reason.ATTACHMENT, error=str(error))
    except ValueError as error:
        _settle(message, "failed", reason=Message.Reason.WRONG, error=_told(error))
    except _Away:
        raise
    except Exception as error:  # One mail with a fault of ours in it keeps no other from leaving.
        log.exception("mail %s", message.pk)
        server.close()
        _try_later(message, pauses, Message.Reason.FAULT, _told(error))
    else:
        reached = [address for wire, address in recipients.items() if wire not in refused]
        if refused:
            _settle_refused(message, pauses, refused, reached=reached)
        else:
            _settle(message, "sent", reached=reached)


def _waiting(message: Message) -> list[str]:
    """The recipients that have not got it yet."""
    return [address for address in message.recipients if address not in message.reached]


def _settle_refused(message: Message, pauses, refused: dict[str, tuple[int, bytes]], *, reached: list[str]) -> None:
    """Some or all recipients were refused: tried again as long as one of the refusals is for now only."""
    told = "; ".join(f"{address}: {code} {_text(text)}" for address, (code, text) in refused.items())[:500]
    if any(code < 500 for code, _said in refused.values()):
        _try_later(message, pauses, Message.Reason.BUSY, told, reached)
    else:
        _settle(message, "failed", reason=Message.Reason.ADDRESS, error=told, reached=reached)


def _settle_error(message: Message, pauses, error: smtplib.SMTPResponseException, code: int, final_reason: str) -> None:
    if 500 <= code < 600:
        _settle(message, "failed", reason=final_reason, error=_told(error))
    else:
        _try_later(message, pauses, Message.Reason.BUSY, _told(error))


def _try_later(message: Message, pauses: Sequence[float], reason: str, error: str, reached: Sequence[str] = ()) -> None:
    if message.tries + 1 >= MOST_TRIES:
        _settle(message, "failed", reason=reason, error=error, reached=reached)
    else:
        pause = timedelta(minutes=pauses[message.tries])
        _settle(message, "pending", retry_in=pause, reason=reason, error=error, reached=reached)


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"[:500]
    return f"{type(error).__name__}: {error}"[:500]


def _text(said: bytes | str) -> str:
    """What a server said, whatever it is made of; the null character is the one that no column holds."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.replace("\0", "").split())


def _as_mail(message: Message) -> EmailMultiAlternatives:
    headers = {"Message-ID": message.message_id, "Date": format_datetime(message.created_at)}
    if message.nature in AUTO_SUBMITTED:
        headers["Auto-Submitted"] = AUTO_SUBMITTED[Message.Nature(message.nature)]
    if message.in_reply_to:
        headers["In-Reply-To"] = message.in_reply_to
    if message.references:
        headers["References"] = message.references
    if message.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.sender,
        to=message.recipients,
        reply_to=[message.reply_to] if message.reply_to else None,
        headers=headers,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    for name, content, media_type in _attachments(message):
        mail.attach(name, content, media_type)
    return mail


def _attachments(message: Message) -> list[tuple[str, bytes, str]]:
    if not message.attachments or message.organization_id is None:
        return []
    try:
        for read in attachment_readers:
            with in_organization(message.organization_id):
                files = read(message.organization_id, message.attachments)
            return [(file.name, file.content(), file.media_type) for file in files]
    except (LookupError, FileNotFoundError, NotFound) as error:
        raise _NoAttachment(_told(error)) from error
    raise _NoAttachment("no reader of kept files")


def _alone():
    """Outside of any organization. The worker is in no transaction: the statement is one by itself, in one go."""
    return outside() if connection.in_atomic_block else nullcontext()


def _take(most: int, lease: timedelta) -> list[Message]:
    with outside():
        return list(Message.objects.raw("SELECT * FROM outbox_lease(%s, %s)", [most, lease]))


def _settle(
    message: Message,
    state: str,
    *,
    tried: int = 1,
    retry_in: timedelta = timedelta(0),
    reason: str = "",
    error: str = "",
    reached: Sequence[str] = (),
) -> None:
    with _alone(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT outbox_settle(%s, %s, %s, make_interval(secs => %s), %s, %s, %s::text[])",
            [message.pk, state, tried, retry_in.total_seconds(), str(reason), error, list(reached)],
        )
    if state == Message.State.FAILED and message.organization_id is not None:
        _tell_failure(message, message.organization_id)


def _tell_failure(message: Message, organization_id: int) -> None:
    """The mail is settled whatever becomes of that."""
    try:
        with in_organization(organization_id):
            tell_failure(message.pk)
    except Exception:
        log.exception("mail %s", message.pk)


def _release(ids: list[int], retry_in: timedelta) -> None:
    with outside(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT outbox_release(%s::bigint[], make_interval(secs => %s))", [ids, retry_in.total_seconds()]
        )
