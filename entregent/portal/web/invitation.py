"""Where somebody who was invited opens their access: by a new account, or by the one that they have."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from entregent.access.wall import in_organization
from entregent.interactions.portal_access import activate_access, find_invitation, invitation_refused
from entregent.interactions.portal_models import PortalSettings
from entregent.organizations.models import Organization, User
from entregent.organizations.web.account_forms import InvitationForm
from entregent.portal.guard import portal_public
from entregent.toolbox.errors import Refusal, Refusals
from entregent.ui.pages import add_refusal, render, see


class ConsentForm(forms.Form):
    consents = forms.BooleanField(
        label=gettext_lazy("J'accepte les conditions d'utilisation du portail"),
        error_messages={"required": gettext_lazy("Acceptez les conditions d'utilisation pour continuer.")},
    )


class RegistrationForm(InvitationForm):
    consents = forms.BooleanField(
        label=gettext_lazy("J'accepte les conditions d'utilisation du portail"),
        error_messages={"required": gettext_lazy("Acceptez les conditions d'utilisation pour continuer.")},
    )


@portal_public
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Wrong, too old, used and suspended links answer the same page."""
    access = find_invitation(token)
    if access is None:
        raise invitation_refused()
    with in_organization(access.organization_id):
        terms = PortalSettings.of(access.organization_id).terms
    account = request.user if request.user.is_authenticated else None
    has_account = account is None and User.objects.filter(email__iexact=access.email).exists()
    form: forms.Form
    sent = request.POST if request.method == "POST" else None
    if account is not None:
        form = ConsentForm(sent)
    else:
        form = RegistrationForm(sent, initial={"name": access.person.full_name})
    if sent is not None and not has_account and form.is_valid():
        try:
            access = activate_access(token, user=account, **form.cleaned_data)
        except (Refusal, Refusals) as refusal:
            if getattr(refusal, "status", 422) != 422:
                raise
            add_refusal(form, refusal)
        else:
            return _welcome(request, access, is_new=account is None)
    context = {"form": form, "access": access, "terms": terms, "account": account, "has_account": has_account}
    return render(request, "portal/invitation.html", context, status=422 if form.errors else 200)


def _welcome(request: HttpRequest, access, *, is_new: bool) -> HttpResponse:
    organization = Organization.objects.get(pk=access.organization_id)
    url = reverse("portal:home", kwargs={"organization": organization.slug})
    if not is_new:
        request.session[f"access-{organization.pk}"] = access.pk
        words = {"organization": organization.name}
        return see(request, url, toast=_("Votre accès au portail de %(organization)s est ouvert.") % words)
    record_authentication(request, access.user, method="invitation")
    return perform_login(request, access.user, email_verification="none", redirect_url=url)
