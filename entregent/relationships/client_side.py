"""What a user of a business account sees there, by role: asked as that user, outside of any organization.

Managers of the account see everything; the others what concerns their programs. Requests and users are for those who
decide (R002-30, R002-39).
"""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from entregent.access.rights import Role
from entregent.organizations.models import User
from entregent.relationships.models import (
    AccessRequest,
    AccountEvent,
    AccountInvitation,
    AccountUser,
    JoinRequest,
    Level,
    ProgramAccount,
    Relationship,
    RelationshipProgram,
    RelationshipUse,
    today_of,
)

MOST_WAITING = 200


def accounts_of(user: User) -> QuerySet[AccountUser]:
    """On which accounts somebody works, and as what."""
    found = AccountUser.objects.filter(user_id=user.pk, is_active=True, account__registered_at__isnull=False)
    return found.select_related("account", "user").order_by("account__name", "account_id")


def programs_of(by: AccountUser) -> QuerySet[ProgramAccount]:
    """The programs in which somebody works: all of the account for its managers."""
    found = ProgramAccount.objects.filter(account_id=by.account_id)
    return found if by.role == Role.ADMIN else found.filter(pk__in=by.programs.values("pk"))


def relationships_of(by: AccountUser) -> QuerySet[Relationship]:
    """What the account has let providers do, now and before, as far as it concerns this user."""
    found = Relationship.objects.filter(account_id=by.account_id).select_related("organization")
    if by.role != Role.ADMIN:
        own = RelationshipProgram.objects.filter(
            relationship_id=OuterRef("pk"), program_id__in=by.programs.values("pk")
        )
        found = found.filter(Q(level=Level.BUSINESS) | Exists(own))
    return found.prefetch_related("programs__program")


def requests_of(by: AccountUser) -> QuerySet[AccessRequest]:
    """What providers have asked of the account, for whoever answers there."""
    found = AccessRequest.objects.filter(account_number=by.account.number).select_related("organization")
    return found if by.decides else found.none()


def waiting_requests(by: AccountUser) -> list[AccessRequest]:
    """Those to answer today, the ones that lapse first ahead."""
    found = requests_of(by).filter(state=AccessRequest.State.PENDING).order_by("expires_on", "pk")[:MOST_WAITING]
    return [one for one in found if is_waiting(one)]


def is_waiting(request: AccessRequest) -> bool:
    return request.state == AccessRequest.State.PENDING and request.expires_on >= today_of(request.organization)


def users_of(by: AccountUser) -> QuerySet[AccountUser]:
    """Who works on the account. A manager of programs sees the account's managers and those of their own programs."""
    found = AccountUser.objects.filter(account_id=by.account_id, is_active=True).select_related("user")
    if not by.decides:
        return found.none()
    if by.role != Role.ADMIN:
        own = by.programs.values("pk")
        found = found.filter(Q(role=Role.ADMIN) | Q(pk=by.pk) | Q(programs__in=own)).distinct()
    return found.prefetch_related("programs").order_by("user__name", "pk")


def invitations_of(by: AccountUser) -> list[AccountInvitation]:
    """Those who were asked to work on the account and have not answered."""
    if not by.decides:
        return []
    found = list(AccountInvitation.objects.filter(account_id=by.account_id))
    if by.role == Role.ADMIN:
        return found
    own = set(by.programs.values_list("pk", flat=True))
    return [one for one in found if is_below(by, one.role, set(one.program_ids), own)]


def uses_of(given: Relationship) -> QuerySet[RelationshipUse]:
    """Who of the provider has used an access, the latest day first."""
    return RelationshipUse.objects.filter(relationship_id=given.pk).order_by("-day", "name", "pk")


def events_of(by: AccountUser) -> QuerySet[AccountEvent]:
    """The history of who works on the account, for its managers."""
    found = AccountEvent.objects.filter(account_id=by.account_id).order_by("-pk")
    return found if by.manages_all else found.none()


def joinings_of(by: AccountUser) -> QuerySet[JoinRequest]:
    """Who asks to work on the account, for whoever answers there."""
    found = joinings_on([by.account.number] if by.decides else [])
    return found.select_related("user").order_by("asked_at", "pk")


def joinings_on(numbers: Collection[str]) -> QuerySet[JoinRequest]:
    """Requests to work on these accounts that wait for an answer."""
    oldest = timezone.now() - timedelta(days=JoinRequest.DAYS)
    return JoinRequest.objects.filter(account_number__in=numbers, asked_at__gt=oldest)


def is_below(by: AccountUser, role: str, programs: set[int], own: set[int]) -> bool:
    """Whether a role in these programs is for `by` to give and take, whose programs are `own`."""
    if by.role == Role.ADMIN:
        return True
    return by.role == Role.MANAGER and role in (Role.EDITOR, Role.READER) and bool(programs) and programs <= own


def may_revoke(by: AccountUser, relationship: Relationship) -> bool:
    """Managers of the account may; those of programs where all that was given is theirs."""
    if by.role == Role.ADMIN:
        return True
    if by.role != Role.MANAGER or relationship.level != Level.PROGRAM:
        return False
    given = set(relationship.programs.values_list("program_id", flat=True))
    return given <= set(by.programs.values_list("pk", flat=True))
