"""What time does: transfers expire, and both sides are told before."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.interactions.portal_models import PortalEvent
from entregent.organizations.models import Module, Organization
from entregent.toolbox.errors import NotFound
from entregent.transfers.actions.common import (
    State,
    access_of,
    close,
    drop_files,
    in_words,
    last_day,
    locked,
    mail_person,
    portal_url,
    tell_staff,
    tell_step,
)
from entregent.transfers.models import FileTransfer, TransferFile, TransferSettings


def _organizations():
    """Also those that switched the module off since: what is out of time is read by nobody."""
    return Organization.objects.order_by("pk").values_list("pk", flat=True)


def _each(organization_id: int, keys: list[int], act: Callable[[int, int], int]) -> int:
    """Each in a transaction of its own. One that was deleted meanwhile is passed over, and stops none of the others."""
    done = 0
    for key in keys:
        with suppress(NotFound), in_organization(organization_id):
            done += act(key, organization_id)
    return done


def expire_due() -> int:
    """Open transfers whose day has come, each in a transaction of its own. Gives their number."""
    expired = 0
    for organization_id in _organizations():
        with in_organization(organization_id):
            due = list(
                FileTransfer.objects.filter(
                    organization_id=organization_id, state__in=FileTransfer.OPEN, expires_at__lte=timezone.now()
                ).values_list("pk", flat=True)
            )
        expired += _each(organization_id, due, _expire)
    return expired


def _expire(key: int, organization_id: int) -> int:
    transfer = locked(FileTransfer(pk=key), organization_id=organization_id)
    if transfer.state not in FileTransfer.OPEN or not transfer.is_over:
        return 0
    record("expire_transfer", organization_id=organization_id, subject=transfer, number=transfer.number,
           client_id=transfer.client_id)  # fmt: skip
    close(transfer, State.EXPIRED)
    drop_files(transfer, TransferFile.State.EXPIRED)
    with in_words(transfer):
        tell_step(transfer, "expired", _("Le transfert a expiré : ses fichiers ne sont plus lisibles."))
    tell_staff(transfer, "transfer_expired", sender_only=True)
    return 1


def warn_due() -> int:
    """The recipient and the sender of what ends in a few days (3, unless the organization chose otherwise)."""
    warned = 0
    for organization_id in _organizations():
        with in_organization(organization_id):
            days = TransferSettings.of(organization_id).reminder_days
            if not days:
                continue
            now = timezone.now()
            due = FileTransfer.objects.filter(
                organization_id=organization_id,
                organization__modules__contains=[Module.FILE_TRANSFER, Module.PORTAL],
                state__in=FileTransfer.OPEN,
                warned_at__isnull=True,
                deleted_at__isnull=True,
                expires_at__gt=now,
                expires_at__lte=now + timedelta(days=days),
            )
            keys = list(due.values_list("pk", flat=True))
        warned += _each(organization_id, keys, _warn)
    return warned


def _warn(key: int, organization_id: int) -> int:
    transfer = locked(FileTransfer(pk=key), organization_id=organization_id)
    if not transfer.is_open or transfer.warned_at is not None:
        return 0
    record("warn_transfer", organization_id=organization_id, subject=transfer, number=transfer.number,
           client_id=transfer.client_id)  # fmt: skip
    transfer.warned_at = timezone.now()
    transfer.save(update_fields=["warned_at"])
    tell_staff(transfer, "transfer_expiring", sender_only=True, day=transfer.expires_at.date().isoformat())
    access = access_of(transfer)
    waits_for_person = transfer.state == State.WAITING or not transfer.is_request
    if access is None or not waits_for_person or PortalEvent.TRANSFER_REMINDER not in access.subscriptions:
        return 1
    with translation.override(access.language):
        mail_person(
            transfer,
            subject=_("Bientôt expiré : %(subject)s") % {"subject": transfer.subject},
            paragraphs=[
                _("Bonjour %(name)s,") % {"name": transfer.person.full_name},
                _("Le transfert « %(subject)s » expire le %(day)s.")
                % {"subject": transfer.subject, "day": last_day(transfer)},
            ],
            button=_("Ouvrir le transfert"),
            url=portal_url(transfer),
            language=access.language,
        )
    return 1
