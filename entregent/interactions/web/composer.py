"""The composer of « Nouveau contact »: what it offers, what was typed, and what an action is given."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import F, Q
from django.utils.translation import gettext as _

from entregent.access.recall import recalled
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, Person
from entregent.clients.selectors import ACTIVE_CONTRACT_STATES
from entregent.interactions.actions import NO_CONTRACT
from entregent.interactions.audience import Audience
from entregent.interactions.models import Interaction, InteractionAgent, Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.interactions.templating import Proposal, propose
from entregent.listing.custom_fields import is_for, offered
from entregent.listing.web.custom_forms import CustomInputs
from entregent.organizations.models import Module, User
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal, Refusals
from entregent.toolbox.text import as_id

Channel = Interaction.Channel

# Offered to agents, the most frequent first; the others are made by the product itself.
CHANNELS = [
    Channel.PHONE_CALL, Channel.PHONE_MESSAGE, Channel.FRONT_DESK, Channel.EMAIL, Channel.LETTER, Channel.WEB,
    Channel.NOTE, Channel.OTHER,
]  # fmt: skip
DEFAULT_VISIBILITY = "incoming"


def offered_topics(member, *, client: Client | None = None) -> list[Topic]:
    """The topics that are offered, in their order; those for clients, for prospects or for people alone."""
    kind = Topic.AppliesTo.PERSON
    if client is not None:
        kind = Topic.AppliesTo.PROSPECT if client.is_prospect else Topic.AppliesTo.CLIENT
    topics = _active_topics(None, member.organization_id)
    return [topic for topic in topics if not topic.applies_to or kind in topic.applies_to]


def usual_topic(topics: list[Topic]) -> Topic:
    """« Renseignement » or « Autre » while offered, else the first: for what is sent without choosing one."""
    by_code = {topic.code: topic for topic in topics}
    return by_code.get("renseignement") or by_code.get("autre") or topics[0]


@recalled
def _active_topics(member, organization_id: int):
    return Topic.objects.filter(organization_id=organization_id, is_active=True)


@dataclass(frozen=True)
class ContractChoice:
    """A contract that the composer offers."""

    pk: int
    key: str


@dataclass
class Composer:
    """One form to log a contact with `client` (or `person`). `values` is what stands in the fields, by name."""

    member: Any
    client: Client | None
    person: Person | None = None
    topics: list[Topic] = field(default_factory=list)
    contracts: list[BusinessObject] | list[ContractChoice] = field(default_factory=list)
    people: list[tuple[int, str]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    form: "ContactForm | None" = None
    is_dialog: bool = False
    is_open: bool = False
    # « Informer le client »: who can be written to, and the credit hold, both looked up where they are shown.
    is_informing: bool = False
    recipients: list[tuple[int, str]] = field(default_factory=list)
    hold: Any = None
    audience: Audience | None = None
    # What the template of the topic gives, with what of it was left ticked; None where none is shown.
    offer: "TemplateOffer | None" = None

    @classmethod
    def fresh(
        cls, member, client: Client | None, *, person=None, contracts=None, channel=Channel.PHONE_CALL, **more
    ) -> "Composer":
        """An empty composer with the defaults in it. `contracts`: those of the client that run, when known."""
        composer = cls(member, client, person, topics=offered_topics(member, client=client), **more)
        composer.contracts = active_contracts(member, client) if contracts is None else contracts
        only = composer.contracts[0].pk if len(composer.contracts) == 1 else ""
        composer.values = {
            "idempotency_key": new_key(),
            "begun_from": "",
            "topic": None,
            "channel": channel.value,
            # A note is for the house; what came by another way came from the client.
            "visibility": "internal" if channel == Channel.NOTE else DEFAULT_VISIBILITY,
            "notes": "",
            "follow_up": "",
            "follow_up_on": "",
            "occurred_at": "",
            "occurred_default": "",
            "contract": only,
            "subject": "",
            "participants": [],
            "notify": "on",
            "entry_name": "",
            "contact_name": "",
            "contact_phone": "",
            "reference": "",
            "mail_to": [],
        }
        return composer

    @property
    def has_templates(self) -> bool:
        """Does any topic on offer come with a template? Without, nothing is asked for when one is chosen."""
        return self.client is not None and any(topic.template_id for topic in self.topics)

    @property
    def has_portal(self) -> bool:
        return self.member.organization.has_module(Module.PORTAL)

    @property
    def today(self) -> date:
        return today_in(self.member.organization.time_zone)

    @property
    def channel_choices(self) -> list[tuple[str, str]]:
        return [(channel.value, str(channel.label)) for channel in CHANNELS]

    @property
    def topic_choices(self) -> list[tuple[int, str]]:
        return [(topic.pk, topic.label) for topic in self.topics]

    @property
    def contract_choices(self) -> list[tuple[int | str, str]]:
        none = _("Sans contrat") if self.contracts else ""
        return [(one.pk, one.key) for one in self.contracts] + [("none", none)]

    def more_fields(self, prefix: str) -> list[tuple[str, forms.BoundField]]:
        """The custom fields, each with the channels on which it is asked for. `prefix` begins their ids."""
        if not offered(self.member, "interaction"):
            return []
        form = self.form or ContactForm(None, self)
        form.auto_id = f"{prefix}-%s"
        channels = [channel.value for channel in CHANNELS]
        return [
            (" ".join(channel for channel in channels if is_for(one, channel)), bound)
            for one, bound in zip(form.custom.fields, form.custom.bound, strict=True)
        ]

    @property
    def error_list(self) -> list[tuple[str, str]]:
        return [(name, text) for name, texts in self.errors.items() for text in texts]


def new_key() -> str:
    """A key by which the same form, sent twice, makes one interaction."""
    return secrets.token_urlsafe(12)


def active_contracts(member, client: Client | None, *, chosen: str = "") -> list[BusinessObject]:
    """The contracts of the client that run, and the one that was chosen whatever its state."""
    if client is None:
        return []
    key = as_id(chosen)
    return _contracts(member, client.pk) if key is None else _contracts(member, client.pk, key)


def people_to_write_to(member, client: Client | None, person: Person | None) -> list[Person]:
    """Those at the client who have an address, the preferred and the primary first; or the person alone."""
    if client is None:
        return [person] if person is not None and person.main_email else []
    people = (
        Person.objects.visible_to(member)
        .filter(client_people__client_id=client.pk)
        .exclude(emails=[])
        .annotate(is_first=F("client_people__is_preferred"), is_second=F("client_people__is_primary"))
    )
    return list(people.order_by("-is_first", "-is_second", "sort_key", "id")[:30])


@dataclass
class TemplateOffer:
    """What a template gives for this client, and which of it the person has unticked: (kind, id)."""

    proposal: Proposal
    unticked: set[tuple[str, int]] = field(default_factory=set)

    def keep(self, data) -> None:
        """Which of the boxes that were shown are ticked."""
        for kind, records in (
            ("with_people", [party for party, _role in self.proposal.participants if isinstance(party, Person)]),
            ("with_agents", [user for user, _role in self.proposal.agents]),
            ("with_objects", self.proposal.objects),
        ):
            ticked = {key for key in map(as_id, data.getlist(kind)) if key is not None}
            self.unticked |= {(kind, one.pk) for one in records if one.pk not in ticked}

    def is_ticked(self, kind: str, key: int) -> bool:
        return (kind, key) not in self.unticked

    @property
    def participants(self) -> list[tuple[Client | Person, str]]:
        return [
            (party, role)
            for party, role in self.proposal.participants
            if isinstance(party, Client) or self.is_ticked("with_people", party.pk)
        ]

    @property
    def people(self) -> list[tuple[Person, str]]:
        return [(party, role) for party, role in self.proposal.participants if isinstance(party, Person)]

    @property
    def agents(self) -> list[tuple[User, str]]:
        return [(user, role) for user, role in self.proposal.agents if self.is_ticked("with_agents", user.pk)]

    @property
    def objects(self) -> list[BusinessObject]:
        return [one for one in self.proposal.objects if self.is_ticked("with_objects", one.pk)]

    def role_label(self, role: str) -> str:
        return str(InteractionAgent.Role(role).label)


def offer_of(
    member, client: Client, template_id: int, *, contract_id: int | None = None, with_texts: bool = True
) -> TemplateOffer | None:
    """What the template gives for this client and contract; None for a template that is out of service."""
    template = RecordTemplate.objects.filter(
        organization_id=member.organization_id, pk=template_id, is_active=True, kind=RecordTemplate.Kind.CONTACT
    ).first()
    if template is None:
        return None
    contract = None
    if contract_id is not None:
        contract = BusinessObject.objects.visible_to(member).filter(pk=contract_id, client_id=client.pk).first()
    return TemplateOffer(propose(template, by=member, client=client, contract=contract, with_texts=with_texts))


@recalled
def _contracts(member, client_id: int, chosen: int | None = None):
    wanted = Q(state__in=ACTIVE_CONTRACT_STATES)
    if chosen is not None:
        wanted |= Q(pk=chosen)
    contracts = BusinessObject.objects.visible_to(member).filter(wanted, client_id=client_id)
    return contracts.filter(type__code=BusinessObjectType.CONTRACT).order_by("key")[:20]


class ContactForm(forms.Form):
    """What was typed in a composer. The action checks the rules; here texts become values."""

    topic = forms.CharField(required=False)
    channel = forms.CharField(required=False)
    visibility = forms.ChoiceField(
        choices=[("internal", ""), ("incoming", ""), ("outgoing", ""), ("none", "")], required=False
    )
    notes = forms.CharField(required=False, strip=False)
    subject = forms.CharField(required=False)
    follow_up = forms.ChoiceField(choices=[("", ""), ("tomorrow", ""), ("week", ""), ("date", "")], required=False)
    follow_up_on = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    occurred_at = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
    occurred_default = forms.CharField(required=False)
    contract = forms.CharField(required=False)
    contact_name = forms.CharField(required=False)
    contact_phone = forms.CharField(required=False)
    reference = forms.CharField(required=False)
    entry_name = forms.CharField(required=False)
    notify = forms.CharField(required=False)
    notify_asked = forms.CharField(required=False)
    idempotency_key = forms.CharField(required=False, max_length=120)
    begun_from = forms.CharField(required=False, max_length=80)
    use_required_attribute = False

    def __init__(self, data, composer: Composer):
        self.composer = composer
        self.offer: TemplateOffer | None = None
        super().__init__(data)
        self.custom = CustomInputs(self, composer.member, "interaction")
        for name in ("follow_up_on", "occurred_at"):
            self.fields[name].error_messages["invalid"] = _("Indiquez une date valable.")
        for name in ("visibility", "follow_up"):
            self.fields[name].error_messages["invalid_choice"] = _("Choisissez une des réponses proposées.")

    def clean(self):
        data = super().clean() or {}
        if data.get("follow_up") == "date" and not data.get("follow_up_on") and "follow_up_on" not in self.errors:
            self.add_error("follow_up_on", _("Indiquez la date de suivi."))
        return data

    def details(self) -> dict[str, Any]:
        """The keywords of `log_interaction`."""
        data, composer = self.cleaned_data, self.composer
        topics = {str(topic.pk): topic for topic in composer.topics}
        contracts = {str(contract.pk): contract for contract in composer.contracts}
        visibility = data["visibility"] or "none"
        occurred_at: datetime | None = data["occurred_at"]
        if self.data.get("occurred_at") == data["occurred_default"]:
            occurred_at = None  # Left as proposed: now.
        if occurred_at is not None:
            # Django reads it in its own zone: what was typed is the time of the organization.
            occurred_at = occurred_at.replace(tzinfo=ZoneInfo(composer.member.organization.time_zone))
        return {
            "topic": topics.get(data["topic"]),
            "channel": data["channel"] or Channel.PHONE_CALL,
            "notes": data["notes"],
            "subject": data["subject"],
            "internal": visibility == "internal",
            "incoming": visibility == "incoming",
            "direction": {"incoming": "incoming", "outgoing": "outgoing"}.get(visibility, "none"),
            "follow_up_on": self._follow_up_on(),
            "occurred_at": occurred_at,
            "contract": contracts.get(data["contract"], NO_CONTRACT),
            "contact_name": data["contact_name"],
            "contact_phone": data["contact_phone"],
            "reference": data["reference"],
            "entry_name": data["entry_name"] or None,
            "notify": bool(data["notify"]) or not data["notify_asked"],
            "idempotency_key": data["idempotency_key"] or None,
            "custom": self._custom(data["channel"] or Channel.PHONE_CALL),
        }

    def details_with_template(self) -> dict[str, Any]:
        """The same, with what the template of the topic adds: as it was shown and ticked, or whole where it was not
        shown (who is fast does not wait for it). Costs nothing where the topic has no template."""
        details, composer = self.details(), self.composer
        topic = details["topic"]
        if composer.client is None or topic is None or topic.template_id is None:
            return details
        contract = details["contract"] if hasattr(details["contract"], "key") else None
        offer = offer_of(composer.member, composer.client, topic.template_id, contract_id=contract and contract.pk)
        if offer is None:
            return details
        proposal = offer.proposal
        was_shown = self.data.get("template") == str(topic.template_id)
        if was_shown:
            offer.keep(self.data)
        self.offer = offer
        details |= {
            "participants": offer.participants,
            "agents": offer.agents,
            "objects": offer.objects,
            "template": proposal.template,
            "left_out": proposal.told,
            "priority": proposal.priority,
        }
        if "subject" not in self.data or not (was_shown or details["subject"]):
            details["subject"] = proposal.subject
        if not was_shown:
            details["notes"] = details["notes"] if details["notes"].strip() else proposal.text
            details["follow_up_on"] = details["follow_up_on"] or proposal.follow_up_on
            if proposal.channel and details["channel"] == Channel.PHONE_CALL:
                details["channel"] = proposal.channel
        return details

    def _custom(self, channel: str) -> dict[str, Any]:
        """The answers that the channel asks for: what was typed before another was chosen is no longer seen."""
        typed = self.custom.values()
        return {one.code: typed[one.code] for one in self.custom.fields if is_for(one, str(channel))}

    def _follow_up_on(self) -> date | None:
        chosen, today = self.cleaned_data["follow_up"], self.composer.today
        if chosen == "tomorrow":
            return today + timedelta(days=1)
        if chosen == "week":
            return today + timedelta(days=7)
        return self.cleaned_data["follow_up_on"] if chosen == "date" else None

    def keep_in_composer(self) -> None:
        """What was typed and what is wrong with it, back in the composer."""
        composer = self.composer
        composer.offer = self.offer
        for name in self.fields:
            composer.values[name] = self.data.get(name, "")
        composer.values["participants"] = [
            key for key in map(as_id, self.data.getlist("participants")) if key is not None
        ]
        composer.values["mail_to"] = [key for key in map(as_id, self.data.getlist("mail_to")) if key is not None]
        composer.errors = {name: [str(text) for text in texts] for name, texts in self.errors.items()}
        composer.is_open = True
        composer.form = self

    def refused(self, refusal: Refusal | Refusals) -> None:
        for one in refusal.refusals if isinstance(refusal, Refusals) else [refusal]:
            name = self.custom.renamed.get(one.field, one.field)
            self.add_error(name if name in self.fields else None, str(one.message))
