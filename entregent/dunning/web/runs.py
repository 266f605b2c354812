"""What is being dunned, what would be, and launching it."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.dunning import actions
from entregent.dunning.candidates import REASONS, begun_today, groups, overdue, today_of
from entregent.dunning.models import DunningPlan, DunningRun
from entregent.dunning.web.rows import rows_of
from entregent.organizations.models import Membership, Module
from entregent.processes.actions import body_of
from entregent.processes.bans import ban_on
from entregent.processes.definitions import CUT_SUPPLY
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

MODULE = Module.CASEWORK
PAGE = 100
SHOWN = 50
MOST_COUNTED = 10_000


def at(name: str, member: Membership, **kwargs) -> str:
    return reverse(f"dunning:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def plan_in_reach(member: Membership, pk: int) -> DunningPlan:
    found = (
        DunningPlan.objects.select_related("organization", "definition__live").defer("definition__live__body")
        .filter(pk=pk, organization_id=member.organization_id).first()
    )  # fmt: skip
    if found is None:
        raise NotFound
    return found


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def running(request: MemberRequest) -> HttpResponse:
    """« Relances en cours », the newest first, of one plan or of all."""
    member = request.member
    plans = list(DunningPlan.objects.filter(organization_id=member.organization_id))
    chosen = next((one for one in plans if str(one.pk) == request.GET.get("plan", "")), None)
    runs = DunningRun.objects.visible_to(member, Right.CASE_VIEW).open()
    if chosen is not None:
        runs = runs.filter(plan=chosen)
    total = runs.order_by()[: MOST_COUNTED + 1].count()
    after = as_id(request.GET.get("apres", ""))
    if after is not None:
        runs = runs.filter(pk__lt=after)
    rows = rows_of(runs.order_by("-pk")[: PAGE + 1], member)
    following = ""
    if len(rows) > PAGE:
        following = "?" + urlencode(({"plan": chosen.pk} if chosen else {}) | {"apres": rows[PAGE - 1].pk})
    context = {
        "rows": rows[:PAGE],
        "plans": plans,
        "chosen": chosen,
        "next_url": following,
        "total": total,
        "is_more": total > MOST_COUNTED,
        "may_launch": member.can(Right.DUNNING),
    }
    return render(request, "dunning/running.html", context, fragment="rows")


@require_safe
@requires(Right.DUNNING, module=MODULE)
def preview(request: MemberRequest, pk: int) -> HttpResponse:
    """Which invoices would be dunned now, which are left out and why. Nothing is written."""
    member = request.member
    plan = plan_in_reach(member, pk)
    why = request.GET.get("motif", "")
    if why not in REASONS:
        why = ""
    found = groups(plan, member)
    shown = overdue(plan, member).filter(why=why).order_by("due_on", "pk").select_related("client")
    already = begun_today(plan)
    left = max(plan.daily_cap - already, 0)
    wanted = sum(group.number for group in found if not group.why)
    context = {
        "plan": plan,
        "wanted": [group for group in found if not group.why],
        "left_out": [group for group in found if group.why],
        "number": min(wanted, left),
        "is_capped": wanted > left,
        "already": already,
        "why": why,
        "why_label": REASONS.get(why, ""),
        "invoices": [
            {
                "key": one.key, "client": one.client.display_name, "number": one.client.number, "amount": one.amount,
                "currency": one.currency, "due_on": one.due_on, "days": (today_of(plan) - one.due_on).days,
            }
            for one in shown[:SHOWN]
        ],
        "shown": SHOWN,
        "shown_of": sum(group.number for group in found if group.why == why),
        "ban": _ban(plan),
        "is_ready": plan.is_active and plan.definition.is_active and plan.definition.live_id is not None,
    }  # fmt: skip
    return render(request, "dunning/preview.html", context)


def _ban(plan: DunningPlan) -> str:
    """What the law forbids today of what the process holds, for whoever launches it."""
    live = plan.definition.live
    if live is None or not any(step.get("act") for step in body_of(live)["steps"]):
        return ""
    ban = ban_on(CUT_SUPPLY, plan.service, today_of(plan))
    return ban.sentence if ban is not None else ""


@require_POST
@requires(Right.DUNNING, module=MODULE)
def launch(request: MemberRequest, pk: int) -> HttpResponse:
    member = request.member
    plan = plan_in_reach(member, pk)
    actions.launch_dunning(plan, by=member)
    return see(request, at("running", member), toast=_("Les relances partent ; vous en verrez l’avancement ici."))
