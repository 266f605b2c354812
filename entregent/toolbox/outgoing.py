"""One HTTP message to an address that a person named: never to our own network, never further than asked.

https alone; http to what ENTREGENT_PRIVATE_HOSTS names, or to this machine itself where the product is tried out. The
host is looked up once and the
connection goes to the address that was looked at (`hosts`); no redirect is followed, no proxy is asked, the whole takes
at most so many seconds however slowly the other side speaks, and only the beginning of an answer is read.
"""

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from socket import SHUT_RDWR
from threading import Timer
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from entregent.toolbox import hosts
from entregent.toolbox.errors import Refusal

MOST_READ = 64 * 1024
LONGEST = 500
# What can go wrong on the way, beside a host that is not admitted.
TROUBLES = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """What the other side said: at most 64 kB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Late(OSError):
    """The time was over before the answer was whole."""


def check_url(url: str, *, may_loop: bool = False, field: str | None = None) -> str:
    """The address as it is kept; refuses what we would not connect to (its host is looked up)."""
    parts = _parts(url.strip(), may_loop=may_loop, field=field)
    try:
        hosts.resolved(parts.hostname or "", _port(parts), may_loop=may_loop)
    except hosts.HostRefused:
        raise hosts.HostRefused(field=field) from None
    return parts.geturl()


def post(url: str, *, body: bytes, headers: Mapping[str, str], seconds: float, may_loop: bool = False) -> Answer:
    """Posts `body`. Raises a Refusal where the address is not admitted, one of TROUBLES where it did not work."""
    return request("POST", url, body=body, headers=headers, seconds=seconds, may_loop=may_loop)


def request(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str],
    seconds: float,
    may_loop: bool = False,
    most: int = MOST_READ,
) -> Answer:
    """As `post`, with any verb; `most` bytes of the answer are read."""
    parts = _parts(url, may_loop=may_loop)
    host, port = parts.hostname or "", _port(parts)
    begun = time.monotonic()
    sock = hosts.connect(host, port, timeout=seconds, may_loop=may_loop)
    over: list[bool] = []

    def end() -> None:
        over.append(True)
        try:
            sock.shutdown(SHUT_RDWR)
        except OSError:
            pass

    timer = Timer(max(0.1, seconds - (time.monotonic() - begun)), end)
    timer.daemon = True
    timer.start()
    wire = sock
    try:
        if parts.scheme == "https":
            # The handshake is in the time as well; the name is proven, not the address.
            wire = _trust().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            sock = wire
            wire.do_handshake()
        connection = http.client.HTTPConnection(host, port)
        connection.sock = wire
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers={"Host": _host_header(parts), **headers})
        response = connection.getresponse()
        read = response.read(most)
        if over:
            raise Late("too late")
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, read, time.monotonic() - begun)
    except TROUBLES as error:
        if over and not isinstance(error, Late):
            raise Late("too late") from error
        raise
    finally:
        timer.cancel()
        wire.close()


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that this machine trusts, read once: that takes longer than many an answer."""
    return ssl.create_default_context()


def _parts(url: str, *, may_loop: bool, field: str | None = None) -> SplitResult:
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    try:
        parts = urlsplit(url) if is_plain else None
        port = parts.port if parts else None
    except ValueError:
        parts, port = None, None
    if parts is None or not parts.hostname or parts.scheme not in ("http", "https") or port == 0:
        raise Refusal("E-URL", _("Saisissez une adresse complète, comme https://si.exemple.fr/entregent."), field=field)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Refusal("E-URL", _("Une adresse sans identifiant ni « # »."), field=field)
    if parts.scheme == "http" and not (may_loop and _is_this_machine(parts.hostname)) and not _is_named(parts.hostname):
        raise Refusal("E-URL-HTTPS", _("L’adresse doit commencer par https://."), field=field)
    return parts


def _is_this_machine(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _is_named(host: str) -> bool:
    """Whoever runs the instance has named this host or its network, and knows what lies between."""
    if isinstance(settings.PRIVATE_HOSTS, bool):
        return False
    try:
        return hosts.is_named(ip_address(host), host)
    except ValueError:
        return host.lower().rstrip(".") in settings.PRIVATE_HOSTS


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _host_header(parts: SplitResult) -> str:
    return parts.netloc
