"""Where webhooks may go: every way to write an address of this machine or network is seen through."""

import httpcore
import pytest

from adapters.webhooks.addresses import AddressRefused, AddressRules, resolve
from adapters.webhooks.connections import JudgingBackend

PUBLIC = AddressRules([], is_development=False)
LISTED = AddressRules(["crm.internal", "crm.example"], is_development=False)
HERE = AddressRules([], is_development=True)

INSIDE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "192.0.0.1"),
    *("169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a00:1::1"),
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_refused(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast, and each of them within IPv6."""
    assert not PUBLIC.allows("crm.example", address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_what_is_public_is_not(address: str) -> None:
    """In either form."""
    assert PUBLIC.allows("crm.example", address)


def test_a_listed_host_may_be_in_the_network() -> None:
    """But never this machine, nor what gives credentials away; and others may not be asked at all."""
    assert LISTED.allows("CRM.internal.", "10.0.0.1")
    assert LISTED.allows("crm.internal", "fc00::1")
    assert not LISTED.allows("other.example", "10.0.0.1")
    for address in ("127.0.0.1", "169.254.169.254", "fd00:ec2::254", "168.63.129.16"):
        assert not LISTED.allows("crm.internal", address)
    LISTED.check_host("crm.example")
    with pytest.raises(AddressRefused):
        LISTED.check_host("other.example")


def test_this_machine_is_for_development_only() -> None:
    """And even there nothing else that is inside."""
    assert HERE.allows("localhost", "127.0.0.1")
    assert HERE.allows("localhost", "::1")
    assert not HERE.allows("crm.example", "10.0.0.1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1"])
async def test_a_host_is_judged_by_where_it_leads(host: str) -> None:
    """However it is written, the machine's own look-up says what it is, and no connection is opened."""
    with pytest.raises((AddressRefused, httpcore.ConnectError)):
        await JudgingBackend(PUBLIC).connect_tcp(host, 80)


async def test_one_address_that_is_refused_refuses_all() -> None:
    """A name that leads to a public and to a private address is no mistake."""

    async def both(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    async def none(host: str, port: int) -> list[str]:
        return []

    for resolver in (both, none):
        with pytest.raises(AddressRefused, match=r"^crm\.example is at an address"):
            await JudgingBackend(PUBLIC, resolver).connect_tcp("crm.example", 443)


async def test_a_name_that_is_none_is_no_address() -> None:
    """It is tried again later, as a receiver that is away is."""
    with pytest.raises(httpcore.ConnectError):
        await JudgingBackend(PUBLIC).connect_tcp("no-such-host.invalid", 443)
    assert await resolve("127.0.0.1", 80) == ["127.0.0.1"]
