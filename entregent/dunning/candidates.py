"""Which invoices a plan would dun, and why it leaves others out. One statement, whatever their number."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.cases.models import CaseObject
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, CreditHold
from entregent.clients.selectors import UNPAID_STATES
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.interactions.templating import the_product
from entregent.listing.conditions import as_q, mend
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.toolbox.dates import start_of_day, today_in

DISPUTED = "disputed"
# « dunning:88 »: what the dossier and the plan of an invoice were opened for.
KEY = "dunning:"
# A dossier of this classification, or of one below it, that is about an invoice contests it.
COMPLAINT = "reclamation/facture"
# How systems and people name a service in an invoice or in its contract.
SERVICE_WORDS = {
    "water": ("water", "eau"),
    "electricity": ("electricity", "électricité", "electricite"),
    "gas": ("gas", "gaz"),
}
# In this order: the first reason that applies is told.
REASONS: dict[str, Any] = {
    "running": _("Déjà relancée"),
    "over": _("Relance déjà terminée, ou close à la main"),
    "disputed": _("Facture contestée"),
    "hold": _("Client à ne pas relancer (difficultés, échéancier…)"),
    "credit": _("Client en litige ou en procédure collective"),
    "client": _("Client retiré"),
    "minimum": _("Montant inférieur au minimum"),
    "service": _("Service inconnu : aucune relance sans savoir ce que la loi interdit"),
    "category": _("Client en dehors des critères du plan"),
}


@dataclass(frozen=True)
class Group:
    """So many invoices of one currency for one reason; "" are those that would be dunned."""

    why: str
    number: int
    amount: Decimal
    currency: str

    @property
    def label(self) -> str:
        return str(REASONS.get(self.why, ""))


def today_of(plan: DunningPlan) -> date:
    return today_in(plan.organization.time_zone)


def overdue(plan: DunningPlan, by: Membership | None, day: date | None = None) -> QuerySet[Any]:
    """The unpaid invoices whose time has come, of the plan's service, that `by` reaches (None: all); each with `why`
    it is left out, "" when it is not."""
    day = day or today_of(plan)
    # Its own: what other providers submitted is theirs to collect.
    invoices = BusinessObject.objects.own().filter(
        organization_id=plan.organization_id, deleted_at__isnull=True, client__deleted_at__isnull=True
    )
    if by is not None:
        invoices = invoices.visible_to(by, Right.DUNNING)
    told = Lower(
        Coalesce(
            KeyTextTransform("service", "attributes"),
            KeyTextTransform("service", "contract__attributes"),
            Value("", output_field=TextField()),
        )
    )
    own = SERVICE_WORDS.get(plan.service, ())
    named = [word for words in SERVICE_WORDS.values() for word in words]
    return (
        invoices.filter(
            type__in=_invoice_type(plan.organization_id),
            state__in=(*UNPAID_STATES, DISPUTED),
            due_on__lte=day - timedelta(plan.grace_days),
        )
        .annotate(told_service=told)
        .filter(Q(told_service__in=own) | ~Q(told_service__in=named))
        .annotate(why=_why(plan, by, day))
    )


def _invoice_type(organization_id: int) -> list[int]:
    """By its number, so that the indexes by type and state serve."""
    kinds = BusinessObjectType.objects.filter(organization_id=organization_id, code="invoice")
    return list(kinds.values_list("pk", flat=True))


def _why(plan: DunningPlan, by: Membership | None, day: date) -> Case:
    runs = DunningRun.objects.filter(invoice=OuterRef("pk"))
    complaints = _complaints().filter(object=OuterRef("pk"))
    holds = DunningHold.objects.standing(day).filter(client=OuterRef("client_id"))
    credit = CreditHold.objects.filter(
        client=OuterRef("client_id"), lifted_at__isnull=True,
        reason__in=[CreditHold.Reason.DISPUTE, CreditHold.Reason.BANKRUPTCY],
    )  # fmt: skip
    whens = [
        When(Exists(runs.open()), then=Value("running")),
        When(Exists(runs.filter(why_ended__in=DunningRun.FOR_GOOD)), then=Value("over")),
        When(Q(state=DISPUTED) | Q(attributes__disputed=True) | Q(Exists(complaints)), then=Value("disputed")),
        When(Exists(holds), then=Value("hold")),
        When(Exists(credit), then=Value("credit")),
        When(client__status=Client.Status.REMOVED, then=Value("client")),
        When(Q(amount__isnull=True) | Q(amount__lte=0) | Q(amount__lt=plan.minimum), then=Value("minimum")),
    ]
    if not _is_only_service(plan):
        whens.append(When(~Q(told_service__in=SERVICE_WORDS.get(plan.service, ("",))), then=Value("service")))
    fits = _fits(plan, by)
    if fits is not None:
        whens.append(When(~Q(Exists(fits)), then=Value("category")))
    return Case(*whens, default=Value(""), output_field=CharField())


def key_of(invoice_id: int) -> str:
    return f"{KEY}{invoice_id}"


def _complaints() -> QuerySet[CaseObject]:
    return CaseObject.objects.filter(
        Q(case__case_type__path=COMPLAINT) | Q(case__case_type__path__startswith=f"{COMPLAINT}/"),
        case__closed_at__isnull=True, case__deleted_at__isnull=True,
    )  # fmt: skip


def _is_only_service(plan: DunningPlan) -> bool:
    """Whether an invoice that names no service can be of this plan's alone."""
    others = DunningPlan.objects.filter(organization_id=plan.organization_id, is_active=True)
    return not others.exclude(pk=plan.pk).exclude(service=plan.service).exists()


def _fits(plan: DunningPlan, by: Membership | None) -> QuerySet | None:
    if not plan.condition:
        return None
    reader = by if by is not None else the_product(plan.organization)
    definition = lists(reader)["clients"]
    condition, _notes = mend(plan.condition, definition, reader)
    if condition is None:
        return None
    return Client.objects.filter(as_q(condition, definition, reader), pk=OuterRef("client_id"))


def groups(plan: DunningPlan, by: Membership | None) -> list[Group]:
    """How many invoices would be dunned and for how much, then how many are left out for which reason."""
    found = overdue(plan, by).order_by().values("why", "currency").annotate(number=Count("pk"), total=Sum("amount"))
    order = ["", *REASONS]
    rows = [Group(row["why"], row["number"], row["total"] or Decimal(0), row["currency"]) for row in found]
    return sorted(rows, key=lambda group: (order.index(group.why), group.currency))


def begun_today(plan: DunningPlan) -> int:
    return DunningRun.objects.filter(
        plan=plan, started_at__gte=start_of_day(today_of(plan), plan.organization.time_zone)
    ).count()


def is_settled(day: date) -> Q:
    """Of runs: what they were begun for is no longer to be dunned."""
    holds = DunningHold.objects.standing(day).filter(client=OuterRef("case__client_id"))
    return (
        ~Q(invoice__state__in=UNPAID_STATES)
        | Q(invoice__deleted_at__isnull=False)
        | Q(invoice__attributes__disputed=True)
        | Q(Exists(_complaints().filter(object=OuterRef("invoice_id"))))
        | Q(Exists(holds))
    )


def end_of(run: DunningRun, day: date) -> str:
    """Why a run is to end, "" when it goes on. The invoice is read as it stands."""
    invoice = run.invoice
    if invoice.deleted_at is not None:
        return DunningRun.End.CANCELLED
    if invoice.state not in (*UNPAID_STATES, DISPUTED):
        return DunningRun.End.PAID if invoice.state == "paid" else DunningRun.End.CANCELLED
    is_disputed = invoice.state == DISPUTED or invoice.attributes.get("disputed") is True
    if is_disputed or _complaints().filter(object=invoice.pk).exists():
        return DunningRun.End.DISPUTED
    if DunningHold.of_client(invoice.client_id, day) is not None:
        return DunningRun.End.HOLD
    return ""
