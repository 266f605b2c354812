"""« Ne pas relancer »: hardship, an agreed payment plan."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.dunning.actions.stopping import stop_of_clients
from entregent.dunning.models import DunningHold
from entregent.organizations.models import Membership
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import one_line

LONGEST = timedelta(days=3 * 366)


@transaction.atomic
def set_hold(client: Client, *, by: Membership, reason: str, until: date | None = None, note: str = "") -> DunningHold:
    """Nobody duns the client until a day, or until it is lifted; what runs is ended. Takes the place of a hold that
    stands. Refuses without a reason, and a day that has passed or is more than three years away."""
    note = one_line(str(note or ""))
    record("set_dunning_hold", by=by, subject=client, client_id=client.pk, reason=note[:200],
           hold=str(reason or ""), until=until.isoformat() if until else "", note=note[:200])  # fmt: skip
    today = today_in(by.organization.time_zone)
    refusals: list[Refusal] = []
    if reason not in DunningHold.Reason.values:
        refusals.append(required("reason", _("Motif")))
    if until is not None and until < today:
        refusals.append(Refusal("E-DUNNING-HOLD", _("Ce jour est passé."), field="until"))
    elif until is not None and until > today + LONGEST:
        refusals.append(Refusal("E-DUNNING-HOLD", _("Au plus trois ans."), field="until"))
    if len(note) > 200:
        refusals.append(too_long("note", _("Précision"), 200))
    if refusals:
        raise Refusals(refusals)
    _locked(client, by)
    _lift(client, by)
    hold = DunningHold.objects.create(
        organization_id=by.organization_id, client=client, reason=reason, until=until, note=note, set_by_id=by.user_id
    )
    stop_of_clients([client.pk], by=by, organization=by.organization)
    return hold


@transaction.atomic
def lift_hold(client: Client, *, by: Membership) -> DunningHold:
    """The client may be dunned again, from the next run on. Refuses when there is no hold."""
    record("lift_dunning_hold", by=by, subject=client, client_id=client.pk)
    _locked(client, by)
    hold = DunningHold.objects.filter(client=client, lifted_at__isnull=True).first()
    if hold is None:
        raise Refusal("E-DUNNING-HOLD", _("Les relances de ce client ne sont pas suspendues."), status=409)
    _lift(client, by)
    return hold


def _locked(client: Client, by: Membership) -> None:
    found = Client.objects.visible_to(by, Right.CASE_EDIT).select_for_update(of=("self",)).filter(pk=client.pk)
    if not found.values_list("pk"):
        raise NotFound


def _lift(client: Client, by: Membership) -> None:
    DunningHold.objects.filter(client=client, lifted_at__isnull=True).update(
        lifted_at=timezone.now(), lifted_by_id=by.user_id
    )
