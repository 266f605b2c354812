"""The merges that somebody may read of, and those that they may undo."""

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import IsNull

from entregent.access.rights import Right
from entregent.clients.duplicate_models import Merge, PersonMerge
from entregent.clients.models import Client, Person
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound

_NAMED = ("winner", "loser", "merged_by", "undone_by")


def merges_of_clients(member: Membership) -> QuerySet[Merge]:
    """Merges of clients in reach. The one that was merged is a part of it; after the undoing it must be in reach
    itself. Asked row by row: a list of all clients would be read first otherwise."""
    loser = Client.objects.visible_to(member).filter(pk=OuterRef("loser_id")).order_by().values("pk")[:1]
    return Merge.objects.visible_to(member).filter(Q(undone_at__isnull=True) | Q(IsNull(Subquery(loser), False)))


def merge_of_clients(member: Membership, pk: int) -> Merge:
    """A merge whose both clients the member may merge: the one that remained, and the one that has gone."""
    merge = Merge.objects.visible_to(member, Right.CLIENT_MERGE).select_related(*_NAMED).filter(pk=pk).first()
    if merge is None:
        raise NotFound
    gone = Client.objects.visible_to(member, Right.CLIENT_MERGE, deleted=merge.loser.deleted_at is not None)
    if not gone.filter(pk=merge.loser_id).exists():
        raise NotFound
    return merge


def merges_of_people(member: Membership) -> QuerySet[PersonMerge]:
    """Merges of people in reach; after the undoing the other person must be in reach as well. Asked row by row."""
    loser = Person.objects.visible_to(member, among_few=True).filter(pk=OuterRef("loser_id")).order_by().values("pk")
    return PersonMerge.objects.visible_to(member).filter(
        Q(undone_at__isnull=True) | Q(IsNull(Subquery(loser[:1]), False))
    )


def merge_of_people(member: Membership, pk: int) -> PersonMerge:
    """A merge of people that the member may undo, or has seen undone."""
    merge = PersonMerge.objects.visible_to(member, Right.CLIENT_MERGE).select_related(*_NAMED).filter(pk=pk).first()
    if merge is None:
        raise NotFound
    if merge.undone_at is not None:
        merged = Person.objects.visible_to(member, Right.CLIENT_MERGE)
        if not merged.filter(pk=merge.loser_id).exists():
            raise NotFound
    return merge
