"""HTML that somebody else wrote (a mail), shown in a frame of its own: no script, nothing loaded, no way out of it.

The page that holds the frame is decorated with `holds_frames`; the frame's own address answers by `framed`, and stands
in `<iframe sandbox="" src="…">`.
"""

from collections.abc import Callable

from csp.decorators import csp_update
from django.http import HttpResponse

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"


def framed(html: str) -> HttpResponse:
    """`html` as the content of a frame on a page of ours."""
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def holds_frames(view: Callable) -> Callable:
    """The page may hold frames of this very instance."""
    return csp_update({"frame-src": ["'self'"]})(view)
