"""Who works in the organization and what they reach; sectors, topics, teams; what the journal says."""

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.access.scope import scope_types, scope_words
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.reference import router as reference
from entregent.api.requests import created_once, one_of, sector_of, tag, unchanged, version_asked
from entregent.api.schemas import Given, Nothing, Page, SectorOut, TopicOut
from entregent.audit.models import Action
from entregent.clients.models import Client
from entregent.interactions.actions import create_topic, update_topic
from entregent.interactions.models import Topic
from entregent.organizations import actions
from entregent.organizations.models import Grant, Membership, Sector, Team
from entregent.toolbox.errors import NotFound, Refusal, required

router = Router(tags=["administration"])

RoleName = Literal["admin", "manager", "editor", "reader"]
GrantRole = Literal["manager", "editor", "reader"]


class OrganizationOut(Schema):
    slug: str
    name: str
    trade: str
    language: str
    country: str
    currency: str
    time_zone: str
    modules: list[str]


class MeOut(Schema):
    """Behind the token: who acts, where, and what they may do."""

    id: int
    name: str
    email: str
    role: str
    functions: list[str]
    rights: list[str]
    scopes: list[str] = Field(description="Of the token; none: all that the rights say.")
    organization: OrganizationOut


class UserOut(Schema):
    id: int
    name: str
    email: str
    role: str
    functions: list[str]
    rights_added: list[str]
    rights_removed: list[str]
    is_active: bool
    created_at: datetime
    version: int

    @classmethod
    def of(cls, member: Membership) -> "UserOut":
        names = ("role", "functions", "rights_added", "rights_removed", "is_active", "created_at", "version")
        plain = {name: getattr(member, name) for name in names}
        return cls(id=member.pk, name=member.user.name, email=member.user.email, **plain)


class UserPage(Page):
    items: list[UserOut]


class UserIn(Given):
    email: str = Field(max_length=254, examples=["omar@eaux-du-val.example"])
    name: str = Field(max_length=120, examples=["Omar Haddad"])
    role: RoleName
    functions: list[Literal["agent", "salesperson"]] = []
    language: Literal["fr", "en"] | None = None


class UserPatch(Given):
    """Only what is given is changed."""

    role: RoleName | None = None
    functions: list[Literal["agent", "salesperson"]] | None = None
    rights_added: list[str] | None = Field(None, examples=[["case.merge"]])
    rights_removed: list[str] | None = None
    is_active: bool | None = Field(None, description="false: they come in no more, and their tokens stop.")


class GrantIn(Given):
    """The organization, a sector with all below it, or one client."""

    scope_type: Literal["organization", "sector", "client"]
    sector: str | None = Field(None, description="Code of the sector.")
    client: str | None = Field(None, description="Number of the client.")
    role: GrantRole | None = Field(None, description="What may be done there; the member's own role by default.")
    starts_on: date | None = None
    ends_on: date | None = None


class GrantOut(Schema):
    id: int
    scope_type: str
    sector: str | None
    client: str | None
    role: str | None
    starts_on: date | None
    ends_on: date | None


class GrantPage(Page):
    items: list[GrantOut]


class SectorIn(Given):
    code: str = Field(max_length=40)
    name: str = Field(max_length=120, examples=["Nord"])
    level: str = Field("", max_length=60)
    parent: str | None = Field(None, description="Code of the sector above.")


class SectorPatch(Given):
    code: str | None = Field(None, max_length=40)
    name: str | None = Field(None, max_length=120)
    level: str | None = Field(None, max_length=60)
    parent: str | None = Field(None, description="Code of the sector above; null: to the top.")


class SectorDetail(SectorOut):
    version: int


class TopicIn(Given):
    label_fr: str = Field(max_length=60, examples=["Renseignement"])
    label_en: str = Field(max_length=60, examples=["Enquiry"])
    code: str = Field("", max_length=40, description="Made of the label when absent.")
    applies_to: list[Literal["client", "prospect", "person"]] = []
    position: int | None = Field(None, ge=0, le=100_000)


class TopicPatch(Given):
    label_fr: str | None = Field(None, max_length=60)
    label_en: str | None = Field(None, max_length=60)
    applies_to: list[Literal["client", "prospect", "person"]] | None = None
    position: int | None = Field(None, ge=0, le=100_000)
    is_active: bool | None = None


class TopicDetail(TopicOut):
    position: int
    version: int


class TeamOut(Schema):
    code: str
    label_fr: str
    label_en: str
    lead: str | None = Field(description="E-mail address of who leads it.")
    is_active: bool


class TeamPage(Page):
    items: list[TeamOut]


class EventOut(Schema):
    id: int
    at: datetime
    name: str = Field(examples=["update_client"])
    user: int | None = Field(description="Id of the user; null: the product by itself, or the client's side.")
    subject_type: str = Field(examples=["clients.client"])
    subject_id: int | None
    reason: str
    data: dict[str, Any]


class EventPage(Page):
    items: list[EventOut]


@router.get("/me", response=MeOut, summary="Who the token is")
@operation(Right.CLIENT_VIEW)
def get_me(request: MemberRequest):
    member = request.member
    organization = member.organization
    names = ("slug", "name", "trade", "language", "country", "currency", "time_zone", "modules")
    return MeOut(
        id=member.pk, name=member.user.name, email=member.user.email, role=member.role, functions=member.functions,
        rights=sorted(member.reach.rights), scopes=request.token.scopes,  # type: ignore[attr-defined]
        organization=OrganizationOut(**{name: getattr(organization, name) for name in names}),
    )  # fmt: skip


# ——— Members ———


def _members(member: Membership):
    return Membership.objects.select_related("user", "organization").filter(organization_id=member.organization_id)


def _member(member: Membership, pk: int) -> Membership:
    return one_of(_members(member), pk)


def _user(request: MemberRequest, response: HttpResponse, pk: int) -> UserOut:
    shown = _member(request.member, pk)
    tag(response, shown.version)
    return UserOut.of(shown)


@router.get("/users", response=UserPage, summary="List members")
@operation(Right.MEMBERS)
def list_users(
    request: MemberRequest,
    is_active: bool | None = None,
    email: str | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _members(request.member)
    for name, value in {"is_active": is_active, "user__email__iexact": email}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return UserPage(items=[UserOut.of(one) for one in items], next=following)


@router.post("/users", response={201: UserOut}, summary="Invite a member")
@operation(Right.MEMBERS)
def post_user(request: MemberRequest, response: HttpResponse, payload: UserIn):
    """They are told by mail; without an account yet they choose a password by the link in it."""
    make = lambda: actions.invite_member(by=request.member, **payload.model_dump())  # noqa: E731
    return Status(201, _user(request, response, created_once(request, payload, make)))


@router.get("/users/{int:user_id}", response=UserOut, summary="One member")
@operation(Right.MEMBERS)
def get_user(request: MemberRequest, response: HttpResponse, user_id: int):
    return _user(request, response, user_id)


@router.patch("/users/{int:user_id}", response=UserOut, summary="Change a member")
@operation(Right.MEMBERS)
def patch_user(request: MemberRequest, response: HttpResponse, user_id: int, payload: UserPatch):
    version = version_asked(request)
    shown = _member(request.member, user_id)
    given = {name: value for name, value in payload.model_dump().items() if value is not None}
    is_active = given.pop("is_active", None)
    if given or is_active is None:
        shown = actions.update_member(shown, by=request.member, version=version, **given)
        version = shown.version
    if is_active is not None:
        act = actions.activate_member if is_active else actions.deactivate_member
        act(shown, by=request.member, version=version)
    return _user(request, response, user_id)


@router.get("/users/{int:user_id}/grants", response=GrantPage, summary="List what a member reaches")
@operation(Right.MEMBERS)
def list_grants(
    request: MemberRequest, user_id: int, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None
):
    records = Grant.objects.filter(membership=_member(request.member, user_id))
    items, following = page(records, order=["id"], cursor=cursor, limit=limit)
    return GrantPage(items=_granted(request.member, items), next=following)


@router.post("/users/{int:user_id}/grants", response={201: GrantOut}, summary="Give a member access")
@operation(Right.MEMBERS)
def post_grant(request: MemberRequest, user_id: int, payload: GrantIn):
    """It holds from the next request on."""
    member = request.member
    shown = _member(member, user_id)

    def make():
        return actions.grant_access(
            by=member, member=shown, scope_type=payload.scope_type, scope_id=_scope_id(member, payload),
            **payload.model_dump(include={"role", "starts_on", "ends_on"}),
        )  # fmt: skip

    made = created_once(request, payload, make)
    return Status(201, _granted(request.member, [one_of(Grant.objects.filter(membership=shown), made)])[0])


@router.delete("/users/{int:user_id}/grants/{int:grant_id}", response={204: None}, summary="Take an access away")
@operation(Right.MEMBERS)
def delete_grant(request: MemberRequest, user_id: int, grant_id: int):
    shown = _member(request.member, user_id)
    grants = Grant.objects.select_related("membership__user", "membership__organization").filter(membership=shown)
    grant = one_of(grants, grant_id)
    unchanged(request, shown)
    actions.revoke_access(grant, by=request.member)
    return Status(204, None)


def _scope_id(member: Membership, payload: GrantIn) -> int | None:
    if payload.scope_type == "organization":
        return None
    text = payload.sector if payload.scope_type == "sector" else payload.client
    if not text:
        raise required(payload.scope_type, scope_words[payload.scope_type].title)
    if payload.scope_type == "sector":
        sector = sector_of(member, text)
        return sector.pk if sector is not None else None
    found = scope_words["client"].find(member, text) if "client" in scope_types() else None
    if found is None:
        raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client")
    return found


def _granted(member: Membership, grants: list[Grant]) -> list[GrantOut]:
    by_type = {
        kind: [one.scope_id for one in grants if one.scope_type == kind and one.scope_id is not None]
        for kind in ("sector", "client")
    }
    sectors = dict(Sector.objects.filter(pk__in=by_type["sector"]).values_list("pk", "code"))
    clients = dict(Client.objects.visible_to(member).filter(pk__in=by_type["client"]).values_list("pk", "number"))
    plain = ("scope_type", "role", "starts_on", "ends_on")
    return [
        GrantOut(
            id=one.pk,
            sector=sectors.get(one.scope_id or 0) if one.scope_type == "sector" else None,
            client=clients.get(one.scope_id or 0) if one.scope_type == "client" else None,
            **{name: getattr(one, name) for name in plain},
        )
        for one in grants
    ]


@router.get("/teams", response=TeamPage, summary="List teams")
@operation(Right.CLIENT_VIEW)
def list_teams(request: MemberRequest, limit: int = Query(100, ge=1, le=MOST), cursor: str | None = None):
    records = Team.objects.filter(organization_id=request.member.organization_id).select_related("lead")
    items, following = page(records, order=["code", "id"], cursor=cursor, limit=limit)
    told = [
        TeamOut(
            code=one.code, label_fr=one.label_fr, label_en=one.label_en, lead=one.lead.email if one.lead else None,
            is_active=one.is_active,
        )
        for one in items
    ]  # fmt: skip
    return TeamPage(items=told, next=following)


# ——— Sectors and topics ———


def _sector(member: Membership, code: str) -> Sector:
    found = Sector.objects.filter(organization_id=member.organization_id, code=code).select_related(
        "parent", "organization"
    )
    sector = found.first()
    if sector is None:
        raise NotFound
    return sector


def _told_sector(sector: Sector, response: HttpResponse) -> SectorDetail:
    tag(response, sector.version)
    parent = sector.parent.code if sector.parent else None
    return SectorDetail(code=sector.code, name=sector.name, level=sector.level, parent=parent, version=sector.version)


@reference.post("/sectors", response={201: SectorDetail}, summary="Create a sector")
@operation(Right.SECTORS)
def post_sector(request: MemberRequest, response: HttpResponse, payload: SectorIn):
    member = request.member

    def make():
        parent = _above(member, payload.parent)
        values = payload.model_dump(exclude={"parent"})
        return actions.create_sector(organization=member.organization, by=member, parent=parent, **values)

    made = created_once(request, payload, make)
    return Status(201, _told_sector(Sector.objects.select_related("parent").get(pk=made), response))


@reference.get("/sectors/{str:code}", response=SectorDetail, summary="One sector")
@operation(Right.CLIENT_VIEW)
def get_sector(request: MemberRequest, response: HttpResponse, code: str):
    return _told_sector(_sector(request.member, code), response)


@reference.patch("/sectors/{str:code}", response=SectorDetail, summary="Rename or move a sector")
@operation(Right.SECTORS)
def patch_sector(request: MemberRequest, response: HttpResponse, code: str, payload: SectorPatch):
    """What lies below it comes along, and who reaches it reaches what it holds then."""
    member = request.member
    version = version_asked(request)
    sector = _sector(member, code)
    given = payload.model_dump(exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None or name == "parent"}
    if "parent" in changes:
        changes["parent"] = _above(member, changes["parent"])
    sector = actions.update_sector(sector, by=member, version=version, **changes)
    return _told_sector(Sector.objects.select_related("parent").get(pk=sector.pk), response)


@reference.delete("/sectors/{str:code}", response={204: None}, summary="Delete a sector that nothing uses")
@operation(Right.SECTORS)
def delete_sector(request: MemberRequest, code: str):
    sector = _sector(request.member, code)
    unchanged(request, sector)
    actions.delete_sector(sector, by=request.member)
    return Status(204, None)


def _above(member: Membership, code: str | None) -> Sector | None:
    try:
        return sector_of(member, code)
    except Refusal as unknown:
        unknown.field = "parent"
        raise


def _topic(member: Membership, code: str) -> Topic:
    topic = Topic.objects.filter(organization_id=member.organization_id, code=code).first()
    if topic is None:
        raise NotFound
    return topic


def _told_topic(topic: Topic, response: HttpResponse) -> TopicDetail:
    tag(response, topic.version)
    return TopicDetail(**{name: getattr(topic, name) for name in TopicDetail.model_fields})


@reference.post("/topics", response={201: TopicDetail}, summary="Create a topic")
@operation(Right.TOPICS)
def post_topic(request: MemberRequest, response: HttpResponse, payload: TopicIn):
    made = created_once(request, payload, lambda: create_topic(by=request.member, **payload.model_dump()))
    return Status(201, _told_topic(Topic.objects.get(pk=made), response))


@reference.get("/topics/{str:code}", response=TopicDetail, summary="One topic")
@operation(Right.INTERACTION_VIEW)
def get_topic(request: MemberRequest, response: HttpResponse, code: str):
    return _told_topic(_topic(request.member, code), response)


@reference.patch("/topics/{str:code}", response=TopicDetail, summary="Change a topic, or offer it no more")
@operation(Right.TOPICS)
def patch_topic(request: MemberRequest, response: HttpResponse, code: str, payload: TopicPatch):
    version = version_asked(request)
    changes = {name: value for name, value in payload.model_dump().items() if value is not None}
    topic = update_topic(_topic(request.member, code), by=request.member, version=version, **changes)
    return _told_topic(topic, response)


# ——— The journal ———


@router.get("/audit-events", response=EventPage, summary="Read the journal, newest first")
@operation(Right.SETTINGS)
def list_events(
    request: MemberRequest,
    name: str | None = Query(None, description="Name of an action.", examples=["update_client"]),
    user: int | None = Query(None, description="Id of a user."),
    client: str | None = Query(None, description="Number of a client."),
    since: datetime | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    """Who reads the settings without the whole organization reads of its organization, not of its clients."""
    member = request.member
    records = Action.objects.filter(organization_id=member.organization_id)
    if not member.reach.is_whole(Right.CLIENT_VIEW):
        records = records.filter(client_id=None, subject_type__startswith="organizations.")
    if client is not None:
        found = Client.objects.visible_to(member).filter(number=client).first()
        if found is None:
            raise NotFound
        records = records.filter(client_id=found.pk)
    for field, value in {"name": name, "user_id": user, "at__gte": since}.items():
        if value is not None:
            records = records.filter(**{field: value})
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    plain = ("id", "at", "name", "subject_type", "subject_id", "reason", "data")
    told = [EventOut(user=one.user_id, **{field: getattr(one, field) for field in plain}) for one in items]
    return EventPage(items=told, next=following)


@router.post("/users/{int:user_id}/invitation", response=UserOut, summary="Invite a member again")
@operation(Right.MEMBERS)
def post_invitation(request: MemberRequest, response: HttpResponse, user_id: int, payload: Nothing):
    """A new link for somebody who has not chosen a password yet."""
    shown = _member(request.member, user_id)

    def make():
        actions.invite_again(shown, by=request.member)
        return shown

    created_once(request, payload, make)
    return _user(request, response, user_id)
