"""Counts over everything: made once for all who reach the same, kept for a while, shown with their time."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from entregent.dashboards.models import Figure
from entregent.organizations.extension_points import Portlet
from entregent.organizations.models import Membership

FRESH_FOR = timedelta(minutes=10)
# Of reaches that nobody has any more: substitutes whose turn is over, sectors that were moved.
KEPT_FOR = timedelta(days=1)


def measured(portlet: Portlet, member: Membership) -> tuple[Any, datetime]:
    """What the portlet counts within the member's reach, at most ten minutes old.

    While one request counts anew, the others show what stands.
    """
    now = timezone.now()
    key = reach_key(portlet, member)
    known = Figure.objects.filter(organization_id=member.organization_id, portlet=portlet.code, reach=key).first()
    if known is not None and (known.measured_at > now - FRESH_FOR or not _is_ours(portlet, member, key)):
        return known.value, known.measured_at
    assert portlet.measure is not None
    value = portlet.measure(member)
    Figure.objects.update_or_create(
        organization_id=member.organization_id,
        portlet=portlet.code,
        reach=key,
        defaults={"value": value, "measured_at": now},
    )
    Figure.objects.filter(organization_id=member.organization_id, measured_at__lt=now - KEPT_FOR).delete()
    return value, now


def reach_key(portlet: Portlet, member: Membership) -> str:
    """The same for two members exactly when the same records are in reach of both."""
    if member.reach.is_whole(portlet.right):
        return "whole"
    scopes = sorted({(one.scope_type, tuple(sorted(one.scope_ids))) for one in member.reach.grants_with(portlet.right)})
    return hashlib.sha256(json.dumps(scopes).encode()).hexdigest()


def _is_ours(portlet: Portlet, member: Membership, key: str) -> bool:
    """Whether this request, and no other one at the moment, counts anew. Lasts as long as the transaction."""
    name = f"figure {member.organization_id} {portlet.code} {key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return cursor.fetchone()[0]
