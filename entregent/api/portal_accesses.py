"""Who at clients has access to the portal: invited, suspended, made permanent, taken away by members."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import Field

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, person_of
from entregent.api.schemas import Given, Nothing, Page
from entregent.clients.models import Client, ClientPerson, Person
from entregent.interactions import portal_access as actions
from entregent.interactions.portal_models import PortalAccess, PortalAccessQuerySet
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["portal"])

MODULE = Module.PORTAL


class AccessIn(Given):
    person: int = Field(ge=1, le=2**62, description="Id of the person.")
    client: str | None = Field(
        None, max_length=40, description="Number of the client whom the person stands for; none where they stand for "
        "no client."
    )  # fmt: skip
    email: str = Field("", max_length=254, description="One of the person's addresses; the first by default.")
    sees_colleagues: bool | None = Field(
        None, description="Whether they see all published exchanges of the client; as the portal is set by default."
    )


class ColleaguesIn(Given):
    sees_colleagues: bool


class AccessOut(Schema):
    """An access; never the secret of its invitation, which goes to the person by mail and nowhere else."""

    id: int
    person: int
    name: str = Field(description="Of the person.", examples=["Anne Roy"])
    client: str | None = Field(description="Number of the client.")
    kind: str = Field(examples=["permanent"], description="permanent, temporary")
    state: str = Field(examples=["active"], description="invited, active, suspended, expired; as of now")
    email: str
    language: str
    sees_colleagues: bool
    invited_at: datetime
    activated_at: datetime | None
    expires_at: datetime | None
    last_seen_at: datetime | None

    @classmethod
    def of(cls, access: PortalAccess) -> "AccessOut":
        """`access` with person, client and visit at hand (`_accesses`)."""
        names = (
            "kind", "email", "language", "sees_colleagues", "invited_at", "activated_at", "expires_at",
        )  # fmt: skip
        visit = getattr(access, "visit", None)
        states = PortalAccess.State
        is_expired = access.is_over and access.state in (states.INVITED, states.ACTIVE)
        return cls(
            id=access.pk, person=access.person_id, name=access.person.full_name,
            client=access.client.number if access.client is not None else None,
            state=str(states.EXPIRED if is_expired else access.state),
            last_seen_at=visit.last_seen_at if visit is not None else None,
            **{name: getattr(access, name) for name in names},
        )  # fmt: skip


class AccessPage(Page):
    items: list[AccessOut]


def _accesses(member: Membership, right: Right = Right.CLIENT_VIEW) -> PortalAccessQuerySet:
    """Those that were not taken away: for clients within reach, and of people within reach who stand for none."""
    tied = ClientPerson.objects.filter(client_id=OuterRef("client_id"), person_id=OuterRef("person_id"))
    for_client = Q(Exists(tied), client__in=Client.objects.visible_to(member, right), person__deleted_at__isnull=True)
    alone = Q(client__isnull=True, person__in=Person.objects.visible_to(member, right))
    given = PortalAccess.objects.open().select_related("person", "client", "visit")
    return given.filter(for_client | alone, organization_id=member.organization_id)


def _access(member: Membership, pk: int, right: Right = Right.PORTAL_INVITE) -> PortalAccess:
    found = _accesses(member, right).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


@router.get("/portal-accesses", response=AccessPage, summary="List accesses to the portal, newest first")
@operation(Right.CLIENT_VIEW, module=MODULE)
def list_accesses(
    request: MemberRequest,
    client: str | None = Query(None, max_length=40, description="Number of a client."),
    person: int | None = Query(None, ge=1, le=2**62, description="Id of a person."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    records = _accesses(request.member)
    for name, value in {"client__number": client, "person_id": person}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["-id"], cursor=cursor, limit=limit)
    return AccessPage(items=[AccessOut.of(one) for one in items], next=following)


@router.post("/portal-accesses", response={201: AccessOut}, summary="Invite a person to the portal")
@operation(Right.PORTAL_INVITE, module=MODULE)
def post_access(request: MemberRequest, payload: AccessIn):
    """They are told by mail. Invited again, whoever has not accepted yet gets a new link, and the former one is void;
    who is in already is refused (409, `E-003-ACCESS`)."""
    member = request.member

    def make() -> PortalAccess:
        person = person_of(member, payload.person, Right.PORTAL_INVITE)
        client = client_of(member, payload.client, Right.PORTAL_INVITE)
        assert person is not None
        try:
            access, _url = actions.invite_person(
                by=member, person=person, client=client, email=payload.email, sees_colleagues=payload.sees_colleagues
            )
        except NotFound as not_tied:
            raise Refusal("E-001-PERSON", _("Personne-ressource inconnue."), field="person") from not_tied
        return access

    return Status(201, AccessOut.of(_access(member, created_once(request, payload, make))))


@router.get("/portal-accesses/{int:access_id}", response=AccessOut, summary="One access to the portal")
@operation(Right.CLIENT_VIEW, module=MODULE)
def get_access(request: MemberRequest, access_id: int):
    return AccessOut.of(_access(request.member, access_id, Right.CLIENT_VIEW))


@router.delete("/portal-accesses/{int:access_id}", response={204: None}, summary="Take an access away for good")
@operation(Right.PORTAL_INVITE, module=MODULE)
def delete_access(request: MemberRequest, access_id: int):
    """The person is out with their next request. What they wrote remains; inviting them again makes a new access."""
    actions.close_access(_access(request.member, access_id), by=request.member)
    return Status(204, None)


@router.post("/portal-accesses/{int:access_id}/suspension", response=AccessOut, summary="Suspend an access")
@operation(Right.PORTAL_INVITE, module=MODULE)
def post_suspension(request: MemberRequest, access_id: int, payload: Nothing):
    """The person is out with their next request, and the link of an invitation is void."""
    access = _access(request.member, access_id)
    created_once(request, payload, lambda: actions.suspend_access(access, by=request.member))
    return AccessOut.of(_access(request.member, access_id))


@router.post("/portal-accesses/{int:access_id}/resumption", response=AccessOut, summary="Let a suspended access go on")
@operation(Right.PORTAL_INVITE, module=MODULE)
def post_resumption(request: MemberRequest, access_id: int, payload: Nothing):
    """Who had not accepted yet is to be invited again."""
    access = _access(request.member, access_id)
    created_once(request, payload, lambda: actions.resume_access(access, by=request.member))
    return AccessOut.of(_access(request.member, access_id))


@router.post("/portal-accesses/{int:access_id}/promotion", response=AccessOut, summary="Make an access permanent")
@operation(Right.PORTAL_INVITE, module=MODULE)
def post_promotion(request: MemberRequest, access_id: int, payload: Nothing):
    """A temporary one ends no more; one that has run out lives again."""
    access = _access(request.member, access_id)
    created_once(request, payload, lambda: actions.promote_access(access, by=request.member))
    return AccessOut.of(_access(request.member, access_id))


@router.post("/portal-accesses/{int:access_id}/colleagues", response=AccessOut, summary="Whether they see colleagues")
@operation(Right.PORTAL_INVITE, module=MODULE)
def post_colleagues(request: MemberRequest, access_id: int, payload: ColleaguesIn):
    """All published exchanges of the client, or those with themselves only."""
    access = _access(request.member, access_id)
    values = payload.model_dump()
    created_once(request, payload, lambda: actions.set_colleagues(access, by=request.member, **values))
    return AccessOut.of(_access(request.member, access_id))
