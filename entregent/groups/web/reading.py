"""What pages of groups show of many records: few statements, whatever the number of clients."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from entregent.access.rights import Role
from entregent.clients.models import Client
from entregent.groups.models import GROUP_ROLES, ClientGroup, GroupAssignment, ProcessingRequest
from entregent.groups.selection import in_order
from entregent.organizations.models import Membership, Organization
from entregent.relationships.models import BusinessAccount

MOST_COUNTED = 10_000
PAGE = 50
EMPLOYEES = 500


def counted(records: QuerySet) -> tuple[int, bool]:
    """How many, and whether there are more than are counted."""
    number = records.order_by()[: MOST_COUNTED + 1].count()
    return min(number, MOST_COUNTED), number > MOST_COUNTED


def page_of(clients: QuerySet[Client], after: str, size: int = PAGE) -> tuple[list[dict[str, Any]], str]:
    """One page by name, and where the next one begins."""
    columns = ("pk", "number", "display_name", "sort_key")
    account = BusinessAccount.objects.filter(pk=OuterRef("business_account_id")).values("number")[:1]
    rows = in_order(clients, after).values(*columns, account=Subquery(account))[: size + 1]
    found: list[dict[str, Any]] = [dict(row) for row in rows]
    if len(found) <= size:
        return found, ""
    return found[:size], f"{found[size - 1]['sort_key']}|{found[size - 1]['pk']}"


def group_rows(groups: Iterable[ClientGroup]) -> list[dict[str, Any]]:
    """The rows of the list: clients, program accounts, employees, whether a request is open."""
    groups = list(groups)
    ids = [group.pk for group in groups]
    employees = dict(
        GroupAssignment.objects.live().filter(group_id__in=ids).order_by().values_list("group").annotate(Count("pk"))
    )
    waiting = dict(ProcessingRequest.objects.open().filter(group_id__in=ids).values_list("group_id", "number"))
    return [
        {
            "group": group,
            "clients": group.member_count,
            "programs": group.program_count,
            "employees": employees.get(group.pk, 0),
            "open": waiting.get(group.pk),
        }
        for group in groups
    ]


def employees_of(organization: Organization, text: str = "") -> QuerySet[Membership]:
    """Who can work with groups: account managers reach all clients anyway (R002-18)."""
    found = (
        Membership.objects.active().select_related("user")
        .filter(organization_id=organization.pk, role__in=list(GROUP_ROLES)).order_by("user__name", "pk")
    )  # fmt: skip
    for word in text.split():
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return found


def assignments_by_user(organization: Organization, user_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """The groups of each employee with the role there."""
    given: dict[int, list[dict[str, Any]]] = {}
    rows = (
        GroupAssignment.objects.live().filter(organization_id=organization.pk, user_id__in=list(user_ids))
        .order_by("group__name_key").values("user_id", "role", "group_id", "group__name", "group__member_count")
    )  # fmt: skip
    for row in rows:
        given.setdefault(row["user_id"], []).append({**row, "role_label": role_label(row["role"])})
    return given


def role_label(role: str) -> str:
    return str(GROUP_ROLES.get(Role(role), role)) if role else ""
