"""Forms of sign-in and account: allauth's, with our labels."""

from functools import wraps

from allauth.account import forms as account_forms
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import User
from entregent.organizations.passwords import ALONE, WITH_SECOND_FACTOR, least_length


def _label(form, name, label, *, help_text="", autofocus=False, **attrs) -> None:
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)
    if autofocus:
        field.widget.attrs["autofocus"] = True


def _new_password(form, **more) -> None:
    """One box: it can be shown, which serves better than typing blindly twice."""
    form.fields.pop("password2", None)
    help_text = _("Au moins %(n)s caractères, %(m)s avec un second facteur. Une phrase convient très bien.")
    _label(
        form,
        "password1",
        _("Nouveau mot de passe"),
        help_text=help_text % {"n": ALONE, "m": WITH_SECOND_FACTOR},
        **more,
    )


class SignInForm(account_forms.LoginForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "login", _("Identifiant (adresse de courriel)"), autofocus=True, autocomplete="username")
        _label(self, "password", _("Mot de passe"))

    def login(self, request, redirect_url=None):
        response = super().login(request, redirect_url)
        # Whoever has given up the second factor, or whose password was set before the rule: asked for a longer one.
        if len(self.cleaned_data["password"]) < least_length(self.user):
            request.session["password_too_short"] = True
        return response


class ForgottenPasswordForm(account_forms.ResetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "email", _("Adresse de courriel"), autofocus=True)


class NewPasswordForm(account_forms.ResetPasswordKeyForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _new_password(self, autofocus=True)


class ChangePasswordForm(account_forms.ChangePasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "oldpassword", _("Mot de passe actuel"), autofocus=True)
        _new_password(self)


class SetPasswordForm(account_forms.SetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _new_password(self, autofocus=True)


class ConfirmByPasswordForm(account_forms.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "password", _("Mot de passe"), autofocus=True)


def _code(form) -> None:
    _label(form, "code", _("Code"), autofocus=True, inputmode="numeric", spellcheck="false")


class CodeForm(factor_forms.AuthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _code(self)


class ConfirmByCodeForm(factor_forms.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _code(self)


class ActivateTotpForm(ActivateTOTPForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _code(self)
        self.fields["code"].label = _("Code que montre l'application")


def _readable(check):
    """allauth expects what a browser sends; whatever else arrives is a wrong code, not an error of ours."""

    @wraps(check)
    def checked(form):
        try:
            return check(form)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise get_factor_adapter().validation_error("incorrect_code") from error

    return checked


class UsePasskeyForm(passkey_forms.AuthenticateWebAuthnForm):
    clean_credential = _readable(passkey_forms.AuthenticateWebAuthnForm.clean_credential)


class ConfirmByPasskeyForm(passkey_forms.ReauthenticateWebAuthnForm):
    clean_credential = _readable(passkey_forms.ReauthenticateWebAuthnForm.clean_credential)


class PasskeySignInForm(passkey_forms.LoginWebAuthnForm):
    clean_credential = _readable(passkey_forms.LoginWebAuthnForm.clean_credential)


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    clean = _readable(passkey_forms.AddWebAuthnForm.clean)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "name", _("Nom de la clé"), help_text=_("Pour la reconnaître : « Téléphone », « Clé du bureau »…"))
        _label(
            self,
            "passwordless",
            _("Se connecter avec cette clé sans mot de passe"),
            help_text=_("La clé demandera une empreinte, un visage ou un code."),
        )


class RenamePasskeyForm(passkey_forms.EditWebAuthnForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _label(self, "name", _("Nom de la clé"), autofocus=True)


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Nom"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(label=_("Langue"), choices=User.Language.choices)
    theme = forms.ChoiceField(label=_("Thème"), choices=User.Theme.choices)
    single_key_shortcuts = forms.BooleanField(
        label=_("Raccourcis à une touche"),
        required=False,
        help_text=_("N, J, K, F… en dehors des champs. Ctrl+K marche toujours."),
    )


class InvitationForm(forms.Form):
    name = forms.CharField(label=_("Nom"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Mot de passe"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        help_text = _("Au moins %(n)s caractères. Une phrase convient très bien.")
        self.fields["password"].help_text = help_text % {"n": ALONE}
