"""Follow-ups: done, opened again, put off."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from entregent.audit.actions import record
from entregent.interactions.actions.rules import date_refusals, locked, refuse
from entregent.interactions.models import Interaction


@transaction.atomic
def complete_follow_up(interaction: Interaction, *, by) -> Interaction:
    """The follow-up was done now, by this person. Done twice, the first stays."""
    record("complete_follow_up", by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number)
    current = locked(interaction, by=by)
    if current.follow_up_on is not None and current.follow_up_done_at is None:
        current.follow_up_done_at, current.follow_up_done_by = timezone.now(), by.user
        _save(current)
    return current


@transaction.atomic
def reopen_follow_up(interaction: Interaction, *, by) -> Interaction:
    """The follow-up is still to be done."""
    record("reopen_follow_up", by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number)
    current = locked(interaction, by=by)
    if current.follow_up_done_at is not None:
        current.follow_up_done_at, current.follow_up_done_by = None, None
        _save(current)
    return current


@transaction.atomic
def postpone_follow_up(interaction: Interaction, *, by, on: date) -> Interaction:
    """The follow-up moves to the day `on`, and is to be done. Refuses a day before the interaction."""
    record(
        "postpone_follow_up",
        by=by,
        subject=interaction,
        client_id=interaction.client_id,
        number=interaction.number,
        on=on.isoformat(),
    )
    current = locked(interaction, by=by)
    refuse(
        [
            refusal
            for refusal in date_refusals(
                occurred_at=current.occurred_at, follow_up_on=on, zone=by.organization.time_zone
            )
            if refusal.code == "E-003-FOLLOW"
        ]
    )
    current.follow_up_on, current.follow_up_done_at, current.follow_up_done_by = on, None, None
    if current.follow_up_owner_id is None:
        current.follow_up_owner = by.user
    _save(current)
    return current


def _save(interaction: Interaction) -> None:
    interaction.version += 1
    interaction.save(
        update_fields=["follow_up_on", "follow_up_owner", "follow_up_done_at", "follow_up_done_by", "version"]
    )
