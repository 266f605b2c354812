"""A contact that was begun from the page of a case goes into it."""

from django.urls import reverse

from entregent.access.rights import Right
from entregent.cases.actions import attach_interaction
from entregent.cases.models import Case
from entregent.interactions.models import Interaction
from entregent.toolbox.text import as_id

MARK = "dossier:"


def begun_from_case(mark: str, interaction: Interaction, *, by) -> str | None:
    """Attaches it in the transaction in which it was logged; gives the page of the case, where one goes on."""
    number = as_id(mark.removeprefix(MARK)) if mark.startswith(MARK) else None
    case = Case.objects.visible_to(by, Right.CASE_EDIT).filter(number=number).first() if number is not None else None
    if case is None:
        return None
    attach_interaction(case, interaction, by=by)
    return reverse("cases:detail", args=[case.organization.slug, case.number])
