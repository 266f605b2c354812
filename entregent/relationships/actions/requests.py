"""Asking a business for access, and its answer (R002-29 to -33, R002-38)."""

from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right, Role
from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.organizations.models import Membership, Organization
from entregent.relationships.actions.accounts import account_number, acting
from entregent.relationships.client_side import may_revoke
from entregent.relationships.extension_points import relationship_events
from entregent.relationships.models import (
    WARNED_AHEAD,
    AccessRequest,
    AccountUser,
    Level,
    ProgramAccount,
    Relationship,
    RelationshipProgram,
    Rules,
    Visibility,
    stage_of,
    today_of,
)
from entregent.relationships.reach import only_providers
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, Stale, too_long

COMMENTS_MOST = 2000
REASON_MOST = 500


def tell(event: str, about: AccessRequest | Relationship) -> None:
    for told in relationship_events:
        told(event, about)


def request_days_of(organization_id: int) -> int:
    days = Rules.objects.filter(organization_id=organization_id).values_list("request_days", flat=True).first()
    return Rules._meta.get_field("request_days").default if days is None else days


@transaction.atomic
def set_request_days(*, by: Membership, days: int, version: int | None = None) -> Rules:
    """How many days a request waits before it lapses; those that wait already keep their day."""
    record("set_relationship_rules", by=by, days=days)
    if not by.can(Right.SETTINGS):
        raise RightMissing
    if not 1 <= days <= 365:
        raise Refusal("E-CHOICE", _("Entre 1 et 365 jours."), field="request_days")
    Rules.objects.get_or_create(organization_id=by.organization_id)
    rules = Rules.objects.select_for_update().get(organization_id=by.organization_id)
    if version is not None and version != rules.version:
        moment = timezone.now().astimezone(ZoneInfo(by.organization.time_zone))
        raise Stale(who=_("une autre personne"), when=f"{moment:%H:%M}", current=rules)
    rules.request_days = days
    rules.version += 1
    rules.save(update_fields=["request_days", "version"])
    return rules


@transaction.atomic
def request_access(*, by: Membership, number: str, comments: str = "", client_id: int | None = None) -> AccessRequest:
    """Asks the business with this number for access. The answer to the provider is the same whether there is such an
    account or not. One request of a provider waits at a time; with a relationship that holds it asks for a new one."""
    record("request_access", by=by, client_id=client_id, number=number)
    only_providers(by)
    if not by.can(Right.RELATIONSHIPS):
        raise RightMissing
    number = account_number(number)
    comments = comments.strip()
    if len(comments) > COMMENTS_MOST:
        raise too_long("comments", _("Commentaires"), COMMENTS_MOST)
    # The row of the organization orders those who ask for the same at once.
    Organization.objects.select_for_update(no_key=True).get(pk=by.organization_id)
    waiting = AccessRequest.objects.filter(
        organization_id=by.organization_id, account_number=number, state=AccessRequest.State.PENDING
    )
    today = today_of(by.organization)
    if waiting.filter(expires_on__gte=today).exists():
        raise Refusal("E-002-PENDING", _("Une demande est déjà en attente auprès de ce client."), status=409)
    waiting.update(state=AccessRequest.State.EXPIRED, decided_at=timezone.now())
    request = AccessRequest.objects.create(
        organization_id=by.organization_id,
        account_number=number,
        client_id=client_id,
        comments=comments,
        asked_by_id=by.user_id,
        asked_by_name=by.name,
        expires_on=today + timedelta(days=request_days_of(by.organization_id)),
    )
    tell("request.made", request)
    return request


@transaction.atomic
def cancel_access_request(request: AccessRequest, *, by: Membership) -> AccessRequest:
    """The provider asks no longer."""
    record("cancel_access_request", by=by, subject=request, client_id=request.client_id)
    if not by.can(Right.RELATIONSHIPS):
        raise RightMissing
    locked = _pending(AccessRequest.objects.filter(organization_id=by.organization_id, pk=request.pk))
    _decide(locked, AccessRequest.State.CANCELLED, by.name)
    tell("request.cancelled", locked)
    return locked


def approve_access(
    request: AccessRequest,
    *,
    by: AccountUser,
    level: str,
    programs: Iterable[ProgramAccount] = (),
    visibility: Iterable[str] = (),
    ends_on: date | None = None,
) -> Relationship:
    """The business lets the provider act, from today on. A manager of programs gives their own programs only,
    and replaces nothing that reaches further. A relationship that holds is replaced by the new one; nobody loses an
    access in between."""
    by = acting(by)
    chosen = _what_may_be_given(by, level, programs)
    with in_organization(request.organization_id, user_id=by.user_id):
        locked = _pending(AccessRequest.objects.filter(account_number=by.account.number, pk=request.pk))
        record(
            "approve_access", organization_id=locked.organization_id, user_id=by.user_id, subject=locked,
            client_id=locked.client_id, level=level, told_as=by.user.name,
        )  # fmt: skip
        organization = locked.organization
        today = today_of(organization)
        if locked.expires_on < today:
            raise _decided()
        if ends_on is not None and ends_on < today:
            raise Refusal("E-002-DATE", _("La date de fin doit être postérieure."), field="ends_on")
        holds = Relationship.objects.select_for_update().filter(
            organization_id=organization.pk, account_id=by.account_id, state=Relationship.State.ACTIVE
        )
        lapsed = [one for one in holds if not one.is_active_on(today)]
        _refuse_what_reaches_further(by, [one for one in holds if one not in lapsed])
        for one in holds:
            one.state = Relationship.State.EXPIRED if one in lapsed else Relationship.State.REPLACED
            one.ended_at = timezone.now()
            one.version += 1
            one.save(update_fields=["state", "ended_at", "version"])
        for one in lapsed:
            tell("relationship.ended", one)
        given = Relationship.objects.create(
            organization=organization, account_id=by.account_id, request=locked, level=level,
            visibility=_visibility(visibility), starts_on=today, ends_on=ends_on, approved_by_name=by.user.name,
            # Whoever is told of the approval is told until when it holds.
            warned_days=stage_of((ends_on - today).days, WARNED_AHEAD) if ends_on is not None else None,
        )  # fmt: skip
        RelationshipProgram.objects.bulk_create(
            RelationshipProgram(organization=organization, relationship=given, program=program) for program in chosen
        )
        _decide(locked, AccessRequest.State.APPROVED, by.user.name)
        tell("relationship.approved", given)
    return given


def reject_access(request: AccessRequest, *, by: AccountUser, reason: str = "") -> AccessRequest:
    """The business says no, with a reason if it likes. A manager of programs says none where they could not say yes."""
    by = acting(by)
    if not by.decides:
        raise RightMissing
    reason = reason.strip()
    if len(reason) > REASON_MOST:
        raise too_long("reason", _("Motif"), REASON_MOST)
    with in_organization(request.organization_id, user_id=by.user_id):
        locked = _pending(AccessRequest.objects.filter(account_number=by.account.number, pk=request.pk))
        record(
            "reject_access", organization_id=locked.organization_id, user_id=by.user_id, subject=locked,
            client_id=locked.client_id, reason=reason, told_as=by.user.name,
        )  # fmt: skip
        holds = Relationship.objects.filter(organization_id=locked.organization_id, account_id=by.account_id)
        _refuse_what_reaches_further(by, holds.active(today_of(locked.organization)))
        _decide(locked, AccessRequest.State.REJECTED, by.user.name, reason)
        tell("request.rejected", locked)
    return locked


def _refuse_what_reaches_further(by: AccountUser, holds: Iterable[Relationship]) -> None:
    if any(not may_revoke(by, one) for one in holds):
        message = _(
            "Ce fournisseur a déjà un accès plus large que vos programmes : un gestionnaire de compte d'entreprise"
            " doit répondre."
        )
        raise Refusal("E-002-LEVEL", message)


def _what_may_be_given(by: AccountUser, level: str, programs: Iterable[ProgramAccount]) -> list[ProgramAccount]:
    if not by.decides:
        raise RightMissing
    if level not in Level.values:
        raise Refusal("E-CHOICE", _("Choisissez un niveau."), field="level")
    chosen = list({program.pk: program for program in programs}.values())
    if any(program.account_id != by.account_id for program in chosen):
        raise NotFound
    if level == Level.BUSINESS:
        if by.role != Role.ADMIN:
            raise RightMissing
        return []
    if not chosen:
        raise Refusal("E-REQUIRED", _("Choisissez au moins un programme."), field="programs")
    if by.role == Role.MANAGER:
        own = set(by.programs.values_list("pk", flat=True))
        if not {program.pk for program in chosen} <= own:
            raise RightMissing
    return chosen


def _visibility(wanted: Iterable[str]) -> list[str]:
    """What the provider submitted itself it always sees."""
    asked = set(wanted) | {Visibility.OWN.value}
    if not asked <= set(Visibility.values):
        raise Refusal("E-CHOICE", _("Choisissez ce que le fournisseur verra."), field="visibility")
    return [value for value in Visibility.values if value in asked]


def _pending(requests) -> AccessRequest:
    locked = requests.select_for_update(of=("self",)).select_related("organization").first()
    if locked is None:
        raise NotFound
    if locked.state != AccessRequest.State.PENDING:
        raise _decided()
    return locked


def _decided() -> Refusal:
    return Refusal("E-002-DECIDED", _("Cette demande a déjà été traitée."), status=409)


def _decide(request: AccessRequest, state: str, name: str, reason: str = "") -> None:
    request.state, request.decided_by_name, request.reason = state, name, reason
    request.decided_at = timezone.now()
    request.save(update_fields=["state", "decided_by_name", "reason", "decided_at"])
