"""Secrets that the product must be able to read again (the password of a mailbox), sealed in the database.

The key is derived from the secret key of the instance: a copy of the database alone opens nothing.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """The secret key of the instance is another than when this was sealed, or somebody changed what was sealed."""


def seal(text: str, *, purpose: str) -> str:
    return _fernet(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    try:
        return _fernet(purpose).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as broken:
        raise SealBroken from broken


def _fernet(purpose: str) -> MultiFernet:
    """What is sealed for one purpose is of no use for another."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(hmac.new(key.encode(), f"seal:{purpose}".encode(), hashlib.sha256).digest())
            )
            for key in keys
        ]
    )
