"""What is typed to send files or to ask for them."""

from typing import Any

from django import forms
from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.clients.models import Client, ClientPerson, Person
from entregent.clients.web.forms import PlainForm
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import NotFound


class TransferForm(PlainForm):
    """To whom, for whom, in whose name, about what. Opened for a client (choose the person) or for a person."""

    person = forms.TypedChoiceField(label=_("À"), coerce=int, empty_value=None, required=True)
    email = forms.CharField(
        label=_("Courriel de la personne"), required=False, widget=forms.EmailInput,
        help_text=_("Cette personne n’en a pas encore : celui-ci est ajouté à sa fiche."),
    )  # fmt: skip
    client = forms.TypedChoiceField(label=_("Pour"), coerce=int, empty_value=None, required=False)
    sender = forms.TypedChoiceField(label=_("De"), coerce=int, empty_value=None, required=False)
    subject = forms.CharField(label=_("Objet"), required=True)
    message = forms.CharField(label=_("Message"), required=False, widget=forms.Textarea(attrs={"rows": 5}))
    secure_message = forms.BooleanField(
        label=_("Message sur le portail seulement"), required=False,
        help_text=_("Le courriel dit qu’un message attend, sans le montrer."),
    )  # fmt: skip
    with_signature = forms.BooleanField(label=_("Demander une signature"), required=False)

    def __init__(self, data=None, *, member: Membership, client: Client | None, person: Person | None):
        self.member, self.given_client, self.given_person = member, client, person
        super().__init__(data, initial={"sender": member.user_id})
        self.people = [person] if person is not None else _people_of(client)
        clients = [client] if client is not None else _clients_of(person, member)
        names = [(one.pk, _named(one)) for one in self.people]
        self.fields["person"].choices = names if len(names) == 1 else [("", "—"), *names]
        self.fields["client"].choices = [
            *([] if client is not None else [("", _("Personne en son nom"))]),
            *((one.pk, f"{one.display_name} ({one.number})") for one in clients),
        ]
        if clients and not self.is_bound:
            self.initial["client"] = clients[0].pk
        if len(self.people) == 1 and not self.is_bound:
            self.initial["person"] = self.people[0].pk
        if not member.can(Right.TRANSFER_BEHALF):
            del self.fields["sender"]
        else:
            self.fields["sender"].choices = _members(member)
        lacking = any(not one.emails for one in self.people)
        if not lacking or not member.can(Right.CLIENT_EDIT):
            del self.fields["email"]

    def details(self) -> dict[str, Any]:
        """Keywords for the action. What is not among the choices stands for nobody, and is found by nobody."""
        data = self.cleaned_data
        person = next((one for one in self.people if one.pk == data.get("person")), None)
        sender = data.get("sender")
        client = self.given_client.pk if self.given_client is not None else data.get("client")
        try:
            return {
                "person": person,
                "client": Client.objects.get_visible(self.member, Right.TRANSFER_SEND, pk=client) if client else None,
                "sender": User.objects.get(pk=sender) if sender else None,
                "subject": data["subject"],
                "message": data["message"],
                "secure_message": data["secure_message"],
                "with_signature": data["with_signature"],
            }
        except ObjectDoesNotExist as absent:
            raise NotFound from absent


def _named(person: Person) -> str:
    return f"{person.full_name} — {person.emails[0]}" if person.emails else str(person.full_name)


def _people_of(client: Client | None) -> list[Person]:
    if client is None:
        return []
    ties = ClientPerson.objects.filter(client=client, person__deleted_at__isnull=True).select_related("person")
    return [tie.person for tie in ties.order_by("-is_primary", "-is_preferred", "person__sort_key", "pk")[:200]]


def _clients_of(person: Person | None, member: Membership) -> list[Client]:
    if person is None:
        return []
    seen = Client.objects.visible_to(member, Right.TRANSFER_SEND).filter(client_people__person=person)
    return list(seen.order_by("sort_key", "pk")[:100])


def _members(member: Membership) -> list[tuple[int, str]]:
    return list(
        Membership.objects.active()
        .filter(organization_id=member.organization_id)
        .order_by("user__name", "pk")
        .values_list("user_id", "user__name")
    )


class SettingsForm(PlainForm):
    delay_days = forms.IntegerField(label=_("Durée d’un transfert, en jours"), required=True)
    reminder_days = forms.IntegerField(
        label=_("Rappel, en jours avant l’échéance"), required=True, help_text=_("0 : aucun rappel.")
    )
    largest = forms.IntegerField(
        label=_("Taille maximale d’un fichier, en Mo"), required=True,
        help_text=_("De 1 à 1 024. Vaut aussi pour les fichiers joints aux messages."),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput)
