"""
Addresses of clients and proxies, and the network for which an address stands where something is counted.

An IPv6 customer has a /64 at least, so what counts is that; an IPv4 address counts alone. A socket for both
writes IPv4 addresses within IPv6 (`::ffff:192.0.2.7`): taken as they are written, all of them would be one network.
"""

import ipaddress
from functools import cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
V6_NETWORK = 64  # bits of an IPv6 address that one customer has at least


def address_of(text: str) -> Address | None:
    """The address that *text* is, also where a proxy has written its port after it; None for what is none."""
    text = text.strip()
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if "." in bare and bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def network_around(address: Address) -> str:
    """The network that counts for an address."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, V6_NETWORK), strict=False))


def is_trusted(peer: str, proxies: str) -> bool:
    """Whether *peer* is in one of the networks of the setting `trusted_proxies`."""
    address = address_of(peer)
    return address is not None and any(address in network for network in networks_of(proxies))


@cache
def networks_of(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks of a list with commas between; raises ValueError if one is none."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
