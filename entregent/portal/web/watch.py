"""« Voir comme le client »: a member sees the portal's own pages as somebody at the client does.

Nothing can be written, the client's session plays no part in it, and each page seen is in the journal.
"""

from collections.abc import Callable

from django.http import HttpResponse

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.access.wall import as_portal
from entregent.audit.actions import record
from entregent.clients.models import Client, Person
from entregent.interactions.portal_models import PortalAccess, PortalSettings
from entregent.organizations.models import Module
from entregent.portal.guard import PortalVisitor
from entregent.toolbox.errors import NotFound, RightMissing


def watched(page: Callable) -> Callable:
    """`page` is a guarded page of the portal; what is shown is what its view shows to the client."""

    def view(request: MemberRequest, access_id: int, **kwargs) -> HttpResponse:
        visitor = _visitor(request, access_id)
        if request.method not in ("GET", "HEAD"):
            raise RightMissing
        record(
            "view_portal_as_client", by=request.member, subject=visitor.access, client_id=visitor.access.client_id,
            name=visitor.person.full_name,
        )  # fmt: skip
        request.visitor = visitor  # type: ignore[attr-defined]
        with as_portal():
            return page.inner(request, **kwargs)  # type: ignore[attr-defined]

    return requires(Right.PORTAL_VIEW_AS, module=Module.PORTAL)(view)


def _visitor(request: MemberRequest, access_id: int) -> PortalVisitor:
    """The access of a client in reach; of somebody without client, of a person in reach."""
    member = request.member
    found = PortalAccess.objects.active().filter(organization_id=member.organization_id, pk=access_id)
    access = found.select_related("client", "person", "user").first()
    if access is None or not _is_seen(member, access):
        raise NotFound
    access.organization = member.organization
    choices = PortalSettings.of(member.organization_id)
    return PortalVisitor(access.user, member.organization, [access], access, choices, watched_by=member)  # type: ignore[arg-type]


def _is_seen(member, access: PortalAccess) -> bool:
    if access.client_id is not None:
        return Client.objects.visible_to(member, Right.PORTAL_VIEW_AS).filter(pk=access.client_id).exists()
    return Person.objects.visible_to(member, Right.PORTAL_VIEW_AS).filter(pk=access.person_id).exists()
