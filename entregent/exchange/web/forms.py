from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.exchange.fields import CUSTOM, KINDS, Kind
from entregent.exchange.mapping import Mapping, from_data
from entregent.exchange.models import Import
from entregent.toolbox.text import search_key


class ImportForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Données"))
    file = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy(
            "CSV (virgule, point-virgule ou tabulation ; UTF-8 ou Windows-1252) ou XLSX, 1 Go au plus."
        ),
        error_messages={
            "required": gettext_lazy("Choisissez un fichier."),
            "empty": gettext_lazy("Le fichier est vide."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args, member, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (name, kind.label) for name, kind in KINDS.items() if all(member.can(right) for right in kind.rights)
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

    def __init__(self, batch: Import, mapping: Mapping, samples: list[list[str]], kind: Kind):
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
        return [
            {"name": name, "label": self.kind.label_of(name), "value": self.mapping.constants.get(name, "")}
            for name in names
        ]

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
        return choices + [(name, name) for name in sorted(chosen - known)]


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
