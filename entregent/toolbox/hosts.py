"""Which hosts the product connects to when a person names one: never its own network, unless the instance says so.

The name is looked up once and the connection goes to the address that was looked at: a name server that answers
otherwise the second time gains nothing.
"""

import ipaddress
import socket

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from entregent.toolbox.errors import Refusal

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class HostRefused(Refusal):
    """Private, local or unknown: one answer, so that nobody explores our network by it."""

    def __init__(self, field: str | None = None):
        super().__init__(
            "E-HOST",
            _("Ce serveur est introuvable, ou son adresse n’est pas admise : il faut une adresse publique."),
            field=field,
        )


def is_admitted(address: str, *, may_loop: bool = False, host: str = "") -> bool:
    """Whether we connect to this IP address, under the name `host`. Local ones only where ENTREGENT_PRIVATE_HOSTS says
    so, this machine also where the caller `may_loop`; never those by which machines of a cloud are told their secrets,
    nor those by which one protocol is carried in another to who knows where."""
    if "%" in address:
        return False
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in _NAT64:
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or any(_within(ip, one) for one in _NEVER):
        return False
    if (may_loop and ip.is_loopback) or is_named(ip, host):
        return True
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _IPV6_IN_USE:
        return False
    return ip.is_global and not ip.is_reserved and not any(_within(ip, one) for one in _NOT_PUBLIC)


def is_named(ip: IP, host: str = "") -> bool:
    """Whether the settings of the instance admit this local address: all of them (`true`), its network, or its name."""
    if isinstance(settings.PRIVATE_HOSTS, bool):
        return settings.PRIVATE_HOSTS
    for one in settings.PRIVATE_HOSTS:
        if isinstance(one, str):
            if host and one == host.lower().rstrip("."):
                return True
        elif _within(ip, one):
            return True
    return False


def _within(ip: IP, network: Network) -> bool:
    return ip.version == network.version and ip in network


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV6_IN_USE = ipaddress.ip_network("2000::/3")
# Where machines of a cloud are told their secrets; Teredo and 6to4, which carry an IPv4 address to anywhere.
_NEVER = [
    ipaddress.ip_network(one)
    for one in ("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd20:ce::254/128",
                "2001::/32", "2002::/16", "192.88.99.0/24")
]  # fmt: skip
# Local, for documents or kept back, and not known as such by each version of Python.
_NOT_PUBLIC = [
    ipaddress.ip_network(one)
    for one in ("fec0::/10", "3fff::/20", "64:ff9b:1::/48", "2001::/23", "2001:db8::/32", "192.0.0.0/24",
                "100.64.0.0/10", "0.0.0.0/8")
]  # fmt: skip


def resolved(host: str, port: int, *, is_ours: bool = False, may_loop: bool = False) -> list[tuple[int, tuple]]:
    """(family, socket address) of a host, all of them admitted; else `HostRefused`. `is_ours`: the settings of the
    instance name it, and whoever sets those may name any."""
    if not host or len(host) > 253 or not 0 < port < 65536 or any(c in host for c in "/@\\?#% \t\r\n\0"):
        raise HostRefused
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise HostRefused from unknown
    addresses: list[tuple[int, tuple]] = [(family, address) for family, _type, _protocol, _name, address in found]
    if not addresses:
        raise HostRefused
    if not is_ours and not all(
        is_admitted(str(address[0]), may_loop=may_loop, host=host) for _family, address in addresses
    ):
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
