"""
Draining a process: what runs is finished, what is new is refused, gateways learn of it, and then it ends.

The server in front of the processes (cli/draining.py) passes SIGUSR1 on to each; one that has nothing under way any
more leaves a file with its number, and when all have, the server ends. Open event streams are not waited for: their
clients come back elsewhere.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from api.http import metrics
from api.http.door.refused import Refused

STAYS_OPEN = frozenset(("/healthz", "/metrics"))
HEADER = "campus-draining"
"""Of a refusal: the request was not begun, so a gateway may send it to another instance, whatever it is."""

logger = structlog.get_logger()


class IsDraining(Refused):
    """This process takes nothing new."""

    status, code = 503, "draining"
    headers = {"retry-after": "1", "connection": "close", HEADER: "1"}  # noqa: RUF012 - never changed


class Draining:
    """
    Whether one process drains.

    Attributes:
        is_on: whether it takes nothing new.
        under_way: requests whose answers are not whole yet, open event streams among them.
        streams: open event streams.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.under_way = self.streams = 0
        self._idle = asyncio.Event()
        metrics.UNDER_WAY.set_function(lambda: self.under_way)

    def begun(self) -> None:
        """A request has begun."""
        self.under_way += 1

    def streams_on(self) -> None:
        """The answer to a request is a stream of events."""
        self.streams += 1
        self._look()

    def ended(self, *, was_stream: bool) -> None:
        """A request was answered, or broken off."""
        self.under_way -= 1
        self.streams -= was_stream
        self._look()

    def _look(self) -> None:
        if self.is_on and self.under_way <= self.streams:
            self._idle.set()

    def check(self, path: str) -> None:
        """Raise IsDraining for what is new."""
        if self.is_on and path not in STAYS_OPEN:
            raise IsDraining("this process ends and takes nothing new: send the request again")

    async def drain(self) -> None:
        """Take nothing new, and wait until all is answered but event streams."""
        self.is_on = True
        logger.info("draining.begun", under_way=self.under_way, streams=self.streams)
        self._look()
        await self._idle.wait()
        logger.info("draining.done", streams=self.streams)


@asynccontextmanager
async def drained_on_signal(
    draining: Draining, folder: Path | None, leave: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """
    Drain this process on SIGUSR1, until the block ends.

    Args:
        folder: where its number is left when nothing is under way any more; None for a process without such a server.
        leave: says to gateways that it ends.
    """
    if folder is None:
        yield
        return
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        await leave()
        await draining.drain()
        (folder / str(os.getpid())).touch()

    def begin() -> None:
        if not tasks:
            tasks.append(asyncio.get_running_loop().create_task(work()))

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, begin)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)
        for task in tasks:
            task.cancel()
