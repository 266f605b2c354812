from django import forms
from django.utils.text import slugify
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.clients.models import Address, BusinessObjectType, Client
from entregent.clients.validation import IDENTIFIERS
from entregent.exchange.fields import CUSTOM, KINDS, Kind
from entregent.exchange.mapping import Mapping, from_data
from entregent.exchange.models import Import
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.models import Membership, User
from entregent.toolbox.countries import country_names
from entregent.toolbox.text import search_key


class ImportForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Données"))
    file = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy(
            "CSV (virgule, point-virgule ou tabulation ; UTF-8 ou Windows-1252), XLSX ou vCard, 1 Go au plus."
        ),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier."),
            "empty": gettext_lazy("Le fichier est vide."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.vcf"}),
    )

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (name, kind.label) for name, kind in KINDS.items() if kind.is_offered_to(member)
        ]
        self.initial.setdefault("kind", "clients")


class RunForm(forms.Form):
    on_duplicate = forms.ChoiceField(
        label=gettext_lazy("Doublons probables"),
        choices=Import.OnDuplicate.choices,
        initial=Import.OnDuplicate.REJECT,
        required=False,
    )


class ColumnsForm:
    """The matching of columns as it is drawn and read: one line a column, further values below."""

    def __init__(self, batch: Import, mapping: Mapping, samples: list[list[str]], kind: Kind, member: Membership):
        self.member = member
        self.batch = batch
        self.kind = kind
        self.mapping = mapping
        self.samples = samples

    @property
    def columns(self) -> list[dict]:
        shown = []
        for place, name in enumerate(self.batch.header):
            targets = self.mapping.columns.get(name, ())
            first = targets[0] if targets else None
            shown.append(
                {
                    "place": place,
                    "name": name,
                    "to": first.to if first else "",
                    "also": targets[1].to if len(targets) > 1 else "",
                    "split": first.split if first else "",
                    "take": (first.take or "") if first else "",
                    "prefix": first.prefix if first else "",
                    "examples": [row[place] for row in self.samples if place < len(row) and row[place].strip()][:3],
                    "choices": self._choices(name, {target.to for target in targets}),
                }
            )
        return shown

    @property
    def constants(self) -> list[dict]:
        names = [*self.kind.constants, *(name for name in self.mapping.constants if name not in self.kind.constants)]
        return [self._constant(name, self.mapping.constants.get(name, "")) for name in names]

    def _constant(self, name: str, value: str) -> dict:
        """One of few values is chosen by its name; what a mapping says otherwise is kept as it is."""
        choices = _choices_of(self.kind.name, name, self.member)
        if choices and value not in ("", *(code for code, _label in choices)):
            choices = [*choices, (value, value)]
        return {
            "name": name,
            "label": self.kind.label_of(name),
            "value": value,
            "choices": [("", "—"), *choices] if choices else [],
        }

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [
            ("", _("Aucune : chaque ligne est nouvelle")),
            *((key, self.kind.label_of(key)) for key in self.kind.keys),
        ]

    def _choices(self, column: str, chosen: set[str]) -> list[tuple[str, str]]:
        choices = [("", _("— ne pas importer —"))]
        choices += [(field.name, str(field.label)) for field in self.kind.fields]
        known = {name for name, _label in choices}
        slug = slugify(search_key(column)).replace("-", "_")[:30].strip("_")
        for prefix in self.kind.open:
            if prefix != CUSTOM and slug and slug[0].isalpha() and prefix + slug not in known:
                title = _("Attribut : %(name)s") if prefix == "attributes." else _("Identifiant : %(name)s")
                choices.append((prefix + slug, title % {"name": slug}))
                known.add(prefix + slug)
        return choices + [(name, self._title(name)) for name in sorted(chosen - known)]

    def _title(self, name: str) -> str:
        """« Identifiant : SIREN », « Attribut : debit »."""
        area, _dot, code = name.partition(".")
        if area == "identifiers":
            return _("Identifiant : %(name)s") % {"name": IDENTIFIERS.get(code, (code,))[0]}
        if area == "attributes":
            return _("Attribut : %(name)s") % {"name": code}
        return name


_CHOICES = {
    ("clients", "kind"): Client.Kind,
    ("clients", "status"): Client.Status,
    ("addresses", "kind"): Address.Kind,
    ("interactions", "channel"): Interaction.Channel,
    ("interactions", "direction"): Interaction.Direction,
    ("interactions", "status"): Interaction.Status,
    ("interactions", "priority"): Interaction.Priority,
}


def _choices_of(kind: str, name: str, member: Membership) -> list[tuple[str, str]]:
    if (kind, name) in _CHOICES:
        return [(str(value), str(label)) for value, label in _CHOICES[kind, name].choices]
    if name == "language":
        return [(str(value), str(label)) for value, label in User.Language.choices]
    if name in ("country", "addresses.main.country"):
        return list(country_names(get_language() or "fr").items())
    if name == "topic":
        return [(topic.code, topic.label) for topic in Topic.objects.filter(organization_id=member.organization_id)]
    if name == "type":
        types = BusinessObjectType.objects.filter(organization_id=member.organization_id)
        return [(one.code, one.label) for one in types]
    return []


def posted_mapping(data, kind: Kind, header: list[str], ignored: tuple[str, ...] = ()) -> Mapping:
    """What stands in the form of the columns. Refuses, as `from_data` does, what is no mapping."""
    columns: dict[str, list] = {}
    for place, name in enumerate(header):
        targets: list = []
        to = data.get(f"to-{place}", "")
        if to:
            first: dict = {"to": to}
            for part in ("split", "take", "prefix"):
                if data.get(f"{part}-{place}"):
                    first[part] = data[f"{part}-{place}"]
            targets.append(first)
        if data.get(f"also-{place}"):
            targets.append(data[f"also-{place}"])
        if targets:
            columns[name] = targets
    prefix = "constant-"
    constants = {
        name.removeprefix(prefix): value.strip()
        for name, value in data.items()
        if name.startswith(prefix) and value.strip()
    }
    return from_data(
        {
            "kind": kind.name,
            "key": data.get("key", ""),
            "columns": columns,
            "constants": constants,
            "ignore": [name for name in header if name not in columns],
        }
    )
