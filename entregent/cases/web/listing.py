"""« Dossiers »: the list with its filters and saved views, and the open cases of one client."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from babel.numbers import format_decimal
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.lists import full_label, team_choices, type_choices, types_of
from entregent.cases.models import Case, CaseType, State
from entregent.cases.sla_models import SlaRule
from entregent.clients.models import Client
from entregent.listing import pages
from entregent.listing.actions import visible_views
from entregent.listing.conditions import mend
from entregent.listing.lists import choices_of, lists
from entregent.listing.models import View
from entregent.organizations.models import Membership, Module
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import as_id
from entregent.ui.pages import render

PAGE = "cases/list.html"
# The type is told by its id, which the rows have anyway: types joined to thousands of ids would be multiplied by them.
COLUMNS = (
    "number", "title", "client", "state", "sub_status", "priority", "due_on", "responsible", "team",
    "opened_at", "is_confidential", "sla_due_at",
)  # fmt: skip
TONES = {
    State.NEW: "info", State.IN_PROGRESS: "accent", State.DEFERRED: "warn", State.DONE: "ok",
    State.CANCELLED: "neutral", State.REJECTED: "bad",
}  # fmt: skip
# Open cases of one client that its file shows; the list has them all.
OF_CLIENT = 8


@dataclass
class Row:
    """One case as lists show it."""

    number: int
    title: str
    client: str
    client_number: str
    type_label: str
    state: str
    sub_status: str
    priority: str
    due_on: date | None
    responsible: str
    team: str
    opened_at: datetime
    is_open: bool
    is_confidential: bool
    sla_due_at: datetime | None = None
    is_sla_late: bool = False
    today: date = field(repr=False, default=date.min)
    id: int = 0

    @property
    def state_label(self) -> str:
        return str(State(self.state).label)

    @property
    def tone(self) -> str:
        return TONES[State(self.state)]

    @property
    def due_state(self) -> str | None:
        if not self.is_open:
            return "done"
        if self.due_on is None:
            return None
        return "late" if self.due_on < self.today else "today" if self.due_on == self.today else None


def row_of(values: dict, types: dict[int, CaseType], today: date) -> Row:
    case_type = types.get(values["case_type_id"])
    sub_status = values["sub_status"]
    sla_due_at = values.get("sla_due_at")
    return Row(
        number=values["number"],
        title=values["title"],
        client=values["client"],
        client_number=values["client__number"],
        type_label=full_label(case_type, types) if case_type is not None else "",
        state=values["state"],
        sub_status=case_type.sub_status_label(sub_status) if case_type is not None and sub_status else "",
        priority=values["priority"],
        due_on=values["due_on"],
        responsible=values["responsible"] or "",
        team=values["team"] or "",
        opened_at=values["opened_at"],
        is_open=values["closed_at"] is None,
        is_confidential=values["is_confidential"],
        sla_due_at=sla_due_at,
        is_sla_late=sla_due_at is not None and sla_due_at < timezone.now(),
        today=today,
        id=values.get("id", 0),
    )


class CaseFilter:
    """What the address asks for; whatever means nothing is left out."""

    NAMES = ("q", "etat", "type", "responsable", "equipe", "echeance", "priorite", "client", "vue", "tri")

    def __init__(self, query, member: Membership):
        self.member = member
        self.values = {name: query.get(name, "").replace("\x00", "").strip()[:200] for name in self.NAMES}
        self.view: View | None = None
        key = as_id(self.values["vue"])
        if key is not None:
            self.view = visible_views(member, "cases").filter(pk=key).first()
        if self.view is None:
            self.values["vue"] = ""
            # What is still to be done is what one comes for.
            self.values["etat"] = self.values["etat"] or "ouverts"
        self.condition, self.notes = mend(self._data(), self.definition, member)

    @cached_property
    def definition(self):
        return lists(self.member)["cases"]

    def _data(self) -> Any:
        v = self.values
        asked: list[Any] = []
        if self.view is not None and self.view.condition:
            asked.append(self.view.condition)
        if v["etat"] == "ouverts":
            asked.append(["is_open", "is", True])
        elif v["etat"] in State.values:
            asked.append(["state", "is", v["etat"]])
        for name, column in (("type", "case_type"), ("equipe", "team"), ("priorite", "priority")):
            if v[name]:
                asked.append([column, "is", v[name]])
        if v["client"]:
            asked.append(["client_number", "is", v["client"]])
        if v["responsable"] == "moi":
            asked.append(["responsible", "me"])
        elif v["responsable"]:
            asked.append(["responsible", "is", v["responsable"]])
        if v["echeance"] == "retard":
            asked.append(["late", "is", True])
        elif v["echeance"] == "sla":
            asked.append(["sla_late", "is", True])
        elif v["echeance"] == "semaine":
            asked.append(["due_on", "in_next_days", 7])
        return {"all": asked} if asked else None

    @property
    def text(self) -> str:
        return self.values["q"] or (self.view.text if self.view is not None else "")

    @property
    def sort(self) -> str:
        return self.values["tri"] or (self.view.sort if self.view is not None else "")

    @cached_property
    def asked(self) -> pages.Asked:
        return pages.ask(self.definition, self.member, condition=self.condition, text=self.text)

    @property
    def is_on(self) -> bool:
        return any(value for name, value in self.values.items() if name not in ("tri", "etat"))

    def query(self, **changes) -> str:
        """The address of the same question, with changes."""
        values = {name: value for name, value in (self.values | changes).items() if value}
        return urlencode(values)

    @property
    def states(self) -> list[tuple[str, str]]:
        each = [(one.value, str(one.label)) for one in State]
        return [("ouverts", _("Ouverts")), ("tous", _("Tous les états")), *each]

    @property
    def types(self) -> list[tuple[str, str]]:
        return [("", _("Tous les types")), *type_choices(self.member)]

    @cached_property
    def responsibles(self) -> list[tuple[str, str]]:
        members = choices_of(self.definition.known_column("responsible", self.member), self.member)
        return [("", _("Tous les responsables")), ("moi", _("Moi")), *members]

    @property
    def teams(self) -> list[tuple[str, str]]:
        return [("", _("Toutes les équipes")), *team_choices(self.member)]

    def view_choices(self, views) -> list[tuple[str, str]]:
        return [(str(view.pk), view.name) for view in views]

    @cached_property
    def board_condition(self) -> Any:
        """What the board asks for: all but the state, which its columns are."""
        state, self.values["etat"] = self.values["etat"], "tous"
        try:
            return mend(self._data(), self.definition, self.member)[0]
        finally:
            self.values["etat"] = state

    @staticmethod
    def number_in_words(count: pages.Count) -> str:
        """« 37 », « 10 000+ »."""
        return format_decimal(count.total, locale=get_language()) + ("+" if count.is_more else "")

    def count_in_words(self, count: pages.Count) -> str:
        """« 37 dossiers », « Plus de 10 000 dossiers »."""
        total = format_decimal(count.total, locale=get_language())
        many = self.definition.counted(count.total) % {"n": total}
        return _("Plus de %(many)s") % {"many": many} if count.is_more else many

    def at_least(self, number: int) -> str:
        """« Plus de 100 dossiers »: those that are shown, and others."""
        return self.count_in_words(pages.Count(number, True))

    @property
    def dues(self) -> list[tuple[str, str]]:
        return [
            ("", _("Toute échéance")),
            ("retard", _("En retard")),
            ("semaine", _("Dans les 7 jours")),
            ("sla", _("SLA en retard")),
        ]


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_list(request) -> HttpResponse:
    """All cases in reach, the open ones first of all; `?apres=` gives the rows that follow, `?compte=oui` how many."""
    member = request.member
    chosen = CaseFilter(request.GET, member)
    today = today_in(member.organization.time_zone)
    refusal = ""
    rows, following, count = [], "", None
    try:
        page = chosen.asked.page(columns=COLUMNS, sort=chosen.sort, after=request.GET.get("apres", "")[:500])
        rows = [row_of(one, types_of(member), today) for one in page.rows]
        following = page.next
    except Refusal as refused:
        refusal = str(refused.message)
    is_next, is_counting = bool(request.GET.get("apres")), request.GET.get("compte") == "oui"
    # A page that is full comes before its answers are counted.
    if not is_next and not refusal and (is_counting or not following or chosen.asked.is_counted):
        count = chosen.asked.count()
    context = {
        "filter": chosen,
        "rows": rows,
        "next_cursor": following,
        "sort": chosen.sort or "-opened_at",
        "found": count,
        "refusal": refusal,
        "is_next": is_next,
        "has_sla": SlaRule.objects.filter(organization_id=member.organization_id, is_active=True).exists(),
        "views": [] if is_next else list(visible_views(member, "cases")),
        "export_url": "" if is_next else _export_url(chosen),
        "bulk": _bulk(chosen) if rows and not is_next and member.can(Right.CASE_EDIT) else None,
        "may_choose": member.can(Right.CASE_EDIT),
    }
    return render(request, PAGE, context, fragment="rows" if is_next else "count" if is_counting else "results")


def _bulk(chosen: CaseFilter) -> dict[str, Any]:
    """What many cases may be changed to at once: of what the filter offers anyway."""
    types = types_of(chosen.member)
    offered = [(key, full_label(one, types)) for key, one in types.items() if one.is_active]
    return {
        "responsibles": [("", _("Choisir")), *chosen.responsibles[2:]],
        "states": [("", _("Choisir")), *((one.value, str(one.label)) for one in State if one != State.NEW)],
        "types": [("", _("Choisir")), *sorted(offered, key=lambda one: one[1])],
    }


def _export_url(chosen: CaseFilter) -> str:
    if not chosen.member.can(Right.DATA_EXPORT):
        return ""
    asked = {"liste": "cases", "q": chosen.text, "tri": chosen.sort}
    if chosen.condition is not None:
        asked["filtre"] = json.dumps(chosen.condition)
    address = reverse("exchange:list_export", args=[chosen.member.organization.slug])
    return f"{address}?{urlencode({name: value for name, value in asked.items() if value})}"


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def client_cases(request, number) -> HttpResponse:
    """« Dossiers ouverts »: the pane of the client file."""
    member = request.member
    client = Client.objects.get_visible(member, number=number)
    return render(request, "cases/of_client.html", open_cases_of(member, client), fragment="pane")


def open_cases_of(member: Membership, client: Client) -> dict[str, Any]:
    records = Case.objects.visible_to(member).filter(client_id=client.pk).open().order_by("-opened_at", "-id")
    rows = rows_of(records, member, OF_CLIENT + 1)
    return {"client": client, "cases": rows[:OF_CLIENT], "has_more": len(rows) > OF_CLIENT}


def rows_of(records, member: Membership, size: int) -> list[Row]:
    """The first of these cases, which are within reach, as lists show them."""
    team = "team__label_en" if get_language() == "en" else "team__label_fr"
    paths = {
        "client": "client__display_name", "client__number": "client__number", "responsible": "responsible__name",
        "team": team,
    }  # fmt: skip
    for name in (
        "number", "title", "case_type_id", "state", "sub_status", "priority", "due_on", "opened_at", "closed_at",
        "is_confidential",
    ):  # fmt: skip
        paths[name] = name
    found = [dict(zip(paths, row, strict=True)) for row in records.values_list(*paths.values())[:size]]
    types = types_of(member) if found else {}
    today = today_in(member.organization.time_zone)
    return [row_of(one, types, today) for one in found]
