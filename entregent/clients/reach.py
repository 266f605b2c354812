"""What a member of a small part of the organization reaches, found by indexes.

`visible_to` says the same, but row-level security hides the index on the sectors of clients: whoever asks for few of a
million waits until all were looked at. Lists, which count, ask here first (`ListDefinition.reached`): a table of its
own (`ClientReach`) answers from its index alone.
"""

from collections.abc import Callable

from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.clients.marks import group_marks, groups_in_reach
from entregent.clients.models import BusinessObject, ClientPerson, Person
from entregent.listing.lists import Reached
from entregent.listing.pages import COUNTED
from entregent.organizations.models import Membership
from entregent.search.models import Entry, Kind

# Some more than lists count, since they leave out a few (removed clients).
MOST = COUNTED + 2_000
_KNOWN = {"sector", "client", "group"}  # kinds of scope


def reached_clients(member: Membership, right: Right = Right.CLIENT_VIEW, *, gone: bool = False) -> Reached | None:
    """Clients in the member's reach (`gone`: deleted ones as well), asked for once per request; None where the member
    reaches the whole organization, or has a grant of a kind that is not known here."""
    known = member.__dict__.setdefault("_reached", {})
    if (right, gone) not in known:
        known[right, gone] = _clients(member, right, gone)
    return known[right, gone]


def _clients(member: Membership, right: Right, gone: bool) -> Reached | None:
    ids = _ids(member, right, gone, MOST + 1)
    return None if ids is None else Reached(ids[:MOST], len(ids) <= MOST)


def few_clients(member: Membership, most: int) -> list[int] | None:
    """The clients that the member sees, where they are no more than `most`; asked for once per request."""
    known = member.__dict__.setdefault("_few_clients", {})
    if most not in known:
        ids = _ids(member, Right.CLIENT_VIEW, False, most + 1)
        known[most] = ids if ids is not None and len(ids) <= most else None
    return known[most]


def _ids(member: Membership, right: Right, gone: bool, most: int) -> list[int] | None:
    grants = member.reach.grants_with(right)
    if member.reach.is_whole(right) or not {one.scope_type for one in grants} <= _KNOWN:
        return None
    sectors, clients = (
        sorted({scope_id for one in grants if one.scope_type == kind for scope_id in one.scope_ids})
        for kind in ("sector", "client")
    )
    # The function says what `visible_to` says, within the organization of the transaction.
    statement = "SELECT array_agg(id) FROM clients_in_reach(%s::bigint[], %s::bigint[], %s::bigint[], %s, %s) AS id"
    marks = group_marks(groups_in_reach(member, right))
    return rows_of(statement, [sectors, clients, marks, gone, most])[0][0] or []


def within_few_clients(
    path: str, right: Right = Right.CLIENT_VIEW, *, gone: bool = False
) -> Callable[[Membership], tuple[str, list[int]] | None]:
    """For lists whose records are seen with the client at `path` (`ListDefinition.within_few`)."""

    def within_few(member: Membership) -> tuple[str, list[int]] | None:
        clients = reached_clients(member, right, gone=gone)
        return (path, clients.ids) if clients is not None and clients.is_all else None

    return within_few


def within_few_people(member: Membership) -> tuple[str, list[int]] | None:
    """As an index has them, deleted ones too: a list leaves those out."""
    clients, alone = reached_clients(member), _alone(member)
    if clients is None or not clients.is_all or len(alone) > MOST:
        return None
    tied = ClientPerson.objects.filter(organization_id=member.organization_id, client__pk__any_of=clients.ids)
    return "id", [*tied.order_by().values_list("person_id", flat=True), *alone]


def reached_people(member: Membership, right: Right = Right.CLIENT_VIEW) -> Reached | None:
    """People at clients in reach, and those tied to no client, whom everybody sees."""
    clients = reached_clients(member, right)
    if clients is None:
        return None
    tied = ClientPerson.objects.filter(client__pk__any_of=clients.ids, person__deleted_at=None).order_by()
    ids = set(tied.values_list("person_id", flat=True)[: MOST + 1])
    alone = _alone(member)
    seen = Person.objects.visible_to(member, right, among_few=True).filter(pk__any_of=alone)
    ids.update(seen.values_list("pk", flat=True))
    return Reached(sorted(ids), clients.is_all and len(alone) <= MOST and len(ids) <= MOST)


def _alone(member: Membership) -> list[int]:
    """People tied to no client. The search marks them by a nought; an index knows them."""
    marked = Entry.objects.filter(organization_id=member.organization_id, kind=Kind.PERSON, marks__contains=[0])
    return list(marked.order_by().values_list("subject_id", flat=True)[: MOST + 1])


def reached_objects(member: Membership, type_id: int) -> Reached | None:
    clients = reached_clients(member)
    if clients is None:
        return None
    seen = BusinessObject.objects.visible_to(member).filter(type_id=type_id, client__pk__any_of=clients.ids)
    ids = list(seen.order_by().values_list("pk", flat=True)[: MOST + 1])
    return Reached(ids, clients.is_all and len(ids) <= MOST)
