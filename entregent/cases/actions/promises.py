"""« Délais de réponse »: what is promised, and what a change of it would move."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.cases.actions.clocks import due_of, follow_clocks, rule_for, rules_of
from entregent.cases.models import Case, CaseType
from entregent.cases.sla_models import SlaClock, SlaRule
from entregent.interactions.actions.rules import clean_line, refuse
from entregent.jobs.actions import start_job
from entregent.organizations.calendars import calendar_of
from entregent.organizations.journal import stale
from entregent.toolbox.errors import NotFound, Refusal, too_long
from entregent.toolbox.working_time import parse_offset

KIND = "cases.follow_promises"
# So many open cases are looked at before a change, those that are due soonest; so many are shown.
MOST_LOOKED_AT = 1000
MOST_SHOWN = 50
AT_ONCE = 200
TARGETS = ("first_answer", "next_answer", "solution")


@dataclass(frozen=True)
class Move:
    """One clock of an open case that a change moves. `before` or `after` is empty where no promise runs."""

    case: Case
    kind: str
    before: datetime | None
    after: datetime | None
    is_late: bool


@dataclass
class Preview:
    """What a change moves: the cases looked at, those that move, how many of them become late."""

    looked_at: int = 0
    is_cut: bool = False
    cases: int = 0
    late: int = 0
    moves: list[Move] = field(default_factory=list)


@transaction.atomic
def set_rule(rule: SlaRule | None, *, by, version: int | None = None, **values: Any) -> SlaRule:
    """Adds or changes a promise; the clocks of open cases follow as a job. Refuses a target that cannot be read or
    that lies before the opening, a rule without any, and a second one for the same type and category."""
    record("set_sla_rule", by=by, subject=rule)
    current = rule
    if rule is not None:
        current = SlaRule.objects.select_for_update().filter(pk=rule.pk, organization_id=by.organization_id).first()
        if current is None:
            raise NotFound
        if version is not None and current.version != version:
            raise stale(current, organization=by.organization)
        current.version += 1
    current = current or SlaRule(organization_id=by.organization_id)
    _fill(current, values)
    try:
        with transaction.atomic():
            current.save()
    except IntegrityError:
        sentence = _("Un délai est déjà fixé pour ce type et cette catégorie.")
        raise Refusal("E-SLA-TWICE", sentence, field="case_type", status=409) from None
    start_job(by=by, kind=KIND, label=_("Délais de réponse des dossiers ouverts"))
    return current


def preview_rule(rule: SlaRule | None, *, by, **values: Any) -> Preview:
    """Which open cases a change would move, and whereto; nothing is written."""
    draft = SlaRule(
        pk=rule.pk if rule is not None else None,
        organization_id=by.organization_id,
        is_active=rule.is_active if rule is not None else True,
    )
    _fill(draft, values)
    before = rules_of(by.organization_id)
    after = [one for one in before if one.pk != draft.pk or one.pk is None]
    if draft.is_active:
        after.append(draft)
    return _compare(by, before, after, [one for one in (rule, draft) if one is not None])


def follow_chunk(organization_id: int, *, after: int) -> int:
    """The clocks of some open cases follow what is promised now; the last case looked at, 0 at the end."""
    cases = list(
        Case.objects.filter(organization_id=organization_id, pk__gt=after).open()
        .select_related("organization", "client", "case_type").order_by("pk")[:AT_ONCE]
    )  # fmt: skip
    rules = rules_of(organization_id)
    for case in cases:
        follow_clocks(case, rules=rules)
    return cases[-1].pk if cases else 0


def _fill(rule: SlaRule, values: dict[str, Any]) -> None:
    refusals: list[Refusal] = []
    for name in TARGETS:
        if name in values:
            text = clean_line(values[name])
            setattr(rule, name, text)
            try:
                if text and parse_offset(text).amount <= 0:
                    raise ValueError
            except ValueError:
                refusals.append(Refusal("E-SLA-TARGET", _("Délai illisible."), field=name))
    if "case_type" in values:
        rule.case_type = values["case_type"]
        if rule.case_type is not None and rule.case_type.organization_id != rule.organization_id:
            refusals.append(Refusal("E-001-CASE-TYPE", _("Ce type de dossier n'est plus proposé."), field="case_type"))
    if "category" in values:
        rule.category = clean_line(values["category"])
        if len(rule.category) > 60:
            refusals.append(too_long("category", _("Catégorie de client"), 60))
    if "is_active" in values:
        rule.is_active = bool(values["is_active"])
    if rule.is_active and not any(getattr(rule, name) for name in TARGETS):
        refusals.append(Refusal("E-SLA-EMPTY", _("Fixez au moins un délai."), field="first_answer"))
    refuse(refusals)


def _compare(by, before: list[SlaRule], after: list[SlaRule], touched: list[SlaRule]) -> Preview:
    scope = Q()
    for rule in touched:
        of_rule = Q(client__category__iexact=rule.category) if rule.category else Q()
        if rule.case_type_id is not None and rule.case_type is not None:
            below = CaseType.objects.filter(organization_id=by.organization_id)
            below = below.filter(Q(pk=rule.case_type_id) | Q(path__startswith=f"{rule.case_type.path}/"))
            of_rule &= Q(case_type__in=list(below.values_list("pk", flat=True)))
        scope |= of_rule if of_rule else Q(pk__isnull=False)
    cases = list(
        Case.objects.filter(scope, organization_id=by.organization_id).open()
        .select_related("client", "case_type")
        .prefetch_related(Prefetch("clocks", SlaClock.objects.filter(met_at=None, dropped_at=None)))
        .order_by(F("sla_due_at").asc(nulls_last=True), "pk")[: MOST_LOOKED_AT + 1]
    )  # fmt: skip
    seen = set(
        Case.objects.visible_to(by).filter(pk__in=[one.pk for one in cases]).order_by().values_list("pk", flat=True)
    )
    found = Preview(looked_at=min(len(cases), MOST_LOOKED_AT), is_cut=len(cases) > MOST_LOOKED_AT)
    calendar, now = calendar_of(by.organization), timezone.now()
    for case in cases[:MOST_LOOKED_AT]:
        rules = [rule_for(case.case_type.path, case.client.category, one) for one in (before, after)]
        moves = [one for one in _moves(case, rules, calendar, now) if one.before != one.after]
        if moves:
            found.cases += 1
            found.late += any(one.is_late for one in moves)
            if case.pk in seen and len(found.moves) < MOST_SHOWN:
                found.moves += moves
    return found


def _moves(case: Case, rules: list[SlaRule | None], calendar, now: datetime):
    running = {clock.kind: clock for clock in case.clocks.all()}
    new = rules[1]
    for kind in SlaClock.Kind:
        clock = running.get(kind)
        if clock is None:
            # Only what runs from the opening can begin by a change; whether it is met is seen when it is made.
            if kind != SlaClock.Kind.SOLUTION or new is None or not new.target(kind):
                continue
            clock = SlaClock(kind=kind, started_at=case.opened_at)
            before = None
        else:
            before = clock.due_at
        target = new.target(kind) if new is not None else ""
        after = due_of(clock, calendar, target) if target else None
        yield Move(case, kind, before, after, after is not None and after < now and clock.paused_since is None)
