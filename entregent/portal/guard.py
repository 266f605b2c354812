"""The guard of the portal's pages: signed in at this door, with access here, module on; one transaction in the wall.

`@portal_page` is the one door: the view gets `request.visitor`. Whoever has no access to an organization, an
organization without portal and one that does not exist look the same: not found. The view is drawn under a role of the
database that reads what is published (`database_role.py`); what it does for the person stands in `acting()`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from entregent.access.guard import MOST_SECONDS
from entregent.access.wall import as_portal, as_user, enter, enter_as_user
from entregent.clients.models import Client
from entregent.interactions.portal_access import seen_now
from entregent.interactions.portal_models import PortalAccess, PortalSettings
from entregent.organizations.models import Membership, Module, Organization, User
from entregent.relationships.client_side import accounts_of
from entregent.relationships.models import AccountUser
from entregent.toolbox.errors import NotFound, Refusal, RightMissing, SessionEnded

SIGN_IN = "/portail/connexion/"


@dataclass
class PortalVisitor:
    """Somebody at the client, in one organization, for one client: `access` is the one chosen of their `accesses`.

    `watched_by` is the member who looks at the portal as the client sees it: nothing can be written then, and links
    lead to where that member stands.
    """

    user: User
    organization: Organization
    accesses: list[PortalAccess]
    access: PortalAccess
    settings: PortalSettings
    watched_by: Membership | None = None

    @property
    def client(self) -> Client | None:
        return self.access.client

    @property
    def person(self):
        return self.access.person

    @property
    def organization_id(self) -> int:
        return self.organization.pk

    @property
    def context_label(self) -> str:
        """For whom one is here: the client, else oneself."""
        client = self.access.client
        return client.display_name if client is not None else self.access.person.full_name

    def url(self, name: str, **kwargs) -> str:
        """`visitor.url("exchange", number=12)`: the address of a page of the portal for whoever looks."""
        if self.watched_by is not None:
            kwargs |= {"organization": self.organization.slug, "access_id": self.access.pk}
            return reverse(f"portal_watch:{name}", kwargs=kwargs)
        return reverse(f"portal:{name}", kwargs={"organization": self.organization.slug, **kwargs})


class PortalRequest(HttpRequest):
    """What a guarded view of the portal gets."""

    visitor: PortalVisitor
    user: User


def portal_page(view: Callable) -> Callable:
    """The view is for whoever has access to the portal of the organization in the address."""

    @wraps(view)
    def guarded(request: HttpRequest, organization: str, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        if request.session.get("password_too_short"):
            return HttpResponseRedirect(reverse("account_change_password"))
        with transaction.atomic():
            visitor = _visitor(request, organization)
            cast(PortalRequest, request).visitor = visitor
            seen_now(visitor.access)
            with as_portal():
                response = view(request, *args, **kwargs)
            if getattr(response, "rolls_back", False):
                transaction.set_rollback(True)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    cast(Any, guarded).access_rule = ("portal",)
    cast(Any, guarded).inner = view
    return guarded


def portal_signed_in(view: Callable) -> Callable:
    """The view is for whoever is signed in at the portal, about themselves: choice of the organization, account."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        with as_user(cast(int, request.user.pk)):
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    cast(Any, guarded).access_rule = ("portal_signed_in",)
    return guarded


def own_page(view: Callable) -> Callable:
    """The view is for whoever is signed in at the portal, outside of any organization: « Mes entreprises »."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return _drawn(request, lambda: view(request, *args, **kwargs))

    cast(Any, guarded).access_rule = ("portal_signed_in",)
    return guarded


class AccountRequest(HttpRequest):
    """What a page of a business account gets: `account_user` is whoever looks, with their role there."""

    account_user: AccountUser
    user: User


def account_page(view: Callable) -> Callable:
    """The view is for a user of the business account whose number stands in the address. An account that is not there,
    one of others and what one's role may not look the same: not found."""

    @wraps(view)
    def guarded(request: HttpRequest, number: str, *args, **kwargs) -> HttpResponse:
        def draw() -> HttpResponse:
            found = accounts_of(cast(User, request.user)).filter(account__number=number).first()
            if found is None:
                raise NotFound
            cast(AccountRequest, request).account_user = found
            try:
                return view(request, *args, **kwargs)
            except RightMissing as forbidden:
                raise NotFound from forbidden

        return _drawn(request, draw)

    cast(Any, guarded).access_rule = ("portal_account",)
    return guarded


def _drawn(request: HttpRequest, draw: Callable[[], HttpResponse]) -> HttpResponse:
    """Under the role that reads what is for clients, as a person before an organization is chosen."""
    if not request.user.is_authenticated:
        return _sign_in_first(request)
    if request.session.get("password_too_short"):
        return HttpResponseRedirect(reverse("account_change_password"))
    with as_user(cast(int, request.user.pk)), transaction.atomic():
        with as_portal():
            response = draw()
        if getattr(response, "rolls_back", False):
            transaction.set_rollback(True)
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def portal_public(view: Callable) -> Callable:
    """The view is for anybody: sign-in, invitation."""
    cast(Any, view).access_rule = ("public",)
    return view


def organizations_of(user: User) -> list[tuple[Organization, list[PortalAccess]]]:
    """Where somebody has access now, and for whom. Called with the wall down to the person's own."""
    given = PortalAccess.objects.filter(user_id=user.pk, state=PortalAccess.State.ACTIVE)
    places = Organization.objects.filter(pk__in=given.values("organization_id"), modules__contains=[Module.PORTAL])
    found = []
    for organization in places.order_by("name"):
        enter(organization.pk, user_id=user.pk)
        accesses = _accesses(user, organization)
        enter_as_user(user.pk)
        if accesses:
            found.append((organization, accesses))
    return found


def choose_access(request: HttpRequest, visitor: PortalVisitor, access: PortalAccess) -> None:
    """From now on, and until another is chosen, the person is here for this client."""
    visitor.access = access
    request.session[f"access-{visitor.organization_id}"] = access.pk


def _visitor(request: HttpRequest, slug: str) -> PortalVisitor:
    user = cast(User, request.user)
    organization = Organization.objects.filter(slug=slug, modules__contains=[Module.PORTAL]).first()
    if organization is None:
        raise NotFound
    enter(organization.pk, user_id=user.pk, most_seconds=MOST_SECONDS)
    accesses = _accesses(user, organization)
    if not accesses:
        raise NotFound
    chosen = request.session.get(f"access-{organization.pk}")
    access = next((one for one in accesses if one.pk == chosen), accesses[0])
    return PortalVisitor(user, organization, accesses, access, PortalSettings.of(organization.pk))


def _accesses(user: User, organization: Organization) -> list[PortalAccess]:
    found = PortalAccess.objects.active().filter(user_id=user.pk, organization_id=organization.pk)
    accesses = list(found.select_related("client", "person").order_by("client__display_name", "id"))
    for access in accesses:
        access.organization = organization
    return accesses


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") or request.headers.get("Accept", "").startswith("application/json"):
        raise SessionEnded
    return HttpResponseRedirect(f"{SIGN_IN}?{urlencode({'next': request.get_full_path()})}")


def not_while_watching(visitor: PortalVisitor) -> None:
    """« Voir comme le client » reads; nobody writes in a client's name."""
    if visitor.watched_by is not None:
        raise Refusal("E-ROLE", "", status=403)
