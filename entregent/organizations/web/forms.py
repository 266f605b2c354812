"""Forms of the administration. They check the form of what was typed; the actions check what it means."""

from datetime import date, datetime
from zoneinfo import available_timezones

from babel import Locale
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from entregent.access import token_scopes
from entregent.access.rights import RIGHT_LABELS, ROLE_RIGHTS, Right, Role
from entregent.access.scope import ORGANIZATION_SCOPE, scope_types, scope_words
from entregent.organizations.calendars import day_names
from entregent.organizations.models import ROLE_CHOICES, Membership, Module, Organization, User
from entregent.organizations.terms import TERMS
from entregent.toolbox.countries import country_names
from entregent.toolbox.working_time import HOLIDAYS

CURRENCIES = ("EUR", "CAD", "CHF", "USD", "GBP", "XOF", "XAF", "XPF", "MAD", "TND", "DZD", "MUR", "HTG")

_CONTINENTS = tuple(
    f"{area}/"
    for area in ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
)

# What is no longer seen while a module is off. Nothing of it is deleted.
MODULE_EFFECTS = {
    Module.MORTGAGE: _("Désactivé : demandes de prêt, transmission et siège social disparaissent des pages."),
    Module.CASEWORK: _("Désactivé : dossiers, plans d'action et processus disparaissent des pages et des menus."),
    Module.DELEGATION: _("Désactivé : groupes de clients et demandes de traitement disparaissent avec leurs accès."),
    Module.PORTAL: _("Désactivé : le portail n'est plus ouvert aux clients de l'organisation."),
    Module.CLIENT_MGMT: _("Désactivé : l'écran « Gestion des clients » disparaît."),
    Module.FILE_TRANSFER: _("Désactivé : les transferts de fichiers disparaissent, leurs liens cessent de s'ouvrir."),
}


def _time_zones(current: str | None) -> list[str]:
    """Places of the world, without the old names (« ROC », « localtime ») that the same table holds."""
    zones = {zone for zone in available_timezones() if zone == "UTC" or zone.startswith(_CONTINENTS)}
    return sorted(zones | ({current} if current else set()))


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


def day_field(label, *, required=False):
    return forms.DateField(
        label=label, required=required, widget=DayInput(), input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        error_messages={"required": _("La date est obligatoire."), "invalid": _("Date invalide.")},
    )  # fmt: skip


def both_versions(mine: forms.BaseForm, current: forms.BaseForm) -> list[tuple[str, str, str]]:
    """(label, what was typed, what stands) for every field that differs."""
    rows = []
    for bound in mine:
        if bound.is_hidden:
            continue
        typed, stands = _shown(bound, mine.cleaned_data.get(bound.name)), _shown(bound, current.initial.get(bound.name))
        if typed != stands:
            rows.append((str(bound.label), typed or "—", stands or "—"))
    return rows


def _shown(bound, value) -> str:
    if isinstance(bound.field, forms.BooleanField):
        return str(_("Oui") if value else _("Non"))
    choices = dict(getattr(bound.field, "choices", []))
    if isinstance(value, list | tuple):
        return ", ".join(str(choices.get(one, one)) for one in value)
    return str(choices.get(value, value if value is not None else ""))


class SettingsForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=_("Nom"), required=False)
    language = forms.ChoiceField(label=_("Langue"), choices=User.Language.choices)
    country = forms.ChoiceField(label=_("Pays"))
    time_zone = forms.ChoiceField(label=_("Fuseau horaire"))
    currency = forms.ChoiceField(label=_("Devise"))
    crm_list_label = forms.CharField(
        label=_("Nom de la GRC"),
        required=False,
        help_text=_("Comment l'outil est appelé chez vous : « Effectif GRC »."),
    )
    second_factor_required = forms.BooleanField(
        label=_("Exiger un second facteur de tous les membres"),
        required=False,
        help_text=_("Un membre sans second facteur doit en choisir un avant de travailler."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        locale = Locale.parse(get_language())
        self.fields["country"].choices = list(country_names(get_language()).items())
        zones = _time_zones(self.initial.get("time_zone"))
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]
        current = self.initial.get("currency") or self.data.get("currency")
        codes = (*CURRENCIES, *([current] if current and current not in CURRENCIES else []))
        self.fields["currency"].choices = [(code, f"{code} · {locale.currencies.get(code, code)}") for code in codes]
        for term, label in TERMS.items():
            for code, language in User.Language.choices:
                self.fields[f"{term}_{code}"] = forms.CharField(label=f"{label} ({language})", required=False)

    @classmethod
    def of(cls, organization: Organization) -> "SettingsForm":
        names = ("version", "name", "language", "country", "time_zone", "currency", "crm_list_label")
        initial = {name: getattr(organization, name) for name in names}
        initial["second_factor_required"] = organization.second_factor_required
        for term in TERMS:
            for code in User.Language.values:
                initial[f"{term}_{code}"] = organization.terminology.get(term, {}).get(code, "")
        return cls(initial=initial)

    def terms(self):
        """(word of the product, field per language, is one language missing?) for the table of words."""
        for term, label in TERMS.items():
            bound = [self[f"{term}_{code}"] for code in User.Language.values]
            filled = [bool(one.value()) for one in bound]
            yield label, bound, any(filled) and not all(filled)

    def changes(self) -> dict:
        values = dict(self.cleaned_data)
        values.pop("version")
        values["terminology"] = {
            term: {code: values.pop(f"{term}_{code}") for code in User.Language.values} for term in TERMS
        }
        return values


class MailForm(forms.Form):
    """How the organization's mails present themselves."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    mail_sender_name = forms.CharField(
        label=_("Nom de l’expéditeur"), required=False, help_text=_("Vide : le nom de l’organisation.")
    )
    mail_sender_address = forms.CharField(
        label=_("Adresse de l’expéditeur"),
        required=False,
        widget=forms.EmailInput,
        help_text=_("Le serveur de courriel doit avoir le droit d’envoyer en son nom. Vide : celle de l’instance."),
    )
    mail_reply_address = forms.CharField(
        label=_("Adresse de réponse"),
        required=False,
        widget=forms.EmailInput,
        help_text=_("Où vont les réponses de vos correspondants."),
    )
    replies_by_mail = forms.BooleanField(
        label=_("Ranger les réponses dans leur interaction"),
        required=False,
        help_text=_(
            "Chaque courriel porte une adresse de réponse à lui (accueil+i123-…@votre-domaine) : la boîte doit "
            "accepter ces adresses et être relevée par Entregent."
        ),
    )
    mail_signature_fr = forms.CharField(
        label=_("Signature en français"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    mail_signature_en = forms.CharField(
        label=_("Signature en anglais"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    @classmethod
    def of(cls, organization: Organization) -> "MailForm":
        return cls(initial={name: getattr(organization, name) for name in cls.base_fields})

    def changes(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class ModulesForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for module in Module:
            self.fields[module.value] = forms.BooleanField(
                label=module.label, required=False, help_text=MODULE_EFFECTS[module]
            )

    @classmethod
    def of(cls, organization: Organization) -> "ModulesForm":
        initial = {module.value: organization.has_module(module.value) for module in Module}
        return cls(initial={"version": organization.version, **initial})

    def chosen(self) -> list[str]:
        return [module.value for module in Module if self.cleaned_data[module.value]]


class InviteForm(forms.Form):
    name = forms.CharField(label=_("Nom"), required=False)
    email = forms.CharField(label=_("Courriel"), required=False, widget=forms.EmailInput)
    role = forms.ChoiceField(label=_("Rôle"), choices=ROLE_CHOICES, initial=Role.EDITOR.value)
    functions = forms.MultipleChoiceField(
        label=_("Fonctions"), choices=Membership.Function.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    language = forms.ChoiceField(label=_("Langue du courriel"), choices=User.Language.choices)


class MemberForm(forms.Form):
    """Role, functions, and for each right: as the role says, added, or taken away."""

    BY_ROLE, ADDED, REMOVED = "", "added", "removed"

    version = forms.IntegerField(widget=forms.HiddenInput)
    role = forms.ChoiceField(label=_("Rôle"), choices=ROLE_CHOICES)
    functions = forms.MultipleChoiceField(
        label=_("Fonctions"), choices=Membership.Function.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    mail_from = forms.ChoiceField(
        label=_("Adresse pour les courriels aux clients"), choices=Membership.MailFrom.choices, required=False
    )
    mail_address = forms.CharField(label=_("Autre adresse"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        choices = [
            (self.BY_ROLE, _("Selon le rôle")), (self.ADDED, _("Ajoutée")), (self.REMOVED, _("Retirée")),
        ]  # fmt: skip
        for right in Right:
            self.fields[f"right_{right.value}"] = forms.ChoiceField(
                label=RIGHT_LABELS[right], choices=choices, required=False
            )

    @classmethod
    def of(cls, member: Membership) -> "MemberForm":
        initial = {"version": member.version, "role": member.role, "functions": list(member.functions)}
        initial |= {"mail_from": member.mail_from, "mail_address": member.mail_address}
        for right in Right:
            state = cls.ADDED if right.value in member.rights_added else cls.BY_ROLE
            initial[f"right_{right.value}"] = cls.REMOVED if right.value in member.rights_removed else state
        return cls(initial=initial)

    def rights(self):
        """(field, does the role give it?) in the order of the list."""
        role = self["role"].value()
        given = ROLE_RIGHTS[Role(role)] if role in set(Role) else frozenset()
        return [(self[f"right_{right.value}"], right in given) for right in Right]

    def _rights_that_are(self, state: str) -> list[str]:
        return [right.value for right in Right if self.cleaned_data[f"right_{right.value}"] == state]

    def changes(self) -> dict:
        return {
            "role": self.cleaned_data["role"],
            "functions": self.cleaned_data["functions"],
            "mail_from": self.cleaned_data["mail_from"] or None,
            "mail_address": self.cleaned_data["mail_address"],
            "rights_added": self._rights_that_are(self.ADDED),
            "rights_removed": self._rights_that_are(self.REMOVED),
        }


class AccessForm(forms.Form):
    """What an access is on, and its days: `sector` is the id that the tree gives, `text` a client's number."""

    scope_type = forms.ChoiceField(label=_("Portée"), widget=forms.RadioSelect)
    sector = forms.CharField(label=_("Secteur"), required=False)
    text = forms.CharField(label=_("Numéro"), required=False)
    role = forms.ChoiceField(label=_("Rôle"), required=False)
    starts_on = day_field(_("À partir du"))
    ends_on = day_field(_("Jusqu'au"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["scope_type"].choices = [
            (ORGANIZATION_SCOPE, _("Toute l'organisation")),
            *[(kind, scope_words[kind].title) for kind in scope_types() if kind in scope_words],
        ]
        self.fields["role"].choices = [
            ("", _("Celui du membre")), *[choice for choice in ROLE_CHOICES if choice[0] != Role.ADMIN],
        ]  # fmt: skip


class AbsenceForm(forms.Form):
    substitute = forms.ChoiceField(
        label=_("Remplaçant"), error_messages={"invalid_choice": _("Choisissez une personne.")}
    )
    starts_on = day_field(_("Du"), required=True)
    ends_on = day_field(_("Au"), required=True)

    def __init__(self, *args, members=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["substitute"].choices = [(str(member.pk), member.user.name) for member in members]


class SectorForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    code = forms.CharField(label=_("Code"), required=False)
    name = forms.CharField(label=_("Nom"), required=False)
    level = forms.CharField(
        label=_("Niveau"), required=False, help_text=_("Région, département, commune… (facultatif)")
    )

    @classmethod
    def of(cls, sector) -> "SectorForm":
        return cls(initial={name: getattr(sector, name) for name in ("version", "code", "name", "level")})


class TokenForm(forms.Form):
    member = forms.ChoiceField(
        label=_("Membre"), help_text=_("Le jeton agit avec les habilitations et les accès de ce membre.")
    )
    name = forms.CharField(label=_("Nom du jeton"), required=False, help_text=_("Le programme qui s'en servira."))
    expires_on = day_field(_("Valable jusqu'au"))
    breadth = forms.ChoiceField(
        label=_("Ce que le jeton permet"), widget=forms.RadioSelect, initial="chosen",
        choices=[("chosen", _("Seulement ce qui est choisi ici")), ("all", _("Tout, comme la personne"))],
    )  # fmt: skip

    def __init__(self, *args, members=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["member"].choices = [(str(member.pk), member.user.name) for member in members]
        for part, label in token_scopes.PARTS.items():
            self.fields[f"scope_{part}"] = forms.ChoiceField(
                label=label, required=False, choices=[("", _("Rien")), *token_scopes.LEVELS.items()]
            )

    @property
    def parts(self):
        return [self[f"scope_{part}"] for part in token_scopes.PARTS]

    def clean(self):
        super().clean()
        breadth = self.cleaned_data.get("breadth")
        is_any = any(self.data.get(self.add_prefix(f"scope_{part}")) for part in token_scopes.PARTS)
        if breadth == "chosen" and not is_any:
            self.add_error("breadth", _("Choisissez ce que le jeton permet, ou « Tout, comme la personne »."))
        if breadth == "all" and is_any:
            message = _("« Tout » ne va pas avec une partie choisie : laissez les parties sur « Rien ».")
            self.add_error("breadth", message)

    def scopes(self) -> list[str]:
        """Those that are chosen; none: all that the member may do."""
        chosen = {part: self.cleaned_data[f"scope_{part}"] for part in token_scopes.PARTS}
        return [f"{part}:{level}" for part, level in chosen.items() if level]


class CalendarForm(forms.Form):
    """When the organization works. Days off are lines of text, « 07/05/2027 Pont de l'Ascension »."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    work_days = forms.MultipleChoiceField(
        label=_("Jours travaillés"), required=False, widget=forms.CheckboxSelectMultiple()
    )
    opens_at = forms.TimeField(
        label=_("Ouvre à"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": _("Heure invalide.")},
    )  # fmt: skip
    closes_at = forms.TimeField(
        label=_("Ferme à"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": _("Heure invalide.")},
    )  # fmt: skip
    holidays = forms.ChoiceField(label=_("Jours fériés"), required=False)
    days_off = forms.CharField(
        label=_("Autres jours chômés"), required=False, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Un par ligne, suivi de son nom : 07/05/2027 Pont de l’Ascension"),
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["work_days"].choices = [(str(day), name) for day, name in enumerate(day_names())]
        self.fields["holidays"].choices = [("", _("Aucun")), *((code, words[0]) for code, words in HOLIDAYS.items())]

    @classmethod
    def of(cls, organization: Organization) -> "CalendarForm":
        initial = {name: getattr(organization, name) for name in ("version", "opens_at", "closes_at", "holidays")}
        initial["work_days"] = [str(day) for day in organization.work_days]
        lines = [f"{day:%d/%m/%Y} {name}".strip() for day, name in cls.days_off_of(organization)]
        initial["days_off"] = "\n".join(lines)
        return cls(initial=initial)

    @staticmethod
    def days_off_of(organization: Organization) -> list[tuple[date, str]]:
        return [(date.fromisoformat(one["on"]), one["name"]) for one in organization.days_off]

    def clean_days_off(self) -> str:
        self.lines = []
        for line in self.cleaned_data["days_off"].splitlines():
            day, _space, name = line.strip().partition(" ")
            if not day:
                continue
            try:
                read = date.fromisoformat(day) if "-" in day else datetime.strptime(day, "%d/%m/%Y").date()
            except ValueError as error:
                message = _("« %(line)s » ne commence pas par une date : JJ/MM/AAAA.") % {"line": line.strip()[:40]}
                raise forms.ValidationError(message) from error
            self.lines.append((read, name))
        return self.cleaned_data["days_off"].replace("\r\n", "\n").strip()

    def values(self) -> dict:
        values = dict(self.cleaned_data)
        return values | {"work_days": [int(day) for day in values["work_days"]], "days_off": self.lines}


class TeamForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    label_fr = forms.CharField(label=_("Libellé français"), required=False)
    label_en = forms.CharField(label=_("Libellé anglais"), required=False)
    code = forms.CharField(
        label=_("Code"), required=False,
        help_text=_("Le nom de l’équipe dans les plans d’action. Vide : d’après le libellé."),
    )  # fmt: skip
    lead = forms.ChoiceField(
        label=_("Responsable de l’équipe"), required=False, help_text=_("Les retards lui sont signalés.")
    )
    members = forms.MultipleChoiceField(label=_("Membres"), required=False, widget=forms.CheckboxSelectMultiple())
    is_active = forms.BooleanField(label=_("Reçoit du travail"), required=False)

    def __init__(self, *args, members=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.by_key = {str(member.pk): member for member in members}
        people = [(key, member.user.name) for key, member in self.by_key.items()]
        self.fields["lead"].choices = [("", _("Personne")), *people]
        self.fields["members"].choices = people

    @classmethod
    def of(cls, team, members) -> "TeamForm":
        inside = set(team.members.values_list("user_id", flat=True))
        initial = {name: getattr(team, name) for name in ("version", "label_fr", "label_en", "code", "is_active")}
        initial["members"] = [str(member.pk) for member in members if member.user_id in inside]
        initial["lead"] = next((str(member.pk) for member in members if member.user_id == team.lead_id), "")
        return cls(initial=initial, members=members)

    def values(self) -> dict:
        return {
            "label_fr": self.cleaned_data["label_fr"],
            "label_en": self.cleaned_data["label_en"],
            "lead": self.by_key.get(self.cleaned_data["lead"]),
            "members": [self.by_key[key] for key in self.cleaned_data["members"]],
        }
