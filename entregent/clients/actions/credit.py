"""Credit hold: it informs and never blocks (R003-06)."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients import validation
from entregent.clients.actions import _rules
from entregent.clients.models import Client, CreditHold
from entregent.clients.news import tell_credit_hold
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal


@transaction.atomic
def set_credit_hold(client: Client, *, by: Membership, reason: str, note: str = "") -> CreditHold:
    """Puts a client on credit hold. Refuses without a reason, and when there is a hold already."""
    record("set_credit_hold", by=by, subject=client, client_id=client.pk, reason=str(reason or ""))
    values, refusals = validation.clean_credit_hold({"reason": reason, "note": note})
    _rules.refuse_if_any(refusals)
    _rules.locked(client, by=by)
    if CreditHold.objects.filter(client=client, lifted_at__isnull=True).exists():
        raise Refusal("E-CREDIT-HOLD", _("Ce client est déjà en blocage de crédit."), status=409)
    hold = CreditHold.objects.create(organization_id=by.organization_id, client=client, set_by_id=by.user_id, **values)
    tell_credit_hold(client, by=by)
    _rules.announce(client, by=by, what="set_credit_hold")
    return hold


@transaction.atomic
def lift_credit_hold(client: Client, *, by: Membership) -> CreditHold:
    """Ends the credit hold of a client, which stays in its history. Refuses when there is none."""
    record("lift_credit_hold", by=by, subject=client, client_id=client.pk)
    _rules.locked(client, by=by)
    hold = CreditHold.objects.filter(client=client, lifted_at__isnull=True).first()
    if hold is None:
        raise Refusal("E-CREDIT-HOLD", _("Ce client n’est pas en blocage de crédit."), status=409)
    hold.lifted_at, hold.lifted_by_id = timezone.now(), by.user_id
    hold.save(update_fields=["lifted_at", "lifted_by"])
    _rules.announce(client, by=by, what="lift_credit_hold")
    return hold
