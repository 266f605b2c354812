"""The list of clients: a hundred dense rows, a fixed number of queries, keyset paging, a count that stops at 10,000."""

import base64
import json
import time
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from entregent.access.guard import requires
from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.clients.models import Client
from entregent.clients.search import marks_in_reach
from entregent.organizations.models import Sector
from entregent.search.models import Kind
from entregent.search.queries import MOST, ask, corrections, find, find_corrected
from entregent.toolbox.errors import Refusal
from entregent.ui.jinja import day_short
from entregent.ui.pages import render

PAGE = 100
COUNTED = 10_000


@dataclass(frozen=True)
class Sort:
    """An order that an index serves: the column, its direction, how a cursor writes it."""

    column: str
    is_descending: bool = False

    @property
    def ordering(self):
        sign = "-" if self.is_descending else ""
        return [f"{sign}{self.column}", f"{sign}id"]

    def after(self, value, pk: int) -> Q:
        way = "lt" if self.is_descending else "gt"
        # The first part alone would do for the index, the second settles equals.
        return Q(**{f"{self.column}__{way}e": value}) & (
            Q(**{f"{self.column}__{way}": value}) | Q(**{self.column: value, f"id__{way}": pk})
        )


SORTS = {
    "nom": Sort("sort_key"),
    "-nom": Sort("sort_key", True),
    "numero": Sort("number"),
    "-numero": Sort("number", True),
    "-cree": Sort("created_at", True),
}
FIELDS = (
    "id",
    "number",
    "display_name",
    "kind",
    "category",
    "status",
    "city",
    "phone",
    "email",
    "sector__name",
    "responsible__name",
    "is_held",
    "created_at",
    "sort_key",
)
ID, CREATED = FIELDS.index("id"), FIELDS.index("created_at")


@requires(Right.CLIENT_VIEW)
def client_list(request) -> HttpResponse:
    """Clients in reach, sorted by name, number or age, narrowed by text, status, category and sector."""
    member = request.member
    query = request.GET.get("q", "").strip()[:200]
    sort_name = request.GET.get("tri", "nom")
    sort = SORTS.get(sort_name)
    if sort is None:
        sort_name, sort = "nom", SORTS["nom"]
    filters = {name: request.GET.get(name, "")[:60] for name in ("statut", "categorie", "secteur")}
    sectors = _sectors(None, member.organization_id)
    clients = _narrowed(Client.objects.visible_to(member), filters)
    found, message = _found(member, query)
    cursor = _read_cursor(request.GET.get("apres", ""), sort)
    is_plain = found is None and cursor is None and not any(filters.values())
    rows, further = _page(_first_rows(member, sort=sort), sort) if is_plain else _rows(clients, found, sort, cursor)
    is_exact = request.GET.get("compte") == "exact"
    if cursor:
        total, is_more = None, False
    elif is_plain and not is_exact and _were_many(member):
        total, is_more = COUNTED, True
    else:
        total, is_more = _count(clients, found, is_exact)
        if is_plain and is_more:
            _many[_reached_by(member)] = time.monotonic() + MANY_SECONDS
    kept = {"q": query, **filters, "tri": sort_name if sort_name != "nom" else ""}
    address = reverse("clients:list", args=[member.organization.slug])
    context = {
        "rows": rows,
        "message": message,
        "query": query,
        "sort": sort_name,
        "filters": filters,
        "sectors": sectors,
        "statuses": Client.Status.choices,
        "kinds": dict(Client.Kind.choices),
        # Many rows share a day.
        "days": {day: day_short(day) for day in {row[CREATED].date() for row in rows}},
        "total": total,
        "is_more": is_more,
        "is_filtered": bool(query or any(filters.values())),
        "list_url": address,
        "sort_url": _with(address, kept | {"tri": ""}),
        "next_url": _with(address, kept | {"apres": further}) if further else "",
        "exact_url": _with(address, kept | {"compte": "exact"}),
        "corrected": found.corrected_to if found else "",
    }
    return render(request, "clients/client_list.html", context, fragment="rows" if cursor else "content")


def _narrowed(clients, filters: dict):
    if filters["statut"] in Client.Status.values:
        clients = clients.filter(status=filters["statut"])
    else:
        clients = clients.listed()
    if filters["categorie"]:
        clients = clients.filter(category__iexact=filters["categorie"])
    if filters["secteur"]:
        clients = clients.filter(sector__code=filters["secteur"])
    return clients


def _found(member, query: str):
    """What the search finds within reach; None without a text; a sentence where the text is too short."""
    if not query:
        return None, ""
    try:
        question = ask(query)
    except Refusal as refusal:
        return None, str(refusal.message)
    marks = marks_in_reach(member)
    found = find(Kind.CLIENT, member.organization_id, question, marks=marks, limit=MOST)
    if not found.ids:
        corrected = corrections(member.organization_id, question)
        found = find_corrected(Kind.CLIENT, member.organization_id, corrected, marks=marks, limit=MOST)
    return found, ""


def _rows(clients, found, sort: Sort, cursor):
    """The rows of a page as tuples of FIELDS, and the cursor of the next one ("" at the end)."""
    if found is not None:
        ranks = {pk: rank for rank, pk in enumerate(found.ids)}
        rows = list(clients.filter(pk__in=found.ids).with_list_columns().values_list(*FIELDS))
        return sorted(rows, key=lambda row: ranks[row[ID]]), ""
    if cursor is not None:
        clients = clients.filter(sort.after(*cursor))
    return _page(list(_in_order(clients, sort)), sort)


def _in_order(clients, sort: Sort):
    return clients.order_by(*sort.ordering).with_list_columns().values_list(*FIELDS)[: PAGE + 1]


@recalled
def _first_rows(member, *, sort: Sort):
    """The list as one comes to it."""
    return _in_order(Client.objects.visible_to(member).listed(), sort)


@recalled
def _sectors(member, organization_id: int):
    return Sector.objects.filter(organization_id=organization_id).order_by("name", "id").values_list("code", "name")


def _page(rows: list, sort: Sort) -> tuple[list, str]:
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    return rows[:PAGE], _write_cursor(last[FIELDS.index(sort.column)], last[ID])


def _count(clients, found, is_exact: bool) -> tuple[int, bool]:
    """How many there are; beyond 10,000 « plus de », unless the exact number is asked for."""
    if found is not None:
        clients = clients.filter(pk__in=found.ids)
        return clients.count(), found.more
    if is_exact:
        return clients.count(), False
    counted = clients.order_by().values("id")[: COUNTED + 1].count()
    return min(counted, COUNTED), counted > COUNTED


# More than 10,000 clients stay more than 10,000 for a minute: « plus de 10 000 » is not counted anew at every visit.
MANY_SECONDS = 60
_many: dict[tuple, float] = {}


def _reached_by(member) -> tuple:
    return (member.organization_id, member.reach)


def _were_many(member) -> bool:
    until = _many.get(_reached_by(member))
    if until is not None and until < time.monotonic():
        _many.clear()
        until = None
    return until is not None


def _with(address: str, parameters: dict) -> str:
    kept = {name: value for name, value in parameters.items() if value}
    return f"{address}?{urlencode(kept)}" if kept else address


def _write_cursor(value, pk: int) -> str:
    text = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([text, pk]).encode()).decode().rstrip("=")


def _read_cursor(text: str, sort: Sort):
    """A cursor that nobody wrote is the beginning of the list."""
    if not text:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if sort.column == "created_at":
            value = datetime.fromisoformat(value)
        elif not isinstance(value, str) or "\x00" in value:
            return None
        return value, int(pk)
    except (ValueError, TypeError):
        return None
