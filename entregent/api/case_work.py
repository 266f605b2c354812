"""What is done within a case: notes, tasks, reminders, documents, letters, who and what it is about."""

import hashlib
from datetime import date, datetime
from typing import BinaryIO, Literal, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.cases import CaseOut, answer, cases_of, router
from entregent.api.contract import FILE
from entregent.api.guard import operation
from entregent.api.links import links_of
from entregent.api.paging import MOST, page
from entregent.api.requests import agent_of, created_once, member_user, object_of, one_of, party_of, unchanged
from entregent.api.schemas import AgentIn, Given, LinksOut, Nothing, ObjectIn, Page, PartyIn, Text
from entregent.cases import actions
from entregent.cases.actions.letters import send_document, write_letter
from entregent.cases.actions.mirroring import transmit_again
from entregent.cases.models import Case, CaseDocument, CaseLogEntry, CaseReminder, CaseTask
from entregent.documents.actions import keep_file
from entregent.documents.models import DocumentTemplate
from entregent.documents.web.answers import file_answer
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal

MODULE = Module.CASEWORK


class NoteIn(Given):
    text: Text = Field(examples=["Le client rappelle lundi."])


class NoteOut(Schema):
    id: int
    kind: str
    text: str
    author: str | None = Field(description="E-mail address.")
    created_at: datetime

    @classmethod
    def of(cls, entry: CaseLogEntry) -> "NoteOut":
        author = entry.author.email if entry.author else None
        return cls(id=entry.pk, kind=entry.kind, text=entry.text, author=author, created_at=entry.created_at)


class NotePage(Page):
    items: list[NoteOut]


class TasksIn(Given):
    """Lines for the checklist; one that is there and not done is not added again."""

    texts: list[str] = Field(min_length=1, max_length=100, examples=[["Relever le compteur"]])
    due_on: date | None = None


class TaskIn(Given):
    done: bool


class TaskOut(Schema):
    id: int
    text: str
    due_on: date | None
    done_at: datetime | None
    done_by: str | None = Field(description="E-mail address.")

    @classmethod
    def of(cls, task: CaseTask) -> "TaskOut":
        names = ("text", "due_on", "done_at")
        done_by = task.done_by.email if task.done_by else None
        return cls(id=task.pk, done_by=done_by, **{name: getattr(task, name) for name in names})


class TaskPage(Page):
    items: list[TaskOut]


class ReminderIn(Given):
    on: date = Field(examples=["2030-01-15"])
    agent: str | None = Field(None, description="E-mail address of who is reminded; yours by default.")
    text: str = Field("", max_length=200)


class ReminderOut(Schema):
    id: int
    on: date
    agent: str
    text: str
    done_at: datetime | None

    @classmethod
    def of(cls, one: CaseReminder) -> "ReminderOut":
        return cls(id=one.pk, on=one.on, agent=one.user.email, text=one.text, done_at=one.done_at)


class ReminderPage(Page):
    items: list[ReminderOut]


class DocumentIn(Given):
    title: str = Field("", max_length=200)
    version_of: int | None = Field(None, description="Id of the document that this one is newer than.")


class DocumentOut(Schema):
    id: int
    kind: str
    title: str
    name: str
    size: int
    media_type: str
    sha256: str
    version_of: int | None
    created_at: datetime

    @classmethod
    def of(cls, one: CaseDocument) -> "DocumentOut":
        file = {name: getattr(one.file, name) for name in ("name", "size", "media_type", "sha256")}
        own = {name: getattr(one, name) for name in ("kind", "title", "created_at")}
        return cls(id=one.pk, version_of=one.version_of_id, **own, **file)


class DocumentPage(Page):
    items: list[DocumentOut]


class LetterIn(Given):
    """`subject` and `text` are the letter as rewritten for this case; a Word document has none."""

    template: str = Field(max_length=40, examples=["accuse-de-reception"], description="Code of a document template.")
    language: Literal["fr", "en"] = "fr"
    subject: str = Field("", max_length=300)
    text: Text = ""
    to_print: bool = True
    send_to: str = Field("", max_length=254, description="An address of the client or of somebody of the case.")


class SendIn(Given):
    send_to: str = Field(
        max_length=254, examples=["anne@exemple.fr"], description="An address of the client or of somebody of the case."
    )
    language: Literal["fr", "en"] = "fr"


class LetterOut(Schema):
    documents: int = Field(description="How many documents the case has now.")
    case: CaseOut


class MergeCaseIn(Given):
    other: int = Field(description="Number of the case that becomes a part of this one.")


class LinkIn(Given):
    other: int = Field(description="Number of the other case.")


class LinkedOut(Schema):
    cases: list[int] = Field(description="Numbers of the cases that it has to do with, within reach.")


def _case(member: Membership, number: int, right: Right = Right.CASE_EDIT) -> Case:
    whole = cases_of(member, right).select_related("organization", "contract", "parent", "merged_into", "created_by")
    return whole.found(number=number)


# ——— The case itself ———


@router.delete("/cases/{int:number}", response={204: None}, summary="Delete a case (kept in the journal)")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_case(request: MemberRequest, number: int):
    """What still runs on it is abandoned."""
    case = _case(request.member, number)
    unchanged(request, case)
    actions.delete_case(case, by=request.member)
    return Status(204, None)


@router.post("/cases/{int:number}/restoration", response=CaseOut, summary="Take the deletion of a case back")
@operation(Right.CASE_EDIT, module=MODULE)
def restore(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    member = request.member
    deleted = Case.objects.visible_to(member, Right.CASE_EDIT, deleted=True).select_related("organization", "client")

    def make() -> Case:
        case = deleted.found(number=number)
        if case.deleted_by_id != member.user_id and not member.can(Right.CASE_DELETE):
            raise NotFound
        return actions.restore_case(case, by=member)

    created_once(request, payload, make)
    return answer(member, response, number)


@router.post("/cases/{int:number}/transmission", response=CaseOut, summary="Send a case to the existing system again")
@operation(Right.CASE_EDIT, module=MODULE)
def transmit(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    """What has not left of it; where nothing waits, how it stands now. Without an existing system, nothing."""
    member = request.member
    case = _case(member, number)
    created_once(request, payload, lambda: transmit_again(case, by=member))
    return answer(member, response, number)


@router.post("/cases/{int:number}/merge", response=CaseOut, summary="Merge another case into this one")
@operation(Right.CASE_MERGE, module=MODULE, if_match="optional")
def merge(request: MemberRequest, response: HttpResponse, number: int, payload: MergeCaseIn):
    member = request.member
    winner = _case(member, number, Right.CASE_MERGE)

    def make():
        unchanged(request, winner)
        loser = cases_of(member, Right.CASE_MERGE).select_related("organization").filter(number=payload.other).first()
        if loser is None:
            raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="other")
        return actions.merge_cases(winner, loser, by=member)

    created_once(request, payload, make)
    return answer(member, response, number)


@router.delete(
    "/cases/{int:number}/contacts/{int:interaction}", response={204: None}, summary="Take an interaction out of a case"
)
@operation(Right.CASE_EDIT, module=MODULE)
def delete_contact(request: MemberRequest, number: int, interaction: int):
    """With what came with it and nothing else."""
    member = request.member
    case = _case(member, number)
    unchanged(request, case)
    found = Interaction.objects.visible_to(member, Right.INTERACTION_VIEW).select_related("client", "person")
    actions.detach_interaction(case, found.found(number=interaction), by=member)
    return Status(204, None)


# ——— Who, what, which other cases ———


@router.get("/cases/{int:number}/links", response=LinksOut, summary="Who takes part in a case, and about what")
@operation(Right.CASE_VIEW, module=MODULE)
def get_links(request: MemberRequest, number: int):
    return links_of(request.member, _case(request.member, number, Right.CASE_VIEW))


@router.post("/cases/{int:number}/participants", response={201: LinksOut}, summary="Add somebody who takes part")
@operation(Right.CASE_EDIT, module=MODULE)
def post_participant(request: MemberRequest, number: int, payload: PartyIn):
    member = request.member
    case = _case(member, number)

    def make():
        party = party_of(member, payload.client, payload.person, Right.CLIENT_VIEW)
        return actions.link_participant(case, by=member, party=party, role=payload.role)

    created_once(request, payload, make)
    return Status(201, links_of(member, case))


@router.delete("/cases/{int:number}/participants/{int:key}", response={204: None}, summary="Take a participant off")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_participant(request: MemberRequest, number: int, key: int):
    case = _case(request.member, number)
    unchanged(request, case)
    actions.unlink_participant(one_of(case.participants, key), by=request.member)
    return Status(204, None)


@router.post("/cases/{int:number}/agents", response={201: LinksOut}, summary="Add an agent to a case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_agent(request: MemberRequest, number: int, payload: AgentIn):
    member = request.member
    case = _case(member, number)

    def make():
        user = agent_of(member, payload.agent, field="agent")
        return actions.link_agent(case, by=member, user=user, role=payload.role)

    created_once(request, payload, make)
    return Status(201, links_of(member, case))


@router.delete("/cases/{int:number}/agents/{int:key}", response={204: None}, summary="Take an agent off a case")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_agent(request: MemberRequest, number: int, key: int):
    case = _case(request.member, number)
    unchanged(request, case)
    actions.unlink_agent(one_of(case.agents.select_related("user"), key), by=request.member)
    return Status(204, None)


@router.post("/cases/{int:number}/objects", response={201: LinksOut}, summary="Add a business object to a case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_object(request: MemberRequest, number: int, payload: ObjectIn):
    """Of the client or of somebody who takes part."""
    member = request.member
    case = _case(member, number)

    def make():
        thing = object_of(member, payload.object, Right.CLIENT_VIEW)
        return actions.link_object(case, by=member, business_object=thing)

    created_once(request, payload, make)
    return Status(201, links_of(member, case))


@router.delete("/cases/{int:number}/objects/{int:key}", response={204: None}, summary="Take a business object off")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_object(request: MemberRequest, number: int, key: int):
    case = _case(request.member, number)
    unchanged(request, case)
    actions.unlink_object(one_of(case.objects_linked.select_related("object"), key), by=request.member)
    return Status(204, None)


@router.post("/cases/{int:number}/cases", response={201: LinkedOut}, summary="Link another case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_case_link(request: MemberRequest, number: int, payload: LinkIn):
    member = request.member
    case = _case(member, number)

    def make():
        other = cases_of(member, Right.CASE_EDIT).filter(number=payload.other).first()
        if other is None:
            raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="other")
        return actions.link_cases(case, other, by=member)

    created_once(request, payload, make)
    return Status(201, LinkedOut(cases=_linked(member, case)))


@router.get("/cases/{int:number}/cases", response=LinkedOut, summary="Which cases it has to do with")
@operation(Right.CASE_VIEW, module=MODULE)
def get_case_links(request: MemberRequest, number: int):
    return LinkedOut(cases=_linked(request.member, _case(request.member, number, Right.CASE_VIEW)))


@router.delete("/cases/{int:number}/cases/{int:other}", response={204: None}, summary="Unlink another case")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_case_link(request: MemberRequest, number: int, other: int):
    member = request.member
    case = _case(member, number)
    unchanged(request, case)
    actions.unlink_cases(case, _case(member, other), by=member)
    return Status(204, None)


def _linked(member: Membership, case: Case) -> list[int]:
    keys = [*case.links.values_list("other_id", flat=True), *case.links_back.values_list("case_id", flat=True)]
    return list(cases_of(member).filter(pk__in=keys).order_by("number").values_list("number", flat=True))


# ——— Notes, tasks, reminders ———


@router.get("/cases/{int:number}/notes", response=NotePage, summary="Read the notes of a case")
@operation(Right.CASE_VIEW, module=MODULE)
def list_notes(request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = _case(request.member, number, Right.CASE_VIEW).log.select_related("author")
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return NotePage(items=[NoteOut.of(one) for one in items], next=following)


@router.post("/cases/{int:number}/notes", response={201: NoteOut}, summary="Write a note into a case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_note(request: MemberRequest, number: int, payload: NoteIn):
    case = _case(request.member, number)
    made = created_once(request, payload, lambda: actions.add_log_entry(case, by=request.member, text=payload.text))
    return Status(201, NoteOut.of(one_of(case.log.select_related("author"), made)))


def _tasks(case: Case, cursor: str | None = None, limit: int = MOST) -> TaskPage:
    records = CaseTask.objects.filter(case=case).select_related("done_by")
    items, following = page(records, order=["position", "id"], cursor=cursor, limit=limit)
    return TaskPage(items=[TaskOut.of(one) for one in items], next=following)


@router.get("/cases/{int:number}/tasks", response=TaskPage, summary="Read the checklist of a case")
@operation(Right.CASE_VIEW, module=MODULE)
def list_tasks(request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    return _tasks(_case(request.member, number, Right.CASE_VIEW), cursor, limit)


@router.post("/cases/{int:number}/tasks", response={201: TaskPage}, summary="Add to the checklist")
@operation(Right.CASE_EDIT, module=MODULE)
def post_tasks(request: MemberRequest, number: int, payload: TasksIn):
    case = _case(request.member, number)

    def make():
        actions.add_tasks(case, by=request.member, texts=payload.texts, due_on=payload.due_on)
        return case

    created_once(request, payload, make)
    return Status(201, _tasks(case))


@router.put("/cases/{int:number}/tasks/{int:key}", response=TaskOut, summary="Tick a task, or take the tick away")
@operation(Right.CASE_EDIT, module=MODULE)
def put_task(request: MemberRequest, number: int, key: int, payload: TaskIn):
    case = _case(request.member, number)
    task = one_of(case.tasks.select_related("case__organization", "case__client"), key)
    actions.set_task(task, by=request.member, done=payload.done)
    return TaskOut.of(one_of(CaseTask.objects.filter(case=case).select_related("done_by"), key))


@router.delete("/cases/{int:number}/tasks/{int:key}", response={204: None}, summary="Remove a task")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_task(request: MemberRequest, number: int, key: int):
    case = _case(request.member, number)
    unchanged(request, case)
    actions.remove_task(one_of(case.tasks.select_related("case__organization"), key), by=request.member)
    return Status(204, None)


@router.get("/cases/{int:number}/reminders", response=ReminderPage, summary="Read the reminders of a case")
@operation(Right.CASE_VIEW, module=MODULE)
def list_reminders(
    request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    records = CaseReminder.objects.filter(case=_case(request.member, number, Right.CASE_VIEW)).select_related("user")
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return ReminderPage(items=[ReminderOut.of(one) for one in items], next=following)


@router.post("/cases/{int:number}/reminders", response={201: ReminderOut}, summary="Be reminded of a case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_reminder(request: MemberRequest, number: int, payload: ReminderIn):
    member = request.member
    case = _case(member, number)

    def make():
        user = member_user(member, payload.agent, field="agent")
        return actions.add_reminder(case, by=member, on=payload.on, user=user, text=payload.text)

    made = created_once(request, payload, make)
    return Status(201, ReminderOut.of(CaseReminder.objects.select_related("user").get(pk=made)))


@router.post("/cases/{int:number}/reminders/{int:key}/done", response=ReminderOut, summary="A reminder is settled")
@operation(Right.CASE_EDIT, module=MODULE)
def post_reminder_done(request: MemberRequest, number: int, key: int, payload: Nothing):
    case = _case(request.member, number)
    reminder = one_of(case.reminders.select_related("case", "interaction"), key)
    created_once(request, payload, lambda: actions.complete_reminder(reminder, by=request.member))
    return ReminderOut.of(CaseReminder.objects.select_related("user").get(pk=reminder.pk))


# ——— Documents and letters ———


@router.get("/cases/{int:number}/documents", response=DocumentPage, summary="List the documents of a case")
@operation(Right.CASE_VIEW, module=MODULE)
def list_documents(
    request: MemberRequest, number: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    records = CaseDocument.objects.filter(case=_case(request.member, number, Right.CASE_VIEW)).select_related("file")
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return DocumentPage(items=[DocumentOut.of(one) for one in items], next=following)


@router.post("/cases/{int:number}/documents", response={201: DocumentOut}, summary="Keep a file in a case")
@operation(Right.CASE_EDIT, module=MODULE)
def post_document(request: MemberRequest, number: int, payload: Form[DocumentIn], file: File[UploadedFile]):
    member = request.member
    case = _case(member, number)
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)

    def make():
        file.seek(0)
        newer = one_of(case.documents, payload.version_of) if payload.version_of is not None else None
        kept = keep_file(
            organization=case.organization, name=file.name or "fichier", content=cast(BinaryIO, file.file), by=member
        )
        return actions.keep_case_document(case, by=member, file=kept, title=payload.title, version_of=newer)

    made = created_once(request, payload, make, besides=digest.hexdigest())
    return Status(201, DocumentOut.of(CaseDocument.objects.select_related("file").get(pk=made)))


@router.get("/cases/{int:number}/documents/{int:key}", summary="Download a document of a case", openapi_extra=FILE)
@operation(Right.CASE_VIEW, module=MODULE)
def get_document(request: MemberRequest, number: int, key: int) -> HttpResponseBase:
    case = _case(request.member, number, Right.CASE_VIEW)
    return file_answer(one_of(CaseDocument.objects.filter(case=case).select_related("file"), key).file)


@router.delete("/cases/{int:number}/documents/{int:key}", response={204: None}, summary="Take a document off a case")
@operation(Right.CASE_EDIT, module=MODULE)
def delete_document(request: MemberRequest, number: int, key: int):
    """What was sent or printed stays so."""
    case = _case(request.member, number)
    unchanged(request, case)
    actions.remove_case_document(one_of(case.documents.select_related("case"), key), by=request.member)
    return Status(204, None)


@router.post("/cases/{int:number}/letters", response={201: LetterOut}, summary="Write a letter or a mail of a case")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def post_letter(request: MemberRequest, response: HttpResponse, number: int, payload: LetterIn):
    """The document is kept in the case; `send_to` sends it as well."""
    member = request.member
    case = _case(member, number, Right.DOCUMENT_WRITE)

    def make():
        templates = DocumentTemplate.objects.filter(organization_id=member.organization_id, is_active=True)
        template = templates.filter(code=payload.template).first()
        if template is None:
            raise Refusal("E-TEMPLATE", _("Modèle inconnu."), field="template")
        write_letter(case, by=member, template=template, **payload.model_dump(exclude={"template"}))
        return case

    created_once(request, payload, make)
    count = CaseDocument.objects.filter(case=case).count()
    return Status(201, LetterOut(documents=count, case=answer(member, response, number)))


@router.post(
    "/cases/{int:number}/documents/{int:key}/mail", response={201: LetterOut}, summary="Send a document by mail"
)
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def post_document_mail(request: MemberRequest, response: HttpResponse, number: int, key: int, payload: SendIn):
    """A few words over it; also of a case that is closed."""
    member = request.member
    case = _case(member, number, Right.DOCUMENT_WRITE)
    kept = case.documents.filter(file__removed_at__isnull=True).select_related("file", "case")

    def make() -> Case:
        send_document(one_of(kept, key), by=member, **payload.model_dump())
        return case

    created_once(request, payload, make)
    count = CaseDocument.objects.filter(case=case).count()
    return Status(201, LetterOut(documents=count, case=answer(member, response, number)))
