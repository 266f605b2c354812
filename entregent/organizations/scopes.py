"""How an access to a sector is told on pages, and found by what a person types."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from entregent.access.scope import ScopeWords
from entregent.organizations.models import Sector


def names(ids: Collection[int]) -> dict[int, str]:
    return dict(Sector.objects.filter(pk__in=ids).values_list("pk", "name"))


def find(member, text: str) -> int | None:
    """By the id that the tree gives, or by code."""
    sectors = Sector.objects.filter(organization_id=member.organization_id)
    chosen = sectors.filter(pk=int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else sectors.none()
    return (chosen.first() or sectors.filter(code=text).first() or Sector()).pk


sector_words = ScopeWords(title=_("Secteur"), names=names, find=find)
