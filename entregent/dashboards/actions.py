"""What a person does with a dashboard: add, remove, move, widen, put back as it was."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.dashboards.boards import (
    MOST_PORTLETS,
    WIDTHS,
    Arrangement,
    Placement,
    as_arrangement,
    default_placements,
    layouts_of,
    may_arrange,
    offered,
    shown,
)
from entregent.dashboards.models import Layout
from entregent.organizations.extension_points import Board
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, Stale


@transaction.atomic
def add_portlet(board: Board, *, by: Membership, version: int, code: str, choice: str = "") -> Arrangement:
    """Puts a portlet at the end. One that stands there already stays where it is.

    A portlet that the member may not have, or that does not exist, is « Introuvable. ».
    """
    record("add_portlet", by=by, board=board, portlet=code, choice=choice)
    portlet = offered(by, board).get(code)
    if portlet is None:
        raise NotFound
    if (choice not in dict(portlet.choices(by))) if portlet.choices else choice:
        raise NotFound
    added = Placement(code, choice, portlet.width)

    def add(placements):
        if added.key in [one.key for one in placements]:
            return placements
        if len(placements) >= MOST_PORTLETS:
            raise Refusal("E-LENGTH", _("Un tableau de bord contient %(n)s portlets au plus.") % {"n": MOST_PORTLETS})
        return [*placements, added]

    return _arrange(board, by, version, add)


@transaction.atomic
def remove_portlet(board: Board, *, by: Membership, version: int, key: str) -> Arrangement:
    record("remove_portlet", by=by, board=board, portlet=key)
    return _arrange(board, by, version, lambda placements: [one for one in placements if one.key != key])


@transaction.atomic
def move_portlet(board: Board, *, by: Membership, version: int, key: str, to: int) -> Arrangement:
    """Puts a portlet at the place `to`, counted from 0; beyond the ends, at the end."""
    record("move_portlet", by=by, board=board, portlet=key, to=to)

    def move(placements):
        moved = _named(placements, key)
        others = [one for one in placements if one.key != key]
        place = min(max(to, 0), len(others))
        return [*others[:place], moved, *others[place:]]

    return _arrange(board, by, version, move)


@transaction.atomic
def resize_portlet(board: Board, *, by: Membership, version: int, key: str, width: int) -> Arrangement:
    """A third, half or the whole of the page."""
    record("resize_portlet", by=by, board=board, portlet=key, width=width)
    if width not in WIDTHS:
        raise Refusal("E-REQUIRED", _("Choisissez une largeur."), field="width")

    def resize(placements):
        _named(placements, key)
        return [Placement(one.code, one.choice, width) if one.key == key else one for one in placements]

    return _arrange(board, by, version, resize)


@transaction.atomic
def reset_dashboard(board: Board, *, by: Membership) -> None:
    """The dashboard stands again as the role has it."""
    record("reset_dashboard", by=by, board=board)
    if not may_arrange(by, board):
        raise RightMissing
    layouts_of(by, board).delete()


def _named(placements: list[Placement], key: str) -> Placement:
    found = next((one for one in placements if one.key == key), None)
    if found is None:
        raise NotFound
    return found


def _arrange(board: Board, by: Membership, version: int, change: Callable) -> Arrangement:
    """Changes the layout under its lock; `version` is the one that the person saw, 0 for the default."""
    if not may_arrange(by, board):
        raise RightMissing
    layout = layouts_of(by, board).select_related("updated_by").select_for_update(of=["self"]).first()
    if (layout.version if layout else 0) != version:
        raise _stale(layout, by)
    before = as_arrangement(layout).placements if layout else default_placements(by, board)
    before = [one for one, _portlet, _title in shown(before, by, board)]
    after = [one.as_data() for one in change(before)]
    if layout is None:
        owner: Any = None if board == Board.FIRM else by.user_id
        layout, is_new = Layout.objects.get_or_create(
            organization_id=by.organization_id,
            user_id=owner,
            board=board,
            defaults={"placements": after, "updated_by": by.user},
        )
        if not is_new:
            raise _stale(layout, by)
    else:
        layout.placements, layout.version = after, layout.version + 1
        layout.updated_at, layout.updated_by = timezone.now(), by.user
        layout.save(update_fields=["placements", "version", "updated_at", "updated_by"])
    return as_arrangement(layout)


def _stale(layout: Layout | None, by: Membership) -> Stale:
    zone = ZoneInfo(by.organization.time_zone)
    when = (layout.updated_at if layout else timezone.now()).astimezone(zone)
    who = layout.updated_by.name if layout and layout.updated_by else by.user.name
    return Stale(who=who, when=f"{when:%H:%M}", current=layout)
