"""What is written into a case as work goes on: notes, its checklist, reminders, documents."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.models import Case, CaseDocument
from entregent.cases.web.answers import back, get_case, get_contact
from entregent.cases.web.forms import ReminderForm
from entregent.interactions.models import Interaction
from entregent.interactions.web.answers import at
from entregent.interactions.web.files import kept_files
from entregent.organizations.idempotency import once
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal, required
from entregent.toolbox.text import as_id
from entregent.ui.pages import see


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def note_create(request, number):
    case = get_case(request, number)
    actions.add_log_entry(
        case,
        by=request.member,
        text=request.POST.get("text", ""),
        idempotency_key=request.POST.get("idempotency_key") or None,
    )
    return back(request, case, _("Note ajoutée."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def task_create(request, number):
    """One line, or several: one task each."""
    case = get_case(request, number)
    actions.add_tasks(case, by=request.member, texts=request.POST.get("text", "").splitlines() or [""])
    return back(request, case, _("Tâche ajoutée."), anchor="liste")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def task_set(request, number, key):
    case = get_case(request, number)
    task = actions.set_task(_one(case.tasks, key), by=request.member, done=request.POST.get("done") == "1")
    return back(request, case, _("Tâche faite.") if task.done_at else _("Tâche à faire."), anchor="liste")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def task_delete(request, number, key):
    case = get_case(request, number)
    actions.remove_task(_one(case.tasks, key), by=request.member)
    return back(request, case, _("Tâche retirée."), anchor="liste")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def reminder_create(request, number):
    case = get_case(request, number)
    form = ReminderForm(request.member, request.POST)
    if not form.is_valid():
        raise required("on", _("Date du rappel"))
    _remind(request, case, form.cleaned_data)
    return back(request, case, _("Rappel posé."), anchor="rappels")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def reminder_done(request, number, key):
    case = get_case(request, number)
    actions.complete_reminder(_one(case.reminders.select_related("case", "interaction"), key), by=request.member)
    return back(request, case, _("Rappel fait."), anchor="rappels")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def document_create(request, number):
    """The files of the form, each a document of the case; with `version_of` one file, newer than that document."""
    case = get_case(request, number)
    key = as_id(request.POST.get("version_of", ""))
    older = _one(case.documents, key) if key is not None else None
    sent = [(one.name, one.size) for one in request.FILES.getlist("files")]

    def keep() -> list[CaseDocument]:
        files = kept_files(request)
        if not files:
            raise required("files", _("Fichiers"))
        if older is not None and len(files) > 1:
            raise Refusal("E-001-VERSION", _("Une nouvelle version est un seul fichier."), field="files")
        return [actions.keep_case_document(case, by=request.member, file=file, version_of=older) for file in files]

    told = [case.pk, sent, *([older.pk] if older is not None else [])]
    once(case.organization_id, "case_documents", request.POST.get("idempotency_key") or None, told, lambda: keep()[0])
    return back(request, case, _("Document ajouté."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def document_delete(request, number, key):
    case = get_case(request, number)
    document = _one(case.documents, key)
    actions.remove_case_document(document, by=request.member)
    undo = at("cases:document_restore", request.member, number=case.number, key=document.pk)
    return back(request, case, _("Document retiré."), undo_url=undo, anchor="section-more")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def document_restore(request, number, key):
    case = get_case(request, number)
    document = _one(CaseDocument.with_removed.filter(case=case).select_related("case"), key)
    actions.restore_case_document(document, by=request.member)
    return back(request, case, _("Document remis dans le dossier."), anchor="section-more")


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def contact_reminder_create(request, contact):
    """« Rappel » on a contact."""
    found = get_contact(request, contact)
    form = ReminderForm(request.member, request.POST)
    if not form.is_valid():
        raise required("on", _("Date du rappel"))
    _remind(request, found, form.cleaned_data)
    return _to_contact(request, found, _("Rappel posé."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def contact_reminder_done(request, contact, key):
    found = get_contact(request, contact)
    reminder = _one(found.reminders.select_related("case", "interaction"), key)
    actions.complete_reminder(reminder, by=request.member)
    return _to_contact(request, found, _("Rappel fait."))


def _to_contact(request, contact: Interaction, toast: str):
    url = at("interactions:detail", request.member, number=contact.number)
    return see(request, f"{url}?onglet=general#rappels", toast=toast)


def _remind(request, of: Case | Interaction, data: dict) -> None:
    members = Membership.objects.active().filter(organization_id=request.member.organization_id)
    whom = members.select_related("user").filter(user_id=data["user"] or 0).first()
    actions.add_reminder(
        of,
        by=request.member,
        on=data["on"],
        text=data["text"],
        user=whom.user if whom is not None else None,
        idempotency_key=data["idempotency_key"] or None,
    )


def _one(records, key: int):
    found = records.filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
