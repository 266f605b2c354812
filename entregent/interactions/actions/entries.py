"""Entries of a conversation, and what of them the client may see."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import Person
from entregent.documents.models import StoredFile
from entregent.interactions.actions.rules import (
    clean_line,
    clean_notes,
    entry_refusals,
    locked,
    refuse,
    system_refusals,
)
from entregent.interactions.audience import audience_of, no_address, valid_address
from entregent.interactions.extension_points import entry_written
from entregent.interactions.mails import announce
from entregent.interactions.models import EntryAttachment, Interaction, InteractionEntry
from entregent.organizations.models import Module, Organization
from entregent.toolbox.errors import NotFound, Refusal

Status = Interaction.Status
Origin = InteractionEntry.Origin


@transaction.atomic
def add_entry(
    interaction: Interaction,
    *,
    by,
    notes: str,
    internal: bool = False,
    incoming: bool = False,
    notify: bool = True,
    entry_name: str | None = None,
    files: Sequence[StoredFile] = (),
    mail_to: Sequence[Person] = (),
) -> InteractionEntry:
    """Adds an entry to the conversation; who wrote it is kept beside the name that is shown.

    Unless it is internal, the client sees it (module « Portail client ») and a closed interaction is open again. With
    `notify`, those who took it are mailed; `mail_to` are people to whom it is mailed whether or not they took it. The
    entry given back says in `audience` who it reached.
    """
    record("add_entry", by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number)
    current = locked(interaction, by=by)
    notes, entry_name = clean_notes(notes), clean_line(entry_name) or by.user.name[:80]
    refuse(
        entry_refusals(internal=internal, incoming=incoming, notes=notes, entry_name=entry_name)
        + mail_refusals(mail_to, internal=internal)
    )
    audience = audience_of(
        by,
        client_id=current.client_id,
        person_id=current.person_id,
        internal=internal,
        incoming=incoming,
        notify=notify,
        mail_to=mail_to,
    )
    entry = write_entry(
        current,
        author=by.user,
        entry_name=entry_name,
        internal=internal,
        incoming=incoming,
        notify=notify and not internal,
        notes=notes,
        files=files,
        published_at=timezone.now() if audience.is_communicated else None,
    )
    entry.audience = audience
    announce(entry, audience, by=by)
    return entry


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
    refuse(
        system_refusals(entry.origin == Origin.SYSTEM)
        + entry_refusals(internal=internal, incoming=incoming, notes=notes, entry_name=entry_name)
    )
    was_internal = entry.internal
    entry.notes, entry.entry_name, entry.internal, entry.incoming = notes, entry_name, internal, incoming
    if internal:
        entry.published_at, entry.notify = None, False
    elif was_internal:
        entry.published_at = publication_moment(current.organization, internal=internal)
    entry.save(update_fields=["notes", "entry_name", "internal", "incoming", "notify", "published_at"])
    current.version += 1
    current.save(update_fields=["version"])
    return entry


def write_entry(
    interaction: Interaction,
    *,
    entry_name: str,
    notes: str,
    author=None,
    author_person: Person | None = None,
    internal: bool = False,
    incoming: bool = False,
    notify: bool = False,
    folded: str = "",
    origin: str = Origin.SCREEN,
    mail_message_id: str = "",
    files: Sequence[StoredFile] = (),
    published_at: datetime | None = None,
) -> InteractionEntry:
    """Writes the next entry of a locked interaction: what was asked was checked by then.

    What the client is told or says opens a closed interaction again; what the client says ends the wait for them
    (requirements.md §3.4).
    """
    last = interaction.entries.aggregate(last=Max("seq"))["last"] or 0
    entry = InteractionEntry.objects.create(
        organization_id=interaction.organization_id,
        interaction=interaction,
        seq=last + 1,
        author=author,
        author_person=author_person,
        entry_name=entry_name,
        internal=internal,
        incoming=incoming,
        notify=notify,
        notes=notes,
        folded=folded,
        origin=origin,
        mail_message_id=mail_message_id,
        published_at=published_at,
    )
    attach_files(entry, files)
    is_from_client = origin in (Origin.PORTAL, Origin.MAIL) and not internal
    is_said = not internal and origin != Origin.SYSTEM
    if (interaction.status == Status.CLOSED and is_said) or (interaction.status == Status.WAITING and is_from_client):
        interaction.status = Status.OPEN
        interaction.version += 1
        interaction.save(update_fields=["status", "version"])
    for written in entry_written:
        written(entry, interaction)
    return entry


def attach_files(entry: InteractionEntry, files: Sequence[StoredFile]) -> None:
    """The files of an entry, each once, in the order given; those of another organization are nobody's here."""
    foreign = [file for file in files if file.organization_id != entry.organization_id]
    if foreign:
        raise NotFound
    EntryAttachment.objects.bulk_create(
        EntryAttachment(organization_id=entry.organization_id, entry=entry, file=file)
        for file in {file.pk: file for file in files}.values()
    )


def mail_refusals(mail_to: Sequence[Person], *, internal: bool) -> list[Refusal]:
    """Whom nothing can be mailed to, and what is not for the client."""
    refusals = [no_address(person) for person in mail_to if not valid_address(person.main_email)]
    if mail_to and internal:
        refusals.append(
            Refusal("E-003-INT-ENT", _("Une note interne n'est envoyée à personne chez le client."), field="visibility")
        )
    return refusals


def publication_moment(organization: Organization, *, internal: bool) -> datetime | None:
    """Now, for what the client may see: the portal is configured and the entry is not internal (R003-19)."""
    if internal or not organization.has_module(Module.PORTAL):
        return None
    return timezone.now()
