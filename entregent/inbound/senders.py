"""Whose an address is: clients, people, members."""

from dataclasses import dataclass, field

from entregent.access.statements import rows_of
from entregent.clients.models import Client, Person
from entregent.interactions.models import Interaction, InteractionParticipant
from entregent.interactions.portal_access import PortalAccess
from entregent.organizations.models import Membership


@dataclass
class Hits:
    """The clients and people behind an address or a phone number, as (client id, person id)."""

    pairs: list[tuple[int | None, int | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    @property
    def clients(self) -> list[int]:
        return list(dict.fromkeys(client for client, _person in self.pairs if client is not None))

    def people_of(self, client_id: int | None) -> list[int]:
        return list(
            dict.fromkeys(person for client, person in self.pairs if client == client_id and person is not None)
        )

    @property
    def people(self) -> list[int]:
        return list(dict.fromkeys(person for _client, person in self.pairs if person is not None))

    def only(self) -> "tuple[Client | None, Person | None] | None":
        """The one client and the one person of theirs; a person without client; None where it is not one."""
        clients = self.clients
        if len(clients) > 1:
            return None
        if clients:
            people = self.people_of(clients[0])
            client = Client.objects.filter(pk=clients[0], deleted_at__isnull=True).first()
            return None if client is None else (client, _person(people))
        people = self.people_of(None)
        return (None, _person(people)) if len(people) == 1 else None


def _person(ids: list[int]) -> Person | None:
    return Person.objects.filter(pk=ids[0], deleted_at__isnull=True).first() if len(ids) == 1 else None


def at_address(organization_id: int, address: str) -> Hits:
    """Called inside the organization's wall."""
    if not address:
        return Hits()
    pairs = rows_of("SELECT client_id, person_id FROM inbound_people_at(%s)", [[f"e:{address.lower()}"[:300]]])
    accesses = PortalAccess.objects.active().filter(organization_id=organization_id, email__iexact=address)
    return Hits(list(dict.fromkeys([*pairs, *accesses.values_list("client_id", "person_id")[:50]])))


def at_phone(number: str) -> Hits:
    """`number` in E.164."""
    return Hits(list(rows_of("SELECT client_id, person_id FROM inbound_people_at(%s)", [[f"p:{number}"[:300]]])))


def member_at(organization_id: int, address: str) -> Membership | None:
    return (
        Membership.objects.active()
        .select_related("user", "organization")
        .filter(organization_id=organization_id, user__email__iexact=address)
        .first()
    )


def person_of(hits: Hits, client_id: int | None) -> Person | None:
    """The person who wrote, where it is one: of that client, else of any."""
    return _person(hits.people_of(client_id) or hits.people)


def takes_part(hits: Hits, interaction: Interaction) -> bool:
    """Whether one of these belongs to the client's side of the interaction: a token is believed of nobody else."""
    if interaction.client_id is not None and interaction.client_id in hits.clients:
        return True
    if interaction.person_id is not None and interaction.client_id is None and interaction.person_id in hits.people:
        return True
    taking_part = InteractionParticipant.objects.filter(interaction_id=interaction.pk)
    return (
        taking_part.filter(client_id__in=hits.clients, client__deleted_at__isnull=True).exists()
        or taking_part.filter(person_id__in=hits.people, person__deleted_at__isnull=True).exists()
    )
