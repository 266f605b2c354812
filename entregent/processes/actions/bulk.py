"""Many steps at once, of « Mon travail »: done, or given to somebody. The work is a job (`processes.tasks`), step by
step by the same verbs as on a plan, so that the same is refused."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.organizations.models import Membership, Team, User
from entregent.processes.actions.plan import body_of
from entregent.processes.actions.working import complete_step, reassign_step
from entregent.processes.definitions import step_of
from entregent.processes.fields import fields_of
from entregent.processes.models import ProcessStep
from entregent.toolbox.errors import Refusal

JOB = "processes.bulk"
COMPLETE, ASSIGN = "complete", "assign"
MOST_CHOSEN = 5000


@transaction.atomic
def change_steps(
    *, by: Membership, ids: Iterable[int], change: str, user: User | None = None, team: Team | None = None
) -> Job:
    """Starts the work on the steps that were ticked. Refuses nothing ticked, and nobody to give them to."""
    chosen = sorted(set(ids))
    if not chosen:
        raise Refusal("E-SELECTION", _("Cochez au moins une étape."), field="selection")
    if len(chosen) > MOST_CHOSEN:
        raise Refusal("E-SELECTION", _("%(n)s étapes au plus à la fois.") % {"n": MOST_CHOSEN}, field="selection")
    if change == COMPLETE:
        label = _("Terminer des étapes")
    elif change == ASSIGN and (user is not None or team is not None):
        name = user.name if user is not None else team.label if team is not None else ""
        label = _("Confier des étapes à %(name)s") % {"name": name}
    else:
        raise Refusal("E-CHOICE", _("Choisissez à qui confier ces étapes."), field="a_qui")
    data: dict[str, Any] = {
        "ids": chosen, "change": change, "user": user.pk if user else None, "team": team.pk if team else None,
        "language": by.user.language,
    }  # fmt: skip
    return start_job(by=by, kind=JOB, label=label, data=data, total=len(chosen))


def chosen(job: Job, member: Membership) -> QuerySet:
    """Those that the member sees now."""
    return ProcessStep.objects.visible_to(member, Right.CASE_VIEW).filter(pk__in=job.data["ids"]).values("pk")


def change_one(job: Job, member: Membership, step_id: int) -> bool:
    """One step; whether anything changed. What was typed and kept in its form is what it is done with."""
    found = ProcessStep.objects.visible_to(member, Right.PROCESS_RUN).select_related(
        "run__process_version", "run__case"
    )
    step = found.filter(pk=step_id).first()
    if step is None:
        raise Refusal("E-NOTFOUND", _("Supprimée, ou hors de votre périmètre."))
    if job.data["change"] == COMPLETE:
        complete_as_kept(step, by=member)
        return True
    user = User.objects.filter(pk=job.data["user"] or 0).first()
    team = Team.objects.filter(organization_id=member.organization_id, pk=job.data["team"] or 0).first()
    before = (step.assignee_id, step.team_id)
    changed = reassign_step(step, by=member, user=user, team=team)
    return (changed.assignee_id, changed.team_id) != before


def complete_as_kept(step: ProcessStep, *, by: Membership, version: int | None = None) -> ProcessStep:
    """The step is done with what was typed and kept in its form."""
    spec = None if step.is_ad_hoc else step_of(body_of(step.run.process_version), step.key)
    fields = fields_of(spec.get("form")) if spec is not None else []
    kept = {field.key: step.data[field.key] for field in fields if field.key in step.data}
    return complete_step(step, by=by, data=kept, version=version)
