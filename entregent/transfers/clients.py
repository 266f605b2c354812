"""What transfers mean for the client and the person whom they are for."""

from dataclasses import replace

from django.db.models import Q
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.models import Client, Person
from entregent.clients.movers import Mover
from entregent.organizations.models import Membership
from entregent.transfers.actions import cancel_transfer
from entregent.transfers.models import FileTransfer


def open_transfers(client: Client) -> list[str]:
    """A client is not deleted while files are under way (R004-15)."""
    number = FileTransfer.objects.filter(client=client, deleted_at__isnull=True).open().count()
    if not number:
        return []
    text = ngettext("%(n)s transfert de fichiers ouvert", "%(n)s transferts de fichiers ouverts", number)
    return [text % {"n": number}]


def cancel_those_of(person: Person, *, by: Membership) -> None:
    """What was under way with a person who is deleted ends."""
    for transfer in FileTransfer.objects.filter(person=person, deleted_at__isnull=True).open():
        cancel_transfer(transfer, by=by)


def _seen(member: Membership):
    if member.reach.is_whole(Right.TRANSFER_VIEW) and member.can(Right.TRANSFER_VIEW_ALL):
        return None
    records = FileTransfer.objects
    seen = [found.values("pk") for found in (records.visible_to(member), _deleted(member))]
    return records.filter(Q(pk__in=seen[0]) | Q(pk__in=seen[1]))


def _deleted(member: Membership):
    return FileTransfer.objects.deleted_in_reach(member)


TRANSFERS = Mover(
    table="transfers_filetransfer",
    words=lambda n: ngettext("%(n)d transfert de fichiers", "%(n)d transferts de fichiers", n) % {"n": n},
    name="concat_ws(' ', 'n° ' || r.number, to_char(r.created_at, 'YYYY-MM-DD'), r.subject)",
    digest="(SELECT md5(string_agg(concat_ws('|', f.id, f.state), ',' ORDER BY f.id))"
    " FROM transfers_transferfile f WHERE f.transfer_id = r.id)",
    soft="r.deleted_at IS NOT NULL",
    seen=_seen,
)
OF_PEOPLE = replace(TRANSFERS, column="person_id")
