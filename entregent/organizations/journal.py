"""Who changed a record of this area last: what a stale save is told."""

from zoneinfo import ZoneInfo

from django.utils import timezone

from entregent.audit.models import Action, Change
from entregent.organizations.models import Organization, User
from entregent.toolbox.errors import Stale


def stale(current, *, organization: Organization) -> Stale:
    """The refusal of a save over `current`, naming who saved it and at what time of the organization."""
    if isinstance(current, Organization):
        last = Action.objects.filter(
            organization_id=organization.pk, subject_type="organizations.organization", subject_id=current.pk
        ).first()
    else:
        last = Change.objects.filter(
            organization_id=organization.pk, table_name=current._meta.db_table, row_id=current.pk
        ).first()
    user = User.objects.filter(pk=last.user_id).first() if last is not None and last.user_id else None
    moment = (last.at if last is not None else timezone.now()).astimezone(ZoneInfo(organization.time_zone))
    return Stale(who=user.name if user is not None else "Entregent", when=f"{moment:%H:%M}", current=current)
