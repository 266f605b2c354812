"""Portlets over lists: one's clients, those who fell silent, and any saved view."""

import json

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.rights import Right
from entregent.listing.actions import visible_views
from entregent.listing.conditions import mend
from entregent.listing.lists import Kind, ListDefinition, lists
from entregent.listing.pages import Count, Page, ask, shown
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Membership, Module
from entregent.ui.jinja import number

ROWS = 8
MOST_COLUMNS = 4
SILENT_DAYS = 90
# The tabs of « Gestion des clients ».
TABS = {"clients": "clients", "people": "personnes", "interactions": "interactions"}
# Shown at the right, as figures are.
_FIGURES = (Kind.NUMBER, Kind.MONEY)


def portlets() -> list[Portlet]:
    own, both = frozenset({Board.STAFF}), frozenset({Board.STAFF, Board.FIRM})
    view, template = Right.CLIENT_VIEW, "dashboards/list.html"
    return [
        Portlet("my-clients", gettext_lazy("Mes clients"), "user-check", view, own, template, _my_clients),
        Portlet(
            "silent-clients", gettext_lazy("Clients sans contact depuis 90 jours"), "clock", Right.INTERACTION_VIEW,
            both, template, _silent_clients,
        ),
        Portlet(
            "view", gettext_lazy("Vue"), "list-details", view, own, template, _view, choices=own_views,
        ),
        Portlet(
            "shared-view", gettext_lazy("Vue partagée"), "list-details", view, frozenset({Board.FIRM}), template,
            _view, choices=shared_views,
        ),
    ]  # fmt: skip


def own_views(member: Membership) -> list[tuple[str, str]]:
    """Every view that the member may open."""
    return [(str(key), name) for key, name in visible_views(member).values_list("id", "name")]


def shared_views(member: Membership) -> list[tuple[str, str]]:
    """What everybody finds on the dashboard of the organization is a view that everybody may open."""
    return [(str(key), name) for key, name in visible_views(member).filter(is_shared=True).values_list("id", "name")]


def _my_clients(request, **_others) -> dict:
    definition = lists(request.member)["clients"]
    return _first_rows(
        request.member, definition, ["responsible", "me", None], ["name", "number", "last_interaction_at"], "name",
        empty=_("Vous n’êtes l’agent responsable d’aucun client."),
    )  # fmt: skip


def _silent_clients(request, **_others) -> dict:
    """The longest silent first."""
    definition = lists(request.member)["clients"]
    condition = ["last_interaction_at", "days_ago_more", SILENT_DAYS]
    return _first_rows(
        request.member, definition, condition, ["name", "last_interaction_at", "responsible"], "last_interaction_at",
        empty=_("Aucun client sans contact depuis 90 jours."),
    )  # fmt: skip


def _view(request, *, choice, **_others) -> dict:
    """The first rows of a view as it stands now, for whoever looks; what no longer exists in it is left out."""
    member = request.member
    view = visible_views(member).get(pk=int(choice))
    definition = lists(member)[view.list_code]
    condition, notes = mend(view.condition, definition, member) if view.condition else (None, [])
    context = _first_rows(
        member, definition, condition, view.column_codes, view.sort, text=view.text,
        empty=_("Rien ne répond à cette vue."),
    )  # fmt: skip
    return context | {"notes": notes, "list_url": _list_url(member, definition, vue=str(view.pk))}


def _list_url(member: Membership, definition: ListDefinition, **asked: str) -> str:
    """The whole list, where the module shows it."""
    if definition.code not in TABS or not member.organization.has_module(Module.CLIENT_MGMT):
        return ""
    address = reverse("workspace:client_management", args=[member.organization.slug])
    return f"{address}?{urlencode({'onglet': TABS[definition.code]} | asked)}"


def _first_rows(
    member: Membership, definition: ListDefinition, condition, columns: list[str], sort: str, *, empty: str,
    text: str = "",
) -> dict:  # fmt: skip
    question = ask(definition, member, condition=condition, text=text)
    page: Page = question.page(columns=columns, sort=sort, limit=ROWS)
    count: Count = question.count()
    shown_columns = page.columns[:MOST_COLUMNS]
    rows = [
        {
            "url": definition.address(row, member.organization.slug) if definition.address else "",
            "cells": [shown(column, row[column.code], member) for column in shown_columns],
        }
        for row in page.rows
    ]
    told = number(count.total)
    return {
        "columns": [(column.label, column.kind in _FIGURES) for column in shown_columns],
        "rows": rows,
        "count": _("plus de %(number)s") % {"number": told} if count.is_more else told,
        "empty": empty,
        "notes": [],
        "list_url": _list_url(member, definition, filtre=json.dumps(condition), tri=page.sort),
    }
