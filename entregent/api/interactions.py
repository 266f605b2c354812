"""Interactions with their entries."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, tag
from entregent.api.schemas import EntryIn, InteractionIn, InteractionOut, InteractionPage
from entregent.clients.models import Person
from entregent.interactions.actions import add_entry, delete_interaction, log_interaction
from entregent.interactions.models import Interaction, Topic
from entregent.toolbox.errors import Refusal

router = Router(tags=["interactions"])


def _interactions(member):
    return (
        Interaction.objects.visible_to(member)
        .select_related("client", "topic", "follow_up_owner", "created_by")
        .prefetch_related("entries")
    )


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
        person = None
        if payload.person is not None:
            person = Person.objects.visible_to(member, Right.INTERACTION_LOG).filter(pk=payload.person).first()
            if person is None:
                raise Refusal("E-001-PERSON", _("Personne-ressource inconnue."), field="person")
        topic = Topic.objects.filter(organization_id=member.organization_id, code=payload.topic).first()
        if topic is None:
            raise Refusal("E-003-TOPIC", _("Rubrique inconnue."), field="topic")
        return log_interaction(
            by=member,
            client=client_of(member, payload.client, Right.INTERACTION_LOG),
            person=person,
            topic=topic,
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
    interaction = Interaction.objects.get_visible(member, Right.INTERACTION_LOG, number=number)

    def make():
        add_entry(interaction, by=member, **payload.model_dump())
        return interaction.pk

    created_once(request, payload, make)
    return Status(201, _one(member, response, number=number))


@router.delete("/{int:number}", response={204: None}, summary="Delete an interaction (kept in the journal)")
@operation(Right.INTERACTION_DELETE_OWN)
def remove_interaction(request: MemberRequest, number: int):
    member = request.member
    interaction = Interaction.objects.get_visible(member, Right.INTERACTION_DELETE_OWN, number=number)
    delete_interaction(interaction, by=member)
    return Status(204, None)
