"""The link by which somebody who was invited chooses a password. It serves once."""

import hashlib

from django.core import signing
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal

DAYS_VALID = 7
_SALT = "entregent.organizations.invitation"


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
