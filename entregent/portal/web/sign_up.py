"""« Créer un compte »: for whoever has not been invited by anybody, to register their business (R002-36)."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from entregent.organizations import sign_up
from entregent.organizations.sign_in import client_ip
from entregent.organizations.web.account_forms import InvitationForm
from entregent.portal.guard import portal_public
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui.pages import add_refusal, render


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("Adresse de courriel"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


@portal_public
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether the address has an account or not."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("account:root"))
    form = AddressForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                sign_up.ask_for_account(**form.cleaned_data, language=get_language() or "fr", place=client_ip(request))
            except Refusal as refusal:
                add_refusal(form, refusal)
                status = refusal.status
            else:
                return render(request, "portal/sign_up_sent.html", {"email": form.cleaned_data["email"]})
    return render(request, "portal/sign_up.html", {"form": form}, status=status)


@portal_public
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, token: str) -> HttpResponse:
    """Name and password of the account that the link opens."""
    content = sign_up.read_link(token)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = sign_up.open_account(token, **form.cleaned_data)
            except (Refusal, Refusals) as refusal:
                if getattr(refusal, "status", 422) != 422:
                    raise
                add_refusal(form, refusal)
            else:
                record_authentication(request, user, method="sign_up")
                url = reverse("account:root")
                return perform_login(request, user, email_verification="none", redirect_url=url)
    context = {"form": form, "email": content["email"]}
    return render(request, "portal/sign_up_begin.html", context, status=status)
