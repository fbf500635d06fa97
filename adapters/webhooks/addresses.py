"""
To which addresses a webhook may go: public ones, looked at when the connection is opened, not when the URL is written.

A name may lead elsewhere at each look-up (DNS rebinding), and an address can be written in many ways (decimal, octal,
IPv4 within IPv6). So the name is resolved here, every address that it has is judged, and the connection goes to the
address that was judged. Redirects are not followed: they would be another address.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
SITE_LOCAL = ipaddress.ip_network("fec0::/10")  # RFC 3879: not used any more, and public by no means
METADATA = frozenset(
    ipaddress.ip_address(each) for each in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
"""Where machines of clouds find their credentials; some of these are public or private addresses by their form."""


class AddressRefused(Exception):
    """A webhook would go where it must not; the sentence names the host and not what is there."""


def judged(text: str) -> Address:
    """The address to be judged: an IPv4 address that is wrapped in an IPv6 one is that IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in NAT64 or int(address) >> 32 == 0):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    return address if inner is None or int(address) in (0, 1) else inner


class AddressRules:
    """
    Which addresses a webhook may go to.

    Args:
        hosts: names of the settings, the only ones if there are any; these may have private addresses.
        is_development: whether this machine is allowed.
    """

    def __init__(self, hosts: Iterable[str], *, is_development: bool) -> None:
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts)
        self._is_development = is_development

    def check_host(self, host: str) -> None:
        """Raise AddressRefused for a host that the settings do not name, where they name any."""
        if self._hosts and host.lower().rstrip(".") not in self._hosts and not self._is_development:
            raise AddressRefused(f"{host} is none of the hosts to which this campus sends webhooks")

    def allows(self, host: str, text: str) -> bool:
        """Whether a webhook to *host* may go to one of its addresses."""
        address = judged(text)
        if address.is_loopback:
            return self._is_development
        if address in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        if address.is_global and not address.is_reserved and address not in SITE_LOCAL:
            return True
        return address.is_private and host.lower().rstrip(".") in self._hosts


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the machine finds them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
