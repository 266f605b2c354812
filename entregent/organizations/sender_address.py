"""The link by which the sender's address of an organization is confirmed. It serves once."""

from django.core import signing
from django.utils.translation import gettext_lazy as _

from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal

DAYS_VALID = 3
_SALT = "entregent.organizations.sender_address"


def make_token(organization: Organization) -> str:
    return signing.dumps(_state(organization), salt=_SALT)


def check(token: str, organization: Organization) -> None:
    """Refuses a link that is wrong, too old, used, of another organization or of an address of before."""
    try:
        content = signing.loads(token, salt=_SALT, max_age=DAYS_VALID * 24 * 3600)
    except signing.BadSignature as error:
        raise _refused() from error
    if organization.mail_sender_asked_at is None or content != _state(organization):
        raise _refused()


def _state(organization: Organization) -> dict:
    """Changes with every link that is sent, and when one has been followed."""
    asked_at = organization.mail_sender_asked_at
    return {
        "organization": organization.pk,
        "address": organization.mail_sender_address,
        "asked_at": asked_at.isoformat() if asked_at is not None else "",
    }


def _refused() -> Refusal:
    return Refusal("E-SENDER", _("Ce lien de confirmation n’est plus valable."), status=410)
