"""« Demandes de prêt »: the list, one of them, entering and changing it, and its page « Services »."""

import json
from datetime import date
from functools import cached_property
from typing import Any

from babel.numbers import format_decimal
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.rights import Right
from entregent.enrollment import actions
from entregent.enrollment.models import EnrollmentState, LoanApplication, place_line
from entregent.enrollment.web.answers import (
    STATE_TONES,
    STATUS_TONES,
    application_of,
    at,
    pages_of,
    requires_loans,
)
from entregent.enrollment.web.forms import ApplicationForm, People
from entregent.listing import pages
from entregent.listing.actions import save_view, visible_views
from entregent.listing.conditions import mend
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render, see

LIST = "loan_applications"
COLUMNS = ("number", "applicant", "status", "enrollment_state", "agent", "branch", "property", "city", "created_at")


class LoanFilter:
    """What the address asks for; whatever means nothing is left out (R000-20: period, agent, branch, status, state)."""

    NAMES = ("q", "statut", "inscription", "agent", "succursale", "du", "au", "vue", "tri")

    def __init__(self, query, member: Membership):
        self.member = member
        self.values = {name: query.get(name, "").replace("\x00", "").strip()[:200] for name in self.NAMES}
        for name in ("du", "au"):
            try:
                date.fromisoformat(self.values[name])
            except ValueError:
                self.values[name] = ""
        key = as_id(self.values["vue"])
        self.view = visible_views(member, LIST).filter(pk=key).first() if key is not None else None
        if self.view is None:
            self.values["vue"] = ""
        self.condition, self.notes = mend(self._data(), self.definition, member)

    @cached_property
    def definition(self):
        return lists(self.member)[LIST]

    def _data(self) -> Any:
        v, asked = self.values, []
        if self.view is not None and self.view.condition:
            asked.append(self.view.condition)
        for name, column in (("statut", "status"), ("inscription", "enrollment_state")):
            if v[name]:
                asked.append([column, "is", v[name]])
        if v["agent"]:
            asked.append(["agent", "me"] if v["agent"] == "moi" else ["agent", "is", v["agent"]])
        if v["succursale"]:
            asked.append(["branch", "is", v["succursale"]])
        for name, operator in (("du", "at_least"), ("au", "at_most")):
            if v[name]:
                asked.append(["created_at", operator, v[name]])
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
        return any(value for name, value in self.values.items() if name != "tri")

    def query(self, **changes) -> str:
        return urlencode({name: value for name, value in (self.values | changes).items() if value})

    @property
    def statuses(self) -> list[tuple[str, str]]:
        return [("", _("Tous les statuts")), *((one.value, str(one.label)) for one in LoanApplication.Status)]

    @property
    def states(self) -> list[tuple[str, str]]:
        return [("", _("Toute inscription")), *((one.value, str(one.label)) for one in EnrollmentState)]

    @property
    def agents(self) -> list[tuple[str, str]]:
        agents = [(str(one.pk), one.name) for one in actions.agents_of(self.member)]
        return [("", _("Tous les agents")), ("moi", _("Moi")), *agents]

    @cached_property
    def branches(self) -> list[tuple[str, str]]:
        found = LoanApplication.objects.visible_to(self.member).exclude(branch="").order_by("branch")
        names = found.values_list("branch", flat=True).distinct()[:100]
        return [("", _("Toutes les succursales")), *((one, one) for one in names)]

    @staticmethod
    def view_choices(views) -> list[tuple[str, str]]:
        return [(str(view.pk), view.name) for view in views]

    def count_in_words(self, count: pages.Count) -> str:
        total = format_decimal(count.total, locale=get_language())
        many = self.definition.counted(count.total) % {"n": total}
        return _("Plus de %(many)s") % {"many": many} if count.is_more else many

    @property
    def export_url(self) -> str:
        if not self.member.can(Right.DATA_EXPORT):
            return ""
        asked = {"liste": LIST, "q": self.text, "tri": self.sort}
        if self.condition is not None:
            asked["filtre"] = json.dumps(self.condition)
        address = reverse("exchange:list_export", args=[self.member.organization.slug])
        return f"{address}?{urlencode({name: value for name, value in asked.items() if value})}"


def list_page(request, *, template: str, address: str) -> HttpResponse:
    """The list with its filter; `?apres=` gives the rows that follow."""
    chosen = LoanFilter(request.GET, request.member)
    refusal, rows, following, count = "", [], "", None
    try:
        page = chosen.asked.page(columns=COLUMNS, sort=chosen.sort, after=request.GET.get("apres", "")[:500])
        rows, following = page.rows, page.next
    except Refusal as refused:
        refusal = str(refused.message)
    is_next = bool(request.GET.get("apres"))
    if not is_next and not refusal:
        count = chosen.asked.count()
    context = {
        "filter": chosen,
        "rows": rows,
        "next_cursor": following,
        "sort": chosen.sort or "-created_at",
        "found": count,
        "refusal": refusal,
        "is_next": is_next,
        "list_url": address,
        "views": [] if is_next else list(visible_views(request.member, LIST)),
        "statuses": dict(LoanApplication.Status.choices),
        "states": dict(EnrollmentState.choices),
        "state_tones": STATE_TONES,
        "status_tones": STATUS_TONES,
    }
    return render(request, template, context, fragment="rows" if is_next else "results")


@require_safe
@requires_loans(Right.LOAN_VIEW)
def application_list(request) -> HttpResponse:
    return list_page(request, template="enrollment/list.html", address=at("list", request.member))


@require_safe
@requires_loans(Right.HEAD_OFFICE)
def extraction(request) -> HttpResponse:
    """« Critères de recherche des demandes pour l'extraction GRC » (R000-20)."""
    return list_page(request, template="enrollment/extraction.html", address=at("extraction", request.member))


@require_POST
@requires_loans(Right.HEAD_OFFICE)
def criteria_save(request) -> HttpResponse:
    """The criteria at hand under a name."""
    member = request.member
    chosen = LoanFilter(request.POST, member)
    view = save_view(
        by=member, list_code=LIST, name=request.POST.get("nom", ""), condition=chosen.condition, text=chosen.text,
        sort=chosen.sort,
    )  # fmt: skip
    toast = _("Critères « %(name)s » enregistrés.") % {"name": view.name}
    return see(request, f"{at('extraction', member)}?vue={view.pk}", toast=toast)


@require_safe
@requires_loans(Right.LOAN_VIEW)
def application_detail(request, number) -> HttpResponse:
    return _page(request, "enrollment/detail.html", application_of(request, number), "detail")


@require_safe
@requires_loans(Right.LOAN_VIEW)
def services(request, number) -> HttpResponse:
    """« Services » of an application, from which « Effectif GRC » opens (R000-02)."""
    return _page(request, "enrollment/services.html", application_of(request, number), "services")


def _page(request, template: str, application: LoanApplication, here: str) -> HttpResponse:
    context = {
        "application": application,
        "people": list(application.applicants.select_related("client")),
        "pages": pages_of(application, request.member),
        "here": here,
        "place_line": place_line,
        "state_tones": STATE_TONES,
        "status_tones": STATUS_TONES,
        "is_agent": application.agent_id is not None,
    }
    return render(request, template, context)


@requires_loans(Right.LOAN_EDIT)
def application_create(request) -> HttpResponse:
    return _edit(request, None)


@requires_loans(Right.LOAN_EDIT)
def application_update(request, number) -> HttpResponse:
    return _edit(request, application_of(request, number, Right.LOAN_EDIT))


def _edit(request, application: LoanApplication | None) -> HttpResponse:
    member = request.member
    is_sent = request.method == "POST"
    adds_one = is_sent and "ajouter" in request.POST
    data = request.POST if is_sent else None
    form = ApplicationForm(data, member=member, application=application)
    people = People(data, member=member, application=application, more=1 if adds_one else 0)
    status, stale = 200, None
    if is_sent and not adds_one:
        status = 422
        if all([form.is_valid(), people.is_valid()]):
            try:
                return _saved(request, form, people, application)
            except Stale as refused:
                stale, status = refused, 409
                data = request.POST.copy()
                data["version"] = str(refused.current.version)
                form = ApplicationForm(data, member=member, application=application)
            except (Refusal, Refusals) as refused:
                status = _place_refusals(form, people, refused)
    context = {
        "form": form,
        "people": people,
        "application": application,
        "stale": stale,
        "pages": pages_of(application, member) if application is not None else [],
        "here": "update",
    }
    response = render(request, "enrollment/edit.html", context, fragment="form", status=status)
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response


def _saved(request, form: ApplicationForm, people: People, application: LoanApplication | None) -> HttpResponse:
    details = form.details() | {"applicants": people.details()}
    if application is None:
        key = form.cleaned_data["key"] or None
        made = actions.create_application(by=request.member, idempotency_key=key, **details)
        toast = _("Demande de prêt %(number)s enregistrée.") % {"number": made.number}
    else:
        version = form.cleaned_data["version"] or 0
        made = actions.update_application(application, by=request.member, version=version, **details)
        toast = _("Demande de prêt modifiée.")
    return see(request, at("detail", request.member, number=made.number), toast=toast)


def _place_refusals(form: ApplicationForm, people: People, refused: Refusal | Refusals) -> int:
    """What was refused stands at its field, be it one of an applicant's."""
    every = refused.refusals if isinstance(refused, Refusals) else [refused]
    kept = people.kept
    for one in every:
        parts = (one.field or "").split(".")
        if parts[0] == "applicants" and len(parts) == 3 and int(parts[1]) < len(kept):
            one.field = parts[2]
            add_refusal(kept[int(parts[1])], one)
        else:
            add_refusal(form, one)
    return every[0].status
