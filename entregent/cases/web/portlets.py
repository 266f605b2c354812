"""What cases put on dashboards."""

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.cases.models import Case
from entregent.cases.web.listing import open_cases_of, rows_of
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Module

MINE = 12


def portlets() -> list[Portlet]:
    view, module = Right.CASE_VIEW, Module.CASEWORK
    return [
        Portlet(
            "own-cases", _("Mes dossiers ouverts"), "folder", view, frozenset({Board.STAFF}),
            "cases/portlets/own.html", _own, module=module,
        ),
        Portlet(
            "client-cases", _("Dossiers ouverts"), "folder", view, frozenset({Board.CLIENT}),
            "cases/portlets/of_client.html", _of_client, module=module,
        ),
    ]  # fmt: skip


def _own(request, **_others) -> dict:
    """Those for which the member answers, the most urgent first."""
    member = request.member
    records = Case.objects.visible_to(member).filter(responsible_id=member.user_id).open()
    rows = rows_of(records.order_by(F("due_on").asc(nulls_last=True), "id"), member, MINE + 1)
    return {"cases": rows[:MINE], "has_more": len(rows) > MINE}


def _of_client(request, *, client, **_others) -> dict:
    return open_cases_of(request.member, client)
