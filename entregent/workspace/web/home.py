"""The home page: the member's own dashboard, under a line that says what is late and what is due."""

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.dashboards.web.views import board_page
from entregent.interactions.web.portlets import own_agenda
from entregent.organizations.extension_points import Board


@requires(Right.CLIENT_VIEW)
def home(request):
    """What is cheap stands in the first answer; the other portlets are fetched each by itself."""
    context = {
        "first_name": request.member.user.name.split(" ")[0],
        "agenda": own_agenda(request) if request.member.can(Right.INTERACTION_VIEW) else None,
    }
    return board_page(request, Board.STAFF, "workspace/home.html", context=context)
