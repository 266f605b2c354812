"""What is done with mails that came in: kept by readers, settled by people. Reading them is `filing`."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.statements import rows_of
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.documents.actions import keep_file
from entregent.documents.files import opened
from entregent.inbound import mails, senders
from entregent.inbound.attachments import keep_attachments
from entregent.inbound.models import FiledMail, Mailbox, RawMail
from entregent.interactions.actions import receive_message
from entregent.interactions.actions.rules import refuse, system_refusals
from entregent.interactions.models import Interaction, InteractionEntry
from entregent.organizations.models import Membership, Organization
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.queue import ask

State, Reason = RawMail.State, RawMail.Reason

# What one click may settle.
MOST_AT_ONCE = 500


def keep_raw(
    *,
    organization_id: int,
    content: bytes,
    mailbox_id: int | None = None,
    state: str = State.RECEIVED,
    reason: str = "",
) -> tuple[int, bool]:
    """Keeps a mail as it came, in a transaction of its own: (its id, was it new?). Its reading is asked for with it.

    Only when this has returned may its server be told that the mail is ours. The same mail again is the same row.
    """
    digest = mails.digest_of(content)
    with in_organization(organization_id):
        known = RawMail.objects.filter(organization_id=organization_id, digest=digest).values_list("pk", flat=True)
        for pk in known:
            return pk, False
        organization = Organization.objects.get(pk=organization_id)
        told = mails.header_of(content)
        file = keep_file(
            organization=organization, name="courriel.eml", content=content, most=2 * mails.MOST_OCTETS, refuse=False
        )
        # What the list shows until it is read, and for good where it cannot be.
        written = rows_of(
            """
            INSERT INTO inbound_rawmail
                (organization_id, mailbox_id, file_id, digest, message_id, state, reason, detail, tries, sender,
                 sender_name, recipients, subject, preview, sent_at, has_files, guesses)
            VALUES (%s, %s, %s, %s, %s, %s, %s, '', 0, %s, %s, %s, %s, '', %s, false, '{}')
            ON CONFLICT (organization_id, digest) DO NOTHING RETURNING id
            """,
            [
                organization_id, mailbox_id, file.pk, digest, told.message_id, str(state), str(reason), told.sender,
                told.sender_name, told.recipients, told.subject, told.sent_at,
            ],
        )  # fmt: skip
        if not written:  # Another reader was quicker; the file is swept.
            file.delete()
            return RawMail.objects.get(organization_id=organization_id, digest=digest).pk, False
        if state == State.RECEIVED:
            ask_for_reading(organization_id)
    return written[0][0], True


def ask_for_reading(organization_id: int) -> None:
    """One mail after the other within an organization, in the order in which they came. What is never read for want of
    a worker, `tasks.file_left` finds within a minute."""
    ask("entregent.inbound.file_received", lock=f"inbound-{organization_id}", organization_id=organization_id)


def content_of(mail: RawMail) -> bytes:
    with opened(mail.file) as content:
        return content.read()


def mark_of(mail: RawMail) -> str:
    """Under which mark the entry of a mail stands: its Message-ID, unless another mail came with the same one."""
    before = RawMail.objects.filter(organization_id=mail.organization_id, pk__lt=mail.pk)
    is_taken = not mail.message_id or before.filter(message_id=mail.message_id).exists()
    return f"<{mail.digest}@courriel>" if is_taken else mail.message_id


@transaction.atomic
def attach_mail(
    mail: RawMail,
    *,
    by: Membership,
    client: Client | None = None,
    person: Person | None = None,
    interaction: Interaction | None = None,
    visible: bool = False,
) -> Interaction:
    """Says whose a mail is: a new interaction of `client` or `person`, or an entry of `interaction`.

    The entry is internal, unless the sender is on the client's side or the member says that the client may read it
    (`visible`). A mail that a member wrote is internal, whatever is said of it.
    """
    record(
        "attach_mail",
        by=by,
        subject=mail,
        client_id=interaction.client_id if interaction is not None else client.pk if client is not None else None,
        sender=mail.sender,
    )
    mail = _locked(mail, by=by)
    if not mail.is_open:
        raise _settled(mail)
    if interaction is not None:
        refuse(system_refusals(interaction.is_system))
        client = interaction.client
    if client is None and person is None and interaction is None:
        raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
    read = mails.read(content_of(mail))
    hits = senders.at_address(mail.organization_id, read.sender)
    is_of_member = bool(senders.members_at(mail.organization_id, read.sender))
    if interaction is not None:
        takes_part = senders.takes_part(hits, interaction)
    else:
        takes_part = senders.is_of(hits, client, person)
    takes_part = takes_part and not read.is_refused_by_dmarc
    internal = is_of_member or not (takes_part or visible)
    if person is None and takes_part and not is_of_member:
        person = senders.person_of(hits, client.pk if client is not None else None)
    interaction_id = write_message(
        mail,
        read,
        client=client,
        person=None if is_of_member else person,
        interaction=interaction,
        internal=internal,
    )
    mail.state, mail.reason, mail.client, mail.person = State.FILED, "", client, person
    mail.handled_by, mail.handled_at = by.user, timezone.now()
    mail.save(update_fields=["state", "reason", "client", "person", "handled_by", "handled_at"])
    return Interaction.objects.select_related("client", "person").get(pk=interaction_id)


def write_message(
    mail: RawMail,
    read: mails.Mail,
    *,
    client: Client | None,
    person: Person | None,
    interaction: Interaction | None = None,
    internal: bool = False,
) -> int:
    """The entry that a mail makes, with its files, and the tie between both. Gives the id of the interaction."""
    organization = mail.organization
    files, missing = keep_attachments(organization, read, person=person)
    text = "\n\n".join(piece for piece in (read.text, missing) if piece)
    topic = mail.mailbox.topic if mail.mailbox is not None else None
    interaction_id, _number = receive_message(
        organization=organization,
        client=client,
        person=person,
        text=text,
        subject=read.subject,
        folded=read.folded,
        channel=Interaction.Channel.EMAIL,
        interaction=interaction.number if interaction is not None else None,
        occurred_at=read.sent_at,
        mail_message_id=mark_of(mail),
        sender_name=read.sender_name or read.sender,
        topic=topic if topic is not None and topic.is_active else None,
        internal=internal,
        files=files,
    )
    FiledMail.objects.get_or_create(organization_id=mail.organization_id, mail=mail, interaction_id=interaction_id)
    return interaction_id


@transaction.atomic
def detach_mail(mail: RawMail, *, by: Membership) -> RawMail:
    """Undoes `attach_mail`: the entry goes, and the interaction with it where nothing else stands in it."""
    record("detach_mail", by=by, subject=mail, client_id=mail.client_id, sender=mail.sender)
    mail = _locked(mail, by=by)
    if mail.state != State.FILED or mail.handled_by_id is None:
        raise _settled(mail)
    mark = mark_of(mail)
    for filed in FiledMail.objects.select_related("interaction").filter(mail=mail):
        entries = InteractionEntry.objects.filter(interaction_id=filed.interaction_id)
        is_alone = not entries.exclude(mail_message_id=mark).exists()
        if filed.interaction.deleted_at is None and is_alone:
            # Whoever attached it takes back what they did; to delete interactions takes another right.
            Interaction.objects.filter(pk=filed.interaction_id).update(
                deleted_at=timezone.now(), deleted_by=by.user, version=F("version") + 1
            )
        # Not left behind with its mark: the mail may be attached elsewhere.
        entries.filter(mail_message_id=mark).delete()
        filed.delete()
    mail.state, mail.reason, mail.client, mail.person = State.TO_ATTACH, "", None, None
    mail.handled_by, mail.handled_at = None, None
    mail.save(update_fields=["state", "reason", "client", "person", "handled_by", "handled_at"])
    return mail


@transaction.atomic
def ignore_mails(found: Iterable[RawMail], *, by: Membership) -> list[int]:
    """These mails are no client's: they leave the list and stay kept. Gives the ids of those that waited."""
    ids = [mail.pk for mail in found][:MOST_AT_ONCE]
    record("ignore_mails", by=by, n=len(ids))
    waiting = RawMail.objects.select_for_update().filter(
        pk__in=ids, organization_id=by.organization_id, state=State.TO_ATTACH
    )
    changed = sorted(waiting.values_list("pk", flat=True))
    RawMail.objects.filter(pk__in=changed).update(
        state=State.IGNORED, reason=Reason.BY_HAND, handled_by=by.user, handled_at=timezone.now()
    )
    return changed


@transaction.atomic
def take_back_mails(found: Iterable[RawMail], *, by: Membership) -> list[int]:
    """What was ignored waits again."""
    ids = [mail.pk for mail in found][:MOST_AT_ONCE]
    record("take_back_mails", by=by, n=len(ids))
    ignored = RawMail.objects.select_for_update().filter(
        pk__in=ids, organization_id=by.organization_id, state=State.IGNORED
    )
    changed = sorted(ignored.values_list("pk", flat=True))
    RawMail.objects.filter(pk__in=changed).update(state=State.TO_ATTACH, reason="", handled_by=None, handled_at=None)
    return changed


@transaction.atomic
def retry_mail(mail: RawMail, *, by: Membership) -> RawMail:
    """Reads a mail of the quarantine again: what stood in the way may be gone, or mended."""
    record("retry_mail", by=by, subject=mail, sender=mail.sender)
    mail = _locked(mail, by=by)
    if mail.state != State.QUARANTINED:
        raise _settled(mail)
    mail.state, mail.reason, mail.detail, mail.tries = State.RECEIVED, "", "", 0
    mail.save(update_fields=["state", "reason", "detail", "tries"])
    ask_for_reading(mail.organization_id)
    return mail


@transaction.atomic
def add_mail(content: bytes, *, by: Membership, interaction: Interaction, visible: bool = False) -> RawMail:
    """A mail that somebody drops on an interaction as a file (.eml): an entry of it (R003-24), internal as
    `attach_mail` says."""
    refuse(system_refusals(interaction.is_system))
    try:
        read = mails.read(content)
    except mails.Unreadable as unreadable:
        raise Refusal("E-003-EML", _("Ce fichier n’est pas un courriel lisible (.eml)."), field="files") from unreadable
    if not read.sender:
        raise Refusal("E-003-EML", _("Ce fichier n’est pas un courriel lisible (.eml)."), field="files")
    pk, is_new = keep_raw(organization_id=by.organization_id, content=content, state=State.TO_ATTACH)
    mail = RawMail.objects.select_related("organization", "mailbox", "file").get(pk=pk)
    if not is_new and not mail.is_open:
        raise Refusal("E-003-EML-TWICE", _("Ce courriel est déjà classé."), field="files", status=409)
    fill(mail, read)
    mail.save()
    attach_mail(mail, by=by, interaction=interaction, visible=visible)
    mail.refresh_from_db()
    return mail


def fill(mail: RawMail, read: mails.Mail) -> None:
    """What lists show of a mail, once it is read."""
    mail.message_id = read.message_id
    mail.sender, mail.sender_name = read.sender, read.sender_name
    mail.recipients = read.recipients
    mail.subject = read.subject
    mail.preview = " ".join(read.text[:1000].split())[:300]
    mail.sent_at = read.sent_at
    mail.has_files = bool(read.files)


def _locked(mail: RawMail, *, by: Membership) -> RawMail:
    current = (
        RawMail.objects.select_for_update(of=("self",))
        .select_related("organization", "mailbox__topic", "file", "client")
        .filter(Q(pk=mail.pk), organization_id=by.organization_id)
        .first()
    )
    if current is None:
        raise NotFound
    return current


def _settled(mail: RawMail) -> Refusal:
    return Refusal("E-003-MAIL", _("Quelqu’un a déjà traité ce courriel."), status=409)


def mailbox_of(organization_id: int, mailbox_id: int | None) -> Mailbox | None:
    if mailbox_id is None:
        return None
    return Mailbox.objects.filter(pk=mailbox_id, organization_id=organization_id).first()
