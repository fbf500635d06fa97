"""
How often a business flow may be tried, in all processes of a campus together, counted in Valkey by the library
`limits`.

The client is known to Valkey by a keyed digest only. Without Valkey a flow is refused that must be counted (signing in:
guesses must not get free by taking a server away), and let through where more is lost by a refusal than by a guess.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from time import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool

from adapters.settings import Settings
from adapters.valkey.client import ValkeyError

TIMEOUT = 2.0  # seconds for Valkey to count
MINUTES = 5


@dataclass(frozen=True)
class Flow:
    """
    A flow and how often one client may try it.

    Attributes:
        must_count: whether it is refused while Valkey does not count.
    """

    name: str
    item: RateLimitItem
    must_count: bool


class TriedTooOften(Exception):
    """A client tries a flow too often; `retry_after` is in seconds."""

    def __init__(self, flow: Flow, retry_after: int) -> None:
        super().__init__(f"{flow.name} was tried too often from here: try again in {retry_after} s")
        self.retry_after = retry_after


class CannotCount(Exception):
    """Valkey does not answer, and the flow must be counted."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(f"Valkey does not answer, so that attempts at {flow.name} cannot be counted: try again later")


class FlowLimits:
    """The flows of one campus."""

    def __init__(self, settings: Settings) -> None:
        self.sign_in = flow("signing in", settings.sign_ins_per_network, must_count=True)
        self.order = flow("ordering", settings.orders_per_user, must_count=False)
        self._settings = settings
        self._secret = settings.token_secret.encode()

    @cached_property
    def _limiter(self) -> SlidingWindowCounterRateLimiter:
        """The library's, made when it is first needed, in the loop in which it is used."""
        pool: Any = ConnectionPool.from_url(
            self._settings.valkey_url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT
        )
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=f"flows:{self._settings.name}",
            connection_pool=pool,
        )
        return SlidingWindowCounterRateLimiter(storage)

    async def close(self) -> None:
        """Close the connections."""
        limiter = self.__dict__.pop("_limiter", None)
        if limiter is not None:
            await limiter.storage.bridge.get_connection().connection_pool.disconnect()

    async def take(self, flow: Flow | None, client: str) -> None:
        """
        Count one attempt of *client* at *flow*; None is a flow without a limit.

        Raises:
            TriedTooOften: there were too many before.
            CannotCount: Valkey does not answer, and the flow must be counted.
        """
        if flow is None:
            return
        key = hmac.new(self._secret, f"{flow.name}\n{client}".encode(), hashlib.sha256).hexdigest()
        try:
            if await self._limiter.hit(flow.item, key):
                return
            reset_at = (await self._limiter.get_window_stats(flow.item, key)).reset_time
        except (ValkeyError, OSError, TimeoutError) as error:
            if flow.must_count:
                raise CannotCount(flow) from error
            return
        raise TriedTooOften(flow, max(1, ceil(reset_at - time())))


def flow(name: str, most: int, *, must_count: bool) -> Flow | None:
    """A flow that one client may try *most* times within five minutes; None for 0, which is no limit."""
    return Flow(name, RateLimitItemPerMinute(most, MINUTES), must_count) if most else None
