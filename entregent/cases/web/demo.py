"""The demo's own « existing system »: it stands where an organization's information system would, and says so.

It takes the signed messages of cases over HTTP as any other system would, checks their signature with the secret of
the endpoint (it is the same program, so it knows it), and answers a number that follows from that of the case: the same
message gets the same number however often it comes. It keeps nothing.
"""

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook, WebhookVerificationError

from entregent.access.guard import public
from entregent.access.wall import in_organization
from entregent.cases.actions.mirroring import PURPOSE
from entregent.organizations.models import Organization
from entregent.outbox import endpoints
from entregent.toolbox.errors import NotFound
from entregent.toolbox.sealing import unseal


@csrf_exempt
@require_POST
@public
def existing_system(request, slug: str) -> HttpResponse:
    """Answers `{"number": "AFF-2026-00042"}`."""
    organization = Organization.objects.filter(slug=slug).first() if settings.DEMO else None
    if organization is None:
        raise NotFound
    with in_organization(organization.pk):
        endpoint = endpoints.endpoint_of(organization.pk, PURPOSE)
    if endpoint is None:
        raise NotFound
    try:
        told = Webhook(unseal(endpoint.state.secret, purpose=endpoints.PURPOSE)).verify(
            request.body, {name.lower(): value for name, value in request.headers.items()}
        )
    except (WebhookVerificationError, ValueError):
        return JsonResponse({"error": "signature"}, status=401)
    number = told.get("data", {}).get("number")
    if not isinstance(number, int):
        return JsonResponse({"ok": True})
    return JsonResponse({"number": f"AFF-{timezone.now():%Y}-{number:05}"})


def address_for(organization) -> str:
    """Where the demo's own system answers for an organization."""
    return f"{settings.PUBLIC_URL}/demo/systeme-existant/{organization.slug}/"
