"""The client answers: plans that were paused for them go on, steps that wait for their answer are done."""

from collections.abc import Iterable

from django.db import transaction

from entregent.cases.models import Case
from entregent.organizations.models import Organization
from entregent.processes.actions.happening import happened
from entregent.processes.actions.steering import resume_run
from entregent.processes.events import CLIENT_ANSWERED
from entregent.processes.models import ProcessRun


@transaction.atomic
def client_answered(case_ids: Iterable[int], *, organization: Organization, files: int = 0) -> None:
    """Something came from the client for these cases. Call it before what came is written: the case is locked first,
    then its plans, then their contacts. A deferred case stays deferred, and its plans with it."""
    cases = (
        Case.objects.select_for_update(no_key=True, of=("self",)).select_related("client", "case_type", "organization")
        .filter(pk__in=list(case_ids), organization_id=organization.pk).open().order_by("pk")
    )  # fmt: skip
    for case in cases:
        if case.state != Case.State.DEFERRED:
            for run in ProcessRun.objects.filter(case=case, state=ProcessRun.State.WAITING).order_by("pk"):
                resume_run(run, by=None)
        happened(CLIENT_ANSWERED, organization=organization, client=case.client, case=case, facts={"files": files})
