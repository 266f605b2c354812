"""How a view answers: a whole page, or the named block of it that htmx asked for."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.utils.translation import get_language
from jinja2 import Environment
from markupsafe import Markup

from entregent.access.guard import member_finders
from entregent.access.wall import as_user, in_organization
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.ui.extension_points import navigation

if TYPE_CHECKING:
    from entregent.organizations.models import Membership


def is_htmx(request) -> bool:
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _environment() -> Environment:
    return cast(Jinja2, engines["jinja2"]).env


def render(request, template: str, context: dict | None = None, *, fragment: str | None = None, status: int = 200):
    """The page `template`; when htmx asks and `fragment` names a block of it, that block alone."""
    environment = _environment()
    whole = page_context(request, template=template) | (context or {})
    page = environment.get_template(template)
    if fragment is not None and is_htmx(request):
        return HttpResponse(_block(page, fragment, whole), status=status)
    return HttpResponse(page.render(whole), status=status)


def render_block(request, template: str, block: str, context: dict | None = None, *, status: int = 200):
    """One named block of a template, whoever asks."""
    page = _environment().get_template(template)
    return HttpResponse(_block(page, block, page_context(request, template=template) | (context or {})), status=status)


def part(request, template: str, context: dict) -> Markup:
    """A whole small template, to be put into a page: without what only the frame of a page needs."""
    member = request.member
    whole = {
        "request": request,
        "member": member,
        "can": member.can,
        "csrf_token": _LazyToken(request),
        "lang": get_language(),
    }
    return Markup(_environment().get_template(template).render(whole | context))  # noqa: S704  rendered, escaped


def _block(page, name: str, context: dict) -> str:
    bound = page.new_context(context)
    return "".join(page.blocks[name](bound))


def page_context(request, *, template: str = "") -> dict:
    member = getattr(request, "member", None)
    return {
        "request": request,
        "member": member,
        "memberships": (lambda: member.of_same_user or [member]) if member is not None else list,
        "can": member.can if member is not None else (lambda right: False),
        "csrf_token": _LazyToken(request),
        "nav": navigation_of(member) if member is not None else [],
        "lang": get_language(),
        "messages": messages.get_messages(request),
    }


_navigation: dict[tuple, list] = {}


def navigation_of(member: "Membership") -> list:
    """The entries of the top bar, worked out once for all members to whom the same is offered."""
    key = (get_language(), *member.what_is_offered())
    entries = _navigation.get(key)
    if entries is None:
        if len(_navigation) >= 1_000:
            _navigation.clear()
        entries = _navigation[key] = [entry for contribution in navigation for entry in contribution(member)]
    return entries


class _LazyToken:
    """The CSRF token, made only where a page shows it."""

    def __init__(self, request):
        self._request = request
        self._token = ""

    def __str__(self):
        self._token = self._token or get_token(self._request)
        return self._token

    __html__ = __str__


def see(
    request, url: str, *, toast: str | None = None, undo_url: str | None = None, links: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """After a change: to `url` (303); htmx is told to go there. `toast` says what was done, there; `links` (label,
    url, dialog) what can come next."""
    if toast:
        extra = ({"undo": undo_url} if undo_url else {}) | ({"links": list(links)} if links else {})
        messages.success(request, toast, extra_tags=json.dumps(extra) if extra else "")
    if is_htmx(request):
        response = HttpResponse(status=204)
        response.headers["HX-Redirect"] = url
        return response
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def with_toast(response, text: str, *, undo_url: str | None = None, undo_label: str | None = None, tone: str = "ok"):
    """Adds a toast to a fragment's answer."""
    label = undo_label and str(undo_label)
    response.headers["HX-Trigger"] = json.dumps(
        {"g:toast": {"text": str(text), "undo_url": undo_url, "undo_label": label, "tone": tone}}
    )
    return response


def add_refusal(form, refusal: Refusal | Refusals) -> None:
    """Puts what an action refused at the fields of the form, so that what was typed stays."""
    renamed = getattr(form, "renamed", {})
    for one in refusal.refusals if isinstance(refusal, Refusals) else [refusal]:
        name = renamed.get(one.field, one.field)
        form.add_error(name if name in form.fields else None, str(one.message))


def saved_by_form(form, save: Callable[[], Any], *, over: Callable[[Any, Any], Any]) -> tuple[Any, Any, Stale | None]:
    """Saves what a form changes: (what `save` gives, or None; the form to draw; why it was stale).

    Where somebody was faster, `over(data, current)` makes the form again over the record that stands now: it holds what
    was typed, and saving again keeps it.
    """
    try:
        return save(), form, None
    except Stale as refusal:
        data = form.data.copy()
        data["version"] = str(refusal.current.version)
        return None, over(data, refusal.current), refusal
    except (Refusal, Refusals) as refusal:
        add_refusal(form, refusal)
        return None, form, None


def draw_refusal(request, refusal: Refusal) -> HttpResponse:
    """A refusal as a page (« Introuvable. »), as a fragment for htmx, or as a problem document for JSON."""
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(
            {"type": f"urn:entregent:{refusal.code}", "title": str(refusal.message), "status": refusal.status},
            status=refusal.status,
            content_type="application/problem+json",
        )
    context = {"refusal": refusal, "reference": ""}
    member = _member_behind(request) if refusal.status in (403, 404) and not is_htmx(request) else None
    if member is None:
        request.member = None
        return render(request, "ui/error.html", context, fragment="refusal", status=refusal.status)
    request.member = member
    with in_organization(member.organization_id, user_id=member.user_id):
        return render(request, "ui/error.html", context, status=refusal.status)


def _member_behind(request) -> "Membership | None":
    """As whom somebody signed in sees the top bar of a refusal: a member of the organization in the address, else of
    the one where they worked last. Found in one way, so that what is absent and what is refused look the same."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    with as_user(user.pk):
        last = user.last_organization
        for slug in (request.path.split("/")[1], last.slug if last is not None else ""):
            for find in member_finders:
                member = find(user, slug)
                if member is not None:
                    return member
    return None
