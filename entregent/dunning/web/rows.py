"""« Relances en cours »: an invoice a line, with its level, its amount and its age."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import get_language

from entregent.dunning.models import DunningRun
from entregent.organizations.models import Membership
from entregent.processes.models import ProcessJob, ProcessStep
from entregent.toolbox.dates import today_in


@dataclass
class RunRow:
    """One invoice that is dunned. `level`: how many letters or mails have gone. `next_on`: when the plan goes on."""

    pk: int
    invoice: str
    amount: Decimal
    currency: str
    due_on: date | None
    days: int
    level: int
    case: int
    client: str
    client_number: str
    plan: str
    step: str
    next_on: date | None
    is_failed: bool


_SENT = Q(data__made__contains=[{"action": "generate_document"}]) | Q(data__made__contains=[{"action": "send_mail"}])


def rows_of(runs: QuerySet[DunningRun], member: Membership) -> list[RunRow]:
    """The rows of the runs given, which are sliced already, in one statement."""
    steps = ProcessStep.objects.visible_to(member).filter(run=OuterRef("run_id")).order_by()
    sent = steps.filter(_SENT, state=ProcessStep.State.DONE).values("run").annotate(number=Count("pk"))
    now = steps.filter(state__in=ProcessStep.ACTIVE).order_by("position", "pk")
    jobs = ProcessJob.objects.filter(run=OuterRef("run_id"), state=ProcessJob.State.WAITING).order_by("run_at")
    zone, today = ZoneInfo(member.organization.time_zone), today_in(member.organization.time_zone)
    found = runs.annotate(
        level=Coalesce(Subquery(sent.values("number"), output_field=IntegerField()), 0),
        step_fr=Subquery(now.values("name_fr")[:1]),
        step_en=Subquery(now.values("name_en")[:1]),
        step_state=Subquery(now.values("state")[:1]),
        step_due=Subquery(now.values("due_at")[:1]),
        next_at=Subquery(jobs.values("run_at")[:1]),
    ).values(
        "pk", "level", "step_fr", "step_en", "step_state", "step_due", "next_at", "currency", "invoice__key",
        "invoice__due_on", "plan__name_fr", "plan__name_en", "case__number", "case__client__display_name",
        "case__client__number", owed=Coalesce(F("invoice__amount"), F("amount")),
    )  # fmt: skip
    return [_row(row, zone, today) for row in found]


def _row(row: Mapping[str, Any], zone: ZoneInfo, today: date) -> RunRow:
    in_english = get_language() == "en"
    following = row["next_at"] or row["step_due"]
    return RunRow(
        pk=row["pk"],
        invoice=row["invoice__key"],
        amount=row["owed"],
        currency=row["currency"],
        due_on=row["invoice__due_on"],
        days=(today - row["invoice__due_on"]).days if row["invoice__due_on"] else 0,
        level=row["level"],
        case=row["case__number"],
        client=row["case__client__display_name"],
        client_number=row["case__client__number"],
        plan=(row["plan__name_en"] or row["plan__name_fr"]) if in_english else row["plan__name_fr"],
        step=((row["step_en"] or row["step_fr"]) if in_english else row["step_fr"]) or "",
        next_on=following.astimezone(zone).date() if following is not None else None,
        is_failed=row["step_state"] == ProcessStep.State.FAILED,
    )
