"""Clocks of response times: worked out of what has happened to a case, as often as somebody likes.

Nothing counts here by itself: `follow_clocks` reads the promise that holds, what was said to the client and by them,
and writes what follows. Asked twice it changes nothing the second time, so every event may ask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from entregent.cases.extension_points import OPENED, of_many, waiting
from entregent.cases.models import Case, CaseDocument, CaseInteraction, State
from entregent.cases.sla_models import SlaClock, SlaRule
from entregent.interactions.models import InteractionEntry
from entregent.organizations.calendars import calendar_of
from entregent.organizations.models import Module
from entregent.outbox.models import Message
from entregent.toolbox.working_time import WorkingCalendar

Kind = SlaClock.Kind
# What is left of a promise when its responsible is warned.
WARNED_AT = 0.2


@dataclass(frozen=True)
class Wanted:
    """A clock as it must stand."""

    kind: str
    target: str
    started_at: datetime
    met_at: datetime | None = None
    dropped_at: datetime | None = None


def _many_happened(event: str, cases: Sequence[Case], by) -> None:
    """Nothing was said of new cases yet: their clocks are worked out at once, and written in two statements."""
    if event != OPENED:
        for case in cases:
            case_happened(event, case, by)
        return
    rules = rules_of(cases[0].organization_id) if cases else []
    if not rules:
        return
    calendar = calendar_of(cases[0].organization)
    made: list[SlaClock] = []
    changed: list[Case] = []
    for case in cases:
        rule = rule_for(case.case_type.path, case.client.category, rules)
        targets = [(kind, rule.target(kind)) for kind in (Kind.FIRST, Kind.SOLUTION)] if rule is not None else []
        own = []
        for kind, target in targets:
            if target:
                start = case.opened_at
                clock = SlaClock(
                    organization_id=case.organization_id, case=case, kind=kind, started_at=start, due_at=start
                )
                set_clock(clock, Wanted(kind, target, start), calendar, start, is_waiting=False)
                own.append(clock)
        if own:
            made += own
            case.sla_due_at = min(clock.due_at for clock in own)
            changed.append(case)
    SlaClock.objects.bulk_create(made, batch_size=1000, ignore_conflicts=True)
    Case.objects.bulk_update(changed, ["sla_due_at"], batch_size=500)


@of_many(_many_happened)
def case_happened(event: str, case: Case, by) -> None:
    """What cases tell (`cases.case_events`)."""
    follow_clocks(case)


def entry_written(entry: InteractionEntry, interaction) -> None:
    """What interactions tell (`interactions.entry_written`): an answer, or something that wants one."""
    links = CaseInteraction.objects.filter(
        interaction_id=interaction.pk, case__closed_at__isnull=True, case__deleted_at__isnull=True
    )
    for link in links.select_related("case__organization", "case__client", "case__case_type").order_by("case_id"):
        follow_clocks(link.case)


@transaction.atomic
def follow_clocks(case: Case, *, now: datetime | None = None, rules: Iterable[SlaRule] | None = None) -> None:
    """Starts, meets, pauses, resumes and drops the clocks of a case as its course asks for it."""
    rules = rules_of(case.organization_id) if rules is None else rules
    standing = {(one.kind, one.started_at): one for one in SlaClock.objects.select_for_update().filter(case=case)}
    rule = rule_for(case.case_type.path, case.client.category, rules)
    if rule is None and not standing:
        return
    # Whoever asks may hold it as it was before what has just been done to it.
    case.refresh_from_db(fields=["state", "closed_at", "deleted_at", "sla_due_at"])
    now = now or timezone.now()
    calendar = calendar_of(case.organization)
    wanted = _wanted(case, rule, standing.values(), now)
    is_waiting = not case.is_closed and (case.state == State.DEFERRED or any(waits(case) for waits in waiting))
    kept = []
    for one in wanted:
        clock = standing.pop((one.kind, one.started_at), None)
        if clock is None:
            clock = SlaClock(
                organization_id=case.organization_id, case=case, kind=one.kind, started_at=one.started_at, due_at=now
            )
        before = _state(clock)
        set_clock(clock, one, calendar, now, is_waiting=is_waiting)
        if clock.pk is None:
            SlaClock.objects.bulk_create([clock], ignore_conflicts=True)
        elif _state(clock) != before:
            clock.save()
        kept.append(clock)
    # A promise that is made no longer; what was kept or missed stays told.
    gone = [clock.pk for clock in standing.values() if clock.is_running]
    if gone:
        SlaClock.objects.filter(pk__in=gone).delete()
    running = [clock.due_at for clock in kept if clock.is_running and clock.paused_since is None]
    due = min(running, default=None)
    if case.sla_due_at != due:
        case.sla_due_at = due
        Case.objects.filter(pk=case.pk).update(sla_due_at=due)


def set_clock(clock: SlaClock, one: Wanted, calendar: WorkingCalendar, now: datetime, *, is_waiting: bool) -> None:
    """Makes a clock what it must be."""
    stopped = clock.met_at or clock.dropped_at
    ends = one.met_at or one.dropped_at
    if stopped is not None and ends is None:
        # The case is open again: the time that it was closed does not count.
        clock.paused_seconds += _seconds(calendar, stopped, now)
    if clock.paused_since is not None and (ends is not None or not is_waiting):
        clock.paused_seconds += _seconds(calendar, clock.paused_since, ends or now)
        clock.paused_since = None
    clock.target, clock.met_at, clock.dropped_at = one.target, one.met_at, one.dropped_at
    if ends is None and is_waiting and clock.paused_since is None:
        clock.paused_since = max(now, clock.started_at)
    due = due_of(clock, calendar)
    if due != clock.due_at:
        clock.due_at, clock.warned_at, clock.breached_at = due, None, None
    if ends is not None:
        missed = one.met_at is not None and one.met_at > clock.due_at
        clock.breached_at = clock.due_at if missed else None
    clock.check_at = _check_at(clock, calendar)


def due_of(clock: SlaClock, calendar: WorkingCalendar, target: str | None = None) -> datetime:
    """When a clock is due, by its own target or another one."""
    return calendar.later(
        calendar.due(target or clock.target, clock.started_at), timedelta(seconds=clock.paused_seconds)
    )


def rules_of(organization_id: int) -> list[SlaRule]:
    """The promises that are made, each with its type."""
    return list(SlaRule.objects.select_related("case_type").filter(organization_id=organization_id, is_active=True))


def rule_for(path: str, category: str, rules: Iterable[SlaRule]) -> SlaRule | None:
    """The rule that holds for a type and a category: that of the nearest type, then that of the category."""
    best: tuple[tuple[int, int], SlaRule] | None = None
    for rule in rules:
        own = rule.case_type.path if rule.case_type is not None else ""
        if own and not f"{path}/".startswith(f"{own}/"):
            continue
        if rule.category and rule.category.casefold() != category.casefold():
            continue
        weight = (own.count("/") + 1 if own else 0, 1 if rule.category else 0)
        if best is None or weight > best[0]:
            best = (weight, rule)
    return best[1] if best is not None else None


def _wanted(case: Case, rule: SlaRule | None, standing: Iterable[SlaClock], now: datetime) -> list[Wanted]:
    """The clocks that the course of a case asks for. One that has ended keeps the target that it had."""
    ended = {(one.kind, one.started_at): one.target for one in standing if not one.is_running}

    def target(kind: str, started_at: datetime, ends: datetime | None) -> str:
        if ends is not None and (kind, started_at) in ended:
            return ended[kind, started_at]
        return rule.target(kind) if rule is not None else ""

    closed = case.closed_at if case.is_closed else case.deleted_at
    found: list[Wanted] = []

    def add(kind: str, started_at: datetime, met_at: datetime | None) -> None:
        dropped_at = closed if met_at is None else None
        promised = target(kind, started_at, met_at or dropped_at)
        if promised:
            found.append(Wanted(kind, promised, started_at, met_at, dropped_at))

    said = _said(case)
    start = case.opened_at
    first = next((moment for moment, is_answer in said if is_answer), None)
    add(Kind.FIRST, start, first)
    is_answered = not (rule is not None and rule.first_answer)
    asked: datetime | None = None
    for moment, is_answer in said:
        if is_answer:
            if asked is not None:
                add(Kind.NEXT, asked, moment)
            asked, is_answered = None, True
        elif is_answered and asked is None:
            asked = moment
    if asked is not None:
        add(Kind.NEXT, asked, None)
    is_done = case.state == State.DONE and case.deleted_at is None
    add(Kind.SOLUTION, start, case.closed_at if is_done else None)
    return found


def _said(case: Case) -> list[tuple[datetime, bool]]:
    """What was said since the case was opened, in its order: (when, whether it is an answer to the client).

    An answer is an entry of one of its contacts that is communicated to the client, a letter, or a mail about the case;
    what the client says is an incoming entry of one of its contacts.
    """
    entries = InteractionEntry.objects.filter(
        interaction_id__in=CaseInteraction.objects.filter(case=case).values("interaction_id"),
        created_at__gte=case.opened_at,
        internal=False,
    ).exclude(origin=InteractionEntry.Origin.SYSTEM)
    has_portal = case.organization.has_module(Module.PORTAL)
    said = [
        (created_at if is_incoming else published_at or created_at, not is_incoming)
        for created_at, published_at, is_incoming in entries.values_list("created_at", "published_at", "incoming")
        if is_incoming or published_at is not None or not has_portal
    ]
    letters = CaseDocument.objects.filter(case=case, kind=CaseDocument.Kind.LETTER, created_at__gte=case.opened_at)
    said += [(moment, True) for moment in letters.values_list("created_at", flat=True)]
    mails = Message.objects.filter(
        organization_id=case.organization_id, subject_type=Case._meta.label_lower, subject_id=case.pk,
        nature=Message.Nature.LETTER, created_at__gte=case.opened_at,
    )  # fmt: skip
    said += [(moment, True) for moment in mails.values_list("created_at", flat=True)]
    return sorted(said)


def _check_at(clock: SlaClock, calendar: WorkingCalendar) -> datetime | None:
    if not clock.is_running or clock.paused_since is not None or clock.breached_at is not None:
        return None
    if clock.warned_at is not None:
        return clock.due_at
    left = calendar.between(clock.started_at, clock.due_at) - timedelta(seconds=clock.paused_seconds)
    return min(calendar.later(clock.due_at, -max(left, timedelta(0)) * WARNED_AT), clock.due_at)


def _seconds(calendar: WorkingCalendar, start: datetime, end: datetime) -> int:
    return round(calendar.between(start, end).total_seconds())


def _state(clock: SlaClock) -> tuple[Any, ...]:
    return (
        clock.target, clock.due_at, clock.met_at, clock.dropped_at, clock.paused_since, clock.paused_seconds,
        clock.warned_at, clock.breached_at, clock.check_at,
    )  # fmt: skip
