"""Cases and their types: open, read, change, change the state, attach a contact."""

from datetime import date, datetime
from typing import Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, criteria, member_user, tag, version_asked
from entregent.api.schemas import Given, Text
from entregent.cases import actions
from entregent.cases.models import Case, CaseType
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Module, Team
from entregent.toolbox.errors import Refusal

router = Router(tags=["cases"])

CaseState = Literal["new", "in_progress", "deferred", "done", "cancelled", "rejected"]
Priority = Literal["low", "normal", "high"]


class SubStatusOut(Schema):
    code: str
    state: CaseState
    label_fr: str
    label_en: str


class CaseTypeOut(Schema):
    path: str = Field(examples=["reclamation/facture"], description="Codes from the root of the tree.")
    label_fr: str
    label_en: str
    parent: str | None = Field(description="Path of the type above.")
    is_active: bool
    is_confidential: bool
    on_portal: bool = Field(description="Whether the client follows cases of this type on the portal.")
    topics: list[str] = Field(description="Codes of the topics whose contacts are proposed a case of this type.")
    due_rule: str = Field(examples=["10 working days"], description='From the opening to the due day; "" for none.')
    sub_statuses: list[SubStatusOut]

    @classmethod
    def of(cls, one: CaseType) -> "CaseTypeOut":
        return cls(
            path=one.path,
            label_fr=one.label_fr,
            label_en=one.label_en,
            parent=one.path.rpartition("/")[0] or None,
            is_active=one.is_active,
            is_confidential=one.is_confidential,
            on_portal=one.on_portal,
            topics=one.topics,
            due_rule=one.due_rule,
            sub_statuses=[
                SubStatusOut(code=s["code"], state=s["state"], label_fr=s["fr"], label_en=s.get("en") or s["fr"])
                for s in one.sub_statuses
            ],
        )


class CaseTypePage(Schema):
    items: list[CaseTypeOut]
    next: str | None


class CaseIn(Given):
    client: str = Field(max_length=40, description="Number of the client.")
    case_type: str = Field(max_length=200, examples=["reclamation/facture"], description="Path of the type.")
    interaction: int | None = Field(
        None, description="Number of an interaction of the client, from which the case has all that it has."
    )
    title: str = Field("", max_length=200, description="The subject of the interaction, or the label of the type.")
    priority: Priority = Field("normal", description="That of the interaction, where there is one.")
    due_on: date | None = Field(None, description="By the rule of the type by default.")
    responsible: str | None = Field(None, description="E-mail address of a member; yours by default.")
    team: str | None = Field(None, description="Code of a team.")
    note: Text = Field("", description="The first line of its timeline.")
    is_confidential: bool | None = None
    with_template: bool = Field(False, description="Filled in with the template of the type.")


class CaseChange(Given):
    title: str | None = Field(None, max_length=200)
    priority: Priority | None = None
    due_on: date | None = None
    responsible: str | None = None


class StateIn(Given):
    state: CaseState
    sub_status: str = ""
    reason: str = Field("", max_length=200, description="Needed to close or to open again.")


class ContactIn(Given):
    interaction: int = Field(description="Number of an interaction.")


class CaseOut(Schema):
    number: int
    client: str
    case_type: str
    title: str
    state: CaseState
    sub_status: str
    priority: Priority
    opened_at: datetime
    due_on: date | None
    closed_at: datetime | None
    closing_reason: str
    responsible: str | None = Field(description="E-mail address.")
    team: str | None
    origin: str
    is_confidential: bool
    external_ref: str = Field(description="Number in the existing system.")
    external_state: str = Field(examples=["confirmed"], description="none, to_send, sent, confirmed, failed")
    version: int

    @classmethod
    def of(cls, one: Case) -> "CaseOut":
        plain = (
            "number title state sub_status priority opened_at due_on closed_at closing_reason origin is_confidential "
            "external_ref external_state version"
        )
        return cls(
            client=one.client.number,
            case_type=one.case_type.path,
            responsible=one.responsible.email if one.responsible else None,
            team=one.team.code if one.team else None,
            **{name: getattr(one, name) for name in plain.split()},
        )


class CasePage(Schema):
    items: list[CaseOut]
    next: str | None


def cases_of(member: Membership, right: Right = Right.CASE_VIEW):
    return Case.objects.visible_to(member, right).select_related("client", "case_type", "responsible", "team")


def _one(member: Membership, response: HttpResponse, **lookup) -> CaseOut:
    case = cases_of(member).found(**lookup)
    tag(response, case.version)
    return CaseOut.of(case)


def answer(member: Membership, response: HttpResponse, number: int) -> CaseOut:
    return _one(member, response, number=number)


@router.get("/case-types", response=CaseTypePage, summary="List case types")
@operation(Right.CASE_VIEW, module=Module.CASEWORK)
def list_case_types(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = CaseType.objects.of(request.member)
    items, following = page(records, order=["path", "id"], cursor=cursor, limit=limit)
    return CaseTypePage(items=[CaseTypeOut.of(one) for one in items], next=following)


@router.get("/cases", response=CasePage, summary="List cases, newest first")
@operation(Right.CASE_VIEW, module=Module.CASEWORK)
def list_cases(
    request: MemberRequest,
    client: str | None = None,
    state: CaseState | None = None,
    is_open: bool | None = None,
    filter: str | None = Query(None, description="Criteria as JSON, in the format of views."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    records = cases_of(member)
    if client is not None:
        records = records.filter(client__number=client)
    if state is not None:
        records = records.filter(state=state)
    if is_open is not None:
        records = records.filter(closed_at__isnull=is_open)
    if filter is not None:
        records = records.filter(criteria(filter, "cases", member))
    items, following = page(records, order=["-opened_at", "-id"], cursor=cursor, limit=limit)
    return CasePage(items=[CaseOut.of(one) for one in items], next=following)


@router.post("/cases", response={201: CaseOut}, summary="Open a case")
@operation(Right.CASE_EDIT, module=Module.CASEWORK)
def post_case(request: MemberRequest, response: HttpResponse, payload: CaseIn):
    member = request.member

    def make() -> int:
        case_type = CaseType.objects.of(member).filter(path=payload.case_type).first()
        if case_type is None:
            raise Refusal("E-001-CASE-TYPE", _("Type de dossier inconnu."), field="case_type")
        client = client_of(member, payload.client, Right.CASE_EDIT)
        values = payload.model_dump(exclude={"client", "case_type", "interaction", "responsible", "team"})
        values |= {
            "responsible": member_user(member, payload.responsible, field="responsible"),
            "team": _team(member, payload.team),
        }
        if payload.interaction is None:
            return actions.open_case(by=member, client=client, case_type=case_type, origin="api", **values).pk
        contact = _contact(member, payload.interaction)
        if client is None or contact.client_id != client.pk:
            raise _unknown_contact()
        if "priority" not in payload.model_fields_set:
            del values["priority"]
        return actions.open_case_from(contact, by=member, case_type=case_type, origin="api", **values).pk

    return Status(201, _one(member, response, pk=created_once(request, payload, make)))


@router.get("/cases/{int:number}", response=CaseOut, summary="One case")
@operation(Right.CASE_VIEW, module=Module.CASEWORK)
def get_case(request: MemberRequest, response: HttpResponse, number: int):
    return _one(request.member, response, number=number)


@router.patch("/cases/{int:number}", response=CaseOut, summary="Change a case")
@operation(Right.CASE_EDIT, module=Module.CASEWORK)
def patch_case(request: MemberRequest, response: HttpResponse, number: int, payload: CaseChange):
    member = request.member
    case = cases_of(member, Right.CASE_EDIT).found(number=number)
    given = payload.model_dump(exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None or name in ("due_on", "responsible")}
    if "responsible" in changes:
        changes["responsible"] = member_user(member, changes["responsible"], field="responsible")
    actions.edit_case(case, by=member, version=version_asked(request), **changes)
    return _one(member, response, number=number)


@router.post("/cases/{int:number}/state", response=CaseOut, summary="Change the state of a case")
@operation(Right.CASE_EDIT, module=Module.CASEWORK)
def post_state(request: MemberRequest, response: HttpResponse, number: int, payload: StateIn):
    """A closing state closes the case; what still runs on it must be ended on its page first (409)."""
    member = request.member
    case = cases_of(member, Right.CASE_EDIT).found(number=number)

    def change() -> int:
        actions.change_state(case, by=member, version=case.version, **payload.model_dump())
        return case.pk

    created_once(request, payload, change)
    return _one(member, response, number=number)


@router.post("/cases/{int:number}/contacts", response={201: CaseOut}, summary="Attach an interaction to a case")
@operation(Right.CASE_EDIT, module=Module.CASEWORK)
def post_contact(request: MemberRequest, response: HttpResponse, number: int, payload: ContactIn):
    """Only adds what the case does not have yet; sent again, it changes nothing."""
    member = request.member
    case = cases_of(member, Right.CASE_EDIT).found(number=number)
    found = _contact(member, payload.interaction)
    created_once(request, payload, lambda: actions.attach_interaction(case, found, by=member))
    return Status(201, _one(member, response, number=number))


def _contact(member: Membership, number: int) -> Interaction:
    seen = Interaction.objects.visible_to(member, Right.INTERACTION_VIEW).filter(number=number)
    found = seen.select_related("client__organization", "person", "topic").first()
    if found is None:
        raise _unknown_contact()
    return found


def _unknown_contact() -> Refusal:
    return Refusal("E-003-INTERACTION", _("Interaction inconnue."), field="interaction")


def _team(member: Membership, code: str | None) -> Team | None:
    if not code:
        return None
    team = Team.objects.filter(organization_id=member.organization_id, code=code, is_active=True).first()
    if team is None:
        raise Refusal("E-TEAM", _("Équipe inconnue."), field="team")
    return team
