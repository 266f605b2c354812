"""Which clients may enter a group: those with a relationship that holds and in no group yet (R002-08)."""

from collections.abc import Collection

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull, LessThan

from entregent.clients.models import Client
from entregent.clients.reach_models import GROUP, ClientReach
from entregent.groups.models import GroupMember
from entregent.organizations.models import Organization
from entregent.relationships.models import Relationship, today_of


def is_there(rows: QuerySet, there: bool = True) -> Q:
    """Whether there is one of `rows`, which hang on the record at hand: looked up by an index, record by record. Of
    `Exists` PostgreSQL makes a join: it reads all first, or compares each with each where it knows no table yet."""
    found = Subquery(rows.order_by().values(there=Value(1))[:1])
    # « < 1 » rather than « is null », of which the planner expects one in two hundred, and so reads and sorts all.
    return Q(IsNull(found, False)) if there else Q(LessThan(Coalesce(found, Value(0)), Value(1)))


def available(organization: Organization) -> QuerySet[Client]:
    """Asked client by client, those in a group passed over first: for a page of them as for all."""
    return _there(organization).filter(is_there(_grouped(organization), False), is_there(_holds(organization)))


def holding(organization: Organization) -> QuerySet[Client]:
    """Those whose relationship holds today, in a group or not."""
    return _there(organization).filter(is_there(_holds(organization)))


def in_none(organization: Organization) -> QuerySet[ClientReach, int]:
    """The ids of the clients that have a relationship and are in no group: all that are available are among them, and
    a few that are not, since it has lapsed today."""
    return marked(organization, GROUP)


def marked(organization: Organization, mark: int) -> QuerySet[ClientReach, int]:
    """The ids of the clients that triggers mark so (`groups/marks.sql`), without deleted ones."""
    found = ClientReach.objects.filter(organization_id=organization.pk, sector_id=mark, gone=False)
    return found.order_by().values_list("client_id", flat=True)


def _there(organization: Organization) -> QuerySet[Client]:
    return Client.objects.listed().filter(organization_id=organization.pk, deleted_at__isnull=True)


def _holds(organization: Organization) -> QuerySet[Relationship]:
    active = Relationship.objects.of(organization).active(today_of(organization))
    return active.filter(account_id=OuterRef("business_account_id"))


def _grouped(organization: Organization) -> QuerySet[GroupMember]:
    return GroupMember.objects.live().filter(organization_id=organization.pk, client_id=OuterRef("pk"))


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
