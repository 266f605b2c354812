"""Administration of templates of contacts and dossiers, with a preview on a real client."""

from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import BusinessObjectType, Client
from entregent.clients.selectors import selector_choices
from entregent.interactions import actions
from entregent.interactions.actions.recording import only_active_contract
from entregent.interactions.actions.templates import check_values
from entregent.interactions.models import InteractionAgent, Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.interactions.templating import propose, role_choices
from entregent.interactions.web.answers import at
from entregent.interactions.web.composer import CHANNELS, new_key
from entregent.interactions.web.find import clients_found
from entregent.listing.actions import visible_views
from entregent.listing.conditions import mend, sentence
from entregent.listing.lists import ListDefinition, lists
from entregent.listing.web import question
from entregent.listing.words import COUNTS
from entregent.organizations.models import Membership, Team
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.toolbox.working_time import tell_offset
from entregent.ui.pages import add_refusal, render_block, saved_by_form, see

PAGE = "interactions/record_template_form.html"
# The delays that are offered for the follow-up.
DELAYS = ("1 working day", "2 working days", "3 working days", "5 working days", "10 working days", "1 month")
_KEEP, _NONE = "keep", "none"
_BLANK_ROWS = 2


@requires(Right.TEMPLATES)
def template_list(request) -> HttpResponse:
    templates = RecordTemplate.objects.filter(organization_id=request.member.organization_id)
    context = {"templates": list(templates.prefetch_related("topics"))}
    return render_administration(request, "interactions/record_templates.html", context)


@requires(Right.TEMPLATES)
def template_create(request) -> HttpResponse:
    form = TemplateForm(request.POST or None, member=request.member)
    if request.method == "POST" and not _is_redrawn(request) and form.is_valid():
        try:
            key = form.cleaned_data["idempotency_key"] or None
            made = actions.create_record_template(by=request.member, idempotency_key=key, **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, _("Modèle « %(name)s » ajouté.") % {"name": made.name})
    return _form(request, form, None)


@requires(Right.TEMPLATES)
def template_update(request, code) -> HttpResponse:
    template = RecordTemplate.objects.filter(organization_id=request.member.organization_id, code=code).first()
    if template is None:
        raise NotFound
    form = TemplateForm(request.POST or None, member=request.member, template=template)
    stale = None
    if request.method == "POST" and not _is_redrawn(request) and form.is_valid():
        version, values = form.cleaned_data["version"] or 0, form.values()
        changed, form, stale = saved_by_form(
            form, lambda: actions.update_record_template(template, by=request.member, version=version, **values),
            over=lambda data, current: TemplateForm(data, member=request.member, template=current),
        )  # fmt: skip
        if changed is not None:
            return _back(request, _("Modèle « %(name)s » modifié.") % {"name": changed.name})
    return _form(request, form, template, stale)


def _is_redrawn(request) -> bool:
    """Whether the form is drawn anew, with a row more or less, and nothing is saved."""
    return "more" in request.POST or "faire" in request.POST


@requires(Right.TEMPLATES)
@require_POST
def template_criteria(request) -> HttpResponse:
    """The conditions on clients, as the form holds them; those of a view that has just been chosen."""
    form = TemplateForm(request.POST, member=request.member, template=_standing(request.member, request.POST))
    form.take_view()
    return render_block(request, PAGE, "criteria", _criteria(request.member, form))


def _criteria(member: Membership, form: "TemplateForm") -> dict[str, Any]:
    return {
        "form": form,
        "question": question,
        "asking": question.Asking(member),
        "clients": lists(member)["clients"],
        "counts": list(COUNTS.items()),
        "live": {"hx-post": at("interactions:template_criteria", member)},
    }


def _standing(member: Membership, data) -> RecordTemplate | None:
    """The template whose form this is; none of one that is being made."""
    key = as_id(data.get("template_id", "")) or 0
    return RecordTemplate.objects.filter(organization_id=member.organization_id, pk=key).first()


@requires(Right.TEMPLATES)
def template_preview(request) -> HttpResponse:
    """What the form, as it stands, gives for the client that was named."""
    return render_block(request, PAGE, "preview", _preview(request.member, request.POST))


def _preview(member: Membership, data) -> dict[str, Any]:
    text = data.get("preview_client", "").replace("\x00", "").strip()[:200]
    context: dict[str, Any] = {"preview": None, "preview_client": None, "preview_problems": [], "preview_text": text}
    client = _client_named(member, text)
    if client is None:
        return context
    context["preview_client"] = client
    standing = _standing(member, data)
    form = TemplateForm(data, member=member, template=standing)
    form.is_valid()
    template = RecordTemplate(organization=member.organization, eligible=standing.eligible if standing else None)
    values = form.values()
    values.pop("topics", None)
    try:
        check_values(template, values, by=member)
    except Refusals as found:
        context["preview_problems"] = [str(one.message) for one in found.refusals]
    except Refusal as found:
        context["preview_problems"] = [str(found.message)]
    else:
        contract = only_active_contract(client)
        context["preview"] = propose(template, by=member, client=client, contract=contract)
        context["preview_contract"] = contract
    return context


def _client_named(member: Membership, text: str) -> Client | None:
    """The client of that number, or the first whom the quick search finds."""
    if not text:
        return None
    clients = Client.objects.visible_to(member)
    exact = clients.filter(number=text).first()
    if exact is not None or len(text) < 2:
        return exact
    found = clients_found(member, text, size=1)
    return clients.filter(number=found[0].number).first() if found else None


def _form(request, form, template, stale=None) -> HttpResponse:
    if _is_redrawn(request):
        form.take_view()
    status = stale.status if stale else 422 if request.method == "POST" and not _is_redrawn(request) else 200
    context = _criteria(request.member, form) | {"template": template, "stale": stale}
    context |= _preview(request.member, request.POST)
    if template is not None:
        context["used_by"] = list(template.topics.order_by("position", "id"))
    return render_administration(request, PAGE, context, status=status)


def _back(request, toast: str) -> HttpResponse:
    return see(request, at("interactions:templates", request.member), toast=toast)


class TemplateForm(forms.Form):
    """The fields of a template; its rules come as rows, read from what was sent (`rows_of`)."""

    name_fr = forms.CharField(label=gettext_lazy("Nom français"), required=False)
    name_en = forms.CharField(label=gettext_lazy("Nom anglais"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Sert à remplir"), choices=RecordTemplate.Kind)
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Rubriques qui l’utilisent"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Un contact sur une de ces rubriques est rempli avec ce modèle."),
    )  # fmt: skip
    eligible_from = forms.ChoiceField(
        label=gettext_lazy("Clients auxquels il convient"), required=False,
        help_text=gettext_lazy("Une vue donne ses conditions, qui se changent ensuite ici."),
    )  # fmt: skip
    channel = forms.ChoiceField(label=gettext_lazy("Canal"), required=False)
    priority = forms.ChoiceField(label=gettext_lazy("Priorité"), choices=RecordTemplate.Priority, initial="normal")
    follow_up = forms.ChoiceField(label=gettext_lazy("Suivi"), required=False)
    subject_fr = forms.CharField(label=gettext_lazy("Objet français"), required=False)
    subject_en = forms.CharField(label=gettext_lazy("Objet anglais"), required=False)
    text_fr = forms.CharField(
        label=gettext_lazy("Texte français"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    text_en = forms.CharField(
        label=gettext_lazy("Texte anglais"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    is_active = forms.BooleanField(label=gettext_lazy("En service"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)
    # Where refusals about rows are told.
    people = forms.CharField(required=False, widget=forms.HiddenInput)
    agents = forms.CharField(required=False, widget=forms.HiddenInput)
    object_rules = forms.CharField(required=False, widget=forms.HiddenInput)
    eligible = forms.CharField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False

    def __init__(self, data=None, *, member: Membership, template: RecordTemplate | None = None):
        self.member, self.template = member, template
        initial: dict[str, Any] = {"is_active": True, "kind": "contact", "priority": "normal", "eligible_from": _NONE}
        if template is not None:
            names = (
                "name_fr name_en kind channel priority follow_up subject_fr subject_en text_fr text_en is_active "
                "version"
            )
            initial |= {name: getattr(template, name) for name in names.split()}
            initial["topics"] = [str(key) for key in template.topics.values_list("pk", flat=True)]
            initial["eligible_from"] = _KEEP if template.eligible else _NONE
        super().__init__(data, initial=initial | {"idempotency_key": new_key()})
        self.types = list(BusinessObjectType.objects.filter(organization_id=member.organization_id))
        self._offer()

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _offer(self) -> None:
        """What may be chosen, in the reader's language."""
        topics = Topic.objects.filter(organization_id=self.member.organization_id)
        self._field("topics").choices = [(str(topic.pk), topic.label) for topic in topics]
        self._field("channel").choices = [
            ("", _("Celui que l’on choisit")),
            *((one.value, one.label) for one in CHANNELS),
        ]
        delays = list(DELAYS)
        if self.template is not None and self.template.follow_up and self.template.follow_up not in delays:
            delays.append(self.template.follow_up)
        self._field("follow_up").choices = [("", _("Aucun")), *((one, tell_offset(one)) for one in delays)]
        views = [(f"view:{view.pk}", _("Ceux de la vue « %(view)s »") % {"view": view}) for view in self._views()]
        own = (_KEEP, _("Ceux qui répondent à ces conditions"))
        self._field("eligible_from").choices = [(_NONE, _("Tous les clients")), own, *views]

    def _views(self):
        return [view for view in visible_views(self.member, "clients") if view.condition]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("eligible_from") == _KEEP and question.is_in(self._query) and self.condition is None:
            self.add_error("eligible_from", _("Ajoutez une condition, ou choisissez « Tous les clients »."))
        return data

    # ——— Conditions on clients ———

    @property
    def _query(self) -> Any:
        return self.data

    @property
    def _clients(self) -> ListDefinition:
        return lists(self.member)["clients"]

    @property
    def has_criteria(self) -> bool:
        return self["eligible_from"].value() == _KEEP

    @cached_property
    def tree(self) -> question.Node:
        if self.is_bound and question.is_in(self._query):
            return question.from_form(self._query)
        return question.from_data(self._kept[0])

    @cached_property
    def _kept(self) -> tuple[Any, list[str]]:
        return mend(self.template.eligible if self.template is not None else None, self._clients, self.member)

    @property
    def notes(self) -> list[str]:
        """What of the conditions means nothing any longer."""
        return [] if self.is_bound else self._kept[1]

    @property
    def condition(self) -> Any:
        return question.to_data(self.tree, self._clients, self.member)

    @property
    def told_condition(self) -> str:
        return sentence(mend(self.condition, self._clients, self.member)[0], self._clients, self.member)

    def take_view(self) -> None:
        """The conditions of the view that was chosen become the template's own, to be changed."""
        view = next((one for one in self._views() if f"view:{one.pk}" == self.data.get("eligible_from")), None)
        if view is not None:
            self.data = self._query.copy()
            self._query["eligible_from"] = _KEEP
            self.tree = question.from_data(mend(view.condition, self._clients, self.member)[0])

    # ——— Rows ———

    @property
    def people_rows(self) -> list[dict]:
        rows = self._sent_people() if self.is_bound else list(self.template.people if self.template else [])
        return rows + [{"role": "", "label_fr": "", "label_en": ""}] * _BLANK_ROWS

    @property
    def agent_rows(self) -> list[dict]:
        rows = self._sent_agents() if self.is_bound else list(self.template.agents if self.template else [])
        shown = [{"who": _who(one), "role": one.get("role", "")} for one in rows]
        return shown + [{"who": "", "role": "responsible"}] * _BLANK_ROWS

    @property
    def object_rows(self) -> list[dict]:
        rows = self._sent_objects() if self.is_bound else list(self.template.object_rules if self.template else [])
        shown = [
            {
                "selector": one.get("selector", ""),
                "state": (one.get("states") or [""])[0],
                "required": "1" if one.get("required", True) else "0",
            }
            for one in rows
        ]
        return shown + [{"selector": "", "state": "", "required": "1"}] * _BLANK_ROWS

    def _columns(self, *names: str) -> list[tuple[str, ...]]:
        """The rows of a table as they were sent: parallel lists, one for each column."""
        data: Any = self.data
        columns = [data.getlist(name)[:50] for name in names]
        return [row for row in zip(*columns, strict=False) if row[0]]

    def _sent_people(self) -> list[dict]:
        return [
            {"role": role, "label_fr": french, "label_en": english}
            for role, french, english in self._columns("people-role", "people-label_fr", "people-label_en")
        ]

    def _sent_agents(self) -> list[dict]:
        rows = []
        for who, role in self._columns("agents-who", "agents-role"):
            kind, _colon, value = who.partition(":")
            rows.append({kind: (as_id(value) or 0) if kind == "user" else value, "role": role})
        return rows

    def _sent_objects(self) -> list[dict]:
        return [
            {"selector": selector, "states": [state] if state else [], "required": required == "1"}
            for selector, state, required in self._columns("objects-selector", "objects-state", "objects-required")
        ]

    @property
    def role_choices(self) -> list[tuple[str, str]]:
        return [("", "—"), *role_choices()]

    @property
    def agent_choices(self) -> list[tuple[str, str]]:
        organization_id = self.member.organization_id
        members = Membership.objects.active().filter(organization_id=organization_id).select_related("user")
        choices = [(f"user:{one.user_id}", one.user.name) for one in members.order_by("user__name")[:500]]
        if self.template is not None:
            # Who is inactive by now stays shown: choosing nothing else keeps them.
            known = {value for value, _label in choices}
            gone = [one["user"] for one in self.template.agents if one.get("user")]
            left = Membership.objects.filter(organization_id=organization_id, user_id__in=gone).select_related("user")
            choices += [
                (f"user:{one.user_id}", _("%(name)s (inactif)") % {"name": one.user.name})
                for one in left
                if f"user:{one.user_id}" not in known
            ]
        choices += [
            (f"function:{value}", _("Fonction : %(function)s") % {"function": label})
            for value, label in Membership.Function.choices
        ]
        teams = Team.objects.filter(organization_id=organization_id, is_active=True)
        choices += [(f"team:{team.code}", _("Équipe : %(team)s") % {"team": team.label}) for team in teams]
        return [("", "—"), *choices]

    @property
    def agent_roles(self) -> list[tuple[str, str]]:
        roles = (InteractionAgent.Role.RESPONSIBLE, InteractionAgent.Role.PARTICIPANT)
        return [(role.value, str(role.label)) for role in roles]

    @property
    def selector_choices(self) -> list[tuple[str, str]]:
        return [("", "—"), *selector_choices(self.types)]

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        shown: dict[str, str] = {}
        for kind in self.types:
            for state in kind.states:
                label = state["en" if self.member.user.language == "en" else "fr"]
                shown.setdefault(state["code"], f"{kind.label}\N{NO-BREAK SPACE}: {label}")
        return [("", _("Tout état")), *shown.items()]

    @property
    def required_choices(self) -> list[tuple[str, str]]:
        return [("1", _("Signaler s’il manque")), ("0", _("Facultatif"))]

    def values(self) -> dict[str, Any]:
        """The keywords of the actions."""
        data = self.cleaned_data
        names = "name_fr name_en kind channel priority follow_up subject_fr subject_en text_fr text_en"
        values: dict[str, Any] = {name: data.get(name, "") for name in names.split()}
        if self.template is not None or "is_active" in self.data:
            values["is_active"] = data.get("is_active", False)
        values["people"] = self._sent_people()
        values["agents"] = self._sent_agents()
        values["object_rules"] = self._sent_objects()
        chosen = data.get("eligible_from") or _KEEP
        if chosen == _NONE:
            values["eligible"] = None
        elif chosen.startswith("view:"):
            values["eligible"] = next((view.condition for view in self._views() if f"view:{view.pk}" == chosen), None)
        elif question.is_in(self._query):
            values["eligible"] = self.condition
        wanted = {key for key in map(as_id, data.get("topics", [])) if key is not None}
        values["topics"] = list(Topic.objects.filter(organization_id=self.member.organization_id, pk__in=wanted))
        return values


def _who(rule: dict) -> str:
    return next((f"{name}:{rule[name]}" for name in ("user", "function", "team") if rule.get(name)), "")
