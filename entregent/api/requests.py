"""What operations share: bodies, versions, repeats."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models import Model, Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import BaseModel

from entregent.access.rights import Right
from entregent.clients.merging import by_number
from entregent.clients.models import BusinessObject, Client, Person
from entregent.listing.conditions import as_q, check
from entregent.listing.lists import lists
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required


def created_once(request, body: Schema, make: Callable, *, besides: str = "") -> int:
    """Runs `make` unless this `Idempotency-Key` has served: the id of the record, the same for the same key.

    The same request is the same body; `besides` stands for what came with it, a file."""
    member = request.member
    identity, _was_repeat = once(
        member.organization_id,
        f"api:{member.pk}:{request.path}",
        request.headers.get("Idempotency-Key"),
        {**body.model_dump(mode="json"), "": besides} if besides else body.model_dump(mode="json"),
        make,
    )
    return identity


def version_asked(request) -> int:
    """The version that `If-Match` names; a change without one is refused (428): it might undo somebody's work."""
    given = request.headers.get("If-Match")
    if not given:
        raise Refusal("E-IF-MATCH", _("Indiquez dans If-Match l'ETag de la fiche que vous modifiez."), status=428)
    text = given.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > 9:
        return 0  # No version is 0: whatever the record is now, it is not what was asked.
    return int(text)


def unchanged(request, record: Model) -> None:
    """Where `If-Match` names a version: nobody has changed the record since. It stays so until the end of the request.

    For what may be asked without a version, as a deletion; changes go by `version_asked`."""
    if not request.headers.get("If-Match"):
        return
    wanted = version_asked(request)
    versions = type(record)._base_manager.filter(pk=record.pk).select_for_update(no_key=True).values_list("version")
    if versions.first() != (wanted,):
        raise stale(record, organization=request.member.organization)


def seen(request) -> int | None:
    """The version that `If-Match` names, where one is given."""
    return version_asked(request) if request.headers.get("If-Match") else None


@contextmanager
def fields_named(names: Mapping[str, str]) -> Iterator[None]:
    """What is refused within is told at the fields of the API: `names` has them by the names that the action uses."""
    try:
        yield
    except Refusals as found:
        for one in found.refusals:
            one.field = names.get(one.field or "", one.field)
        raise
    except Refusal as refusal:
        refusal.field = names.get(refusal.field or "", refusal.field)
        raise


def tag(response: HttpResponse, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


def sector_of(member: Membership, code: str | None) -> Sector | None:
    if not code:
        return None
    sector = Sector.objects.filter(organization_id=member.organization_id, code=code).first()
    if sector is None:
        raise Refusal("E-SECTOR", _("Secteur inconnu."), field="sector")
    return sector


def member_user(member: Membership, email: str | None, *, field: str) -> User | None:
    if not email:
        return None
    found = (
        Membership.objects.active()
        .select_related("user")
        .filter(organization_id=member.organization_id, user__email__iexact=email)
        .first()
    )
    if found is None:
        raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field=field)
    return found.user


def client_of(member: Membership, number: str | None, right: Right = Right.CLIENT_VIEW) -> Client | None:
    """The client of that number on which the member holds `right`."""
    if number is None:
        return None
    try:
        return by_number(Client.objects.visible_to(member, right), number)
    except NotFound as absent:
        raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client") from absent


def person_of(member: Membership, pk: int | None, right: Right = Right.CLIENT_VIEW) -> Person | None:
    """The person of that id on whom the member holds `right`."""
    if pk is None:
        return None
    found = Person.objects.visible_to(member, right).filter(pk=pk).first()
    if found is None:
        raise Refusal("E-001-PERSON", _("Personne-ressource inconnue."), field="person")
    return found


def object_of(member: Membership, pk: int, right: Right) -> BusinessObject:
    found = BusinessObject.objects.visible_to(member, right).filter(pk=pk).first()
    if found is None:
        raise Refusal("E-001-OBJECT", _("Objet métier inconnu."), field="object")
    return found


def party_of(member: Membership, client: str | None, person: int | None, right: Right) -> Client | Person:
    """A client by number or a person by id: one of the two."""
    if (client is None) == (person is None):
        raise Refusal("E-REQUIRED", _("Indiquez un client ou une personne-ressource."), field="client")
    found = client_of(member, client, right) or person_of(member, person, right)
    assert found is not None
    return found


def agent_of(member: Membership, email: str, *, field: str = "user") -> User:
    """The active member of that e-mail address."""
    user = member_user(member, email, field=field)
    if user is None:
        raise required(field, _("Agent"))
    return user


def one_of(related, pk: int):
    """One of the records that hang on another, by its id."""
    found = related.filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def told_at_once(answer: BaseModel) -> HttpResponse:
    """A long answer, written as it is: ninja would read each of its fields twice more."""
    return HttpResponse(answer.model_dump_json(), content_type="application/json; charset=utf-8")


def criteria(text: str, list_code: str, member: Membership) -> Q:
    """`?filter=`: the condition that the JSON stands for, in the format of views."""
    checked = checked_condition(readable(text), list_code, member)
    return as_q(checked, lists(member)[list_code], member)


def readable(text: str) -> Any:
    """`?filter=` as data."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as unreadable:
        raise Refusal("E-CONDITION", _("Le filtre n'est pas lisible."), field="filter") from unreadable


def checked_condition(data: Any, list_code: str, member: Membership):
    """Criteria of a list that mean something to this member; else refused."""
    return check(data, lists(member)[list_code], member)
