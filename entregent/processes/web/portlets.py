"""What plans of action put on dashboards."""

from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Module
from entregent.processes import questions
from entregent.processes.web.work import first_rows

MOST = 8


def portlets() -> list[Portlet]:
    return [
        Portlet(
            "own-steps", _("Mon travail"), "list-check", Right.PROCESS_RUN, frozenset({Board.STAFF}),
            "processes/portlets/own.html", _own, module=Module.CASEWORK,
        ),
    ]  # fmt: skip


def _own(request, **_others) -> dict:
    """The steps that wait for oneself, what is late first."""
    rows = first_rows(questions.my_steps(request.member), request.member, MOST + 1)
    return {"steps": rows[:MOST], "has_more": len(rows) > MOST}
