"""Forms of one interaction: an entry of the conversation, the tab « Général », a topic."""

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.clients.models import Person
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.web.composer import offered_topics
from entregent.listing.web.custom_forms import CustomInputs, custom_initial
from entregent.organizations.models import Membership, User

VISIBILITIES = [
    ("none", pgettext_lazy("visibility", "Communicable")),
    ("internal", _("Interne")),
    ("incoming", _("Entrant")),
]


class EntryForm(forms.Form):
    """One entry: notes, « Interne », « Entrant », whether the subscribed are told, and the name it stands under.

    Smaller forms of other pages post `visibility` in the place of the boxes; they tell the subscribed.
    """

    notes = forms.CharField(
        label=_("Notes"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    internal = forms.BooleanField(
        label=_("Interne"), required=False, help_text=_("Réservé à l’organisation : jamais communiqué au client.")
    )
    incoming = forms.BooleanField(
        label=_("Entrant"),
        required=False,
        help_text=_("Reçu du client : un courriel lui confirme que c’est enregistré."),
    )
    notify = forms.BooleanField(label=_("Avertir les abonnés"), required=False, initial=True)
    visibility = forms.ChoiceField(label=_("Visibilité"), choices=VISIBILITIES, required=False, initial="none")
    entry_name = forms.CharField(label=_("Nom entrée"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    renamed: ClassVar = {"visibility": "internal"}

    def __init__(self, data=None, *, entry=None, version=None, quoted=None):
        initial: dict[str, Any] = {"version": version}
        if entry is not None:
            visibility = "internal" if entry.internal else "incoming" if entry.incoming else "none"
            initial |= {"notes": entry.notes, "visibility": visibility, "entry_name": entry.entry_name}
            initial |= {"internal": entry.internal, "incoming": entry.incoming}
        elif quoted is not None:
            # What was internal is quoted in an internal entry, unless its author decides otherwise.
            initial |= {"notes": quotation(quoted), "internal": quoted.internal, "notify": not quoted.internal}
        super().__init__(data, initial=initial)

    def details(self) -> dict[str, Any]:
        data = self.cleaned_data
        by_boxes = not data["visibility"] or "visibility" not in self.data
        return {
            "notes": data["notes"],
            "internal": data["internal"] if by_boxes else data["visibility"] == "internal",
            "incoming": data["incoming"] if by_boxes else data["visibility"] == "incoming",
            "entry_name": data["entry_name"],
        }

    def wants_mail(self) -> bool:
        return self.cleaned_data["notify"] or "visibility" in self.data


def quotation(entry) -> str:
    """The text of an entry, quoted, with room above for the answer."""
    return "\n\n" + "\n".join(f"> {line}".rstrip() for line in entry.notes.split("\n")) if entry.notes else ""


class GeneralForm(forms.Form):
    """What is known of the exchange. Name and phone hold for this record only (R003-17)."""

    topic = forms.TypedChoiceField(label=_("Rubrique"), coerce=int, empty_value=None)
    channel = forms.ChoiceField(label=_("Canal"), choices=Interaction.Channel)
    direction = forms.ChoiceField(label=_("Sens"), choices=Interaction.Direction)
    subject = forms.CharField(label=_("Objet"), required=False)
    occurred_at = forms.DateTimeField(
        label=_("Date interaction"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    priority = forms.ChoiceField(label=_("Priorité"), choices=Interaction.Priority)
    due_on = forms.DateField(
        label=_("Échéance"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    follow_up_on = forms.DateField(
        label=_("Date de suivi"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    follow_up_owner = forms.TypedChoiceField(
        label=_("Suivi par"), coerce=int, empty_value=None, required=False
    )
    contact_name = forms.CharField(
        label=_("Nom du contact"), required=False, help_text=_("Pour cette interaction seulement.")
    )
    contact_phone = forms.CharField(
        label=_("Téléphone du contact"), required=False, help_text=_("Pour cette interaction seulement.")
    )
    sales_contact = forms.TypedChoiceField(
        label=_("Contact commercial"), coerce=int, empty_value=None, required=False
    )
    salesperson = forms.TypedChoiceField(label=_("Commercial"), coerce=int, empty_value=None, required=False)
    reference = forms.CharField(label=_("Référence"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data=None, *, member, interaction: Interaction):
        self.member, self.interaction = member, interaction
        self.zone = ZoneInfo(member.organization.time_zone)
        super().__init__(data, initial=self._initial(interaction))
        self.fields["topic"].choices = self._topics()
        agents = self._agents()
        self.fields["follow_up_owner"].choices = [("", "—"), *agents]
        self.fields["salesperson"].choices = [("", "—"), *agents]
        self.fields["sales_contact"].choices = [("", "—"), *self._people()]
        channel = self.data.get("channel") or interaction.channel
        self.custom = CustomInputs(self, member, "interaction", variant=channel, held=interaction.custom)
        self.renamed = self.custom.renamed

    def details(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data["occurred_at"] = self._moment(data["occurred_at"])
        data["topic"] = Topic.objects.get(pk=data["topic"], organization_id=self.member.organization_id)
        data["follow_up_owner"] = self._user(data["follow_up_owner"])
        data["salesperson"] = self._user(data["salesperson"])
        for name in self.custom.names:
            del data[name]
        data["custom"] = self.custom.values()
        key = data["sales_contact"]
        data["sales_contact"] = Person.objects.get_visible(self.member, pk=key) if key else None
        return data

    def over(self, current: Interaction) -> "GeneralForm":
        """The same answers over the version that stands now: saving again keeps them."""
        data = self.data.copy()
        data["version"] = str(current.version)
        return GeneralForm(data, member=self.member, interaction=current)

    def _initial(self, interaction: Interaction) -> dict[str, Any]:
        values = {name: getattr(interaction, name) for name in (
            "channel", "direction", "subject", "priority", "due_on", "follow_up_on", "contact_name", "contact_phone",
            "reference", "version",
        )}  # fmt: skip
        return values | custom_initial(interaction.custom) | {
            "topic": interaction.topic_id,
            "occurred_at": interaction.occurred_at.astimezone(self.zone).replace(tzinfo=None),
            "follow_up_owner": interaction.follow_up_owner_id,
            "sales_contact": interaction.sales_contact_id,
            "salesperson": interaction.salesperson_id,
        }

    def _moment(self, typed):
        """What was typed is a time of the organization. Untouched, the seconds that were kept stay."""
        moment = typed.replace(tzinfo=self.zone)
        kept = self.interaction.occurred_at
        return kept if kept.replace(second=0, microsecond=0) == moment else moment

    def _topics(self) -> list[tuple[int, str]]:
        """Those offered for this kind of interlocutor, and the one it has."""
        kept = self.interaction.topic
        topics = offered_topics(self.member, client=self.interaction.client)
        return [(one.pk, one.label) for one in (topics if kept in topics else [kept, *topics])]

    def _agents(self) -> list[tuple[int, str]]:
        return list(
            Membership.objects.active()
            .filter(organization_id=self.member.organization_id)
            .order_by("user__name", "id")
            .values_list("user_id", "user__name")
        )

    def _people(self) -> list[tuple[int, str]]:
        if self.interaction.client_id is None:
            return []
        people = Person.objects.visible_to(self.member).filter(client_people__client_id=self.interaction.client_id)
        return [(person.pk, person.full_name) for person in people.order_by("sort_key", "id")[:100]]

    def _user(self, key: int | None) -> User | None:
        return User.objects.get(pk=key) if key else None


def differences(form: GeneralForm, current: Interaction) -> list[tuple[str, str, str]]:
    """(label, as it now stands, as it was typed) for each field in which the two versions differ."""
    standing = GeneralForm(member=form.member, interaction=current)
    found = []
    for name, field in form.fields.items():
        if name == "version":
            continue
        now, typed = standing.get_initial_for_field(field, name), form.cleaned_data.get(name)
        if name == "occurred_at" and typed is not None:
            typed = typed.replace(tzinfo=None)
            now = now.replace(second=0, microsecond=0)
        if isinstance(field, forms.BooleanField):
            now = bool(now)
        if (now or "") != (typed or ""):
            found.append((str(field.label), _shown(field, now), _shown(field, typed)))
    return found


def _shown(field, value) -> str:
    if value in (None, ""):
        return "—"
    choices = getattr(field, "choices", None)
    if value is True:
        return str(_("Oui"))
    if choices:
        return str(dict(choices).get(value, value))
    return f"{value:%d/%m/%Y %H:%M}" if hasattr(value, "hour") else str(value)


class TopicForm(forms.Form):
    label_fr = forms.CharField(label=_("Libellé français"), required=False)
    label_en = forms.CharField(label=_("Libellé anglais"), required=False)
    applies_to = forms.MultipleChoiceField(
        label=_("Proposée pour"),
        choices=Topic.AppliesTo,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Rien de coché : pour tous."),
    )
    position = forms.IntegerField(
        label=_("Ordre"), required=False, min_value=0, max_value=100_000,
        help_text=_("Les neuf premières se choisissent par les touches 1 à 9."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=_("Proposée"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, topic: Topic | None = None):
        initial: dict[str, Any] = {"is_active": True}
        if topic is not None:
            names = ("label_fr", "label_en", "applies_to", "position", "is_active", "version")
            initial = {name: getattr(topic, name) for name in names}
        super().__init__(data, initial=initial)
        if topic is None:
            del self.fields["is_active"]
