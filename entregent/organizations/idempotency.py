"""The same create asked twice makes one record: a double click, a call repeated after a lost answer."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from entregent.access.statements import rows_of
from entregent.access.wall import in_organization
from entregent.organizations.models import IdempotencyKey, Organization
from entregent.toolbox.errors import Refusal

# So long a repeat is recognised: a form that waited on a laptop over a weekend still makes one record.
KEPT_FOR = timedelta(days=7)
_AT_ONCE = 10_000


def forget_old_keys() -> int:
    """Removes the keys that have served their time, organization after organization. Returns how many."""
    gone = 0
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            with in_organization(organization_id):
                old = IdempotencyKey.objects.filter(
                    organization_id=organization_id, created_at__lt=timezone.now() - KEPT_FOR
                ).order_by("created_at")[:_AT_ONCE]
                removed, _by_model = IdempotencyKey.objects.filter(pk__in=old.values("pk")).delete()
            gone += removed
    return gone


def fingerprint_of(body) -> str:
    """The same for the same request; `body` is anything that goes into JSON, dates and the like as their text."""
    text = body if isinstance(body, str) else json.dumps(body, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def once(
    organization_id: int, purpose: str, key: str | None, fingerprint, make: Callable[[], object]
) -> tuple[int, bool]:
    """Runs `make` (which gives a record, or its id) unless `key` has served for `purpose`; (id, was it a repeat?).

    Whoever comes second while the first is still at work waits for it: inserting the same key waits for the first
    transaction. The same key with another body is refused.
    """
    if not key:
        return _id_of(make()), False
    if len(key) > 120 or not (key.isascii() and key.isprintable() and " " not in key):
        raise Refusal("E-IDEMPOTENCY", _("La clé d'idempotence est invalide."), status=422)
    mark = fingerprint_of(fingerprint)
    with transaction.atomic():
        taken = rows_of(
            """
            INSERT INTO organizations_idempotencykey (organization_id, purpose, key, fingerprint, created_at)
            VALUES (%s, %s, %s, %s, now())
            ON CONFLICT (organization_id, purpose, key) DO NOTHING RETURNING id
            """,
            [organization_id, purpose, key, mark],
        )
        if not taken:
            kept = IdempotencyKey.objects.select_for_update().get(
                organization_id=organization_id, purpose=purpose, key=key
            )
            if kept.fingerprint != mark:
                raise Refusal(
                    "E-IDEMPOTENCY", _("Cette clé d'idempotence a déjà servi pour une autre demande."), status=422
                )
            return _id_of(kept.subject_id), True
        subject_id = _id_of(make())
        rows_of(
            "UPDATE organizations_idempotencykey SET subject_id = %s WHERE id = %s RETURNING id",
            [subject_id, taken[0][0]],
        )
        return subject_id, False


def _id_of(made) -> int:
    return getattr(made, "pk", made)
