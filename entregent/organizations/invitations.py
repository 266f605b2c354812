"""The link by which somebody who was invited chooses a password. It serves once. And the account that somebody makes
who was invited from elsewhere: to the portal of a client, to a business account."""

import hashlib

from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line

DAYS_VALID = 7
_SALT = "entregent.organizations.invitation"
NAME_MOST = 120


def account_of_invited(*, email: str, language: str, name: str, password: str) -> User:
    """A new account with the name and the password that somebody chooses, at the address that the link of their
    invitation has proven. Refuses where an account answers to it already: they accept with that one."""
    name = one_line(name)
    refusals: list[Refusal] = []
    if not name:
        refusals.append(required("name", gettext("Le nom")))
    elif len(name) > NAME_MOST:
        refusals.append(too_long("name", gettext("Le nom"), NAME_MOST))
    user = User(email=email, name=name, language=language)
    if User.objects.filter(email__iexact=email).exists():
        message = gettext("Un compte répond déjà à cette adresse : connectez-vous pour accepter l'invitation.")
        raise Refusal("E-003-ACCOUNT", message, status=409)
    try:
        validate_password(password, user)
    except ValidationError as error:
        refusals += [Refusal("E-PASSWORD", message, field="password") for message in error.messages]
    if refusals:
        raise Refusals(refusals)
    user.set_password(password)
    user.save()
    return user


def digest_of(secret: str) -> str:
    """What is kept of the secret of an invitation."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make_token(user: User) -> str:
    return signing.dumps({"user": user.pk, "state": _state(user)}, salt=_SALT)


def read_token(token: str) -> User:
    """The user whom the token lets in, or a refusal: wrong, too old, or used already."""
    try:
        content = signing.loads(token, salt=_SALT, max_age=DAYS_VALID * 24 * 3600)
    except signing.BadSignature as error:
        raise _refused() from error
    user = User.objects.filter(pk=content["user"], is_active=True).first()
    if user is None or content["state"] != _state(user):
        raise _refused()
    return user


def _state(user: User) -> str:
    """Changes when a password is chosen and when the person signs in: a link from before is void then."""
    return hashlib.sha256(f"{user.password}|{user.last_login}".encode()).hexdigest()[:24]


def _refused() -> Refusal:
    return Refusal(
        "E-INVITATION",
        _("Ce lien d'invitation n'est plus valable. Demandez-en un autre à votre administrateur."),
        status=410,
    )
