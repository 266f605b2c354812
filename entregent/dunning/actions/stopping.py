"""What ends dunning: payment, a dispute, hardship; by the change itself, every few minutes, and before each letter."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from entregent.access.wall import in_organization
from entregent.audit.actions import record
from entregent.cases.actions import close_case
from entregent.cases.models import Case
from entregent.clients.state_changes import Change
from entregent.dunning.candidates import KEY, end_of, is_settled
from entregent.dunning.models import DunningRun
from entregent.organizations.models import Membership, Organization
from entregent.processes.models import ProcessRun
from entregent.toolbox.dates import today_in

# The sub-status that a dossier gets where its type has one of this code.
SUB_STATUSES = {"paid": "soldee", "disputed": "contestee", "hold": "suspendue"}
BATCH = 200


def stop_settled(organization_id: int) -> int:
    """Ends what is no longer to be dunned in an organization; says how much. Each in a transaction of its own."""
    stopped, last = 0, 0
    while True:
        with in_organization(organization_id):
            organization = Organization.objects.get(pk=organization_id)
            found = list(_settled(organization).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not found:
            return stopped
        last = found[-1]
        for key in found:
            with in_organization(organization_id):
                stopped += stop(key)


def stop_of_clients(clients: list[int], *, by: Membership | None, organization: Organization) -> int:
    """The same for some clients, at once: in the transaction of what was changed."""
    found = _settled(organization).filter(case__client_id__in=clients).order_by("pk").values_list("pk", flat=True)
    return sum(stop(key, by=by) for key in list(found))


def _settled(organization: Organization) -> QuerySet[DunningRun]:
    runs = DunningRun.objects.filter(organization_id=organization.pk, case__deleted_at__isnull=True).open()
    return runs.filter(is_settled(today_in(organization.time_zone)))


@transaction.atomic
def stop(key: int, *, by: Membership | None = None) -> bool:
    """Ends one, if it is still to be ended: its dossier is closed with the reason, its plan does nothing more."""
    case_id = DunningRun.objects.filter(pk=key).values_list("case_id", flat=True).first()
    # The dossier first, as whoever closes it does.
    cases = Case.objects.select_for_update(no_key=True).filter(pk=case_id or 0, deleted_at__isnull=True)
    if not cases.values_list("pk"):
        return False
    run = (
        DunningRun.objects.select_for_update(of=("self",)).open()
        .select_related("invoice", "case__organization", "case__client", "case__case_type").filter(pk=key).first()
    )  # fmt: skip
    if run is None:
        return False
    organization = run.case.organization
    why = end_of(run, today_in(organization.time_zone))
    if not why:
        return False
    case = run.case
    record("stop_dunning", by=by, organization_id=organization.pk, subject=case, client_id=_told_of(case),
           invoice=run.invoice.key, why=why)  # fmt: skip
    run.ended_at, run.why_ended = timezone.now(), why
    run.save(update_fields=["ended_at", "why_ended"])
    if case.is_closed:
        return True
    sub_status = SUB_STATUSES.get(why, "")
    known = {one["code"] for one in case.case_type.sub_statuses_of("done")}
    with translation.override(organization.language):
        reason = str(DunningRun.End(why).label)
    close_case(case, by=None, reason=reason, sub_status=sub_status if sub_status in known else "")
    return True


def _told_of(case: Case) -> int | None:
    return None if case.is_confidential else case.client_id


# ——— What others tell ———


def states_changed(organization: Organization, changes: Sequence[Change]) -> None:
    """Invoices that were paid or contested, within a minute (`clients.state_changes`): what runs for them is ended."""
    changed = {change.object_id for change in changes if change.object_id is not None}
    found = _settled(organization).filter(invoice_id__in=changed).order_by("case_id").values_list("pk", flat=True)
    for key in list(found):
        stop(key)


def before_acting(run: ProcessRun) -> bool:
    """Before a plan goes on by itself (`processes.run_guards`): a paid invoice gets no letter, whatever was lost.
    Whether the plan was ended."""
    if run.case is None or not run.case.automatic_key.startswith(KEY):
        return False
    key = DunningRun.objects.filter(case_id=run.case.pk).open().values_list("pk", flat=True).first()
    return key is not None and stop(key)


def case_happened(event: str, case: Case, by: Membership | None) -> None:
    """A dossier that somebody closes, or whose plan went to its end, is no longer dunned; one that is reopened is."""
    if not case.automatic_key.startswith(KEY):
        return
    if case.is_closed:
        why = DunningRun.End.FINISHED if by is None else DunningRun.End.BY_HAND
        DunningRun.objects.filter(case=case).open().update(ended_at=timezone.now(), why_ended=why)
    elif event == "case.state_changed":
        others = DunningRun.objects.filter(invoice__in=_invoice_of(case)).open()
        if not others.exists():
            DunningRun.objects.filter(case=case, ended_at__isnull=False).update(ended_at=None, why_ended="")


def _invoice_of(case: Case) -> QuerySet:
    return DunningRun.objects.filter(case=case).values("invoice_id")
