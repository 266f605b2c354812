"""From a signed-in user and an address to the member who works there."""

from entregent.access.statements import Columns, rows_of
from entregent.organizations.models import Membership, Organization, User

_members = Columns(Membership, "m")
_organizations = Columns(Organization, "o")
_MEMBERSHIPS = f"""
SELECT {_members.sql}, {_organizations.sql}
FROM organizations_membership m
JOIN organizations_organization o ON o.id = m.organization_id
JOIN organizations_user u ON u.id = m.user_id
WHERE m.user_id = %s AND m.is_active AND u.is_active
ORDER BY o.name, m.id
"""  # noqa: S608 — only names of columns


def find_member(user: User, slug: str) -> Membership | None:
    """The active membership of `user` in the organization at `slug`, or None.

    One query reads all memberships of the person, who has few: the top bar lists them (`of_same_user`).
    """
    members = memberships_of(user)
    member = next((one for one in members if one.organization.slug == slug), None)
    if member is not None:
        member.user = user
        member.of_same_user = members
    return member


def find_initiator(organization_id: int, user_id: int | None) -> Membership | None:
    """The active membership on whose behalf a job works, or None. Called inside the organization's wall."""
    return (
        Membership.objects.active()
        .select_related("organization", "user")
        .filter(user_id=user_id, organization_id=organization_id)
        .first()
    )


def memberships_of(user: User) -> list[Membership]:
    """The organizations of a person, by name. Called with the wall down to the person's own."""
    members = []
    for row in rows_of(_MEMBERSHIPS, [user.pk]):
        member = _members.record(row[: len(_members)])
        member.organization = _organizations.record(row[len(_members) :])
        members.append(member)
    return members


def home_member(user: User) -> Membership | None:
    """The member as whom the person worked last, else the first of their organizations, else None."""
    members = memberships_of(user)
    chosen = next((one for one in members if one.organization_id == user.last_organization_id), None)
    member = chosen or (members[0] if members else None)
    if member is not None:
        member.user = user
    return member
