"""Quotas of users and networks: refusals with the time to come back, and what is remembered of clients."""

import pytest

from api.http.door import rates
from api.http.door.addresses import client_by_headers, client_of, network_of
from api.http.door.gcra import SECOND, Quota
from api.http.door.rates import RateLimit, TooManyRequests, per_minute

NOW = 1_000 * SECOND


def test_a_client_above_its_quota_is_refused_and_others_are_not() -> None:
    """With the fields of the draft; the next request conforms after the time that it says."""
    limit = RateLimit("user", Quota(4, 60))
    assert [limit.take("ada", NOW) for _ in range(4)] == [False, False, True, True]
    assert limit.headers("ada", NOW) == [
        (b"ratelimit-policy", b'"user";q=4;w=60'),
        (b"ratelimit", b'"user";r=0;t=60'),
    ]
    with pytest.raises(TooManyRequests, match="try again in 15 s") as refused:
        limit.take("ada", NOW)
    assert refused.value.headers == {
        "retry-after": "15",
        "ratelimit-policy": '"user";q=4;w=60',
        "ratelimit": '"user";r=0;t=15',
    }
    assert limit.take("bob", NOW) is False
    assert limit.take("ada", NOW + 15 * SECOND) is True


def test_what_is_as_new_is_forgotten() -> None:
    """Two windows after its last request nothing is kept of a client, and within one it is."""
    limit = RateLimit("user", Quota(4, 60))
    for number in range(50):
        limit.take(f"client-{number}", NOW)
    limit.take("ada", NOW + 61 * SECOND)
    assert len(limit) == 51
    limit.take("ada", NOW + 122 * SECOND)
    assert len(limit) == 2


def test_a_flood_of_clients_takes_no_more_memory_than_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The older half is forgotten early."""
    monkeypatch.setattr(rates, "MOST_CLIENTS", 10)
    limit = RateLimit("network", Quota(4, 60))
    for number in range(100):
        limit.take(f"client-{number}", NOW)
        assert len(limit) <= 20


def test_no_limit() -> None:
    """A setting of 0."""
    assert per_minute("user", 0) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    """One address of IPv4, a /64 of IPv6; none for this machine."""
    assert network_of(address) == network


def test_only_a_trusted_proxy_is_believed() -> None:
    """What others say of where they come from is ignored, and of a list the last counts, which the proxy has added."""
    scope = {"client": ("10.0.0.9", 1)}
    said = "198.51.100.1, 192.0.2.7"
    assert client_of(scope, said, "10.0.0.0/8") == "192.0.2.7"
    assert client_of(scope, said, "172.16.0.0/12") == "10.0.0.9"
    assert client_of(scope, said, "") == "10.0.0.9"
    assert client_of({"client": None}, said, "10.0.0.0/8") == ""
    assert client_of({"client": ("::ffff:10.0.0.9", 1)}, said, "10.0.0.0/8") == "192.0.2.7", "of a socket for both"


def test_what_a_proxy_adds_comes_last() -> None:
    """In the header of the client, or in a further one; with a port, as some write it; or it is no address."""
    for lines, client in (
        (["198.51.100.1", "192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1, 192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7:4711"], "192.0.2.7"),
        (["[2001:db8::7]:4711"], "2001:db8::7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1, unknown"], "10.0.0.9"),
        (["198.51.100.1,"], "10.0.0.9"),
        ([], "10.0.0.9"),
    ):
        scope = {"client": ("10.0.0.9", 1), "headers": [(b"x-forwarded-for", line.encode()) for line in lines]}
        assert client_by_headers(scope, "10.0.0.0/8") == client, lines
        assert client_by_headers(scope, "") == "10.0.0.9"
