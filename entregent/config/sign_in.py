"""Settings of django-allauth: sign-in by e-mail address, second factor, passkeys, OpenID Connect.

Nobody signs up by themselves: members are invited. The pages stand in `entregent.organizations.web.account_views`.
"""

from datetime import timedelta

from entregent.config.environment import environment

ACCOUNT_ADAPTER = "entregent.organizations.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # An address is proven by its invitation.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"  # By name: the client portal has its own.
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if environment.is_https else "http"
# A whole call centre may share one address: the limit by account is the strict one.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
}
ACCOUNT_FORMS = {
    "login": "entregent.organizations.web.account_forms.SignInForm",
    "reset_password": "entregent.organizations.web.account_forms.ForgottenPasswordForm",
    "reset_password_from_key": "entregent.organizations.web.account_forms.NewPasswordForm",
    "change_password": "entregent.organizations.web.account_forms.ChangePasswordForm",
    "set_password": "entregent.organizations.web.account_forms.SetPasswordForm",
    "reauthenticate": "entregent.organizations.web.account_forms.ConfirmByPasswordForm",
}
PASSWORD_RESET_TIMEOUT = 24 * 3600

MFA_ADAPTER = "entregent.organizations.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Entregent"
MFA_TOTP_TOLERANCE = 1
MFA_TRUST_ENABLED = True
MFA_TRUST_COOKIE_AGE = timedelta(days=14)
MFA_TRUST_COOKIE_NAME = "entregent_trusted"
MFA_FORMS = {
    "authenticate": "entregent.organizations.web.account_forms.CodeForm",
    "reauthenticate": "entregent.organizations.web.account_forms.ConfirmByCodeForm",
    "activate_totp": "entregent.organizations.web.account_forms.ActivateTotpForm",
    "add_webauthn": "entregent.organizations.web.account_forms.AddPasskeyForm",
    "authenticate_webauthn": "entregent.organizations.web.account_forms.UsePasskeyForm",
    "reauthenticate_webauthn": "entregent.organizations.web.account_forms.ConfirmByPasskeyForm",
    "login_webauthn": "entregent.organizations.web.account_forms.PasskeySignInForm",
    "edit_webauthn": "entregent.organizations.web.account_forms.RenamePasskeyForm",
}

# NIST SP 800-63B: length counts, composition does not; nothing that is on the lists of what attackers try first.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "entregent.organizations.passwords.LengthValidator"},
    {"NAME": "entregent.organizations.passwords.BlocklistValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]

# Counts of failed sign-ins hold for all processes: the cache is a table.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "organizations_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Sign-in by the organization's own directory. Only people who are members already come in, by their proven address.
SOCIALACCOUNT_ADAPTER = "entregent.organizations.sign_in.DirectoryAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_PROVIDERS = {}
if environment.has_oidc:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "organisation",
                "name": environment.oidc_name,
                "client_id": environment.oidc_client_id,
                "secret": environment.oidc_client_secret or "",
                "settings": {"server_url": environment.oidc_server_url, "oauth_pkce_enabled": True},
            }
        ],
    }
