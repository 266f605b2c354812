"""Two cases that are one: the second becomes part of the first, and that can be undone."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.confidentiality import follow, keep_in_sight
from entregent.cases.actions.mirroring import CASE_CLOSED, CHANGED, mirror
from entregent.cases.actions.rules import (
    closed,
    first_sub_status,
    in_another,
    journal,
    locked,
    locked_open,
    may_hold,
    of_another,
    refuse_second,
)
from entregent.cases.actions.states import work_open_on
from entregent.cases.models import (
    Case,
    CaseAgent,
    CaseDocument,
    CaseInteraction,
    CaseLogEntry,
    CaseMerge,
    CaseObject,
    CaseParticipant,
    CaseReminder,
    CaseTask,
    State,
)
from entregent.toolbox.errors import NotFound, Refusal

# Rows that go over to the winner: those of the timeline of the loser stay its own, notes come along.
_MOVED: dict[str, tuple[Any, str]] = {
    "contacts": (CaseInteraction, "interaction_id"),
    "documents": (CaseDocument, "file_id"),
    "tasks": (CaseTask, "text"),
    "reminders": (CaseReminder, "id"),
}


@transaction.atomic
def merge_cases(winner: Case, loser: Case, *, by) -> CaseMerge:
    """`loser` becomes part of `winner`: its contacts, documents, tasks, reminders, notes go over, its people, agents
    and objects are added where they lack; it is cancelled and names the other. What was confidential stays so: the
    winner becomes confidential with the loser. Refuses a closed winner, a case of another client who takes no part in
    the winner, one that is part of another already, and a loser on which plans of action still run."""
    journal("merge_cases", winner, by, is_hidden=loser.is_confidential, other=loser.number)
    if winner.pk == loser.pk:
        raise Refusal("E-001-LINK", _("Un dossier ne peut pas être lié à lui-même."), field="other")
    first, second = sorted((winner, loser), key=lambda one: one.pk)
    kept = {one.pk: locked(one, by=by) for one in (first, second)}
    winner, loser = kept[winner.pk], kept[loser.pk]
    locked_open(winner, by=by)
    if loser.merged_into_id is not None:
        raise in_another()
    if not may_hold(winner, client=loser.client, person=None):
        raise of_another()
    running = work_open_on(loser)
    if running:
        raise Refusal(
            "E-001-OPEN-WORK",
            _("Terminez ou abandonnez d'abord ce qui est en cours sur le dossier n° %(number)s : %(steps)s.")
            % {"number": loser.number, "steps": ", ".join(label for label, _url in running)},
            status=409,
        )
    moved: dict[str, object] = {name: _move(model, key, winner, loser) for name, (model, key) in _MOVED.items()}
    notes = CaseLogEntry.objects.filter(case=loser, kind=CaseLogEntry.Kind.NOTE)
    moved["notes"] = list(notes.values_list("id", flat=True))
    notes.update(case=winner)
    moved["added"] = _add(winner, loser)
    moved["hidden"] = loser.is_confidential and not winner.is_confidential
    if moved["hidden"]:
        _hide(winner, by)
    if winner.is_confidential:
        follow(winner)
    moved["before"] = {
        "state": loser.state,
        "sub_status": loser.sub_status,
        "closed_at": loser.closed_at.isoformat() if loser.closed_at else None,
        "closing_reason": loser.closing_reason,
    }
    if not loser.is_closed:
        loser.state, loser.closed_at = State.CANCELLED, timezone.now()
        loser.sub_status = first_sub_status(loser.case_type, State.CANCELLED)
        loser.closing_reason = _("Fusionné dans le dossier n° %(number)s") % {"number": winner.number}
    loser.merged_into = winner
    loser.version += 1
    loser.save()
    merge = CaseMerge.objects.create(
        organization_id=winner.organization_id, winner=winner, loser=loser, moved=moved, merged_by=by.user
    )
    for one, other, is_winner in ((winner, loser, True), (loser, winner, False)):
        CaseLogEntry.objects.create(
            organization_id=winner.organization_id,
            case=one,
            kind=CaseLogEntry.Kind.MERGE,
            data={"case": other.pk, "number": other.number, "merge": merge.pk, "is_winner": is_winner},
            author=by.user,
        )
    follow_clocks(loser)
    follow_clocks(winner)
    mirror(loser, CASE_CLOSED)
    return merge


@transaction.atomic
def undo_case_merge(merge: CaseMerge, *, by) -> Case:
    """Gives back to the loser what went over and is still there, takes from the winner what was added for it, and
    makes the loser what it was. What was done since stays where it was done. Given back: the loser. Refuses a closed
    winner, and a loser that is what it was no longer or would be the second open case of its key."""
    journal("undo_case_merge", merge.winner, by, is_hidden=merge.loser.is_confidential, other=merge.loser.number)
    first, second = sorted((merge.winner, merge.loser), key=lambda one: one.pk)
    kept = {one.pk: locked(one, by=by) for one in (first, second)}
    winner, loser = kept[merge.winner_id], kept[merge.loser_id]
    current = CaseMerge.objects.select_for_update().filter(pk=merge.pk).first()
    if current is None:
        raise NotFound
    if current.undone_at is not None:
        return loser
    if winner.is_closed:
        raise closed()
    moved, before = current.moved, current.moved["before"]
    if loser.merged_into_id != winner.pk or not loser.is_closed:
        raise Refusal("E-001-CASE-USED", _("Ce dossier a servi depuis la fusion, qui reste faite."), status=409)
    if before["closed_at"] is None:
        refuse_second(loser)
    for name, (model, _key) in _MOVED.items():
        model._base_manager.filter(pk__in=moved.get(name, []), case=winner).update(case=loser)
    CaseLogEntry.objects.filter(pk__in=moved.get("notes", []), case=winner).update(case=loser)
    added = moved.get("added", {})
    CaseObject.objects.filter(pk__in=added.get("objects", []), case=winner).exclude(
        object_id=winner.contract_id
    ).delete()
    held = CaseObject.objects.filter(case=winner).values("object__client_id")
    CaseParticipant.objects.filter(pk__in=added.get("participants", []), case=winner).exclude(
        client_id__in=held
    ).delete()
    CaseAgent.objects.filter(pk__in=added.get("agents", []), case=winner).exclude(
        user_id=winner.responsible_id or 0
    ).delete()
    if moved.get("hidden") and winner.is_confidential:
        winner.is_confidential = False
        winner.version += 1
        winner.save(update_fields=["is_confidential", "version"])
    for one in (winner, loser):
        follow(one)
    loser.state, loser.sub_status = before["state"], before["sub_status"]
    loser.closed_at, loser.closing_reason = before["closed_at"], before["closing_reason"]
    loser.merged_into = None
    loser.version += 1
    loser.save()
    loser.refresh_from_db(fields=["closed_at"])
    CaseLogEntry.objects.filter(case__in=[winner, loser], kind=CaseLogEntry.Kind.MERGE, data__merge=current.pk).delete()
    current.undone_at = timezone.now()
    current.save(update_fields=["undone_at"])
    follow_clocks(loser)
    follow_clocks(winner)
    mirror(loser, CHANGED)
    return loser


def _hide(winner: Case, by) -> None:
    """Makes the winner confidential."""
    winner.is_confidential = True
    winner.version += 1
    winner.save(update_fields=["is_confidential", "version"])
    keep_in_sight(winner, by)


def _move(model, key: str, winner: Case, loser: Case) -> list[int]:
    """The rows of the loser go over, but for those that the winner has the like of."""
    there = set(model._base_manager.filter(case=winner).values_list(key, flat=True))
    rows = [pk for pk, value in model._base_manager.filter(case=loser).values_list("pk", key) if value not in there]
    model._base_manager.filter(pk__in=rows).update(case=winner)
    return rows


def _add(winner: Case, loser: Case) -> dict[str, list[int]]:
    """The people, agents and objects of the loser that the winner lacks. The loser keeps its own."""
    own = {"organization_id": winner.organization_id, "case": winner}
    parties = set(winner.participants.values_list("client_id", "person_id"))
    users = set(winner.agents.values_list("user_id", flat=True))
    objects = set(winner.objects_linked.values_list("object_id", flat=True))
    participants = CaseParticipant.objects.bulk_create(
        CaseParticipant(**own, client_id=row.client_id, person_id=row.person_id, role=row.role)
        for row in loser.participants.all()
        if (row.client_id, row.person_id) not in parties
    )
    agents = CaseAgent.objects.bulk_create(
        CaseAgent(
            **own,
            user_id=row.user_id,
            role=CaseAgent.Role.PARTICIPANT if row.role == CaseAgent.Role.ORIGINATOR else row.role,
        )
        for row in loser.agents.all()
        if row.user_id not in users
    )
    linked = CaseObject.objects.bulk_create(
        CaseObject(**own, object_id=row.object_id) for row in loser.objects_linked.all() if row.object_id not in objects
    )
    return {
        "participants": [row.pk for row in participants],
        "agents": [row.pk for row in agents],
        "objects": [row.pk for row in linked],
    }
