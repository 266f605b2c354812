"""How an access through a group is told on pages, and in which group a client stands."""

from collections.abc import Collection

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from entregent.access.scope import ScopeWords
from entregent.clients.reach_models import GROUP, ClientReach
from entregent.groups.models import ClientGroup


def names(ids: Collection[int]) -> dict[int, str]:
    return {
        pk: f"«\N{NO-BREAK SPACE}{name}\N{NO-BREAK SPACE}»"
        for pk, name in ClientGroup.objects.filter(pk__in=ids).values_list("pk", "name")
    }


def find(member, text: str) -> None:
    """Nobody is given a group on the page of a member: groups have their own."""
    return None


group_words = ScopeWords(title=_("Groupe"), names=names, find=find, is_given_by_hand=False)


def group_of(client_id: int) -> dict[str, set[int]]:
    """The group by which a client is reached at this moment."""
    marks = ClientReach.objects.filter(
        Q(until__isnull=True) | Q(until__gt=Now()), client_id=client_id, sector_id__gt=GROUP
    )
    return {"group": {mark & ~GROUP for mark in marks.values_list("sector_id", flat=True)}}
