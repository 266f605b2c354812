"""How an organization is set up: teams, who stands in for whom, types of cases, custom fields."""

from datetime import date
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.administration import TeamOut, router
from entregent.api.cases import CaseState, CaseTypeOut
from entregent.api.cases import router as of_cases
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import created_once, one_of, tag, unchanged, version_asked
from entregent.api.schemas import Given, Nothing, Page
from entregent.cases.actions.types import create_case_type, update_case_type
from entregent.cases.models import CaseType
from entregent.interactions.models import Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.listing import custom_field_actions as fields
from entregent.listing.models import CustomField
from entregent.organizations.actions import end_substitution, set_substitute
from entregent.organizations.models import Membership, Module, Substitution, Team, TeamMember
from entregent.organizations.team_actions import create_team, update_team
from entregent.toolbox.errors import NotFound, Refusal, required


class TeamDetail(TeamOut):
    members: list[str] = Field(description="E-mail addresses of those who are in it.")
    version: int


class TeamIn(Given):
    label_fr: str = Field(max_length=60, examples=["Clientèle"])
    label_en: str = Field(max_length=60, examples=["Customer service"])
    code: str = Field("", max_length=40, description="Made of the label when absent; it never changes.")
    lead: str | None = Field(None, max_length=254, description="E-mail address of who leads it.")
    members: list[str] = Field([], max_length=500, description="E-mail addresses.")


class TeamPatch(Given):
    """Only what is given is changed; `members` are all of them."""

    label_fr: str | None = Field(None, max_length=60)
    label_en: str | None = Field(None, max_length=60)
    lead: str | None = Field(None, max_length=254, description="null: nobody leads it.")
    members: list[str] | None = Field(None, max_length=500)
    is_active: bool | None = Field(None, description="false: it is given no more work.")


class SubstitutionIn(Given):
    absent: str | None = Field(None, max_length=254, description="E-mail address; oneself when left out.")
    substitute: str = Field(max_length=254, examples=["omar@eaux-du-val.example"])
    starts_on: date
    ends_on: date


class SubstitutionOut(Schema):
    id: int
    absent: str = Field(description="E-mail address of who is away.")
    substitute: str = Field(description="E-mail address of who reaches meanwhile what the other reaches.")
    starts_on: date
    ends_on: date


class SubstitutionPage(Page):
    items: list[SubstitutionOut]


class SubStatusIn(Given):
    code: str = Field("", max_length=40, description="Made of the label when absent.")
    state: CaseState
    label_fr: str = Field(max_length=60, examples=["Chez le fontainier"])
    label_en: str = Field("", max_length=60)


class CaseTypeIn(Given):
    label_fr: str = Field(max_length=80, examples=["Réclamation"])
    label_en: str = Field(max_length=80, examples=["Complaint"])
    code: str = Field("", max_length=40, description="Made of the label when absent; it never changes.")
    parent: str | None = Field(None, max_length=200, description="Path of the type above.")
    position: int | None = Field(None, ge=0, le=100_000)
    due_rule: str = Field("", max_length=60, examples=["10 working days"])
    warn_days: int = Field(2, ge=0, le=365, description="Days before the due day from which it is due soon.")
    is_confidential: bool = False
    on_portal: bool = False
    template: str | None = Field(None, max_length=40, description="Code of a template of cases.")
    topics: list[str] = Field([], max_length=100, description="Codes of topics.")
    sub_statuses: list[SubStatusIn] = Field([], max_length=30)


class CaseTypePatch(Given):
    """Only what is given is changed; `topics` and `sub_statuses` are all of them."""

    label_fr: str | None = Field(None, max_length=80)
    label_en: str | None = Field(None, max_length=80)
    parent: str | None = Field(None, max_length=200, description="null: to the top.")
    position: int | None = Field(None, ge=0, le=100_000)
    due_rule: str | None = Field(None, max_length=60)
    warn_days: int | None = Field(None, ge=0, le=365)
    is_confidential: bool | None = None
    on_portal: bool | None = None
    is_active: bool | None = Field(None, description="false: it is no longer offered.")
    template: str | None = Field(None, max_length=40, description="null: none.")
    topics: list[str] | None = Field(None, max_length=100)
    sub_statuses: list[SubStatusIn] | None = Field(None, max_length=30)


class CaseTypeDetail(CaseTypeOut):
    id: int
    position: int
    warn_days: int
    template: str | None
    version: int


class OptionIn(Given):
    id: str = Field(min_length=1, max_length=11, examples=["mensuel"])
    label_fr: str = Field("", max_length=30, examples=["Mensuel"])
    label_en: str = Field("", max_length=30, examples=["Monthly"])
    is_active: bool = True


class OptionOut(Schema):
    id: str
    label_fr: str
    label_en: str
    is_active: bool = Field(description="Whether it is still offered.")


class CustomFieldIn(Given):
    subject: Literal["client", "person", "interaction"]
    type: Literal["text", "number", "date", "boolean", "choice", "member"]
    label_fr: str = Field(max_length=60, examples=["Rythme de facturation"])
    label_en: str = Field(max_length=60, examples=["Billing rhythm"])
    code: str = Field("", max_length=40, description="Made of the label when absent; it never changes.")
    help_fr: str = Field("", max_length=200)
    help_en: str = Field("", max_length=200)
    options: list[OptionIn] = Field([], max_length=200, description="Of a `choice`.")
    channels: list[str] = Field([], max_length=20, description="Of contacts: where it is offered; none: everywhere.")
    is_required: bool = False
    is_searchable: bool = False
    position: int | None = Field(None, ge=0, le=100_000)


class CustomFieldPatch(Given):
    """Only what is given is changed. An option that is left out of `options` stays, no longer offered."""

    label_fr: str | None = Field(None, max_length=60)
    label_en: str | None = Field(None, max_length=60)
    help_fr: str | None = Field(None, max_length=200)
    help_en: str | None = Field(None, max_length=200)
    options: list[OptionIn] | None = Field(None, max_length=200)
    channels: list[str] | None = Field(None, max_length=20)
    is_required: bool | None = None
    is_searchable: bool | None = None
    is_active: bool | None = Field(None, description="false: no longer offered, what was filled in stays shown.")
    position: int | None = Field(None, ge=0, le=100_000)


class CustomFieldOut(Schema):
    id: int
    subject: str = Field(examples=["client"])
    type: str = Field(examples=["choice"])
    code: str = Field(description="Under which `custom` of a record has its value.")
    label_fr: str
    label_en: str
    help_fr: str
    help_en: str
    options: list[OptionOut]
    channels: list[str]
    is_required: bool
    is_searchable: bool
    is_active: bool
    position: int
    version: int

    @classmethod
    def of(cls, one: CustomField) -> "CustomFieldOut":
        names = set(cls.model_fields) - {"options", "channels"}
        options = [
            OptionOut(id=o["id"], label_fr=o["fr"], label_en=o["en"], is_active=o.get("is_active", True))
            for o in one.options
        ]
        return cls(options=options, channels=one.variants, **{name: getattr(one, name) for name in names})


class CustomFieldPage(Page):
    items: list[CustomFieldOut]


# ——— Teams ———


def _colleague(member: Membership, email: str | None, *, field: str) -> Membership | None:
    """The active member of that address."""
    if not email:
        return None
    known = Membership.objects.active().select_related("user", "organization")
    found = known.filter(organization_id=member.organization_id, user__email__iexact=email).first()
    if found is None:
        raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field=field)
    return found


def _colleagues(member: Membership, emails: list[str]) -> list[Membership]:
    wanted = {email.lower() for email in emails}
    known = Membership.objects.active().select_related("user").filter(organization_id=member.organization_id)
    found = [one for one in known.filter(user__email__in=wanted) if one.user.email.lower() in wanted]
    if len(found) != len(wanted):
        raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field="members")
    return found


def _team(member: Membership, code: str) -> Team:
    found = Team.objects.select_related("lead").filter(organization_id=member.organization_id, code=code).first()
    if found is None:
        raise NotFound
    return found


def _told_team(team: Team, response: HttpResponse) -> TeamDetail:
    tag(response, team.version)
    people = TeamMember.objects.filter(team=team).order_by("user__email").values_list("user__email", flat=True)
    return TeamDetail(
        code=team.code, label_fr=team.label_fr, label_en=team.label_en, is_active=team.is_active, version=team.version,
        lead=team.lead.email if team.lead else None, members=list(people),
    )  # fmt: skip


@router.post("/teams", response={201: TeamDetail}, summary="Create a team")
@operation(Right.TEAMS)
def post_team(request: MemberRequest, response: HttpResponse, payload: TeamIn):
    member = request.member

    def make() -> int:
        return create_team(
            by=member, lead=_colleague(member, payload.lead, field="lead"),
            members=_colleagues(member, payload.members), **payload.model_dump(exclude={"lead", "members"}),
        ).pk  # fmt: skip

    made = created_once(request, payload, make)
    return Status(201, _told_team(Team.objects.select_related("lead").get(pk=made), response))


@router.get("/teams/{str:code}", response=TeamDetail, summary="One team and who is in it")
@operation(Right.TEAMS)
def get_team(request: MemberRequest, response: HttpResponse, code: str):
    return _told_team(_team(request.member, code), response)


@router.patch("/teams/{str:code}", response=TeamDetail, summary="Change a team")
@operation(Right.TEAMS)
def patch_team(request: MemberRequest, response: HttpResponse, code: str, payload: TeamPatch):
    member, version = request.member, version_asked(request)
    team = _team(member, code)
    given = payload.model_dump(exclude_unset=True)
    lead = payload.lead if "lead" in given else team.lead.email if team.lead else None
    values: dict[str, Any] = {
        name: getattr(team, name) if given.get(name) is None else given[name]
        for name in ("label_fr", "label_en", "is_active")
    }
    if payload.members is not None:
        values["members"] = _colleagues(member, payload.members)
    else:
        there = TeamMember.objects.filter(team=team).values("user_id")
        values["members"] = list(Membership.objects.filter(organization_id=member.organization_id, user__in=there))
    if team.lead is not None and lead == team.lead.email:
        # Who has left since may go on being named.
        values["lead"] = Membership.objects.get(organization_id=member.organization_id, user=team.lead)
    else:
        values["lead"] = _colleague(member, lead, field="lead")
    update_team(team, by=member, version=version, **values)
    return _told_team(_team(member, code), response)


# ——— Absences ———


def _substitutions(member: Membership):
    """All of the organization for who manages its members; else one's own."""
    found = Substitution.objects.select_related(
        "absent__user", "absent__organization", "substitute__user"
    ).filter(organization_id=member.organization_id)  # fmt: skip
    return found if member.can(Right.MEMBERS) else found.filter(Q(absent=member) | Q(substitute=member))


def _told_substitution(one: Substitution) -> SubstitutionOut:
    return SubstitutionOut(
        id=one.pk, absent=one.absent.user.email, substitute=one.substitute.user.email, starts_on=one.starts_on,
        ends_on=one.ends_on,
    )  # fmt: skip


@router.get("/substitutions", response=SubstitutionPage, summary="List who stands in for whom")
@operation(Right.SUBSTITUTE_SET)
def list_substitutions(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    """One's own; all, for who manages members."""
    items, following = page(_substitutions(request.member), order=["id"], cursor=cursor, limit=limit)
    return SubstitutionPage(items=[_told_substitution(one) for one in items], next=following)


@router.post("/substitutions", response={201: SubstitutionOut}, summary="Say who stands in for somebody")
@operation(Right.SUBSTITUTE_SET)
def post_substitution(request: MemberRequest, payload: SubstitutionIn):
    """For oneself; for others by who manages members."""
    member = request.member

    def make() -> int:
        absent = _colleague(member, payload.absent, field="absent") if member.can(Right.MEMBERS) else None
        if absent is None and (payload.absent or member.user.email).lower() != member.user.email.lower():
            raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field="absent")
        substitute = _colleague(member, payload.substitute, field="substitute")
        if substitute is None:
            raise required("substitute", _("Agent"))
        return set_substitute(
            absent=absent or member, substitute=substitute, by=member, starts_on=payload.starts_on,
            ends_on=payload.ends_on,
        ).pk  # fmt: skip

    made = created_once(request, payload, make)
    return Status(201, _told_substitution(one_of(_substitutions(member), made)))


@router.delete("/substitutions/{int:substitution_id}", response={204: None}, summary="End a substitution")
@operation(Right.SUBSTITUTE_SET)
def delete_substitution(request: MemberRequest, substitution_id: int):
    """By who is away, or who manages members."""
    member = request.member
    found = _substitutions(member)
    mine = found if member.can(Right.MEMBERS) else found.filter(absent=member)
    end_substitution(one_of(mine, substitution_id), by=member)
    return Status(204, None)


# ——— Types of cases ———


def _case_type(member: Membership, pk: int) -> CaseType:
    return one_of(CaseType.objects.of(member).select_related("template"), pk)


def _told_case_type(one: CaseType, response: HttpResponse) -> CaseTypeDetail:
    tag(response, one.version)
    plain = CaseTypeOut.of(one).model_dump()
    template = one.template.code if one.template else None
    return CaseTypeDetail(
        **plain, id=one.pk, position=one.position, warn_days=one.warn_days, template=template, version=one.version
    )


def _case_type_values(member: Membership, payload: CaseTypeIn | CaseTypePatch) -> dict[str, Any]:
    """As the actions take them; what is named must be there."""
    given = payload.model_dump(exclude_unset=isinstance(payload, CaseTypePatch), exclude={"code"})
    nullable = ("parent", "template")
    values = {name: value for name, value in given.items() if value is not None or name in nullable}
    if "parent" in values:
        values["parent"] = _of_path(member, values["parent"])
    if "template" in values:
        values["template"] = _of_code(member, values["template"])
    if "topics" in values:
        known = Topic.objects.filter(organization_id=member.organization_id, code__in=values["topics"])
        values["topics"] = list(known)
        if len(values["topics"]) != len(set(given["topics"])):
            raise Refusal("E-CHOICE", _("Rubrique inconnue."), field="topics")
    if "sub_statuses" in values:
        values["sub_statuses"] = [
            {"code": one.code, "state": one.state, "fr": one.label_fr, "en": one.label_en}
            for one in payload.sub_statuses or ()
        ]
    return values


def _of_path(member: Membership, path: str | None) -> CaseType | None:
    if not path:
        return None
    found = CaseType.objects.of(member).filter(path=path).first()
    if found is None:
        raise Refusal("E-CHOICE", _("Type de dossier inconnu."), field="parent")
    return found


def _of_code(member: Membership, code: str | None) -> RecordTemplate | None:
    if not code:
        return None
    found = RecordTemplate.objects.filter(organization_id=member.organization_id, code=code).first()
    if found is None:
        raise Refusal("E-CHOICE", _("Modèle inconnu."), field="template")
    return found


@of_cases.post("/case-types", response={201: CaseTypeDetail}, summary="Create a type of cases")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def post_case_type(request: MemberRequest, response: HttpResponse, payload: CaseTypeIn):
    member = request.member

    def make() -> int:
        return create_case_type(by=member, code=payload.code, **_case_type_values(member, payload)).pk

    return Status(201, _told_case_type(_case_type(member, created_once(request, payload, make)), response))


@of_cases.get("/case-types/{int:type_id}", response=CaseTypeDetail, summary="One type of cases")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def get_case_type(request: MemberRequest, response: HttpResponse, type_id: int):
    return _told_case_type(_case_type(request.member, type_id), response)


@of_cases.patch("/case-types/{int:type_id}", response=CaseTypeDetail, summary="Change or move a type of cases")
@operation(Right.CASE_TYPES, module=Module.CASEWORK)
def patch_case_type(request: MemberRequest, response: HttpResponse, type_id: int, payload: CaseTypePatch):
    """Cases keep their due day. What stands below it moves along."""
    member, version = request.member, version_asked(request)
    case_type = _case_type(member, type_id)
    update_case_type(case_type, by=member, version=version, **_case_type_values(member, payload))
    return _told_case_type(_case_type(member, type_id), response)


# ——— Custom fields ———


def _fields(member: Membership, *, is_deleted: bool = False):
    return CustomField.objects.filter(organization_id=member.organization_id, deleted_at__isnull=not is_deleted)


def _told_field(one: CustomField, response: HttpResponse) -> CustomFieldOut:
    tag(response, one.version)
    return CustomFieldOut.of(one)


def _field_values(payload: CustomFieldIn | CustomFieldPatch) -> dict[str, Any]:
    given = payload.model_dump(exclude_unset=isinstance(payload, CustomFieldPatch))
    values = {name: value for name, value in given.items() if value is not None}
    if "channels" in values:
        values["variants"] = values.pop("channels")
    if "options" in values:
        values["options"] = [
            {"id": one.id, "fr": one.label_fr, "en": one.label_en, "is_active": one.is_active}
            for one in payload.options or ()
        ]
    return values


@router.get("/custom-fields", response=CustomFieldPage, summary="List custom fields")
@operation(Right.CLIENT_VIEW)
def list_custom_fields(
    request: MemberRequest,
    subject: str | None = Query(None, description="client, person, interaction"),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """What may stand in `custom` of clients, people and interactions."""
    found = _fields(request.member)
    if subject is not None:
        found = found.filter(subject=subject)
    items, following = page(found, order=["position", "id"], cursor=cursor, limit=limit)
    return CustomFieldPage(items=[CustomFieldOut.of(one) for one in items], next=following)


@router.post("/custom-fields", response={201: CustomFieldOut}, summary="Add a custom field")
@operation(Right.CUSTOM_FIELDS)
def post_custom_field(request: MemberRequest, response: HttpResponse, payload: CustomFieldIn):
    member = request.member
    make = lambda: fields.create_custom_field(by=member, **_field_values(payload)).pk  # noqa: E731
    return Status(201, _told_field(one_of(_fields(member), created_once(request, payload, make)), response))


@router.get("/custom-fields/{int:field_id}", response=CustomFieldOut, summary="One custom field")
@operation(Right.CLIENT_VIEW)
def get_custom_field(request: MemberRequest, response: HttpResponse, field_id: int):
    return _told_field(one_of(_fields(request.member), field_id), response)


@router.patch("/custom-fields/{int:field_id}", response=CustomFieldOut, summary="Change a custom field")
@operation(Right.CUSTOM_FIELDS)
def patch_custom_field(request: MemberRequest, response: HttpResponse, field_id: int, payload: CustomFieldPatch):
    """Its subject, its type and its code never change: values that are kept mean what they meant."""
    member, version = request.member, version_asked(request)
    values = _field_values(payload)
    is_active = values.pop("is_active", None)
    changed = fields.update_custom_field(one_of(_fields(member), field_id), by=member, version=version, **values)
    if is_active is not None and is_active != changed.is_active:
        act = fields.offer_custom_field if is_active else fields.archive_custom_field
        act(changed, by=member)
    return _told_field(one_of(_fields(member), field_id), response)


@router.delete("/custom-fields/{int:field_id}", response={204: None}, summary="Delete a custom field")
@operation(Right.CUSTOM_FIELDS)
def delete_custom_field(request: MemberRequest, field_id: int):
    """Its values are hidden everywhere; `POST …/restoration` brings them back."""
    found = one_of(_fields(request.member), field_id)
    unchanged(request, found)
    fields.delete_custom_field(found, by=request.member)
    return Status(204, None)


@router.post("/custom-fields/{int:field_id}/restoration", response=CustomFieldOut, summary="Take its deletion back")
@operation(Right.CUSTOM_FIELDS)
def restore_custom_field(request: MemberRequest, response: HttpResponse, field_id: int, payload: Nothing):
    member = request.member
    deleted = one_of(CustomField.objects.filter(organization_id=member.organization_id), field_id)

    def make() -> int:
        return fields.restore_custom_field(one_of(_fields(member, is_deleted=True), deleted.pk), by=member).pk

    return _told_field(one_of(_fields(member), created_once(request, payload, make)), response)
