"""How an access to one client is told on pages and found by its number, and what keeps a sector."""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.access.scope import ScopeWords
from entregent.clients.models import BusinessObject, Client


def names(ids: Collection[int]) -> dict[int, str]:
    rows = Client.objects.filter(pk__in=ids).values_list("pk", "number", "display_name")
    return {pk: f"{number} {display_name}" for pk, number, display_name in rows}


def find(member, text: str) -> int | None:
    """Whoever gives an access gives one to a client that they see."""
    return Client.objects.visible_to(member).filter(number=text).values_list("pk", flat=True).first()


client_words = ScopeWords(title=_("Client"), names=names, find=find)


def clients_of(member, right: Right = Right.CLIENT_VIEW):
    """The ids of the clients that `member` sees, for areas below this one."""
    return Client.objects.visible_to(member, right).values("pk")


def responsible_for(client_id: int) -> list[int]:
    """Whom news of a client goes to unless somebody chose otherwise: its agent."""
    rows = Client.objects.filter(pk=client_id, deleted_at__isnull=True, responsible__isnull=False)
    return list(rows.values_list("responsible_id", flat=True))


def what_stands_in(sector) -> list[str]:
    """Deleted clients count as well: restored, they stand where they stood."""
    within = {"organization_id": sector.organization_id, "sector_id": sector.pk}
    clients = Client.objects.filter(**within).count()
    objects = BusinessObject.objects.filter(**within).count()
    reasons = []
    if clients:
        reasons.append(
            ngettext("%(n)d client y est rattaché.", "%(n)d clients y sont rattachés.", clients) % {"n": clients}
        )
    if objects:
        reasons.append(
            ngettext("%(n)d objet métier y est rattaché.", "%(n)d objets métier y sont rattachés.", objects)
            % {"n": objects}
        )
    return reasons
