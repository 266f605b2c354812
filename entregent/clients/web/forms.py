"""Forms of this area. They only gather what was typed: what is right stands in `validation`, and actions refuse."""

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.clients.models import Address, Client, CreditHold
from entregent.clients.validation import IDENTIFIERS
from entregent.listing.web.custom_forms import CustomInputs, custom_initial
from entregent.organizations.models import Sector, User
from entregent.toolbox.countries import country_names
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.phones import national
from entregent.ui.pages import add_refusal

DAY = forms.DateInput(attrs={"type": "date"})


class PlainForm(forms.Form):
    """A form that says nothing of its own: required marks are shown, the action gives the sentences."""

    use_required_attribute = False
    # Where a refusal names a field otherwise than the form does.
    renamed: dict[str, str] = {}

    def full_clean(self):
        marked = [field for field in self.fields.values() if field.required]
        for field in marked:
            field.required = False
        super().full_clean()
        for field in marked:
            field.required = True

    def attempt(self, action, **keywords):
        """Runs the action; what it refuses goes to the fields, and None comes back."""
        try:
            return action(**keywords)
        except NotFound:
            raise
        except (Refusal, Refusals) as refusal:
            if getattr(refusal, "code", "") == "E-STALE":
                raise
            for one in refusal.refusals if isinstance(refusal, Refusals) else [refusal]:
                one.field = self.renamed.get(one.field, one.field)
            add_refusal(self, refusal)
            return None


class ClientForm(PlainForm):
    """Everything of a client that a person may type."""

    renamed = {f"identifiers.{code}": code for code in IDENTIFIERS}

    kind = forms.ChoiceField(label=_("Nature"), choices=Client.Kind.choices, initial=Client.Kind.PERSON)
    name = forms.CharField(label=_("Nom ou raison sociale"))
    first_name = forms.CharField(label=_("Prénom"), required=False)
    number = forms.CharField(
        label=_("N° client"),
        required=False,
        help_text=_("Lettres sans accent et chiffres ; laissé vide, il est donné."),
    )
    category = forms.CharField(label=_("Catégorie"), required=False)
    tags = forms.CharField(
        label=_("Étiquettes"), required=False, help_text=_("Séparées par des virgules, vingt au maximum.")
    )
    language = forms.ChoiceField(label=_("Langue"), choices=User.Language.choices)
    birth_date = forms.CharField(label=_("Date de naissance"), required=False, widget=DAY)
    responsible = forms.ModelChoiceField(
        label=_("Agent responsable"), queryset=User.objects.none(), required=False, empty_label=_("Aucun")
    )
    sector = forms.ModelChoiceField(
        label=_("Secteur"), queryset=Sector.objects.none(), required=False, empty_label=_("Aucun")
    )
    emails = forms.CharField(
        label=_("Courriels"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Un par ligne, trois au maximum."),
    )  # fmt: skip
    phones = forms.CharField(
        label=_("Téléphones"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Un par ligne, avec un libellé si vous voulez : « Bureau : 02 61 91 00 40 »."),
    )  # fmt: skip

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        self.member = member
        self.fields["responsible"].queryset = User.objects.filter(
            memberships__organization_id=member.organization_id, memberships__is_active=True, is_active=True
        ).order_by("name")
        self.fields["sector"].queryset = sectors_in_reach(member)
        self.fields["language"].initial = member.organization.language
        codes = {"FR": ("siren", "siret", "vat"), "CA": ("bn",)}.get(member.organization.country, tuple(IDENTIFIERS))
        known = (self.initial or {}).get("identifiers", {})
        for code in IDENTIFIERS:
            if code in codes or code in known:
                self.fields[code] = forms.CharField(
                    label=IDENTIFIERS[code][0], required=False, initial=known.get(code, "")
                )
        self.kept_identifiers = {code: value for code, value in known.items() if code not in self.fields}
        self.custom = CustomInputs(self, member, "client", held=(self.initial or {}).get("custom", ()))
        self.renamed = self.renamed | self.custom.renamed

    @staticmethod
    def initial_of(client, *, country: str) -> dict:
        """What the form shows of a client; `client` may be a row of the journal as a mapping."""
        read = client.get if isinstance(client, dict) else lambda name: getattr(client, name)
        identifiers = read("identifiers") or {}
        return {
            "kind": read("kind"),
            "name": read("name"),
            "first_name": read("first_name"),
            "number": read("number"),
            "category": read("category"),
            "tags": ", ".join(read("tags") or []),
            "language": read("language"),
            "birth_date": str(read("birth_date") or ""),
            "responsible": read("responsible_id"),
            "sector": read("sector_id"),
            "emails": "\n".join(read("emails") or []),
            "phones": phones_text(read("phones") or [], country),
            "identifiers": identifiers,
            **{code: identifiers.get(code, "") for code in IDENTIFIERS},
            "custom": read("custom") or {},
            **custom_initial(read("custom")),
        }

    def values(self) -> dict:
        """As the actions take them."""
        data = self.cleaned_data
        typed = {code: data[code] for code in IDENTIFIERS if code in self.fields}
        return {
            "kind": data.get("kind") or self.data.get("kind", ""),
            "name": data["name"],
            "first_name": data["first_name"],
            "number": data["number"],
            "category": data["category"],
            "tags": data["tags"],
            "language": data.get("language"),
            "birth_date": data["birth_date"],
            "responsible": data.get("responsible"),
            "sector": data.get("sector"),
            "emails": data["emails"],
            "phones": phones_typed(data["phones"]),
            "identifiers": self.kept_identifiers | typed,
            "custom": self.custom.values(),
        }


class ProspectForm(PlainForm):
    """The small form: who, and how to reach them."""

    kind = forms.ChoiceField(
        label=_("Nature"), choices=Client.Kind.choices, initial=Client.Kind.PERSON, widget=forms.RadioSelect
    )
    name = forms.CharField(label=_("Nom ou raison sociale"))
    first_name = forms.CharField(label=_("Prénom"), required=False)
    phone = forms.CharField(label=_("Téléphone"), required=False, widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.CharField(label=_("Courriel"), required=False, widget=forms.TextInput(attrs={"type": "email"}))
    street = forms.CharField(label=_("Numéro et rue"), required=False)
    postal_code = forms.CharField(label=_("Code postal"), required=False)
    city = forms.CharField(label=_("Ville"), required=False)
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def values(self) -> dict:
        data = dict(self.cleaned_data)
        address = {part: data.pop(part) for part in ("street", "postal_code", "city")}
        data["kind"] = data.get("kind") or self.data.get("kind", "")
        data["idempotency_key"] = data["idempotency_key"] or None
        return data | {"address": address if any(address.values()) else None}


class PersonForm(PlainForm):
    """A person, and at a client what they are there."""

    first_name = forms.CharField(label=_("Prénom"), required=False)
    last_name = forms.CharField(label=pgettext_lazy("person", "Nom"), required=False)
    file_as = forms.CharField(
        label=_("Classer sous"), required=False, help_text=_("Laissé vide : « Nom, Prénom », ou la société.")
    )
    title = forms.CharField(label=_("Fonction"), required=False)
    company = forms.CharField(label=_("Société"), required=False)
    language = forms.ChoiceField(label=_("Langue"), choices=User.Language.choices)
    birth_date = forms.CharField(label=_("Date de naissance"), required=False, widget=DAY)
    emails = forms.CharField(
        label=_("Courriels"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Un par ligne, trois au maximum."),
    )  # fmt: skip
    phones = forms.CharField(
        label=_("Téléphones"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Un par ligne, avec un libellé si vous voulez : « Bureau : 02 61 91 00 40 »."),
    )  # fmt: skip

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        self.custom = CustomInputs(self, member, "person", held=(self.initial or {}).get("custom", ()))
        self.renamed = self.renamed | self.custom.renamed

    @staticmethod
    def initial_of(person, *, country: str) -> dict:
        read = person.get if isinstance(person, dict) else lambda name: getattr(person, name)
        fields = ("file_as", "first_name", "last_name", "title", "company", "language")
        return {name: read(name) for name in fields} | {
            "birth_date": str(read("birth_date") or ""),
            "emails": "\n".join(read("emails") or []),
            "phones": phones_text(read("phones") or [], country),
            "custom": read("custom") or {},
            **custom_initial(read("custom")),
        }

    def values(self) -> dict:
        data = {name: value for name, value in self.cleaned_data.items() if name not in self.custom.names}
        data["language"] = data.get("language") or None
        return data | {"phones": phones_typed(data["phones"]), "custom": self.custom.values()}


class MarksForm(PlainForm):
    """What a person is at a client (R004-13)."""

    is_primary = forms.BooleanField(label=_("Principale"), required=False, help_text=_("Elle parle pour le client."))
    is_preferred = forms.BooleanField(
        label=_("Privilégiée"), required=False, help_text=_("Appelée d’abord. Par défaut, la principale.")
    )
    is_billing = forms.BooleanField(
        label=_("Facturation"), required=False, help_text=_("Reçoit les factures. Par défaut, la principale.")
    )


class AddressForm(PlainForm):
    kind = forms.ChoiceField(label=_("Type"), choices=Address.Kind.choices)
    label = forms.CharField(label=_("Libellé"), required=False)
    street = forms.CharField(label=_("Numéro et rue"), required=False)
    unit = forms.CharField(label=_("Complément"), required=False)
    postal_code = forms.CharField(label=_("Code postal"), required=False)
    city = forms.CharField(label=_("Ville"), required=False)
    region = forms.CharField(label=_("Province ou région"), required=False)
    country = forms.ChoiceField(
        label=_("Pays"), required=False, error_messages={"invalid_choice": _("Choisissez un pays de la liste.")}
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = list(country_names(get_language() or "fr").items())

    @staticmethod
    def initial_of(address) -> dict:
        fields = ("kind", "label", "street", "unit", "postal_code", "city", "region", "country")
        return {name: getattr(address, name) for name in fields}


class CreditHoldForm(PlainForm):
    reason = forms.ChoiceField(label=_("Motif"), choices=[("", _("Choisir un motif")), *CreditHold.Reason.choices])
    note = forms.CharField(label=_("Précision"), required=False)


class ObjectTypeForm(PlainForm):
    """A type of business object. States and attributes are one a line, as an administrator writes a list."""

    code = forms.CharField(label=_("Code"), help_text=_("Celui que les imports et l’API nomment. Il ne change plus."))
    label_fr = forms.CharField(label=_("Libellé français"))
    label_en = forms.CharField(label=_("Libellé anglais"))
    plural_fr = forms.CharField(label=_("Pluriel français"))
    plural_en = forms.CharField(label=_("Pluriel anglais"))
    position = forms.IntegerField(label=_("Ordre"), required=False, initial=100, min_value=0, max_value=9999)
    states = forms.CharField(
        label=_("États"), required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Un par ligne : code ; français ; anglais ; ton (neutral, ok, bad, warn ou info)."),
    )  # fmt: skip
    attributes = forms.CharField(
        label=_("Attributs"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Un par ligne : code ; français ; anglais ; type (text, number, date ou boolean)."),
    )  # fmt: skip

    @staticmethod
    def initial_of(object_type) -> dict:
        fields = ("code", "label_fr", "label_en", "plural_fr", "plural_en", "position")
        return {name: getattr(object_type, name) for name in fields} | {
            "states": _lines(object_type.states, "tone"),
            "attributes": _lines(object_type.attributes, "type"),
        }

    def values(self) -> dict:
        data = dict(self.cleaned_data)
        return data | {
            "position": data.get("position") or 100,
            "states": _entries(data["states"], "tone"),
            "attributes": _entries(data["attributes"], "type"),
        }


def sectors_in_reach(member, right: Right = Right.CLIENT_EDIT):
    """The sectors in which the member may put a client, the tree from its root down."""
    sectors = Sector.objects.filter(organization_id=member.organization_id).order_by("name", "code")
    if member.reach.is_whole(right):
        return sectors
    ids = [pk for grant in member.reach.grants_with(right) if grant.scope_type == "sector" for pk in grant.scope_ids]
    return sectors.filter(pk__in=ids)


def phones_text(phones: list[dict], country: str) -> str:
    """One phone a line, « Bureau : 02 61 91 00 40 »."""
    return "\n".join(
        (f"{phone['label']} : " if phone.get("label") else "") + national(phone["number"], region=country)
        for phone in phones
    )


def phones_typed(text: str) -> list[tuple[str, str]]:
    phones = []
    for line in text.splitlines():
        label, separator, number = line.rpartition(":")
        phones.append((label if separator else "", number))
    return phones


def _lines(entries: list[dict], last: str) -> str:
    return "\n".join(" ; ".join((entry["code"], entry["fr"], entry["en"], entry.get(last, ""))) for entry in entries)


def _entries(text: str, last: str) -> list[dict]:
    """Lines as entries; a line that has not its three parts becomes an entry that the action refuses."""
    entries = []
    for line in text.splitlines():
        if line.strip():
            parts = [part.strip() for part in line.split(";")]
            entries.append(dict(zip(("code", "fr", "en", last), parts, strict=False)))
    return entries
