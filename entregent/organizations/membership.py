"""From a signed-in user and an address to the member who works there."""

from entregent.access.statements import Columns, rows_of
from entregent.organizations.models import Membership, Organization, User

_members = Columns(Membership, "m")
_organizations = Columns(Organization, "o")


def find_member(user: User, slug: str) -> Membership | None:
    """The active membership of `user` in the organization at `slug`, or None.

    All memberships of the person, who has few, are read at once: the top bar lists them (`of_same_user`).
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
    """The organizations of a person, by name: as they were found with the session, else asked for now."""
    found = user.found_members
    if found is None:
        whole = rows_of("SELECT organizations_who(%s)", [user.pk])[0][0]
        found = whole["members"] if whole and whole["user"]["is_active"] else []
    members = []
    for of_member, of_organization in found:
        member = _members.record_of(of_member)
        member.organization = _organizations.record_of(of_organization)
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
