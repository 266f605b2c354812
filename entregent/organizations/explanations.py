"""« Pourquoi voit-elle cette fiche ? »: the verdict for a member and a client, and the accesses that give it.

The verdict is worked out from the same `Reach` as every page: what is told here is what holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from babel.dates import format_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.rights import RIGHT_LABELS, ROLE_LABELS, Right
from entregent.access.scope import ORGANIZATION_SCOPE, EffectiveGrant, Reach, scope_words
from entregent.organizations.extension_points import client_scopes
from entregent.organizations.models import Grant, Membership, effective_grants


@dataclass(frozen=True)
class Verdict:
    """May the member see the client, may they change it, and the sentences that say why."""

    visible: bool
    can_edit: bool
    reasons: list[str] = field(default_factory=list)


def why(member: Membership, *, client_id: int, sector_reach: Iterable[int]) -> Verdict:
    """`sector_reach`: the sectors in which the client stands (`Client.sector_reach`)."""
    return why_everybody([member], client_id=client_id, sector_reach=sector_reach)[0][1]


def why_everybody(
    members: Iterable[Membership], *, client_id: int, sector_reach: Iterable[int]
) -> list[tuple[Membership, Verdict]]:
    """The verdict for each of `members` (of one organization), in as many queries as for one."""
    members = list(members)
    scopes: dict[str, set[int]] = {"client": {client_id}, "sector": set(sector_reach)}
    for further in client_scopes:
        for scope_type, ids in further(client_id).items():
            scopes.setdefault(scope_type, set()).update(ids)
    held = effective_grants(members, apart=True)
    covering = {member.pk: [grant for grant in held[member.pk] if _covers(grant, scopes)] for member in members}
    given = Grant.objects.select_related("granted_by").in_bulk(
        {grant.id for grants in covering.values() for grant in grants if grant.id}
    )
    words = _Words(given.values())
    return [(member, _verdict(member, covering[member.pk], given, words)) for member in members]


def _covers(grant: EffectiveGrant, scopes: dict[str, set[int]]) -> bool:
    return grant.scope_type == ORGANIZATION_SCOPE or not scopes.get(grant.scope_type, set()).isdisjoint(grant.scope_ids)


def _verdict(member: Membership, covering: list[EffectiveGrant], given: dict[int, Grant], words: "_Words") -> Verdict:
    if not member.is_active or not member.user.is_active:
        return Verdict(False, False, [_("Ce compte est inactif.")])
    reach: Reach = member.reach_with(covering)
    if Right.CLIENT_VIEW in reach.removed:
        return Verdict(False, False, [_taken_away(Right.CLIENT_VIEW)])
    seen_by = reach.grants_with(Right.CLIENT_VIEW)
    if not seen_by:
        return Verdict(False, False, [_("Aucun de ses accès ne couvre cette fiche.")])
    reasons = [words.sentence(grant, given.get(grant.id)) for grant in seen_by]
    can_edit = bool(reach.grants_with(Right.CLIENT_EDIT))
    if not can_edit and Right.CLIENT_EDIT in reach.removed:
        reasons.append(_taken_away(Right.CLIENT_EDIT))
    return Verdict(True, can_edit, reasons)


def _taken_away(right: Right) -> str:
    return _("L'habilitation « %(right)s » lui a été retirée.") % {"right": RIGHT_LABELS[right]}


class _Words:
    """Accesses in words; the names of what they are on are read at once."""

    def __init__(self, grants: Iterable[Grant]):
        ids: dict[str, set[int]] = {}
        for grant in grants:
            if grant.scope_id is not None:
                ids.setdefault(grant.scope_type, set()).add(grant.scope_id)
        self._names = {
            scope_type: scope_words[scope_type].names(wanted)
            for scope_type, wanted in ids.items()
            if scope_type in scope_words
        }

    def scope(self, scope_type: str, scope_id: int | None) -> str:
        if scope_type == ORGANIZATION_SCOPE:
            return _("Toute l'organisation")
        words = scope_words.get(scope_type)
        title = str(words.title) if words is not None else scope_type
        return f"{title} {self._names.get(scope_type, {}).get(scope_id or 0) or '—'}"

    def sentence(self, effective: EffectiveGrant, grant: Grant | None) -> str:
        if grant is None:
            access = _("Administrateur de l'organisation : voit toutes les fiches.")
            if not effective.on_behalf_of:
                return access
            access = _("Toute l'organisation (%(details)s).") % {"details": ROLE_LABELS[effective.role]}
        else:
            days = period(grant.starts_on, grant.ends_on)
            details = " : ".join([str(ROLE_LABELS[effective.role]), *([days] if days else [])])
            values = {
                "scope": self.scope(grant.scope_type, grant.scope_id),
                "details": details,
                "who": grant.granted_by.name if grant.granted_by is not None else "",
            }
            if values["who"]:
                access = _("Accès : %(scope)s (%(details)s), accordé par %(who)s.") % values
            else:
                access = _("Accès : %(scope)s (%(details)s).") % values
        if not effective.on_behalf_of:
            return access
        return _("En remplacement de %(name)s jusqu'au %(day)s. %(access)s") % {
            "name": effective.on_behalf_of,
            "day": _day(effective.until),
            "access": access,
        }


def scope_names(grants: Iterable[Grant]) -> dict[int, str]:
    """What each access is on, in words, by id of the access."""
    grants = list(grants)
    words = _Words(grants)
    return {grant.pk: words.scope(grant.scope_type, grant.scope_id) for grant in grants}


def period(starts_on, ends_on) -> str:
    """« du 1 nov. 2026 au 3 déc. 2026 », « à partir du … », « jusqu'au … », or nothing."""
    if starts_on and ends_on:
        return _("du %(first)s au %(last)s") % {"first": _day(starts_on), "last": _day(ends_on)}
    if starts_on:
        return _("à partir du %(first)s") % {"first": _day(starts_on)}
    if ends_on:
        return _("jusqu'au %(last)s") % {"last": _day(ends_on)}
    return ""


def _day(day) -> str:
    return format_date(day, "d MMM y", locale=get_language())
