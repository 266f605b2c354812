"""How a page of the portal is drawn."""

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from entregent.portal.guard import PortalRequest, PortalVisitor
from entregent.portal.web.navigation import navigation
from entregent.ui import pages


def render(request: PortalRequest, template: str, context: dict | None = None, *, status: int = 200) -> HttpResponse:
    """The page `template` for the visitor. `member` stands for them where a template asks for the organization's time
    zone and country; rights they have none."""
    visitor = request.visitor
    whole = {
        "visitor": visitor,
        "member": visitor,
        "purl": visitor.url,
        "navigation": [entry for entry in navigation(visitor) if _is_shown(visitor, entry[0])],
        "watch_back": back_of(visitor) if visitor.watched_by is not None else "",
    } | (context or {})
    return pages.render(request, template, whole, status=status)


def _is_shown(visitor: PortalVisitor, name: str) -> bool:
    """A member who looks on sees the pages that only read."""
    if visitor.watched_by is None:
        return True
    try:
        return bool(visitor.url(name))
    except NoReverseMatch:
        return False


def back_of(visitor: PortalVisitor) -> str:
    """Where the member came from: who has access at this client."""
    organization = visitor.organization.slug
    if visitor.client is not None:
        kwargs = {"organization": organization, "number": visitor.client.number}
        return reverse("interactions:client_portal", kwargs=kwargs)
    return reverse("interactions:person_portal", kwargs={"organization": organization, "pk": visitor.person.pk})
