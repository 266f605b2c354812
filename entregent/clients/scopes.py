"""How an access to one client is told on pages and found by its number, and what keeps a sector."""

from collections.abc import Collection, Iterable

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Case, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.access.scope import ScopeWords
from entregent.clients.models import BusinessObject, Client
from entregent.organizations.models import Membership


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


def who_reaches(members: Iterable[Membership], client_ids: Collection[int], right: Right) -> list[Membership]:
    """Those of `members`, none of whom reaches the whole organization, who reach one of these clients: one question
    about few clients, however many members."""
    alike: dict[frozenset, list[Membership]] = {}
    for member in members:
        grants = frozenset((one.scope_type, one.scope_ids) for one in member.reach.grants_with(right))
        alike.setdefault(grants, []).append(member)
    groups = list(alike.values())
    if not groups or not client_ids:
        return []
    conditions = [(f"group_{at}", group[0].reach.client_condition(right)) for at, group in enumerate(groups)]
    reached = Client.objects.filter(pk__in=client_ids, deleted_at__isnull=True).aggregate(
        **{
            name: BoolOr(Case(When(condition, then=Value(True)), default=Value(False)))
            for name, condition in conditions
            if condition is not None
        }
    )
    return [member for at, group in enumerate(groups) for member in group if reached.get(f"group_{at}")]


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
