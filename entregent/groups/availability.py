"""Which clients may enter a group: those with a relationship that holds and in no group yet (R002-08)."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, QuerySet

from entregent.clients.models import Client
from entregent.groups.models import GroupMember
from entregent.organizations.models import Organization
from entregent.relationships.models import Relationship, today_of


def available(organization: Organization) -> QuerySet[Client]:
    holds = Relationship.objects.of(organization).active(today_of(organization))
    grouped = GroupMember.objects.live().filter(organization_id=organization.pk, client_id=OuterRef("pk"))
    return (
        Client.objects.listed()
        .filter(organization_id=organization.pk, deleted_at__isnull=True)
        .filter(Exists(holds.filter(account_id=OuterRef("business_account_id"))), ~Exists(grouped))
    )


def why_not(organization: Organization, client_ids: Collection[int]) -> dict[int, tuple[str, dict]]:
    """For those of the clients that may not enter a group: « in_group » with its name, « no_relationship », or « gone »
    (deleted, removed, of somebody else)."""
    clients = Client.objects.listed().filter(organization_id=organization.pk, deleted_at__isnull=True)
    there = dict(clients.filter(pk__in=client_ids).values_list("pk", "business_account_id"))
    grouped = dict(
        GroupMember.objects.live()
        .filter(organization_id=organization.pk, client_id__in=there)
        .values_list("client_id", "group__name")
    )
    holds = Relationship.objects.of(organization).active(today_of(organization))
    accounts = set(holds.filter(account_id__in=set(there.values()) - {None}).values_list("account_id", flat=True))
    reasons: dict[int, tuple[str, dict]] = {}
    for pk in client_ids:
        if pk not in there:
            reasons[pk] = ("gone", {})
        elif pk in grouped:
            reasons[pk] = ("in_group", {"group": grouped[pk]})
        elif there[pk] not in accounts:
            reasons[pk] = ("no_relationship", {})
    return reasons
