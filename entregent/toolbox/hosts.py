"""Which hosts the product connects to when a person names one: never its own network, unless the instance says so.

The name is looked up once and the connection goes to the address that was looked at: a name server that answers
otherwise the second time gains nothing.
"""

import ipaddress
import socket

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from entregent.toolbox.errors import Refusal


class HostRefused(Refusal):
    """Private, local or unknown: one answer, so that nobody explores our network by it."""

    def __init__(self, field: str | None = None):
        super().__init__(
            "E-HOST",
            _("Ce serveur est introuvable, ou son adresse n’est pas admise : il faut une adresse publique."),
            field=field,
        )


def is_admitted(address: str, *, may_loop: bool = False) -> bool:
    """Whether we connect to this IP address. Local ones only where ENTREGENT_PRIVATE_HOSTS says so, this machine also
    where the caller `may_loop`; never those by which machines of a cloud are told their secrets."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            ip = inner
        elif ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA:
        return False
    if settings.PRIVATE_HOSTS or (may_loop and ip.is_loopback):
        return True
    return ip.is_global and not ip.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = {ipaddress.ip_address("100.100.100.200"), ipaddress.ip_address("fd00:ec2::254")}


def resolved(host: str, port: int, *, is_ours: bool = False, may_loop: bool = False) -> list[tuple[int, tuple]]:
    """(family, socket address) of a host, all of them admitted; else `HostRefused`. `is_ours`: the settings of the
    instance name it, and whoever sets those may name any."""
    if not host or len(host) > 253 or not 0 < port < 65536 or any(c in host for c in "/@\\?# \t\r\n\0"):
        raise HostRefused
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise HostRefused from unknown
    addresses: list[tuple[int, tuple]] = [(family, address) for family, _type, _protocol, _name, address in found]
    if not addresses:
        raise HostRefused
    if not is_ours and not all(is_admitted(str(address[0]), may_loop=may_loop) for _family, address in addresses):
        raise HostRefused
    return addresses


def connect(host: str, port: int, *, timeout: float, is_ours: bool = False, may_loop: bool = False) -> socket.socket:
    """A connection to one of the addresses that were looked at, in their order."""
    last: OSError | None = None
    for family, address in resolved(host, port, is_ours=is_ours, may_loop=may_loop):
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.settimeout(timeout)
        try:
            opened.connect(address)
        except OSError as error:
            opened.close()
            last = error
        else:
            return opened
    raise last or OSError(host)
