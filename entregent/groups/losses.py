"""What the end of a relationship takes from groups: the client leaves its own, with the accesses through it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.groups.models import GroupAssignment, GroupMember
from entregent.organizations.models import Membership
from entregent.relationships.models import Relationship


def what_is_lost(member: Membership, relationship: Relationship) -> list[str]:
    """Contribution to `relationships.what_is_lost`."""
    stands = (
        GroupMember.objects.filter(
            organization_id=relationship.organization_id, client__business_account_id=relationship.account_id,
            client__deleted_at__isnull=True, left_at__isnull=True,
        ).select_related("group").first()
    )  # fmt: skip
    if stands is None:
        return []
    told = [_("La place du client dans le groupe « %(group)s »") % {"group": stands.group.name}]
    n = GroupAssignment.objects.filter(group=stands.group, ended_at__isnull=True).count()
    if n:
        words = ngettext("L'accès de %(n)d employé par ce groupe", "L'accès de %(n)d employés par ce groupe", n)
        told.append(words % {"n": n})
    return told
