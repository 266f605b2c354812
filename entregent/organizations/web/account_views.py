"""Sign-in and account pages: django-allauth's views, drawn with our templates and guarded like every other view.

Each class below is one of allauth's with `Page` in front. What a view decides (who may see it, that a code is needed
first) stays allauth's; addresses are ours (account_urls.py).
"""

import json
from typing import Any, cast

from allauth.account import views as account
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from allauth.usersessions import views as sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import ResolverMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from entregent.access.guard import MemberRequest, public, signed_in
from entregent.access.wall import in_organization
from entregent.organizations import account_actions, directory, invitations
from entregent.organizations.membership import home_member, memberships_of
from entregent.organizations.models import User
from entregent.organizations.web.account_forms import InvitationForm, ProfileForm
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, draw_refusal, render, see

TOO_MANY = gettext_lazy("Trop d'essais. Réessayez dans 5 minutes.")


class Page:
    """Draws an allauth view with our template. `title`, `intro` and `submit_label` fill the general templates."""

    template = "organizations/account/card_form.html"
    request: MemberRequest
    title: Any = ""
    intro: Any = ""
    submit_label: Any = ""
    cancel_url: str | None = None
    danger = False

    def render_to_response(self, context, **kwargs):
        form = context.get("form")
        refused = self.request.method == "POST" and form is not None and form.errors
        context = {
            "title": self.title,
            "intro": self.intro,
            "submit_label": self.submit_label,
            "danger": self.danger,
            "cancel_url": reverse(self.cancel_url) if self.cancel_url else None,
            "next": self.request.POST.get("next") or self.request.GET.get("next") or "",
            "here": cast(ResolverMatch, self.request.resolver_match).url_name,
            # The client portal draws the same pages in its own layout.
            "account_layout": getattr(self.request, "account_layout", "organizations/account/base.html"),
        } | context
        if "js_data" in context:
            context["options"] = json.dumps(next(iter(context["js_data"].values())), cls=DjangoJSONEncoder)
        return render(self.request, self.template, context, status=422 if refused else 200)


def for_anybody(view):
    """Guards one of allauth's views that anybody may open."""

    def guarded(request, *args, **kwargs):
        return _not_too_many(request, view(request, *args, **kwargs))

    return public(guarded)


def for_oneself(view):
    """Guards one of allauth's views for whoever is signed in, and shows the top bar of their organization."""

    def guarded(request, *args, **kwargs):
        member = home_member(request.user)
        if member is None:
            return _not_too_many(request, view(request, *args, **kwargs))
        with in_organization(member.organization_id, user_id=member.user_id):
            request.member = member
            return _not_too_many(request, view(request, *args, **kwargs))

    return signed_in(guarded)


def _not_too_many(request, response):
    if response.status_code == 429:
        return draw_refusal(request, Refusal("E-RATE", TOO_MANY, status=429))
    return response


# Sign-in


class SignIn(Page, account.LoginView):
    template = "organizations/account/sign_in.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | {
            "directory": cast(Any, settings.SOCIALACCOUNT_PROVIDERS).get("openid_connect", {}).get("APPS", [None])[0]
        }


class SecondStep(Page, factor.AuthenticateView):
    template = "organizations/account/second_step.html"


class TrustDevice(Page, factor.TrustView):
    template = "organizations/account/trust.html"


class PasskeySignIn(Page, passkey.LoginWebAuthnView):
    def form_invalid(self, form):
        messages.error(self.request, _("Cette clé d'accès n'a pas été reconnue."))
        return HttpResponseRedirect(reverse("account_login"))


class SignOut(Page, account.LogoutView):
    title = gettext_lazy("Se déconnecter")
    intro = gettext_lazy("Voulez-vous vous déconnecter de cet appareil ?")
    submit_label = gettext_lazy("Se déconnecter")


class Message(Page):
    template = "organizations/account/message.html"


class Inactive(Message, account.AccountInactiveView):
    title = gettext_lazy("Ce compte est désactivé.")
    intro = gettext_lazy("Un administrateur de votre organisation peut le réactiver.")


def directory_sign_in(request, provider_id):
    """To the directory by a page, not by a redirect of the form: our policy keeps forms within this site."""
    answer = directory.sign_in(request, provider_id)
    if isinstance(answer, HttpResponseRedirect) and "://" in answer.url:
        return render(request, "organizations/account/leaving.html", {"address": answer.url})
    if request.method == "GET":
        return HttpResponseRedirect(reverse("account_login"))
    return answer


def directory_refused(request):
    messages.error(request, _("La connexion par votre organisation a échoué. Réessayez."))
    return HttpResponseRedirect(reverse("account_login"))


# Password


class ForgottenPassword(Page, account.PasswordResetView):
    title = gettext_lazy("Mot de passe oublié")
    intro = gettext_lazy("Indiquez votre adresse : si un compte lui répond, il reçoit un lien par courriel.")
    submit_label = gettext_lazy("Recevoir le lien")
    cancel_url = "account_login"


class LinkSent(Message, account.PasswordResetDoneView):
    title = gettext_lazy("Consultez votre courriel")
    intro = gettext_lazy(
        "Si un compte répond à cette adresse, un lien vient de partir. Il sert une fois, pendant 24 heures."
    )


class NewPassword(Page, account.PasswordResetFromKeyView):
    template = "organizations/account/new_password.html"


class NewPasswordDone(Message, account.PasswordResetFromKeyDoneView):
    title = gettext_lazy("Mot de passe enregistré")
    intro = gettext_lazy("Connectez-vous avec votre nouveau mot de passe.")


class ChangePassword(Page, account.PasswordChangeView):
    template = "organizations/account/form.html"
    title = gettext_lazy("Changer mon mot de passe")
    intro = gettext_lazy("Vos autres sessions seront fermées.")
    submit_label = gettext_lazy("Enregistrer")
    cancel_url = "account:profile"


class SetPassword(Page, account.PasswordSetView):
    template = "organizations/account/form.html"
    title = gettext_lazy("Choisir un mot de passe")
    submit_label = gettext_lazy("Enregistrer")
    cancel_url = "account:profile"


# « C'est bien vous ? » before what touches the account's security


class Confirm(Page):
    template = "organizations/account/confirm.html"
    title = gettext_lazy("C'est bien vous ?")
    intro = gettext_lazy("Confirmez votre identité pour continuer.")
    submit_label = gettext_lazy("Confirmer")


class ConfirmByPassword(Confirm, account.ReauthenticateView):
    pass


class ConfirmByCode(Confirm, factor.ReauthenticateView):
    pass


class ConfirmByPasskey(Confirm, passkey.ReauthenticateWebAuthnView):
    submit_label = gettext_lazy("Utiliser ma clé d'accès")

    def form_invalid(self, form):
        messages.error(self.request, _("Cette clé d'accès n'a pas été reconnue."))
        return HttpResponseRedirect(self.request.get_full_path())


# Second factor


class Security(Page, factor.IndexView):
    template = "organizations/account/security.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        kinds = context["authenticators"]
        recovery = kinds.get("recovery_codes")
        return context | {
            "totp": kinds.get("totp"),
            "passkeys": kinds.get("webauthn") or [],
            "codes_left": len(recovery.get_unused_codes()) if recovery else None,
        }


class ActivateTotp(Page, totp.ActivateTOTPView):
    template = "organizations/account/totp.html"


class DeactivateTotp(Page, totp.DeactivateTOTPView):
    template = "organizations/account/form.html"
    title = gettext_lazy("Retirer l'application d'authentification")
    intro = gettext_lazy("Votre compte ne demandera plus le code de cette application.")
    submit_label = gettext_lazy("Retirer")
    cancel_url = "mfa_index"
    danger = True


class Passkeys(Page, passkey.ListWebAuthnView):
    """The keys stand on the page about security."""

    def get(self, request, *args, **kwargs):
        return HttpResponseRedirect(reverse("mfa_index"))


class AddPasskey(Page, passkey.AddWebAuthnView):
    template = "organizations/account/passkey_add.html"

    def get_context_data(self, **kwargs):
        # allauth leaves the refused form out of the context.
        return super().get_context_data(**kwargs) | kwargs


class RenamePasskey(Page, passkey.EditWebAuthnView):
    template = "organizations/account/form.html"
    title = gettext_lazy("Renommer la clé d'accès")
    submit_label = gettext_lazy("Enregistrer")
    cancel_url = "mfa_index"


class RemovePasskey(Page, passkey.RemoveWebAuthnView):
    template = "organizations/account/form.html"
    title = gettext_lazy("Retirer la clé d'accès")
    intro = gettext_lazy("Elle ne servira plus à vous connecter ici.")
    submit_label = gettext_lazy("Retirer")
    cancel_url = "mfa_index"
    danger = True


class RecoveryCodes(Page, codes.ViewRecoveryCodesView):
    template = "organizations/account/recovery_codes.html"


class RenewRecoveryCodes(Page, codes.GenerateRecoveryCodesView):
    template = "organizations/account/form.html"
    title = gettext_lazy("De nouveaux codes de secours")
    intro = gettext_lazy("Les codes d'avant ne serviront plus.")
    submit_label = gettext_lazy("Préparer de nouveaux codes")
    cancel_url = "mfa_index"


def download_recovery_codes(request):
    """The codes as a text file."""
    answer = codes.DownloadRecoveryCodesView.as_view()(request)
    lines = [_("Codes de secours d'Entregent"), request.user.email, "", *answer.context_data["unused_codes"], ""]
    response = HttpResponse("\r\n".join(lines), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="codes-de-secours.txt"'
    response.headers["Cache-Control"] = "no-store"
    return response


# Sessions


class Sessions(Page, sessions.ListUserSessionsView):
    template = "organizations/account/sessions.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        current = self.request.session.session_key
        rows = [
            {"id": one.pk, "ip": one.ip, "device": device(one.user_agent), "since": one.created_at,
             "is_current": one.session_key == current}
            for one in reversed(context["sessions"])
        ]  # fmt: skip
        return context | {"rows": sorted(rows, key=lambda row: not row["is_current"])}


@require_POST
def end_session(request, pk):
    """« Déconnecter » : ends one session of one's own."""
    session = UserSession.objects.filter(user=request.user, pk=pk).first()
    if session is None:
        raise NotFound
    session.end()
    return see(request, reverse("usersessions_list"), toast=_("La session est fermée."))


def device(user_agent: str) -> str:
    """« Firefox · Windows » from what the browser says of itself."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
        ("Mac OS X", "macOS"), ("Linux", "Linux"),
    )  # fmt: skip
    found = [next((name for mark, name in names if mark in user_agent), "") for names in (browsers, systems)]
    return " · ".join(name for name in found if name) or _("Appareil inconnu")


# The account itself


def root(request):
    """To the home of the organization where the person last worked."""
    member = home_member(request.user)
    if member is None:
        return render(request, "organizations/account/no_organization.html")
    return HttpResponseRedirect(f"/{member.organization.slug}/")


@require_http_methods(["GET", "POST"])
def profile(request):
    """One's own name, language, theme, single-key shortcuts."""
    user = request.user
    if request.method == "POST":
        form = ProfileForm(request.POST)
        if form.is_valid():
            try:
                account_actions.update_profile(user, **form.cleaned_data)
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                response = see(request, reverse("account:profile"), toast=_("Votre profil est enregistré."))
                return with_theme(response, form.cleaned_data["theme"])
    else:
        fields = ("name", "language", "theme", "single_key_shortcuts")
        form = ProfileForm(initial={field: getattr(user, field) for field in fields})
    return render(
        request,
        "organizations/account/profile.html",
        {"form": form, "here": "profile"},
        status=422 if form.errors else 200,
    )


def with_theme(response: HttpResponse, theme: str) -> HttpResponse:
    """The theme is drawn from this cookie before the page is (ui/theme.js)."""
    response.set_cookie("theme", theme, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


def organizations(request):
    """The organizations of the person, to go from one to the other."""
    return render(
        request,
        "organizations/account/organizations.html",
        {"mine": memberships_of(request.user), "here": "organizations"},
    )


@require_POST
def language(request):
    """FR | EN, for whoever looks at a page: kept with the account, else in a cookie."""
    chosen = request.POST.get("language", "")
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    response = HttpResponseRedirect(wanted if safe else "/")
    response.status_code = 303
    if chosen in User.Language.values:
        if request.user.is_authenticated:
            account_actions.choose_language(request.user, chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=365 * 24 * 3600, samesite="Lax", httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
    return response


@require_http_methods(["GET", "POST"])
def invitation(request, token):
    """Where somebody who was invited chooses a password; they are signed in with it at once."""
    user = invitations.read_token(token)
    form = InvitationForm(request.POST if request.method == "POST" else None, initial={"name": user.name})
    if form.is_valid():
        try:
            user = account_actions.accept_invitation(token, **form.cleaned_data)
        except Refusals as refusal:
            add_refusal(form, refusal)
        else:
            record_authentication(request, user, method="invitation")
            return perform_login(request, user, email_verification="none", redirect_url="/")
    return render(
        request,
        "organizations/account/invitation.html",
        {"form": form, "invited": user},
        status=422 if form.errors else 200,
    )
