"""The door of the pages of groups, and what all of them share."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.groups.actions.requests import manages_groups
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.organizations.models import Membership, Module
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import see


def for_managers(view: Callable) -> Callable:
    """For account managers of a service provider, the module being on (R002-01, -02)."""

    @requires(Right.GROUP_MANAGE, module=Module.DELEGATION)
    @wraps(view)
    def guarded(request: MemberRequest, *args, **kwargs) -> HttpResponse:
        manages_groups(request.member)
        return view(request, *args, **kwargs)

    return guarded


def at(name: str, member: Membership, query: dict | None = None, **kwargs) -> str:
    address = reverse(f"groups:{name}", kwargs={"organization": member.organization.slug, **kwargs})
    return f"{address}?{urlencode(query, doseq=True)}" if query else address


def group_named(member: Membership, pk: int, *, live: bool = True) -> ClientGroup:
    groups = ClientGroup.objects.of(member.organization)
    found = (groups.live() if live else groups).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def ids_in(values) -> list[int]:
    return [pk for pk in map(as_id, values) if pk is not None]


def asked(request: MemberRequest, made: ProcessingRequest) -> HttpResponse:
    """After a change: to the list, which says in place what was done, or that it is being done."""
    return see(request, at("list", request.member, {"demande": made.number}))
