"""Adding, changing and removing mailboxes."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.inbound import imap
from entregent.inbound.mails import is_address
from entregent.inbound.models import Mailbox, MailboxState
from entregent.inbound.reader import PURPOSE, account_of
from entregent.inbound.routing import is_taken
from entregent.organizations.models import Membership
from entregent.toolbox import hosts
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required
from entregent.toolbox.sealing import SealBroken, seal, unseal
from entregent.toolbox.text import one_line

FIELDS = (
    "name", "kind", "address", "host", "port", "security", "username", "folder", "afterwards", "done_folder", "topic",
    "copies_internal", "is_active",
)  # fmt: skip


@transaction.atomic
def create_mailbox(*, by: Membership, password: str = "", **values) -> Mailbox:
    """Adds a mailbox; its mails are fetched a few seconds later. The password is sealed."""
    record("create_mailbox", by=by, address=values.get("address", ""))
    mailbox = Mailbox(organization_id=by.organization_id)
    _fill(mailbox, values, password=password)
    _save(mailbox)
    MailboxState.objects.create(
        organization_id=by.organization_id, mailbox=mailbox, secret=seal(password, purpose=PURPOSE) if password else ""
    )
    return mailbox


@transaction.atomic
def update_mailbox(mailbox: Mailbox, *, by: Membership, version: int, password: str = "", **values) -> Mailbox:
    """Changes a mailbox. Without `password` the one that is known stays, unless it would now go to another server."""
    record("update_mailbox", by=by, subject=mailbox, address=values.get("address", mailbox.address))
    current = Mailbox.objects.select_for_update().filter(pk=mailbox.pk, organization_id=by.organization_id).first()
    if current is None:
        raise NotFound
    if current.version != version:
        raise Stale(who=_("un autre membre"), when="", current=current)
    before = (current.host, current.security, current.port)
    place = (current.host, current.username, current.folder)
    _fill(current, values, password=password or "•")
    if not password and before[0] and (current.host, current.security, current.port) != before:
        raise Refusal(
            "E-INBOUND-PASSWORD",
            _("Le serveur change : saisissez à nouveau le mot de passe."),
            field="password",
        )
    current.version += 1
    _save(current)
    state = MailboxState.objects.select_for_update().get(mailbox=current)
    if password:
        state.secret = seal(password, purpose=PURPOSE)
    if (current.host, current.username, current.folder) != place:  # Another mailbox: it was never read.
        state.uid_validity, state.last_uid = None, 0
    state.error, state.failing_since, state.told_at = "", None, None
    state.save()
    return current


@transaction.atomic
def delete_mailbox(mailbox: Mailbox, *, by: Membership) -> None:
    """Its mails are fetched no longer; those that came stay."""
    record("delete_mailbox", by=by, subject=mailbox, address=mailbox.address)
    Mailbox.objects.filter(pk=mailbox.pk, organization_id=by.organization_id).delete()


def try_mailbox(mailbox: Mailbox | None, *, by: Membership, password: str = "", **values) -> int:
    """Connects as the reader would, without keeping anything: how many mails the folder holds. Refuses with what went
    wrong."""
    tried = Mailbox(organization_id=by.organization_id)
    _fill(tried, values, password=password or "•")
    if not password and mailbox is not None:
        if (mailbox.host, mailbox.security, mailbox.port) != (tried.host, tried.security, tried.port):
            raise required("password", _("Mot de passe"))
        try:
            password = unseal(mailbox.state.secret, purpose=PURPOSE) if mailbox.state.secret else ""
        except SealBroken:
            raise required("password", _("Mot de passe")) from None
    try:
        box = imap.Connection(account_of(tried, password))
    except imap.TROUBLES as error:
        raise Refusal("E-INBOUND-TRY", imap.in_words(error), field="host") from error
    try:
        return len(box.uids_after(0))
    except imap.TROUBLES as error:
        raise Refusal("E-INBOUND-TRY", imap.in_words(error), field="host") from error
    finally:
        box.close()


def _fill(mailbox: Mailbox, values: Mapping, *, password: str) -> None:
    for name in FIELDS:
        if name in values:
            setattr(mailbox, name, values[name])
    mailbox.name = one_line(mailbox.name)[:80] or mailbox.address
    mailbox.address = mailbox.address.strip().lower()
    mailbox.host = one_line(mailbox.host).strip()
    mailbox.folder = one_line(mailbox.folder) or "INBOX"
    refusals = []
    if not is_address(mailbox.address):
        refusals.append(Refusal("E-004-EMAILS", _("Adresse de courriel invalide."), field="address"))
    elif mailbox.kind == Mailbox.Kind.LMTP and "+" in mailbox.address:
        message = _("Une adresse remise par le serveur de courriel ne contient pas de « + ».")
        refusals.append(Refusal("E-004-EMAILS", message, field="address"))
    elif mailbox.kind == Mailbox.Kind.LMTP and is_taken(mailbox.address, mailbox.organization_id):
        message = _("Une autre organisation reçoit déjà ses courriels à cette adresse.")
        refusals.append(Refusal("E-INBOUND-TAKEN", message, field="address", status=409))
    if mailbox.topic is not None and mailbox.topic.organization_id != mailbox.organization_id:
        refusals.append(Refusal("E-003-TOPIC", _("Rubrique inconnue."), field="topic"))
    if mailbox.kind == Mailbox.Kind.IMAP:
        if not mailbox.host:
            refusals.append(required("host", _("Serveur")))
        else:
            port = mailbox.port or (993 if mailbox.security == Mailbox.Security.SSL else 143)
            try:
                hosts.resolved(mailbox.host, port)
            except hosts.HostRefused:
                refusals.append(hosts.HostRefused(field="host"))
        if not password:
            refusals.append(required("password", _("Mot de passe")))
        if mailbox.afterwards == Mailbox.Afterwards.MOVE and not one_line(mailbox.done_folder):
            refusals.append(required("done_folder", _("Dossier d’arrivée")))
    if refusals:
        raise refusals[0] if len(refusals) == 1 else Refusals(refusals)


def _save(mailbox: Mailbox) -> None:
    try:
        with transaction.atomic():
            mailbox.save()
    except IntegrityError:
        raise Refusal(
            "E-INBOUND-ADDRESS", _("Une autre boîte de réception a déjà cette adresse."), field="address", status=409
        ) from None
