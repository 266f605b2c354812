"""Settings of django-allauth: sign-in by e-mail address, second factor, passkeys, OpenID Connect."""

from entregent.config.environment import environment

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
