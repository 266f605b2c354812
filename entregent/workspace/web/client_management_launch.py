"""« Lancer un plan d'action » for the clients of a selection: what would happen, then the job."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.organizations.models import Module
from entregent.processes.actions import mass
from entregent.toolbox.errors import NotFound, Refusal
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see
from entregent.workspace.web.client_management_bulk import carried, selection_of
from entregent.workspace.web.client_management_pane import MODULE

# What the page itself sends; the rest is the selection and goes round with it.
OWN = ("processus", "maximum", "lancer")


@requires(Right.PROCESS_LEAD, module=MODULE)
@require_POST
def bulk_launch(request) -> HttpResponse:
    """The choice of the process, how many plans it would be and who is left out; « Lancer » starts the job."""
    member = request.member
    if not member.organization.has_module(Module.CASEWORK):
        raise NotFound
    selection = selection_of(request)
    if selection["ids"] is not None and not selection["ids"]:
        raise Refusal("E-SELECTION", _("Sélectionnez au moins un client."), field="selection")
    offered = mass.launchable(member.organization_id)
    chosen = next((one for one in offered if one.code == request.POST.get("processus")), None)
    most = min(as_id(request.POST.get("maximum", "")) or mass.USUAL_MOST, mass.MOST)
    if chosen is not None and "lancer" in request.POST:
        job = mass.launch_mass(chosen, by=member, selection=selection, most=most)
        return see(request, reverse("processes:mass_launch", args=[member.organization.slug, job.pk]))
    context = {
        "offered": offered,
        "chosen": chosen,
        "most": most,
        "most_ever": mass.MOST,
        "preview": mass.preview_mass(chosen, by=member, selection=selection, most=most) if chosen else None,
        "carried": carried(request, OWN),
    }
    return render(request, "workspace/client_management_launch.html", context)
