"""Clients that were deleted, the latest first, to bring one back."""

from datetime import datetime

from django.db.models import Q
from django.http import HttpResponse

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.text import as_id

PAGE = 100


@requires(Right.CLIENT_DELETE)
def deleted_list(request) -> HttpResponse:
    """Within reach as it was before the deletion. What was merged is brought back by undoing the merge."""
    clients = Client.objects.visible_to(request.member, Right.CLIENT_DELETE, deleted=True).filter(merged_into=None)
    after = _read_cursor(request.GET.get("apres", ""))
    if after is not None:
        moment, pk = after
        clients = clients.filter(Q(deleted_at__lt=moment) | Q(deleted_at=moment, id__lt=pk), deleted_at__lte=moment)
    columns = ("id", "number", "display_name", "sector__name", "deleted_at", "deleted_by__name")
    rows = list(clients.order_by("-deleted_at", "-id").values(*columns)[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    context = {
        "rows": rows[:PAGE],
        "next": f"{last['deleted_at'].isoformat()}_{last['id']}" if last else "",
        "is_next": after is not None,
    }
    return render_administration(request, "clients/deleted_list.html", context, fragment="rows" if after else "content")


def _read_cursor(text: str) -> tuple[datetime, int] | None:
    """None for whatever is no cursor: the list then begins at its beginning."""
    moment, _line, key = text.partition("_")
    pk = as_id(key)
    try:
        # A plus sign that nobody escaped came as a space.
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, pk) if pk is not None and at.tzinfo is not None and at.year > 1900 else None
