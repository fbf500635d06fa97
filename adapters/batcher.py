"""
Requests that arrive while a round trip is under way travel together in the next one, but for those whose callers have
gone by then.

Used for appends (group commit), for look-ups in the log, and for documents in Valkey.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class Batcher(Generic[Request, Reply]):
    """
    One worker that sends what has gathered, waits for the answers, and sends what has gathered since.

    Args:
        send: makes one round trip; returns one reply for each request, in order. A reply that is an exception is
            raised in its caller; an exception that *send* itself raises is raised in all callers.
        largest: most requests in one round trip.
    """

    def __init__(
        self, send: Callable[[Sequence[Request]], Awaitable[Sequence[Reply | Exception]]], largest: int
    ) -> None:
        self._send = send
        self._largest = largest
        self._waiting: list[tuple[Request, asyncio.Future[Reply]]] = []
        self._worker: asyncio.Task[None] | None = None

    def submit(self, request: Request) -> "asyncio.Future[Reply]":
        """Put *request* into the next round trip; the future is its reply."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return future

    async def _work(self) -> None:
        """Send until nothing is left; a request that comes later starts a new worker."""
        try:
            while self._waiting:
                asked = [entry for entry in self._waiting if not entry[1].done()]  # the others' callers have gone
                batch, self._waiting = asked[: self._largest], asked[self._largest :]
                if batch:
                    await self._round_trip(batch)
                if self._waiting:  # those who were answered act now: what they ask next goes with the rest
                    await asyncio.sleep(0)
        finally:
            self._worker = None
            if self._waiting:  # cancelled between two batches: no caller may wait for ever
                for _, future in self._waiting:
                    future.cancel()
                self._waiting = []

    async def _round_trip(self, batch: list[tuple[Request, "asyncio.Future[Reply]"]]) -> None:
        try:
            replies = await self._send([request for request, _ in batch])
            answered = list(zip(batch, replies, strict=True))
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - the error belongs to the callers of this batch
            answered = [(asked, error) for asked in batch]
        for (_, future), reply in answered:
            if future.done():
                continue  # the caller was cancelled
            if isinstance(reply, Exception):
                future.set_exception(reply)
            else:
                future.set_result(reply)

    async def drain(self) -> None:
        """Wait until everything that was submitted has been answered."""
        while self._worker is not None:
            await asyncio.wait([self._worker])
