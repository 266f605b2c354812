"""What each action of the registry does. Everything in the transaction of its job: done with it, or not at all.

The product itself acts here (`by=None`), in the organization of the plan and for its client; what leaves goes through
the outbox. What an action made is kept in the data of its step.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from entregent.cases.actions import (
    add_log_entry,
    add_reminder,
    add_tasks,
    attach_interaction,
    change_state,
    close_case,
    edit_case,
    keep_case_document,
)
from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.rules import actor
from entregent.cases.facts import facts_of_case
from entregent.cases.models import Case, CaseDocument
from entregent.clients.facts import facts_of
from entregent.clients.models import Client, ClientPerson
from entregent.documents.actions import find_template, generate_document
from entregent.documents.letters import mail_of
from entregent.documents.models import StoredFile
from entregent.documents.texts import render
from entregent.interactions.actions import record_by_system
from entregent.interactions.models import Interaction
from entregent.organizations.models import Team, User
from entregent.outbox.actions import send_mail
from entregent.outbox.models import Message
from entregent.processes import course
from entregent.processes.actions.plan import Plan, tell
from entregent.processes.actions.working import may_do
from entregent.processes.definitions import fields_of_step
from entregent.processes.fields import fields_of, in_language, words_of
from entregent.processes.models import ProcessStep
from entregent.toolbox.errors import Refusal
from entregent.toolbox.working_time import parse_offset

# The plans whose actions are at work in this transaction: what they cause does not turn against them.
_at_work: ContextVar[tuple[int, ...]] = ContextVar("plans_at_work", default=())


def plans_at_work() -> tuple[int, ...]:
    return _at_work.get()


@contextmanager
def at_work(run_id: int) -> Iterator[None]:
    token = _at_work.set((*_at_work.get(), run_id))
    try:
        yield
    finally:
        _at_work.reset(token)


@dataclass
class Action:
    """An action that is being done: the plan, the step, its parameters."""

    plan: Plan
    step: ProcessStep
    params: Mapping[str, Any]
    # What tells it from every other action of the step.
    place: str

    @property
    def run(self):
        return self.plan.run

    @property
    def case(self) -> Case:
        if self.run.case is None:
            raise Refusal("E-001-NO-CASE", _("Cette action demande un dossier."))
        return self.run.case

    @property
    def language(self) -> str:
        """That of the client: what is written here is read there."""
        return self.run.client.language or self.plan.organization.language

    def text(self, name: str, *, language: str = "") -> str:
        """A parameter in words, with its variables filled in."""
        language = language or self.plan.organization.language
        fr, en = words_of(self.params.get(name) or "")
        with translation.override(language):
            source = in_language((fr, en))
            if "{" not in source:
                return source
            return render(source, self.facts(language), where=_("Texte"))

    def facts(self, language: str) -> dict[str, Any]:
        """What texts may say: the client, the case, what was entered at the steps."""
        return facts_of_plan(self.plan, language)


def facts_of_plan(plan: Plan, language: str) -> dict[str, Any]:
    """Plain data for texts, told in a language: the client, the case, what was entered at the steps (`answers`)."""
    run = plan.run
    with translation.override(language):
        if run.case is not None:
            facts = facts_of_case(run.case, language)
        else:
            facts = {**facts_of(run.client, language=language), "case": {}}
        answers: dict[str, dict[str, Any]] = {}
        for spec in plan.body["steps"]:
            step = plan.current.get(spec["key"])
            data = step.data if step is not None and step.state == course.DONE else {}
            answers[spec["key"]] = {one.key: one.told(data.get(one.key)) for one in fields_of_step(spec)}
        known = {one.key: one for one in fields_of(plan.body["facts"])}
        started_with = {key: known[key].told(value) if key in known else str(value) for key, value in run.facts.items()}
        return {
            **facts, "plan": {"name": run.definition.name}, "answers": answers, "steps": answers, "facts": started_with,
        }  # fmt: skip


def perform(name: str, plan: Plan, step: ProcessStep, params: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Does an action of the registry. Gives what it made, to be kept with the step. `place`: where in the step it
    stands (« late:0:1 »)."""
    with at_work(plan.run.pk):
        return PERFORMERS[name](Action(plan, step, params or {}, place)) or {}


# ——— Letters and mails ———


def _generate_document(action: Action, *, by_post: bool = False) -> dict[str, Any]:
    plan, run = action.plan, action.run
    language = action.language
    file = generate_document(
        organization=plan.organization, by=None, template=action.params["template"], facts=action.facts(language),
        language=language, client=run.client,
        is_confidential=run.case is not None and run.case.is_confidential, by_post=by_post,
    )  # fmt: skip
    made: dict[str, Any] = {"file": file.pk, "file_name": file.name}
    title = action.text("title", language=plan.organization.language) if action.params.get("title") else ""
    if run.case is not None:
        document = keep_case_document(
            run.case, by=None, file=file, kind=CaseDocument.Kind.LETTER, title=title, step_id=action.step.pk
        )
        made["document"] = document.pk
    else:
        made["interaction"] = _note(action, title or file.name, files=[file]).number
    return made


def mail_as_letter(action: Action) -> dict[str, Any]:
    """What a mail says as a letter that waits for the next printing, kept where the letters of the plan are. Gives what
    is kept with the step in the place of the mail. Refuses a client whom no letter reaches."""
    client = action.run.client
    if client.status == Client.Status.REMOVED:
        raise Refusal("E-001-NO-ADDRESS", _("Ce client a été retiré."))
    if len(action.facts(action.language)["client"].get("address_block") or []) < 2:
        raise Refusal("E-001-NO-ADDRESS", _("Le client n'a pas d'adresse postale."))
    return {"by_post": True, **_generate_document(action, by_post=True)}


def _send_mail(action: Action) -> dict[str, Any]:
    plan, run = action.plan, action.run
    if run.client.status == Client.Status.REMOVED:
        # Who was removed gets no mails any more. The plan goes on; the journal says why nothing left.
        plan.journal("process_mail_left_out", action.step)
        return {"to": ""}
    language = action.language
    address = address_of(run.client, action.params.get("to") or "client")
    if not address and action.params.get("optional"):
        return {"to": ""}
    if not address:
        raise Refusal("E-001-NO-EMAIL", _("Le client n'a pas d'adresse de courriel."))
    with translation.override(language):
        template = find_template(plan.organization, action.params["template"])
        subject, paragraphs = mail_of(template, action.facts(language), language=language)
    attached = _attached(action)
    is_confidential = run.case is not None and run.case.is_confidential
    message = send_mail(
        organization_id=plan.organization.pk,
        to=address,
        subject=subject,
        paragraphs=paragraphs,
        language=language,
        nature=Message.Nature.LETTER,
        attachments=[file.pk for file in attached],
        subject_record=run.case or run.interaction,
        # Of a confidential case it is read there, and neither on the file of the client nor in the outbox.
        client_id=None if is_confidential else run.client_id,
        is_personal=is_confidential,
        thread=("interaction", run.interaction.number) if run.case is None and run.interaction is not None else None,
    )
    if run.case is not None:
        follow_clocks(run.case)
    return {"mail": message.pk, "to": address}


def address_of(client: Client, role: str) -> str:
    """Where the client takes mails: its primary (or billing) person's first address, else its own."""
    ties = list(
        ClientPerson.objects.filter(client=client, person__deleted_at__isnull=True)
        .filter(Q(is_primary=True) | Q(is_billing=True)).select_related("person")
    )  # fmt: skip
    wanted = [tie for tie in ties if tie.is_billing] if role == "billing" else []
    for tie in [*wanted, *(tie for tie in ties if tie.is_primary)]:
        if tie.person.main_email:
            return tie.person.main_email
    return client.main_email


def _attached(action: Action) -> list[StoredFile]:
    """The letters that the steps named have made."""
    wanted = action.params.get("attach") or []
    keys = wanted if isinstance(wanted, list) else [wanted]
    ids = [made for key in keys for made in _files_of(action.plan.current.get(key))]
    return list(StoredFile.objects.filter(pk__in=ids, organization_id=action.run.organization_id).order_by("pk"))


def _files_of(step: ProcessStep | None) -> list[int]:
    if step is None:
        return []
    return [int(made["file"]) for made in step.data.get("made", []) if made.get("file")]


# ——— The case ———


def _close_case(action: Action) -> dict[str, Any]:
    reason = action.text("reason")[:200]
    if action.run.case is None:
        return {}
    close_case(action.case, by=None, reason=reason, sub_status=action.params.get("sub_status") or "")
    return {"state": "done"}


def _change_state(action: Action) -> dict[str, Any]:
    if action.run.case is None:
        return {}
    change = close_case if action.params["state"] in ("done", "cancelled") else change_state
    change(
        action.case, by=None, state=action.params["state"], sub_status=action.params.get("sub_status") or "",
        reason=action.text("reason")[:200] or action.run.definition.name,
    )  # fmt: skip
    return {"state": action.params["state"]}


def _assign(action: Action) -> dict[str, Any]:
    if action.run.case is None:
        return {}
    user, team = action.plan.doers.of(action.params["to"], action.run)
    if user is None and team is None:
        raise Refusal("E-001-WHO", _("Il n'y a personne à qui confier le dossier."))
    edit_case(
        action.case, by=None,
        responsible=User.objects.get(pk=user) if user is not None else None,
        team=Team.objects.get(pk=team) if team is not None else action.case.team,
    )  # fmt: skip
    return {}


def _log_entry(action: Action) -> dict[str, Any]:
    if action.run.case is None:
        return {}
    entry = add_log_entry(action.case, by=None, text=action.text("text"))
    return {"log_entry": entry.pk}


def _add_tasks(action: Action) -> dict[str, Any]:
    if action.run.case is None:
        return {}
    with translation.override(action.plan.organization.language):
        texts = [in_language(words_of(one)) for one in action.params["tasks"]]
    add_tasks(action.case, by=None, texts=texts)
    return {}


# ——— People ———


def _escalate(action: Action) -> dict[str, Any]:
    plan, step = action.plan, action.step
    users = plan.doers.users_of(action.params["to"], plan.run, step)
    if users and action.params.get("reassign") and may_do(plan.run, users[0]):
        step.assignee_id, step.team = users[0], None
        plan.touch(step)
    tell(plan, "step_escalated", step, users)
    return {"told": users}


def _notify(action: Action) -> dict[str, Any]:
    plan = action.plan
    users = plan.doers.users_of(action.params.get("to") or "", plan.run, action.step)
    tell(plan, "step_told", action.step, users, text=action.text("text")[:500])
    return {"told": users}


def remind(plan: Plan, step: ProcessStep) -> None:
    """What a reminder does unless the process says otherwise: who does the step is told."""
    tell(plan, "step_reminder", step, plan.doers.users_of("", plan.run, step))


def _create_interaction(action: Action) -> dict[str, Any]:
    subject, text = action.text("subject"), action.text("text") if action.params.get("text") else ""
    if action.run.case is not None and action.run.case.is_confidential:
        # A contact is seen by everybody who sees the client: what a confidential case has to tell stands in its log.
        told = "\n\n".join(part for part in (subject, text) if part.strip())
        return {"log_entry": add_log_entry(action.run.case, by=None, text=told[:20_000]).pk}
    made = _note(action, subject, text=text)
    return {"interaction": made.number}


def _note(action: Action, subject: str, *, text: str = "", files=()) -> Interaction:
    """A contact that the plan records: internal, and a part of the case."""
    run = action.run
    made = record_by_system(
        organization=action.plan.organization,
        client=run.client,
        person=None,
        channel=action.params.get("channel") or Interaction.Channel.NOTE,
        subject=subject[:200],
        text=text,
        external_key=f"plan:{action.step.pk}:{action.place}",
        origin=Interaction.Origin.PROCESS,
        topic=action.params.get("topic") or "",
        files=files,
    )
    if run.case is not None:
        attach_interaction(run.case, made, by=None)
    return made


def _set_follow_up(action: Action) -> dict[str, Any]:
    plan, run = action.plan, action.run
    users = plan.doers.users_of(action.params.get("to") or "", run, action.step)
    user = users[0] if users else (run.case.responsible_id if run.case is not None else None) or run.started_by_id
    if user is None:
        raise Refusal("E-001-WHO", _("Il n'y a personne pour ce rappel."))
    day = _day(plan, action.params["after"])
    text = action.text("text")[:200] if action.params.get("text") else action.step.name_fr[:200]
    reminder = add_reminder(
        run.case or run.interaction, by=actor(None, plan.organization), on=day, user=User.objects.get(pk=user),
        text=text,
    )  # fmt: skip
    return {"reminder": reminder.pk, "on": day.isoformat()}


def _day(plan: Plan, offset: str) -> date:
    parse_offset(offset)
    return plan.calendar.due(offset, plan.now).astimezone(ZoneInfo(plan.organization.time_zone)).date()


PERFORMERS: dict[str, Callable[[Action], dict[str, Any] | None]] = {
    "generate_document": _generate_document,
    "send_mail": _send_mail,
    "close_case": _close_case,
    "change_state": _change_state,
    "assign": _assign,
    "escalate": _escalate,
    "notify": _notify,
    "log_entry": _log_entry,
    "create_interaction": _create_interaction,
    "set_follow_up": _set_follow_up,
    "add_tasks": _add_tasks,
}
