"""The guard of every view: signed in, a member, module on, right held; one transaction inside the organization's wall.

`@requires(Right.X)` is the one door: `conventions/` refuses a URL whose view has none. `@public` marks the few views
that anybody may open. Refusals that a view lets through become pages of the same form everywhere.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DataError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from psycopg.errors import QueryCanceled

from entregent.access.rights import Right
from entregent.access.wall import as_user
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, RightMissing, SessionEnded, TooLong
from entregent.toolbox.extension_points import ExtensionPoint

if TYPE_CHECKING:
    from entregent.organizations.models import Membership, User


class MemberRequest(HttpRequest):
    """What a guarded view gets: the request of somebody signed in who is a member here."""

    member: "Membership"
    user: "User"


# Filled by `organizations`: find_member(user, slug) -> Membership or None, called with the wall down to the user's own.
member_finders = ExtensionPoint("access.member_finders", doc="Finds the member behind a user and an address.")
# Filled by `ui`, and by `portal` for its own: draws a refusal as a page or a fragment, or None for what is another's.
refusal_pages = ExtensionPoint("access.refusal_pages", doc="Draws what the product says when it refuses.")
# Filled by `organizations`: what must be settled before a member works (second factor demanded…): a response or None.
entry_conditions = ExtensionPoint("access.entry_conditions", doc="What a member must settle before working here.")


# No question of a page may hold the database longer; jobs have all the time that they need.
MOST_SECONDS = 20


def requires(right: Right, *, module: str | None = None) -> Callable:
    """The view is for members who hold `right`; `module` must be on. The view gets `request.member`.

    The first argument after the request is the organization's slug, which the guard takes out. Everything that the
    view does is one transaction, rolled back when it refuses.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request: HttpRequest, organization: str, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(request)
            with transaction.atomic():
                member = _member(request, organization)
                member.enter(most_seconds=MOST_SECONDS)
                cast(MemberRequest, request).member = member
                for condition in entry_conditions:
                    answer = condition(request)
                    if answer is not None:
                        return answer
                if module is not None and not member.organization.has_module(module):
                    raise ModuleOff
                if not member.can(right):
                    raise RightMissing
                response = view(request, *args, **kwargs)
                if getattr(response, "rolls_back", False):
                    transaction.set_rollback(True)
                return response

        cast(Any, guarded).access_rule = ("right", right, module)
        return guarded

    return decorate


def signed_in(view: Callable) -> Callable:
    """The view is for whoever is signed in, about themselves: account pages, choice of the organization."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        with as_user(request.user.pk):
            return view(request, *args, **kwargs)

    cast(Any, guarded).access_rule = ("signed_in",)
    return guarded


def public(view: Callable) -> Callable:
    """The view is for anybody: sign-in, health."""
    cast(Any, view).access_rule = ("public",)
    return view


def _member(request: HttpRequest, slug: str) -> "Membership":
    for find in member_finders:
        member = find(request.user, slug)
        if member is not None:
            return member
    raise NotFound


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") or request.headers.get("Accept", "").startswith("application/json"):
        raise SessionEnded
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}")


class RefusalMiddleware:
    """Turns refusals that left a view into the page, fragment or JSON that says why.

    What was answered to a member is kept by no cache: neither that of a proxy nor that of a browser that others use.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if getattr(request, "member", None) is not None:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, Refusal):
            return _drawn(request, exception)
        if isinstance(exception, OperationalError) and isinstance(exception.__cause__, QueryCanceled):
            return _drawn(request, TooLong())
        if isinstance(exception, DataError):
            # A null character, a number beyond all measure: what no column can hold, nobody means.
            raise BadRequest from exception
        return None


def csrf_failed(request, reason=""):
    return _drawn(request, SessionEnded())


def _drawn(request: HttpRequest, refusal: Refusal) -> HttpResponse | None:
    """By the first that draws for this request: the client portal has pages of its own."""
    return next((page for draw in refusal_pages if (page := draw(request, refusal)) is not None), None)
