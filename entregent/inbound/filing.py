"""Where a mail lands, once it was kept: in its interaction, with its client, in « À rattacher » or in quarantine.

What an address or a header claims is believed only of a sender who belongs to that client. Machines are never answered,
and what they write tells nobody.
"""

import logging

from django.db import InterfaceError, OperationalError
from django.db.models import F, Q
from django.utils import timezone, translation

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.inbound import mails, senders
from entregent.inbound.actions import content_of, fill, write_message
from entregent.inbound.attachments import keep_attachments
from entregent.inbound.models import FiledMail, RawMail
from entregent.inbound.told import tell_waiting
from entregent.interactions.actions import add_entry, log_interaction
from entregent.interactions.models import Interaction, InteractionEntry, Topic
from entregent.organizations.models import Membership, Organization
from entregent.outbox.actions import note_return
from entregent.outbox.addresses import INTERACTION, read_reply_address, thread_id
from entregent.outbox.models import Message
from entregent.toolbox.errors import Refusal, Refusals
from entregent.toolbox.text import as_id

logger = logging.getLogger(__name__)

State, Reason = RawMail.State, RawMail.Reason

# A mail upon which the worker died so often is not read again by itself.
MOST_TRIES = 3
NOTES_AT_MOST = 20_000
MOST_COPIES = 20


def file_received(organization_id: int, *, most: int = 500) -> int:
    """Reads what waits, in the order in which it came. Each mail is settled in a transaction of its own."""
    done = 0
    while done < most:
        taken = _take(organization_id)
        if taken is None:
            break
        _settle(taken)
        done += 1
    return done


def _take(organization_id: int) -> RawMail | None:
    """The next mail, its try counted and committed before it is looked at: one that kills the worker is found out."""
    with in_organization(organization_id):
        mail = (
            RawMail.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("organization", "mailbox__topic", "file")
            .filter(organization_id=organization_id, state=State.RECEIVED)
            .order_by("pk")
            .first()
        )
        if mail is not None:
            mail.tries += 1
            RawMail.objects.filter(pk=mail.pk).update(tries=F("tries") + 1)
    return mail


def _settle(mail: RawMail) -> None:
    organization = mail.organization
    with translation.override(organization.language):
        try:
            if mail.tries > MOST_TRIES:
                raise mails.Unreadable(Reason.CRASHED)
            read = mails.read(content_of(mail))
            with in_organization(organization.pk):
                # Another worker may have been at it meanwhile.
                if RawMail.objects.select_for_update().get(pk=mail.pk).state == State.RECEIVED:
                    fill(mail, read)
                    land(mail, read)
                    mail.save()
        except (OperationalError, InterfaceError):
            raise  # The database is away: the task comes again.
        except mails.Unreadable as unreadable:
            _quarantine(mail, unreadable.reason, unreadable.detail)
        except (Refusal, Refusals) as refused:
            refusals = refused.refusals if isinstance(refused, Refusals) else [refused]
            _quarantine(mail, Reason.REFUSED, " ".join(str(one.message) for one in refusals))
        except Exception as fault:
            logger.exception("mail %s could not be filed", mail.pk)
            _quarantine(mail, Reason.REFUSED, type(fault).__name__)


def _quarantine(mail: RawMail, reason: str, detail: str) -> None:
    with in_organization(mail.organization_id):
        RawMail.objects.filter(pk=mail.pk, state=State.RECEIVED).update(
            state=State.QUARANTINED, reason=reason, detail=detail[:500], handled_at=timezone.now()
        )


def land(mail: RawMail, read: mails.Mail) -> None:
    """Decides, and writes what follows. `mail` is saved by the caller."""
    organization = mail.organization
    if read.is_looping or _is_ours(organization, read):
        return _end(mail, State.IGNORED, Reason.LOOP)
    hits = senders.at_address(organization.pk, read.sender)
    if read.is_refused_by_dmarc:
        return _wait(mail, Reason.NOT_AUTHENTIC, hits)
    if read.bounce is not None:
        return _returned(mail, read.bounce)
    if _has_a_namesake(mail):
        return _wait(mail, Reason.SAME_ID, hits)
    number, interaction = _asked(organization, read)
    mail.asked_number = number
    members = senders.members_at(organization.pk, read.sender)
    if len(members) == 1 and not read.is_automatic:
        return _from_member(mail, read, members[0], number, interaction)
    if members and not read.is_automatic:
        return _wait(mail, Reason.SHARED_ADDRESS, senders.Hits(), also=interaction.client_id if interaction else None)
    if not members and interaction is not None and senders.takes_part(hits, interaction):
        return _answer(mail, read, hits, interaction)
    if read.is_automatic:
        mail.guesses = hits.clients
        return _end(mail, State.IGNORED, Reason.AUTOMATIC)
    if interaction is not None:
        return _wait(mail, Reason.OTHER_SENDER, hits, also=interaction.client_id)
    only = hits.only()
    if only is not None:
        client, person = only
        _write(mail, read, client, person)
        return None
    if hits:
        return _wait(mail, Reason.SEVERAL_CLIENTS, hits)
    if number is not None:
        return _wait(mail, Reason.INTERACTION_GONE, hits)
    return _wait(mail, Reason.UNKNOWN_SENDER, hits)


def _from_member(
    mail: RawMail, read: mails.Mail, member: Membership, number: int | None, interaction: Interaction | None
) -> None:
    """What a member wrote is theirs, also where the client's file holds their address: never the client's word."""
    if interaction is not None:
        return _answer_of_member(mail, read, member, interaction)
    if copied := _copied(mail, read, member):
        return copied()
    reason = Reason.INTERACTION_GONE if number is not None else Reason.UNKNOWN_RECIPIENT
    return _wait(mail, reason, senders.Hits())


def _end(mail: RawMail, state: str, reason: str = "") -> None:
    mail.state, mail.reason, mail.handled_at = state, reason, timezone.now()


def _wait(mail: RawMail, reason: str, hits: senders.Hits, *, also: int | None = None) -> None:
    mail.state, mail.reason = State.TO_ATTACH, reason
    mail.guesses = list(dict.fromkeys([*([also] if also is not None else []), *hits.clients]))[:20]
    mail.save()
    tell_waiting(mail)


def _write(mail, read, client: Client | None, person: Person | None, interaction: Interaction | None = None) -> None:
    write_message(mail, read, client=client, person=person, interaction=interaction)
    mail.client, mail.person = client, person
    _end(mail, State.FILED)


# What it answers


def _is_ours(organization: Organization, read: mails.Mail) -> bool:
    """One of the mails that we sent has come back to us."""
    return (
        bool(read.message_id)
        and Message.objects.filter(organization_id=organization.pk, message_id=read.message_id).exists()
    )


def _has_a_namesake(mail: RawMail) -> bool:
    """Another mail under the same Message-ID. The very same mail was told by its digest when it came."""
    return (
        bool(mail.message_id)
        and RawMail.objects.filter(
            organization_id=mail.organization_id, message_id=mail.message_id, pk__lt=mail.pk
        ).exists()
    )


def _asked(organization: Organization, read: mails.Mail) -> tuple[int | None, Interaction | None]:
    """(the number of the interaction that the address or the headers name, it itself unless it is gone)."""
    numbers = []
    for address in [*read.delivered_to, *read.recipients]:
        carried = read_reply_address(address, organization)
        if carried is not None and carried[0] == INTERACTION:
            numbers.append(carried[1])
    numbers += _numbers_of_threads(organization, read.answers)
    for number in dict.fromkeys(numbers):
        found = (
            Interaction.objects.select_related("organization", "client", "person")
            .filter(organization_id=organization.pk, number=number, deleted_at__isnull=True)
            .first()
        )
        if found is not None:
            return number, found
    return (numbers[0], None) if numbers else (None, None)


def _numbers_of_threads(organization: Organization, answers: list[str]) -> list[int]:
    """Of mails that we sent, or that came before."""
    if not answers:
        return []
    numbers = []
    for answered in answers:
        kind, number = answered[1:2], answered[2:].partition(".")[0]
        named = as_id(number) if kind == INTERACTION else None
        if named is not None and answered == thread_id(organization.pk, INTERACTION, named):
            numbers.append(named)
    sent = Message.objects.filter(organization_id=organization.pk, message_id__in=answers)
    interactions: set[int] = set()
    entries: set[int] = set()
    for about, pk in sent.values_list("subject_type", "subject_id"):
        if pk is None:
            continue
        if about == Interaction._meta.label_lower:
            interactions.add(pk)
        elif about == InteractionEntry._meta.label_lower:
            entries.add(pk)
    came = FiledMail.objects.filter(mail__organization_id=organization.pk, mail__message_id__in=answers)
    interactions.update(came.values_list("interaction_id", flat=True)[:50])
    found = Interaction.objects.filter(
        Q(pk__in=interactions) | Q(pk__in=InteractionEntry.objects.filter(pk__in=entries).values("interaction_id")),
        organization_id=organization.pk,
    )
    return [*numbers, *found.order_by("-number").values_list("number", flat=True)[:20]]


def _answer(mail: RawMail, read: mails.Mail, hits: senders.Hits, interaction: Interaction) -> None:
    """A reply of the client's side. One that a machine wrote is kept beside the conversation and opens nothing."""
    person = senders.person_of(hits, interaction.client_id)
    if read.is_automatic:
        FiledMail.objects.get_or_create(organization_id=mail.organization_id, mail=mail, interaction=interaction)
        mail.client, mail.person = interaction.client, person
        return _end(mail, State.FILED, Reason.AUTOMATIC)
    return _write(mail, read, interaction.client, person, interaction)


def _answer_of_member(mail: RawMail, read: mails.Mail, member: Membership, interaction: Interaction) -> None:
    """An agent answered from their own mail program and kept the address of the interaction in copy."""
    if not Interaction.objects.visible_to(member, Right.INTERACTION_LOG).filter(pk=interaction.pk).exists():
        return _wait(mail, Reason.OUT_OF_REACH, senders.Hits(), also=interaction.client_id)
    files, missing = keep_attachments(mail.organization, read)
    add_entry(
        interaction,
        by=member,
        notes=_notes(read, missing),
        internal=_is_internal(mail, read),
        notify=False,
        files=files,
    )
    FiledMail.objects.get_or_create(organization_id=mail.organization_id, mail=mail, interaction=interaction)
    mail.client = interaction.client
    return _end(mail, State.FILED)


def _is_internal(mail: RawMail, read: mails.Mail) -> bool:
    """Unless the mailbox says otherwise. Nothing is published in a member's name that anybody may have written."""
    return mail.mailbox is None or mail.mailbox.copies_internal or not read.is_confirmed_by_dmarc


def _notes(read: mails.Mail, missing: str) -> str:
    return "\n\n".join(piece for piece in (read.text, missing) if piece)[:NOTES_AT_MOST]


# An agent put the mailbox in copy


def _copied(mail: RawMail, read: mails.Mail, member: Membership):
    """What logs a member's mail with each client whom it went to; None where it went to none that we know."""
    organization = mail.organization
    found: dict[int | None, senders.Hits] = {}
    for address in read.recipients[:MOST_COPIES]:
        hits = senders.at_address(organization.pk, address)
        only = hits.only()
        if only is None:
            continue
        client, person = only
        key = client.pk if client is not None else -person.pk if person is not None else None
        if key is not None:
            found.setdefault(key, hits)
    if not found:
        return None

    def log() -> None:
        _log_copies(mail, read, member, list(found.values()))

    return log


def _log_copies(mail: RawMail, read: mails.Mail, member: Membership, found: list[senders.Hits]) -> None:
    topic = _topic(mail)
    reached = []
    for hits in found:
        only = hits.only()
        if only is None:
            continue
        client, person = only
        if client is not None:
            is_reached = Client.objects.visible_to(member, Right.INTERACTION_LOG).filter(pk=client.pk).exists()
        else:
            is_reached = member.can(Right.INTERACTION_LOG)
        if is_reached:
            reached.append((client, person))
    if not reached or topic is None:
        clients = [client for hits in found for client in hits.clients]
        return _wait(mail, Reason.OUT_OF_REACH, senders.Hits([(client, None) for client in clients]))
    files, missing = keep_attachments(mail.organization, read)
    record("log_copied_mail", by=member, subject=mail, n=len(reached))
    for client, person in reached:
        known = client or person
        assert known is not None, "who was reached is a client or a person"
        interaction = log_interaction(
            by=member,
            client=client,
            person=person,
            topic=topic,
            channel=Interaction.Channel.EMAIL,
            direction=Interaction.Direction.OUTGOING,
            subject=read.subject,
            notes=_notes(read, missing),
            internal=_is_internal(mail, read),
            occurred_at=min(read.sent_at, timezone.now()) if read.sent_at else None,
            origin=Interaction.Origin.MAIL,
            external_key=f"mail:{mail.digest[:40]}:{known.pk}"[:80],
            notify=False,
            files=files,
        )
        FiledMail.objects.get_or_create(organization_id=mail.organization_id, mail=mail, interaction=interaction)
    mail.client, mail.person = reached[0]
    return _end(mail, State.FILED)


def _topic(mail: RawMail) -> Topic | None:
    if mail.mailbox is not None and mail.mailbox.topic is not None and mail.mailbox.topic.is_active:
        return mail.mailbox.topic
    return Topic.objects.filter(organization_id=mail.organization_id, is_active=True).order_by("position", "pk").first()


# What could not be delivered


def _returned(mail: RawMail, bounce: mails.Bounce) -> None:
    """The mail of ours that came back is shown as failed, with the server's words. Believed only of whom it went to:
    others do not know both its mark and its recipients."""
    message = (
        Message.objects.filter(organization_id=mail.organization_id, message_id=bounce.message_id).first()
        if bounce.message_id
        else None
    )
    if message is not None and not {address.lower() for address in message.recipients} & set(bounce.recipients):
        message = None
    if message is not None:
        if bounce.is_final:
            note_return(message, told=bounce.told)
        interactions = Interaction.objects.filter(organization_id=mail.organization_id)
        if message.subject_id is None:
            interactions = interactions.none()
        elif message.subject_type == Interaction._meta.label_lower:
            interactions = interactions.filter(pk=message.subject_id)
        elif message.subject_type == InteractionEntry._meta.label_lower:
            interactions = interactions.filter(entries=message.subject_id)
        else:
            interactions = interactions.none()
        interaction = interactions.first()
        if interaction is not None:
            FiledMail.objects.get_or_create(organization_id=mail.organization_id, mail=mail, interaction=interaction)
            mail.client_id = interaction.client_id
            return _end(mail, State.FILED, Reason.BOUNCE)
    return _end(mail, State.IGNORED, Reason.BOUNCE)
