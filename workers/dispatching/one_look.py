"""The provider, of whom each thing is asked once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from commands.payment.provider import Provider

AT_ONCE = 8  # questions; Stripe takes 25 in a second with a test key, 100 with another
LOOKS = ("checkout", "dispute", "intent", "payout", "refunds", "subscription", "subscription_of")
FRESH = frozenset({"dispute"})  # is asked after a look at our facts, and must say what is so after it


class OneLook:
    """
    Answers the questions of several jobs, the second time by the first answer, be it an error.

    It lasts as long as one round of jobs whose facts were all recorded before: each sees the thing as it was after its
    fact. A dispute is asked for each time. What would change something at the provider is not here.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._asked: dict[tuple[Any, ...], asyncio.Future[Any]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        if name not in LOOKS:
            raise AttributeError(f"jobs that are carried out together only look at the provider, and do not {name}")

        def ask(*names: str) -> Awaitable[Any]:
            if name in FRESH:
                return self._ask(name, *names)
            asked = (name, *names)
            if asked not in self._asked:
                self._asked[asked] = asyncio.ensure_future(self._ask(*asked))
            return self._asked[asked]

        return ask

    async def _ask(self, name: str, *names: str) -> Any:
        async with self._turns:
            return await getattr(self._provider, name)(*names)


def one_look(provider: Provider) -> Provider:
    """The provider for one round of jobs that only look."""
    return cast(Provider, OneLook(provider))
