"""Teams: who works together, made and changed by the administrators."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, Organization, Team, TeamMember
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import is_code, one_line, search_key

SEEDS = (
    ("clientele", "Clientèle", "Customer service"),
    ("exploitation", "Exploitation", "Operations"),
    ("facturation", "Facturation", "Billing"),
)


def seed_teams(organization: Organization) -> None:
    """The teams that a new organization starts with, nobody in them."""
    Team.objects.bulk_create(
        [
            Team(organization=organization, code=code, label_fr=french, label_en=english)
            for code, french, english in SEEDS
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def create_team(
    *, by: Membership, label_fr: str, label_en: str, code: str = "", lead: Membership | None = None,
    members: Iterable[Membership] = (),
) -> Team:  # fmt: skip
    """A team of these members. Without a code one is made of its name; plans of action name it by its code."""
    label_fr, label_en = _labels(label_fr, label_en)
    record("create_team", by=by, label_fr=label_fr, label_en=label_en)
    code = one_line(code).lower() or _free_code(by.organization_id, label_fr)
    if len(code) > 40 or not is_code(code):
        message = _("Un code est fait de lettres minuscules sans accent, de chiffres et de « _ ».")
        raise Refusal("E-CHOICE", message, field="code")
    if Team.objects.filter(organization_id=by.organization_id, code=code).exists():
        raise Refusal("E-TEAM-CODE", _("Ce code est déjà utilisé."), field="code", status=409)
    team = Team.objects.create(
        organization_id=by.organization_id, code=code, label_fr=label_fr, label_en=label_en,
        lead_id=_user_id(lead, by),
    )  # fmt: skip
    _set_members(team, {_user_id(member, by) for member in members})
    return team


@transaction.atomic
def update_team(
    team: Team, *, by: Membership, version: int, label_fr: str, label_en: str, lead: Membership | None,
    members: Iterable[Membership], is_active: bool = True,
) -> Team:  # fmt: skip
    """Other names, lead or members, or no longer given work. What it was given stays with it."""
    record("update_team", by=by, subject=team, label_fr=team.label_fr, label_en=team.label_en)
    locked = Team.objects.select_for_update(no_key=True).filter(pk=team.pk, organization_id=by.organization_id).first()
    if locked is None:
        raise NotFound
    if locked.version != version:
        raise stale(locked, organization=by.organization)
    locked.label_fr, locked.label_en = _labels(label_fr, label_en)
    locked.lead_id = _user_id(lead, by)
    locked.is_active = is_active
    locked.version += 1
    locked.save()
    _set_members(locked, {_user_id(member, by) for member in members})
    return locked


def _set_members(team: Team, wanted: set) -> None:
    there = set(team.members.values_list("user_id", flat=True))
    if there - wanted:
        team.members.filter(user_id__in=there - wanted).delete()
    TeamMember.objects.bulk_create(
        TeamMember(organization_id=team.organization_id, team=team, user_id=user) for user in sorted(wanted - there)
    )


def _user_id(member: Membership | None, by: Membership) -> int | None:
    if member is None:
        return None
    if member.organization_id != by.organization_id:
        raise NotFound
    return member.user_id


def _labels(french: str, english: str) -> tuple[str, str]:
    french, english = one_line(french), one_line(english)
    refusals = []
    for field, label, text in (
        ("label_fr", _("Libellé français"), french),
        ("label_en", _("Libellé anglais"), english),
    ):
        if not text:
            refusals.append(required(field, label))
        elif len(text) > 60:
            refusals.append(too_long(field, label, 60))
    if refusals:
        raise Refusals(refusals)
    return french, english


def _free_code(organization_id: int, label: str) -> str:
    base = "_".join(search_key(label).split())[:36].strip("_")
    base = base if is_code(base) else "equipe"
    taken = set(
        Team.objects.filter(organization_id=organization_id, code__startswith=base).values_list("code", flat=True)
    )
    return next(code for n in range(1, 10_000) if (code := base if n == 1 else f"{base}_{n}") not in taken)
