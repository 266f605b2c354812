"""What dunning puts on dashboards."""

from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.dunning.models import DunningRun
from entregent.dunning.web.rows import rows_of
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Module

SHOWN = 8
MOST_COUNTED = 10_000


def portlets() -> list[Portlet]:
    boards = frozenset({Board.STAFF, Board.FIRM})
    return [
        Portlet(
            "dunning", _("Relances en cours"), "file-invoice", Right.CASE_VIEW, boards,
            "dunning/portlets/running.html", _running, module=Module.CASEWORK,
        ),
    ]  # fmt: skip


def _running(request, **_others) -> dict:
    """The newest, and how many there are."""
    runs = DunningRun.objects.visible_to(request.member, Right.CASE_VIEW).open()
    total = runs.order_by()[: MOST_COUNTED + 1].count()
    return {"runs": rows_of(runs.order_by("-pk")[:SHOWN], request.member), "total": total, "most": MOST_COUNTED}
