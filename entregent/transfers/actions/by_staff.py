"""What members do: send, ask, remind, cancel, delete."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.models import Client, ClientPerson, Person
from entregent.documents.actions import no_files, remove_content
from entregent.documents.models import StoredFile
from entregent.interactions.portal_access import extend_access, invite_person
from entregent.interactions.portal_models import PortalAccess, PortalEvent
from entregent.organizations.actions import next_numbers
from entregent.organizations.idempotency import fingerprint_of, once
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line
from entregent.transfers.actions.common import (
    State,
    access_of,
    close,
    drop_files,
    in_words,
    last_day,
    locked,
    locked_open,
    mail_person,
    portal_url,
    refuse_sent,
    sent_among,
    tell_step,
    valid_address,
)
from entregent.transfers.models import FileTransfer, Signature, TransferFile, TransferSettings

LONGEST_MESSAGE = 20000


def send_files(
    *,
    by: Membership,
    person: Person,
    files: Sequence[StoredFile],
    subject: str,
    client: Client | None = None,
    message: str = "",
    secure_message: bool = False,
    with_signature: bool = False,
    sender: User | None = None,
    idempotency_key: str | None = None,
) -> FileTransfer:
    """Sends files to a person through the portal (R004-27); `with_signature`: each is to be signed or rejected.

    Who has no portal yet gets a temporary access. Refuses: no file, no valid address, no subject, another's name
    without the right for it (E-004-NOFILES, -TO, -BEHALF).
    """
    values = {"subject": subject, "message": message, "secure_message": secure_message,
              "with_signature": with_signature}  # fmt: skip
    more = [no_files()] if not files else []
    return _made(FileTransfer.Direction.SEND, person, client, values, by, sender, list(files), more, idempotency_key)


def request_files(
    *,
    by: Membership,
    person: Person,
    subject: str,
    client: Client | None = None,
    message: str = "",
    secure_message: bool = False,
    with_signature: bool = False,
    sender: User | None = None,
    idempotency_key: str | None = None,
) -> FileTransfer:
    """Asks a person for files. `with_signature`: they sign what they hand over."""
    values = {"subject": subject, "message": message, "secure_message": secure_message,
              "with_signature": with_signature}  # fmt: skip
    return _made(FileTransfer.Direction.REQUEST, person, client, values, by, sender, [], [], idempotency_key)


@transaction.atomic
def _made(direction, person, client, values, by, sender, files, refusals, key) -> FileTransfer:
    values["subject"] = one_line(values["subject"])
    values["message"] = values["message"].replace("\x00", "").replace("\r\n", "\n").strip()
    sender = sender or by.user
    email = valid_address(person)
    refusals += _refusals(values, by=by, sender=sender, person=person, client=client, email=email)
    if refusals:
        raise Refusals(refusals)

    def make() -> int:
        transfer = _written(direction, person, client, values, by, sender, email, files)
        return transfer.pk

    told = [direction, person.pk, client.pk if client else None, values, [file.sha256 for file in files]]
    kept_id, was_repeated = once(by.organization_id, f"transfer_{direction}", key, fingerprint_of(told), make)
    if was_repeated:
        # What came with the repeat belongs to nobody; but the same upload named twice is what was sent the first time.
        sent = sent_among(files)
        for file in files:
            if file.pk not in sent:
                remove_content(file)
    return FileTransfer.objects.select_related("organization", "person", "client", "sender").get(pk=kept_id)


def _written(direction, person, client, values, by, sender, email, files) -> FileTransfer:
    is_send = direction == FileTransfer.Direction.SEND
    record(
        "send_files" if is_send else "request_files", by=by, client_id=client.pk if client else None,
        subject=None, title=values["subject"], person=person.full_name, on_behalf_of=sender.name,
    )  # fmt: skip
    choices = TransferSettings.of(by.organization_id)
    transfer = FileTransfer.objects.create(
        organization=by.organization,
        number=next_numbers(by.organization_id, "transfer"),
        direction=direction,
        state=State.READY if is_send else State.WAITING,
        sender=sender,
        person=person,
        client=client,
        email=email,
        created_by=by.user,
        expires_at=timezone.now() + timedelta(days=choices.delay_days),
        **values,
    )
    refuse_sent(files)
    for file in files:
        item = TransferFile.objects.create(
            organization_id=by.organization_id, transfer=transfer, file=file, state=TransferFile.State.READY
        )
        if transfer.with_signature:
            Signature.objects.create(organization_id=by.organization_id, file=item)
    with in_words(transfer):
        names = ", ".join(f"« {file.name} »" for file in files)
        said = {"person": person.full_name, "files": names, "sender": sender.name}
        text = (
            _("%(sender)s a envoyé %(files)s à %(person)s.") % said
            if is_send
            else _("%(sender)s a demandé des fichiers à %(person)s.") % said
        )
        if transfer.message and not transfer.secure_message:
            text += f"\n\n{transfer.message}"
        tell_step(transfer, "sent" if is_send else "requested", text)
    _invite_and_tell(transfer, by=by)
    return transfer


def _refusals(values, *, by, sender, person, client, email) -> list[Refusal]:
    refusals = []
    if person.deleted_at is not None or person.organization_id != by.organization_id:
        raise NotFound
    if not email:
        message = _("Cette personne n'a pas d'adresse de courriel valide.")
        refusals.append(Refusal("E-004-TO", message, field="person"))
    if client is not None and not ClientPerson.objects.filter(client=client, person=person).exists():
        message = _("Cette personne n’est pas liée à ce client.")
        refusals.append(Refusal("E-004-TO", message, field="client"))
    if not values["subject"]:
        refusals.append(required("subject", _("Objet")))
    elif len(values["subject"]) > 200:
        refusals.append(too_long("subject", _("Objet"), 200))
    if len(values["message"]) > LONGEST_MESSAGE:
        refusals.append(too_long("message", _("Message"), LONGEST_MESSAGE))
    if sender.pk != by.user_id:
        is_member = Membership.objects.active().filter(organization_id=by.organization_id, user=sender).exists()
        if not by.can(Right.TRANSFER_BEHALF) or not is_member:
            message = _("Vous ne pouvez pas envoyer au nom de %(name)s.") % {"name": sender.name}
            refusals.append(Refusal("E-004-BEHALF", message, field="sender", status=403))
    return refusals


def _invite_and_tell(transfer: FileTransfer, *, by: Membership, is_reminder: bool = False) -> None:
    """The recipient is told by mail: with the way to their portal, or with an invitation to a temporary one."""
    access, url = access_of(transfer), portal_url(transfer)
    if access is not None:
        extend_access(access, by=by)
        event = PortalEvent.TRANSFER_REMINDER if is_reminder else PortalEvent.TRANSFER
        if event not in access.subscriptions:
            return
        language = access.language
    else:
        access, invitation = invite_person(
            by=by, person=transfer.person, client=transfer.client, kind=PortalAccess.Kind.TEMPORARY,
            email=valid_address(transfer.person), mail=False,
        )  # fmt: skip
        url, language = invitation or url, access.language
    with translation.override(language):
        _tell(transfer, url, language, is_reminder=is_reminder, is_invited=url != portal_url(transfer))


def _tell(transfer: FileTransfer, url: str, language: str, *, is_reminder: bool, is_invited: bool) -> None:
    said = {"sender": transfer.sender.name, "organization": transfer.organization.name, "subject": transfer.subject}
    if transfer.is_request:
        subject = _("%(organization)s vous demande des fichiers : %(subject)s") % said
        first = _("%(sender)s (%(organization)s) vous demande des fichiers : « %(subject)s ».") % said
        button = _("Remettre les fichiers")
    else:
        subject = _("%(organization)s vous envoie des fichiers : %(subject)s") % said
        first = _("%(sender)s (%(organization)s) vous envoie des fichiers : « %(subject)s ».") % said
        button = _("Voir les fichiers")
    paragraphs = [_("Bonjour %(name)s,") % {"name": transfer.person.full_name}, first]
    if is_reminder:
        subject = _("Rappel : %(subject)s") % {"subject": subject}
    if transfer.secure_message and transfer.message:
        paragraphs.append(_("Un message vous attend sur votre portail."))
    elif transfer.message:
        paragraphs.append(transfer.message)
    if transfer.with_signature:
        paragraphs.append(_("Votre signature est demandée."))
    if is_invited:
        paragraphs.append(_("Ouvrez d’abord votre accès au portail : le lien ci-dessous vous guide."))
    paragraphs.append(_("Ce transfert expire le %(day)s.") % {"day": last_day(transfer)})
    mail_person(transfer, subject=subject, paragraphs=paragraphs, button=button, url=url, language=language)


@transaction.atomic
def remind(transfer: FileTransfer, *, by: Membership) -> FileTransfer:
    """« Relancer »: the recipient is told once more, with a fresh invitation where they have not registered yet."""
    record("remind_transfer", by=by, subject=transfer, client_id=transfer.client_id, number=transfer.number)
    transfer = locked_open(transfer, organization_id=by.organization_id)
    transfer.reminders += 1
    transfer.reminded_at = timezone.now()
    transfer.save(update_fields=["reminders", "reminded_at"])
    with in_words(transfer):
        text = _("%(who)s a relancé %(person)s.") % {"who": by.user.name, "person": transfer.person.full_name}
        tell_step(transfer, f"reminded:{transfer.reminders}", text)
    _invite_and_tell(transfer, by=by, is_reminder=True)
    return transfer


@transaction.atomic
def cancel_transfer(transfer: FileTransfer, *, by: Membership) -> FileTransfer:
    """Takes an open transfer back: its files are read by nobody any more."""
    record("cancel_transfer", by=by, subject=transfer, client_id=transfer.client_id, number=transfer.number)
    transfer = locked_open(transfer, organization_id=by.organization_id)
    close(transfer, State.CANCELLED)
    drop_files(transfer, TransferFile.State.CANCELLED)
    with in_words(transfer):
        tell_step(transfer, "cancelled", _("%(who)s a annulé le transfert.") % {"who": by.user.name})
    return transfer


@transaction.atomic
def delete_transfer(transfer: FileTransfer, *, by: Membership) -> FileTransfer:
    """Out of the lists and of the portal. One that is still open is cancelled by it."""
    record("delete_transfer", by=by, subject=transfer, client_id=transfer.client_id, number=transfer.number)
    transfer = locked(transfer, organization_id=by.organization_id)
    if transfer.state in FileTransfer.OPEN:
        close(transfer, State.CANCELLED)
        drop_files(transfer, TransferFile.State.CANCELLED)
    transfer.deleted_at, transfer.deleted_by = timezone.now(), by.user
    transfer.save(update_fields=["deleted_at", "deleted_by"])
    with in_words(transfer):
        text = _("%(who)s a supprimé le transfert.") % {"who": by.user.name}
        tell_step(transfer, f"deleted:{transfer.version}", text)
    return transfer


@transaction.atomic
def restore_transfer(transfer: FileTransfer, *, by: Membership) -> FileTransfer:
    """Brings back what was deleted, as it had ended."""
    record("restore_transfer", by=by, subject=transfer, client_id=transfer.client_id, number=transfer.number)
    found = FileTransfer.objects.select_for_update(no_key=True).get(pk=transfer.pk, organization_id=by.organization_id)
    found.deleted_at = found.deleted_by = None
    found.version += 1
    found.save(update_fields=["deleted_at", "deleted_by", "version"])
    return found
