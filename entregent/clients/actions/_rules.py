"""What the actions of this area share."""

from zoneinfo import ZoneInfo

from django.db.models import F
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.extension_points import client_changed
from entregent.clients.models import Client
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale


def refuse_if_any(refusals: list[Refusal]) -> None:
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise Refusals(refusals)


def locked(record, *, by: Membership, no_key: bool = False):
    """The record as it stands, locked until the end of the transaction. `no_key`: others may tie theirs to it
    meanwhile."""
    try:
        return (
            type(record)
            ._base_manager.select_for_update(of=("self",), no_key=no_key)
            .get(pk=record.pk, organization_id=by.organization_id)
        )
    except type(record).DoesNotExist as absent:
        raise NotFound from absent


def check_version(record, version: int | None, *, by: Membership, who: User | None = None, when=None) -> None:
    """Refuses to write over a version that the person has not seen (RX-05). None: whoever writes wants no check."""
    if version is None or int(version) == record.version:
        return
    moment = (when or timezone.now()).astimezone(ZoneInfo(by.organization.time_zone))
    raise Stale(who=who.name if who else _("une autre personne"), when=f"{moment:%H:%M}", current=record)


def bump(record, *, by: Membership) -> None:
    record.version += 1
    if hasattr(record, "updated_at"):
        record.updated_at = timezone.now()
    if hasattr(record, "updated_by_id"):
        record.updated_by_id = by.user_id


def announce(client: Client, *, by: Membership, what: str) -> None:
    for contribution in client_changed:
        contribution(client, by=by, what=what)


def sector_for(sector: Sector | None, *, by: Membership, right: Right, default: bool = False) -> Sector | None:
    """A member puts clients in sectors within reach only; without a choice, in the highest of theirs."""
    if by.reach.is_whole(right):
        if sector is not None and sector.organization_id != by.organization_id:
            raise NotFound
        return sector
    reached: set[int] = set()
    for grant in by.reach.grants_with(right):
        if grant.scope_type == "sector":
            reached.update(grant.scope_ids)
    if sector is None:
        if not default or not reached:
            return None
        return (
            Sector.objects.filter(organization_id=by.organization_id, pk__in=reached)
            .order_by(Length("path"), F("code"))
            .first()
        )
    if sector.pk not in reached:
        raise Refusal("E-SECTOR", _("Ce secteur est hors de votre périmètre."), field="sector")
    return sector


def check_responsible(user: User | None, *, by: Membership) -> None:
    """The responsible agent is an active member of the organization."""
    if user is None:
        return
    known = Membership.objects.active().filter(organization_id=by.organization_id, user_id=user.pk).exists()
    if not known:
        raise Refusal("E-000-AGENT", _("Cet agent n’est pas disponible."), field="responsible")


def fingerprint(**values) -> dict:
    """What two requests with the same idempotency key must have in common."""
    return {name: getattr(value, "pk", value) for name, value in values.items()}
