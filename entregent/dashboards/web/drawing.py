"""Draws dashboards and their portlets. A portlet that fails, or takes too long, says so in its own place."""

import logging
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from markupsafe import Markup

from entregent.clients.models import Client
from entregent.dashboards.boards import Placement, arrangement, may_arrange, offered, shown
from entregent.dashboards.figures import measured
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Membership
from entregent.ui.pages import part

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tile:
    """A portlet in its place on a page. `drawn` is None where the browser fetches it by itself."""

    placement: Placement
    portlet: Portlet
    title: str
    url: str
    drawn: Markup | None = None

    @property
    def key(self) -> str:
        return self.placement.key

    @property
    def trigger(self) -> str:
        events = ["load"] if self.drawn is None else []
        return ", ".join(events + [f"{event} from:body" for event in self.portlet.refreshed_by])


def board_context(request, board: Board, *, client: Client | None = None) -> dict:
    """What `dashboards/_board.html` draws: the portlets in their order; arranged anew with `?personnaliser=1`."""
    member = request.member
    arranged = arrangement(member, board)
    is_editing = request.GET.get("personnaliser") == "1" and may_arrange(member, board)
    tiles = [
        _tile(request, placement, portlet, title, client, is_editing)
        for placement, portlet, title in shown(arranged.placements, member, board)
    ]
    return {
        "board": board,
        "tiles": tiles,
        "version": arranged.version,
        "is_editing": is_editing,
        "may_arrange": may_arrange(member, board),
        "to_add": _to_add(member, board, tiles) if is_editing else [],
        "board_client": client,
        "board_url": board_url(member, board, client),
        "seconds": settings.PORTLET_SECONDS,
        "takes_focus": False,
    }


def board_url(member: Membership, board: Board, client: Client | None = None) -> str:
    slug = member.organization.slug
    if board == Board.CLIENT and client is not None:
        return reverse("dashboards:client", kwargs={"organization": slug, "number": client.number})
    return reverse("workspace:home" if board == Board.STAFF else "dashboards:firm", kwargs={"organization": slug})


def portlet_url(member: Membership, code: str, choice: str = "", client: Client | None = None) -> str:
    kwargs = {"organization": member.organization.slug, "code": code}
    if client is None:
        address = reverse("dashboards:portlet", kwargs=kwargs)
    else:
        address = reverse("dashboards:client_portlet", kwargs=kwargs | {"number": client.number})
    return f"{address}?{urlencode({'choix': choice})}" if choice else address


def draw(request, portlet: Portlet, *, client: Client | None = None, choice: str = "", title: str = "") -> Markup:
    """The panel. Whatever goes wrong in it goes up to the caller."""
    value, at = measured(portlet, request.member) if portlet.measure is not None else (None, None)
    context = portlet.context(request, client=client, choice=choice, measured=value)
    context |= {"portlet": portlet, "portlet_title": title or str(portlet.title), "measured_at": at}
    return part(request, portlet.template, context)


def draw_by_itself(request, portlet: Portlet, *, client: Client | None, choice: str, title: str) -> Markup | None:
    """The panel within the time that a portlet has; None where it fails. The rest of the request goes on."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [str(int(settings.PORTLET_SECONDS * 1000))]
                )
            return draw(request, portlet, client=client, choice=choice, title=title)
    except Exception:
        log.exception("portlet %s failed", portlet.code)
        return None


def _tile(request, placement, portlet, title, client, is_editing) -> Tile:
    url = portlet_url(request.member, placement.code, placement.choice, client)
    drawn = None
    if portlet.is_at_once and not is_editing and "a-part" not in request.GET:
        try:
            drawn = draw(request, portlet, client=client, choice=placement.choice, title=title)
        except DatabaseError:
            # Nothing more can be asked in this transaction: the page asks for each portlet by itself instead.
            raise
        except Exception:
            log.exception("portlet %s failed", portlet.code)
    return Tile(placement, portlet, title, url, drawn)


def _to_add(member: Membership, board: Board, tiles: list[Tile]) -> list[tuple[str, str]]:
    """(what the form sends, title) of the portlets that do not stand there yet."""
    there = {tile.key for tile in tiles}
    found = []
    for code, portlet in offered(member, board).items():
        if portlet.choices is None:
            if code not in there:
                found.append((code, str(portlet.title)))
        else:
            found += [
                (f"{code}/{choice}", _("%(title)s : %(choice)s") % {"title": portlet.title, "choice": label})
                for choice, label in portlet.choices(member)
                if f"{code}-{choice}" not in there
            ]
    return sorted(found, key=lambda one: one[1])
