"""How relationships end: the business revokes, the provider gives up, the last day passes (R002-37)."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from entregent.access.rights import Right
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.organizations.models import Membership, Organization
from entregent.relationships.actions.accounts import acting
from entregent.relationships.actions.requests import tell
from entregent.relationships.client_side import may_revoke
from entregent.relationships.models import (
    REMINDED_AHEAD,
    WARNED_AHEAD,
    AccessRequest,
    AccountUser,
    Relationship,
    RelationshipUse,
    stage_of,
    today_of,
)
from entregent.toolbox.errors import NotFound, RightMissing

_AT_ONCE = 500


def revoke_relationship(relationship: Relationship, *, by: AccountUser) -> Relationship:
    """The business takes the access back, now. A manager of programs may where all its programs are theirs."""
    by = acting(by)
    with in_organization(relationship.organization_id, user_id=by.user_id):
        locked = _active(Relationship.objects.filter(account_id=by.account_id, pk=relationship.pk))
        record(
            "revoke_relationship", organization_id=locked.organization_id, user_id=by.user_id, subject=locked,
            told_as=by.user.name,
        )  # fmt: skip
        if not may_revoke(by, locked):
            raise RightMissing
        _end(locked, Relationship.State.REVOKED, by.user.name)
    return locked


@transaction.atomic
def give_up_relationship(relationship: Relationship, *, by: Membership) -> Relationship:
    """The provider acts for this client no longer."""
    record("give_up_relationship", by=by, subject=relationship)
    if not by.can(Right.RELATIONSHIPS):
        raise RightMissing
    locked = _active(Relationship.objects.filter(organization_id=by.organization_id, pk=relationship.pk))
    _end(locked, Relationship.State.GIVEN_UP, by.name)
    return locked


def expire_due() -> int:
    """Writes down what the calendar has ended: relationships after their last day, requests that nobody answered. What
    is asked in between looks at the day itself. Returns how many."""
    ended = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        found = _AT_ONCE
        while found == _AT_ONCE:
            with in_organization(organization_id):
                found = _expire_some(Organization.objects.get(pk=organization_id))
            ended += found
    return ended


def _expire_some(organization: Organization) -> int:
    today = today_of(organization)
    lapsed = (
        Relationship.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(organization=organization, state=Relationship.State.ACTIVE, ends_on__lt=today)
        .order_by("pk")[:_AT_ONCE]
    )  # fmt: skip
    relationships = list(lapsed)
    for one in relationships:
        record("expire_relationship", organization_id=organization.pk, subject=one)
        _end(one, Relationship.State.EXPIRED, "")
    unanswered = (
        AccessRequest.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(organization=organization, state=AccessRequest.State.PENDING, expires_on__lt=today)
        .order_by("pk")[: _AT_ONCE - len(relationships)]
    )  # fmt: skip
    requests = list(unanswered)
    for request in requests:
        record("expire_access_request", organization_id=organization.pk, subject=request, client_id=request.client_id)
        request.state, request.decided_at = AccessRequest.State.EXPIRED, timezone.now()
        request.save(update_fields=["state", "decided_at"])
        tell("request.expired", request)
    return len(relationships) + len(requests)


def warn_due() -> int:
    """Tells the areas above of what ends soon: relationships 30, 7 and 1 days ahead, requests that nobody answered 7
    and 1 days ahead. Each warning is given once. Returns how many."""
    given = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        found = _AT_ONCE
        while found == _AT_ONCE:
            with in_organization(organization_id):
                found = _warn_some(Organization.objects.get(pk=organization_id))
            given += found
    return given


def _warn_some(organization: Organization) -> int:
    today = today_of(organization)
    ending = (
        Relationship.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("account", "request", "organization")
        .filter(_not_warned("ends_on", "warned_days", WARNED_AHEAD, today), organization=organization)
        .active(today).order_by("ends_on", "pk")[:_AT_ONCE]
    )  # fmt: skip
    relationships = list(ending)
    for one in relationships:
        one.warned_days = stage_of((one.ends_on - today).days, WARNED_AHEAD)
        one.save(update_fields=["warned_days"])
        tell("relationship.ending", one)
    waiting = (
        AccessRequest.objects.select_for_update(skip_locked=True, of=("self",)).select_related("organization")
        .filter(_not_warned("expires_on", "reminded_days", REMINDED_AHEAD, today), organization=organization)
        .filter(state=AccessRequest.State.PENDING, expires_on__gte=today)
        .order_by("expires_on", "pk")[: _AT_ONCE - len(relationships)]
    )  # fmt: skip
    requests = list(waiting)
    for request in requests:
        request.reminded_days = stage_of((request.expires_on - today).days, REMINDED_AHEAD)
        request.save(update_fields=["reminded_days"])
        tell("request.expiring", request)
    return len(relationships) + len(requests)


def _not_warned(day: str, given: str, stages: tuple[int, ...], today: date) -> Q:
    """Those whose `day` is so near that a later one of the warnings is due than that in the column `given`."""
    due = Q(pk__in=[])
    for stage in stages:
        lacks = Q(**{f"{given}__isnull": True}) | Q(**{f"{given}__gt": stage})
        due |= Q(**{f"{day}__lte": today + timedelta(days=stage)}) & lacks
    return due


@transaction.atomic
def mark_used(relationship: Relationship, *, by: Membership) -> None:
    """`by` works with this client today: the register says so, to both sides."""
    today = today_of(by.organization)
    RelationshipUse.objects.bulk_create(
        [
            RelationshipUse(
                organization_id=by.organization_id, relationship=relationship, user_id=by.user_id, name=by.name,
                day=today,
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    Relationship.objects.filter(
        Q(used_on__isnull=True) | Q(used_on__lt=today), pk=relationship.pk, organization_id=by.organization_id
    ).update(used_on=today)


def forget_old_uses() -> int:
    """Who used which access is kept for two years. Returns how many days of somebody's are gone."""
    gone = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        with in_organization(organization_id):
            last = today_of(Organization.objects.get(pk=organization_id)) - timedelta(days=RelationshipUse.KEPT_DAYS)
            gone += RelationshipUse.objects.filter(organization_id=organization_id, day__lt=last).delete()[0]
    return gone


def _active(relationships) -> Relationship:
    locked = relationships.select_for_update(of=("self",)).filter(state=Relationship.State.ACTIVE).first()
    if locked is None:
        raise NotFound
    return locked


def _end(relationship: Relationship, state: str, name: str) -> None:
    relationship.state, relationship.ended_by_name, relationship.ended_at = state, name, timezone.now()
    relationship.version += 1
    relationship.save(update_fields=["state", "ended_by_name", "ended_at", "version"])
    tell("relationship.ended", relationship)
