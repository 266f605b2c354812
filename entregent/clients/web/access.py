from django.http import HttpResponse

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.web.panes import open_file
from entregent.organizations.explanations import why_everybody
from entregent.organizations.models import Membership
from entregent.ui.pages import render


@requires(Right.ACCESS_EXPLAIN)
def client_access(request, number) -> HttpResponse:
    """« Pourquoi voit-elle cette fiche ? »: for every member the verdict, and the accesses that give it."""
    client = open_file(request, number, Right.ACCESS_EXPLAIN)
    members = (
        Membership.objects.filter(organization_id=request.member.organization_id)
        .select_related("user", "organization")
        .order_by("user__name", "id")
    )
    verdicts = why_everybody(members, client_id=client.pk, sector_reach=client.sector_reach)
    asked = request.GET.get("membre", "")
    shown = [pair for pair in verdicts if not asked or str(pair[0].pk) == asked]
    context = {
        "client": client,
        "verdicts": sorted(shown, key=lambda pair: not pair[1].visible),
        "members": [member for member, _verdict in verdicts],
        "asked": asked,
        "seen_by": sum(verdict.visible for _member, verdict in verdicts),
    }
    return render(request, "clients/access.html", context, fragment="content")
