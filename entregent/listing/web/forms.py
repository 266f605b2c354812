"""The form of a custom field. It only gathers what was typed: the actions refuse."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.listing.custom_fields import Type, subjects
from entregent.listing.models import CustomField

_NAMES = ("label_fr", "label_en", "help_fr", "help_en", "is_required", "is_searchable", "position", "variants")


class CustomFieldForm(forms.Form):
    """Labels in both languages side by side. Options are one a line, as an administrator writes a list."""

    use_required_attribute = False

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Sur"), required=False, widget=forms.Select)
    type = forms.CharField(label=_("Type"), required=False, widget=forms.Select)
    label_fr = forms.CharField(label=_("Libellé français"), required=False)
    label_en = forms.CharField(label=_("Libellé anglais"), required=False)
    help_fr = forms.CharField(label=_("Aide en français"), required=False)
    help_en = forms.CharField(label=_("Aide en anglais"), required=False)
    code = forms.CharField(
        label=_("Code"), required=False,
        help_text=_("Celui que les imports et l’API nomment ; laissé vide, il est fait du libellé. Il ne change plus."),
    )  # fmt: skip
    position = forms.IntegerField(label=_("Ordre"), required=False, min_value=0, max_value=9999)
    options = forms.CharField(
        label=_("Options de la liste"), required=False, widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Une par ligne : identifiant ; français ; anglais. Identifiant : 11 lettres et chiffres au plus."),
    )  # fmt: skip
    variants = forms.MultipleChoiceField(
        label=_("Canaux"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Rien de coché : tous ceux-ci. Jamais sur un courriel."),
    )  # fmt: skip
    is_required = forms.BooleanField(label=_("Obligatoire"), required=False)
    is_searchable = forms.BooleanField(
        label=_("Dans la recherche"), required=False,
        help_text=_("Ses valeurs sont trouvées par la recherche rapide."),
    )  # fmt: skip

    def __init__(self, data=None, *, field: CustomField | None = None, subject: str = ""):
        super().__init__(data, initial=_initial_of(field) if field else {"subject": subject, "type": Type.TEXT})
        self.fields["subject"].widget.choices = [(one.code, str(one.plural)) for one in subjects()]
        self.fields["type"].widget.choices = Type.choices
        channels: list[tuple[str, str]] = []
        for one in subjects():
            if one.variants and (field is None or field.subject == one.code):
                channels = one.variants()
                if field is None:
                    self.initial.setdefault("variants", list(one.usual_variants))
        self.fields["variants"].choices = channels
        dropped = ["subject", "type", "code"] if field else ["position", "version"]
        if field and field.type != Type.CHOICE:
            dropped.append("options")
        if not channels:
            dropped.append("variants")
        if field and field.type == Type.BOOLEAN:
            dropped.append("is_required")
        if field and field.type not in (Type.TEXT, Type.CHOICE, Type.NUMBER):
            dropped.append("is_searchable")
        for name in dropped:
            del self.fields[name]

    def values(self) -> dict[str, Any]:
        """As the actions take them."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        if "options" in data:
            data["options"] = options_typed(data["options"])
        return data


def _initial_of(field: CustomField) -> dict[str, Any]:
    values = {name: getattr(field, name) for name in _NAMES}
    lines = [f"{one['id']} ; {one['fr']} ; {one['en']}" for one in field.options if one.get("is_active", True)]
    return values | {"version": field.version, "options": "\n".join(lines)}


def options_typed(text: str) -> list[dict[str, str]]:
    """« c1 ; Cave ; Cellar » a line; what is left out is refused or filled by the action."""
    options = []
    for line in text.splitlines():
        if line.strip():
            parts = [part.strip() for part in line.split(";")]
            options.append(dict(zip(("id", "fr", "en"), parts, strict=False)))
    return options
