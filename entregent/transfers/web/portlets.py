"""What transfers put on dashboards and on the client file (R004-24)."""

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Membership, Module
from entregent.transfers.models import FileTransfer
from entregent.transfers.navigation import sees_transfers

SHOWN = 8


def portlets() -> list[Portlet]:
    folder = "transfers/portlets"
    view = Right.TRANSFER_VIEW
    return [
        Portlet(
            "transfers", _("Transferts de fichiers"), "transfer", view, frozenset({Board.STAFF, Board.FIRM}),
            f"{folder}/transfers.html", _newest, module=Module.FILE_TRANSFER,
        ),
        Portlet(
            "client-transfers", _("Transferts de fichiers"), "transfer", view, frozenset({Board.CLIENT}),
            f"{folder}/transfers.html", _of_client, module=Module.FILE_TRANSFER,
        ),
    ]  # fmt: skip


def _newest(request, **_others) -> dict:
    return {"transfers": newest(request.member), "client": None, "is_on": sees_transfers(request.member)}


def _of_client(request, *, client, **_others) -> dict:
    return {"transfers": newest(request.member, client), "client": client, "is_on": sees_transfers(request.member)}


def newest(member: Membership, client=None, *, only_open: bool = False) -> list[FileTransfer]:
    """The open ones first, then the newest."""
    if not sees_transfers(member):
        return []
    records = FileTransfer.objects.visible_to(member)
    if client is not None:
        records = records.filter(client=client)
    records = records.select_related("client", "person", "sender").annotate(file_count=Count("files"))
    still_open = list(records.open().order_by("expires_at", "pk")[:SHOWN])
    if only_open or len(still_open) >= SHOWN:
        return still_open
    others = records.exclude(pk__in=[one.pk for one in still_open]).order_by("-created_at", "-pk")
    return [*still_open, *others[: SHOWN - len(still_open)]]
