"""Changing, closing, deleting and restoring an interaction."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.interactions.actions.rules import (
    CHOICES,
    clean_line,
    date_refusals,
    label_of,
    length_refusals,
    locked,
    refuse,
    system_refusals,
)
from entregent.interactions.models import Interaction
from entregent.listing import custom_fields
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, required

Status = Interaction.Status

# requirements.md §3.4
TRANSITIONS = {
    Status.OPEN: {Status.WAITING, Status.CLOSED},
    Status.WAITING: {Status.OPEN, Status.CLOSED},
    Status.CLOSED: {Status.OPEN},
}
# How long an editor may take back what they logged themselves (requirements.md §3.5).
OWN_FOR = timedelta(hours=24)

_LINES = {"subject": 200, "contact_name": 120, "contact_phone": 40, "reference": 120}
_CHANGEABLE = {
    "topic", "channel", "direction", "occurred_at", "priority", "due_on", "follow_up_on", "follow_up_owner",
    "sales_contact", "salesperson", "custom", *_LINES,
}  # fmt: skip


@transaction.atomic
def update_interaction(interaction: Interaction, *, by, version: int, **changes: Any) -> Interaction:
    """Changes what is known of the exchange. `contact_name` and `contact_phone` hold for this record only and never
    change the person (R003-17). Refuses a stale version, a date in the future, a follow-up before the interaction, a
    topic that is no longer offered (the one it has may stay)."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"update_interaction has no {sorted(unknown)}")
    _record("update_interaction", interaction, by)
    current = locked(interaction, by=by, version=version)
    refusals: list[Refusal] = system_refusals(current.is_system)
    for name in _LINES.keys() & changes.keys():
        changes[name] = clean_line(changes[name])
    refusals += length_refusals(
        {
            name: (label_of(name), changes[name], most)
            for name, most in _LINES.items()
            if name in changes
        }
    )
    for name in ("channel", "direction", "priority"):
        if name in changes and changes[name] not in CHOICES[name].values:
            refusals.append(required(name, label_of(name)))
    if "topic" in changes:
        topic = changes["topic"]
        if topic is None:
            refusals.append(required("topic", _("Rubrique")))
        elif not topic.is_active and topic.pk != current.topic_id:
            refusals.append(Refusal("E-003-TOPIC", _("Cette rubrique n'est plus proposée."), field="topic"))
    if "occurred_at" in changes and changes["occurred_at"] is None:
        refusals.append(required("occurred_at", _("Date interaction")))
        changes["occurred_at"] = current.occurred_at
    if {"occurred_at", "follow_up_on"} & changes.keys():
        refusals += date_refusals(
            occurred_at=changes.get("occurred_at", current.occurred_at),
            follow_up_on=changes.get("follow_up_on", current.follow_up_on),
            zone=by.organization.time_zone,
        )
    if "custom" in changes:
        changes["custom"], custom_refusals = custom_fields.clean(
            by,
            "interaction",
            changes["custom"],
            before=current.custom,
            variant=str(changes.get("channel", current.channel)),
        )
        refusals += custom_refusals
    refuse(refusals)
    if "follow_up_on" in changes and changes["follow_up_on"] != current.follow_up_on:
        # Another day is another follow-up, still to be done.
        current.follow_up_done_at = current.follow_up_done_by = None
        if changes["follow_up_on"] is None:
            changes["follow_up_owner"] = None
        elif changes.get("follow_up_owner") is None and current.follow_up_owner_id is None:
            changes["follow_up_owner"] = by.user
    for name, value in changes.items():
        setattr(current, name, value)
    current.version += 1
    current.save()
    return current


@transaction.atomic
def change_status(interaction: Interaction, *, by, status: str) -> Interaction:
    """Open ⇄ waiting for the client; either → closed; closed → open. Any other move is refused."""
    _record("change_interaction_status", interaction, by, status=str(status))
    current = locked(interaction, by=by)
    if status not in Status.values:
        raise required("status", _("Statut"))
    if status == current.status:
        return current
    if status not in TRANSITIONS[Status(current.status)]:
        raise Refusal(
            "E-001-TRANSITION",
            _("Passage de %(from)s à %(to)s impossible.")
            % {"from": Status(current.status).label, "to": Status(status).label},
            status=409,
        )
    current.status = status
    current.version += 1
    current.save(update_fields=["status", "version"])
    return current


@transaction.atomic
def delete_interaction(interaction: Interaction, *, by) -> Interaction:
    """Takes the interaction away from every list, whatever its status (R003-07); it stays in the journal and can be
    restored. Managers delete any in their reach, editors what they logged themselves within 24 hours."""
    _record("delete_interaction", interaction, by)
    current = locked(interaction, by=by)
    if not may_delete(current, by):
        raise RightMissing
    current.deleted_at, current.deleted_by = timezone.now(), by.user
    current.version += 1
    current.save(update_fields=["deleted_at", "deleted_by", "version"])
    return current


@transaction.atomic
def restore_interaction(interaction: Interaction, *, by) -> Interaction:
    """Brings a deleted interaction back as it was. Whoever deleted it may, and whoever may delete any."""
    _record("restore_interaction", interaction, by)
    current = (
        Interaction.objects.select_for_update(of=("self",))
        .select_related("client", "person", "topic")
        .filter(pk=interaction.pk, organization_id=by.organization_id)
        .first()
    )
    if current is None:
        raise NotFound
    if current.deleted_at is None:
        return current
    current.deleted_at, deleted_by_id = None, current.deleted_by_id
    current.deleted_by = None
    current.version += 1
    current.save(update_fields=["deleted_at", "deleted_by", "version"])
    # Asked after the row is back: a deleted record is visible to nobody, so to others it stays absent.
    if deleted_by_id != by.user_id and not _deletes_any(current, by):
        raise NotFound
    return current


def may_delete(interaction: Interaction, by) -> bool:
    """Any in reach for managers; for others what they logged themselves in the last 24 hours."""
    own = (
        interaction.created_by_id == by.user_id
        and interaction.created_at > timezone.now() - OWN_FOR
        and by.can(Right.INTERACTION_DELETE_OWN)
    )
    return own or _deletes_any(interaction, by)


def _deletes_any(interaction: Interaction, by) -> bool:
    if not by.can(Right.INTERACTION_DELETE_ANY):
        return False
    if by.reach.is_whole(Right.INTERACTION_DELETE_ANY):
        return True
    return Interaction.objects.visible_to(by, Right.INTERACTION_DELETE_ANY).filter(pk=interaction.pk).exists()


def _record(name: str, interaction: Interaction, by, **data) -> None:
    record(name, by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number, **data)
