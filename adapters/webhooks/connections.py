"""Connections to receivers of webhooks: to the address that was judged, and to no other (addresses.py)."""

from collections.abc import Iterable
from typing import Any

import httpcore

from adapters.webhooks.addresses import AddressRefused, AddressRules, Resolver, resolve


class JudgingBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to judged addresses only."""

    def __init__(self, rules: AddressRules, resolver: Resolver = resolve) -> None:
        self._rules, self._resolve = rules, resolver
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library calls with it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to the first address of *host* that answers; one that is refused refuses all of them."""
        self._rules.check_host(host)
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address is known for {host}") from error
        if not addresses or not all(self._rules.allows(host, each) for each in addresses):
            raise AddressRefused(f"{host} is at an address to which no webhook is sent")
        failed: Exception | None = None
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError(f"{host} does not answer")

    async def sleep(self, seconds: float) -> None:
        """As the backend does."""
        await self._backend.sleep(seconds)
