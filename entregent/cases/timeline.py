"""What has happened in a case, newest first: contacts, notes, states, documents; a page at a time, in few queries."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from entregent.cases.models import Case, CaseInteraction, CaseLogEntry
from entregent.interactions.models import Interaction
from entregent.interactions.timeline import cursor_of, page_of, read_cursor

PAGE = 30


@dataclass(slots=True)
class Happening:
    """One line of the timeline: `kind` is contact, document, or the kind of a line of the log; `of` what it shows."""

    at: datetime
    kind: str
    of: Any
    clock: str = ""


@dataclass(slots=True)
class Page:
    days: list[tuple[date, list[Happening]]]
    next_cursor: str | None


def timeline_of(case: Case, member, *, after: str = "", size: int = PAGE) -> Page:
    """One page: what is newest of contacts, log and documents, put together by their moment."""
    before = read_cursor(after)
    moment = before[0] if before is not None else None
    contacts = Interaction.objects.visible_to(member).filter(in_cases__case=case)
    log: Any = case.log.select_related("author")
    documents = case.documents.select_related("file", "created_by")
    if moment is not None:
        contacts = contacts.filter(occurred_at__lt=moment)
        log, documents = log.filter(created_at__lt=moment), documents.filter(created_at__lt=moment)
    log = list(log.order_by("-created_at", "-id")[: size + 1])
    # What came with a contact stands under the contact.
    documents = documents.exclude(pk__in=_came_with_contacts(case))
    found = [
        *(Happening(one.occurred_at, "contact", one) for one in page_of(contacts, member, size=size).events),
        *(Happening(one.created_at, one.kind, one) for one in log),
        *(Happening(one.created_at, "document", one) for one in documents.order_by("-created_at", "-id")[: size + 1]),
    ]
    _mask_others([one for one in log if one.kind in (one.Kind.MERGE, one.Kind.SPLIT)], member)
    found.sort(key=lambda one: one.at, reverse=True)
    shown = found[:size]
    # A page never ends among things of one moment: the cursor would lose them.
    shown += [one for one in found[size:] if one.at == shown[-1].at]
    is_more = len(found) > len(shown) or contacts.count() > size
    return Page(_by_day(shown, case.organization.time_zone), cursor_of(shown[-1].at, 0) if shown and is_more else None)


def _mask_others(entries: list[CaseLogEntry], member) -> None:
    """The other case of a merge or a split has a number for those alone who see it."""
    numbers = {entry.data.get("number") for entry in entries}
    if not numbers:
        return
    seen = set(Case.objects.visible_to(member).filter(number__in=numbers).values_list("number", flat=True))
    for entry in entries:
        if entry.data.get("number") not in seen:
            entry.data = {**entry.data, "number": "…"}


def _came_with_contacts(case: Case) -> list[int]:
    added = CaseInteraction.objects.filter(case=case).values_list("added__documents", flat=True)
    return [pk for one in added if one for pk in one]


def _by_day(found: list[Happening], zone: str) -> list[tuple[date, list[Happening]]]:
    days: list[tuple[date, list[Happening]]] = []
    for one in found:
        local = one.at.astimezone(ZoneInfo(zone))
        one.clock = f"{local:%H:%M}"
        if not days or days[-1][0] != local.date():
            days.append((local.date(), []))
        days[-1][1].append(one)
    return days
