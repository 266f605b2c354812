from django.http import HttpResponse

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.history import history_of
from entregent.clients.web.panes import open_file, reaches
from entregent.ui.pages import render


@requires(Right.HISTORY_VIEW)
def client_history(request, number) -> HttpResponse:
    """Who changed what on the file, and when; older events follow by `?avant=`."""
    client = open_file(request, number, Right.HISTORY_VIEW)
    before = request.GET.get("avant", "")
    cursor = int(before) if before.isdecimal() and len(before) < 19 else None
    events, further = history_of(request.member, client, before=cursor)
    merges = []
    if cursor is None and reaches(request.member, Right.CLIENT_MERGE, client):
        merges = list(client.merges.filter(undone_at=None).select_related("loser"))
    context = {"client": client, "events": events, "further": further, "merges": merges}
    return render(request, "clients/history.html", context, fragment="events" if cursor else "content")
