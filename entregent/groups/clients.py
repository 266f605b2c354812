"""What a group means for the client that is in it."""

from django.db.models import QuerySet
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.clients.movers import Mover
from entregent.groups.models import GroupMember
from entregent.organizations.models import Membership


def _members_seen(member: Membership) -> QuerySet | None:
    """Whoever manages groups is told of them."""
    return None if member.reach.is_whole(Right.GROUP_MANAGE) else GroupMember.objects.none()


# A client that is in a group already keeps to it.
MEMBERS = Mover(
    table="groups_groupmember",
    words=lambda n: ngettext("%(n)d appartenance à un groupe", "%(n)d appartenances à un groupe", n) % {"n": n},
    name="(SELECT g.name FROM groups_clientgroup g WHERE g.id = r.group_id)",
    clashes="r.left_at IS NULL AND EXISTS (SELECT 1 FROM groups_groupmember w WHERE w.client_id = %(to)s"
    " AND w.left_at IS NULL)",
    seen=_members_seen,
)
