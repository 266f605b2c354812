"""What stands on a dashboard: the portlets that a member may have, and how they are arranged."""

from dataclasses import dataclass
from datetime import datetime

from entregent.access.rights import Right, Role
from entregent.dashboards.models import Layout
from entregent.organizations.extension_points import Board, Portlet, portlets
from entregent.organizations.models import Membership

WIDTHS = (4, 6, 12)
MOST_PORTLETS = 24

_OF_AGENTS = [
    "follow-ups", "recent-interactions", "own-steps", "own-cases", "credit-holds", "my-clients", "silent-clients",
    "transfers",
]  # fmt: skip
_OF_MANAGERS = [
    "follow-ups", "recent-interactions", "own-steps", "own-cases", "credit-holds", "late-by-agent",
    "clients-by-status", "interactions-by-week", "transfers",
]  # fmt: skip
_OF_FIRMS = [
    "clients-by-status", "clients-by-sector", "late-by-agent", "interactions-by-week", "credit-holds", "silent-clients",
]  # fmt: skip
_OF_CLIENTS = [
    "client-interactions", "client-follow-ups", "client-contracts", "client-invoices", "client-people",
    "client-transfers",
]  # fmt: skip
# What a dashboard holds where nobody arranged it, by role.
DEFAULTS: dict[Board, dict[str, list[str]]] = {
    Board.STAFF: {
        Role.ADMIN: _OF_MANAGERS,
        Role.MANAGER: _OF_MANAGERS,
        Role.EDITOR: _OF_AGENTS,
        Role.READER: ["recent-interactions", "credit-holds", "clients-by-status", "silent-clients"],
    },
    Board.FIRM: dict.fromkeys(Role, _OF_FIRMS),
    Board.CLIENT: dict.fromkeys(Role, _OF_CLIENTS),
}


@dataclass(frozen=True)
class Placement:
    """A portlet in its place. `choice` says which one where a portlet is many: the saved view."""

    code: str
    choice: str
    width: int

    @property
    def key(self) -> str:
        return f"{self.code}-{self.choice}" if self.choice else self.code

    def as_data(self) -> dict:
        return {"code": self.code, "choice": self.choice, "width": self.width}


@dataclass(frozen=True)
class Arrangement:
    """How a dashboard is arranged now. Version 0: as the role has it, nothing is stored."""

    placements: list[Placement]
    version: int
    updated_by: str = ""
    updated_at: datetime | None = None


def offered(member: Membership, board: Board) -> dict[str, Portlet]:
    """The portlets that this member may put on this dashboard: those whose data they have the right to see."""
    return {
        portlet.code: portlet
        for give in portlets
        for portlet in give()
        if board in portlet.boards
        and member.can(portlet.right)
        and (not portlet.module or member.organization.has_module(portlet.module))
    }


def shown(placements: list[Placement], member: Membership, board: Board) -> list[tuple[Placement, Portlet, str]]:
    """Those placements that this member may see, with the portlet and its title.

    What they lost the right to, or a view that was deleted, is left out without a word: the rest stands.
    """
    known = offered(member, board)
    choices: dict[str, dict[str, str]] = {}
    found = []
    for one in placements:
        portlet = known.get(one.code)
        if portlet is None:
            continue
        title = str(portlet.title)
        if portlet.choices is not None:
            if one.code not in choices:
                choices[one.code] = dict(portlet.choices(member))
            if one.choice not in choices[one.code]:
                continue
            title = choices[one.code][one.choice]
        found.append((one, portlet, title))
    return found


def may_arrange(member: Membership, board: Board) -> bool:
    """Everybody arranges what is their own; what everybody sees, administrators."""
    return board != Board.FIRM or member.can(Right.SETTINGS)


def arrangement(member: Membership, board: Board) -> Arrangement:
    layout = layouts_of(member, board).select_related("updated_by").first()
    if layout is None:
        return Arrangement(default_placements(member, board), 0)
    return as_arrangement(layout)


def as_arrangement(layout: Layout) -> Arrangement:
    placements = [Placement(one["code"], one["choice"], one["width"]) for one in layout.placements]
    name = layout.updated_by.name if layout.updated_by else ""
    return Arrangement(placements, layout.version, name, layout.updated_at)


def layouts_of(member: Membership, board: Board):
    """The one row, or none, that says how this member finds this dashboard."""
    layouts = Layout.objects.filter(organization_id=member.organization_id, board=board)
    return layouts.filter(user__isnull=True) if board == Board.FIRM else layouts.filter(user_id=member.user_id)


def default_placements(member: Membership, board: Board) -> list[Placement]:
    known = offered(member, board)
    codes = [code for code in DEFAULTS[board][Role(member.role)] if code in known]
    return [Placement(code, "", known[code].width) for code in codes]
