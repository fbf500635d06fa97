"""Where a request comes from: the address of its client, by its connection or by what a trusted proxy says."""

from functools import lru_cache

from starlette.types import Scope

from adapters.networks import address_of, is_trusted, network_around

FORWARDED = b"x-forwarded-for"
REMEMBERED = 4_096  # addresses

_is_trusted = lru_cache(REMEMBERED)(is_trusted)


def client_of(scope: Scope, forwarded: str | None, proxies: str) -> str:
    """
    The address of who sends the request of *scope*.

    Args:
        forwarded: the last of its `X-Forwarded-For`; the last address in it is what the nearest proxy has seen. Where
            that is none, the proxy's own counts.
        proxies: networks of the proxies that are believed, as in the setting `trusted_proxies`.
    """
    peer = str(scope["client"][0]) if scope.get("client") else ""
    if forwarded and proxies and _is_trusted(peer, proxies):
        seen = address_of(forwarded.rpartition(",")[2])
        return peer if seen is None else str(seen)
    return peer


def client_by_headers(scope: Scope, proxies: str) -> str:
    """The same, where the headers were not looked at; a proxy may add a header of its own after that of the client."""
    said = [value for name, value in scope["headers"] if name == FORWARDED] if proxies else []
    return client_of(scope, said[-1].decode("latin-1") if said else None, proxies)


@lru_cache(REMEMBERED)
def network_of(address: str) -> str:
    """The network that counts for *address*; empty for this machine, and for what is no address."""
    found = address_of(address)
    return "" if found is None or found.is_loopback else network_around(found)
