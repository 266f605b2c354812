"""The secret address of one's calendar: made, replaced, taken back."""

import hashlib
import secrets

from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.exchange.models import CalendarFeed
from entregent.organizations.models import Membership


@transaction.atomic
def create_feed(*, by: Membership) -> str:
    """A new secret, which alone opens the calendar. The one before no longer does. It is given here only."""
    record("create_calendar_feed", by=by)
    secret = secrets.token_urlsafe(32)
    CalendarFeed.objects.filter(organization_id=by.organization_id, membership=by).delete()
    CalendarFeed.objects.create(organization_id=by.organization_id, membership=by, digest=digest_of(secret))
    return secret


@transaction.atomic
def revoke_feed(*, by: Membership) -> None:
    """The address opens nothing any more, at once."""
    record("revoke_calendar_feed", by=by)
    CalendarFeed.objects.filter(organization_id=by.organization_id, membership=by).delete()


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def member_behind(secret: str) -> Membership | None:
    """Whose calendar this address opens, if they are still active. Called outside of any organization."""
    digest = digest_of(secret)
    with connection.cursor() as cursor:
        # The wall lets this one row through: nobody knows the organization yet.
        cursor.execute("SELECT set_config('app.token_digest', %s, true)", [digest])
    feed = CalendarFeed.objects.filter(digest=digest).first()
    if feed is None:
        return None
    with in_organization(feed.organization_id):
        found = Membership.objects.active().select_related("user", "organization").filter(pk=feed.membership_id)
        return found.first()
