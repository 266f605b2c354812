"""How a page of the portal is drawn."""

from django.http import HttpResponse

from entregent.portal.guard import PortalRequest
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
        "navigation": navigation(visitor),
    } | (context or {})
    return pages.render(request, template, whole, status=status)
