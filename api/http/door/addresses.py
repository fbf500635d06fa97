"""
Where a request comes from: the address of its client, and the network for which that stands.

An IPv6 customer has a /64 at least, so what counts is that; an IPv4 address counts alone.
"""

import ipaddress
from functools import lru_cache

from starlette.types import Scope

from adapters.settings import is_trusted

REMEMBERED = 4_096  # addresses
V6_NETWORK = 64  # bits of an IPv6 address that one customer has at least

_is_trusted = lru_cache(REMEMBERED)(is_trusted)


def client_of(scope: Scope, forwarded: str | None, proxies: str) -> str:
    """
    The address of who sends the request of *scope*.

    Args:
        forwarded: its `X-Forwarded-For`; the last address is what the nearest proxy has seen.
        proxies: networks of the proxies that are believed, as in the setting `trusted_proxies`.
    """
    peer = str(scope["client"][0]) if scope.get("client") else ""
    if forwarded and proxies and _is_trusted(peer, proxies):
        return forwarded.rpartition(",")[2].strip() or peer
    return peer


@lru_cache(REMEMBERED)
def network_of(address: str) -> str:
    """The network that counts for *address*; empty for this machine, and for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return network_of(str(found.ipv4_mapped))
        return "" if found.is_loopback else str(ipaddress.ip_network((found, V6_NETWORK), strict=False))
    return "" if found.is_loopback else str(found)
