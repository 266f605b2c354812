"""Forms of loan applications, of « Effectif GRC » and of head office."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.enrollment.actions import Choices, agents_of
from entregent.enrollment.actions.applications import MOST_APPLICANTS
from entregent.enrollment.models import PLACE, AddressSource, Applicant, LoanApplication, Selection
from entregent.organizations.models import User
from entregent.toolbox.countries import country_names
from entregent.toolbox.text import as_id

_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlaceForm(forms.Form):
    """The parts of an address."""

    street = forms.CharField(label=_("Numéro et rue"), required=False)
    unit = forms.CharField(label=_("Appartement"), required=False)
    city = forms.CharField(label=_("Ville"), required=False)
    region = forms.CharField(label=_("Province ou état"), required=False)
    postal_code = forms.CharField(label=_("Code postal"), required=False)
    country = forms.ChoiceField(label=_("Pays"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        names = country_names(get_language() or "fr")
        self.fields["country"].choices = [("", "—"), *names.items()]  # type: ignore[attr-defined]

    def place(self) -> dict[str, str]:
        return {part: self.cleaned_data.get(part) or "" for part in PLACE}


class ApplicationForm(PlaceForm):
    """What is known of an application, and the address of its subject property."""

    number = forms.CharField(
        label=_("N° de demande"), required=False, help_text=_("Le prochain numéro si vous le laissez vide.")
    )
    status = forms.ChoiceField(label=_("Statut"), choices=LoanApplication.Status.choices)
    agent = forms.ChoiceField(label=_("Agent au dossier"), required=False)
    branch = forms.CharField(label=_("Succursale"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, member, application: LoanApplication | None = None):
        initial: dict[str, Any] = {"country": member.organization.country, "agent": member.user_id}
        initial["key"] = uuid4().hex
        if application is not None:
            initial = {"number": application.number, "status": application.status, "agent": application.agent_id or ""}
            initial |= {"branch": application.branch, "version": application.version, **application.place}
        super().__init__(data, initial=initial)
        self.member, self.application = member, application
        self._agents = {one.pk: one for one in agents_of(member)}
        if application is not None and application.agent is not None:
            self._agents.setdefault(application.agent.pk, application.agent)
        choices = [("", _("Personne")), *((one.pk, one.name) for one in self._agents.values())]
        self.fields["agent"].choices = choices  # type: ignore[attr-defined]
        if application is not None:
            self.fields["number"].help_text = ""

    def details(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "number": data["number"],
            "status": data["status"],
            "agent": self._agents.get(as_id(data["agent"] or "") or 0),
            "branch": data["branch"],
            "place": self.place(),
        }


class ApplicantForm(PlaceForm):
    """« Détails du demandeur »."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("Rôle"), choices=Applicant.Role.choices, initial=Applicant.Role.APPLICANT)
    is_primary = forms.BooleanField(label=_("Demandeur principal"), required=False)
    first_name = forms.CharField(label=_("Prénom"), required=False)
    last_name = forms.CharField(label=pgettext_lazy("person", "Nom"), required=False)
    birth_date = forms.DateField(label=_("Date de naissance"), required=False, widget=_DATE)
    email = forms.CharField(label=_("Courriel"), required=False)
    phone = forms.CharField(label=_("Téléphone"), required=False)
    remove = forms.BooleanField(label=_("Retirer ce demandeur"), required=False)

    def details(self) -> dict[str, Any]:
        names = ("id", "role", "is_primary", "first_name", "last_name", "birth_date", "email", "phone")
        return {name: self.cleaned_data.get(name) for name in names} | self.place()

    @property
    def is_blank(self) -> bool:
        """Nothing was typed into a row that was offered empty."""
        data = self.cleaned_data
        names = ("id", "first_name", "last_name", "birth_date", "email", "phone", "street", "city", "postal_code")
        return not any(data.get(name) for name in names)


class People:
    """The applicants of the form: one form each, as many as the browser sends."""

    def __init__(self, data=None, *, member, application: LoanApplication | None = None, more: int = 0):
        self.forms: list[ApplicantForm] = []
        if data is not None:
            size = min(as_id(data.get("people", "")) or 0, MOST_APPLICANTS)
            self.forms = [ApplicantForm(data, prefix=f"p{index}") for index in range(size)]
        elif application is not None:
            for index, one in enumerate(application.applicants.all()):
                names = ("id", "role", "is_primary", "first_name", "last_name", "birth_date", "email", "phone", *PLACE)
                initial = {name: getattr(one, name) for name in names}
                self.forms.append(ApplicantForm(prefix=f"p{index}", initial=initial))
        country = member.organization.country
        for _index in range(more if self.forms else max(more, 1)):
            if len(self.forms) < MOST_APPLICANTS:
                first = {"country": country, "is_primary": not self.forms}
                self.forms.append(ApplicantForm(prefix=f"p{len(self.forms)}", initial=first))

    def is_valid(self) -> bool:
        valid = [one.is_valid() for one in self.forms]  # Every form says what is wrong with it.
        return all(valid)

    @property
    def kept(self) -> list[ApplicantForm]:
        return [one for one in self.forms if not one.cleaned_data.get("remove") and not one.is_blank]

    def details(self) -> list[dict[str, Any]]:
        return [one.details() for one in self.kept]


class EnrollForm(PlaceForm):
    """« Effectif GRC »: the choices of R000-04 to -11."""

    applicants = forms.MultipleChoiceField(
        label=_("Demandeurs"), required=False, widget=forms.CheckboxSelectMultiple
    )  # fmt: skip
    address_source = forms.ChoiceField(
        label=_("Adresse postale"), choices=AddressSource.choices, widget=forms.RadioSelect, required=False
    )
    existing = forms.ChoiceField(
        label=_("Clients GRC actuels"), choices=[("non", _("Non")), ("oui", _("Oui"))], required=False
    )
    agent = forms.ChoiceField(label=_("Agent en correspondance"), required=False)
    selection = forms.ChoiceField(choices=Selection.choices, required=False)
    remarks = forms.CharField(
        label=_("Remarques GRC"), required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000}),
        help_text=_("Deviennent une note interne du client."),
    )  # fmt: skip
    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, member, application: LoanApplication, choices: Choices, key: str = ""):
        initial = {
            "applicants": [str(one) for one in choices.applicants],
            "existing": "oui" if choices.existing else "non",
            "selection": choices.selection,
            "address_source": choices.address_source,
            "agent": choices.agent.pk if choices.agent else "",
            "remarks": choices.remarks,
            "country": member.organization.country,
            "key": key,
            **{part: value for part, value in choices.place.items() if value},
        }
        super().__init__(data, initial=initial)
        self.people = list(application.applicants.all())
        self._agents = {one.pk: one for one in agents_of(member)}
        agents = [(one.pk, one.name) for one in self._agents.values()]
        if choices.agent is None:
            agents.insert(0, ("", _("Choisir un agent")))  # type: ignore[arg-type]
        named = [(str(one.pk), one.full_name) for one in self.people]
        self.fields["applicants"].choices = named  # type: ignore[attr-defined]
        self.fields["agent"].choices = agents  # type: ignore[attr-defined]
        self.fields["selection"].label = member.organization.crm_list_label
        for part in ("street", "city", "region", "postal_code", "country"):
            # They are asked for with « Autre » alone: the action says so.
            self.fields[part].widget.attrs["autocomplete"] = "off"

    @property
    def chosen(self) -> Choices:
        """What stands in the form, whether it can be sent or not."""
        data = getattr(self, "cleaned_data", {}) if self.is_bound else self.initial

        def get(name: str) -> Any:
            return data.get(name) or ""

        agent: User | None = self._agents.get(as_id(str(get("agent"))) or 0)
        return Choices(
            applicants={key for one in get("applicants") or [] if (key := as_id(str(one))) is not None},
            existing=get("existing") == "oui",
            selection=get("selection") or Selection.NOT_SELECTED,
            address_source=get("address_source") or AddressSource.APPLICANT,
            place={part: get(part) for part in PLACE},
            agent=agent,
            remarks=get("remarks"),
        )


class RejectForm(forms.Form):
    reason = forms.CharField(label=_("Motif"), required=False, max_length=300)


class HeadOfficeSettingsForm(forms.Form):
    is_automatic = forms.BooleanField(
        label=_("Charger les transmissions dès leur arrivée"),
        required=False,
        help_text=_("Sinon elles attendent une décision du siège social. Un doublon possible attend toujours."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
