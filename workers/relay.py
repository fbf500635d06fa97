"""
The relay: publishes the log to JetStream, in order, as soon as it grows.

One relay is active, the one that holds the lock; another stands by and takes over within two seconds, or within ten if
the active one hangs instead of dying. The relay begins
where the stream ends (at the head of the log, if the stream is new). Hints from processes that append wake it; it polls
when none comes. A message that is lost, repeated or late costs subscribers time: they check positions and read the log.
"""

import asyncio
import contextlib
import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.nats import hint
from adapters.nats.connection import Client, JetStreamError, Nats, NatsError
from adapters.nats.stream import Publisher, ensure_stream, newest, purge
from adapters.postgres.connection import Connection, PostgresError, life_of
from adapters.postgres.log.decoding import LogRow
from adapters.postgres.log.pages import mark_at, read_head, read_rows
from adapters.postgres.ops.heartbeat import WorkerState, keep_beating, sentence_of
from adapters.postgres.ops.lease import acquire, session
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait, wait_for_stop_or_failure

BATCH = 1_000  # facts published before the last of them must be stored
LINGER = 0.005  # seconds to gather the facts that follow at once
FIRST_POLL, SLOWEST_POLL = 0.05, 0.25  # seconds; the pause grows while nothing comes
MOST_REPUBLISHED = 10_000  # facts, into a stream that was created again
RETRY_PAUSE = 0.5  # seconds after a failure
FAILURES = (PostgresError, NatsError, JetStreamError, OSError, TimeoutError)  # which pass without a restart

REGISTRY = CollectorRegistry()
POSITION = Gauge("campus_relay_position", "Position of the last fact published.", registry=REGISTRY)
PUBLISHED = Counter("campus_relay_published", "Facts published.", registry=REGISTRY)
BATCHES = Histogram(
    "campus_relay_batch_facts", "Facts in a batch.", buckets=(1, 3, 10, 30, 100, 300, 1000), registry=REGISTRY
)
SECONDS = Histogram(
    "campus_relay_batch_seconds",
    "From reading a batch to having it stored.",
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3),
    registry=REGISTRY,
)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Relay until *stop* is set."""
    relay = Relay(settings)
    beating = keep_beating(settings, "relay", relay.state, REGISTRY)
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(beating)]
    try:
        await wait_for_stop_or_failure(stop, tasks)
    finally:
        await cancel_and_wait(tasks)
        await relay.close()


class Relay:
    """
    One relay process.

    Attributes:
        active: whether this process holds the lock; it stands by if not.
        position: that of the last fact published.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nats = Nats(settings, "relay")
        self._woken = asyncio.Event()
        self._trouble = ""
        self._has_begun = False
        self.active = False
        self.position = 0

    def state(self) -> WorkerState:
        """How this process is, for its heartbeat."""
        unreachable = f"NATS: {self._nats.trouble}" if self._nats.client is None else ""
        return WorkerState(self.active, self.position, self._trouble or unreachable)

    async def run(self) -> None:
        """Relay until cancelled; restart after every failure."""
        log = structlog.get_logger()
        listening = asyncio.create_task(hint.listen(self._settings, self._nats, self._woken))
        try:
            while True:
                client = await self._nats.connected()
                try:
                    await self._relay_while_active(client)
                except FAILURES as error:
                    self._trouble = sentence_of(error)
                    log.warning("relay.interrupted", position=self.position, error=self._trouble)
                self.active = False
                await asyncio.sleep(RETRY_PAUSE)
        finally:
            await cancel_and_wait([listening])

    async def _relay_while_active(self, client: Client) -> None:
        """Acquire the lock and relay until a connection is lost, and with that to PostgreSQL the lock."""
        async with session(self._settings, "relay") as connection:
            await acquire(connection, self._settings, "relay")
            await ensure_stream(client, self._settings)
            head = await read_head(connection)
            self.position = await self._beginning(client, connection, head)
            self._has_begun = True
            POSITION.set(self.position)
            self.active = True
            structlog.get_logger().info("relay.active", position=self.position, head=head)
            publisher = Publisher(client, self._settings, self.position, await life_of(connection))
            pause = FIRST_POLL
            while client.is_connected:
                self._woken.clear()
                started = time.perf_counter()
                rows = await read_rows(connection, self.position, self.position + BATCH)
                if rows:
                    await self._publish(publisher, rows, started)
                self._trouble = ""
                if len(rows) < BATCH:
                    pause = FIRST_POLL if rows else min(2 * pause, SLOWEST_POLL)
                    await self._wait_for_hint(pause)

    async def _beginning(self, client: Client, connection: Connection, head: int) -> int:
        """
        First position to relay after: the end of the stream; for a new stream, this relay's position or the head.

        Where the log has another fact than the last one in the stream, it went back: the stream is filled again.
        """
        try:
            published = await newest(client, self._settings)
        except ValueError as error:  # a message of another sender, which says nothing of where this relay was
            structlog.get_logger().warning("relay.foreign_message", error=str(error))
            return min(self.position, head) or head
        if published is None:
            return max(min(self.position, head), head - MOST_REPUBLISHED) if self._has_begun else head
        if await mark_at(connection, published.position) == published.mark:
            return published.position
        structlog.get_logger().warning("relay.log_went_back", published=published.position, head=head)
        # Before the stream is emptied: if its answer is lost, the next attempt finds an empty stream, and goes on here.
        self.position, self._has_begun = max(0, head - MOST_REPUBLISHED), True
        await purge(client, self._settings)
        return self.position

    async def _wait_for_hint(self, pause: float) -> None:
        """Wait for a hint that the log has grown, *pause* seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()
            await asyncio.sleep(LINGER)

    async def _publish(self, publisher: Publisher, rows: list[LogRow], started: float) -> None:
        await publisher.publish(rows)
        self.position = rows[-1][0]
        POSITION.set(self.position)
        PUBLISHED.inc(len(rows))
        BATCHES.observe(len(rows))
        SECONDS.observe(time.perf_counter() - started)

    async def close(self) -> None:
        """Close the connection to NATS."""
        await self._nats.close()
