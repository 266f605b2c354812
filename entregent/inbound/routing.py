"""For whom a mail is, told by its addresses: what a mail server hands over, or a mailbox that organizations share."""

import logging

from entregent.access.statements import rows_of
from entregent.access.wall import outside
from entregent.inbound import mails
from entregent.organizations.models import Organization

logger = logging.getLogger(__name__)


class Contested(Exception):
    """Two organizations have the address: no mail is given to either until that is settled."""


def addressee(address: str) -> tuple[int, int | None] | None:
    """(organization, mailbox) of an address, with or without what stands behind « + »; None for nobody's.

    Raises `Contested` for that of two organizations.
    """
    address = address.strip().strip("<>").lower()
    if not mails.is_address(address):
        return None
    local, _at, domain = address.rpartition("@")
    wanted = list(dict.fromkeys([address, f"{local.partition('+')[0]}@{domain}"]))
    with outside():
        rows = rows_of("SELECT organization_id, mailbox_id, address FROM inbound_addressees(%s)", [wanted])
    if not rows:
        return None
    if len({organization for organization, _mailbox, _known in rows}) > 1:
        raise Contested(address)
    organization, mailbox, _known = min(rows, key=lambda row: (row[1] is None, row[2] != address))
    return organization, mailbox


def is_taken(address: str, organization_id: int) -> bool:
    """Whether another organization receives mails under it. Until the transaction ends nobody else can take it."""
    return rows_of("SELECT inbound_address_taken(%s, %s)", [address, organization_id])[0][0]


def addressees(content: bytes) -> list[tuple[int, int | None]]:
    """The organizations whose addresses a mail bears; the only organization there is, where it bears none."""
    read = mails.header_of(content)
    found: dict[int, tuple[int, int | None]] = {}
    for address in [*read.delivered_to, *read.recipients]:
        try:
            known = addressee(address)
        except Contested:
            logger.error("two organizations have one address: its mails stay where they are")
            continue
        if known is not None:
            found.setdefault(known[0], known)
    if not found:
        organizations = list(Organization.objects.order_by("pk").values_list("pk", flat=True)[:2])
        if len(organizations) == 1:
            return [(organizations[0], None)]
    return list(found.values())
