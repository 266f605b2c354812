"""The plans of dunning: configuration."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.dunning.actions.launching import KNOWN_FACTS, case_type_of
from entregent.dunning.models import DunningPlan
from entregent.listing.conditions import check
from entregent.listing.lists import lists
from entregent.organizations.models import Membership
from entregent.processes.actions import body_of
from entregent.processes.bans import ban_on
from entregent.processes.definitions import CUT_SUPPLY
from entregent.processes.fields import fields_of
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required, too_long
from entregent.toolbox.text import one_line

MOST_TAGS = 10
# A day without a truce: what is forbidden then is forbidden for ever.
_SUMMER = date(2026, 7, 1)
_WHOLE = {"grace_days": (1, 365), "daily_cap": (1, 100_000)}


@transaction.atomic
def create_plan(*, by: Membership, **values: Any) -> DunningPlan:
    """Adds a plan of dunning. Refuses what `update_plan` refuses."""
    record("create_dunning_plan", by=by, plan=str(values.get("name_fr") or "")[:80])
    plan = DunningPlan(organization=by.organization)
    _fill(plan, {"name_fr": "", "definition": None, **values}, by)
    plan.save()
    return plan


@transaction.atomic
def update_plan(plan: DunningPlan, *, by: Membership, version: int | None, **values: Any) -> DunningPlan:
    """Changes a plan; what runs already goes on as it began.

    Refuses: no name, no process or one that is not in service or is not for dossiers, a process that cuts water
    (E-001-WATER-CUT) or asks at its launch for what dunning does not know, amounts and numbers out of range.
    """
    record("update_dunning_plan", by=by, subject=plan, plan=plan.name_fr)
    current = (
        DunningPlan.objects.select_for_update(of=("self",)).select_related("definition__live")
        .filter(pk=plan.pk, organization_id=by.organization_id).first()
    )  # fmt: skip
    if current is None:
        raise NotFound
    if version is not None and current.version != version:
        raise Stale(who=_("quelqu’un d’autre"), when="", current=current)
    _fill(current, values, by)
    current.version += 1
    current.save()
    return current


def _fill(plan: DunningPlan, values: Mapping[str, Any], by: Membership) -> None:
    refusals: list[Refusal] = []
    for name, label in (("name_fr", _("Nom français")), ("name_en", _("Nom anglais"))):
        if name in values:
            text = one_line(str(values[name] or ""))
            setattr(plan, name, text)
            if name == "name_fr" and not text:
                refusals.append(required(name, label))
            elif len(text) > 80:
                refusals.append(too_long(name, label, 80))
    if "service" in values:
        plan.service = str(values["service"] or "")
        if plan.service not in DunningPlan.Service.values:
            refusals.append(Refusal("E-CHOICE", _("Choisissez une des réponses proposées."), field="service"))
    for name, (least, most) in _WHOLE.items():
        if name in values:
            number = values[name]
            if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
                sentence = _("Un nombre entier de %(least)s à %(most)s.") % {"least": least, "most": most}
                refusals.append(Refusal("E-NUMBER", sentence, field=name))
            else:
                setattr(plan, name, number)
    if "minimum" in values:
        refusals += _minimum(plan, values["minimum"])
    if "aid_tags" in values:
        tags = [one_line(str(tag)) for tag in values["aid_tags"] or ()]
        plan.aid_tags = list(dict.fromkeys(tag for tag in tags if tag))
        if len(plan.aid_tags) > MOST_TAGS or any(len(tag) > 40 for tag in plan.aid_tags):
            sentence = _("Dix étiquettes au plus, de 40 caractères chacune.")
            refusals.append(Refusal("E-LENGTH", sentence, field="aid_tags"))
    for name in ("is_daily", "is_active"):
        if name in values:
            setattr(plan, name, bool(values[name]))
    if "condition" in values:
        try:
            plan.condition = check(values["condition"], lists(by)["clients"], by).data
        except Refusals as found:
            refusals += [Refusal(one.code, one.message, field="condition") for one in found.refusals]
    if "definition" in values or "service" in values:
        refusals += _definition(plan, values.get("definition", plan.definition_id and plan.definition), by)
    if refusals:
        raise Refusals(refusals)


def _minimum(plan: DunningPlan, given: Any) -> list[Refusal]:
    try:
        amount = Decimal(str(given if given not in (None, "") else 0))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or not 0 <= amount < 10**9:
        return [Refusal("E-NUMBER", _("Un montant de zéro ou plus."), field="minimum")]
    plan.minimum = amount.quantize(Decimal("0.01"))
    return []


def _definition(plan: DunningPlan, given: Any, by: Membership) -> list[Refusal]:
    found = None
    if isinstance(given, ProcessDefinition):
        found = (
            ProcessDefinition.objects.select_related("live").defer("live__body")
            .filter(pk=given.pk, organization_id=by.organization_id).first()
        )  # fmt: skip
    if found is None:
        return [required("definition", _("Plan d'action"))]
    if not found.is_active or found.live is None or "case" not in found.subjects:
        sentence = _("Ce plan d'action n'est pas en service pour des dossiers.")
        return [Refusal("E-001-DUNNING", sentence, field="definition")]
    plan.definition = found
    body = body_of(found.live)
    refusals = []
    ban = ban_on(CUT_SUPPLY, plan.service, _SUMMER) if any(step.get("act") for step in body["steps"]) else None
    if ban is not None:
        refusals.append(Refusal(ban.code, ban.sentence, field="definition"))
    unknown = [one.title for one in fields_of(body["facts"]) if one.is_required and one.key not in KNOWN_FACTS]
    if unknown:
        sentence = _("Ce plan d'action demande à son lancement ce que les relances ne savent pas : %(fields)s.")
        refusals.append(Refusal("E-001-DUNNING", sentence % {"fields": ", ".join(unknown)}, field="definition"))
    if not refusals:
        try:
            case_type_of(plan)
        except Refusal as refused:
            refusals.append(Refusal(refused.code, refused.message, field="definition"))
    return refusals
