"""The quick search: as JSON for the palette, as a page for those without it."""

from django.http import JsonResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.search.quick import Answer, quick_search
from entregent.toolbox.errors import Refusal
from entregent.ui.pages import render

# Lines of each group in the palette; the page shows more of them.
IN_PALETTE = 10


@requires(Right.CLIENT_VIEW)
def search(request):
    text = request.GET.get("q", "").strip()
    if request.headers.get("Accept", "").startswith("application/json"):
        response = JsonResponse(quick_search(request.member, text, limit=IN_PALETTE).as_json())
    else:
        response = _page(request, text)
    patch_vary_headers(response, ["Accept"])
    return response


def _page(request, text: str):
    answer, refusal = Answer(text), None
    if text:
        try:
            answer = quick_search(request.member, text)
        except Refusal as too_short:
            refusal = too_short
    prospect_url = None
    if request.member.can(Right.CLIENT_CREATE):
        url = reverse("clients:prospect_create", kwargs={"organization": request.member.organization.slug})
        prospect_url = f"{url}?{urlencode({'name': text})}"
    return render(
        request,
        "workspace/search.html",
        {"answer": answer, "refusal": refusal, "prospect_url": prospect_url},
        fragment="results",
        status=refusal.status if refusal else 200,
    )
