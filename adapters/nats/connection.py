"""
One connection to NATS for the life of a process, over as many clients as it takes.

NATS makes the system quick, not correct: a process starts and works without it. The library's client gives up for good
after some errors of the server (a refused token, a protocol error), and it gives its subscriptions up with itself. So
no client here reconnects by itself: whatever ends one, the next one is made after a pause, and gets all subscriptions.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError, SlowConsumerError
from nats.js.errors import Error as JetStreamError

from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.tls import context_of

__all__ = ["Client", "JetStreamError", "Nats", "NatsClient", "NatsError", "tls_of"]

RETRY_PAUSE = 0.25  # seconds between two attempts to connect
CONNECT_TIMEOUT = 2  # seconds
LOOK_INTERVAL = 0.5  # seconds between two looks at whether the client still lives
PING_INTERVAL, MOST_PINGS = 2, 3  # seconds, pings without an answer: a server that hangs is noticed in 8 s
OUTGOING_BUFFER = 8 * 1024 * 1024  # bytes
DEAF = "permissions violation for subscription"  # the server says so and goes on, and the subscriber hears nothing

Heard = Callable[[Msg], Awaitable[None]]

logger = structlog.get_logger()


class NatsClient(Client):
    """The library's client, of which nothing is left once it is released, and which keeps passwords to itself."""

    def _connect_command(self) -> bytes:
        """
        What begins a session, with the password in it.

        The library sends it in the clear where the server, or who answers in its place, offers no TLS.
        """
        server = self._current_server
        if server is not None and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise NatsError(f"{server.uri.hostname} offers no TLS, and its URL begins with tls://")
        command: bytes = super()._connect_command()
        return command

    async def release(self) -> None:
        """
        Close it, in whatever state it has ended.

        The library's own close, at a reset while it has something to send, fails half done: its later closes do
        nothing, and the tasks of its subscriptions wait for ever.
        """
        with suppress(Exception):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.close()
        listening = [it._wait_for_msgs_task for it in self._subs.values()]  # noqa: SLF001 - typed as None by the library
        await cancel_and_wait(cast(list[asyncio.Task[None]], listening))
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]


class Nats:
    """
    Connects in the background, and again whenever a client has ended; `client` is None meanwhile.

    For publishers and subscribers that lose time, and nothing else, with a lost message.

    Attributes:
        trouble: why there is no connection, in the server's or the library's words; empty while there is one.
    """

    def __init__(self, settings: Settings, application: str) -> None:
        self._servers = settings.nats_servers
        self._tls = tls_of(settings)
        self._name = f"campus:{application}"
        self._subscriptions: list[tuple[str, Heard]] = []
        self._client: NatsClient | None = None
        self._connected = asyncio.Event()
        self._losses = 0
        self._closing: set[asyncio.Task[None]] = set()
        self.trouble = "not connected yet"
        self._keeping = asyncio.create_task(self._keep_connected())

    @property
    def client(self) -> Client | None:
        """The client while it is connected; ask again for each use."""
        client = self._client
        return client if client is not None and client.is_connected else None

    @property
    def connection_id(self) -> int | None:
        """None while messages may be lost; else a number that has changed if some were lost in between."""
        return None if self.client is None else self._losses

    async def connected(self) -> Client:
        """A connected client, as soon as there is one; it has all subscriptions."""
        while True:
            await self._connected.wait()
            if (client := self.client) is not None:
                return client
            await asyncio.sleep(RETRY_PAUSE)

    async def subscribe(self, subject: str, heard: Heard) -> None:
        """Call *heard* with each message on *subject*, over this client and all later ones; waits for the first."""
        self._subscriptions.append((subject, heard))
        if (client := self.client) is not None:
            with suppress(NatsError, OSError, TimeoutError):  # then the next client subscribes
                await client.subscribe(subject, cb=heard)
                await client.flush(CONNECT_TIMEOUT)
        await self.connected()

    async def close(self) -> None:
        """Close the connection, or stop connecting."""
        await cancel_and_wait([self._keeping])
        client, self._client = self._client, None
        if client is not None:
            self._discard(client)
        await asyncio.gather(*self._closing)

    def _discard(self, client: NatsClient) -> None:
        """Close *client* in a task of its own: a close that is cut off keeps the socket, and no second one frees it."""
        closing = asyncio.create_task(client.release())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _keep_connected(self) -> None:
        while True:
            lost = asyncio.Event()
            client = await self._opened(lost)
            if client is None:
                await asyncio.sleep(RETRY_PAUSE)
                continue
            self._client, self.trouble = client, ""
            self._connected.set()
            await _until_lost(client, lost)
            self._connected.clear()
            self._client, self._losses = None, self._losses + 1
            self.trouble = _sentence(client.last_error) if client.last_error else "the server closed the connection"
            logger.warning("nats.disconnected", error=self.trouble)
            self._discard(client)
            await asyncio.sleep(RETRY_PAUSE)  # or a refused subscription would make one client after the other

    async def _opened(self, lost: asyncio.Event) -> NatsClient | None:
        """A client with all subscriptions; None if that fails."""
        client = NatsClient()
        causes: list[Exception] = []
        try:
            await self._connect(client, lost, causes)
        except asyncio.CancelledError:
            self._discard(client)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the next attempt follows
            self._discard(client)
            is_vague = isinstance(error, TimeoutError | NoServersError)
            trouble = _sentence(causes[-1] if is_vague and causes else error)
            if trouble != self.trouble:
                logger.warning("nats.unreachable", error=trouble)
            self.trouble = trouble
            return None
        logger.info("nats.connected")
        return client

    async def _connect(self, client: Client, lost: asyncio.Event, causes: list[Exception]) -> None:
        async def on_error(error: Exception) -> None:
            causes[:] = [error]
            if isinstance(error, SlowConsumerError):
                self._losses += 1
                logger.warning("nats.message_dropped", error=str(error))
            elif DEAF in str(error).lower():
                logger.warning("nats.subscription_refused", error=str(error))
                lost.set()

        async def on_close() -> None:
            lost.set()

        async with asyncio.timeout(2 * CONNECT_TIMEOUT):
            await client.connect(
                servers=list(self._servers),
                name=self._name,
                error_cb=on_error,
                closed_cb=on_close,
                connect_timeout=CONNECT_TIMEOUT,
                allow_reconnect=False,
                max_reconnect_attempts=1,  # to reach each server, or it would try each 60 times
                reconnect_time_wait=RETRY_PAUSE,  # type: ignore[arg-type]  # a float does as well
                ping_interval=PING_INTERVAL,
                max_outstanding_pings=MOST_PINGS,
                pending_size=OUTGOING_BUFFER,
                skip_subject_validation=True,
                tls=self._tls,
            )
            done = 0
            while done < len(self._subscriptions):  # more may have come during the flush
                for subject, heard in self._subscriptions[done:]:
                    await client.subscribe(subject, cb=heard)
                    done += 1
                await client.flush(CONNECT_TIMEOUT)  # a subscription counts once the server has it


async def _until_lost(client: Client, lost: asyncio.Event) -> None:
    """Wait until the client has ended: not every end of one is announced."""
    while client.is_connected and not lost.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_INTERVAL):
                await lost.wait()


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """By which certificates a client believes a server; None for the system's."""
    return context_of(settings.ca_file) if settings.ca_file else None


def _sentence(error: BaseException) -> str:
    return str(error).strip() or ("no answer" if isinstance(error, TimeoutError) else type(error).__name__)
