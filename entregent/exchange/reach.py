"""What a member reaches, as conditions in the statements of an import: planned, carried out and undone within it.

Reach is worked out anew for each chunk, so that a grant that ended meanwhile counts no more.
"""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.models import Client, Person
from entregent.organizations.models import Membership


class Records:
    """A set of visible records as a condition on an id, for a statement of ours."""

    _count = 0

    def __init__(self, records, member: Membership):
        self._whole = member.reach.is_whole(Right.DATA_IMPORT)
        self._sql: str = ""
        self._values: tuple = ()
        if not self._whole:
            self._sql, self._values = records.order_by().values("id").query.sql_with_params()
        Records._count += 1
        self._name = f"reach{Records._count}_"

    def condition(self, expression: str) -> str:
        if self._whole:
            return "true"
        return f"{expression} IN ({self._named()})"

    @property
    def parameters(self) -> dict[str, Any]:
        return {f"{self._name}{place}": value for place, value in enumerate(self._values)}

    def _named(self) -> str:
        pieces = self._sql.split("%s")
        named = pieces[0]
        for place, piece in enumerate(pieces[1:]):
            named += f"%({self._name}{place})s{piece}"
        return named


class ImportReach:
    """Clients and people that `member` may import into; `gone`: clients by their place alone, also deleted ones."""

    def __init__(self, member: Membership):
        self.is_whole = member.reach.is_whole(Right.DATA_IMPORT)
        self.clients = Records(Client.objects.visible_to(member, Right.DATA_IMPORT), member)
        self.people = Records(Person.objects.visible_to(member, Right.DATA_IMPORT), member)
        place = member.reach.client_condition(Right.DATA_IMPORT) or Q()
        self.gone = Records(Client.objects.filter(organization_id=member.organization_id).filter(place), member)

    @property
    def parameters(self) -> dict[str, Any]:
        return {**self.clients.parameters, **self.people.parameters, **self.gone.parameters}


def reached_sectors(member: Membership) -> frozenset[int] | None:
    """The sectors in which `member` may import; None: all of them."""
    if member.reach.is_whole(Right.DATA_IMPORT):
        return None
    return frozenset(
        sector
        for grant in member.reach.grants_with(Right.DATA_IMPORT)
        if grant.scope_type == "sector"
        for sector in grant.scope_ids
    )


def out_of_reach() -> str:
    return _("Cette fiche n’est plus dans votre périmètre.")
