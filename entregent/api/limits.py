"""How many requests a token may make in a minute.

Each process of the web server counts by itself and adds what it has counted to a row that all of them share, a
twentieth of the limit at a time: no write on every request, and nobody goes much beyond the limit.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from entregent.access.statements import rows_of
from entregent.toolbox.errors import Refusal

WINDOW = 60
_MOST_TOKENS = 10_000


class TooMany(Refusal):
    """The token has made as many requests as it may in this minute."""

    def __init__(self, seconds: int) -> None:
        super().__init__("E-RATE", _("Trop de demandes : recommencez dans un instant."), status=429)
        self.retry_after = seconds


@dataclass
class Count:
    """Of one token in one minute: what all processes have told, and what this one has not told yet."""

    minute: int
    told: int = 0
    untold: int = 0
    is_known: bool = False


_counts: dict[str, Count] = {}
_lock = threading.Lock()


def count_request(request: HttpRequest, digest: str) -> None:
    """Counts this request of the token, or refuses it. Costs no statement but each twentieth of the limit."""
    limit = settings.API_PER_MINUTE
    if not limit:
        return
    now = time.time()
    minute, seconds = int(now // WINDOW), WINDOW - int(now % WINDOW)
    with _lock:
        count = _counts.get(digest)
        if count is None or count.minute != minute:
            if len(_counts) >= _MOST_TOKENS:
                _forget(minute)
            count = _counts[digest] = Count(minute, is_known=count is not None and count.is_known)
        is_over = count.told + count.untold >= limit
        to_tell = 0
        if not is_over:
            count.untold += 1
            # The first request of a minute asks what the other processes have counted.
            if count.is_known and (not count.told or count.untold >= max(1, limit // 20)):
                to_tell, count.untold, count.told = count.untold, 0, count.told + count.untold
    if to_tell:
        told = _tell(digest, minute, to_tell)
        with _lock:
            count.told = max(count.told, told)
            is_over = told > limit
    request.api_limit = (limit, max(0, limit - count.told - count.untold), seconds)  # type: ignore[attr-defined]
    if is_over:
        raise TooMany(seconds)


def token_is_known(digest: str) -> None:
    """There is such a token: what it does is told to the other processes; what is made up never is."""
    count = _counts.get(digest)
    if count is not None:
        count.is_known = True


def tell_limits(get_response: Callable) -> Callable:
    """Says in the headers of each answer of the API how far its token is."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        told = getattr(request, "api_limit", None)
        if told is not None:
            limit, remaining, seconds = told
            response.headers["RateLimit-Limit"] = str(limit)
            response.headers["RateLimit-Remaining"] = str(remaining)
            response.headers["RateLimit-Reset"] = str(seconds)
        return response

    return middleware


def _tell(digest: str, minute: int, used: int) -> int:
    """Adds to what all processes have counted, in a transaction of its own, and gives the sum."""
    ((told,),) = rows_of(
        """
        INSERT INTO api_requestwindow AS standing (digest, minute, used) VALUES (%s, %s, %s)
        ON CONFLICT (digest) DO UPDATE SET
            minute = excluded.minute,
            used = excluded.used + CASE WHEN standing.minute = excluded.minute THEN standing.used ELSE 0 END
        RETURNING used
        """,
        [digest, minute, used],
    )
    return told


def _forget(minute: int) -> None:
    """Whoever sends made-up tokens fills no memory."""
    for digest in [digest for digest, count in _counts.items() if count.minute != minute or not count.is_known]:
        del _counts[digest]
