"""The language of a request: the signed-in person's, else the cookie's, else the browser's, else French."""

from django.conf import settings
from django.utils import translation
from django.utils.cache import patch_vary_headers

LANGUAGES = ("fr", "en")


def language(get_response):
    def middleware(request):
        chosen = _chosen(request)
        with translation.override(chosen):
            request.LANGUAGE_CODE = chosen
            response = get_response(request)
            response.headers.setdefault("Content-Language", chosen)
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            return response

    return middleware


def _chosen(request):
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if request.path.startswith("/static/"):
        return settings.LANGUAGE_CODE
    if request.session.session_key and request.user.is_authenticated:
        return request.user.language
    if cookie in LANGUAGES:
        return cookie
    accepted = request.headers.get("Accept-Language", "")
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return settings.LANGUAGE_CODE
