"""
One connection to NATS that reconnects for ever.

NATS makes the system quick, not correct: a process starts and works without it.
"""

import asyncio
from contextlib import suppress

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from adapters.settings import Settings
from adapters.tasks import cancel_and_wait

__all__ = ["Client", "JetStreamError", "Nats", "NatsError", "connect"]

RECONNECT_WAIT = 0.25  # seconds
CONNECT_TIMEOUT = 2  # seconds
OUTGOING_BUFFER = 8 * 1024 * 1024  # bytes

logger = structlog.get_logger()


async def connect(client: Client, settings: Settings, *, application: str) -> Client:
    """Connect *client*, however long it takes; the caller bounds the wait, and closes the client in any case."""
    complained = False

    async def on_error(error: Exception) -> None:
        nonlocal complained
        if not complained:
            logger.warning("nats.error", error=f"{type(error).__name__}: {error}")
        complained = True

    async def on_disconnect() -> None:
        if not client.is_closed:
            logger.warning("nats.disconnected")

    async def on_reconnect() -> None:
        nonlocal complained
        complained = False
        logger.info("nats.reconnected")

    await client.connect(
        servers=settings.nats_url.split(","),
        name=f"campus:{application}",
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
        connect_timeout=CONNECT_TIMEOUT,
        reconnect_time_wait=RECONNECT_WAIT,  # type: ignore[arg-type]  # a float does as well
        max_reconnect_attempts=-1,
        pending_size=OUTGOING_BUFFER,
        skip_subject_validation=True,
    )
    return client


class Nats:
    """
    A client that connects in the background; `client` is None until it is connected, and while it is not.

    For publishers and subscribers that lose time, and nothing else, with a lost message.
    """

    def __init__(self, settings: Settings, application: str) -> None:
        self._client = Client()
        self._connecting = asyncio.create_task(connect(self._client, settings, application=application))

    @property
    def client(self) -> Client | None:
        """The client while it is connected."""
        if not self._connecting.done() or self._connecting.cancelled() or self._connecting.exception():
            return None
        client = self._connecting.result()
        return client if client.is_connected else None

    async def connected(self) -> Client:
        """The client, once it has connected for the first time."""
        return await asyncio.shield(self._connecting)

    async def close(self) -> None:
        """Close the connection, or stop connecting."""
        await cancel_and_wait([self._connecting])
        if not self._connecting.cancelled():
            self._connecting.exception()  # asyncio would complain of one that was not looked at
        with suppress(Exception):  # in whatever state it is: one that is half connected would keep its socket
            await self._client.close()
