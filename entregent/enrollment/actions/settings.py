from django.db import transaction

from entregent.audit.actions import record
from entregent.enrollment.actions.enrolling import LOAD
from entregent.enrollment.models import EnrollmentSettings
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership
from entregent.toolbox.queue import ask


@transaction.atomic
def update_enrollment_settings(*, by: Membership, version: int, is_automatic: bool) -> EnrollmentSettings:
    """Whether transmissions are loaded as they come. Switched on, it loads what waits."""
    record("update_enrollment_settings", by=by, is_automatic=is_automatic)
    EnrollmentSettings.objects.get_or_create(organization_id=by.organization_id)
    chosen = EnrollmentSettings.objects.select_for_update().get(organization_id=by.organization_id)
    if chosen.version != version:
        raise stale(chosen, organization=by.organization)
    if chosen.is_automatic != is_automatic:
        chosen.is_automatic = is_automatic
        chosen.version += 1
        chosen.save()
        if is_automatic:
            ask(LOAD, queue="bulk", lock=f"enrollment-{by.organization_id}", organization_id=by.organization_id)
    return chosen
