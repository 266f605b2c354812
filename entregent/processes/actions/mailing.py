"""Mails of plans that could not be delivered: people are told; they are sent again, or go as letters instead."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.cases.models import Case
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership
from entregent.outbox.actions import note_letter, retry_message
from entregent.outbox.models import Message
from entregent.processes.actions.due import go_on
from entregent.processes.actions.performing import Action, at_work, mail_as_letter
from entregent.processes.actions.plan import READY, Plan, tell
from entregent.processes.actions.working import check_runs, check_theirs, not_current, plan_of
from entregent.processes.models import ProcessJob, ProcessRun, ProcessStep
from entregent.toolbox.errors import NotFound, Refusal

SEND = "send_mail"


def mails_of(steps: Iterable[ProcessStep]) -> dict[int, list[Message]]:
    """The mails that steps have sent, by step; those in whose place a letter went left out."""
    ids = {made["mail"]: step.pk for step in steps for made in step.data.get("made", []) if _is_mail(made)}
    found: dict[int, list[Message]] = {}
    if ids:
        columns = ("organization_id", "recipients", "state", "reason", "error")
        for mail in Message.objects.filter(pk__in=ids).only(*columns).order_by("pk"):
            found.setdefault(ids[mail.pk], []).append(mail)
    return found


def _is_mail(made: dict[str, Any]) -> bool:
    return bool(made.get("action") == SEND and made.get("mail") and not made.get("by_post"))


def failed_mail_steps(steps: Iterable[ProcessStep]) -> dict[int, int]:
    """Of steps that have failed, the place of the action that did, by step."""
    failed = [step.pk for step in steps if step.state == ProcessStep.State.FAILED]
    if not failed:
        return {}
    jobs = ProcessJob.objects.filter(step_id__in=failed, kind=ProcessJob.Kind.ACTION, state=ProcessJob.State.FAILED)
    return dict(jobs.values_list("step_id", "index"))


def is_mail(spec: dict[str, Any] | None, index: int | None) -> bool:
    """Whether the action of a step at this place is a mail."""
    actions = (spec or {}).get("do") or []
    return index is not None and index < len(actions) and SEND in actions[index]


def mail_failed(message: Message) -> None:
    """Those who launched the plan, or answer for its case, hear that a mail of it did not arrive."""
    step = _step_of(message)
    if step is None:
        return
    try:
        plan = Plan.locked(step.run_id, organization_id=step.organization_id)
    except NotFound:
        return
    users = {plan.run.started_by_id, plan.run.case.responsible_id if plan.run.case is not None else None}
    with translation.override(plan.organization.language):
        why = f"{', '.join(message.recipients)} : {message.get_reason_display()}"
    tell(plan, "step_mail_refused", step, [user for user in users if user is not None], text=why[:500])


def _step_of(message: Message) -> ProcessStep | None:
    of = {Case._meta.label_lower: "run__case_id", Interaction._meta.label_lower: "run__interaction_id"}
    path = of.get(message.subject_type)
    if path is None or message.subject_id is None or message.organization_id is None:
        return None
    return ProcessStep.objects.filter(
        organization_id=message.organization_id,
        data__made__contains=[{"mail": message.pk}],
        **{path: message.subject_id},
    ).first()


@transaction.atomic
def send_mail_again(step: ProcessStep, *, by: Membership, mail_id: int | None = None) -> Message:
    """« Réessayer »: the mail of the step that could not be delivered is sent once more."""
    plan, current = plan_of(step, by=by)
    check_theirs(current, by)
    _place, mail = _refused_mail(plan, current, mail_id)
    return retry_message(mail, by=by)


@transaction.atomic
def send_by_post(
    step: ProcessStep, *, by: Membership, mail_id: int | None = None, version: int | None = None
) -> ProcessStep:
    """« Passer en courrier »: what the mail says goes as a letter. Where the step has failed at its mail, it goes on
    after it; else the letter stands in the place of the mail that the server refused (`mail_id`, or the first one).

    Refuses where no mail has failed (E-001-STEP), and a client without postal address (E-001-NO-ADDRESS).
    """
    # The case first, then the plan: as whoever closes a case does.
    case_id = ProcessRun.objects.filter(pk=step.run_id).values_list("case_id", flat=True).first()
    if case_id is not None:
        list(Case.objects.select_for_update(no_key=True).filter(pk=case_id).values_list("pk"))
    plan, current = plan_of(step, by=by, version=version)
    check_theirs(current, by)
    if current.state == ProcessStep.State.FAILED:
        _go_on_by_post(plan, current)
        return current
    place, mail = _refused_mail(plan, current, mail_id)
    plan.journal("mail_by_post", current)
    made = list(current.data["made"])
    made[place] = {**made[place], **_letter(plan, current, place)}
    current.data = {**current.data, "made": made}
    plan.touch(current)
    note_letter(mail)
    plan.save(is_quiet=True)
    return current


def _go_on_by_post(plan: Plan, step: ProcessStep) -> None:
    check_runs(plan)
    spec = plan.spec(step)
    index = failed_mail_steps([step]).get(step.pk)
    if spec is None or index is None or not is_mail(spec, index):
        raise not_current()
    plan.journal("mail_by_post", step)
    made = {"action": SEND, **_letter(plan, step, index)}
    step.data = {key: value for key, value in step.data.items() if key != "error"}
    step.data["made"] = [*step.data.get("made", []), made]
    step.state = READY
    plan.touch(step)
    step.jobs.filter(kind=ProcessJob.Kind.ACTION, index=index).update(
        state=ProcessJob.State.DONE, done_at=plan.now, error=""
    )
    plan._state_of_run()
    go_on(plan, step, spec, index)


def _letter(plan: Plan, step: ProcessStep, index: int) -> dict[str, Any]:
    spec = plan.spec(step)
    if spec is None or not is_mail(spec, index):
        # The process was migrated: it says nothing of this mail any more.
        raise not_current()
    ((_name, params),) = spec["do"][index].items()
    with at_work(plan.run.pk), translation.override(plan.organization.language):
        return mail_as_letter(Action(plan, step, params or {}, f"post:{index}"))


def _refused_mail(plan: Plan, step: ProcessStep, mail_id: int | None) -> tuple[int, Message]:
    """The place of a mail of the step that could not be delivered among what the step has made, and the mail."""
    made = step.data.get("made", [])
    places = {one["mail"]: place for place, one in enumerate(made) if _is_mail(one)}
    wanted = places if mail_id is None else {mail_id} & set(places)
    mails = Message.objects.filter(organization_id=plan.run.organization_id, pk__in=wanted)
    mail = mails.filter(state=Message.State.FAILED).order_by("pk").first()
    if mail is None:
        raise Refusal("E-001-STEP", _("Aucun courriel de cette étape n’est resté en échec."))
    return places[mail.pk], mail
