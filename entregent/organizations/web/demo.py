"""Pages that exist in the demo only (`config.urls`), where everybody may sign in as anybody."""

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from entregent.access.guard import public
from entregent.access.wall import in_organization, outside
from entregent.organizations.models import Organization
from entregent.outbox.letters import with_links
from entregent.outbox.models import Message
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render

MOST_MAILS = 50
INSTANCE = "instance"


@require_GET
@public
def demo_mails(request) -> HttpResponse:
    """The mails that would have left: those of sign-in and those of each organization, newest first."""
    if not settings.DEMO:
        raise NotFound
    organizations = list(Organization.objects.order_by("name").only("pk", "slug", "name"))
    wanted = request.GET.get("organisation", "")
    found: list[dict] = []
    if wanted in ("", INSTANCE):
        with outside():
            found += [{"mail": mail, "of": ""} for mail in _newest(None)]
    for organization in organizations:
        if wanted in ("", organization.slug):
            with in_organization(organization.pk):
                found += [{"mail": mail, "of": organization.name} for mail in _newest(organization.pk)]
    found.sort(key=lambda one: (one["mail"].created_at, one["mail"].pk), reverse=True)
    context = {
        "mails": [one | {"parts": with_links(one["mail"].text)} for one in found[:MOST_MAILS]],
        "is_cut": len(found) > MOST_MAILS,
        "wanted": wanted,
        "places": [
            ("", pgettext("mails", "Tous")),
            (INSTANCE, _("Connexion, mot de passe")),
            *((organization.slug, organization.name) for organization in organizations),
        ],
    }
    return render(request, "organizations/demo_mails.html", context)


def _newest(organization_id: int | None) -> list[Message]:
    mails = Message.objects.filter(organization_id=organization_id) if organization_id else Message.objects.filter(
        organization_id__isnull=True
    )  # fmt: skip
    return list(mails.order_by("-created_at", "-pk")[: MOST_MAILS + 1])
