"""Somebody opens an account at the portal's door, in no organization (R002-36): they can sign in, keep their profile,
register a business or accept an invitation, nothing else.

The link in the mail proves the address. Whether an address has an account is told to its owner alone.
"""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.access.limits import times
from entregent.access.wall import as_user
from entregent.audit.actions import record
from entregent.organizations.actions import create_user
from entregent.organizations.models import User
from entregent.outbox.actions import send_mail
from entregent.toolbox.errors import Refusal, Refusals

DAYS_VALID = 3
AN_HOUR_FROM_ONE_PLACE = 20
AN_HOUR_TO_ONE_ADDRESS = 3
_SALT = "entregent.organizations.sign_up"


@transaction.atomic
def ask_for_account(*, email: str, language: str, place: str) -> None:
    """Sends the link to `email`; to whoever has an account, the way to sign in. `place`: from where it is asked."""
    email = email.strip().lower()
    _not_too_many(f"sign-up-from-{place}", AN_HOUR_FROM_ONE_PLACE)
    _not_too_many(f"sign-up-to-{email}", AN_HOUR_TO_ONE_ADDRESS)
    known = User.objects.filter(email__iexact=email).first()
    language = known.language if known is not None else language
    if known is not None and not known.is_active:
        return
    with translation.override(language):
        if known is not None:
            subject = _("Vous avez déjà un compte")
            paragraphs = [
                _("Quelqu'un, vous sans doute, a voulu ouvrir un compte avec cette adresse : elle en a déjà un."),
                _("Si vous avez oublié votre mot de passe, demandez-en un autre sur la page de connexion."),
            ]
            button = (_("Se connecter"), f"{settings.PUBLIC_URL}/portail/connexion/")
        else:
            token = signing.dumps({"email": email, "language": language}, salt=_SALT)
            subject = _("Ouvrez votre compte au portail")
            paragraphs = [
                _("Choisissez votre mot de passe pour ouvrir votre compte au portail client."),
                _("Ce lien est valable %(days)s jours et sert une seule fois.") % {"days": DAYS_VALID},
                _("Si vous n'avez rien demandé, ignorez ce message."),
            ]
            button = (_("Ouvrir mon compte"), f"{settings.PUBLIC_URL}/portail/compte/creation/{token}/")
        send_mail(
            organization_id=None, to=[email], language=language, subject=subject, paragraphs=paragraphs, button=button,
            user_id=known.pk if known is not None else None,
        )  # fmt: skip


def read_link(token: str) -> dict[str, str]:
    """The address and the language that a link stands for; it is void once the address has an account."""
    refused = Refusal("E-INVITATION", _("Ce lien n'est plus valable. Demandez-en un autre."), status=410)
    try:
        content = signing.loads(token, salt=_SALT, max_age=DAYS_VALID * 24 * 3600)
    except signing.BadSignature as error:
        raise refused from error
    if User.objects.filter(email__iexact=content["email"]).exists():
        raise refused
    return content


@transaction.atomic
def open_account(token: str, *, name: str, password: str) -> User:
    content = read_link(token)
    user = User(email=content["email"], name=name)
    refusals: list[Refusal] = []
    try:
        validate_password(password, user)
    except ValidationError as error:
        refusals = [Refusal("E-PASSWORD", message, field="password") for message in error.messages]
    if refusals:
        raise Refusals(refusals)
    user = create_user(email=content["email"], name=name, password=password, language=content["language"])
    with as_user(user.pk):
        record("open_account", user_id=user.pk, subject=user)
    return user


def _not_too_many(key: str, most: int) -> None:
    if times(key, seconds=3600) > most:
        raise Refusal("E-RATE", _("Trop d'essais. Réessayez dans une heure."), status=429)
