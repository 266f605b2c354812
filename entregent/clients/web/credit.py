from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.web.editing import file_url
from entregent.clients.web.forms import CreditHoldForm
from entregent.clients.web.panes import open_file
from entregent.ui.pages import render, see


@requires(Right.CREDIT_HOLD)
def credit_hold(request, number) -> HttpResponse:
    """Sets the credit hold of a client, or lifts it where there is one."""
    client = open_file(request, number, Right.CREDIT_HOLD)
    hold = client.credit_holds.filter(lifted_at__isnull=True).select_related("set_by").first()
    form = CreditHoldForm(request.POST or None)
    if request.method == "POST" and "lift" in request.POST:
        if form.is_valid() and form.attempt(actions.lift_credit_hold, client=client, by=request.member):
            return see(request, file_url(request, client), toast=_("Le blocage de crédit est levé."))
    elif request.method == "POST" and form.is_valid():
        values = {"reason": request.POST.get("reason", ""), "note": form.cleaned_data["note"]}
        if form.attempt(actions.set_credit_hold, client=client, by=request.member, **values):
            return see(request, file_url(request, client), toast=_("Le client est en blocage de crédit."))
    context = {"form": form, "client": client, "hold": hold}
    return render(request, "clients/credit_hold.html", context, fragment="content", status=422 if form.errors else 200)
