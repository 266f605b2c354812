"""Interactions with their entries."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.links import links_of
from entregent.api.paging import MOST, page
from entregent.api.requests import (
    agent_of,
    client_of,
    created_once,
    member_user,
    object_of,
    one_of,
    party_of,
    person_of,
    tag,
    unchanged,
    version_asked,
)
from entregent.api.schemas import (
    AgentIn,
    EntryIn,
    EntryPatch,
    FollowUpIn,
    InteractionIn,
    InteractionOut,
    InteractionPage,
    InteractionPatch,
    LinksOut,
    Nothing,
    ObjectIn,
    PartyIn,
    StatusIn,
)
from entregent.interactions.actions import (
    add_entry,
    change_status,
    complete_follow_up,
    delete_interaction,
    link_agent,
    link_object,
    link_participant,
    log_interaction,
    postpone_follow_up,
    reopen_follow_up,
    restore_interaction,
    unlink_agent,
    unlink_object,
    unlink_participant,
    update_entry,
    update_interaction,
)
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.timeline import deleted_interaction
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal

router = Router(tags=["interactions"])


def _interactions(member):
    return (
        Interaction.objects.visible_to(member)
        .select_related("client", "topic", "follow_up_owner", "created_by")
        .prefetch_related("entries")
    )


def topic_of(member: Membership, code: str) -> Topic:
    topic = Topic.objects.filter(organization_id=member.organization_id, code=code).first()
    if topic is None:
        raise Refusal("E-003-TOPIC", _("Rubrique inconnue."), field="topic")
    return topic


def _one(member, response: HttpResponse, **lookup) -> InteractionOut:
    interaction = _interactions(member).found(**lookup)
    tag(response, interaction.version)
    return InteractionOut.of(interaction, member)


@router.get("", response=InteractionPage, summary="List interactions, newest first")
@operation(Right.INTERACTION_VIEW)
def list_interactions(
    request: MemberRequest,
    client: str | None = None,
    topic: str | None = None,
    since: datetime | None = None,
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    records = _interactions(member)
    for name, value in {"client__number": client, "topic__code": topic, "occurred_at__gte": since}.items():
        if value is not None:
            records = records.filter(**{name: value})
    items, following = page(records, order=["-occurred_at", "-id"], cursor=cursor, limit=limit)
    return InteractionPage(items=[InteractionOut.of(item, member) for item in items], next=following)


@router.post("", response={201: InteractionOut}, summary="Log an interaction")
@operation(Right.INTERACTION_LOG)
def post_interaction(request: MemberRequest, response: HttpResponse, payload: InteractionIn):
    member = request.member

    def make():
        return log_interaction(
            by=member,
            client=client_of(member, payload.client, Right.INTERACTION_LOG),
            person=person_of(member, payload.person, Right.INTERACTION_LOG),
            topic=topic_of(member, payload.topic),
            origin="api",
            **payload.model_dump(exclude={"client", "person", "topic"}),
        )

    return Status(201, _one(member, response, pk=created_once(request, payload, make)))


@router.get("/{int:number}", response=InteractionOut, summary="One interaction")
@operation(Right.INTERACTION_VIEW)
def get_interaction(request: MemberRequest, response: HttpResponse, number: int):
    return _one(request.member, response, number=number)


@router.post("/{int:number}/entries", response={201: InteractionOut}, summary="Add an entry to the conversation")
@operation(Right.INTERACTION_LOG)
def post_entry(request: MemberRequest, response: HttpResponse, number: int, payload: EntryIn):
    member = request.member
    interaction = _logged(member, number)

    def make():
        add_entry(interaction, by=member, **payload.model_dump())
        return interaction.pk

    created_once(request, payload, make)
    return Status(201, _one(member, response, number=number))


@router.patch("/{int:number}", response=InteractionOut, summary="Change an interaction")
@operation(Right.INTERACTION_LOG)
def patch_interaction(request: MemberRequest, response: HttpResponse, number: int, payload: InteractionPatch):
    member = request.member
    version = version_asked(request)
    changes = payload.model_dump(exclude_unset=True)
    for name in changes.keys() - {"due_on", "follow_up_on", "follow_up_owner"}:
        if changes[name] is None:
            del changes[name]
    if "topic" in changes:
        changes["topic"] = topic_of(member, changes["topic"])
    if "follow_up_owner" in changes:
        changes["follow_up_owner"] = member_user(member, changes["follow_up_owner"], field="follow_up_owner")
    update_interaction(_logged(member, number), by=member, version=version, **changes)
    return _one(member, response, number=number)


@router.patch("/{int:number}/entries/{int:seq}", response=InteractionOut, summary="Correct an entry")
@operation(Right.INTERACTION_LOG)
def patch_entry(request: MemberRequest, response: HttpResponse, number: int, seq: int, payload: EntryPatch):
    """`If-Match` names the version of the interaction. An entry made internal is no longer published."""
    member = request.member
    version = version_asked(request)
    entry = _logged(member, number).entries.filter(seq=seq).select_related("interaction").first()
    if entry is None:
        raise NotFound
    standing = {name: getattr(entry, name) for name in ("notes", "internal", "incoming")}
    given = {name: value for name, value in payload.model_dump().items() if value is not None}
    update_entry(entry, by=member, version=version, **(standing | given))
    return _one(member, response, number=number)


@router.post("/{int:number}/status", response=InteractionOut, summary="Open, let wait or close an interaction")
@operation(Right.INTERACTION_LOG)
def post_status(request: MemberRequest, response: HttpResponse, number: int, payload: StatusIn):
    member = request.member
    interaction = _logged(member, number)
    created_once(request, payload, lambda: change_status(interaction, by=member, status=payload.status))
    return _one(member, response, number=number)


@router.post("/{int:number}/follow-up", response=InteractionOut, summary="Do, reopen or put off the follow-up")
@operation(Right.INTERACTION_LOG)
def post_follow_up(request: MemberRequest, response: HttpResponse, number: int, payload: FollowUpIn):
    """`on` puts it off to that day; `done` says whether it was done."""
    member = request.member
    interaction = _logged(member, number)
    if (payload.on is None) == (payload.done is None):
        raise Refusal("E-REQUIRED", _("Indiquez un jour, ou si c'est fait."), field="done")

    def act():
        if payload.on is not None:
            return postpone_follow_up(interaction, by=member, on=payload.on)
        return (complete_follow_up if payload.done else reopen_follow_up)(interaction, by=member)

    created_once(request, payload, act)
    return _one(member, response, number=number)


@router.get("/{int:number}/links", response=LinksOut, summary="Who took part, and about what")
@operation(Right.INTERACTION_VIEW)
def get_links(request: MemberRequest, number: int):
    return links_of(request.member, _interactions(request.member).found(number=number))


@router.post("/{int:number}/participants", response={201: LinksOut}, summary="Add somebody who took part")
@operation(Right.INTERACTION_LOG)
def post_participant(request: MemberRequest, number: int, payload: PartyIn):
    member = request.member
    interaction = _logged(member, number)

    def make():
        party = party_of(member, payload.client, payload.person, Right.INTERACTION_LOG)
        return link_participant(interaction, by=member, party=party, role=payload.role)

    created_once(request, payload, make)
    return Status(201, links_of(member, interaction))


@router.delete("/{int:number}/participants/{int:key}", response={204: None}, summary="Take a participant off")
@operation(Right.INTERACTION_LOG)
def delete_participant(request: MemberRequest, number: int, key: int):
    interaction = _logged(request.member, number)
    unchanged(request, interaction)
    unlink_participant(one_of(interaction.participants, key), by=request.member)
    return Status(204, None)


@router.post("/{int:number}/agents", response={201: LinksOut}, summary="Add an agent")
@operation(Right.INTERACTION_LOG)
def post_agent(request: MemberRequest, number: int, payload: AgentIn):
    member = request.member
    interaction = _logged(member, number)

    def make():
        user = agent_of(member, payload.agent, field="agent")
        return link_agent(interaction, by=member, user=user, role=payload.role)

    created_once(request, payload, make)
    return Status(201, links_of(member, interaction))


@router.delete("/{int:number}/agents/{int:key}", response={204: None}, summary="Take an agent off")
@operation(Right.INTERACTION_LOG)
def delete_agent(request: MemberRequest, number: int, key: int):
    interaction = _logged(request.member, number)
    unchanged(request, interaction)
    unlink_agent(one_of(interaction.agents.select_related("user"), key), by=request.member)
    return Status(204, None)


@router.post("/{int:number}/objects", response={201: LinksOut}, summary="Add a business object")
@operation(Right.INTERACTION_LOG)
def post_object(request: MemberRequest, number: int, payload: ObjectIn):
    """Of the client or of somebody who took part."""
    member = request.member
    interaction = _logged(member, number)

    def make():
        thing = object_of(member, payload.object, Right.INTERACTION_LOG)
        return link_object(interaction, by=member, business_object=thing)

    created_once(request, payload, make)
    return Status(201, links_of(member, interaction))


@router.delete("/{int:number}/objects/{int:key}", response={204: None}, summary="Take a business object off")
@operation(Right.INTERACTION_LOG)
def delete_object(request: MemberRequest, number: int, key: int):
    interaction = _logged(request.member, number)
    unchanged(request, interaction)
    unlink_object(one_of(interaction.objects_linked, key), by=request.member)
    return Status(204, None)


@router.delete("/{int:number}", response={204: None}, summary="Delete an interaction (kept in the journal)")
@operation(Right.INTERACTION_DELETE_OWN)
def remove_interaction(request: MemberRequest, number: int):
    member = request.member
    interaction = Interaction.objects.get_visible(member, Right.INTERACTION_DELETE_OWN, number=number)
    unchanged(request, interaction)
    delete_interaction(interaction, by=member)
    return Status(204, None)


@router.post("/{int:number}/restoration", response=InteractionOut, summary="Take the deletion of an interaction back")
@operation(Right.INTERACTION_DELETE_OWN)
def post_restoration(request: MemberRequest, response: HttpResponse, number: int, payload: Nothing):
    """By whoever deleted it, or who may delete any."""
    member = request.member
    make = lambda: restore_interaction(deleted_interaction(member, number), by=member)  # noqa: E731
    return _one(member, response, pk=created_once(request, payload, make))


def _logged(member: Membership, number: int) -> Interaction:
    return Interaction.objects.get_visible(member, Right.INTERACTION_LOG, number=number)
