"""Which relationships and requests a member sees: those of the clients within reach, and what they asked themselves."""

from django.db.models import Q
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.scope import clients_in_reach
from entregent.organizations.models import Membership, Module
from entregent.relationships.extension_points import tied_clients
from entregent.relationships.models import AccessRequest, Relationship
from entregent.toolbox.errors import ModuleOff, Refusal


def is_provider(member: Membership) -> bool:
    return member.organization.has_module(Module.DELEGATION) and bool(member.organization.provider_kind)


def only_providers(member: Membership) -> None:
    if not member.organization.has_module(Module.DELEGATION):
        raise ModuleOff
    if not member.organization.provider_kind:
        raise Refusal("E-002-PROVIDER", _("Fonction réservée aux fournisseurs de services."), status=403)


def relationships_of(member: Membership, right: Right = Right.RELATIONSHIPS):
    """Whoever reaches the whole organization sees all; others, those of clients within reach."""
    records = Relationship.objects.filter(organization_id=member.organization_id).select_related("account")
    if not member.can(right):
        return records.none()
    if member.reach.is_whole(right):
        return records
    accounts = [contribution.accounts(member, right) for contribution in tied_clients]
    return records.filter(account_id__in=accounts[0]) if accounts else records.none()


def requests_of(member: Membership, right: Right = Right.RELATIONSHIPS):
    """As above; what somebody asked themselves they see as well, the client may not be one of theirs yet."""
    records = AccessRequest.objects.filter(organization_id=member.organization_id)
    if not member.can(right):
        return records.none()
    if member.reach.is_whole(right):
        return records
    return records.filter(Q(asked_by_id=member.user_id) | Q(client_id__in=clients_in_reach(member, right)))
