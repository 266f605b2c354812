"""What somebody at the client does, by their `access`: hand files over, complete, sign, reject."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.documents.actions import no_files, remove_content
from entregent.documents.models import StoredFile
from entregent.interactions.portal_access import extend_access
from entregent.interactions.portal_models import PortalAccess
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line
from entregent.transfers import evidence
from entregent.transfers.actions.common import (
    State,
    closed,
    end_if_done,
    in_words,
    locked,
    refuse_sent,
    tell_staff,
    tell_step,
)
from entregent.transfers.models import FileTransfer, Signature, TransferFile

MOST_FILES = 100


def _own(transfer: FileTransfer, *, access: PortalAccess) -> FileTransfer:
    """Locked, open, and this person's; anybody else's is not there."""
    found = locked(transfer, organization_id=access.organization_id)
    if (found.person_id, found.client_id) != (access.person_id, access.client_id):
        raise NotFound
    if not found.is_open:
        raise closed()
    return found


@transaction.atomic
def add_file(transfer: FileTransfer, *, access: PortalAccess, file: StoredFile) -> TransferFile:
    """One file for a request that waits. Until it is completed it can be taken out again."""
    record(
        "add_transfer_file", by=access, subject=transfer, client_id=transfer.client_id, number=transfer.number,
        file=file.name,
    )  # fmt: skip
    transfer = _own(transfer, access=access)
    if transfer.state != State.WAITING:
        raise closed()
    if transfer.files.count() >= MOST_FILES:
        message = _("%(n)s fichiers au plus.") % {"n": MOST_FILES}
        raise Refusal("E-004-FILES", message, field="files")
    refuse_sent([file])
    return TransferFile.objects.create(
        organization_id=transfer.organization_id, transfer=transfer, file=file, state=TransferFile.State.UPLOADED
    )


@transaction.atomic
def remove_file(item: TransferFile, *, access: PortalAccess) -> None:
    record(
        "remove_transfer_file", by=access, subject=item.transfer, client_id=item.transfer.client_id,
        number=item.transfer.number,
    )  # fmt: skip
    transfer = _own(item.transfer, access=access)
    if transfer.state != State.WAITING:
        raise closed()
    item = transfer.files.select_related("file").get(pk=item.pk)
    remove_content(item.file)
    item.delete()


@transaction.atomic
def complete_request(
    transfer: FileTransfer,
    *,
    access: PortalAccess,
    name: str = "",
    consents: bool = False,
    address: str = "",
) -> FileTransfer:
    """« Terminer »: the files are handed over, and signed where that was asked. The sender is told."""
    record("complete_transfer", by=access, subject=transfer, client_id=transfer.client_id, number=transfer.number)
    transfer = _own(transfer, access=access)
    if transfer.state != State.WAITING:
        raise closed()
    items = list(transfer.files.select_related("file"))
    if not items:
        raise no_files()
    if transfer.with_signature:
        name = _checked_name(name, consents)
        for item in items:
            signature = Signature(organization_id=transfer.organization_id, file=item)
            _seal(signature, transfer, item, access=access, name=name, address=address)
    transfer.files.update(state=TransferFile.State.READY)
    transfer.state, transfer.completed_at = State.READY, timezone.now()
    transfer.version += 1
    transfer.save(update_fields=["state", "completed_at", "version"])
    extend_access(access)
    with in_words(transfer):
        files = ", ".join(f"« {item.file.name} »" for item in items)
        said = {"who": access.told_as, "files": files}
        text = (
            _("%(who)s a signé et remis %(files)s.") % said
            if transfer.with_signature
            else _("%(who)s a remis %(files)s.") % said
        )
        tell_step(transfer, "completed", text)
    tell_staff(transfer, "transfer_files_ready", count=len(items))
    return transfer


@transaction.atomic
def sign(item: TransferFile, *, access: PortalAccess, name: str, consents: bool, address: str) -> Signature:
    """« Signer » a file that was sent: name typed, consent given; the evidence page is made and sealed."""
    record(
        "sign_file", by=access, subject=item.transfer, client_id=item.transfer.client_id, number=item.transfer.number
    )
    transfer, item, signature = _waiting(item, access=access)
    if item.state != TransferFile.State.DOWNLOADED:
        message = _("Téléchargez le document avant de le signer.")
        raise Refusal("E-004-UNREAD", message, field="name", status=409)
    _seal(signature, transfer, item, access=access, name=_checked_name(name, consents), address=address)
    _decided(transfer, item, "signed", access=access)
    return signature


@transaction.atomic
def reject(item: TransferFile, *, access: PortalAccess, reason: str = "") -> Signature:
    """« Rejeter »: the person does not sign, and may say why."""
    record(
        "reject_file", by=access, subject=item.transfer, client_id=item.transfer.client_id, number=item.transfer.number
    )
    transfer, item, signature = _waiting(item, access=access)
    reason = one_line(reason)
    if len(reason) > 500:
        raise too_long("reason", _("Motif"), 500)
    signature.state, signature.reason, signature.at = Signature.State.REJECTED, reason, timezone.now()
    signature.save()
    # Who rejects it need not take it.
    if item.state == TransferFile.State.READY:
        item.state, item.downloaded_at = TransferFile.State.DOWNLOADED, timezone.now()
        item.save(update_fields=["state", "downloaded_at"])
    _decided(transfer, item, "rejected", access=access, reason=reason)
    return signature


def _waiting(item: TransferFile, *, access: PortalAccess) -> tuple[FileTransfer, TransferFile, Signature]:
    transfer = _own(item.transfer, access=access)
    item = transfer.files.select_related("file").get(pk=item.pk)
    signature = Signature.objects.filter(file=item).first()
    if signature is None:
        raise NotFound
    if signature.state != Signature.State.WAITING:
        raise closed()
    return transfer, item, signature


def _checked_name(name: str, consents: bool) -> str:
    name = one_line(name)
    refusals = []
    if not name:
        refusals.append(required("name", _("Votre nom")))
    elif len(name) > 120:
        refusals.append(too_long("name", _("Votre nom"), 120))
    if not consents:
        message = _("Cochez la case par laquelle vous consentez à signer.")
        refusals.append(Refusal("E-004-CONSENT", message, field="consents"))
    if refusals:
        raise Refusals(refusals)
    return name


def _seal(signature, transfer, item, *, access, name: str, address: str) -> None:
    evidence.stand_in_line(transfer.organization_id)
    signature.state, signature.name, signature.at = Signature.State.SIGNED, name, timezone.now()
    signature.facts = evidence.facts_of(signature, transfer, item, access=access, address=address)
    signature.seal = evidence.seal_of(signature.facts)
    signature.evidence = evidence.keep_page(signature, transfer)
    signature.save()


def _decided(transfer, item, what: str, *, access, reason: str = "") -> None:
    with in_words(transfer):
        said = {"who": access.told_as, "file": item.file.name, "reason": reason}
        if what == "signed":
            text = _("%(who)s a signé « %(file)s ».") % said
        elif reason:
            text = _("%(who)s a refusé de signer « %(file)s » : %(reason)s") % said
        else:
            text = _("%(who)s a refusé de signer « %(file)s ».") % said
        tell_step(transfer, f"{what}:{item.pk}", text)
    tell_staff(transfer, "transfer_signature", sender_only=True, file=item.file.name, decision=what, reason=reason)
    end_if_done(transfer, by=access)
