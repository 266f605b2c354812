"""Forms of cases."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.cases.actions.opening import NOBODY
from entregent.cases.models import Case, State
from entregent.cases.reading import types_offered
from entregent.cases.web.answers import colleagues
from entregent.clients.models import BusinessObject
from entregent.interactions.actions import NO_CONTRACT
from entregent.interactions.web.composer import active_contracts, new_key
from entregent.organizations.models import Team, User

_DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CaseForm(forms.Form):
    """What is known of a case: to open one, and to change it (`case`)."""

    case_type = forms.TypedChoiceField(
        label=_("Type de dossier"),
        coerce=int,
        empty_value=None,
        error_messages={"required": _("Type de dossier est obligatoire.")},
    )
    title = forms.CharField(
        label=_("Intitulé"), required=False, help_text=_("Celui du type de dossier si vous le laissez vide.")
    )
    public_title = forms.CharField(
        label=_("Intitulé vu par le client"), required=False,
        help_text=_("Sur le portail, à la place de l’intitulé ; celui du type de dossier si vous le laissez vide."),
    )  # fmt: skip
    responsible = forms.TypedChoiceField(label=_("Responsable"), coerce=int, empty_value=None, required=False)
    team = forms.TypedChoiceField(label=_("Équipe"), coerce=int, empty_value=None, required=False)
    priority = forms.ChoiceField(label=_("Priorité"), choices=Case.Priority, initial=Case.Priority.NORMAL)
    due_on = forms.DateField(
        label=_("Échéance"),
        required=False,
        widget=_DATE,
        help_text=_("Selon le type de dossier si vous la laissez vide."),
    )
    contract = forms.ChoiceField(label=_("Contrat"), required=False)
    is_confidential = forms.BooleanField(
        label=_("Confidentiel"), required=False, help_text=_("Vu des agents liés et de qui en a l'habilitation.")
    )
    note = forms.CharField(
        label=_("Première note"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, member, client, case: Case | None = None, initial: dict | None = None):
        values: dict[str, Any] = {"idempotency_key": new_key(), "responsible": member.user_id, **(initial or {})}
        if case is not None:
            values = {
                "case_type": case.case_type_id,
                "title": case.title,
                "public_title": case.public_title,
                "responsible": case.responsible_id,
                "team": case.team_id,
                "priority": case.priority,
                "due_on": case.due_on,
                "contract": case.contract_id or "none",
                "is_confidential": case.is_confidential,
                "version": case.version,
            }
        super().__init__(data, initial=values)
        self.member, self.client, self.case = member, client, case
        self._kinds = {kind.pk: kind for kind, _name in types_offered(member)}
        kinds = [(kind.pk, name) for kind, name in types_offered(member)]
        if case is not None and case.case_type_id not in self._kinds:
            self._kinds[case.case_type_id] = case.case_type
            kinds.insert(0, (case.case_type_id, case.case_type.label))
        self._choices("case_type", [("", _("Choisir un type")), *kinds])
        self._choices("responsible", [("", _("Personne")), *colleagues(member)])
        teams = Team.objects.filter(organization_id=member.organization_id, is_active=True)
        self._choices("team", [("", _("Aucune")), *((one.pk, one.label) for one in teams)])
        contracts: list[tuple[int | None, str]] = [(one.pk, one.key) for one in active_contracts(member, client)]
        if case is not None and case.contract is not None and case.contract_id not in dict(contracts):
            contracts.insert(0, (case.contract_id, case.contract.key))
        self._choices(
            "contract", [*([] if len(contracts) == 1 else [("", "—")]), *contracts, ("none", _("Sans contrat"))]
        )
        if case is not None:
            del self.fields["note"], self.fields["idempotency_key"]
            for name in ("title", "due_on"):
                self.fields[name].help_text = ""
        if case is None or not case.case_type.on_portal or case.is_confidential:
            del self.fields["public_title"]

    def _choices(self, name: str, choices: list) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def details(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        values: dict[str, Any] = {
            "case_type": self._kinds.get(data["case_type"]),
            "title": data["title"],
            "responsible": User.objects.filter(pk=data["responsible"] or 0).first(),
            "team": Team.objects.filter(organization_id=self.member.organization_id, pk=data["team"] or 0).first(),
            "priority": data["priority"],
            "due_on": data["due_on"],
            "is_confidential": data["is_confidential"],
            "contract": self._contract(data["contract"]),
        }
        if self.case is None:
            if not data["is_confidential"]:
                values["is_confidential"] = None  # As the type says.
            values["responsible"] = values["responsible"] or (None if values["team"] else NOBODY)
            return values | {"note": data["note"], "idempotency_key": data["idempotency_key"] or None}
        if values["contract"] is NO_CONTRACT:
            values["contract"] = None
        if "public_title" in data:
            values["public_title"] = data["public_title"]
        return values | {"version": data["version"] or 0}

    def _contract(self, value: str):
        if value == "none":
            return NO_CONTRACT
        if not value:
            return None
        return BusinessObject.objects.visible_to(self.member).filter(pk=value).first() or NO_CONTRACT


class CloseForm(forms.Form):
    """« Clore le dossier »: how, why, and what becomes of what still runs."""

    state = forms.ChoiceField(label=_("Le dossier est"), widget=forms.RadioSelect)
    sub_status = forms.ChoiceField(label=_("Sous-statut"), required=False)
    reason = forms.CharField(label=_("Motif"), required=False, max_length=200)
    open_steps = forms.BooleanField(label=_("Abandonner ce qui est en cours"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, case: Case, states: list[State], has_work: bool):
        super().__init__(data, initial={"state": states[0] if states else "", "version": case.version})
        self.fields["state"].choices = [(one.value, one.label) for one in states]  # type: ignore[attr-defined]
        offered = [
            (one["code"], case.case_type.sub_status_label(one["code"]))
            for one in case.case_type.sub_statuses
            if one["state"] in states
        ]
        self.fields["sub_status"].choices = [("", "—"), *offered]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["sub_status"]
        if not has_work:
            del self.fields["open_steps"]


class StateForm(forms.Form):
    """Another state, another sub-status within it, and why."""

    state = forms.ChoiceField(label=_("État"))
    sub_status = forms.CharField(required=False)
    reason = forms.CharField(label=_("Motif"), required=False)
    version = forms.IntegerField(required=False)


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note du dossier"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None):
        super().__init__(data, initial={"idempotency_key": new_key()})


class ReminderForm(forms.Form):
    on = forms.DateField(label=_("Date du rappel"), required=False, widget=_DATE)
    text = forms.CharField(label=_("Rappel"), required=False)
    user = forms.TypedChoiceField(label=_("Pour"), coerce=int, empty_value=None, required=False)
    idempotency_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, member, data=None):
        super().__init__(data, initial={"user": member.user_id, "idempotency_key": new_key()})
        self.fields["user"].choices = colleagues(member)  # type: ignore[attr-defined]
