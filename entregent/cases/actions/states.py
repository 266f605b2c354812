"""The states of a case: the table of requirements.md §3.4, reopening, closing."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.cases.actions.rules import (
    actor,
    first_sub_status,
    in_another,
    journal,
    locked,
    refuse_second,
    sub_status_refusals,
)
from entregent.cases.extension_points import CLOSED, STATE_CHANGED, open_work, tell, work_enders
from entregent.cases.models import CLOSED_STATES, OPEN_STATES, Case, CaseLogEntry, State
from entregent.interactions.actions.rules import clean_line, length_refusals, refuse
from entregent.toolbox.errors import Refusal, required

# requirements.md §3.4; the product itself may close any open case as done.
TRANSITIONS: dict[str, tuple[State, ...]] = {
    State.NEW: (State.IN_PROGRESS, State.CANCELLED, State.REJECTED),
    State.IN_PROGRESS: (State.DEFERRED, State.DONE, State.CANCELLED),
    State.DEFERRED: (State.IN_PROGRESS, State.CANCELLED),
    State.DONE: (State.IN_PROGRESS,),
    State.CANCELLED: (),
    State.REJECTED: (),
}
ABANDON = "abandon"


@transaction.atomic
def change_state(
    case: Case, *, by, state: str, sub_status: str = "", reason: str = "", version: int | None = None
) -> Case:
    """Moves a case to a state, or to another sub-status within its own. Without a sub-status it gets the first that
    its type has for the state. Refuses every move that the table does not have (E-001-TRANSITION), a reopening without
    a reason or beside another open case of the same key, a case that is part of another, and what `close_case` refuses
    where the state closes the case."""
    if state in CLOSED_STATES and state != case.state:
        return _closed(case, by=by, state=state, sub_status=sub_status, reason=reason, version=version, is_strict=True)
    who = actor(by, case.organization)
    journal("change_case_state", case, who, state=str(state), sub_status=sub_status)
    current = locked(case, by=who, version=version)
    if current.merged_into_id is not None:
        raise in_another()
    if state not in State.values:
        raise required("state", _("État"))
    if state == current.state and sub_status == current.sub_status:
        return current
    if state != current.state and state not in TRANSITIONS[current.state]:
        raise transition(current.state, state)
    reason = clean_line(reason)
    refusals = sub_status_refusals(current.case_type, state, sub_status) + _reason_refusals(reason)
    if current.is_closed and state != current.state and not reason and by is not None:
        refusals.append(required("reason", _("Motif")))
    refuse(refusals)
    if current.is_closed and state in OPEN_STATES:
        refuse_second(current)
    before = current.state
    if state != before:
        current.closed_at, current.closing_reason = None, ""
        sub_status = sub_status or first_sub_status(current.case_type, state)
    _write(current, who, before=before, state=state, sub_status=sub_status, reason=reason)
    tell(STATE_CHANGED, current, by)
    return current


@transaction.atomic
def close_case(
    case: Case,
    *,
    by,
    reason: str = "",
    state: str = State.DONE,
    sub_status: str = "",
    open_steps: str | None = None,
    version: int | None = None,
) -> Case:
    """Closes a case: done, cancelled or rejected. One that is closed already stays as it is.

    A case that is new or deferred and is done went through « En cours » on its way. What still runs on it (plans of
    action) keeps a member from closing it, unless `open_steps` is "abandon": it is abandoned with the reason then. The
    product itself closes whatever runs. Refuses cancelling and rejecting without a reason.
    """
    return _closed(
        case, by=by, state=state, sub_status=sub_status, reason=reason, version=version, open_steps=open_steps
    )


def ways_to_close(case: Case) -> list[State]:
    """The closing states that somebody may choose for the case as it stands."""
    if case.is_closed:
        return []
    reached = set(TRANSITIONS[case.state]) | {State.DONE}
    return [state for state in CLOSED_STATES if state in reached]


def work_open_on(case: Case) -> list[tuple[str, str]]:
    """What still runs on the case: (what, its address)."""
    return [work for works in open_work for work in works(case)]


def transition(before: str, after: str) -> Refusal:
    return Refusal(
        "E-001-TRANSITION",
        _("Passage de %(from)s à %(to)s impossible.") % {"from": State(before).label, "to": State(after).label},
        status=409,
    )


def _closed(
    case: Case,
    *,
    by,
    state: str,
    sub_status: str,
    reason: str,
    version: int | None,
    open_steps: str | None = None,
    is_strict: bool = False,
) -> Case:
    who = actor(by, case.organization)
    journal("close_case", case, who, state=str(state), reason=reason)
    current = locked(case, by=who, version=version)
    if state not in CLOSED_STATES:
        raise required("state", _("État"))
    if current.state == state:
        return current
    allowed = TRANSITIONS[current.state] if is_strict else ways_to_close(current)
    if by is None and current.state in OPEN_STATES:
        allowed = (*allowed, State.DONE)
    if state not in allowed:
        raise transition(current.state, state)
    reason = clean_line(reason)
    refusals = sub_status_refusals(current.case_type, state, sub_status) + _reason_refusals(reason)
    if by is not None and state != State.DONE and not reason:
        refusals.append(required("reason", _("Motif")))
    refuse(refusals)
    if by is not None:
        _end_work(current, by=by, reason=reason, open_steps=open_steps)
    before = current.state
    if by is not None and state == State.DONE and State.DONE not in TRANSITIONS[before]:
        # By hand it goes through « En cours », and its timeline says so; only the product closes directly.
        _log(current, who, before=before, state=State.IN_PROGRESS)
        before = State.IN_PROGRESS
    current.closed_at, current.closing_reason = timezone.now(), reason
    _write(
        current,
        who,
        before=before,
        state=state,
        sub_status=sub_status or first_sub_status(current.case_type, state),
        reason=reason,
    )
    tell(STATE_CHANGED, current, by)
    tell(CLOSED, current, by)
    return current


def _end_work(case: Case, *, by, reason: str, open_steps: str | None) -> None:
    running = work_open_on(case)
    if not running:
        return
    if open_steps != ABANDON:
        raise Refusal(
            "E-001-OPEN-WORK",
            _("Des étapes sont encore ouvertes : %(steps)s. Terminez-les, ou abandonnez-les avec un motif.")
            % {"steps": ", ".join(label for label, _url in running)},
            field="open_steps",
            status=409,
        )
    if not reason:
        raise required("reason", _("Motif"))
    for end in work_enders:
        end(case, by=by, reason=reason)


def _reason_refusals(reason: str) -> list[Refusal]:
    return length_refusals({"reason": (_("Motif"), reason, 200)})


def _write(case: Case, who: Any, *, before: str, state: str, sub_status: str, reason: str) -> None:
    case.state, case.sub_status = state, sub_status
    case.version += 1
    case.save(update_fields=["state", "sub_status", "closed_at", "closing_reason", "version"])
    _log(case, who, before=before, state=state, sub_status=sub_status, reason=reason)


def _log(case: Case, who: Any, *, before: str, state: str, sub_status: str = "", reason: str = "") -> None:
    CaseLogEntry.objects.create(
        organization_id=case.organization_id,
        case=case,
        kind=CaseLogEntry.Kind.STATE,
        data={"from": str(before), "to": str(state), "sub_status": sub_status, "reason": reason},
        author=who.user,
    )
