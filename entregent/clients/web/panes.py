"""The panes of the client file. `file_context` reads them all at once, in five queries whatever the client holds; each
pane also has a URL of its own, by which htmx draws it anew. The page itself stands in `workspace`."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.clients.file import addresses_at, credit_holds_of, object_types, people_at
from entregent.clients.merging import by_number
from entregent.clients.models import Address, BusinessObject, BusinessObjectType, Client, ClientPerson
from entregent.clients.validation import IDENTIFIERS
from entregent.listing.custom_fields import told
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import is_htmx, render

FIRST_OBJECTS = 12
MOST_OBJECTS = 500
UNPAID = ("unpaid", "overdue")
TEMPLATES = {
    "identite": "clients/panes/identity.html",
    "adresses": "clients/panes/addresses.html",
    "personnes": "clients/panes/people.html",
    "objets": "clients/panes/objects.html",
}


@dataclass(frozen=True)
class State:
    label: str
    tone: str


@dataclass
class ObjectRow:
    """One business object as its table shows it."""

    id: int
    key: str
    label: str
    state: State | None
    dated_on: date | None
    due_on: date | None
    amount: Decimal | None
    currency: str
    attributes: dict
    is_late: bool = False


@dataclass
class ObjectTab:
    """The business objects of one type: the first ones, and how many there are."""

    code: str
    label: str
    plural: str
    total: int = 0
    unpaid: Decimal | None = None
    rows: list[ObjectRow] = field(default_factory=list)
    columns: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def has_due(self) -> bool:
        return any(row.due_on for row in self.rows)

    @property
    def has_amount(self) -> bool:
        return any(row.amount is not None for row in self.rows)


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    height: float
    is_last: bool


@dataclass(frozen=True)
class Sparkline:
    """What the readings of a contract add up to, oldest first, as bars; `change` against the mean of the others."""

    bars: list[Bar]
    change: int | None
    text: str


def open_file(request, number: str, right: Right = Right.CLIENT_VIEW) -> Client:
    """The client of that number that the member may see, or edit, with what the panes say of it."""
    found = _file_of(request.member, number, right=right)
    if found:
        return found[0]
    if right == Right.CLIENT_DELETE:
        # Whoever deletes the number of a client that is part of another does not mean that other.
        raise NotFound
    return by_number(Client.objects.visible_to(request.member, right).select_related("sector", "responsible"), number)


@recalled
def _file_of(member, number: str, *, right: Right):
    clients = Client.objects.visible_to(member, right).select_related("sector", "responsible")
    return clients.filter(number=number)


def file_context(request, client: Client) -> dict:
    """Everything that the panes and the header of the client file show, in five queries."""
    return (
        identity_context(request, client)
        | {"addresses": addresses_of(client), "people": people_of(client)}
        | objects_context(request, client)
        | {"rights": rights_on(request.member, client)}
    )


def identity_context(request, client: Client) -> dict:
    """The header, the credit indicator and the identity pane: one query."""
    holds = credit_holds_of(None, client.pk)
    return {
        "client": client,
        "hold": holds[0] if holds else None,
        "identifiers": [
            (IDENTIFIERS[code][0] if code in IDENTIFIERS else code.upper(), value)
            for code, value in client.identifiers.items()
        ],
        "custom": told(request.member, "client", client.custom),
        "rights": rights_on(request.member, client),
    }


def addresses_of(client: Client) -> list[Address]:
    """The main one first, then where letters go, then the others."""
    places = Address.Kind.values
    return sorted(addresses_at(None, client.pk), key=lambda address: (places.index(address.kind), address.pk))


def people_of(client: Client) -> list[ClientPerson]:
    return people_at(None, client.pk)


def objects_context(request, client: Client) -> dict:
    """Contracts, and the business objects of the contract chosen by `?contrat=` (of all without): two queries.

    `?type=` names the tab that is open, `?tout=1` shows it beyond its first rows.
    """
    chosen = request.GET.get("contrat", "")
    most = MOST_OBJECTS if request.GET.get("tout") else FIRST_OBJECTS
    types = object_types(None, request.member.organization_id)
    tabs = {kind.pk: ObjectTab(kind.code, kind.label, kind.plural, columns=_columns(kind)) for kind in types}
    states = {kind.pk: _states(kind) for kind in types}
    today = today_in(request.member.organization.time_zone)
    contracts = ObjectTab("contract", "", "")
    values = (client.pk, chosen) if chosen else (client.pk,)
    for row in _objects_of(request.member, *values, most=most):
        tab = tabs[row["type_id"]]
        tab.total, tab.unpaid = row["total"], row["unpaid"]
        state = states[row["type_id"]].get(row["state"]) or (State(row["state"], "neutral") if row["state"] else None)
        is_late = row["state"] in UNPAID and row["due_on"] is not None and row["due_on"] < today
        tab.rows.append(
            ObjectRow(
                id=row["id"],
                key=row["key"],
                label=row["label"],
                state=State(state.label, "bad") if is_late and state else state,
                dated_on=row["dated_on"],
                due_on=row["due_on"],
                amount=row["amount"],
                currency=row["currency"],
                attributes=row["attributes"],
                is_late=is_late,
            )
        )
    contracts = next((tab for tab in tabs.values() if tab.code == BusinessObjectType.CONTRACT), contracts)
    others = [tab for tab in tabs.values() if tab.code != BusinessObjectType.CONTRACT and tab.rows]
    asked = request.GET.get("type", "")
    shown = next((tab for tab in others if tab.code == asked), others[0] if others else None)
    readings = next((tab for tab in others if tab.code == "reading"), None)
    invoices = next((tab for tab in tabs.values() if tab.code == "invoice"), None)
    return {
        "client": client,
        "contracts": contracts,
        "object_tabs": others,
        "object_tab": shown,
        "chosen_contract": chosen if any(row.key == chosen for row in contracts.rows) else "",
        "sparkline": _sparkline(readings.rows if readings else []),
        "unpaid": invoices.unpaid if invoices else None,
        "unpaid_currency": invoices.rows[0].currency if invoices and invoices.rows else "",
    }


def rights_on(member, client: Client) -> dict[str, bool]:
    """What the member may do with this very client, told from the reach, without a query."""
    return {
        "edit": reaches(member, Right.CLIENT_EDIT, client),
        "delete": reaches(member, Right.CLIENT_DELETE, client),
        "credit": reaches(member, Right.CREDIT_HOLD, client),
        "history": reaches(member, Right.HISTORY_VIEW, client),
        "explain": reaches(member, Right.ACCESS_EXPLAIN, client),
        "merge": reaches(member, Right.CLIENT_MERGE, client),
    }


def reaches(member, right: Right, client: Client) -> bool:
    known = {"organization", "sector", "client"}
    others = False
    for grant in member.reach.grants_with(right):
        if grant.scope_type == "organization":
            return True
        if grant.scope_type == "sector" and not set(grant.scope_ids).isdisjoint(client.sector_reach):
            return True
        if grant.scope_type == "client" and client.pk in grant.scope_ids:
            return True
        others = others or grant.scope_type not in known
    return others and Client.objects.visible_to(member, right).filter(pk=client.pk).exists()


@requires(Right.CLIENT_VIEW)
def pane(request, number, pane) -> HttpResponse:
    """One pane by itself. Without htmx the answer is the file that holds it."""
    if pane not in TEMPLATES:
        raise NotFound
    client = open_file(request, number)
    if not is_htmx(request):
        kept = {name: request.GET[name] for name in ("contrat", "type", "tout") if name in request.GET}
        address = reverse("workspace:client", args=[request.member.organization.slug, client.number])
        return HttpResponseRedirect(f"{address}?{urlencode(kept)}" if kept else address)
    context = {"client": client, "rights": rights_on(request.member, client)}
    if pane == "identite":
        context |= identity_context(request, client)
    elif pane == "adresses":
        context["addresses"] = addresses_of(client)
    elif pane == "personnes":
        context["people"] = people_of(client)
    else:
        context |= objects_context(request, client)
    return render(request, TEMPLATES[pane], context)


@recalled
def _objects_of(member, client_id: int, contract_key: str = "", *, most: int):
    """The newest objects of each type with their number and what is unpaid; contracts are never narrowed."""
    objects = BusinessObject.objects.visible_to(member).filter(client=client_id)
    if contract_key:
        chosen = objects.filter(type__code=BusinessObjectType.CONTRACT, key=contract_key)
        objects = objects.filter(Q(type__code=BusinessObjectType.CONTRACT) | Q(contract__in=chosen.values("pk")))
    return (
        objects.annotate(
            rank=Window(RowNumber(), partition_by=F("type_id"), order_by=[F("dated_on").desc(nulls_last=True), "-id"]),
            total=Window(Count("id"), partition_by=F("type_id")),
            unpaid=Window(Sum("amount", filter=Q(state__in=UNPAID)), partition_by=F("type_id")),
        )
        .filter(rank__lte=most)
        .order_by("type__position", "type_id", "rank")
        .values(
            "id", "type_id", "key", "label", "state", "dated_on", "due_on", "amount", "currency", "attributes", "total",
            "unpaid",
        )
    )  # fmt: skip


def _states(kind: BusinessObjectType) -> dict[str, State]:
    language = "en" if get_language() == "en" else "fr"
    return {state["code"]: State(state[language], state.get("tone", "neutral")) for state in kind.states}


def state_of(business_object: BusinessObject) -> State | None:
    """The state of one object in words; its type must be at hand."""
    if not business_object.state:
        return None
    return _states(business_object.type).get(business_object.state) or State(business_object.state, "neutral")


def _columns(kind: BusinessObjectType) -> list[tuple[str, str, str]]:
    language = "en" if get_language() == "en" else "fr"
    return [(attribute["code"], attribute[language], attribute.get("type", "text")) for attribute in kind.attributes]


def _sparkline(rows: list[ObjectRow]) -> Sparkline | None:
    volumes = [
        float(row.attributes["volume"])
        for row in reversed(rows[:FIRST_OBJECTS])
        if isinstance(row.attributes.get("volume"), int | float) and row.attributes["volume"] >= 0
    ]
    if len(volumes) < 3 or not max(volumes):
        return None
    step = 317 / len(volumes)
    highest = max(volumes)
    bars = [
        Bar(round(place * step, 1), round(44 - 40 * volume / highest, 1), round(40 * volume / highest, 1), False)
        for place, volume in enumerate(volumes)
    ]
    bars[-1] = Bar(bars[-1].x, bars[-1].y, bars[-1].height, True)
    mean = sum(volumes[:-1]) / len(volumes[:-1])
    change = round(100 * (volumes[-1] - mean) / mean) if mean else None
    text = _("Volumes relevés, du plus ancien au plus récent : %(volumes)s") % {
        "volumes": ", ".join(f"{volume:g}" for volume in volumes)
    }
    return Sparkline(bars, change, text)
