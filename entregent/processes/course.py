"""The course of a plan, worked out from data alone: which step opens, which is skipped, when something is due.

The engine writes what is said here into rows, the simulation shows it without writing anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from entregent.processes.bans import Ban, ban_on, service_of
from entregent.processes.conditions import canonical, holds, sentence
from entregent.processes.definitions import kind_of, known_at, names_of
from entregent.toolbox.working_time import Offset, WorkingCalendar, parse_offset

COMING, READY, DONE, SKIPPED, FAILED = "coming", "ready", "done", "skipped", "failed"
SETTLED = frozenset({DONE, SKIPPED})
# In the data of a step that somebody skipped.
BY_HAND = "skipped_by_hand"
# What is due on a day is due until its end.
END_OF_DAY = time(23, 59)


@dataclass(frozen=True)
class Change:
    """A step that opens or is skipped."""

    key: str
    state: str
    why: str = ""


def values_of(
    body: Mapping[str, Any], facts: Mapping[str, Any], steps: Mapping[str, tuple[str, Mapping[str, Any]]],
    record: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Full path → value, of facts, of the record and of the steps that are done. `steps`: key → (state, data)."""
    values: dict[str, Any] = dict(record)
    values.update({f"facts.{key}": value for key, value in facts.items()})
    for key, (state, data) in steps.items():
        if state == DONE:
            values.update({f"{key}.{name}": value for name, value in data.items()})
    return values


def settle(
    body: Mapping[str, Any], steps: Mapping[str, tuple[str, Mapping[str, Any]]], facts: Mapping[str, Any],
    record: Mapping[str, Any], day: date,
) -> list[Change]:  # fmt: skip
    """What becomes of the steps to come, in one pass: a step looks at steps above it only.

    A step opens when all before it are settled and one of them at least is done; else it is skipped. A false condition
    skips it, and so does the law where it forbids the act for good.
    """
    states = {key: state for key, (state, _data) in steps.items()}
    # Skipped by somebody who decided so is no dead end: what follows opens as after a step that was done.
    went_on = {key for key, (state, data) in steps.items() if state == DONE or data.get(BY_HAND)}
    values = values_of(body, facts, steps, record)
    changes = []
    for step in body["steps"]:
        key = step["key"]
        if states.get(key) != COMING:
            continue
        before = [states.get(one, SKIPPED) for one in step["after"]]
        if any(state not in SETTLED for state in before):
            continue
        change = Change(key, READY)
        ban = ban_of(body, step, facts, day)
        if before and not went_on & set(step["after"]):
            change = Change(key, SKIPPED, _("aucune étape précédente n’a été faite"))
        elif not holds(step["if"], values):
            told = sentence(step["if"], known_at(body, key), names_of(body))
            change = Change(key, SKIPPED, _("condition non remplie : %(condition)s") % {"condition": told})
        elif ban is not None and ban.until is None:
            change = Change(key, SKIPPED, ban.sentence)
        states[key] = change.state
        changes.append(change)
    return changes


def ban_of(body: Mapping[str, Any], step: Mapping[str, Any], facts: Mapping[str, Any], day: date) -> Ban | None:
    return ban_on(step["act"], service_of(body, facts), day) if step.get("act") else None


def is_over(states: Mapping[str, str]) -> bool:
    return all(state in SETTLED for state in states.values())


# ——— When ———


def due_at(
    step: Mapping[str, Any], calendar: WorkingCalendar, opened: datetime | None, values: Mapping[str, Any]
) -> datetime | None:
    """When a step is due: counted from its opening, or from a day that is known; None as long as that is not so."""
    due = step.get("due")
    if not due:
        return None
    if due.get("from"):
        day = as_day(values.get(canonical(due["from"])))
        if day is None:
            return None
        return calendar.due(due["offset"], datetime.combine(day, END_OF_DAY, tzinfo=ZoneInfo(calendar.zone)))
    return calendar.due(due["offset"], opened) if opened is not None else None


def reminder_at(entry: Mapping[str, Any], calendar: WorkingCalendar, due: datetime) -> datetime:
    return calendar.due(_backwards(entry["before"]), due)


def late_at(entry: Mapping[str, Any], calendar: WorkingCalendar, due: datetime) -> datetime:
    return calendar.due(entry["after"], due)


def wait_ends_at(
    step: Mapping[str, Any], calendar: WorkingCalendar, opened: datetime, values: Mapping[str, Any]
) -> datetime | None:
    """When a waiting step goes on by itself; None: not before its event comes."""
    wait = step["wait"]
    if wait.get("for"):
        return calendar.due(wait["for"], opened)
    if wait.get("until"):
        day = as_day(values.get(canonical(wait["until"])))
        if day is None:
            return opened
        return max(opened, datetime.combine(day, _morning(calendar), tzinfo=ZoneInfo(calendar.zone)))
    return calendar.due(wait["at_most"], opened) if wait.get("at_most") else None


def as_day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _morning(calendar: WorkingCalendar) -> time:
    return calendar.hours[0] if calendar.hours else time(0, 0)


def _backwards(text: str) -> Offset:
    offset = parse_offset(text)
    return replace(offset, amount=-offset.amount)


def is_form(step: Mapping[str, Any]) -> bool:
    return kind_of(step) == "form"
