"""« Délais de réponse »: what is promised per type of case and category of client, with a preview of each change."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.promises import TARGETS, preview_rule, set_rule
from entregent.cases.lists import full_label, in_tree
from entregent.cases.models import CaseType
from entregent.cases.sla_models import SlaClock, SlaRule
from entregent.organizations.models import Module
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.toolbox.text import as_id
from entregent.toolbox.working_time import tell_offset
from entregent.ui.pages import add_refusal, see

PAGE = "cases/promise_form.html"
DELAYS = (
    "1 working hour", "2 working hours", "4 working hours", "8 working hours", "1 working day", "2 working days",
    "3 working days", "5 working days", "10 working days", "15 working days", "20 working days", "24 hours",
    "48 hours", "1 month", "2 months",
)  # fmt: skip


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def rule_list(request) -> HttpResponse:
    types = _types(request.member)
    rows: list[dict[str, Any]] = [
        {
            "rule": rule,
            "scope": full_label(types[rule.case_type_id], types) if rule.case_type_id else _("Tous les types"),
            "targets": [tell_offset(getattr(rule, name)) if getattr(rule, name) else "—" for name in TARGETS],
        }
        for rule in SlaRule.objects.filter(organization_id=request.member.organization_id)
    ]
    rows.sort(key=lambda row: (row["rule"].case_type_id is not None, row["scope"], row["rule"].category))
    return render_administration(request, "cases/promises.html", {"rows": rows})


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def rule_create(request) -> HttpResponse:
    return _edit(request, None)


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def rule_update(request, pk) -> HttpResponse:
    rule = SlaRule.objects.filter(organization_id=request.member.organization_id, pk=pk).first()
    if rule is None:
        raise NotFound
    return _edit(request, rule)


def _edit(request, rule: SlaRule | None) -> HttpResponse:
    """« Voir ce qui change » shows which open cases move; « Enregistrer » does it."""
    member = request.member
    form = PromiseForm(request.POST or None, member=member, rule=rule)
    preview, stale, status = None, None, 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" in request.POST:
                preview, status = preview_rule(rule, by=member, **form.values()), 200
            else:
                set_rule(rule, by=member, version=form.cleaned_data["version"], **form.values())
                url = reverse("cases:promises", args=[member.organization.slug])
                return see(request, url, toast=_("Délais enregistrés ; les dossiers ouverts suivent."))
        except Stale as refusal:
            stale, status = refusal, refusal.status
            data = request.POST.copy()
            data["version"] = str(refusal.current.version)
            form = PromiseForm(data, member=member, rule=rule)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    kinds = dict(SlaClock.Kind.choices)
    context = {"form": form, "rule": rule, "stale": stale, "preview": preview, "kinds": kinds}
    return render_administration(request, PAGE, context, status=status)


def _types(member) -> dict[int, CaseType]:
    return in_tree(list(CaseType.objects.of(member).order_by("position", "id")))


class PromiseForm(forms.Form):
    case_type = forms.ChoiceField(
        label=gettext_lazy("Type de dossier"), required=False,
        help_text=gettext_lazy("Vaut aussi pour les types placés dessous, sauf délai plus précis."),
    )  # fmt: skip
    category = forms.CharField(
        label=gettext_lazy("Catégorie de client"), required=False, max_length=60,
        help_text=gettext_lazy("Telle qu’elle est écrite sur la fiche du client ; vide : toutes."),
    )  # fmt: skip
    first_answer = forms.ChoiceField(label=gettext_lazy("Première réponse"), required=False)
    next_answer = forms.ChoiceField(label=gettext_lazy("Réponse suivante"), required=False)
    solution = forms.ChoiceField(label=gettext_lazy("Solution"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("En vigueur"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False

    def __init__(self, data=None, *, member, rule: SlaRule | None):
        initial: dict[str, Any] = {"is_active": True}
        if rule is not None:
            initial = {name: getattr(rule, name) for name in ("category", "is_active", "version", *TARGETS)}
            initial["case_type"] = str(rule.case_type_id or "")
        super().__init__(data, initial=initial)
        self.types = _types(member)
        fields: Any = self.fields
        fields["case_type"].choices = [("", _("Tous les types"))] + [
            (str(key), full_label(one, self.types)) for key, one in self.types.items()
        ]
        for name in TARGETS:
            delays = list(DELAYS)
            kept = getattr(rule, name) if rule is not None else ""
            if kept and kept not in delays:
                delays.append(kept)
            fields[name].choices = [("", _("Aucun")), *((one, tell_offset(one)) for one in delays)]

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        values: dict[str, Any] = {name: data[name] for name in ("category", "is_active", *TARGETS)}
        values["case_type"] = self.types.get(as_id(data["case_type"] or "") or 0)
        return values
