"""The guard of every API operation: the token's membership, the right, one transaction inside the wall.

A token belongs to one membership (user and organization) and acts with its rights and reach, as the pages do.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from entregent.access.guard import MOST_SECONDS
from entregent.access.rights import Right
from entregent.access.token_scopes import allows, scope_of
from entregent.access.wall import enter
from entregent.api.limits import count_request, token_is_known
from entregent.api.problems import refused
from entregent.organizations.models import ApiToken, Membership
from entregent.toolbox.errors import ModuleOff, Refusal, RightMissing, SessionEnded

# Tokens say once a minute that they were used: a write on every call would be the most frequent write of all.
_USE_IS_TOLD_EVERY = timedelta(minutes=1)


class TokenMissing(SessionEnded):
    """No token, an unknown one, one that ended, was revoked, or whose member is no longer active."""


class ScopeMissing(Refusal):
    """The member may, the token may not."""

    def __init__(self) -> None:
        super().__init__("E-SCOPE", _("Ce jeton n'a pas la portée nécessaire."), status=403)


class BearerToken(HttpBearer):
    """`Authorization: Bearer …`. The token itself is looked up by `operation`, inside the wall."""

    openapi_scheme = "bearer"

    def authenticate(self, request, token):
        digest = ApiToken.digest_of(token.strip())
        count_request(request, digest)
        return digest


def operation(right: Right, *, module: str | None = None, if_match: str | None = None) -> Callable:
    """The operation is for tokens whose member holds `right`; `module` must be on. It gets `request.member`.

    `if_match` tells the document what a version is worth here (`required`, `optional`) where the method does not.
    """

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request, *args, **kwargs):
            with transaction.atomic():
                token = _token(request)
                member = token.membership
                enter(member.organization_id, user_id=member.user_id, most_seconds=MOST_SECONDS)
                with translation.override(member.user.language):
                    request.member, request.token = member, token
                    _note_use(token)
                    if not allows(token.scopes, scope_of(right, request.method)):
                        raise ScopeMissing
                    if module is not None and not member.organization.has_module(module):
                        raise ModuleOff
                    if not member.can(right):
                        raise RightMissing
                    return view(request, *args, **kwargs)

        cast(Any, guarded).access_rule = ("right", right, module)
        cast(Any, guarded).if_match = if_match
        return guarded

    return decorate


def behind_the_door(answer: Callable) -> Callable:
    """An answer about the form of a request, which is read before the token is looked up: for those who have one."""

    @wraps(answer)
    def checked(request, error):
        try:
            with transaction.atomic():
                _token(request)
        except TokenMissing as missing:
            return refused(request, missing)
        return answer(request, error)

    return checked


def _token(request) -> ApiToken:
    """The token with its member; the transaction at hand is inside their organization then."""
    digest = request.auth
    with connection.cursor() as cursor:
        # The wall lets this one row through: nobody knows the organization yet.
        cursor.execute("SELECT set_config('app.token_digest', %s, true)", [digest])
    now = timezone.now()
    token = ApiToken.objects.filter(digest=digest, revoked_at__isnull=True).first()
    if token is None or (token.expires_at is not None and token.expires_at <= now):
        raise TokenMissing
    enter(token.organization_id)
    membership = (
        Membership.objects.active().select_related("user", "organization").filter(pk=token.membership_id).first()
    )
    if membership is None:
        raise TokenMissing
    token.membership = membership
    token_is_known(digest)
    return token


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _USE_IS_TOLD_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
