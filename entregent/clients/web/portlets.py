"""What clients put on dashboards."""

from django.db.models import Count, F, Sum
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import requires
from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.clients.duplicate_models import DuplicatePair
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, CreditHold
from entregent.clients.web.panes import UNPAID, people_of, state_of
from entregent.organizations.extension_points import Board, Portlet
from entregent.organizations.models import Membership, Sector
from entregent.toolbox.dates import today_in
from entregent.ui.pages import render

HELD = 8
FIRST = 8
MOST_HELD = 200
MOST_SECTORS = 12
STATUS_TONES = {"prospect": "info", "client": "ok", "inactive": "neutral"}


def portlets() -> list[Portlet]:
    firm, client = frozenset({Board.STAFF, Board.FIRM}), frozenset({Board.CLIENT})
    view = Right.CLIENT_VIEW
    folder = "clients/portlets"
    return [
        Portlet(
            "credit-holds", gettext_lazy("Clients en blocage de crédit"), "alert-triangle", view, firm,
            f"{folder}/held.html", _held, is_at_once=True,
        ),
        Portlet(
            "clients-by-status", gettext_lazy("Clients par statut"), "users", view, firm, f"{folder}/counts.html",
            _by_status, measure=count_by_status,
        ),
        Portlet(
            "clients-by-sector", gettext_lazy("Clients par secteur"), "map-pin", view, firm, f"{folder}/counts.html",
            _by_sector, measure=count_by_sector,
        ),
        Portlet(
            "duplicates", gettext_lazy("Doublons possibles"), "git-merge", Right.CLIENT_EDIT, firm,
            f"{folder}/duplicates.html", _duplicates,
        ),
        Portlet(
            "client-contracts", gettext_lazy("Contrats"), "file-text", view, client, f"{folder}/contracts.html",
            _contracts, width=4,
        ),
        Portlet(
            "client-invoices", gettext_lazy("Factures impayées"), "file-invoice", view, client,
            f"{folder}/invoices.html", _invoices, width=4,
        ),
        Portlet(
            "client-people", gettext_lazy("Personnes-ressources"), "users", view, client, f"{folder}/people.html",
            _people, width=4,
        ),
    ]  # fmt: skip


def count_by_status(member: Membership) -> list[list]:
    rows = Client.objects.visible_to(member).listed().order_by().values_list("status").annotate(number=Count("id"))
    numbers = dict(rows)
    return [[status, numbers[status]] for status in Client.Status.values if status in numbers]


def count_by_sector(member: Membership) -> list[list]:
    """The sectors with the most clients, those without a sector last."""
    rows = Client.objects.visible_to(member).listed().order_by().values_list("sector_id").annotate(number=Count("id"))
    found = sorted(rows, key=lambda row: (row[0] is None, -row[1]))
    return [[sector, number] for sector, number in found[:MOST_SECTORS]]


def held_clients(member: Membership, *, size: int) -> list[dict]:
    """Clients on credit hold, the newest hold first."""
    reasons = dict(CreditHold.Reason.choices)
    return [
        {"number": number, "name": name, "reason": reasons.get(reason, reason), "since": since}
        for number, name, reason, since in _newest_holds(member, size=size)
    ]


@recalled
def _newest_holds(member, *, size: int):
    return (
        Client.objects.visible_to(member)
        .listed()
        .filter(credit_holds__lifted_at__isnull=True, credit_holds__isnull=False)
        .order_by("-credit_holds__since", "id")
        .values_list("number", "display_name", "credit_holds__reason", "credit_holds__since")[:size]
    )


@requires(Right.CLIENT_VIEW)
def clients_on_hold(request):
    """All clients on credit hold: where the title of the portlet leads."""
    return render(request, "clients/held.html", {"held": held_clients(request.member, size=MOST_HELD)})


def _held(request, **_others) -> dict:
    held = held_clients(request.member, size=HELD + 1)
    return {"held": held[:HELD], "is_more": len(held) > HELD}


def _duplicates(request, **_others) -> dict:
    """The most alike first; their number as far as it is soon told."""
    pairs = DuplicatePair.objects.visible_to(request.member, Right.CLIENT_EDIT).order_by("-score", "-id")
    rows = list(
        pairs.values(
            "score", "first__number", "first__display_name", "second__number", "second__display_name"
        )[: FIRST + 1]
    )  # fmt: skip
    return {"pairs": rows[:FIRST], "is_more": len(rows) > FIRST}


def _by_status(request, *, measured, **_others) -> dict:
    labels = dict(Client.Status.choices)
    rows = [
        {
            "label": labels[status],
            "number": number,
            "tone": STATUS_TONES.get(status),
            "url": _list_url(request, statut=status),
        }
        for status, number in measured
        if status in labels
    ]
    return _counts(rows)


def _by_sector(request, *, measured, **_others) -> dict:
    sectors = {
        key: (code, name)
        for key, code, name in Sector.objects.filter(
            organization_id=request.member.organization_id, pk__in=[sector for sector, _number in measured if sector]
        ).values_list("id", "code", "name")
    }
    rows = []
    for sector, number in measured:
        if sector is None:
            rows.append({"label": _("Sans secteur"), "number": number})
        elif sector in sectors:
            code, name = sectors[sector]
            rows.append({"label": name, "number": number, "url": _list_url(request, secteur=code)})
    return _counts(rows)


def _counts(rows: list[dict]) -> dict:
    numbers = [row["number"] for row in rows]
    return {"rows": rows, "most": max([*numbers, 1]), "total": sum(numbers)}


def _contracts(request, *, client, **_others) -> dict:
    objects = _objects(request, client).filter(type__code=BusinessObjectType.CONTRACT)
    contracts = list(objects.order_by(F("dated_on").desc(nulls_last=True), "-id")[: FIRST + 1])
    return {"client": client, "contracts": [(one, state_of(one)) for one in contracts[:FIRST]],
            "is_more": len(contracts) > FIRST}  # fmt: skip


def _invoices(request, *, client, **_others) -> dict:
    """What is not paid, the longest due first, with the sum of each currency."""
    unpaid = _objects(request, client).filter(state__in=UNPAID, type__code="invoice")
    sums = list(unpaid.order_by("currency").values_list("currency").annotate(Sum("amount"), Count("id")))
    today = today_in(request.member.organization.time_zone)
    rows = list(unpaid.order_by(F("due_on").asc(nulls_last=True), "id")[:FIRST]) if sums else []
    return {
        "client": client,
        "rows": [(one, one.due_on is not None and one.due_on < today) for one in rows],
        "sums": [(amount, currency) for currency, amount, _number in sums if amount is not None],
        "total": sum(number for _currency, _amount, number in sums),
    }


def _objects(request, client):
    return BusinessObject.objects.visible_to(request.member).filter(client=client).select_related("type")


def _people(request, *, client, **_others) -> dict:
    return {"client": client, "people": people_of(client)}


def _list_url(request, **criteria: str) -> str:
    return f"{reverse('clients:list', args=[request.member.organization.slug])}?{urlencode(criteria)}"
