"""The page of one case (ux.md §8.7)."""

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.models import Case
from entregent.organizations.models import Module
from entregent.ui.pages import render


@requires(Right.CASE_VIEW, module=Module.CASEWORK)
def case_detail(request, number):
    case = Case.objects.visible_to(request.member).select_related("client", "case_type").found(number=number)
    return render(request, "cases/detail.html", {"case": case})
