"""Addresses that carry what a mail is about: a reply to `contact+i123-kx…@eaux.example` belongs to interaction 123.

The token is a keyed hash: who has not been written to cannot make an address, nor turn the one they have into
another's. An address holds as long as the organization keeps the mailbox.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings

# Kinds of records that mails are about.
INTERACTION = "i"
TRANSFER = "t"

_TOKEN = re.compile(r"\+([a-z]{1,8})([0-9]{1,18})-([a-z2-7]{16})$")


def reply_address(organization, kind: str, number: int) -> str:
    """Where a reply about record `number` goes to, or "" where the organization takes no replies by mail.

    `organization` is an Organization, or the letterhead of one with its `pk`.
    """
    return token_address(
        organization.mail_reply_address if organization.replies_by_mail else "", organization.pk, kind, number
    )


def token_address(base: str, organization_id: int, kind: str, number: int) -> str:
    """The address in mailbox `base` that carries the record; "" without a mailbox."""
    local, at, domain = base.rpartition("@")
    if not at:
        return ""
    return f"{local}+{kind}{number}-{_token(settings.SECRET_KEY, organization_id, kind, number)}@{domain}"


def read_reply_address(address: str, organization) -> tuple[str, int] | None:
    """(kind, number) that `address` carries in truth for this organization, else None. Case is of no account."""
    local = parseaddr(address)[1].rpartition("@")[0].lower() or address.rpartition("@")[0].lower()
    found = _TOKEN.search(local)
    if found is None:
        return None
    kind, number, token = found[1], int(found[2]), found[3]
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    # Every key is tried, so that the time tells nothing.
    holds = [hmac.compare_digest(_token(key, organization.pk, kind, number), token) for key in keys]
    return (kind, number) if any(holds) else None


def thread_id(organization_id: int, kind: str, number: int) -> str:
    """The Message-ID that every mail about one record refers to: mail programs put them into one thread by it."""
    token = _token(settings.SECRET_KEY, organization_id, f"thread-{kind}", number)
    return f"<{kind}{number}.{token}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>"


def _token(key: str, organization_id: int, kind: str, number: int) -> str:
    told = f"{organization_id}:{kind}:{number}".encode()
    digest = hmac.new(f"entregent.outbox.addresses:{key}".encode(), told, hashlib.sha256).digest()
    return b32encode(digest[:10]).decode().lower()
