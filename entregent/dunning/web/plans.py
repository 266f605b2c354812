"""Administration of dunning: its plans."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.dunning import actions
from entregent.dunning.models import DunningPlan, aid_tags
from entregent.dunning.web.runs import MODULE, at, plan_in_reach
from entregent.listing.actions import visible_views
from entregent.listing.conditions import mend, sentence
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.organizations.web.administration import render_administration
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui.pages import add_refusal, saved_by_form, see

_NONE, _KEEP = "none", "keep"
PAGE = "dunning/plan_form.html"


@requires(Right.DUNNING, module=MODULE)
def plan_list(request: MemberRequest) -> HttpResponse:
    plans = (
        DunningPlan.objects.filter(organization_id=request.member.organization_id).select_related("definition")
        .annotate(running=Count("runs", filter=Q(runs__ended_at__isnull=True))).order_by("-is_active", "name_fr", "pk")
    )  # fmt: skip
    return render_administration(request, "dunning/plans.html", {"plans": list(plans)})


@requires(Right.DUNNING, module=MODULE)
def plan_create(request: MemberRequest) -> HttpResponse:
    form = PlanForm(request.POST or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_plan(by=request.member, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, _("Plan de relance « %(name)s » ajouté.") % {"name": made.name})
    return _form(request, form, None)


@requires(Right.DUNNING, module=MODULE)
def plan_update(request: MemberRequest, pk: int) -> HttpResponse:
    plan = plan_in_reach(request.member, pk)
    form = PlanForm(request.POST or None, member=request.member, plan=plan)
    stale = None
    if request.method == "POST" and form.is_valid():
        version, values = form.cleaned_data["version"] or 0, form.values()
        changed, form, stale = saved_by_form(
            form, lambda: actions.update_plan(plan, by=request.member, version=version, **values),
            over=lambda data, current: PlanForm(data, member=request.member, plan=current),
        )  # fmt: skip
        if changed is not None:
            return _back(request, _("Plan de relance « %(name)s » modifié.") % {"name": changed.name})
    return _form(request, form, plan, stale)


def _form(request: MemberRequest, form: "PlanForm", plan: DunningPlan | None, stale=None) -> HttpResponse:
    status = stale.status if stale else 422 if request.method == "POST" else 200
    return render_administration(request, PAGE, {"form": form, "plan": plan, "stale": stale}, status=status)


def _back(request: MemberRequest, toast: str) -> HttpResponse:
    return see(request, at("plans", request.member), toast=toast)


class PlanForm(forms.Form):
    """The fields of a plan of dunning."""

    name_fr = forms.CharField(label=gettext_lazy("Nom français"), required=False)
    name_en = forms.CharField(label=gettext_lazy("Nom anglais"), required=False)
    service = forms.ChoiceField(
        label=gettext_lazy("Service"), required=False,
        help_text=gettext_lazy("La loi en dépend : l’eau n’est jamais coupée, l’énergie ne l’est pas en hiver."),
    )  # fmt: skip
    definition = forms.ChoiceField(
        label=gettext_lazy("Plan d'action"), required=False,
        help_text=gettext_lazy("Ses étapes sont les niveaux de relance, avec leurs délais et leurs lettres."),
    )  # fmt: skip
    grace_days = forms.IntegerField(label=gettext_lazy("Jours après l’échéance"), required=False)
    minimum = forms.DecimalField(label=gettext_lazy("Montant minimum"), required=False, localize=True)
    daily_cap = forms.IntegerField(label=gettext_lazy("Au plus, par jour"), required=False)
    condition_from = forms.ChoiceField(
        label=gettext_lazy("Clients à relancer"), required=False,
        help_text=gettext_lazy("Les critères sont ceux d’une vue, copiés quand vous enregistrez."),
    )  # fmt: skip
    aid_tags = forms.CharField(
        label=gettext_lazy("Étiquettes des clients aidés"), required=False,
        help_text=gettext_lazy("Séparées par des virgules. Le plan d’action peut leur laisser plus de temps."),
    )  # fmt: skip
    is_daily = forms.BooleanField(
        label=gettext_lazy("Lancer chaque jour"), required=False,
        help_text=gettext_lazy("Chaque matin, pour les factures dont le jour est venu. Sinon à la main seulement."),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("En service"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    # Where refusals about the criteria are told.
    condition = forms.CharField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False

    def __init__(self, data=None, *, member: Membership, plan: DunningPlan | None = None):
        self.member, self.plan = member, plan
        initial: dict[str, Any] = {
            "is_active": True, "grace_days": 1, "minimum": Decimal(15), "daily_cap": 1000, "condition_from": _NONE,
            "aid_tags": ", ".join(aid_tags()), "service": "water",
        }  # fmt: skip
        if plan is not None:
            names = "name_fr name_en service grace_days minimum daily_cap is_daily is_active version"
            initial |= {name: getattr(plan, name) for name in names.split()}
            initial["aid_tags"] = ", ".join(plan.aid_tags)
            initial["definition"] = str(plan.definition_id)
            initial["condition_from"] = _KEEP if plan.condition else _NONE
        super().__init__(data, initial=initial)
        offered = (
            ProcessDefinition.objects.filter(organization_id=member.organization_id, subjects__contains=["case"])
            .filter(Q(is_active=True, live__isnull=False) | Q(pk=plan.definition_id if plan is not None else 0))
        )  # fmt: skip
        self.definitions = {str(one.pk): one for one in offered}
        self._offer()

    def _offer(self) -> None:
        fields: Any = self.fields
        fields["service"].choices = DunningPlan.Service.choices
        fields["definition"].choices = [
            ("", _("Choisir un plan d’action")), *((key, one.name) for key, one in self.definitions.items()),
        ]  # fmt: skip
        views = [(f"view:{view.pk}", _("Ceux de la vue « %(view)s »") % {"view": view}) for view in self._views()]
        kept = []
        if self.plan is not None and self.plan.condition:
            definition = lists(self.member)["clients"]
            told = sentence(mend(self.plan.condition, definition, self.member)[0], definition, self.member)
            kept = [(_KEEP, _("Ceux-ci : %(condition)s") % {"condition": told})]
        fields["condition_from"].choices = [(_NONE, _("Tous les clients")), *kept, *views]

    def _views(self):
        return [view for view in visible_views(self.member, "clients") if view.condition]

    def values(self) -> dict[str, Any]:
        """The keywords of the actions."""
        data = self.cleaned_data
        values: dict[str, Any] = {name: data.get(name) or "" for name in ("name_fr", "name_en", "service")}
        values |= {name: data.get(name) for name in ("grace_days", "daily_cap", "minimum")}
        values |= {"is_daily": data["is_daily"], "definition": self.definitions.get(data.get("definition") or "")}
        values["is_active"] = data["is_active"] if self.plan is not None else True
        values["aid_tags"] = (data.get("aid_tags") or "").split(",")
        chosen = data.get("condition_from") or _KEEP
        if chosen == _NONE:
            values["condition"] = None
        elif chosen.startswith("view:"):
            values["condition"] = next((view.condition for view in self._views() if f"view:{view.pk}" == chosen), None)
        return values
