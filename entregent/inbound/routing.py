"""For whom a mail is, told by its addresses: what a mail server hands over, or a mailbox that organizations share."""

from entregent.access.statements import rows_of
from entregent.access.wall import outside
from entregent.inbound import mails
from entregent.organizations.models import Organization


def addressee(address: str) -> tuple[int, int | None] | None:
    """(organization, mailbox) of an address, with or without what stands behind « + »; None for nobody's."""
    address = address.strip().strip("<>").lower()
    if not mails.is_address(address):
        return None
    local, _at, domain = address.rpartition("@")
    for wanted in dict.fromkeys([address, f"{local.partition('+')[0]}@{domain}"]):
        with outside():
            rows = rows_of("SELECT organization_id, mailbox_id FROM inbound_addressee(%s)", [wanted])
        if rows:
            return min(rows, key=lambda row: row[1] is None)
    return None


def addressees(content: bytes) -> list[tuple[int, int | None]]:
    """The organizations whose addresses a mail bears; the only organization there is, where it bears none."""
    read = mails.header_of(content)
    found = {}
    for address in [*read.delivered_to, *read.recipients]:
        known = addressee(address)
        if known is not None:
            found.setdefault(known[0], known)
    if not found:
        organizations = list(Organization.objects.order_by("pk").values_list("pk", flat=True)[:2])
        if len(organizations) == 1:
            return [(organizations[0], None)]
    return list(found.values())
