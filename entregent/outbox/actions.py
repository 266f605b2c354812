"""What leaves, leaves through here: a mail is a row of the caller's transaction, sent after its commit."""

from collections.abc import Iterable
from contextlib import nullcontext
from email.utils import make_msgid, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.wall import outside
from entregent.audit.actions import record
from entregent.outbox import letters
from entregent.outbox.addresses import thread_id, token_address
from entregent.outbox.extension_points import Letterhead, letterheads, mail_failures
from entregent.outbox.models import Message
from entregent.toolbox.queue import ask
from entregent.toolbox.text import one_line, search_key


@transaction.atomic
def send_mail(
    *,
    organization_id: int | None,
    to,
    subject: str,
    text: str = "",
    paragraphs: Iterable[str] = (),
    button: tuple[str, str] | None = None,
    html: str = "",
    language: str = "fr",
    nature: str = Message.Nature.ALERT,
    sender: str | None = None,
    sender_name: str = "",
    reply_to: str = "",
    thread: tuple[str, int] | None = None,
    in_reply_to: str = "",
    references: Iterable[str] = (),
    attachments: Iterable[int] = (),
    unsubscribe_url: str = "",
    subject_record=None,
    client_id: int | None = None,
    user_id: int | None = None,
    is_personal: bool = False,
) -> Message:
    """Puts a mail into the outbox. `to` is an address or several; `subject_record` what it is about.

    What it says is `paragraphs` (or `text`, cut at its blank lines) and at most one `button` (label, address): text
    and HTML are drawn from them in `language`, under the name and over the signature of the organization. `nature`
    says what it is to machines; a letter that an agent wrote is Nature.LETTER. `sender_name` stands in the place of
    the organization's (« Tom Gagnon (Mécano) »).

    `thread` is (kind, number) of a record (`outbox.addresses`): its mails stand in one thread in the reader's mail
    program, and a reply finds its way back where the organization takes replies. `reply_to` overrules that.
    `attachments` are ids of kept files. `client_id` decides who may read it afterwards; without one only whom it was
    written for (`user_id`) and who reaches the whole organization. What is `is_personal` is read by `user_id` alone.

    `organization_id` is None for mails of the instance itself. Rolled back with the caller's transaction, sent at
    least once after its commit; the Message-ID is the same for all tries.
    """
    letterhead = _letterhead(organization_id)
    recipients = [one_line(address) for address in ([to] if isinstance(to, str) else to)]
    subject = one_line(subject)[:900] or _in(language, _no_subject)
    drawn_text, drawn_html = letters.compose(
        subject=subject,
        paragraphs=list(paragraphs) or letters.paragraphs_of(text),
        button=button,
        letterhead=letterhead,
        language=language,
    )
    if letterhead is not None and not reply_to:
        base = letterhead.reply_address
        if thread is not None and letterhead.replies_by_mail:
            reply_to = token_address(base, organization_id or 0, *thread)
        reply_to = reply_to or base
    referred = [one_line(one) for one in references]
    if thread is not None:
        referred.insert(0, thread_id(organization_id or 0, *thread))
    if in_reply_to and one_line(in_reply_to) not in referred:
        referred.append(one_line(in_reply_to))
    message = Message(
        organization_id=organization_id,
        nature=nature,
        language=language,
        sender=one_line(sender) if sender else _sender(letterhead, one_line(sender_name)),
        recipients=recipients,
        subject=subject,
        text=drawn_text,
        html=html or drawn_html,
        reply_to=one_line(reply_to),
        message_id=make_msgid(domain=urlsplit(settings.PUBLIC_URL).hostname or "localhost"),
        in_reply_to=one_line(in_reply_to),
        references=" ".join(referred[:1] + referred[1:][-20:]),
        attachments=list(attachments),
        unsubscribe_url=one_line(unsubscribe_url),
        words=search_key(f"{subject} {' '.join(recipients)}"),
        subject_type=subject_record._meta.label_lower if subject_record is not None else "",
        subject_id=subject_record.pk if subject_record is not None else None,
        client_id=client_id,
        user_id=user_id,
        is_personal=is_personal,
    )
    # The wall lets mails of the instance be written outside of any organization only.
    with outside() if organization_id is None else nullcontext():
        message.save(force_insert=True)
    _wake()
    return message


def _letterhead(organization_id: int | None) -> Letterhead | None:
    if organization_id is not None:
        for find in letterheads:
            return find(organization_id)
    return None


def _sender(letterhead: Letterhead | None, name: str) -> str:
    """From whom: the organization's sender, else the instance's address under the organization's name."""
    if letterhead is None:
        return settings.DEFAULT_FROM_EMAIL
    address = letterhead.sender_address or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    shown = (name or letterhead.sender_name or letterhead.name).replace("\\", "").replace('"', "")
    return f'"{shown[: 318 - len(address)]}" <{address}>'


def _no_subject() -> str:
    return _("(sans objet)")


def _in(language: str, words) -> str:
    with translation.override(language):
        return words()


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


# What one statement does in a few seconds; whoever has more asks again.
MOST_RETRIED = 20_000


@transaction.atomic
def retry_messages(messages, *, by) -> int:
    """Sends again what failed of `messages` (a queryset within the reach of `by`), one statement for all of them; says
    how many, at most twenty thousand at a time. What went by post instead has arrived, and stays."""
    record("retry_messages", by=by)
    failed = messages.filter(state=Message.State.FAILED).exclude(reason=Message.Reason.POSTED)
    failed = failed.order_by().values("pk")[:MOST_RETRIED]
    count = Message.objects.filter(
        organization_id=by.organization_id, state=Message.State.FAILED, pk__in=failed
    ).update(state=Message.State.PENDING, tries=0, next_try_at=timezone.now(), leased_until=None)
    if count:
        _wake()
    return count


def _wake() -> None:
    """In the same transaction, once: the sender is woken by its commit and by nothing else."""
    # What is to run after the commit is forgotten with a rollback, of a savepoint too: so is this mark.
    if any(waiting[1] is _woken for waiting in connection.run_on_commit):
        return
    ask("entregent.outbox.deliver_due")
    transaction.on_commit(_woken)


def _woken() -> None:
    """The mark that this transaction has woken the sender."""


@transaction.atomic
def note_return(message: Message, *, told: str) -> None:
    """A mail that had left came back: it has failed, with the words of the server that refused it (`inbound`)."""
    changed = Message.objects.filter(pk=message.pk).exclude(state=Message.State.FAILED).update(
        state=Message.State.FAILED, reason=Message.Reason.ADDRESS, error=told[:500]
    )
    if changed:
        tell_failure(message.pk)


def tell_failure(message_id: int) -> None:
    """Inside the wall: whoever has to do with a mail that could not be delivered hears of it."""
    message = Message.objects.filter(pk=message_id, state=Message.State.FAILED).first()
    if message is not None:
        for failed in mail_failures:
            failed(message)


def note_letter(message: Message) -> None:
    """What a mail that failed says has gone by post instead: it is not sent again with the others."""
    Message.objects.filter(pk=message.pk, state=Message.State.FAILED).update(reason=Message.Reason.POSTED)


def mark_letters_about(about, *, is_personal: bool, client_id: int | None) -> None:
    """Who reads the letters that left about a record, once it is confidential or so no longer (`send_mail` says what
    the two mean). What members were told about it is theirs alone anyway."""
    Message.objects.filter(
        organization_id=about.organization_id,
        subject_type=about._meta.label_lower,
        subject_id=about.pk,
        nature=Message.Nature.LETTER,
    ).update(is_personal=is_personal, client_id=client_id)
