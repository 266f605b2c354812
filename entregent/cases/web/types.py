"""Administration of the types of cases: the tree, sub-statuses, the rule of the due day, the template."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.types import create_case_type, update_case_type
from entregent.cases.lists import full_label, in_tree
from entregent.cases.models import CaseType, State
from entregent.interactions.models import Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.interactions.web.composer import new_key
from entregent.organizations.models import Membership, Module
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.toolbox.working_time import tell_offset
from entregent.ui.pages import add_refusal, saved_by_form, see

PAGE = "cases/type_form.html"
DELAYS = (
    "1 working day", "2 working days", "3 working days", "5 working days", "10 working days", "15 working days",
    "1 month", "2 months", "3 months", "4 months",
)  # fmt: skip
_BLANK_ROWS = 2


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def type_list(request) -> HttpResponse:
    types = _types(request.member)
    context = {
        "rows": [
            {
                "type": one,
                "depth": one.path.count("/"),
                "due": tell_offset(one.due_rule) if one.due_rule else "",
                "template": one.template,
            }
            for one in types.values()
        ]
    }
    return render_administration(request, "cases/types.html", context)


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def type_create(request) -> HttpResponse:
    form = CaseTypeForm(request.POST or None, member=request.member, parent=as_id(request.GET.get("sous", "")))
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        try:
            key = form.cleaned_data["idempotency_key"] or None
            made = create_case_type(by=request.member, idempotency_key=key, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, _("Type « %(label)s » ajouté.") % {"label": made.label})
    return _form(request, form, None)


@requires(Right.CASE_TYPES, module=Module.CASEWORK)
def type_update(request, pk) -> HttpResponse:
    case_type = CaseType.objects.of(request.member).filter(pk=pk).first()
    if case_type is None:
        raise NotFound
    form = CaseTypeForm(request.POST or None, member=request.member, case_type=case_type)
    stale = None
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        version, values = form.cleaned_data["version"] or 0, form.values()
        changed, form, stale = saved_by_form(
            form, lambda: update_case_type(case_type, by=request.member, version=version, **values),
            over=lambda data, current: CaseTypeForm(data, member=request.member, case_type=current),
        )  # fmt: skip
        if changed is not None:
            return _back(request, _("Type « %(label)s » modifié.") % {"label": changed.label})
    return _form(request, form, case_type, stale)


def _form(request, form, case_type, stale=None) -> HttpResponse:
    status = stale.status if stale else 422 if request.method == "POST" and "more" not in request.POST else 200
    context: dict[str, Any] = {"form": form, "case_type": case_type, "stale": stale, "open_cases": 0}
    if case_type is not None:
        context["open_cases"] = case_type.count_open()
    return render_administration(request, PAGE, context, status=status)


def _back(request, toast: str) -> HttpResponse:
    return see(request, reverse("cases:types", args=[request.member.organization.slug]), toast=toast)


def _types(member: Membership) -> dict[int, CaseType]:
    return in_tree(list(CaseType.objects.of(member).select_related("template").order_by("position", "id")))


class CaseTypeForm(forms.Form):
    """The fields of a type; its sub-statuses come as rows."""

    label_fr = forms.CharField(label=gettext_lazy("Libellé français"), required=False)
    label_en = forms.CharField(label=gettext_lazy("Libellé anglais"), required=False)
    parent = forms.ChoiceField(label=gettext_lazy("Placé sous"), required=False)
    position = forms.IntegerField(label=gettext_lazy("Ordre"), required=False, min_value=0, max_value=100_000)
    due_rule = forms.ChoiceField(
        label=gettext_lazy("Échéance après l’ouverture"), required=False,
        help_text=gettext_lazy("Comptée sur le calendrier de travail de l’organisation."),
    )  # fmt: skip
    warn_days = forms.IntegerField(
        label=gettext_lazy("Alerte avant l’échéance, en jours"), required=False, min_value=0, max_value=365
    )
    template = forms.ChoiceField(
        label=gettext_lazy("Modèle de dossier"), required=False,
        help_text=gettext_lazy("Un nouveau dossier de ce type est rempli avec ce modèle."),
    )  # fmt: skip
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Rubriques qui y mènent"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("« Créer un dossier » sur un contact d’une de ces rubriques propose ce type."),
    )  # fmt: skip
    is_confidential = forms.BooleanField(
        label=gettext_lazy("Confidentiel dès l’ouverture"), required=False,
        help_text=gettext_lazy("Vu par ses agents liés, et par qui peut voir les dossiers confidentiels."),
    )  # fmt: skip
    on_portal = forms.BooleanField(
        label=gettext_lazy("Visible du client sur le portail"), required=False,
        help_text=gettext_lazy(
            "Le client y suit ses dossiers de ce type : libellé, état, étapes nommées pour lui, ce qui est attendu de "
            "lui. Jamais ceux qui sont confidentiels."
        ),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("Proposé"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)
    # Where refusals about rows are told.
    sub_statuses = forms.CharField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False

    def __init__(self, data=None, *, member: Membership, case_type: CaseType | None = None, parent: int | None = None):
        self.member, self.case_type = member, case_type
        initial: dict[str, Any] = {"is_active": True, "warn_days": 2, "parent": str(parent or "")}
        initial["idempotency_key"] = new_key()
        if case_type is not None:
            names = "label_fr label_en position due_rule warn_days topics is_confidential on_portal is_active version"
            initial |= {name: getattr(case_type, name) for name in names.split()}
            initial["parent"] = str(case_type.parent_id or "")
            initial["template"] = str(case_type.template_id or "")
        super().__init__(data, initial=initial)
        self.types = _types(member)
        templates = RecordTemplate.objects.filter(organization_id=member.organization_id, kind=RecordTemplate.Kind.CASE)
        self.templates = {str(one.pk): one for one in templates}
        topics = Topic.objects.filter(organization_id=member.organization_id)
        kept = case_type.topics if case_type is not None else []
        self.offered_topics = {one.code: one for one in topics if one.is_active or one.code in kept}
        self._offer()

    def _offer(self) -> None:
        fields: Any = self.fields
        own = f"{self.case_type.path}/" if self.case_type is not None else None
        fields["parent"].choices = [("", _("Aucun : à la racine"))] + [
            (str(key), full_label(one, self.types))
            for key, one in self.types.items()
            if own is None or not f"{one.path}/".startswith(own)
        ]
        delays = list(DELAYS)
        if self.case_type is not None and self.case_type.due_rule and self.case_type.due_rule not in delays:
            delays.append(self.case_type.due_rule)
        fields["due_rule"].choices = [("", _("Aucune")), *((one, tell_offset(one)) for one in delays)]
        fields["template"].choices = [("", _("Aucun")), *((key, one.name) for key, one in self.templates.items())]
        fields["topics"].choices = [(code, one.label) for code, one in self.offered_topics.items()]

    @property
    def status_rows(self) -> list[dict]:
        if self.is_bound:
            rows = self._sent()
        else:
            rows = list(self.case_type.sub_statuses) if self.case_type is not None else []
        return rows + [{"code": "", "state": "new", "fr": "", "en": ""}] * _BLANK_ROWS

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        return [(one.value, str(one.label)) for one in State]

    def _sent(self) -> list[dict]:
        data: Any = self.data
        names = ("code", "state", "fr", "en")
        columns = [data.getlist(f"status-{name}")[:60] for name in names]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=False)]
        return [row for row in rows if row["fr"].strip() or row["en"].strip()]

    def values(self) -> dict[str, Any]:
        """The keywords of the actions."""
        data = self.cleaned_data
        values: dict[str, Any] = {name: data.get(name) or "" for name in ("label_fr", "label_en", "due_rule")}
        values |= {"is_confidential": data["is_confidential"], "on_portal": data["on_portal"]}
        values["position"] = data.get("position")
        if self.case_type is not None:
            values["is_active"] = data["is_active"]
        values["warn_days"] = data.get("warn_days")
        values["parent"] = self.types.get(as_id(data.get("parent") or "") or 0)
        values["template"] = self.templates.get(data.get("template") or "")
        values["topics"] = [self.offered_topics[code] for code in data["topics"]]
        values["sub_statuses"] = self._sent()
        return values
