"""What goes in and out: explicit fields, English names, snake_case (requirements.md §3.2).

Dates ISO 8601, times with offset, money as decimal strings beside a currency, phones E.164. Unknown fields are
refused: nothing is written that the schema does not name.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field

from entregent.clients.models import Address, Client, Person
from entregent.interactions.models import Interaction
from entregent.listing import custom_fields
from entregent.organizations.models import Membership

Text = Annotated[str, Field(max_length=20000)]
Custom = Annotated[
    dict[str, Any],
    Field(
        description="Custom fields by code: text, number, true, ISO date, id of an option, e-mail address of a member."
        " null or an empty text takes a value away.",
        examples=[{"meter_access": "cellar"}],
    ),
]
ClientKind = Literal["person", "company"]
ClientStatus = Literal["prospect", "client", "inactive"]
Channel = Literal[
    "phone_call", "phone_message", "front_desk", "letter", "email", "web", "note", "portal", "file_transfer", "other"
]


class Given(Schema):
    """A body: what it may hold and nothing else."""

    model_config = ConfigDict(extra="forbid")


class Told(BaseModel):
    """An answer. A plain model: ninja's own reads each field of each record once more by way of a getter."""


class Nothing(Given):
    """A body without anything to say."""


class Page(Told):
    """A part of a list; `next` is the cursor of what follows, null at the end."""

    next: str | None = Field(examples=["WyJibGFuY2hpc3NlcmllIiwgNDEyXQ=="])


class Fault(Schema):
    field: str = Field(examples=["name"])
    code: str = Field(examples=["E-REQUIRED"])
    message: str = Field(examples=["Nom est obligatoire."])


class Problem(Schema):
    """RFC 9457. `code` is one of the codes of the product, `errors` name the fields at fault."""

    type: str = Field(examples=["urn:entregent:problem:E-REQUIRED"])
    title: str
    status: int = Field(examples=[422])
    code: str = Field(examples=["E-REQUIRED"])
    detail: str
    errors: list[Fault] = []


class Phone(Given):
    label: str = Field("", max_length=40, examples=["Bureau"])
    number: str = Field(max_length=40, examples=["+33261910042"], description="Any writing in; E.164 out.")


class PhoneOut(Told):
    label: str = Field("", examples=["Bureau"])
    number: str = Field(examples=["+33261910042"])


class AddressIn(Given):
    kind: Literal["main", "mailing", "other"] = "main"
    label: str = ""
    street: str = ""
    unit: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = Field("", max_length=2, examples=["FR"], description="ISO 3166-1; the organization's by default.")


class AddressOut(Told):
    id: int
    kind: str
    label: str
    street: str
    unit: str
    postal_code: str
    city: str
    region: str
    country: str

    @classmethod
    def of(cls, address: Address) -> "AddressOut":
        return cls(**{name: getattr(address, name) for name in cls.model_fields})


class ClientIn(Given):
    kind: ClientKind
    name: str = Field(examples=["Blanchisserie Moreau"], description="Company name, or last name of a person.")
    first_name: str = ""
    number: str | None = Field(None, description="Given by the product when absent.")
    status: ClientStatus = "client"
    category: str = ""
    language: Literal["fr", "en"] | None = None
    birth_date: date | None = None
    responsible: str | None = Field(None, description="E-mail address of a member.", examples=["nadia@example.org"])
    sector: str | None = Field(None, description="Code of a sector.", examples=["NORD"])
    emails: list[str] = []
    phones: list[Phone] = []
    identifiers: dict[str, str] = Field({}, examples=[{"siren": "210100012"}])
    tags: list[str] = Field([], examples=[["VIP"]])
    custom: Custom = {}
    addresses: list[AddressIn] = []


class PlaceIn(AddressIn):
    kind: Literal["main", "mailing"] = "main"


class PlacesIn(Given):
    addresses: list[PlaceIn] = Field(min_length=1, max_length=2)


class MergeIn(Given):
    """What becomes a part of the record of the address. Without `choices`, what that record says stays."""

    other: str = Field(description="Number of the client, or id of the person, that becomes a part of it.")
    other_version: int | None = Field(None, description="The version of the other that you saw.")
    choices: dict[str, Literal["winner", "loser"]] = Field(
        {}, description="For a field (`name`, `status`, `custom.meter`…) whose value is kept."
    )
    emails: list[str] | None = Field(None, description="Those that are kept; by default as many as fit.")
    phones: list[str] | None = None
    tags: list[str] | None = None

    def lists(self) -> dict[str, list[str]]:
        given = {"emails": self.emails, "phones": self.phones, "tags": self.tags}
        return {name: values for name, values in given.items() if values is not None}


class ClientPatch(Given):
    """Only what is given is changed."""

    kind: ClientKind | None = None
    name: str | None = None
    first_name: str | None = None
    number: str | None = None
    status: ClientStatus | None = None
    category: str | None = None
    language: Literal["fr", "en"] | None = None
    birth_date: date | None = None
    responsible: str | None = None
    sector: str | None = None
    emails: list[str] | None = None
    phones: list[Phone] | None = None
    identifiers: dict[str, str] | None = None
    tags: list[str] | None = None
    custom: Custom | None = None


class CreditHoldIn(Given):
    reason: Literal["limit", "overdue", "dispute", "bankruptcy", "other"]
    note: str = Field("", max_length=200)


class CreditHoldOut(Told):
    reason: str
    note: str
    since: datetime


class ClientOut(Told):
    number: str = Field(examples=["100482"])
    kind: str
    name: str
    first_name: str
    display_name: str
    status: str
    category: str
    language: str
    birth_date: date | None
    responsible: str | None = Field(description="E-mail address of the responsible member.")
    sector: str | None = Field(description="Code of the sector.")
    emails: list[str]
    phones: list[PhoneOut]
    identifiers: dict[str, str]
    tags: list[str]
    custom: Custom
    addresses: list[AddressOut]
    credit_hold: CreditHoldOut | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, client: Client, member: Membership) -> "ClientOut":
        """`client` with what `clients._with_parts` has at hand."""
        parts = cast(Any, client)
        holds = parts.holds_at_hand
        return cls(
            **{
                name: getattr(client, name)
                for name in (
                    "number", "kind", "name", "first_name", "display_name", "status", "category", "language",
                    "birth_date", "emails", "phones", "identifiers", "tags", "created_at", "updated_at", "version",
                )
            },
            responsible=parts.responsible_email,
            sector=parts.sector_code,
            custom=custom_fields.out(member, "client", client.custom),
            addresses=[AddressOut.of(address) for address in parts.addresses_at_hand],
            credit_hold=CreditHoldOut(reason=holds[0].reason, note=holds[0].note, since=holds[0].since)
            if holds
            else None,
        )  # fmt: skip


class ClientPage(Told):
    items: list[ClientOut]
    next: str | None


class PersonIn(Given):
    file_as: str = ""
    first_name: str = ""
    last_name: str = ""
    title: str = ""
    company: str = ""
    language: Literal["fr", "en"] | None = None
    birth_date: date | None = None
    emails: list[str] = []
    phones: list[Phone] = []
    custom: Custom = {}
    client: str | None = Field(None, description="Number of the client whom the person stands for.")
    is_primary: bool = False
    is_preferred: bool = False
    is_billing: bool = False


class PersonPatch(Given):
    file_as: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: str | None = None
    language: Literal["fr", "en"] | None = None
    birth_date: date | None = None
    emails: list[str] | None = None
    phones: list[Phone] | None = None
    custom: Custom | None = None


class TieIn(Given):
    """A person tied already keeps the marks that are left out."""

    is_primary: bool | None = None
    is_preferred: bool | None = None
    is_billing: bool | None = None


class PersonAtClient(Told):
    client: str
    is_primary: bool
    is_preferred: bool
    is_billing: bool


class PersonOut(Told):
    id: int
    file_as: str
    first_name: str
    last_name: str
    title: str
    company: str
    language: str
    birth_date: date | None
    emails: list[str]
    phones: list[PhoneOut]
    custom: Custom
    clients: list[PersonAtClient] = Field(description="Only those within reach.")
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, person: Person, links, member: Membership) -> "PersonOut":
        return cls(
            **{
                name: getattr(person, name)
                for name in (
                    "id", "file_as", "first_name", "last_name", "title", "company", "language", "birth_date",
                    "emails", "phones", "created_at", "updated_at", "version",
                )
            },
            custom=custom_fields.out(member, "person", person.custom),
            clients=[
                PersonAtClient(
                    client=link.client.number,
                    is_primary=link.is_primary,
                    is_preferred=link.is_preferred,
                    is_billing=link.is_billing,
                )
                for link in links
            ],
        )  # fmt: skip


class PersonPage(Told):
    items: list[PersonOut]
    next: str | None


class BusinessObjectIn(Given):
    """Created, or brought up to date when (`type`, `source_system`, `key`) is known already."""

    client: str = Field(description="Number of the client.", examples=["100482"])
    type: str = Field(examples=["invoice"])
    key: str = Field(max_length=80, examples=["F-2410-07731"])
    source_system: str = Field("", max_length=40)
    contract: str | None = Field(None, description="Key of the contract that it belongs to, of the same source.")
    label: str = ""
    state: str = Field("", examples=["unpaid"])
    dated_on: date | None = None
    due_on: date | None = None
    amount: Decimal | None = Field(None, examples=["1126.40"])
    currency: str = Field("", max_length=3)
    sector: str | None = None
    attributes: dict[str, Any] = {}
    program_account: str = Field("", description="At a service provider: a program that the client gave access to.")
    submitted_by: str = Field("own", description="own, business or others: who submitted it, seen from the provider.")


class BusinessObjectOut(Told):
    id: int
    client: str
    type: str
    key: str
    source_system: str
    contract: str | None
    label: str
    state: str
    dated_on: date | None
    due_on: date | None
    amount: str | None = Field(examples=["1126.40"])
    currency: str
    sector: str | None
    attributes: dict[str, Any]
    program_account: str | None
    submitted_by: str
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, thing) -> "BusinessObjectOut":
        """`contract_key` is that of a contract within the caller's reach (`seen_contract_key`)."""
        return cls(
            **{
                name: getattr(thing, name)
                for name in (
                    "id", "key", "source_system", "label", "state", "dated_on", "due_on", "currency", "attributes",
                    "submitted_by", "updated_at", "version",
                )
            },
            client=thing.client.number,
            program_account=thing.program_account.number if thing.program_account else None,
            type=thing.type.code,
            contract=thing.contract_key,
            amount=None if thing.amount is None else str(thing.amount),
            sector=thing.sector.code if thing.sector else None,
        )  # fmt: skip


class BusinessObjectPage(Told):
    items: list[BusinessObjectOut]
    next: str | None


class EntryIn(Given):
    notes: Text = ""
    internal: bool = False
    incoming: bool = False
    notify: bool = Field(False, description="Mail it to the people at the client who subscribed; never when internal.")
    entry_name: str | None = None


class EntryOut(Told):
    seq: int
    entry_name: str
    internal: bool
    incoming: bool
    notes: str
    created_at: datetime
    published_at: datetime | None = Field(description="Since when the client may see it; null: they may not.")


class InteractionIn(Given):
    client: str | None = Field(None, description="Number of the client; may be absent when a person is given.")
    person: int | None = None
    topic: str = Field(description="Code of a topic.", examples=["renseignement"])
    channel: Channel
    direction: Literal["incoming", "outgoing", "none"] | None = None
    subject: str = ""
    notes: Text = ""
    internal: bool = False
    incoming: bool = False
    notify: bool = Field(False, description="Mail it to the people at the client who subscribed; never when internal.")
    entry_name: str | None = None
    occurred_at: datetime | None = Field(None, description="Now by default; never in the future.")
    follow_up_on: date | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    contact_name: str | None = None
    contact_phone: str | None = None
    custom: Custom = {}


class InteractionPatch(Given):
    """Only what is given is changed."""

    topic: str | None = Field(None, description="Code of a topic.")
    channel: Channel | None = None
    direction: Literal["incoming", "outgoing", "none"] | None = None
    subject: str | None = Field(None, max_length=200)
    occurred_at: datetime | None = None
    priority: Literal["low", "normal", "high"] | None = None
    due_on: date | None = None
    follow_up_on: date | None = Field(None, description="null takes the follow-up away.")
    follow_up_owner: str | None = Field(None, description="E-mail address of a member.")
    contact_name: str | None = Field(None, max_length=120)
    contact_phone: str | None = Field(None, max_length=40)
    reference: str | None = Field(None, max_length=120)
    custom: Custom | None = None


class EntryPatch(Given):
    notes: Text | None = None
    internal: bool | None = Field(None, description="true takes the entry from the client's sight.")
    incoming: bool | None = None
    entry_name: str | None = Field(None, max_length=120)


class StatusIn(Given):
    status: Literal["open", "waiting", "closed"]


class FollowUpIn(Given):
    """Done or not, or another day."""

    done: bool | None = Field(None, examples=[True])
    on: date | None = None


class PartyIn(Given):
    """A client or a person."""

    client: str | None = Field(None, description="Number of the client.", examples=["100482"])
    person: int | None = Field(None, description="Id of the person, in the place of a client.")
    role: str = Field("", max_length=60)


class AgentIn(Given):
    agent: str = Field(description="E-mail address of a member.", examples=["nadia@eaux-du-val.example"])
    role: Literal["originator", "responsible", "participant"] = "participant"


class ObjectIn(Given):
    object: int = Field(description="Id of a business object.")


class PartyOut(Told):
    id: int
    client: str | None
    person: int | None
    role: str


class AgentOut(Told):
    id: int
    agent: str = Field(description="E-mail address of the member.")
    role: str


class LinkedObjectOut(Told):
    id: int
    object: int = Field(description="Id of the business object.")
    type: str
    key: str


class LinksOut(Told):
    """Who took part, which agents, about what. Clients and people only those within reach."""

    participants: list[PartyOut]
    agents: list[AgentOut]
    objects: list[LinkedObjectOut]


class InteractionOut(Told):
    number: int
    client: str | None
    person: int | None
    topic: str
    channel: str
    direction: str
    subject: str
    status: str
    priority: str
    occurred_at: datetime
    follow_up_on: date | None
    follow_up_owner: str | None
    follow_up_done_at: datetime | None
    contact_name: str
    contact_phone: str
    origin: str
    author: str | None = Field(description="E-mail address of the author.")
    custom: Custom
    entries: list[EntryOut]
    created_at: datetime
    version: int

    @classmethod
    def of(cls, interaction: Interaction, member: Membership) -> "InteractionOut":
        return cls(
            **{
                name: getattr(interaction, name)
                for name in (
                    "number", "channel", "direction", "subject", "status", "priority", "occurred_at", "follow_up_on",
                    "follow_up_done_at", "contact_name", "contact_phone", "origin", "created_at", "version",
                )
            },
            client=interaction.client.number if interaction.client else None,
            person=interaction.person_id,
            topic=interaction.topic.code,
            follow_up_owner=interaction.follow_up_owner.email if interaction.follow_up_owner else None,
            author=interaction.created_by.email if interaction.created_by else None,
            custom=custom_fields.out(member, "interaction", interaction.custom),
            entries=[
                EntryOut(**{name: getattr(entry, name) for name in EntryOut.model_fields})
                for entry in interaction.entries.all()
            ],
        )  # fmt: skip


class InteractionPage(Told):
    items: list[InteractionOut]
    next: str | None


class TopicOut(Told):
    code: str
    label_fr: str
    label_en: str
    applies_to: list[str]
    is_active: bool


class TopicPage(Told):
    items: list[TopicOut]
    next: str | None


class SectorOut(Told):
    code: str
    name: str
    level: str
    parent: str | None


class SectorPage(Told):
    items: list[SectorOut]
    next: str | None
