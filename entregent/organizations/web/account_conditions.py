"""What a member must settle before working in an organization, and what is remembered of where they work."""

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.organizations.models import User
from entregent.organizations.passwords import has_second_factor
from entregent.ui.pages import is_htmx, see


def long_password(request):
    """The password was found too short at sign-in (see `SignInForm.login`)."""
    if not request.session.get("password_too_short"):
        return None
    messages.warning(request, _("Votre mot de passe est trop court. Choisissez-en un plus long pour continuer."))
    return see(request, reverse("account_change_password"))


def second_factor(request):
    """The organization demands a second factor, and this person has none yet."""
    if not request.member.organization.second_factor_required or has_second_factor(request.user):
        return None
    messages.warning(
        request,
        _("%(organization)s demande un second facteur. Ajoutez-en un pour continuer.")
        % {"organization": request.member.organization.name},
    )
    return see(request, reverse("mfa_index"))


def remember_organization(request):
    """The address / leads back to where the person last worked."""
    if request.method == "GET" and not is_htmx(request):
        here = request.member.organization_id
        if request.user.last_organization_id != here:
            User.objects.filter(pk=request.user.pk).update(last_organization_id=here)
    return None
