"""What operations share: bodies, versions, repeats."""

import json
from collections.abc import Callable

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema

from entregent.access.rights import Right
from entregent.clients.merging import by_number
from entregent.clients.models import Client
from entregent.listing.conditions import as_q, check
from entregent.listing.lists import lists
from entregent.organizations.idempotency import once
from entregent.organizations.models import Membership, Sector, User
from entregent.toolbox.errors import NotFound, Refusal


def created_once(request, body: Schema, make: Callable) -> int:
    """Runs `make` unless this `Idempotency-Key` has served: the id of the record, the same for the same key."""
    member = request.member
    identity, _was_repeat = once(
        member.organization_id,
        f"api:{member.pk}:{request.path}",
        request.headers.get("Idempotency-Key"),
        body.model_dump(mode="json"),
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


def criteria(text: str, list_code: str, member: Membership) -> Q:
    """`?filter=`: the condition that the JSON stands for, in the format of views."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as unreadable:
        raise Refusal("E-CONDITION", _("Le filtre n'est pas lisible."), field="filter") from unreadable
    definition = lists(member)[list_code]
    return as_q(check(data, definition, member), definition, member)
