"""Entries of a conversation."""

from django.db import transaction
from django.db.models import Max

from entregent.audit.actions import record
from entregent.interactions.actions.rules import clean_line, clean_notes, entry_refusals, locked, refuse
from entregent.interactions.models import Interaction, InteractionEntry
from entregent.toolbox.errors import NotFound


@transaction.atomic
def add_entry(
    interaction: Interaction,
    *,
    by,
    notes: str,
    internal: bool = False,
    incoming: bool = False,
    entry_name: str | None = None,
) -> InteractionEntry:
    """Adds an entry to the conversation; who wrote it is kept beside the name that is shown."""
    record("add_entry", by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number)
    current = locked(interaction, by=by)
    notes, entry_name = clean_notes(notes), clean_line(entry_name) or by.user.name[:80]
    refuse(entry_refusals(internal=internal, incoming=incoming, notes=notes, entry_name=entry_name))
    last = current.entries.aggregate(last=Max("seq"))["last"] or 0
    return InteractionEntry.objects.create(
        organization_id=by.organization_id,
        interaction=current,
        seq=last + 1,
        author=by.user,
        entry_name=entry_name,
        internal=internal,
        incoming=incoming,
        notes=notes,
    )


@transaction.atomic
def update_entry(
    entry: InteractionEntry,
    *,
    by,
    version: int,
    notes: str,
    internal: bool,
    incoming: bool,
    entry_name: str | None = None,
) -> InteractionEntry:
    """Corrects an entry; `version` is that of its interaction. An entry made internal is no longer published (R003-22);
    its author stays who it was."""
    interaction = entry.interaction
    record("update_entry", by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number)
    current = locked(interaction, by=by, version=version)
    standing = InteractionEntry.objects.filter(pk=entry.pk, interaction=current).first()
    if standing is None:
        raise NotFound
    entry = standing
    notes, entry_name = clean_notes(notes), clean_line(entry_name) or entry.entry_name
    refuse(entry_refusals(internal=internal, incoming=incoming, notes=notes, entry_name=entry_name))
    entry.notes, entry.entry_name, entry.internal, entry.incoming = notes, entry_name, internal, incoming
    if internal:
        entry.published_at = None
    entry.save(update_fields=["notes", "entry_name", "internal", "incoming", "published_at"])
    current.version += 1
    current.save(update_fields=["version"])
    return entry
