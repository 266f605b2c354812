"""The groups of clients as marks: a client of a group has one more row in `ClientReach`, whose sector is the mark of
the group. It is the one place where a group becomes a condition, for lists, for searches and for `visible_to`.

Sectors stand in the client itself (`Client.sector_reach`) and in its entries in the search; a group does not, so that a
hundred thousand clients enter it or leave it within seconds. Rows are written by triggers of the area `groups`.
"""

from collections.abc import Iterable

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.db.models.lookups import IsNull

from entregent.clients.reach_models import GROUP, ClientReach

# Written out, since the index of marks is known by it (`client_reach_marks`).
_FROM = RawSQL(str(GROUP), ())  # noqa: S611


def group_marks(ids: Iterable[int]) -> list[int]:
    return [GROUP | one for one in ids]


def groups_in_reach(member, right) -> list[int]:
    """The groups that the member's grants of `right` name."""
    grants = member.reach.grants_with(right)
    return sorted({pk for one in grants if one.scope_type == "group" for pk in one.scope_ids})


def in_groups(ids: Iterable[int], path: str) -> Q:
    """The client at `path` is in one of these groups, and its relationship holds at this moment. Asked row by row: a
    client has one mark at most, and who works with many groups reaches hundreds of thousands of clients."""
    marked = ClientReach.objects.filter(
        Q(until__isnull=True) | Q(until__gt=Now()),
        client_id=OuterRef(f"{path}id"),
        sector_id__gte=_FROM,
        sector_id__among=group_marks(ids),
    )
    return Q(IsNull(Subquery(marked.order_by().values(there=Value(1))[:1]), False))
