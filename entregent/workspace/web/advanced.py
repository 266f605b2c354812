"""The advanced search: any list, criteria in groups, conditions on related records, results as they will be saved.

The address holds the question, so that it can be sent to a colleague; the form sends its rows one by one, which works
without JavaScript too. With htmx every change is answered with the count and the first rows.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from babel.numbers import format_decimal
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.interactions.timeline import DRAWINGS
from entregent.listing import actions, pages
from entregent.listing.conditions import mend, sentence
from entregent.listing.lists import Column, ListDefinition, Relation, lists, shown_columns
from entregent.listing.models import Subscription, View
from entregent.listing.web import question
from entregent.listing.words import COUNTS, shown
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import as_id, one_line
from entregent.ui.pages import is_htmx, render, see
from entregent.workspace.web.client_management_grid import TABS

LONGEST_FILTER = 8000


@requires(Right.CLIENT_VIEW)
def advanced_search(request) -> HttpResponse:
    """The form with its results; `?apres=` gives the rows that follow."""
    search = Search.of(request.member, request.GET)
    context = {"search": search, "drawing": DRAWINGS}
    if search.after and is_htmx(request):
        return render(request, "workspace/advanced.html", context, fragment="rows")
    member = request.member
    views = list(actions.visible_views(member))
    subscribed = set(
        Subscription.objects.filter(organization_id=member.organization_id, user_id=member.user_id).values_list(
            "view_id", flat=True
        )
    )
    context |= {
        "views": views,
        "subscribed": subscribed,
        "lists": [(one.code, str(one.plural)) for one in lists(member).values()],
        "question": question,
        "counts": list(COUNTS.items()),
    }
    response = render(request, "workspace/advanced.html", context, fragment="whole")
    if is_htmx(request):
        response.headers["HX-Replace-Url"] = search.url()
    return response


@requires(Right.CLIENT_VIEW)
@require_POST
def advanced_view_save(request) -> HttpResponse:
    """« Enregistrer comme vue »: under a name of one's own that exists, it is brought up to date."""
    member = request.member
    search = Search.of(member, request.POST)
    fields: dict[str, Any] = {
        "condition": search.condition,
        "text": search.text,
        "columns": search.chosen_columns,
        "sort": search.sort,
    }
    if request.POST.get("partagee") == "1" or member.can(Right.VIEW_SHARE):
        fields["is_shared"] = request.POST.get("partagee") == "1"
    name = one_line(request.POST.get("nom", ""))
    own = actions.visible_views(member, search.definition.code).filter(owner_id=member.user_id, name__iexact=name)
    view = own.first()
    if view is not None:
        view = actions.update_view(view, by=member, version=view.version, **fields)
    else:
        view = actions.save_view(by=member, list_code=search.definition.code, name=name, **fields)
    if request.POST.get("abonnement") == "1":
        actions.subscribe(view, by=member)
    return see(request, _address(member, vue=view.pk), toast=_("La vue « %(name)s » est enregistrée.") % {"name": view})


@requires(Right.CLIENT_VIEW)
@require_POST
def advanced_view_delete(request, pk) -> HttpResponse:
    view = actions.visible_view(pk, request.member)
    actions.delete_view(view, by=request.member)
    toast = _("La vue « %(name)s » est supprimée.") % {"name": view}
    return see(request, _address(request.member, liste=view.list_code), toast=toast)


@requires(Right.CLIENT_VIEW)
@require_POST
def advanced_subscription(request, pk) -> HttpResponse:
    """The view by mail each day, or no longer."""
    view = actions.visible_view(pk, request.member)
    if request.POST.get("abonnement") == "1":
        actions.subscribe(view, by=request.member)
        toast = _("Vous recevrez la vue « %(name)s » chaque jour par courriel.") % {"name": view}
    else:
        actions.unsubscribe(view, by=request.member)
        toast = _("Vous ne recevrez plus la vue « %(name)s ».") % {"name": view}
    return see(request, _address(request.member, vue=view.pk), toast=toast)


def _address(member: Membership, **parameters) -> str:
    address = reverse("workspace:advanced_search", args=[member.organization.slug])
    asked = {name: value for name, value in parameters.items() if value}
    return f"{address}?{urlencode(asked)}" if asked else address


@dataclass
class Search:
    """What the address, or the form, asks for. What means nothing any longer is left out, and said (`notes`)."""

    member: Membership
    definition: ListDefinition
    tree: question.Node
    condition: Any = None
    view: View | None = None
    text: str = ""
    sort: str = ""
    columns: list[str] = field(default_factory=list)
    after: str = ""
    is_exact: bool = False
    panel: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, member: Membership, query: QueryDict) -> "Search":
        view_id = as_id(query.get("vue", ""))
        view = actions.visible_views(member).filter(pk=view_id).first() if view_id is not None else None
        code = query.get("liste") or (view.list_code if view is not None else "clients")
        definition = lists(member).get(code) or lists(member)["clients"]
        if view is not None and view.list_code != definition.code:
            view = None
        is_same_list = query.get("liste-avant", definition.code) == definition.code
        if question.is_in(query) and is_same_list:
            tree = question.from_form(query)
            condition, notes = mend(question.to_data(tree, definition, member), definition, member)
        else:
            raw = query.get("filtre") if is_same_list else None
            data = view.condition if view is not None and raw is None else _read(raw)
            condition, notes = mend(data, definition, member)
            tree = question.from_data(condition)
        search = cls(member, definition, tree, condition, view, notes=notes)
        kept = is_same_list
        search.text = query.get("q", view.text if view is not None else "").replace("\x00", "").strip()[:200]
        search.sort = (query.get("tri", "") or (view.sort if view is not None else "")) if kept else ""
        search.columns = _columns(query, view) if kept else []
        search.after = query.get("apres", "")[:500]
        search.panel = _panel(query)
        search.is_exact = query.get("compte") == "exact"
        return search

    @cached_property
    def asked(self) -> pages.Asked:
        return pages.ask(self.definition, self.member, condition=self.condition, text=self.text)

    @cached_property
    def refusal(self) -> str:
        """Why the keywords cannot be looked for (too short), or ""."""
        try:
            self.asked.found  # noqa: B018  asked here, so that what refuses is told on the page
        except Refusal as refused:
            return str(refused.message)
        return ""

    @cached_property
    def page(self) -> pages.Page:
        return self.asked.page(columns=self.columns, sort=self.sort, after=self.after)

    @cached_property
    def count(self) -> pages.Count:
        return self.asked.count(exact=self.is_exact)

    @property
    def count_in_words(self) -> str:
        """« 37 clients », « Plus de 10 000 clients »."""
        total = format_decimal(self.count.total, locale=get_language())
        many = self.definition.counted(self.count.total) % {"n": total}
        return _("Plus de %(many)s") % {"many": many} if self.count.is_more else many

    @property
    def is_asked(self) -> bool:
        return bool(self.condition or self.text)

    @property
    def in_words(self) -> str:
        return sentence(self.condition, self.definition, self.member)

    @property
    def chosen_columns(self) -> list[dict]:
        widths = self.view.widths if self.view is not None else {}
        return [{"code": code, "width": widths.get(code, 0)} for code in self.columns]

    @property
    def may_change_view(self) -> bool:
        return self.view is not None and actions.may_change(self.view, self.member)

    # ——— Addresses ———

    @property
    def parameters(self) -> dict[str, str]:
        condition = json.dumps(self.condition, ensure_ascii=False, separators=(",", ":")) if self.condition else ""
        return {
            "liste": self.definition.code,
            "vue": str(self.view.pk) if self.view is not None else "",
            "filtre": condition or ("-" if self.view is not None else ""),
            "q": self.text,
            "tri": self.sort,
            "champs": ",".join(self.columns),
        }

    def url(self, **changes: str) -> str:
        return _address(self.member, **(self.parameters | changes))

    @property
    def sort_url(self) -> str:
        return self.url(tri="")

    @property
    def export_url(self) -> str:
        """Where what is found leaves as a file, for whoever may export."""
        if not self.member.can(Right.DATA_EXPORT):
            return ""
        asked = {name: value for name, value in self.parameters.items() if value and name != "champs"}
        asked["colonnes"] = ",".join(column.code for column in self.columns_shown)
        return f"{reverse('exchange:list_export', args=[self.member.organization.slug])}?{urlencode(asked)}"

    @property
    def grid_url(self) -> str:
        """The same question in « Gestion des clients », where many records are changed at once."""
        tab = next((tab for tab, code in TABS.items() if code == self.definition.code), "")
        if not tab or not self.member.organization.has_module(Module.CLIENT_MGMT):
            return ""
        address = reverse("workspace:client_management", args=[self.member.organization.slug])
        asked = {"onglet": tab} | {
            name: value for name, value in self.parameters.items() if value and name in ("vue", "filtre", "q", "tri")
        }
        return f"{address}?{urlencode(asked)}"

    # ——— What the page shows ———

    def target(self, relation: Relation) -> ListDefinition:
        return lists(self.member)[relation.target]

    @property
    def columns_shown(self) -> list[Column]:
        return shown_columns(self.columns, self.definition, self.member)

    @property
    def choosable(self) -> list[tuple[Column, bool]]:
        """Every column of the field chooser: those shown, in their order, then the others."""
        on = [column.code for column in self.columns_shown]
        others = self.definition.columns_by_code(self.member).values()
        return [
            *((column, True) for column in self.columns_shown),
            *((column, False) for column in others if column.is_shown and column.code not in on),
        ]

    @property
    def rows(self) -> list[dict]:
        slug = self.member.organization.slug
        rows = []
        for row in self.page.rows:
            cells = [
                (column, row[column.code], shown(column, row[column.code], self.member)) for column in self.page.columns
            ]
            url = self.definition.address(row, slug) if self.definition.address else ""
            rows.append({"id": row["id"], "url": url, "cells": cells, "due_state": "", "drawing": _drawing(row)})
        return rows


def _drawing(row: dict) -> str:
    return DRAWINGS.get(row.get("channel", ""), "meeting")


def _columns(query: QueryDict, view: View | None) -> list[str]:
    """The columns as the chooser gives them (a box each, one moved up or down), or the address, or the view."""
    if "retablir" in query:
        return []
    if "colonnes" in query:
        codes = list(dict.fromkeys(query.getlist("colonnes")))
    elif query.get("champs"):
        codes = [code for code in query.get("champs", "").split(",") if code]
    else:
        return view.column_codes if view is not None else []
    word, _sep, moved = query.get("faire", "").partition(":")
    if word in ("up", "down") and moved in codes:
        place = codes.index(moved)
        other = place - 1 if word == "up" else place + 1
        if 0 <= other < len(codes):
            codes[place], codes[other] = codes[other], codes[place]
    return codes[:200]


def _panel(query: QueryDict) -> str:
    """« champs » while the field chooser is open: its button opens and closes it."""
    is_open = query.get("volet") == "champs"
    return "champs" if is_open != (query.get("faire") == "volet:champs") else ""


def _read(text: str | None):
    """The condition of an address; what is no JSON is no condition."""
    if not text or text == "-" or len(text) > LONGEST_FILTER:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
