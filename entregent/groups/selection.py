"""Which clients a page of groups is about: always a query, never a list, whatever their number."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from entregent.clients.models import Client
from entregent.groups.availability import available
from entregent.groups.draft_models import Draft, DraftRow
from entregent.groups.models import ClientGroup, GroupMember
from entregent.organizations.models import Organization
from entregent.toolbox.text import digits, search_key


def matching(clients: QuerySet[Client], text: str) -> QuerySet[Client]:
    """Those whose name holds each word, or whose number, or the number of whose business account, begins so."""
    for word in search_key(text)[:100].split():
        asked = Q(sort_key__contains=word) | Q(number__istartswith=word)
        if len(digits(word)) >= 3 and digits(word) == word:
            asked |= Q(business_account__number__startswith=word)
        clients = clients.filter(asked)
    return clients


def in_order(clients: QuerySet[Client], after: str = "") -> QuerySet[Client]:
    """By name; `after`: « sort key|id » of the last one that was shown."""
    key, _separator, last = after.rpartition("|")
    if last.isascii() and last.isdigit():
        clients = clients.filter(Q(sort_key__gt=key) | Q(sort_key=key, pk__gt=int(last[:18])))
    return clients.order_by("sort_key", "pk")


def members_of(group: ClientGroup) -> QuerySet[Client]:
    """The clients that are in the group now."""
    live = GroupMember.objects.live().filter(group_id=group.pk, client_id=OuterRef("pk"))
    return Client.objects.filter(Exists(live), organization_id=group.organization_id)


def staged(draft: Draft, change: str) -> QuerySet[Client]:
    rows = DraftRow.objects.filter(draft_id=draft.pk, client_id=OuterRef("pk"), change=change)
    return Client.objects.filter(Exists(rows), organization_id=draft.organization_id)


def eligible(draft: Draft, change: str, organization: Organization) -> QuerySet[Client]:
    """Those that may be chosen, whether they are by now or not: available ones to add, members to remove."""
    if change == DraftRow.Change.ADD:
        return available(organization)
    return members_of(draft.group) if draft.group is not None else Client.objects.none()


def candidates(draft: Draft, change: str, organization: Organization) -> QuerySet[Client]:
    """Those that can be chosen still."""
    clients = eligible(draft, change, organization)
    return clients.filter(~Exists(DraftRow.objects.filter(draft_id=draft.pk, client_id=OuterRef("pk"))))


def elsewhere(draft: Draft, organization: Organization, text: str) -> QuerySet[Client]:
    """Clients that were searched for and can not be chosen: what the page gives the reason of."""
    clients = Client.objects.filter(organization_id=organization.pk, deleted_at=None)
    clients = clients.filter(~Exists(available(organization).filter(pk=OuterRef("pk"))))
    clients = clients.filter(~Exists(DraftRow.objects.filter(draft_id=draft.pk, client_id=OuterRef("pk"))))
    if draft.group_id is not None:
        own = GroupMember.objects.live().filter(group_id=draft.group_id, client_id=OuterRef("pk"))
        clients = clients.filter(~Exists(own))
    return matching(clients, text)


@dataclass(frozen=True)
class Preview:
    """What becomes of a selection that shall come into a group: how many may, and how many not, by the reason."""

    total: int
    entering: int
    here: int
    elsewhere: int

    @property
    def untied(self) -> int:
        return self.total - self.entering - self.here - self.elsewhere


def preview(selection: QuerySet, group: ClientGroup | None, organization: Organization) -> Preview:
    """Counted in the database: a selection may be of a hundred thousand. `group` is None for a new one."""
    inside = Q(group_id=group.pk if group is not None else None)
    grouped = GroupMember.objects.live().filter(organization_id=organization.pk, client__in=selection)
    return Preview(
        total=selection.count(),
        entering=available(organization).filter(pk__in=selection).order_by().count(),
        **grouped.aggregate(here=Count("pk", filter=inside), elsewhere=Count("pk", filter=~inside)),
    )
