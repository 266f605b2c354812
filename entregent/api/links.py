"""Who takes part in an interaction or a case, which agents, about what."""

from typing import Any

from django.db.models import Q

from entregent.api.schemas import AgentOut, LinkedObjectOut, LinksOut, PartyOut
from entregent.clients.models import BusinessObject, Client, Person
from entregent.organizations.models import Membership


def links_of(member: Membership, record: Any) -> LinksOut:
    """Of an interaction or a case; clients, people and objects only those within reach."""
    clients, people = (
        model._default_manager.visible_to(member).values("id")
        for model in (Client, Person)  # type: ignore[attr-defined]
    )
    within = Q(client__in=clients) | Q(person__in=people)
    objects = BusinessObject.objects.visible_to(member).values("id")
    return LinksOut(
        participants=[
            PartyOut(id=one.pk, client=one.client.number if one.client else None, person=one.person_id, role=one.role)
            for one in record.participants.filter(within).select_related("client").order_by("id")
        ],
        agents=[
            AgentOut(id=one.pk, agent=one.user.email, role=one.role)
            for one in record.agents.select_related("user").order_by("id")
        ],
        objects=[
            LinkedObjectOut(id=one.pk, object=one.object_id, type=one.object.type.code, key=one.object.key)
            for one in record.objects_linked.filter(object__in=objects).select_related("object__type").order_by("id")
        ],
    )
