"""What is written into a case as work goes on: notes, its checklist, reminders, documents."""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.audit.actions import record
from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.rules import actor, journal, locked, locked_open, today_of
from entregent.cases.models import Case, CaseDocument, CaseLogEntry, CaseReminder, CaseTask
from entregent.documents.models import StoredFile
from entregent.interactions.actions.rules import clean_line, clean_notes, length_refusals, refuse
from entregent.interactions.models import Interaction
from entregent.organizations.idempotency import fingerprint_of, once
from entregent.organizations.models import User
from entregent.toolbox.errors import NotFound, Refusal, required

TASKS_AT_MOST = 100


@transaction.atomic
def add_log_entry(
    case: Case, *, by, text: str, kind: str | None = None, data: dict | None = None, idempotency_key: str | None = None
) -> CaseLogEntry:
    """Writes a note into the timeline of the case; by the product itself, what a plan of action tells."""
    who = actor(by, case.organization)
    text = clean_notes(text)
    if not text:
        raise required("text", _("Note"))
    refuse(length_refusals({"text": (_("Note"), text, 20_000)}))
    journal("add_case_log_entry", case, who)
    current = locked(case, by=who)

    def make() -> CaseLogEntry:
        return CaseLogEntry.objects.create(
            organization_id=current.organization_id,
            case=current,
            kind=kind or (CaseLogEntry.Kind.NOTE if by is not None else CaseLogEntry.Kind.SYSTEM),
            text=text,
            data=data or {},
            author=who.user,
        )

    kept_id, _was_repeated = once(
        current.organization_id, "case_log_entry", idempotency_key, fingerprint_of([current.pk, text]), make
    )
    return CaseLogEntry.objects.get(pk=kept_id)


@transaction.atomic
def add_tasks(case: Case, *, by, texts: Iterable[str], due_on: date | None = None) -> list[CaseTask]:
    """Adds lines to the checklist, in order. A line that is there and not done is not added again."""
    who = actor(by, case.organization)
    journal("add_case_task", case, who)
    current = locked_open(case, by=who)
    wanted = [clean_line(text) for text in texts]
    if not any(wanted):
        raise required("text", pgettext("case", "Tâche"))
    refuse([one for text in wanted for one in length_refusals({"text": (pgettext("case", "Tâche"), text, 200)})])
    there = set(current.tasks.filter(done_at__isnull=True).values_list("text", flat=True))
    new = list(dict.fromkeys(text for text in wanted if text and text not in there))
    if current.tasks.count() + len(new) > TASKS_AT_MOST:
        raise Refusal("E-001-TASKS", _("%(n)s tâches au plus par dossier.") % {"n": TASKS_AT_MOST}, field="text")
    last = current.tasks.aggregate(last=Max("position"))["last"] or 0
    return CaseTask.objects.bulk_create(
        CaseTask(
            organization_id=current.organization_id,
            case=current,
            text=text,
            position=last + place,
            due_on=due_on,
            created_by=who.user,
        )
        for place, text in enumerate(new, 1)
    )


@transaction.atomic
def set_task(task: CaseTask, *, by, done: bool) -> CaseTask:
    """Ticks a line of the checklist, or takes the tick away."""
    journal("set_case_task", task.case, by, text=task.text, done=done)
    locked_open(task.case, by=by)
    current = CaseTask.objects.select_for_update().filter(pk=task.pk).first()
    if current is None:
        raise NotFound
    if done != (current.done_at is not None):
        current.done_at, current.done_by = (timezone.now(), by.user) if done else (None, None)
        current.save(update_fields=["done_at", "done_by"])
    return current


@transaction.atomic
def remove_task(task: CaseTask, *, by) -> None:
    journal("remove_case_task", task.case, by, text=task.text)
    locked_open(task.case, by=by)
    task.delete()


@transaction.atomic
def add_reminder(
    of: Case | Interaction, *, by, on: date | None, user: User | None = None, text: str = "",
    idempotency_key: str | None = None,
) -> CaseReminder:  # fmt: skip
    """« Rappel »: on that day `user` (whoever asks, by default) is told to come back to the case or the contact.
    Refuses a day before today."""
    text = clean_line(text)
    record(
        "add_case_reminder",
        by=by,
        subject=of,
        client_id=None if getattr(of, "is_confidential", False) else of.client_id,
        number=of.number,
    )
    refusals = length_refusals({"text": (_("Rappel"), text, 200)})
    if on is None:
        refusals.append(required("on", _("Date du rappel")))
    elif on < today_of(by.organization):
        refusals.append(Refusal("E-001-REMINDER", _("La date du rappel est passée."), field="on"))
    refuse(refusals)
    assert on is not None
    subject = {"case": of} if isinstance(of, Case) else {"interaction": of}

    def make() -> CaseReminder:
        return CaseReminder.objects.create(
            organization_id=by.organization_id, **subject, on=on, user=user or by.user, text=text, created_by=by.user
        )

    mark = fingerprint_of([of._meta.label_lower, of.pk, str(on), text])
    kept_id, _was_repeated = once(by.organization_id, "case_reminder", idempotency_key, mark, make)
    return CaseReminder.objects.get(pk=kept_id)


@transaction.atomic
def complete_reminder(reminder: CaseReminder, *, by, done: bool = True) -> CaseReminder:
    of = reminder.case or reminder.interaction
    assert of is not None
    record(
        "complete_case_reminder",
        by=by,
        subject=of,
        client_id=None if getattr(of, "is_confidential", False) else of.client_id,
        number=of.number,
    )
    current = CaseReminder.objects.select_for_update().filter(pk=reminder.pk).first()
    if current is None:
        raise NotFound
    current.done_at = timezone.now() if done else None
    current.save(update_fields=["done_at"])
    return current


@transaction.atomic
def keep_case_document(
    case: Case,
    *,
    by,
    file: StoredFile,
    kind: str = CaseDocument.Kind.ATTACHMENT,
    title: str = "",
    version_of: CaseDocument | None = None,
    step_id: int | None = None,
) -> CaseDocument:
    """Keeps a file in the case. The same file twice is one document; `version_of` makes it a newer version of another
    document of the case. A plan of action keeps its letters on a closed case as well."""
    who = actor(by, case.organization)
    journal("keep_case_document", case, who, file=file.name)
    current = locked(case, by=who) if by is None else locked_open(case, by=who)
    title = clean_line(title)[:200] or file.name[:200]
    if version_of is not None:
        if version_of.case_id != current.pk:
            raise NotFound
        version_of = version_of.version_of or version_of
    document, _created = CaseDocument.with_removed.get_or_create(
        case=current,
        file=file,
        defaults={
            "organization_id": current.organization_id,
            "kind": kind,
            "title": title,
            "version_of": version_of,
            "step_id": step_id,
            "created_by": who.user,
        },
    )
    if document.removed_at is not None:
        # Kept once more, it is there again.
        document.removed_at = None
        document.save(update_fields=["removed_at"])
    if kind == CaseDocument.Kind.LETTER:
        follow_clocks(current)
    return document


@transaction.atomic
def remove_case_document(document: CaseDocument, *, by) -> None:
    """Takes a document off the case, with its newer versions; `restore_case_document` puts it back. What was sent or
    printed stays so."""
    journal("remove_case_document", document.case, by, title=document.title)
    locked_open(document.case, by=by)
    _with_newer(document).filter(removed_at__isnull=True).update(removed_at=timezone.now())


@transaction.atomic
def restore_case_document(document: CaseDocument, *, by) -> None:
    """Puts back what was taken off, with the newer versions that went with it. Twice changes nothing."""
    journal("restore_case_document", document.case, by, title=document.title)
    locked_open(document.case, by=by)
    _with_newer(document).filter(removed_at=document.removed_at).update(removed_at=None)


def _with_newer(document: CaseDocument):
    return CaseDocument.with_removed.filter(Q(pk=document.pk) | Q(version_of=document))
