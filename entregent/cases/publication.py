"""What a client may see of their cases: the one reading that the portal uses, and the one way it writes into them.

`access` is whoever looks from the client's side, as for `interactions.publication`. What is not in the views of the
database (`publication.sql`) does not exist here.
"""

from django.db import transaction
from django.db.models import Q, QuerySet

from entregent.cases.actions.contacts import attach_interaction
from entregent.cases.models import Case, PublishedCase, PublishedContact
from entregent.interactions.models import Interaction
from entregent.toolbox.errors import NotFound


def published_cases(access) -> QuerySet[PublishedCase]:
    """The cases of this client, newest first: all of them for who sees what colleagues write, else those in which no
    person of the client takes part or this one does. A person without a client has none."""
    records = PublishedCase.objects.filter(organization_id=access.organization_id)
    if access.client_id is None:
        return records.none()
    records = records.filter(client_id=access.client_id)
    if access.sees_colleagues:
        return records
    return records.filter(Q(person_ids=[]) | Q(person_ids__contains=[access.person_id]))


def published_case(access, number: int) -> PublishedCase:
    """One of them. NotFound for any other."""
    found = published_cases(access).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def conversations_of(case: PublishedCase) -> list[int]:
    """The ids of the conversations that belong to it."""
    return list(PublishedContact.objects.filter(case_id=case.case_id).values_list("interaction_id", flat=True))


def open_cases_of(access, interaction_id: int) -> list[int]:
    """The open published cases to which a conversation belongs: an answer in it is an answer to them."""
    cases = PublishedContact.objects.filter(interaction_id=interaction_id).values("case_id")
    return list(
        published_cases(access).filter(case_id__in=cases, closed_at__isnull=True).values_list("case_id", flat=True)
    )


@transaction.atomic
def put_into(case: PublishedCase, interaction_id: int) -> None:
    """A message of the client goes into the case that it answers; twice changes nothing."""
    inside = Case.objects.select_related("organization").get(pk=case.case_id)
    attach_interaction(inside, Interaction.objects.select_related("client", "person").get(pk=interaction_id), by=None)
