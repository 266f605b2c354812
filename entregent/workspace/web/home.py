"""The home page: what is late, what is due, what happened, who is blocked."""

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client, CreditHold
from entregent.interactions.models import Interaction
from entregent.interactions.timeline import agenda_of, page_of
from entregent.toolbox.dates import today_in
from entregent.ui.pages import render

RECENT = 10
HELD = 8


@requires(Right.CLIENT_VIEW)
def home(request):
    """Everything is cheap enough to stand in the first answer; each portlet can be fetched again by itself."""
    context = {
        "agenda": agenda_of(request.member),
        "is_short": True,
        "recent": _recent(request.member),
        "held": _held(request.member),
        "today": today_in(request.member.organization.time_zone),
        "first_name": request.member.user.name.split(" ")[0],
    }
    return render(request, "workspace/home.html", context)


@requires(Right.INTERACTION_VIEW)
def recent_interactions(request):
    context = {"recent": _recent(request.member), "today": today_in(request.member.organization.time_zone)}
    return render(request, "workspace/recent.html", context, fragment="recent")


@requires(Right.CLIENT_VIEW)
def clients_on_hold(request):
    return render(request, "workspace/held.html", {"held": _held(request.member, size=200)}, fragment="held")


def _recent(member):
    return page_of(Interaction.objects.visible_to(member), member, size=RECENT, with_links=False).events


def _held(member, *, size: int = HELD) -> list[dict]:
    """Clients on credit hold, the newest hold first."""
    reasons = dict(CreditHold.Reason.choices)
    rows = (
        Client.objects.visible_to(member)
        .listed()
        .filter(credit_holds__lifted_at__isnull=True, credit_holds__isnull=False)
        .order_by("-credit_holds__since", "id")
        .values_list("number", "display_name", "credit_holds__reason", "credit_holds__since")[:size]
    )
    return [
        {"number": number, "name": name, "reason": reasons.get(reason, reason), "since": since}
        for number, name, reason, since in rows
    ]
