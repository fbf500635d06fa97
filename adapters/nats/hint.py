"""
Hints: a process that has committed to the log says so on core NATS, so that readers need not wait for their next poll.

A lost hint costs some milliseconds, nothing else.
"""

import asyncio
import contextlib

from nats.aio.msg import Msg

from adapters.nats.connection import Nats
from adapters.settings import Settings


def subject(settings: Settings) -> str:
    """The subject of this campus's hints."""
    return f"hint.{settings.name}"


class Hints:
    """Sender of hints; an `Appender` calls `send` after each commit."""

    def __init__(self, settings: Settings, nats: Nats) -> None:
        self._subject = subject(settings)
        self._nats = nats
        self._sending: asyncio.Task[None] | None = None
        self._position = 0

    def send(self, position: int) -> None:
        """Publish that the log has grown to *position*; never waits and never fails."""
        self._position = max(self._position, position)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        client = self._nats.client
        if client is not None:
            with contextlib.suppress(Exception):  # readers poll as well
                await client.publish(self._subject, b"%d" % self._position)


async def listen(settings: Settings, nats: Nats, woken: asyncio.Event) -> None:
    """Set *woken* at each hint, over this connection and all later ones."""

    async def wake(_message: Msg) -> None:
        woken.set()

    await nats.subscribe(subject(settings), wake)
