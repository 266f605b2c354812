"""« Délais »: how long a request for access waits for an answer."""

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations.web.administration import render_administration, with_version
from entregent.relationships import actions
from entregent.relationships.models import Rules
from entregent.relationships.web.relations import MODULE, at, of_provider
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, see


class DelaysForm(forms.Form):
    request_days = forms.IntegerField(
        label=gettext_lazy("Jours d'attente d'une demande"), required=False,
        help_text=gettext_lazy("Une demande d'accès sans réponse échoit après ce nombre de jours, de 1 à 365."),
    )  # fmt: skip
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False


@requires(Right.SETTINGS, module=MODULE)
@of_provider
def delays(request: MemberRequest) -> HttpResponse:
    member = request.member
    rules = Rules.objects.filter(organization_id=member.organization_id).first() or Rules()
    form = DelaysForm(request.POST or None, initial={"request_days": rules.request_days, "version": rules.version})
    status, stale = 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                actions.set_request_days(by=member, days=data["request_days"] or 0, version=data["version"] or 0)
                return see(request, at("settings", member), toast=_("Réglages enregistrés."))
            except Stale as refused:
                stale, status = refused, 409
                form = DelaysForm(with_version(request, refused.current.version))
            except (Refusal, Refusals) as refused:
                add_refusal(form, refused)
    response = render_administration(
        request, "relationships/settings.html", {"form": form, "stale": stale}, status=status
    )
    response.rolls_back = status != 200  # type: ignore[attr-defined]
    return response
