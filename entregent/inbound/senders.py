"""Whose an address is: clients, people, members."""

from dataclasses import dataclass, field

from django.db.models import Q

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
    given = [row[0] for row in rows_of("SELECT * FROM interactions_portal_accesses_at(%s)", [address.lower()])]
    if not given:
        return Hits(list(dict.fromkeys(pairs)))
    accesses = PortalAccess.objects.active().filter(organization_id=organization_id, pk__in=given)
    # The address of an invitation says who somebody was then: once the staff have corrected it, it is nobody's.
    believed = [
        (access.client_id, access.person_id)
        for access in accesses.select_related("person")
        if access.address.lower() == address.lower()
    ]
    return Hits(list(dict.fromkeys([*pairs, *believed])))


def at_phone(number: str) -> Hits:
    """`number` in E.164."""
    return Hits(list(rows_of("SELECT client_id, person_id FROM inbound_people_at(%s)", [[f"p:{number}"[:300]]])))


def members_at(organization_id: int, address: str) -> list[Membership]:
    """Who writes from an address: the member who signs in with it, else those who write to clients from it. Several
    share that of a service: then nobody can tell which of them it was."""
    if not address:
        return []
    found = list(
        Membership.objects.active()
        .select_related("user", "organization")
        .filter(
            Q(user__email__iexact=address) | Q(mail_from=Membership.MailFrom.OTHER, mail_address__iexact=address),
            organization_id=organization_id,
        )
        .order_by("pk")[:50]
    )
    own = [member for member in found if member.user.email.lower() == address.lower()]
    return own or found


def person_of(hits: Hits, client_id: int | None) -> Person | None:
    """The person who wrote, where it is one: of that client, else of any."""
    return _person(hits.people_of(client_id) or hits.people)


def is_of(hits: Hits, client: Client | None, person: Person | None) -> bool:
    """Whether one of these is the client, or the person where no client is meant."""
    if client is not None:
        return client.pk in hits.clients
    return person is not None and person.pk in hits.people


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
