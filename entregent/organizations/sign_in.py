"""How django-allauth works here: mails by the outbox, links from PUBLIC_URL, secrets encrypted, everything noted."""

import base64
import logging
import re
from ipaddress import ip_address

from allauth.account import signals as account_signals
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa import signals as mfa_signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import signals as auth_signals
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entregent.access.wall import as_user
from entregent.audit.actions import record
from entregent.organizations.models import User

log = logging.getLogger("entregent.sign_in")

# What allauth would say by templates of its own; whatever is not here is not said.
MESSAGES = {
    "account/messages/password_changed.txt": _("Votre mot de passe est enregistré."),
    "account/messages/password_set.txt": _("Votre mot de passe est enregistré."),
    "mfa/messages/totp_activated.txt": _("L'application d'authentification est active."),
    "mfa/messages/totp_deactivated.txt": _("L'application d'authentification est retirée."),
    "mfa/messages/recovery_codes_generated.txt": _("Des codes de secours ont été préparés. Mettez-les en lieu sûr."),
    "mfa/messages/webauthn_added.txt": _("La clé d'accès est ajoutée."),
    "mfa/messages/webauthn_removed.txt": _("La clé d'accès est retirée."),
    "usersessions/messages/sessions_logged_out.txt": _("Les autres sessions sont fermées."),
}


class AccountAdapter(DefaultAccountAdapter):
    """Passwords and sessions."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("Ce compte est désactivé."),
        # Never which of the two.
        "email_password_mismatch": _("Identifiant ou mot de passe incorrect."),
        "incorrect_code": _("Code incorrect."),
        "incorrect_password": _("Mot de passe incorrect."),
        "enter_current_password": _("Mot de passe actuel incorrect."),
        "invalid_login": _("Identifiant ou mot de passe incorrect."),
        "invalid_password_reset": _("Ce lien n'est plus valable."),
        "too_many_login_attempts": _("Trop d'essais. Réessayez dans 5 minutes."),
        "rate_limited": _("Trop d'essais. Réessayez dans 5 minutes."),
    }

    def is_open_for_signup(self, request):
        return False

    def get_client_ip(self, request):
        return client_ip(request)

    def _get_login_attempts_cache_key(self, request, **credentials):
        """By account alone: another name of the host opens no second set of tries."""
        return credentials.get("email", "").strip().lower()

    def add_message(self, request, level, message_template=None, message_context=None, extra_tags="", message=None):
        text = message or MESSAGES.get(message_template)
        if text:
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def get_reset_password_from_key_url(self, key):
        uid, _dash, token = key.partition("-")
        return public_url("account_reset_password_from_key", uidb36=uid, key=token)

    def get_password_change_redirect_url(self, request):
        return reverse("account:profile")

    def send_password_reset_mail(self, user, email, context):
        send_password_mail(user, context["password_reset_url"])

    def send_mail(self, template_prefix, email, context):
        """No mail but ours (see `send_password_reset_mail` and the notices of `connect_signals`)."""

    def send_notification_mail(self, *args, **kwargs):
        """Notices are written by `_tell`."""

    def get_reauthentication_methods(self, user):
        labels = {
            "reauthenticate": gettext("Par mon mot de passe"),
            "mfa_reauthenticate": gettext("Par un code"),
            "mfa_reauthenticate:webauthn": gettext("Par une clé d'accès"),
        }
        return [method | {"description": labels[method["id"]]} for method in super().get_reauthentication_methods(user)]


class SecondFactorAdapter(DefaultMFAAdapter):
    """Application, passkeys, recovery codes. What is kept of them is encrypted with a key made of SECRET_KEY."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Code incorrect."),
        "cannot_generate_recovery_codes": _(
            "Les codes de secours vont avec un second facteur : ajoutez-en un d'abord."
        ),
    }

    def encrypt(self, text):
        return _fernets()[0].encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        for fernet in _fernets():
            try:
                return fernet.decrypt(encrypted_text.encode()).decode()
            except InvalidToken:
                continue
        raise InvalidToken

    def build_totp_svg(self, url):
        """On white, in the dark theme too: readers of square codes want dark on light."""
        return re.sub(
            r"(<svg[^>]*>)", r'\1<path fill="#fff" d="M0 0h100v100H0z"/>', super().build_totp_svg(url), count=1
        )

    def generate_authenticator_name(self, user, type):
        from allauth.mfa.models import Authenticator

        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("Clé d'accès %(n)s") % {"n": number}


def _fernets() -> list[Fernet]:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [
        Fernet(
            base64.urlsafe_b64encode(
                salted_hmac("entregent.second_factor", "", secret=key, algorithm="sha256").digest()
            )
        )
        for key in keys
    ]


class DirectoryAdapter(DefaultSocialAccountAdapter):
    """Sign-in by OpenID Connect, for people who have an account already, by an address that it has proven."""

    def is_open_for_signup(self, request, sociallogin):
        return False

    def authenticate_by_email(self, sociallogin):
        found = super().authenticate_by_email(sociallogin)
        if found is not None:
            user, email = found
            # The invitation has proven the address here; without this, allauth would take the password away.
            EmailAddress.objects.update_or_create(
                user=user, email=email.lower(), defaults={"verified": True, "primary": True}
            )
        return found

    def pre_social_login(self, request, sociallogin):
        if not sociallogin.is_existing:
            messages.error(request, gettext("Aucun compte ne répond à cette identité. Demandez une invitation."))
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        log.warning("sign-in by the directory failed: %s", type(exception).__name__ if exception else error)
        messages.error(request, gettext("La connexion par votre organisation a échoué. Réessayez."))
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))


def client_ip(request) -> str:
    """Who is at the other end. A proxy of this machine is believed about it: nobody else connects from loopback."""
    peer = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    if ip_address(peer).is_loopback:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        try:
            return str(ip_address(told)) if told else peer
        except ValueError:
            return peer
    return peer


def public_url(name: str, **kwargs) -> str:
    """An address for a mail: from the setting, never from what the request says its host is."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(name, kwargs=kwargs or None)


def send_password_mail(user: User, link: str) -> None:
    """The mail with the link that lets its reader choose a new password."""
    with translation.override(user.language):
        _send(
            user,
            gettext("Choisir un nouveau mot de passe"),
            gettext("Quelqu'un a demandé un nouveau mot de passe pour votre compte Entregent.")
            + "\n"
            + gettext("Si c'est vous, suivez ce lien. Il sert une fois, pendant 24 heures :")
            + f"\n\n{link}\n\n"
            + gettext("Sinon, vous n'avez rien à faire : votre mot de passe reste le même."),
        )


def _send(user: User, subject: str, text: str) -> None:
    from entregent.outbox.actions import send_mail

    greeting = gettext("Bonjour %(name)s,") % {"name": user.name}
    with as_user(user.pk):
        send_mail(
            organization_id=None, to=[user.email], subject=subject, text=f"{greeting}\n\n{text}\n", user_id=user.pk
        )


def _tell(user: User, what: str) -> None:
    """A notice of a change of the account's security: its owner learns of what somebody else may have done."""
    with translation.override(user.language):
        _send(
            user,
            gettext("Sécurité de votre compte"),
            gettext(what)
            + "\n\n"
            + gettext("Si ce n'est pas vous, choisissez un nouveau mot de passe et prévenez votre administrateur :")
            + "\n"
            + public_url("account_reset_password"),
        )


def journal(name: str, user: User, **data) -> None:
    """An entry about a person's account; it belongs to no organization, and its person alone can read it."""
    with as_user(user.pk):
        record(name, user_id=user.pk, subject=user, **data)


def _ip(request) -> str:
    return "" if request is None else client_ip(request)


def _signed_in(sender, request, user, **kwargs):
    methods = [entry.get("method", "") for entry in request.session.get("account_authentication_methods") or []]
    journal("sign_in", user, ip=_ip(request), methods=methods)


def _signed_out(sender, request, user, **kwargs):
    if user is not None:
        journal("sign_out", user, ip=_ip(request))


def _sign_in_failed(sender, credentials, request=None, **kwargs):
    email = credentials.get("email") or credentials.get("username") or ""
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        # What was typed is not written down: it may be a password in the wrong box.
        log.warning("sign-in failed for an unknown address, from %s", _ip(request))
    else:
        journal("sign_in_failed", user, ip=_ip(request))


def _password_changed(sender, request, user, **kwargs):
    request.session.pop("password_too_short", None)
    journal("change_password", user, ip=_ip(request))
    _tell(user, "Votre mot de passe a été changé.")


def _password_reset(sender, request, user, **kwargs):
    journal("reset_password", user, ip=_ip(request))
    _tell(user, "Votre mot de passe a été changé.")


def _factor_added(sender, request, user, authenticator, **kwargs):
    journal("add_second_factor", user, ip=_ip(request), kind=authenticator.type)
    if authenticator.type != "recovery_codes":
        _tell(user, "Un second facteur a été ajouté à votre compte.")


def _factor_removed(sender, request, user, authenticator, **kwargs):
    journal("remove_second_factor", user, ip=_ip(request), kind=authenticator.type)
    if authenticator.type != "recovery_codes":
        _tell(user, "Un second facteur a été retiré de votre compte.")


def _codes_renewed(sender, request, user, authenticator, **kwargs):
    journal("renew_recovery_codes", user, ip=_ip(request))


def _second_factor_failed(sender, request, user, authenticator, **kwargs):
    journal("second_factor_failed", user, ip=_ip(request), kind=authenticator.type)


def _notices():
    """The sentences that `_tell` translates at the time of sending, for the catalogue."""
    return [
        gettext("Votre mot de passe a été changé."),
        gettext("Un second facteur a été ajouté à votre compte."),
        gettext("Un second facteur a été retiré de votre compte."),
    ]


def connect_signals() -> None:
    account_signals.user_logged_in.connect(_signed_in, dispatch_uid="entregent.sign_in")
    auth_signals.user_logged_out.connect(_signed_out, dispatch_uid="entregent.sign_out")
    auth_signals.user_login_failed.connect(_sign_in_failed, dispatch_uid="entregent.sign_in_failed")
    account_signals.password_changed.connect(_password_changed, dispatch_uid="entregent.password_changed")
    account_signals.password_set.connect(_password_changed, dispatch_uid="entregent.password_set")
    account_signals.password_reset.connect(_password_reset, dispatch_uid="entregent.password_reset")
    mfa_signals.authenticator_added.connect(_factor_added, dispatch_uid="entregent.factor_added")
    mfa_signals.authenticator_removed.connect(_factor_removed, dispatch_uid="entregent.factor_removed")
    mfa_signals.authenticator_reset.connect(_codes_renewed, dispatch_uid="entregent.codes_renewed")
    mfa_signals.authentication_failed.connect(_second_factor_failed, dispatch_uid="entregent.factor_failed")
