"""Logging an interaction: the main job of the product, and its hottest write."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, Person
from entregent.clients.selectors import ACTIVE_CONTRACT_STATES
from entregent.documents.models import StoredFile
from entregent.interactions.actions.entries import attach_files, mail_refusals
from entregent.interactions.actions.rules import (
    CHOICES,
    clean_line,
    clean_notes,
    date_refusals,
    entry_refusals,
    length_refusals,
    object_foreign,
    refuse,
)
from entregent.interactions.audience import audience_of
from entregent.interactions.mails import announce
from entregent.interactions.models import Interaction, InteractionAgent, Topic
from entregent.interactions.template_models import AppliedTemplate, RecordTemplate
from entregent.listing import custom_fields
from entregent.organizations.actions import next_numbers
from entregent.organizations.idempotency import fingerprint_of, once
from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal, required
from entregent.toolbox.text import search_key

# « No contract, even where there is one »: the person took the chip away.
NO_CONTRACT: Any = object()

Agent = InteractionAgent.Role


@transaction.atomic
def log_interaction(
    *,
    by,
    client: Client | None = None,
    person: Person | None = None,
    topic: Topic | str | None,
    channel: str,
    notes: str = "",
    internal: bool = False,
    incoming: bool = False,
    direction: str | None = None,
    occurred_at: datetime | None = None,
    follow_up_on: date | None = None,
    follow_up_owner: User | None = None,
    subject: str = "",
    contract: BusinessObject | None = None,
    participants: Iterable[Client | Person | tuple[Client | Person, str]] = (),
    agents: Iterable[User | tuple[User, str]] = (),
    objects: Iterable[BusinessObject] = (),
    contact_name: str | None = None,
    contact_phone: str | None = None,
    entry_name: str | None = None,
    priority: str = Interaction.Priority.NORMAL,
    due_on: date | None = None,
    reference: str = "",
    idempotency_key: str | None = None,
    custom: Mapping[str, Any] | None = None,
    origin: str = Interaction.Origin.SCREEN,
    external_key: str = "",
    notify: bool = True,
    files: Sequence[StoredFile] = (),
    mail_to: Sequence[Person] = (),
    template: RecordTemplate | None = None,
    left_out: Sequence[tuple[str, str]] = (),
) -> Interaction:
    """Logs one exchange with `client`, or with `person` alone, and its first entry.

    Defaults: now; the author as émetteur and owner of the follow-up; the client (and the person) as interlocuteurs; the
    contract when the client has exactly one active contract (`NO_CONTRACT`: none). `topic` is a Topic or its code. With
    an idempotency key the same request makes one interaction, however often it comes. Unless it is internal, the
    client sees the entry (module « Portail client »); what is brought in from elsewhere stays unpublished. With
    `notify` those who took it are mailed, and `mail_to` whether or not they took it; `audience` of what is given back
    says whom it reached (absent on a repeat). Participants may come with the role that they have here. `template` is
    what it was filled in with (`templating.propose`), `left_out` what of that was not attached, with the reason.
    Refuses: nobody to speak with, no topic or one that is no longer offered, a date in the future, a follow-up before
    the interaction, internal and incoming together, an object of another client, texts that are too long.
    """
    occurred_at = occurred_at or timezone.now()
    topic = _topic(topic, by)
    notes, subject = clean_notes(notes), clean_line(subject)
    entry_name = clean_line(entry_name) or by.user.name[:80]
    contact_name, contact_phone = clean_line(contact_name), clean_line(contact_phone)
    reference = clean_line(reference)
    parties = _parties(client, person, participants)
    linked = list({linked.pk: linked for linked in objects}.values())
    if direction is None:
        direction = Interaction.Direction.INCOMING if incoming else Interaction.Direction.NONE

    refusals = entry_refusals(internal=internal, incoming=incoming, notes=notes, entry_name=entry_name)
    refusals += date_refusals(occurred_at=occurred_at, follow_up_on=follow_up_on, zone=by.organization.time_zone)
    refusals += length_refusals(
        {
            "subject": (_("Objet"), subject, 200),
            "contact_name": (_("Nom du contact"), contact_name, 120),
            "contact_phone": (_("Téléphone du contact"), contact_phone, 40),
            "reference": (_("Référence"), reference, 120),
        }
    )
    refusals += _choice_refusals(channel=channel, direction=direction, priority=priority)
    # What other programs write at their own time need not hold what people are asked for.
    is_asked = origin in (Interaction.Origin.SCREEN, Interaction.Origin.API)
    custom, custom_refusals = custom_fields.clean(by, "interaction", custom, variant=str(channel), is_new=is_asked)
    refusals += custom_refusals + mail_refusals(mail_to, internal=internal)
    if client is None and person is None:
        refusals.insert(0, Refusal("E-001-NO-CLIENT", _("Choisissez un client ou créez un prospect."), field="client"))
    if topic is None:
        refusals.append(required("topic", _("Rubrique")))
    elif not topic.is_active and origin != Interaction.Origin.IMPORT:
        refusals.append(Refusal("E-003-TOPIC", _("Cette rubrique n'est plus proposée."), field="topic"))
    clients = {party.pk for party in parties if isinstance(party, Client)}
    refusals += [object_foreign(one) for one in linked if one.client_id not in clients]
    if contract is not None and contract is not NO_CONTRACT and contract.client_id not in clients:
        refusals.append(object_foreign(contract))
    refuse(refusals)

    if contract is None and origin != Interaction.Origin.IMPORT and client is not None:
        contract = only_active_contract(client)
    if contract is not None and contract is not NO_CONTRACT and all(one.pk != contract.pk for one in linked):
        linked.insert(0, contract)

    interaction = Interaction(
        organization_id=by.organization_id,
        client=client,
        person=person,
        topic=topic,
        channel=channel,
        direction=direction,
        subject=subject,
        occurred_at=occurred_at,
        priority=priority,
        due_on=due_on,
        follow_up_on=follow_up_on,
        follow_up_owner=(follow_up_owner or by.user) if follow_up_on else None,
        contact_name=contact_name,
        contact_phone=contact_phone,
        reference=reference,
        origin=origin,
        external_key=clean_line(external_key),
        custom=custom,
        created_by=by.user,
    )
    entry = {"entry_name": entry_name, "internal": internal, "incoming": incoming, "notes": notes}
    is_told = origin != Interaction.Origin.IMPORT and not internal
    audience = None
    if is_told:
        audience = audience_of(
            by,
            client_id=interaction.client_id,
            person_id=interaction.person_id,
            internal=internal,
            incoming=incoming,
            notify=notify,
            mail_to=mail_to,
        )
    publication = {
        "notify": is_told and notify,
        "published_at": timezone.now() if audience is not None and audience.is_communicated else None,
    }

    def make() -> int:
        _write(interaction, entry | publication, by=by, parties=parties, agents=_agents(by, agents), objects=linked)
        interaction.audience = audience
        if template is not None:
            AppliedTemplate.objects.create(
                organization_id=by.organization_id,
                interaction_id=interaction.pk,
                template=template,
                left_out=[list(one) for one in left_out],
            )
        if files or (audience is not None and audience.mailed):
            first = interaction.entries.get()
            first.interaction = interaction
            attach_files(first, files)
            if audience is not None:
                announce(first, audience, by=by)
        return interaction.pk

    if not idempotency_key:
        make()
        return interaction
    fingerprint = _fingerprint(interaction, entry, parties, linked, files)
    kept_id, was_repeated = once(by.organization_id, "log_interaction", idempotency_key, fingerprint, make)
    if was_repeated:
        return Interaction.objects.select_related("client", "person", "topic").get(pk=kept_id)
    return interaction


def only_active_contract(client: Client) -> BusinessObject | None:
    """The contract of a client who has exactly one that runs; None when there are several."""
    found = list(
        BusinessObject.objects.own()
        .filter(
            client_id=client.pk,
            organization_id=client.organization_id,
            type__code=BusinessObjectType.CONTRACT,
            deleted_at__isnull=True,
            state__in=ACTIVE_CONTRACT_STATES,
        )
        .select_related("type")[:2]
    )
    return found[0] if len(found) == 1 else None


def _topic(topic: Topic | str | None, by) -> Topic | None:
    if isinstance(topic, str):
        return Topic.objects.filter(organization_id=by.organization_id, code=topic).first()
    return topic


def _parties(client, person, participants) -> dict[Client | Person, str]:
    """Who took part, each once, with their role: the client and the person first, always."""
    parties: dict[Client | Person, str] = {party: "" for party in (client, person) if party is not None}
    for one in participants:
        party, role = one if isinstance(one, tuple) else (one, "")
        parties[party] = parties.get(party) or clean_line(role)[:60]
    return parties


def _agents(by, agents) -> dict[int, str]:
    """User ids with their role: the author is émetteur, nobody stands twice."""
    roles: dict[int, str] = {by.user_id: Agent.ORIGINATOR}
    for agent in agents:
        user, role = agent if isinstance(agent, tuple) else (agent, Agent.PARTICIPANT)
        if role == Agent.ORIGINATOR:
            role = Agent.RESPONSIBLE
        roles.setdefault(user.pk, role)
    return roles


def _choice_refusals(**values) -> list[Refusal]:
    labels = {"channel": _("Canal"), "direction": _("Sens"), "priority": _("Priorité")}
    return [required(name, labels[name]) for name, value in values.items() if value not in CHOICES[name].values]


def _fingerprint(interaction, entry, parties, objects, files) -> str:
    """What makes two requests the same. The time is left out: a repeated request comes later by its nature."""
    told = [
        interaction.client_id,
        interaction.person_id,
        interaction.topic_id,
        str(interaction.channel),
        str(interaction.direction),
        interaction.subject,
        str(interaction.follow_up_on),
        entry,
        interaction.custom,
        sorted((type(party).__name__, party.pk) for party in parties),
        sorted(one.pk for one in objects),
        [(one.name, one.sha256) for one in files],
    ]
    return fingerprint_of(told)


# Everything in one statement: the number is the last thing taken before, because its row stays locked until the commit.
_INSERT = """
WITH logged AS (
    INSERT INTO interactions_interaction (
        organization_id, number, client_id, person_id, topic_id, channel, direction, subject, occurred_at, status,
        priority, due_on, follow_up_on, follow_up_owner_id, contact_name, contact_phone, reference, origin,
        external_key, custom, created_by_id, entry_sort_key, version)
    VALUES (
        %(organization)s, %(number)s, %(client)s, %(person)s, %(topic)s, %(channel)s, %(direction)s, %(subject)s,
        %(occurred_at)s, %(status)s, %(priority)s, %(due_on)s, %(follow_up_on)s, %(follow_up_owner)s, %(contact_name)s,
        %(contact_phone)s, %(reference)s, %(origin)s, %(external_key)s, %(custom)s, %(user)s,
        %(entry_sort_key)s, 1)
    RETURNING id, created_at
), entry AS (
    INSERT INTO interactions_interactionentry (
        organization_id, interaction_id, seq, author_id, entry_name, internal, incoming, notify, notes, published_at)
    SELECT %(organization)s, id, 1, %(user)s, %(entry_name)s, %(internal)s, %(incoming)s, %(notify)s, %(notes)s,
           %(published_at)s::timestamptz
    FROM logged
), parties AS (
    INSERT INTO interactions_interactionparticipant (organization_id, interaction_id, client_id, person_id, role)
    SELECT %(organization)s, logged.id, party.client_id, party.person_id, party.role
    FROM logged,
         unnest(%(clients)s::bigint[], %(people)s::bigint[], %(as_whom)s::text[]) AS party (client_id, person_id, role)
), agents AS (
    INSERT INTO interactions_interactionagent (organization_id, interaction_id, user_id, role)
    SELECT %(organization)s, logged.id, agent.user_id, agent.role
    FROM logged, unnest(%(agents)s::bigint[], %(roles)s::text[]) AS agent (user_id, role)
)
"""
_OBJECTS = """, objects AS (
    INSERT INTO interactions_interactionobject (organization_id, interaction_id, object_id)
    SELECT %(organization)s, logged.id, linked FROM logged, unnest(%(objects)s::bigint[]) AS linked
)
"""
_RESULT = "SELECT id, created_at FROM logged"
_INSERT_ALONE = _INSERT + _RESULT
_INSERT_WITH_OBJECTS = _INSERT + _OBJECTS + _RESULT


def _write(interaction: Interaction, entry: dict, *, by, parties, agents: dict[int, str], objects) -> None:
    record(
        "log_interaction",
        by=by,
        client_id=interaction.client_id,
        channel=str(interaction.channel),
        topic_fr=interaction.topic.label_fr,
        topic_en=interaction.topic.label_en,
        origin=str(interaction.origin),
    )
    interaction.number = next_numbers(by.organization_id, "interaction")
    parameters = {
        "organization": by.organization_id,
        "number": interaction.number,
        "client": interaction.client_id,
        "person": interaction.person_id,
        "topic": interaction.topic_id,
        "channel": str(interaction.channel),
        "direction": str(interaction.direction),
        "subject": interaction.subject,
        "occurred_at": interaction.occurred_at,
        "status": str(interaction.status),
        "priority": str(interaction.priority),
        "due_on": interaction.due_on,
        "follow_up_on": interaction.follow_up_on,
        "follow_up_owner": interaction.follow_up_owner_id,
        "contact_name": interaction.contact_name,
        "contact_phone": interaction.contact_phone,
        "reference": interaction.reference,
        "origin": str(interaction.origin),
        "external_key": interaction.external_key,
        "custom": Jsonb(interaction.custom),
        "user": by.user_id,
        "entry_sort_key": search_key(entry["entry_name"])[:80],
        "clients": [party.pk if isinstance(party, Client) else None for party in parties],
        "people": [party.pk if isinstance(party, Person) else None for party in parties],
        "as_whom": list(parties.values()),
        "agents": list(agents),
        "roles": [str(role) for role in agents.values()],
        "objects": [one.pk for one in objects],
        **entry,
    }
    written = rows_of(_INSERT_WITH_OBJECTS if objects else _INSERT_ALONE, parameters)
    ((interaction.pk, interaction.created_at),) = written
    interaction._state.adding = False
    interaction._state.db = "default"
