"""From a signed-in user and an address to the member who works there."""

from entregent.organizations.models import Membership, User


def find_member(user: User, slug: str) -> Membership | None:
    """The active membership of `user` in the organization at `slug`, or None."""
    member = (
        Membership.objects.active()
        .select_related("organization")
        .filter(user_id=user.pk, organization__slug=slug)
        .first()
    )
    if member is not None:
        member.user = user
    return member
