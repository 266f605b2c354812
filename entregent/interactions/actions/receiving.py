"""What comes from the client's side, and what the product records by itself."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.documents.models import StoredFile
from entregent.interactions.actions.entries import attach_files, publication_moment, write_entry
from entregent.interactions.actions.rules import NOTES_AT_MOST, clean_line, clean_notes, entry_refusals, refuse
from entregent.interactions.models import Interaction, InteractionEntry, InteractionParticipant, Topic
from entregent.interactions.notices import PORTAL_MESSAGE
from entregent.notifications.actions import notify, subscribers
from entregent.organizations.actions import next_numbers
from entregent.organizations.idempotency import once
from entregent.organizations.models import Organization
from entregent.toolbox.errors import NotFound, Refusal

Channel = Interaction.Channel
# Topics under which a message stands that names none, in this order; else the first that is offered.
_USUAL_TOPICS = ("renseignement", "autre")


@transaction.atomic
def receive_message(
    *,
    organization: Organization,
    client: Client | None,
    person: Person | None,
    text: str,
    subject: str = "",
    folded: str = "",
    channel: str,
    interaction: int | None = None,
    files: Sequence[StoredFile] = (),
    occurred_at: datetime | None = None,
    mail_message_id: str = "",
    sender_name: str = "",
    topic: Topic | None = None,
    published: bool = True,
    internal: bool = False,
    idempotency_key: str | None = None,
) -> tuple[int, int]:
    """A message from the client's side: (id, number) of the interaction in which it stands.

    `interaction` is the number of the one that it answers: it gets an incoming entry, and is open again (R003-23).
    Without one, a new interaction is made, with `client` or with `person` alone, under `topic` or the organization's
    usual one. The same mail (`mail_message_id`) or the same form (`idempotency_key`) makes one entry, however often it
    comes. A mail that answers an interaction which is gone makes a new one; a portal message is refused as not found,
    as it is when the interaction is another client's (E-003-PORTAL-WRITE). A mail may be longer than notes are: what
    is over stands folded. Shown is the person's name, else `sender_name`. What is not `published` is for the staff
    alone: nobody at the client reads it on the portal. One that is `internal` is not
    the client's word: it is not published, opens nothing and tells nobody.
    """
    is_mail = channel == Channel.EMAIL
    text, folded, subject = clean_notes(text), clean_notes(folded), clean_line(subject)[:200]
    shown_name = (person.full_name if person is not None else clean_line(sender_name))[:80]
    shown_name = shown_name or (client.display_name[:80] if client is not None else _("Client"))
    if is_mail and len(text) > NOTES_AT_MOST:
        text, folded = text[:NOTES_AT_MOST], f"{text[NOTES_AT_MOST:]}\n{folded}".strip()
    refuse(entry_refusals(internal=internal, incoming=not internal, notes=text, entry_name=shown_name))
    if client is None and person is None and interaction is None:
        raise Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client")
    if mail_message_id:
        _one_at_a_time(organization.pk, mail_message_id)
        known = (
            InteractionEntry.objects.filter(organization_id=organization.pk, mail_message_id=mail_message_id)
            .values_list("interaction_id", "interaction__number")
            .first()
        )
        if known is not None:
            return known

    def make() -> int:
        current = _answered(organization, interaction, client, is_strict=not is_mail)
        record(
            "receive_message",
            organization_id=organization.pk,
            subject=current,
            client_id=current.client_id if current is not None else client.pk if client is not None else None,
            number=current.number if current is not None else None,
            channel=str(channel),
            told_as=shown_name,
        )
        if current is None:
            current = _new(
                organization,
                client,
                person,
                subject=subject,
                channel=channel,
                topic=topic,
                occurred_at=occurred_at,
                direction=Interaction.Direction.NONE if internal else Interaction.Direction.INCOMING,
            )
        write_entry(
            current,
            author_person=person,
            entry_name=shown_name,
            notes=text,
            folded=folded,
            internal=internal,
            incoming=not internal,
            origin=InteractionEntry.Origin.MAIL if is_mail else InteractionEntry.Origin.PORTAL,
            mail_message_id=mail_message_id,
            files=files,
            published_at=publication_moment(organization, internal=internal or not published),
        )
        if not internal:
            _tell_members(organization, current, text)
        return current.pk

    told = [
        client.pk if client is not None else None,
        person.pk if person is not None else None,
        interaction,
        subject,
        text,
        [(file.name, file.sha256) for file in files],
    ]
    return _once(organization, "receive_message", idempotency_key, told, make)


@transaction.atomic
def record_by_system(
    *,
    organization: Organization,
    client: Client | None,
    person: Person | None,
    channel: str = Channel.FILE_TRANSFER,
    subject: str,
    text: str,
    published: bool = False,
    external_key: str,
    origin: str = Interaction.Origin.TRANSFER,
    topic: str = "",
    files: Sequence[StoredFile] = (),
) -> Interaction:
    """A step that the product made, as an interaction (R004-20); those of file transfers nobody edits (E-004-SYS). The
    same `external_key` makes one. Unless it is `published`, its entry is internal. `topic` is a code; without one that
    is known it stands under the usual one."""
    _one_at_a_time(organization.pk, f"system:{external_key}")
    known = Interaction.objects.filter(organization_id=organization.pk, external_key=external_key).first()
    if known is not None:
        return known
    record(
        "record_by_system",
        organization_id=organization.pk,
        client_id=client.pk if client is not None else None,
        channel=str(channel),
        external_key=external_key,
    )
    made = _new(
        organization,
        client,
        person,
        subject=clean_line(subject)[:200],
        channel=channel,
        origin=origin,
        topic=Topic.objects.filter(organization_id=organization.pk, code=topic).first() if topic else None,
        direction=Interaction.Direction.NONE,
        status=Interaction.Status.CLOSED,
        external_key=external_key,
    )
    entry = write_entry(
        made,
        entry_name=str(organization.name)[:80],
        notes=clean_notes(text)[:NOTES_AT_MOST],
        internal=not published,
        origin=InteractionEntry.Origin.SYSTEM,
        published_at=publication_moment(organization, internal=not published),
    )
    if files:
        attach_files(entry, files)
    return made


def _tell_members(organization: Organization, interaction: Interaction, text: str) -> None:
    """The subscribed employees, and whoever took part in the interaction for the organization (R003-21)."""
    users = set(subscribers(organization, PORTAL_MESSAGE, interaction.client_id))
    users |= set(interaction.agents.values_list("user_id", flat=True))
    client = interaction.client
    notify(
        organization=organization,
        event=PORTAL_MESSAGE,
        users=users,
        client_id=interaction.client_id,
        subject_record=interaction,
        url=reverse("interactions:detail", args=[organization.slug, interaction.number]),
        words={
            "number": interaction.number,
            "client": client.display_name if client is not None else "",
            "person": interaction.person.full_name if interaction.person is not None else "",
            "channel": str(interaction.channel),
            "text": text[:1000],
        },
    )


def _answered(
    organization: Organization, number: int | None, client: Client | None, *, is_strict: bool
) -> Interaction | None:
    """The interaction of that number, locked; None where a new one is to be made."""
    if number is None:
        return None
    found = (
        Interaction.objects.select_for_update(of=("self",))
        .select_related("organization", "client", "person")
        .filter(organization_id=organization.pk, number=number, deleted_at__isnull=True)
        .first()
    )
    if is_strict and (found is None or (client is not None and found.client_id != client.pk)):
        raise NotFound
    return found


def _new(
    organization: Organization,
    client: Client | None,
    person: Person | None,
    *,
    subject: str,
    channel: str,
    topic: Topic | None = None,
    occurred_at: datetime | None = None,
    origin: str | None = None,
    direction: str = Interaction.Direction.INCOMING,
    status: str = Interaction.Status.OPEN,
    external_key: str = "",
) -> Interaction:
    if client is None and person is None:
        raise NotFound
    if origin is None:
        origin = Interaction.Origin.MAIL if channel == Channel.EMAIL else Interaction.Origin.PORTAL
    now = timezone.now()
    made = Interaction.objects.create(
        organization=organization,
        number=next_numbers(organization.pk, "interaction"),
        client=client,
        person=person,
        topic=topic or usual_topic(organization),
        channel=channel,
        direction=direction,
        subject=subject,
        # The date that a mail tells may lie in the future.
        occurred_at=min(occurred_at, now) if occurred_at is not None else now,
        status=status,
        origin=origin,
        external_key=external_key,
    )
    parties: list[dict[str, Any]] = [{"client": client}] if client is not None else []
    parties += [{"person": person}] if person is not None else []
    InteractionParticipant.objects.bulk_create(
        InteractionParticipant(organization_id=organization.pk, interaction=made, **party) for party in parties
    )
    return made


def usual_topic(organization: Organization) -> Topic:
    """« Renseignement » while it is offered, « Autre », the first that is offered; else any, or one made for it."""
    topics = list(Topic.objects.filter(organization_id=organization.pk).order_by("-is_active", "position", "id"))
    offered = {topic.code: topic for topic in topics if topic.is_active}
    for code in _USUAL_TOPICS:
        if code in offered:
            return offered[code]
    if topics:
        return topics[0]
    return Topic.objects.create(
        organization_id=organization.pk, code="autre", label_fr="Autre", label_en="Other", position=1000
    )


def _one_at_a_time(organization_id: int, key: str) -> None:
    """Whoever brings the same thing a second time waits until the first is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, organization_id])


def _once(
    organization: Organization, purpose: str, key: str | None, told: list, make: Callable[[], int]
) -> tuple[int, int]:
    kept_id, _was_repeated = once(organization.pk, purpose, key, told, make)
    return kept_id, Interaction.objects.values_list("number", flat=True).get(pk=kept_id)
