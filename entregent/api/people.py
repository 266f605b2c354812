"""People (« personnes-ressources »)."""

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router, Status

from entregent.access.guard import MemberRequest
from entregent.access.rights import Right
from entregent.api.contract import FILE
from entregent.api.guard import operation
from entregent.api.paging import MOST, page
from entregent.api.requests import client_of, created_once, tag, unchanged, version_asked
from entregent.api.schemas import MergeIn, PersonIn, PersonOut, PersonPage, PersonPatch, TieIn
from entregent.clients.actions import (
    attach_person,
    create_person,
    delete_person,
    detach_person,
    mark_person,
    merge_people,
    update_person,
)
from entregent.clients.actions.photos import remove_photo, set_photo
from entregent.clients.merging import by_number, person_by_id
from entregent.clients.models import Client, ClientPerson, Person
from entregent.clients.photos import MOST as HEAVIEST
from entregent.clients.search import marks_in_reach
from entregent.clients.web.photos import photo_response
from entregent.search.models import Kind
from entregent.search.queries import ask, find
from entregent.toolbox.text import as_id

router = Router(tags=["people"])


def _people(member, right=Right.CLIENT_VIEW):
    return Person.objects.visible_to(member, right)


def _shown(member, people) -> list[PersonOut]:
    """With their clients, only those within reach."""
    links: dict[int, list[ClientPerson]] = {}
    within = Client.objects.visible_to(member).values("id")
    for link in ClientPerson.objects.filter(person__in=people, client__in=within).select_related("client"):
        links.setdefault(link.person_id, []).append(link)
    return [PersonOut.of(person, links.get(person.pk, []), member) for person in people]


def _one(member, pk: int, response: HttpResponse) -> PersonOut:
    (shown,) = _shown(member, [person_by_id(_people(member), pk)])
    tag(response, shown.version)
    return shown


@router.get("", response=PersonPage, summary="List or search people")
@operation(Right.CLIENT_VIEW)
def list_people(
    request: MemberRequest,
    q: str | None = None,
    client: str | None = Query(None, description="Number of a client."),
    limit: int = Query(100, ge=1, le=MOST),
    cursor: str | None = None,
):
    member = request.member
    people = _people(member)
    if client is not None:
        people = people.filter(client_people__client=client_of(member, client))
    if q is not None:
        found = find(Kind.PERSON, member.organization_id, ask(q), marks=marks_in_reach(member), limit=limit)
        by_id = {person.pk: person for person in people.filter(pk__in=found.ids)}
        return PersonPage(items=_shown(member, [by_id[pk] for pk in found.ids if pk in by_id]), next=None)
    items, following = page(people, order=["sort_key", "id"], cursor=cursor, limit=limit)
    return PersonPage(items=_shown(member, items), next=following)


@router.post("", response={201: PersonOut}, summary="Create a person")
@operation(Right.CLIENT_EDIT)
def post_person(request: MemberRequest, response: HttpResponse, payload: PersonIn):
    member = request.member

    def make():
        client = client_of(member, payload.client, Right.CLIENT_EDIT)
        return create_person(by=member, client=client, **payload.model_dump(exclude={"client"}))

    return Status(201, _one(member, created_once(request, payload, make), response))


@router.get("/{int:person_id}", response=PersonOut, summary="One person")
@operation(Right.CLIENT_VIEW)
def get_person(request: MemberRequest, response: HttpResponse, person_id: int):
    return _one(request.member, person_id, response)


@router.patch("/{int:person_id}", response=PersonOut, summary="Change a person")
@operation(Right.CLIENT_EDIT)
def patch_person(request: MemberRequest, response: HttpResponse, person_id: int, payload: PersonPatch):
    member = request.member
    person = _people(member, Right.CLIENT_EDIT).found(pk=person_id)
    update_person(person, by=member, version=version_asked(request), **payload.model_dump(exclude_unset=True))
    return _one(member, person_id, response)


@router.delete("/{int:person_id}", response={204: None}, summary="Delete a person (kept in the journal)")
@operation(Right.CLIENT_DELETE)
def remove_person(request: MemberRequest, person_id: int):
    member = request.member
    person = _people(member, Right.CLIENT_DELETE).found(pk=person_id)
    unchanged(request, person)
    delete_person(person, by=member)
    return Status(204, None)


@router.get("/{int:person_id}/photo", summary="The photo of a person", openapi_extra=FILE)
@operation(Right.CLIENT_VIEW)
def get_photo(request: MemberRequest, person_id: int) -> HttpResponseBase:
    return photo_response(_people(request.member).found(pk=person_id))


@router.put("/{int:person_id}/photo", response={204: None}, summary="Set the photo of a person")
@operation(Right.CLIENT_EDIT)
def put_photo(request: MemberRequest, person_id: int):
    """The body is the picture itself: JPEG, PNG, GIF or WebP, 500 kB at most."""
    person = _people(request.member, Right.CLIENT_EDIT).found(pk=person_id)
    set_photo(person, by=request.member, content=request.read(HEAVIEST + 1))
    return Status(204, None)


@router.delete("/{int:person_id}/photo", response={204: None}, summary="Remove the photo of a person")
@operation(Right.CLIENT_EDIT)
def delete_photo(request: MemberRequest, person_id: int):
    person = _people(request.member, Right.CLIENT_EDIT).found(pk=person_id)
    unchanged(request, person)
    remove_photo(person, by=request.member)
    return Status(204, None)


@router.put("/{int:person_id}/clients/{number}", response=PersonOut, summary="Tie a person to a client")
@operation(Right.CLIENT_EDIT)
def put_tie(request: MemberRequest, response: HttpResponse, person_id: int, number: str, payload: TieIn):
    """Tied already, only the marks that are given change. Whoever was primary before is it no longer."""
    member = request.member
    person = _people(member, Right.CLIENT_EDIT).found(pk=person_id)
    client = _client(member, number)
    marks = {name: value for name, value in payload.model_dump().items() if value is not None}
    attach_person(person, client=client, by=member)
    if marks:
        mark_person(person, client=client, by=member, **marks)
    return _one(member, person_id, response)


@router.delete("/{int:person_id}/clients/{number}", response={204: None}, summary="Untie a person from a client")
@operation(Right.CLIENT_EDIT)
def delete_tie(request: MemberRequest, person_id: int, number: str):
    """Both remain."""
    member = request.member
    person = _people(member, Right.CLIENT_EDIT).found(pk=person_id)
    unchanged(request, person)
    detach_person(person, client=_client(member, number), by=member)
    return Status(204, None)


def _client(member, number: str) -> Client:
    return by_number(Client.objects.visible_to(member, Right.CLIENT_EDIT), number)


@router.post("/{int:person_id}/merge", response=PersonOut, summary="Merge another person into this one")
@operation(Right.CLIENT_MERGE, if_match="required")
def merge_person(request: MemberRequest, response: HttpResponse, person_id: int, payload: MergeIn):
    """What names the other names this person from now on. `If-Match` names the version of this person that you saw."""
    member = request.member
    reached = _people(member, Right.CLIENT_MERGE)
    winner = reached.found(pk=person_id)

    def make():
        loser = reached.found(pk=as_id(payload.other) or 0)
        other_version = loser.version if payload.other_version is None else payload.other_version
        merge_people(
            winner, loser, by=member, choices=payload.choices, lists=payload.lists(),
            versions=(version_asked(request), other_version),
        )  # fmt: skip
        return winner

    return _one(member, created_once(request, payload, make), response)
