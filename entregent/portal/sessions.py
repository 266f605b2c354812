"""Two doors, two sessions: what is under `/portail/` knows only the portal's session, everything else only the staff's.

One person may be an employee here and a client there, signed in to both at once. A session of one door is none at the
other, even when its cookie is carried over by hand: a portal session bears a mark that the staff's door refuses.
"""

import time

from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date

from entregent.organizations.sessions import SessionStore

PREFIX = "/portail/"
COOKIE = "entregent_portal"
URLS = "entregent.portal.web.root_urls"
_MARK = "portal"


def is_portal(request) -> bool:
    return request.path_info.startswith(PREFIX) or request.path_info == PREFIX.rstrip("/")


class _Store(SessionStore):
    # One engine keeps both, so that a person's list of sessions shows and ends either.
    key_salt = SessionStore().key_salt


class StaffStore(_Store):
    """A session of members; one of the portal is none here."""

    def load(self):
        return _without_other(self, super().load(), is_marked=False)


class PortalStore(_Store):
    """A session of the portal, which bears its mark from the first time that it is kept."""

    def load(self):
        return _without_other(self, super().load(), is_marked=True)

    def save(self, must_create=False):
        # The stubs leave it out.
        self._get_session(no_load=must_create)[_MARK] = True  # type: ignore[attr-defined]
        super().save(must_create=must_create)


def _without_other(store, data: dict, *, is_marked: bool) -> dict:
    if data and bool(data.get(_MARK)) != is_marked:
        store._session_key = None
        return {}
    return data


class TwoDoors(SessionMiddleware):
    """Django's middleware for the staff; the same with another cookie, path and URL conf for the portal."""

    def process_request(self, request):
        if is_portal(request):
            request.urlconf = URLS
            request.session = PortalStore(request.COOKIES.get(COOKIE))
        else:
            request.session = StaffStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))

    def process_response(self, request, response):
        if not is_portal(request):
            return super().process_response(request, response)
        session = request.session
        accessed, modified, is_empty = session.accessed, session.modified, session.is_empty()
        if is_empty and COOKIE in request.COOKIES:
            response.delete_cookie(COOKIE, path=PREFIX, samesite=settings.SESSION_COOKIE_SAMESITE)
            patch_vary_headers(response, ("Cookie",))
            return response
        if accessed:
            patch_vary_headers(response, ("Cookie",))
        if modified and not is_empty and response.status_code < 500:
            try:
                session.save()
            except UpdateError as error:
                raise SessionInterrupted("The session ended before the request did: signed out elsewhere.") from error
            age = session.get_expiry_age()
            response.set_cookie(
                COOKIE, session.session_key, max_age=age, expires=http_date(time.time() + age), path=PREFIX,
                secure=settings.SESSION_COOKIE_SECURE or None, httponly=True,
                samesite=settings.SESSION_COOKIE_SAMESITE,
            )  # fmt: skip
        return response
