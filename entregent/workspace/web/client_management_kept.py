"""What a person arranges on « Gestion des clients » and finds again: columns, splitter, views."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.listing import actions
from entregent.listing.actions import visible_view, visible_views
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import as_id, one_line
from entregent.ui.pages import render, see
from entregent.workspace.web.client_management_grid import SCREEN, TABS, Grid
from entregent.workspace.web.client_management_pane import MODULE

NARROWEST, WIDEST = 60, 800


@requires(Right.CLIENT_VIEW, module=MODULE)
@require_POST
def keep_state(request) -> HttpResponse:
    """Told by the page itself: where the splitter stands, whether the filter is shown, how wide a column is."""
    grid = Grid.of(request)
    share = as_id(request.POST.get("share", ""))
    told: dict = {}
    if share is not None and 20 <= share <= 80:
        told["share"] = share
    for word in ("side", "filter"):
        if request.POST.get(word) in ("0", "1"):
            told[word] = request.POST[word] == "1"
    if told:
        actions.remember_state(by=request.member, list_code=SCREEN, **told)
    code, width = request.POST.get("colonne", ""), as_id(request.POST.get("largeur", ""))
    if code and width is not None:
        width = max(NARROWEST, min(WIDEST, width))
        columns = [dict(one, width=width) if one["code"] == code else one for one in grid.chosen_columns]
        _keep(grid, columns)
    return HttpResponse(status=204)


@requires(Right.CLIENT_VIEW, module=MODULE)
def keep_columns(request) -> HttpResponse:
    """« Sélecteur de champs »: the columns ticked, in the order of the form, with widths. « Rétablir » forgets."""
    grid = Grid.of(request)
    if request.method != "POST":
        return render(request, "workspace/client_management_fields.html", {"grid": grid}, fragment="fields")
    known = grid.definition.columns_by_code(request.member)
    codes = [code for code in dict.fromkeys(request.POST.getlist("colonnes")) if code in known]
    if "retablir" in request.POST:
        columns: list[dict] = []
    elif not codes:
        raise Refusal("E-COLUMNS", _("Gardez au moins un champ."), field="colonnes")
    else:
        columns = []
        for code in codes:
            width = as_id(request.POST.get(f"largeur-{code}", ""))
            columns.append({"code": code} | ({"width": max(NARROWEST, min(WIDEST, width))} if width else {}))
    _keep(grid, columns)
    return see(request, grid.url(ligne=grid.row))


@requires(Right.CLIENT_VIEW, module=MODULE)
@require_POST
def view_create(request) -> HttpResponse:
    """« Enregistrer la vue »: filter, keywords, columns and order under a name, for oneself or for all."""
    grid = Grid.of(request)
    member, name = request.member, one_line(request.POST.get("nom", ""))
    fields = {
        "condition": grid.condition,
        "text": grid.text,
        "columns": grid.chosen_columns,
        "sort": grid.sort,
        "is_shared": request.POST.get("partagee") == "1",
    }
    own = visible_views(member, grid.definition.code).filter(owner_id=member.user_id, name__iexact=name).first()
    if own is not None:
        view = actions.update_view(own, by=member, version=own.version, **fields)
    else:
        view = actions.save_view(by=member, list_code=grid.definition.code, name=name, **fields)
    return see(request, _home(grid, vue=str(view.pk)), toast=_("La vue « %(name)s » est enregistrée.") % {"name": view})


@requires(Right.CLIENT_VIEW, module=MODULE)
@require_POST
def view_delete(request, pk) -> HttpResponse:
    view = visible_view(pk, request.member)
    actions.delete_view(view, by=request.member)
    tab = next((tab for tab, code in TABS.items() if code == view.list_code), "")
    address = reverse("workspace:client_management", args=[request.member.organization.slug])
    return see(
        request,
        f"{address}?{urlencode({'onglet': tab})}",
        toast=_("La vue « %(name)s » est supprimée.") % {"name": view},
    )


def _keep(grid: Grid, columns: list[dict]) -> None:
    """In the view that is open, if it is one's own; else for the list."""
    if grid.view is not None and grid.view.columns:
        if grid.view.owner_id == grid.member.user_id:
            actions.update_view(grid.view, by=grid.member, version=grid.view.version, columns=columns)
        return
    actions.remember_state(by=grid.member, list_code=grid.definition.code, columns=columns or None)


def _home(grid: Grid, **parameters: str) -> str:
    address = reverse("workspace:client_management", args=[grid.member.organization.slug])
    asked = ({"onglet": grid.tab} if grid.tab != "clients" else {}) | parameters
    return f"{address}?{urlencode(asked)}" if asked else address
