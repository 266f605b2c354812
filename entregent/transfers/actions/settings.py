from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal, Refusals
from entregent.transfers.models import TransferSettings


@transaction.atomic
def update_transfer_settings(*, by: Membership, version: int, delay_days: int, reminder_days: int) -> TransferSettings:
    """How long transfers live from now on; those that are under way keep their day."""
    record("update_transfer_settings", by=by, delay_days=delay_days, reminder_days=reminder_days)
    TransferSettings.objects.get_or_create(organization_id=by.organization_id)
    choices = TransferSettings.objects.select_for_update().get(organization_id=by.organization_id)
    if choices.version != version:
        raise stale(choices, organization=by.organization)
    refusals = []
    if not 1 <= delay_days <= 365:
        refusals.append(Refusal("E-004-DAYS", _("De 1 à 365 jours."), field="delay_days"))
    if not 0 <= reminder_days < max(delay_days, 1):
        message = _("Le rappel précède l’échéance, après l’envoi.")
        refusals.append(Refusal("E-004-DAYS", message, field="reminder_days"))
    if refusals:
        raise Refusals(refusals)
    choices.delay_days, choices.reminder_days = delay_days, reminder_days
    choices.version += 1
    choices.save()
    return choices
