"""Which clients a page of groups is about: always a query, never a list, whatever their number."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from entregent.clients.models import Client
from entregent.clients.reach_models import GROUP
from entregent.groups.availability import available, holding, in_none, is_there, marked, why_not
from entregent.groups.draft_models import Draft, DraftRow
from entregent.groups.models import ClientGroup, GroupMember
from entregent.organizations.models import Organization
from entregent.search.models import Entry, Kind
from entregent.toolbox.text import digits, search_key

# Of so many the words of the index on fragments are.
_INDEXED = 3
# A group of more clients is a good part of those that are looked through by name.
_MANY = 5_000
# So many of those that are looked at may be unable to be chosen after all.
_SPARE = 200
# Of so many that a search finds it is told why they can not be chosen.
_FIRST = 500


def matching(clients: QuerySet[Client], text: str, organization_id: int) -> QuerySet[Client]:
    """Those whose name holds each word, or whose number, or the number of whose business account, begins so."""
    return said_by(text, organization_id).of(clients)


@dataclass(frozen=True)
class Said:
    """What a search says of clients, worked out once where several questions put it: `ids` are all that the words of
    which the index knows few leave (None: there is no such word), `spelled` the conditions of the others."""

    ids: frozenset[int] | None = None
    spelled: tuple[Q, ...] = ()

    def __bool__(self) -> bool:
        return self.ids is not None or bool(self.spelled)

    def of(self, clients: QuerySet[Client]) -> QuerySet[Client]:
        found = clients.filter(*self.spelled)
        return found if self.ids is None else found.filter(pk__among=self.ids)

    def in_order(self, clients: QuerySet[Client]) -> QuerySet[Client]:
        """By name. Few are looked up and sorted: the index on names would be gone through for them."""
        key: Any = "sort_key" if self.ids is None else Concat("sort_key", Value(""))
        return clients.order_by(key, "pk")


def said_by(text: str, organization_id: int) -> Said:
    ids: frozenset[int] | None = None
    spelled = []
    for word in search_key(text)[:100].split():
        said = _says(word, organization_id)
        if isinstance(said, Q):
            spelled.append(said)
        else:
            ids = said if ids is None else ids & said
    return Said(ids, tuple(spelled))


def _says(word: str, organization_id: int) -> Q | frozenset[int]:
    spelled = Q(sort_key__contains=word) | Q(number__istartswith=word)
    if len(word) < _INDEXED:
        return spelled
    # The index of the search gives them, unless they are so many that the first ones are soon met by name.
    entries = Entry.objects.filter(organization_id=organization_id, kind=Kind.CLIENT).order_by()
    found: list[Any] = [
        entries.filter(doc__contains=word, name_key__contains=word).values_list("subject_id", flat=True),
        entries.filter(number_key__begins=word).values_list("subject_id", flat=True),
    ]
    if digits(word) == word:
        tied = Client.objects.filter(organization_id=organization_id, business_account__number__startswith=word)
        found.append(tied.order_by().values_list("pk", flat=True))
        spelled |= Q(business_account__number__startswith=word)
    ids = frozenset(pk for records in found for pk in records[: _MANY + 1])
    return ids if len(ids) <= _MANY else spelled


def in_order(clients: QuerySet[Client], after: str = "") -> QuerySet[Client]:
    """By name; `after`: « sort key|id » of the last one that was shown."""
    key, _separator, last = after.rpartition("|")
    if last.isascii() and last.isdigit():
        # « ≥ » besides, so that the index on names begins there.
        clients = clients.filter(Q(sort_key__gt=key) | Q(sort_key=key, pk__gt=int(last[:18])), sort_key__gte=key)
    return clients.order_by("sort_key", "pk")


def members_of(group: ClientGroup) -> QuerySet[Client]:
    """The clients that are in the group now."""
    live = GroupMember.objects.live().filter(group_id=group.pk)
    clients = Client.objects.filter(organization_id=group.organization_id)
    if group.member_count > _MANY:
        return clients.filter(is_there(live.filter(client_id=OuterRef("pk"))))
    return clients.filter(pk__among=list(live.order_by().values_list("client_id", flat=True)))


def these(ids: Iterable[int]) -> QuerySet[Client]:
    """Few that `candidates` gave, read by their ids instead of being looked for again among all."""
    return Client.objects.filter(pk__among=ids)


def staged(draft: Draft, change: str) -> QuerySet[Client]:
    """Those chosen to come in, or to leave."""
    rows = DraftRow.objects.filter(draft_id=draft.pk, change=change).order_by()
    few = list(rows.values_list("client_id", flat=True)[: _MANY + 1])
    clients = Client.objects.filter(organization_id=draft.organization_id)
    if len(few) <= _MANY:
        return clients.filter(pk__among=few) if few else clients.none()
    return clients.filter(Exists(rows.filter(client_id=OuterRef("pk"))))


def eligible(draft: Draft, change: str, organization: Organization) -> QuerySet[Client]:
    """Those that may be chosen, whether they are by now or not: available ones to add, members to remove."""
    if change == DraftRow.Change.ADD:
        few, found = in_none(organization), available(organization)
        return found if few[_MANY : _MANY + 1].exists() else found.filter(pk__among=list(few))
    return members_of(draft.group) if draft.group is not None else Client.objects.none()


def candidates(draft: Draft, change: str, organization: Organization) -> QuerySet[Client]:
    """Those that can be chosen still, for a page of them."""
    # By the index on names, which knows no deleted ones.
    return eligible(draft, change, organization).filter(is_there(_chosen(draft), False), deleted_at__isnull=True)


def are_more(draft: Draft, change: str, organization: Organization, most: int) -> bool:
    """Whether more than `most` can be chosen, where a few more than that tell it: by their marks, not in the order of
    names, by which many others may come first. False: perhaps."""
    group = draft.group_id if change == DraftRow.Change.REMOVE and draft.group_id is not None else 0
    some = list(marked(organization, GROUP | group)[: most + _SPARE])
    if len(some) <= most:
        return False
    # A mark knows who is in the group, and who in none; of these whether their relationship holds today as well.
    able = holding(organization).filter(pk__among=some).count() if change == DraftRow.Change.ADD else len(some)
    return able - DraftRow.objects.filter(draft_id=draft.pk, client__pk__among=some).order_by().count() > most


def _chosen(draft: Draft) -> QuerySet[DraftRow]:
    return DraftRow.objects.filter(draft_id=draft.pk, client_id=OuterRef("pk"))


def elsewhere(draft: Draft, organization: Organization, said: Said, most: int) -> list[tuple[dict, tuple[str, dict]]]:
    """Clients that were searched for (`said_by`) and can not be chosen, with the reason (`why_not`): of the first by
    name, which are all that a search for one client finds."""
    clients = said.of(Client.objects.filter(organization_id=organization.pk, deleted_at__isnull=True))
    first = list(said.in_order(clients).values_list("pk", flat=True)[:_FIRST])
    if not first:
        return []
    # Those that may be chosen or are chosen by now, each looked up by its id.
    passed = set(available(organization).filter(pk__among=first).order_by().values_list("pk", flat=True))
    passed |= set(draft.rows.filter(client__pk__among=first).order_by().values_list("client_id", flat=True))
    if draft.group_id is not None:
        inside = GroupMember.objects.live().filter(group_id=draft.group_id, client__pk__among=first)
        passed |= set(inside.order_by().values_list("client_id", flat=True))
    others = these([pk for pk in first if pk not in passed][:most])
    rows: dict[int, dict] = {row["pk"]: {**row} for row in in_order(others).values("pk", "number", "display_name")}
    reasons = why_not(organization, rows) if rows else {}
    return [(row, reasons[pk]) for pk, row in rows.items() if pk in reasons]


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
