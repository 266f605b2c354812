"""Templates of letters, mails and records; the letterhead; the letters that wait to be printed."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.contract import FILE
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import (
    created_once,
    fields_named,
    member_user,
    one_of,
    seen,
    tag,
    unchanged,
    version_asked,
)
from entregent.api.schemas import Channel, Given, Page
from entregent.documents import letters, template_actions
from entregent.documents.models import DocumentTemplate, Letter, Letterhead, PrintBatch
from entregent.documents.print_actions import print_letters, set_letter_aside, waiting
from entregent.documents.web.answers import file_answer
from entregent.interactions.actions import create_record_template, update_record_template
from entregent.interactions.models import Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.jobs.models import Job
from entregent.organizations.models import Membership, Module, User
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["templates"])

MODULE = Module.CASEWORK
_CODE = Field("", max_length=40, examples=["accord"], description="Made of the French name when absent.")
_TEXTS = "Markup, with variables: {{client.name}}."


class TemplateOut(Schema):
    code: str
    kind: str
    name_fr: str
    name_en: str
    is_active: bool


class TemplatePage(Page):
    items: list[TemplateOut]


class DocumentTemplateIn(Given):
    kind: Literal["letter", "mail"]
    name_fr: str = Field(max_length=80, examples=["Accord"])
    name_en: str = Field(max_length=80, examples=["Agreement"])
    code: str = _CODE
    subject_fr: str = Field("", max_length=300)
    subject_en: str = Field("", max_length=300)
    body_fr: str = Field("", max_length=20_000, examples=["Madame, Monsieur,"], description=_TEXTS)
    body_en: str = Field("", max_length=20_000)


class WordTemplateIn(Given):
    name_fr: str = Field(max_length=80, examples=["Accord"])
    name_en: str = Field(max_length=80, examples=["Agreement"])
    code: str = _CODE


class DocumentTemplatePatch(Given):
    """Only what is given is changed. Texts are those of letters and mails."""

    name_fr: str | None = Field(None, max_length=80)
    name_en: str | None = Field(None, max_length=80)
    subject_fr: str | None = Field(None, max_length=300)
    subject_en: str | None = Field(None, max_length=300)
    body_fr: str | None = Field(None, max_length=20_000)
    body_en: str | None = Field(None, max_length=20_000)
    is_active: bool | None = Field(None, description="false: it is no longer offered.")


class DocumentTemplateDetail(TemplateOut):
    subject_fr: str
    subject_en: str
    body_fr: str
    body_en: str
    file: str | None = Field(description="Name of the Word document.", examples=["Accord.docx"])
    version: int

    @classmethod
    def of(cls, one: DocumentTemplate) -> "DocumentTemplateDetail":
        plain = {name: getattr(one, name) for name in set(cls.model_fields) - {"file"}}
        return cls(file=one.file.name if one.file else None, **plain)


class LetterheadOut(Schema):
    name: str
    address: str
    place: str
    footer_fr: str
    footer_en: str
    window: Literal["fr", "ca"] = Field(description="Where the window of the envelope is.")
    colour: str = Field(examples=["#1f4f8f"])
    has_logo: bool
    version: int

    @classmethod
    def of(cls, head: Letterhead) -> "LetterheadOut":
        plain = {name: getattr(head, name) for name in set(cls.model_fields) - {"has_logo"}}
        return cls(has_logo=head.logo_id is not None, **plain)


class LetterheadPatch(Given):
    """Only what is given is changed."""

    name: str | None = Field(None, max_length=120)
    address: str | None = Field(None, max_length=600)
    place: str | None = Field(None, max_length=80, description="Before the date.")
    footer_fr: str | None = Field(None, max_length=400)
    footer_en: str | None = Field(None, max_length=400)
    window: Literal["fr", "ca"] | None = None
    colour: str | None = Field(None, max_length=7, examples=["#1f4f8f"])


class WaitingLetterOut(Schema):
    id: int
    title: str
    client: str = Field(description="Number of the client.")
    pages: int
    created_at: datetime
    created_by: str | None = Field(description="E-mail address.")

    @classmethod
    def of(cls, one: Letter) -> "WaitingLetterOut":
        return cls(
            id=one.pk, title=one.title, client=one.client.number, pages=one.pages, created_at=one.created_at,
            created_by=one.created_by.email if one.created_by else None,
        )  # fmt: skip


class WaitingLetterPage(Page):
    items: list[WaitingLetterOut]


class PrintingIn(Given):
    letters: list[int] | None = Field(
        None, min_length=1, max_length=1000, description="Ids of letters that wait; all of them when left out."
    )


class PrintingOut(Schema):
    id: int
    letters: int = Field(description="How many letters are in it.")
    job: int | None = Field(description="Id of the job that makes the PDFs.")
    state: str = Field(examples=["done"], description="Of the job.")
    parts: list[int] = Field(description="Numbers of the PDFs that are made.")
    created_at: datetime


class PrintingPage(Page):
    items: list[PrintingOut]


class PersonRule(Given):
    role: Literal["client", "primary", "preferred", "billing", "additional"]
    label_fr: str = Field("", max_length=60)
    label_en: str = Field("", max_length=60)


class AgentRule(Given):
    """A member, whoever has a function, or a team: one of the three."""

    agent: str | None = Field(None, max_length=254, description="E-mail address of a member.")
    function: Literal["agent", "salesperson"] | None = None
    team: str | None = Field(None, max_length=40, description="Code of a team.")
    role: Literal["responsible", "participant"]


class ObjectRule(Given):
    selector: str = Field(
        max_length=60, examples=["last:invoice"], description="`last:` or `all:` and a type, or a selector by name."
    )
    states: list[str] = Field([], max_length=100, description="Codes; none: whatever its state.")
    required: bool = Field(True, description="Whether it is missed when there is none.")


_FILTER = "Clients whom it suits, in the format of views; null: all of them."
_FOLLOW_UP = "From the contact to its follow-up: « 2 working days », « 1 month ». Empty: none."


class RecordTemplateIn(Given):
    kind: Literal["contact", "case"] = "contact"
    name_fr: str = Field(max_length=80, examples=["Fuite"])
    name_en: str = Field(max_length=80, examples=["Leak"])
    code: str = Field("", max_length=40, pattern="^([a-z0-9][a-z0-9_-]*)?$", examples=["fuite"])
    topics: list[str] = Field([], max_length=100, description="Codes of the topics that use it, of a contact.")
    filter: Any = Field(None, description=_FILTER, examples=[["status", "is", "client"]])
    channel: Channel | Literal[""] = ""
    priority: Literal["low", "normal", "high"] = "normal"
    follow_up: str = Field("", max_length=40, examples=["2 working days"], description=_FOLLOW_UP)
    subject_fr: str = Field("", max_length=200)
    subject_en: str = Field("", max_length=200)
    text_fr: str = Field("", max_length=10_000)
    text_en: str = Field("", max_length=10_000)
    people: list[PersonRule] = Field([], max_length=12)
    agents: list[AgentRule] = Field([], max_length=12)
    objects: list[ObjectRule] = Field([], max_length=12)


class RecordTemplatePatch(Given):
    """Only what is given is changed; lists are all of what they hold."""

    kind: Literal["contact", "case"] | None = None
    name_fr: str | None = Field(None, max_length=80)
    name_en: str | None = Field(None, max_length=80)
    topics: list[str] | None = Field(None, max_length=100)
    filter: Any = Field(None, description=_FILTER, examples=[["status", "is", "client"]])
    channel: Channel | Literal[""] | None = None
    priority: Literal["low", "normal", "high"] | None = None
    follow_up: str | None = Field(None, max_length=40, examples=["2 working days"], description=_FOLLOW_UP)
    subject_fr: str | None = Field(None, max_length=200)
    subject_en: str | None = Field(None, max_length=200)
    text_fr: str | None = Field(None, max_length=10_000)
    text_en: str | None = Field(None, max_length=10_000)
    people: list[PersonRule] | None = Field(None, max_length=12)
    agents: list[AgentRule] | None = Field(None, max_length=12)
    objects: list[ObjectRule] | None = Field(None, max_length=12)
    is_active: bool | None = None


class RecordTemplateDetail(TemplateOut):
    topics: list[str]
    filter: Any
    channel: str
    priority: str
    follow_up: str
    subject_fr: str
    subject_en: str
    text_fr: str
    text_en: str
    people: list[PersonRule]
    agents: list[AgentRule]
    objects: list[ObjectRule]
    version: int


# ——— Letters, mails, Word documents ———


def _templates(records, cursor: str | None, limit: int) -> TemplatePage:
    items, following = page(records, order=["code", "id"], cursor=cursor, limit=limit)
    told = [TemplateOut(**{name: getattr(one, name) for name in TemplateOut.model_fields}) for one in items]
    return TemplatePage(items=told, next=following)


@router.get("/document-templates", response=TemplatePage, summary="List templates of letters and mails")
@operation(Right.DOCUMENT_WRITE)
def list_document_templates(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    return _templates(DocumentTemplate.objects.filter(organization_id=request.member.organization_id), cursor, limit)


def _documents(member: Membership):
    return DocumentTemplate.objects.select_related("file", "organization").filter(
        organization_id=member.organization_id
    )


def _document(member: Membership, code: str) -> DocumentTemplate:
    found = _documents(member).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _told_document(one: DocumentTemplate, response: HttpResponse) -> DocumentTemplateDetail:
    tag(response, one.version)
    return DocumentTemplateDetail.of(one)


@router.post(
    "/document-templates", response={201: DocumentTemplateDetail}, summary="Add a template of letters or mails"
)
@operation(Right.TEMPLATES, module=MODULE)
def post_document_template(request: MemberRequest, response: HttpResponse, payload: DocumentTemplateIn):
    """A variable that there is not is told with its field."""
    member = request.member
    make = lambda: template_actions.create_template(by=member, **payload.model_dump())  # noqa: E731
    return Status(201, _told_document(one_of(_documents(member), created_once(request, payload, make)), response))


@router.post("/word-templates", response={201: DocumentTemplateDetail}, summary="Add a Word document as a template")
@operation(Right.TEMPLATES, module=MODULE)
def post_word_template(
    request: MemberRequest, response: HttpResponse, payload: Form[WordTemplateIn], file: File[UploadedFile]
):
    """It stands among the document templates then."""
    member = request.member
    content = file.read(template_actions.LARGEST_WORD + 1)

    def make() -> DocumentTemplate:
        return template_actions.create_template(
            by=member, kind=DocumentTemplate.Kind.WORD, file=(file.name or "modele.docx", content),
            **payload.model_dump(),
        )  # fmt: skip

    made = created_once(request, payload, make, besides=hashlib.sha256(content).hexdigest())
    return Status(201, _told_document(one_of(_documents(member), made), response))


@router.get("/document-templates/{str:code}", response=DocumentTemplateDetail, summary="One template of documents")
@operation(Right.TEMPLATES, module=MODULE)
def get_document_template(request: MemberRequest, response: HttpResponse, code: str):
    return _told_document(_document(request.member, code), response)


@router.patch("/document-templates/{str:code}", response=DocumentTemplateDetail, summary="Change a document template")
@operation(Right.TEMPLATES, module=MODULE)
def patch_document_template(
    request: MemberRequest, response: HttpResponse, code: str, payload: DocumentTemplatePatch
):  # fmt: skip
    """Its code and its kind never change; what was written with it stays as it is."""
    member, version = request.member, version_asked(request)
    values = {name: value for name, value in payload.model_dump().items() if value is not None}
    template_actions.update_template(_document(member, code), by=member, version=version, **values)
    return _told_document(_document(member, code), response)


@router.delete("/document-templates/{str:code}", response={204: None}, summary="Delete a document template")
@operation(Right.TEMPLATES, module=MODULE)
def delete_document_template(request: MemberRequest, code: str):
    """What was written with it stays."""
    found = _document(request.member, code)
    unchanged(request, found)
    template_actions.delete_template(found, by=request.member)
    return Status(204, None)


@router.get("/document-templates/{str:code}/file", summary="The Word document of a template", openapi_extra=FILE)
@operation(Right.TEMPLATES, module=MODULE)
def get_word_file(request: MemberRequest, code: str) -> HttpResponseBase:
    template = _document(request.member, code)
    if template.file is None:
        raise NotFound
    return file_answer(template.file)


@router.put(
    "/document-templates/{str:code}/file", response=DocumentTemplateDetail, summary="Another Word document for it"
)
@operation(Right.TEMPLATES, module=MODULE, if_match="required")
def put_word_file(
    request: MemberRequest, response: HttpResponse, code: str, name: str = Query("", max_length=200)
):  # fmt: skip
    """The body is the document itself, 10 MB at most; `name` is that of the file, the former one by default."""
    member, version = request.member, version_asked(request)
    template = _document(member, code)
    if template.kind != DocumentTemplate.Kind.WORD:
        raise Refusal("E-CHOICE", _("Ce modèle n’est pas un document Word."), status=409)
    content = request.read(template_actions.LARGEST_WORD + 1)
    known = template.file.name if template.file else "modele.docx"
    template_actions.update_template(template, by=member, version=version, file=(name or known, content))
    return _told_document(_document(member, code), response)


# ——— The letterhead ———


def _told_letterhead(member: Membership, response: HttpResponse) -> LetterheadOut:
    head = letters.letterhead_of(member.organization)
    tag(response, head.version)
    return LetterheadOut.of(head)


@router.get("/letterhead", response=LetterheadOut, summary="The head and the foot of letters")
@operation(Right.TEMPLATES, module=MODULE)
def get_letterhead(request: MemberRequest, response: HttpResponse):
    return _told_letterhead(request.member, response)


@router.patch("/letterhead", response=LetterheadOut, summary="Change the head and the foot of letters")
@operation(Right.TEMPLATES, module=MODULE)
def patch_letterhead(request: MemberRequest, response: HttpResponse, payload: LetterheadPatch):
    version = version_asked(request)
    values = {name: value for name, value in payload.model_dump().items() if value is not None}
    template_actions.update_letterhead(by=request.member, version=version, **values)
    return _told_letterhead(request.member, response)


@router.get("/letterhead/logo", summary="The logo of letters", openapi_extra=FILE)
@operation(Right.TEMPLATES, module=MODULE)
def get_logo(request: MemberRequest) -> HttpResponseBase:
    head = letters.letterhead_of(request.member.organization)
    if head.logo is None:
        raise NotFound
    return file_answer(head.logo)


@router.put("/letterhead/logo", response=LetterheadOut, summary="Set the logo of letters")
@operation(Right.TEMPLATES, module=MODULE, if_match="required")
def put_logo(request: MemberRequest, response: HttpResponse):
    """The body is the picture itself, PNG or JPEG, 2 MB at most; it is drawn anew."""
    version = version_asked(request)
    content = request.read(template_actions.LARGEST_LOGO + 1)
    template_actions.update_letterhead(by=request.member, version=version, logo=content)
    return _told_letterhead(request.member, response)


@router.delete("/letterhead/logo", response={204: None}, summary="Take the logo off letters")
@operation(Right.TEMPLATES, module=MODULE)
def delete_logo(request: MemberRequest):
    member = request.member
    version = seen(request)
    if version is None:
        version = letters.letterhead_of(member.organization).version
    template_actions.update_letterhead(by=member, version=version, without_logo=True)
    return Status(204, None)


# ——— Letters to print ———


@router.get("/letters", response=WaitingLetterPage, summary="List the letters that wait to be printed")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def list_letters(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = waiting(request.member).select_related("client", "created_by")
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return WaitingLetterPage(items=[WaitingLetterOut.of(one) for one in items], next=following)


def _letter(member: Membership, letter_id: int) -> Letter:
    return Letter.objects.visible_to(member, Right.DOCUMENT_WRITE).select_related("file").found(pk=letter_id)


@router.get("/letters/{int:letter_id}", summary="One letter as PDF", openapi_extra=FILE)
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def get_letter(request: MemberRequest, letter_id: int) -> HttpResponseBase:
    return file_answer(_letter(request.member, letter_id).file)


@router.delete("/letters/{int:letter_id}", response={204: None}, summary="Set a letter aside: it is not printed")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def delete_letter(request: MemberRequest, letter_id: int):
    """It stays in its case. One that is printed already is refused (409)."""
    set_letter_aside(_letter(request.member, letter_id), by=request.member)
    return Status(204, None)


def _printings(member: Membership):
    """One's own: a printing holds what its author could see."""
    return PrintBatch.objects.filter(organization_id=member.organization_id, created_by=member.user_id)


def _told_printings(member: Membership, batches: Iterable[PrintBatch]) -> list[PrintingOut]:
    shown = list(batches)
    jobs = Job.objects.filter(organization_id=member.organization_id, pk__in=[one.job_id for one in shown])
    states = dict(jobs.values_list("pk", "state"))
    parts: dict[int, list[int]] = {one.pk: [] for one in shown}
    for one in shown:
        parts[one.pk] = [part.number for part in one.parts.all()]
    return [
        PrintingOut(
            id=one.pk, letters=one.count, job=one.job_id, state=states.get(one.job_id or 0, ""), parts=parts[one.pk],
            created_at=one.created_at,
        )
        for one in shown
    ]  # fmt: skip


@router.get("/printings", response=PrintingPage, summary="List your printings, newest first")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def list_printings(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = _printings(request.member).prefetch_related("parts")
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return PrintingPage(items=_told_printings(request.member, items), next=following)


@router.post("/printings", response={202: PrintingOut}, summary="Print the letters that wait")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def post_printing(request: MemberRequest, payload: PrintingIn):
    """A job makes one PDF of each thousand. Where nothing waits it is refused (409)."""
    member = request.member
    made = created_once(request, payload, lambda: print_letters(by=member, ids=payload.letters))
    return Status(202, _told_printings(member, [one_of(_printings(member), made)])[0])


@router.get("/printings/{int:printing_id}", response=PrintingOut, summary="How far a printing is")
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def get_printing(request: MemberRequest, printing_id: int):
    return _told_printings(request.member, [one_of(_printings(request.member), printing_id)])[0]


@router.get("/printings/{int:printing_id}/parts/{int:part}", summary="A PDF of a printing", openapi_extra=FILE)
@operation(Right.DOCUMENT_WRITE, module=MODULE)
def get_printing_part(request: MemberRequest, printing_id: int, part: int) -> HttpResponseBase:
    parts = one_of(_printings(request.member), printing_id).parts.select_related("file")
    found = parts.filter(number=part).first()
    if found is None:
        raise NotFound
    return file_answer(found.file)


# ——— Contacts and cases ———

_FIELDS = {"eligible": "filter", "object_rules": "objects"}


def _record_template(member: Membership, code: str) -> RecordTemplate:
    found = RecordTemplate.objects.filter(organization_id=member.organization_id, code=code).first()
    if found is None:
        raise NotFound
    return found


def _told_record(member: Membership, response: HttpResponse, one: RecordTemplate) -> RecordTemplateDetail:
    tag(response, one.version)
    plain = set(TemplateOut.model_fields) | {
        "channel", "priority", "follow_up", "subject_fr", "subject_en", "text_fr", "text_en", "version",
    }  # fmt: skip
    users = [rule["user"] for rule in one.agents if rule.get("user")]
    addresses = dict(
        User.objects.filter(pk__in=users, memberships__organization_id=member.organization_id).values_list(
            "pk", "email"
        )
    )
    agents = [
        AgentRule(
            agent=addresses.get(rule.get("user")), function=rule.get("function"), team=rule.get("team"),
            role=rule["role"],
        )
        for rule in one.agents
    ]  # fmt: skip
    return RecordTemplateDetail(
        **{name: getattr(one, name) for name in plain},
        topics=list(one.topics.order_by("position", "id").values_list("code", flat=True)),
        filter=one.eligible,
        people=[PersonRule(**_known(rule, PersonRule)) for rule in one.people],
        agents=agents,
        objects=[ObjectRule(**_known(rule, ObjectRule)) for rule in one.object_rules],
    )


def _known(rule: dict[str, Any], schema: type[Given]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name in schema.model_fields}


def _record_values(member: Membership, payload: RecordTemplateIn | RecordTemplatePatch) -> dict[str, Any]:
    """As the actions take them; what is named must be there."""
    given = payload.model_dump(exclude_unset=isinstance(payload, RecordTemplatePatch), exclude={"code"})
    values = {name: value for name, value in given.items() if value is not None or name == "filter"}
    if "topics" in values:
        values["topics"] = list(Topic.objects.filter(organization_id=member.organization_id, code__in=given["topics"]))
        if len(values["topics"]) != len(set(given["topics"])):
            raise Refusal("E-CHOICE", _("Rubrique inconnue."), field="topics")
    if "filter" in values:
        values["eligible"] = values.pop("filter")
    if "agents" in values:
        values["agents"] = [_agent_rule(member, one) for one in payload.agents or ()]
    if "objects" in values:
        values["object_rules"] = values.pop("objects")
    return values


def _agent_rule(member: Membership, rule: AgentRule) -> dict[str, Any]:
    user = member_user(member, rule.agent, field="agents")
    who = {"user": user.pk if user is not None else None, "function": rule.function, "team": rule.team}
    named = {name: value for name, value in who.items() if value}
    if len(named) != 1:
        raise Refusal("E-CHOICE", _("Indiquez un agent, une fonction ou une équipe : un des trois."), field="agents")
    return {**named, "role": rule.role}


@router.get("/record-templates", response=TemplatePage, summary="List templates of contacts and cases")
@operation(Right.INTERACTION_VIEW)
def list_record_templates(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    return _templates(RecordTemplate.objects.filter(organization_id=request.member.organization_id), cursor, limit)


@router.post("/record-templates", response={201: RecordTemplateDetail}, summary="Add a template of contacts or cases")
@operation(Right.TEMPLATES)
def post_record_template(request: MemberRequest, response: HttpResponse, payload: RecordTemplateIn):
    member = request.member

    def make() -> RecordTemplate:
        return create_record_template(by=member, code=payload.code, **_record_values(member, payload))

    with fields_named(_FIELDS):
        made = created_once(request, payload, make)
    found = one_of(RecordTemplate.objects.filter(organization_id=member.organization_id), made)
    return Status(201, _told_record(member, response, found))


@router.get("/record-templates/{str:code}", response=RecordTemplateDetail, summary="One template of contacts or cases")
@operation(Right.TEMPLATES)
def get_record_template(request: MemberRequest, response: HttpResponse, code: str):
    return _told_record(request.member, response, _record_template(request.member, code))


@router.patch("/record-templates/{str:code}", response=RecordTemplateDetail, summary="Change a record template")
@operation(Right.TEMPLATES)
def patch_record_template(request: MemberRequest, response: HttpResponse, code: str, payload: RecordTemplatePatch):
    """Contacts and cases that were filled in with it stay as they are."""
    member, version = request.member, version_asked(request)
    template = _record_template(member, code)
    with fields_named(_FIELDS):
        changed = update_record_template(template, by=member, version=version, **_record_values(member, payload))
    return _told_record(member, response, changed)
