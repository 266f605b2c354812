"""Who took part, which agents, about what: « Interlocuteurs liés », « Agents liés », « Objets ». Each is a set."""

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.models import BusinessObject, Client, Person
from entregent.interactions.actions.rules import locked, object_foreign
from entregent.interactions.models import (
    Interaction,
    InteractionAgent,
    InteractionObject,
    InteractionParticipant,
)
from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal


@transaction.atomic
def link_participant(interaction: Interaction, *, by, party: Client | Person, role: str = "") -> InteractionParticipant:
    """Adds a client or a person; the same one twice changes nothing."""
    _record("link_participant", interaction, by, party=str(party))
    current = locked(interaction, by=by)
    who = {"client": party} if isinstance(party, Client) else {"person": party}
    participant, _created = InteractionParticipant.objects.get_or_create(
        interaction=current, **who, defaults={"organization_id": by.organization_id, "role": role}
    )
    return participant


@transaction.atomic
def unlink_participant(participant: InteractionParticipant, *, by) -> None:
    """Takes a participant off; the client and the person of the interaction itself always stay (R001-14)."""
    interaction = participant.interaction
    _record("unlink_participant", interaction, by)
    current = locked(interaction, by=by)
    if (participant.client_id and participant.client_id == current.client_id) or (
        participant.person_id and participant.person_id == current.person_id
    ):
        raise Refusal("E-001-PARTICIPANT", _("L'interlocuteur de cette interaction ne peut pas être retiré."))
    participant.delete()


@transaction.atomic
def link_agent(
    interaction: Interaction, *, by, user: User, role: str = InteractionAgent.Role.PARTICIPANT
) -> InteractionAgent:
    """Adds an agent as responsable or participant. There is one émetteur, and it stays: nobody becomes another."""
    _record("link_agent", interaction, by, user=user.name, role=str(role))
    current = locked(interaction, by=by)
    agent = InteractionAgent.objects.filter(interaction=current, user=user).first()
    if role == InteractionAgent.Role.ORIGINATOR and (agent is None or agent.role != role):
        raise Refusal("E-001-ORIGINATOR", _("L'émetteur ne peut pas être remplacé."), field="role")
    if agent is None:
        return InteractionAgent.objects.create(
            organization_id=by.organization_id, interaction=current, user=user, role=role
        )
    if agent.role not in (role, InteractionAgent.Role.ORIGINATOR):
        agent.role = role
        agent.save(update_fields=["role"])
    return agent


@transaction.atomic
def unlink_agent(agent: InteractionAgent, *, by) -> None:
    """Takes an agent off. Refuses the émetteur."""
    interaction = agent.interaction
    _record("unlink_agent", interaction, by, user=agent.user.name)
    locked(interaction, by=by)
    if agent.role == InteractionAgent.Role.ORIGINATOR:
        raise Refusal("E-001-ORIGINATOR", _("L'émetteur ne peut pas être retiré."))
    agent.delete()


@transaction.atomic
def link_object(interaction: Interaction, *, by, business_object: BusinessObject) -> InteractionObject:
    """Adds an object of the client or of one of the participants; the same one twice changes nothing."""
    _record("link_object", interaction, by, object=str(business_object))
    current = locked(interaction, by=by)
    clients = set(current.participants.filter(client__isnull=False).values_list("client_id", flat=True))
    if business_object.client_id not in clients | {current.client_id}:
        raise object_foreign(business_object)
    link, _created = InteractionObject.objects.get_or_create(
        interaction=current, object=business_object, defaults={"organization_id": by.organization_id}
    )
    return link


@transaction.atomic
def unlink_object(link: InteractionObject, *, by) -> None:
    """Takes an object off; the object itself stays."""
    interaction = link.interaction
    _record("unlink_object", interaction, by, object=str(link.object))
    locked(interaction, by=by)
    link.delete()


def _record(name: str, interaction: Interaction, by, **data) -> None:
    record(name, by=by, subject=interaction, client_id=interaction.client_id, number=interaction.number, **data)
