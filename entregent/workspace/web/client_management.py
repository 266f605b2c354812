"""« Gestion des clients »: lists over a pane with what is known of the selected row (document 004)."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client, Person
from entregent.clients.web.forms import sectors_in_reach
from entregent.groups.navigation import is_offered as groups_offered
from entregent.listing.actions import visible_views
from entregent.listing.conditions import check
from entregent.listing.lists import Column, Kind, choices_of, lists
from entregent.listing.words import WITH_DAYS, WITHOUT_VALUE, operators_of
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.transfers.web.views import detail_context as transfer_context
from entregent.transfers.web.views import open_transfer
from entregent.ui.pages import render
from entregent.workspace.web.client_management_grid import TABS, Grid
from entregent.workspace.web.client_management_pane import (
    MODULE,
    Selected,
    interaction_context,
    open_interaction,
    pane_context,
)
from entregent.workspace.web.client_management_values import CUSTOM, NOTHING_CHOSEN, values_of


@requires(Right.CLIENT_VIEW, module=MODULE)
def client_management(request) -> HttpResponse:
    """One page for the tabs. `?apres=` gives the rows that follow, `?compte=oui` how many there are; the row named in
    the address is selected."""
    grid = Grid.of(request)
    member = request.member
    is_piece = request.headers.get("HX-Request") == "true"
    if is_piece and (grid.after or grid.alone is not None):
        return render(request, "workspace/client_management.html", {"grid": grid}, fragment="rows")
    if is_piece and grid.is_counting:
        return render(request, "workspace/client_management.html", {"grid": grid}, fragment="count")
    slug, lower = member.organization.slug, _lower(request, grid)
    context = (lower or {}) | {
        "grid": grid,
        "tabs": _tabs(grid),
        "views": list(visible_views(member, grid.definition.code)),
        "state": grid.kept,
        "lower": lower is not None,
        "suggestions": grid.suggestions,
        "criterion_url": f"{reverse('workspace:criterion', args=[slug])}?{grid.url().partition('?')[2]}",
        "fields_url": f"{reverse('workspace:keep_columns', args=[slug])}?{grid.url(ligne=grid.row).partition('?')[2]}",
        "export_url": _export_url(grid),
        "bulk": _bulk_choices(grid),
        "can_launch": _can_launch(grid),
        "can_group": grid.tab == "clients" and groups_offered(grid.member),
    }
    return render(request, "workspace/client_management.html", context)


# What the address says of the screen and not of the list.
_OF_SCREEN = ("onglet", "jours", "ouverts")


def _export_url(grid: Grid) -> str:
    """Where what the list shows goes out, chosen rows too; "" for whoever may not export."""
    if not grid.member.can(Right.DATA_EXPORT):
        return ""
    asked = {name: value for name, value in grid.parameters.items() if value and name not in _OF_SCREEN}
    asked["colonnes"] = ",".join(column.code for column in grid.page.columns)
    address = reverse("exchange:list_export", args=[grid.member.organization.slug])
    return f"{address}?{urlencode({'liste': grid.definition.code} | asked)}"


@requires(Right.CLIENT_VIEW, module=MODULE)
def criterion(request) -> HttpResponse:
    """« Ajouter un critère »: the field, then its operators, then a value. Added, it stands in the address."""
    grid = Grid.of(request)
    column = grid.definition.column(request.GET.get("champ", ""), request.member)
    if column is not None and not column.is_asked:
        column = None
    operators = operators_of(column) if column is not None else {}
    operator = request.GET.get("operateur", "")
    operator = operator if operator in operators else next(iter(operators), "")
    message = ""
    if column is not None and request.GET.get("ajouter"):
        try:
            added = _typed(request, column, operator)
            check(added, grid.definition, request.member)
        except (Refusal, Refusals) as refused:
            every = refused.refusals if isinstance(refused, Refusals) else [refused]
            message = " ".join(str(one.message) for one in every)
        else:
            return _go(request, grid.with_condition(grid.added(added)))
    context = {
        "grid": grid,
        "column": column,
        "operators": list(operators.items()),
        "operator": operator,
        "kind": _kind_of_value(column, operator) if column is not None else "",
        "choices": list(choices_of(column, request.member)) if column is not None and _has_choices(column) else [],
        "typed": request.GET.get("valeur", ""),
        "typed_until": request.GET.get("jusqu-a", ""),
        "message": message,
    }
    return render(
        request, "workspace/client_management_criterion.html", context, fragment="criterion",
        status=422 if message else 200,
    )  # fmt: skip


def _go(request, url: str) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse(status=204)
        response.headers["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def _has_choices(column: Column) -> bool:
    return column.choices is not None or column.kind in (Kind.MEMBER, Kind.SECTOR, Kind.CHOICE)


def _kind_of_value(column: Column, operator: str) -> str:
    """How a value is typed: none, choice, several, between, days, date, number, boolean, text."""
    if operator in WITHOUT_VALUE:
        return "none"
    if operator in WITH_DAYS:
        return "days"
    if _has_choices(column) and column.kind != Kind.LIST:
        return "several" if operator == "in" else "choice"
    if column.kind == Kind.BOOLEAN:
        return "boolean"
    plain = {Kind.DATE: "date", Kind.MOMENT: "date", Kind.NUMBER: "number", Kind.MONEY: "number"}.get(
        column.kind, "text"
    )
    return f"between-{plain}" if operator == "between" else plain


def _typed(request, column: Column, operator: str) -> list:
    """The criterion as data, of what was typed."""
    kind, value = _kind_of_value(column, operator), request.GET.get("valeur", "").strip()
    if kind == "none":
        return [column.code, operator]
    if kind == "several":
        return [column.code, operator, request.GET.getlist("valeur")]
    if kind == "boolean":
        return [column.code, operator, value == "oui"]
    if kind == "days":
        return [column.code, operator, as_id(value) if as_id(value) is not None else value]
    if kind.startswith("between"):
        return [column.code, operator, [value, request.GET.get("jusqu-a", "").strip()]]
    if operator == "in":
        return [column.code, operator, [part.strip() for part in value.split(",") if part.strip()]]
    return [column.code, operator, value]


def _tabs(grid: Grid) -> list[dict]:
    labels = {
        "clients": grid.member.organization.term("clients"),
        "personnes": _("Personnes-ressources"),
        "interactions": _("Interactions"),
        "transferts": _("Transferts de fichiers"),
    }
    address = reverse("workspace:client_management", args=[grid.member.organization.slug])
    return [
        {
            "label": labels[tab],
            "url": address if tab == "clients" else f"{address}?onglet={tab}",
            "current": tab == grid.tab,
            "attrs": {"data-go": {"interactions": "i", "transferts": "t"}[tab]} if tab in _GO else {},
        }
        for tab, code in TABS.items()
        if code in lists(grid.member)
    ]


# G then the letter.
_GO = ("interactions", "transferts")


def _lower(request, grid: Grid) -> dict | None:
    """What the lower pane shows of the row that the address names; None when it is no longer there."""
    if not grid.row:
        return None
    try:
        if grid.tab == "transferts":
            return transfer_context(request, open_transfer(request, as_id(grid.row) or 0))
        if not request.member.can(Right.INTERACTION_VIEW):
            return None
        if grid.tab == "interactions":
            return interaction_context(request, open_interaction(request, as_id(grid.row) or 0))
        if grid.tab == "personnes":
            person = Person.objects.get_visible(request.member, pk=as_id(grid.row) or 0)
            return pane_context(request, Selected(person=person))
        return pane_context(request, Selected(client=Client.objects.get_visible(request.member, number=grid.row)))
    except NotFound:
        return None


def _can_launch(grid: Grid) -> bool:
    """Whether plans of action are launched from here."""
    member = grid.member
    has_plans = member.organization.has_module(Module.CASEWORK) and member.can(Right.PROCESS_LEAD)
    return grid.tab == "clients" and has_plans


def _bulk_choices(grid: Grid) -> dict | None:
    """What the bar of a selection offers."""
    member = grid.member
    if grid.tab != "clients" or not member.can(Right.CLIENT_EDIT):
        return None
    members = (
        Membership.objects.active()
        .filter(organization_id=member.organization_id)
        .order_by("user__name", "pk")
        .values_list("user_id", "user__name")
    )
    sectors = sectors_in_reach(member).values_list("pk", "name")
    # First, what changes nothing: « Appliquer » pressed too early must not take the agents off ten thousand clients.
    choose = (NOTHING_CHOSEN, _("Choisir…"))
    customs = [
        (code, value.label, [choose, *value.choices(Client(), member)] if value.choices else None, value.input_type)
        for code, value in values_of("client", member).items()
        if code.startswith(CUSTOM)
    ]
    return {
        "customs": customs,
        "custom_changes": [(code, _("Changer : %(field)s") % {"field": label}) for code, label, *_rest in customs],
        "members": [choose, ("", _("Aucun agent")), *((str(pk), name) for pk, name in members)],
        "sectors": [choose, ("", _("Aucun secteur")), *((str(pk), name) for pk, name in sectors)],
        "statuses": [
            choose,
            *((value, str(label)) for value, label in Client.Status.choices if value != Client.Status.PROSPECT),
        ],
    }  # fmt: skip
