"""Pages of dashboards, portlets by themselves, and the one address by which a dashboard is arranged."""

from django.db import DatabaseError
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.clients.web.panes import identity_context
from entregent.dashboards import actions
from entregent.dashboards.boards import arrangement, offered, shown
from entregent.dashboards.web.drawing import board_context, board_url, draw_by_itself, portlet_url
from entregent.organizations.extension_points import Board
from entregent.toolbox.errors import NotFound, Refusal, Stale
from entregent.ui.pages import is_htmx, part, render, render_block, see, with_toast


@requires(Right.CLIENT_VIEW)
def firm(request):
    """The dashboard of the organization: the same portlets for everybody, each within one's own reach."""
    return board_page(request, Board.FIRM, "dashboards/firm.html")


@requires(Right.CLIENT_VIEW)
def client_board(request, number):
    """The dashboard of one client."""
    client = Client.objects.visible_to(request.member).select_related("sector", "responsible").found(number=number)
    return board_page(
        request, Board.CLIENT, "dashboards/client.html", client=client, context=identity_context(request, client)
    )


def board_page(request, board: Board, template: str, *, client=None, context: dict | None = None) -> HttpResponse:
    """Where a portlet of the first answer breaks the transaction, the page comes again with every portlet apart."""
    try:
        whole = board_context(request, board, client=client)
    except DatabaseError:
        if "a-part" in request.GET:
            raise
        response = HttpResponseRedirect(f"{board_url(request.member, board, client)}?a-part")
        response.rolls_back = True  # type: ignore[attr-defined]
        return response
    return render(request, template, whole | (context or {}))


@requires(Right.CLIENT_VIEW)
def portlet(request, code):
    """One portlet of the home page or of the organization's dashboard."""
    known = offered(request.member, Board.STAFF) | offered(request.member, Board.FIRM)
    return _portlet(request, known.get(code), None)


@requires(Right.CLIENT_VIEW)
def client_portlet(request, number, code):
    client = Client.objects.visible_to(request.member).select_related("sector", "responsible").found(number=number)
    return _portlet(request, offered(request.member, Board.CLIENT).get(code), client)


def _portlet(request, found, client):
    """A portlet that does not exist and one that the member has no right to answer alike."""
    if found is None:
        raise NotFound
    choice, title = request.GET.get("choix", ""), str(found.title)
    if found.choices is not None:
        titles = dict(found.choices(request.member))
        if choice not in titles:
            raise NotFound
        title = titles[choice]
    drawn = draw_by_itself(request, found, client=client, choice=choice, title=title)
    has_failed = drawn is None
    if has_failed:
        url = portlet_url(request.member, found.code, choice, client)
        drawn = part(request, "dashboards/unavailable.html", {"portlet": found, "portlet_title": title, "url": url})
    if is_htmx(request):
        # 200 even where it failed: the panel says so itself, and stands in its place.
        return HttpResponse(drawn)
    context = {"drawn": drawn, "portlet_title": title, "client": client}
    return render(request, "dashboards/portlet.html", context, status=503 if has_failed else 200)


@requires(Right.CLIENT_VIEW)
@require_POST
def arrange(request):
    """One gesture: add, remove, move up or down or to a place, widen, put back. Whoever saw an older arrangement is
    told so and shown the newer one."""
    member = request.member
    board, client = _board(request)
    version = _number(request.POST.get("version"), 0)
    toast, tone = None, "ok"
    try:
        toast = _gesture(request, board, member, version)
    except Stale as stale:
        toast, tone = str(stale.message), "warn"
    # From the menu of a portlet one stays where one was.
    url = board_url(member, board, client) + ("" if request.POST.get("rester") else "?personnaliser=1")
    if not is_htmx(request):
        return see(request, url, toast=toast)
    request.GET = request.GET.copy()
    request.GET["personnaliser"] = "1"
    context = board_context(request, board, client=client)
    # What was taken away had the focus: it goes to where it can be put back.
    context["takes_focus"] = request.POST.get("geste") in ("retirer", "retablir")
    response = render_block(request, "dashboards/arranged.html", "board", context)
    return with_toast(response, toast, tone=tone) if toast else response


def _board(request):
    wanted = request.POST.get("tableau", "")
    if wanted not in list(Board):
        raise NotFound
    if wanted != Board.CLIENT:
        return Board(wanted), None
    return Board.CLIENT, Client.objects.get_visible(request.member, number=request.POST.get("client", ""))


def _gesture(request, board: Board, member, version: int) -> str:
    """Does it, and gives what is said of it."""
    gesture, key = request.POST.get("geste", ""), request.POST.get("portlet", "")
    value = request.POST.get("valeur", "")
    known = {"by": member, "version": version}
    if gesture == "retablir":
        actions.reset_dashboard(board, by=member)
        return _("Le tableau de bord est rétabli.")
    if gesture == "ajouter":
        code, _slash, choice = key.partition("/")
        actions.add_portlet(board, code=code, choice=choice, **known)
        return _("Portlet ajouté, à la fin.")
    standing = [one.key for one, _portlet, _title in shown(arrangement(member, board).placements, member, board)]
    if key not in standing:
        raise NotFound
    place = standing.index(key)
    if gesture == "retirer":
        actions.remove_portlet(board, key=key, **known)
        return _("Portlet retiré.")
    if gesture == "largeur":
        actions.resize_portlet(board, key=key, width=_number(value, 0), **known)
        return _("Largeur changée.")
    places = {"monter": place - 1, "descendre": place + 1, "placer": _number(value, place)}
    if gesture not in places:
        raise Refusal("E-REQUIRED", _("Choisissez un geste."))
    to = min(max(places[gesture], 0), len(standing) - 1)
    actions.move_portlet(board, key=key, to=to, **known)
    return _("Place %(place)s sur %(places)s.") % {"place": to + 1, "places": len(standing)}


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else otherwise
