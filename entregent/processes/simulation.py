"""« Essayer »: a process played through with sample answers and a moving clock. Nothing is written, nobody is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from entregent.processes import course
from entregent.processes.course import COMING, DONE, READY, SKIPPED
from entregent.processes.definitions import fields_of_step, kind_of, names_of, step_of
from entregent.processes.fields import Field, clean, fields_of
from entregent.processes.registry import kinds
from entregent.toolbox.working_time import WorkingCalendar

MOST_EVENTS = 2000


@dataclass(frozen=True)
class Happening:
    """One line of a trial: at this moment, this happens to this step. `what`: opened, done, skipped, reminded, late,
    acted, waits, blocked, ended."""

    at: datetime
    what: str
    step: str = ""
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def simulate(
    body: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
    calendar: WorkingCalendar | None = None,
    start: datetime | None = None,
    *,
    record: Mapping[str, Any] | None = None,
    takes: Mapping[str, timedelta] | None = None,
) -> list[Happening]:
    """What would happen, in the order of time. `body` is without problems.

    `answers`: step → what is entered; where there is none, sample values that fit are made up. `takes`: how long
    somebody needs for a step, a day unless it says so. An event that is waited for comes when `answers` has
    something for its step, else the wait times out, or blocks the plan.
    """
    calendar = calendar or WorkingCalendar()
    start = start or datetime.now(tz=ZoneInfo(calendar.zone))
    return _Trial(body, dict(facts or {}), dict(answers or {}), calendar, start, dict(record or {}), takes or {}).play()


class _Trial:
    def __init__(self, body, facts, answers, calendar, start, record, takes):
        self.body, self.facts, self.answers, self.calendar = body, facts, answers, calendar
        self.now, self.record, self.takes = start, record, takes
        for one in fields_of(body.get("facts")):
            self.facts.setdefault(one.key, sample(one, start.date())) if one.is_required else None
        self.steps: dict[str, tuple[str, dict[str, Any]]] = {step["key"]: (COMING, {}) for step in body["steps"]}
        self.names = names_of(body)
        self.queue: list[tuple[datetime, int, str, str, int]] = []
        self.counter = 0
        self.told: list[Happening] = []

    def play(self) -> list[Happening]:
        self._settle()
        while self.queue and len(self.told) < MOST_EVENTS:
            at, _order, what, key, index = heappop(self.queue)
            if self.steps[key][0] != READY:
                continue
            self.now = max(self.now, at)
            self._happen(what, key, index)
        if course.is_over({key: state for key, (state, _data) in self.steps.items()}):
            self._tell("ended", "", _("Le plan est terminé."))
        else:
            for key, (state, _data) in self.steps.items():
                if state == READY:
                    self._tell("blocked", key, _("Le plan attend ici, sans fin."))
        return self.told

    def _tell(self, what: str, key: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        self.told.append(Happening(self.now, what, key, text, data or {}))

    def _later(self, at: datetime, what: str, key: str, index: int = 0) -> None:
        self.counter += 1
        heappush(self.queue, (at, self.counter, what, key, index))

    def _settle(self) -> None:
        day = self.now.astimezone(ZoneInfo(self.calendar.zone)).date()
        for change in course.settle(self.body, self.steps, self.facts, self.record, day):
            spec = step_of(self.body, change.key)
            if change.state == SKIPPED or spec is None:
                self.steps[change.key] = (SKIPPED, {})
                self._tell("skipped", change.key, change.why)
            else:
                self.steps[change.key] = (READY, {})
                self._open(change.key, spec)

    def _open(self, key: str, spec: Mapping[str, Any]) -> None:
        values = course.values_of(self.body, self.facts, self.steps, self.record)
        due = course.due_at(spec, self.calendar, self.now, values)
        self._tell("opened", key, spec["who"], {"due": due})
        if due is not None:
            for index, entry in enumerate(spec["remind"]):
                at = course.reminder_at(entry, self.calendar, due)
                if at > self.now:
                    self._later(at, "reminded", key, index)
            for index, entry in enumerate(spec["late"]):
                self._later(course.late_at(entry, self.calendar, due), "late", key, index)
        kind = kind_of(spec)
        if kind == "do":
            self._later(self.now, "acted", key)
        elif kind == "form":
            self._later(self.now + self.takes.get(key, timedelta(days=1)), "done", key)
        else:
            ends = course.wait_ends_at(spec, self.calendar, self.now, values)
            self._tell("waits", key, "", {"until": ends})
            if spec["wait"].get("event") and key in self.answers:
                came = self.now + self.takes.get(key, timedelta(days=1))
                self._later(came if ends is None else min(came, ends), "done", key)
            elif ends is not None:
                self._later(ends, "timed_out" if spec["wait"].get("event") else "done", key)

    def _happen(self, what: str, key: str, index: int) -> None:
        spec = step_of(self.body, key)
        if spec is None:
            return
        if what in ("reminded", "late"):
            entry = spec["remind" if what == "reminded" else "late"][index]
            self._tell(what, key, ", ".join(told_actions(entry.get("do") or [])))
            return
        if what == "acted":
            for name in told_actions(spec["do"]):
                self._tell("acted", key, name)
            self._done(key, {})
        elif what == "timed_out":
            self._done(key, {"timed_out": True})
        else:
            self._done(key, self._data(key, spec))

    def _data(self, key: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        if kind_of(spec) == "wait":
            return {**self.answers.get(key, {}), **({"timed_out": False} if spec["wait"].get("event") else {})}
        day = self.now.astimezone(ZoneInfo(self.calendar.zone)).date()
        given = dict(self.answers.get(key, {}))
        for one in fields_of_step(spec):
            if one.is_required and given.get(one.key) in (None, ""):
                given[one.key] = sample(one, day)
        kept, refusals = clean(spec["form"], given)
        for refusal in refusals:
            self._tell("refused", key, str(refusal.message))
        return kept

    def _done(self, key: str, data: dict[str, Any]) -> None:
        self.steps[key] = (DONE, data)
        spec = step_of(self.body, key) or {}
        told = {one.key: one.told(data[one.key]) for one in fields_of_step(spec) if one.key in data}
        self._tell("done", key, ", ".join(f"{name}: {value}" for name, value in told.items()), {"answers": data})
        self._settle()


def told_actions(actions: Any) -> list[str]:
    """Actions by their names, in the reader's language."""
    known = kinds()
    return [str(known[name].label) for action in actions for name in action if name in known]


def sample(one: Field, day: date) -> Any:
    """A value that fits, for a trial."""
    if one.type == "choice":
        return one.choices[0][0] if one.choices else ""
    return {
        "string": _("exemple"), "text": _("exemple"), "integer": 1, "number": 1, "boolean": True,
        "date": (day + timedelta(days=30)).isoformat(),
    }[one.type]  # fmt: skip
