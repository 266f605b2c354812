"""The form of a step as people fill it in."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from entregent.processes import fields
from entregent.processes.definitions import consequences, step_of
from entregent.processes.fields import Field, fields_of

# Choices that are seen at a glance.
FEW = 5
# Of the steps that an answer leads to, those that are named.
MOST_STEPS = 3


class StepForm(forms.Form):
    """Fields by the form of a step; what it cleans is what is kept (`fields.clean`)."""

    # What is missing is said by the product, in its own words.
    use_required_attribute = False

    def __init__(
        self, form: Mapping[str, Any], *args, body: Mapping[str, Any] | None = None, owner: str = "", **kwargs
    ):
        """`body` and `owner` (a step, or « facts »): the process that asks, to say what an answer leads to."""
        super().__init__(*args, **kwargs)
        self.step_fields = fields_of(form)
        for field in self.step_fields:
            leads_to = consequences(body, owner, field) if body is not None else {}
            self.fields[field.key] = _form_field(field, leads_to)

    def answers(self) -> dict[str, Any]:
        """What was entered, for `complete_step`."""
        return {key: value for key, value in self.cleaned_data.items() if value not in (None, "")}


def form_for(step, data=None, *, body: Mapping[str, Any] | None = None, **kwargs) -> StepForm:
    """The form of a step of a plan, with what stands in it already. `body`: of its version, where one has it."""
    from entregent.processes.actions.plan import body_of

    if step.is_ad_hoc:
        return StepForm({}, data, **kwargs)
    body = body if body is not None else body_of(step.run.process_version)
    spec = step_of(body, step.key)
    form = (spec or {}).get("form") or {}
    told = {key: str(value).lower() if isinstance(value, bool) else value for key, value in step.data.items()}
    kwargs.setdefault("initial", told)
    return StepForm(form, data, body=body, owner=step.key, **kwargs)


def form_of_launch(body: Mapping[str, Any], data=None, **kwargs) -> StepForm:
    """What a process asks for at its launch."""
    return StepForm(body.get("facts") or {}, data, body=body, owner="facts", **kwargs)


def _choice(label: str, steps: list[str] | None) -> str:
    """« Oui → Relève sur place »: an answer, and the steps to which it leads."""
    if not steps:
        return label
    more = " …" if len(steps) > MOST_STEPS else ""
    return f"{label} → {', '.join(steps[:MOST_STEPS])}{more}"


def _form_field(field: Field, leads_to: Mapping[Any, list[str]]) -> forms.Field:
    common: dict[str, Any] = {
        "label": field.title,
        "required": field.is_required,
        "help_text": field.help,
        "error_messages": {"required": _("%(field)s obligatoire") % {"field": field.title}},
    }
    if field.type == "integer":
        return _NumberField(field, **common)
    if field.type == "number":
        return _NumberField(field, **common)
    if field.type == "date":
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
                               input_formats=["%Y-%m-%d", "%d/%m/%Y"], **common)  # fmt: skip
    if field.type == "boolean":
        offered = [("true", _choice(_("Oui"), leads_to.get(True))), ("false", _choice(_("Non"), leads_to.get(False)))]
        return forms.TypedChoiceField(
            choices=offered, coerce=lambda value: value == "true",
            empty_value=None, widget=forms.RadioSelect, **common,
        )  # fmt: skip
    if field.type == "choice":
        if len(field.choices) <= FEW:
            offered = [(value, _choice(label, leads_to.get(value))) for value, label in field.offered()]
            return forms.ChoiceField(choices=offered, widget=forms.RadioSelect, **common)
        return forms.ChoiceField(choices=[("", "—"), *field.offered()], **common)
    if field.type == "text":
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=fields.LONGEST["text"], **common)
    return forms.CharField(max_length=fields.LONGEST["string"], **common)


class _NumberField(forms.CharField):
    """A number as people write it: « 1 234,50 »."""

    def __init__(self, field: Field, **kwargs):
        mode = "numeric" if field.type == "integer" else "decimal"
        super().__init__(widget=forms.TextInput(attrs={"inputmode": mode}), max_length=40, **kwargs)
        self._field = field

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        kept, wrong = fields.cleaned_value(self._field, text)
        if wrong:
            raise forms.ValidationError(_("%(name)s : %(problem)s") % {"name": self._field.title, "problem": wrong})
        return kept
