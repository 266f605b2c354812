"""The register of relationships: who may act for whom, at which level, since when, until when, approved by whom, used
last when. Both sides read it at any time."""

from collections.abc import Iterable, Iterator
from datetime import date

from django.utils.translation import gettext as _

from entregent.relationships.models import Level, Relationship, RelationshipProgram, Visibility, today_of

_AT_ONCE = 1000


def header() -> list[str]:
    return [
        _("fournisseur"), _("numéro d'entreprise"), _("entreprise"), _("niveau"), _("programmes"), _("visibilité"),
        _("état"), _("depuis"), _("jusqu'au"), _("approuvée par"), _("approuvée le"), _("terminée le"),
        _("terminée par"), _("dernière utilisation"),
    ]  # fmt: skip


def rows(relationships: Iterable[Relationship]) -> Iterator[list[str]]:
    """`relationships` with their accounts and organizations; a thousand at a time."""
    batch: list[Relationship] = []
    for one in relationships:
        batch.append(one)
        if len(batch) == _AT_ONCE:
            yield from _rows(batch)
            batch = []
    yield from _rows(batch)


def _rows(batch: list[Relationship]) -> Iterator[list[str]]:
    programs = programs_of(batch)
    for one in batch:
        yield [
            one.organization.name, one.account.number, one.account.name, str(Level(one.level).label),
            ", ".join(programs.get(one.pk, ())), ", ".join(str(Visibility(value).label) for value in one.visibility),
            str(one.state_on(today_of(one.organization)).label), _day(one.starts_on), _day(one.ends_on),
            one.approved_by_name, _day(one.approved_at.date()), _day(one.ended_at.date() if one.ended_at else None),
            one.ended_by_name, _day(one.used_on),
        ]  # fmt: skip


def programs_of(relationships: Iterable[Relationship]) -> dict[int, list[str]]:
    """The numbers of the programs that each of these is for, where it is for programs."""
    ids = [one.pk for one in relationships if one.level == Level.PROGRAM]
    found: dict[int, list[str]] = {}
    given = RelationshipProgram.objects.filter(relationship__in=ids).order_by("program__number")
    for pk, number in given.values_list("relationship_id", "program__number"):
        found.setdefault(pk, []).append(number)
    return found


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
