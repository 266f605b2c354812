"""Custom fields in the forms of other areas: their inputs are added, what was typed is gathered as the actions take it.

What is right stands in `custom_fields`: the inputs refuse nothing themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language

from entregent.listing import custom_fields
from entregent.listing.custom_fields import Type, is_for, staff_of
from entregent.listing.models import CustomField
from entregent.organizations.models import Membership

PREFIX = "custom_"


class _Gathers:
    """Only marked as required: the action refuses, with its sentence."""

    def validate(self, value):
        pass


class Text(_Gathers, forms.CharField):
    pass


class Flag(_Gathers, forms.BooleanField):
    pass


class Choice(_Gathers, forms.ChoiceField):
    pass


def custom_initial(custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the inputs show of the values of a record, by name of the input."""
    return {f"{PREFIX}{code}": _typed(value) for code, value in (custom or {}).items()}


def _typed(value: Any) -> str:
    if value is True:
        return "on"
    if isinstance(value, float):
        text = f"{value:.15g}"
        return text if get_language() == "en" else text.replace(".", ",")
    return str(value)


class CustomInputs:
    """The inputs of a subject in one form. `names` are those of the inputs, in order."""

    def __init__(
        self,
        form: forms.Form,
        member: Membership,
        subject: str,
        *,
        variant: str | None = None,
        held: Iterable[str] = (),
    ):
        """`held`: codes of the values that the record has; such a field is shown though it is no longer offered."""
        self.form = form
        kept = set(held)
        self.fields = [
            field
            for field in custom_fields.fields_of(member, subject)
            if field.code in kept or (field.is_active and is_for(field, variant))
        ]
        for field in self.fields:
            name = f"{PREFIX}{field.code}"
            shown = form.initial.get(name, "")
            form.fields[name] = input_of(field, member, shown, is_asked=is_for(field, variant))
        self.renamed = {f"custom.{field.code}": f"{PREFIX}{field.code}" for field in self.fields}

    @property
    def names(self) -> list[str]:
        return list(self.renamed.values())

    @property
    def bound(self) -> list:
        """The inputs, bound, for the page."""
        return [self.form[name] for name in self.names]

    def values(self) -> dict[str, Any]:
        """As the actions take them: by code."""
        data = self.form.cleaned_data
        return {field.code: data.get(f"{PREFIX}{field.code}", "") for field in self.fields}


def input_of(field: CustomField, member: Membership, shown: Any = "", *, is_asked: bool = True) -> forms.Field:
    common: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": field.is_required and field.is_active and is_asked,
    }
    match field.type:
        case Type.BOOLEAN:
            return Flag(**common | {"required": False})
        case Type.CHOICE:
            offered = [
                (option["id"], dict(field.choices)[option["id"]])
                for option in field.options
                if option.get("is_active", True) or option["id"] == shown
            ]
            return Choice(choices=[("", "—"), *offered], **common)
        case Type.MEMBER:
            staff = [
                (str(one.key), one.name) for one in staff_of(member) if one.is_active or str(one.key) == str(shown)
            ]
            return Choice(choices=[("", "—"), *staff], **common)
        case Type.DATE:
            return Text(widget=forms.DateInput(attrs={"type": "date"}), **common)
        case Type.NUMBER:
            return Text(widget=forms.TextInput(attrs={"inputmode": "decimal"}), **common)
        case _:
            return Text(**common)
