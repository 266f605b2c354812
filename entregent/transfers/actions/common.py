"""What every step of a transfer does: the lock, the interaction that tells it, whom it tells, how it ends."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import Person
from entregent.documents.actions import remove_content
from entregent.documents.models import StoredFile
from entregent.interactions.actions import record_by_system
from entregent.interactions.portal_models import PortalAccess
from entregent.notifications.actions import notify, subscribers
from entregent.organizations.models import Membership
from entregent.outbox.actions import send_mail
from entregent.toolbox.errors import NotFound, Refusal
from entregent.transfers.models import FileTransfer, Signature, TransferFile

State = FileTransfer.State


def closed() -> Refusal:
    return Refusal("E-004-CLOSED", _("Ce transfert est clos."), status=410)


def locked(transfer: FileTransfer, *, organization_id: int) -> FileTransfer:
    """The transfer as it stands, until the end of the transaction."""
    found = (
        FileTransfer.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "person", "client", "sender")
        .filter(pk=transfer.pk, organization_id=organization_id, deleted_at__isnull=True)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def locked_open(transfer: FileTransfer, *, organization_id: int) -> FileTransfer:
    found = locked(transfer, organization_id=organization_id)
    if not found.is_open:
        raise closed()
    return found


def close(transfer: FileTransfer, state: str) -> None:
    transfer.state, transfer.closed_at = state, timezone.now()
    transfer.version += 1
    transfer.save(update_fields=["state", "closed_at", "version"])


def sent_among(files: Sequence[StoredFile]) -> set[int]:
    """Those of these files that a transfer has already."""
    return set(TransferFile.objects.filter(file__in=files).values_list("file_id", flat=True))


def refuse_sent(files: Sequence[StoredFile]) -> None:
    """A file belongs to one transfer. Whoever names it a second time meanwhile waits for the first."""
    list(StoredFile.objects.select_for_update().filter(pk__in=[file.pk for file in files]).order_by("pk"))
    if sent_among(files):
        message = _("Ces fichiers ont déjà été envoyés. Pour les envoyer encore, ajoutez-les de nouveau.")
        raise Refusal("E-004-SENT", message, field="files", status=409)


def drop_files(transfer: FileTransfer, state: str) -> None:
    """The files of a transfer that ended without being done are read by nobody any more."""
    for one in transfer.files.select_related("file"):
        remove_content(one.file)
    transfer.files.update(state=state)
    Signature.objects.filter(file__transfer=transfer, state=Signature.State.WAITING).update(
        state=Signature.State.EXPIRED, at=Now()
    )


def tell_step(transfer: FileTransfer, step: str, text: str) -> None:
    """Every step is an interaction too, made by the system (R004-20). `step` is told once per transfer."""
    record_by_system(
        organization=transfer.organization,
        client=transfer.client,
        person=transfer.person,
        subject=transfer.subject,
        text=text,
        external_key=f"transfer:{transfer.pk}:{step}",
    )


def in_words(transfer: FileTransfer):
    """What is written down is written in the language of the organization."""
    return translation.override(transfer.organization.language)


def tell_staff(transfer: FileTransfer, event: str, *, sender_only: bool = False, by=None, **words) -> None:
    """The sender and, but where it is theirs alone, whoever subscribed."""
    users = {transfer.sender_id}
    if not sender_only:
        users |= set(subscribers(transfer.organization, event, transfer.client_id))
    notify(
        organization=transfer.organization,
        event=event,
        users=users,
        client_id=transfer.client_id,
        subject_record=transfer,
        # By the staff's own URL conf: that of the portal knows no page of theirs.
        url=reverse(
            "transfers:detail", urlconf=settings.ROOT_URLCONF, args=[transfer.organization.slug, transfer.number]
        ),
        words={"subject": transfer.subject, "person": transfer.person.full_name, "number": transfer.number, **words},
        by=by if isinstance(by, Membership) else None,
    )


def portal_url(transfer: FileTransfer) -> str:
    return f"{settings.PUBLIC_URL}/portail/{transfer.organization.slug}/transferts/{transfer.number}/"


def last_day(transfer: FileTransfer) -> str:
    """« 22 décembre 2026 », in the organization's zone and the reader's language."""
    day = transfer.expires_at.astimezone(ZoneInfo(transfer.organization.time_zone)).date()
    return format_date(day, "long", locale=get_language())


def access_of(transfer: FileTransfer) -> PortalAccess | None:
    """The access by which the recipient reaches it now."""
    return (
        PortalAccess.objects.active().filter(person_id=transfer.person_id, client_id=transfer.client_id)
        .select_related("person").first()
    )  # fmt: skip


def valid_address(person: Person) -> str:
    """The first address of the person that is one, or ""."""
    for address in person.emails:
        try:
            validate_email(address)
        except ValidationError:
            continue
        return address
    return ""


def _address_now(transfer: FileTransfer) -> str:
    """Where the recipient is reached now: what was corrected since counts, not what was written down then."""
    if address := valid_address(transfer.person):
        return address
    access = access_of(transfer)
    return access.email if access is not None else transfer.email


def mail_person(transfer: FileTransfer, *, subject: str, paragraphs: list[str], button: str, url: str, language: str):
    return send_mail(
        organization_id=transfer.organization_id,
        to=_address_now(transfer),
        subject=subject,
        paragraphs=paragraphs,
        button=(button, url),
        language=language,
        sender_name=f"{transfer.sender.name} ({transfer.organization.name})",
        thread=("transfer", transfer.number),
        subject_record=transfer,
        client_id=transfer.client_id,
        user_id=transfer.sender_id,
    )


@transaction.atomic
def download(item: TransferFile, *, by: Membership | None = None, access: PortalAccess | None = None) -> TransferFile:
    """Somebody takes a file: noted once for whom it is for, the last one of all ends the transfer.

    A person reads what was sent to them until the transfer's end; a member whatever is there.
    """
    who = by if by is not None else access
    if who is None:
        raise TypeError("download() needs by or access")
    transfer = locked(item.transfer, organization_id=who.organization_id)
    item = transfer.files.select_related("file", "transfer").select_for_update(of=("self",)).get(pk=item.pk)
    if item.file.removed_at is not None or transfer.state_now in (State.EXPIRED, State.CANCELLED):
        raise closed()
    if access is not None and (transfer.is_over or transfer.is_request):
        raise closed() if transfer.is_over else NotFound()
    record(
        "download_transfer_file", by=who, subject=transfer, client_id=transfer.client_id, number=transfer.number,
        file=item.file.name,
    )  # fmt: skip
    is_recipient = access is not None or transfer.is_request
    if is_recipient and item.state == TransferFile.State.READY:
        item.state, item.downloaded_at = TransferFile.State.DOWNLOADED, timezone.now()
        item.save(update_fields=["state", "downloaded_at"])
        with in_words(transfer):
            text = _("%(who)s a téléchargé « %(file)s ».") % {"who": _name(by, access), "file": item.file.name}
            tell_step(transfer, f"downloaded:{item.pk}", text)
        end_if_done(transfer, by=who)
    return item


def _name(by: Membership | None, access: PortalAccess | None) -> str:
    if by is not None:
        return by.user.name
    return access.told_as if access is not None else ""


def end_if_done(transfer: FileTransfer, *, by) -> None:
    """« Terminé » once every file was taken and every signature decided."""
    waiting = transfer.files.exclude(state=TransferFile.State.DOWNLOADED).exists()
    undecided = Signature.objects.filter(file__transfer=transfer, state=Signature.State.WAITING).exists()
    if transfer.state != State.READY or waiting or undecided:
        return
    close(transfer, State.DONE)
    with in_words(transfer):
        tell_step(transfer, "done", _("Transfert terminé."))
    tell_staff(transfer, "transfer_completed", by=by)
