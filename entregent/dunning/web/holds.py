"""« Ne pas relancer »: the pane of the client file, and the form."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.clients.web.editing import file_url
from entregent.clients.web.forms import PlainForm
from entregent.clients.web.panes import open_file, reaches
from entregent.dunning import actions
from entregent.dunning.models import DunningHold, DunningPlan, DunningRun
from entregent.dunning.web.rows import rows_of
from entregent.dunning.web.runs import MODULE
from entregent.toolbox.dates import today_in
from entregent.ui.pages import render, see

SHOWN = 6


@require_safe
@requires(Right.CASE_VIEW, module=MODULE)
def of_client(request: MemberRequest, number: str) -> HttpResponse:
    """What is dunned of one client, and whether nobody may: the pane of the file, and a page of its own."""
    member = request.member
    client = open_file(request, number, Right.CASE_VIEW)
    runs = DunningRun.objects.visible_to(member, Right.CASE_VIEW).filter(case__client=client).open()
    hold = DunningHold.of_client(client.pk, today_in(member.organization.time_zone))
    rows = rows_of(runs.order_by("-pk")[: SHOWN + 1], member)
    has_plan = DunningPlan.objects.filter(organization_id=member.organization_id, is_active=True).exists()
    context = {
        "client": client,
        "hold": hold,
        "rows": rows[:SHOWN],
        "has_more": len(rows) > SHOWN,
        "is_told": bool(hold or rows or has_plan),
        "may_hold": reaches(member, Right.CASE_EDIT, client),
    }
    return render(request, "dunning/of_client.html", context, fragment="pane")


class HoldForm(PlainForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Motif"), choices=[("", gettext_lazy("Choisir un motif")), *DunningHold.Reason.choices]
    )
    until = forms.DateField(
        label=gettext_lazy("Jusqu’au"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Ce jour compris. Sans date : jusqu’à ce que quelqu’un lève la suspension."),
    )  # fmt: skip
    note = forms.CharField(label=gettext_lazy("Précision"), required=False)


@requires(Right.CASE_EDIT, module=MODULE)
def hold(request: MemberRequest, number: str) -> HttpResponse:
    """Suspends the dunning of a client, or takes it up again."""
    member = request.member
    client = open_file(request, number, Right.CASE_EDIT)
    standing = DunningHold.of_client(client.pk, today_in(member.organization.time_zone))
    form = HoldForm(request.POST or None)
    if request.method == "POST" and "lift" in request.POST:
        if form.is_valid() and form.attempt(actions.lift_hold, client=client, by=member):
            return see(request, file_url(request, client), toast=_("Ce client peut de nouveau être relancé."))
    elif request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        values = {"reason": request.POST.get("reason", ""), "until": data["until"], "note": data["note"]}
        if form.attempt(actions.set_hold, client=client, by=member, **values):
            return see(request, file_url(request, client), toast=_("Les relances de ce client sont suspendues."))
    context = {"form": form, "client": client, "hold": standing}
    return render(request, "dunning/hold.html", context, fragment="content", status=422 if form.errors else 200)
