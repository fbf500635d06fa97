"""
The follower of one projection: folds the log in batches, and keeps the rows of the live generation up to date.

All running projectors share the segments of a projection; the one that holds a segment's lock folds it. After any
failure the follower restarts from the checkpoint. Code follows a live generation of its own version only: other code
waits until a generation of its version is promoted.
"""

import asyncio
import time

import structlog

from adapters.nats.changes import CommittedChange, announce
from adapters.nats.connection import Nats
from adapters.postgres.connection import Connection, connect, life_of
from adapters.postgres.ops.heartbeat import sentence_of
from adapters.postgres.store.generations import Generation, Generations, live
from adapters.settings import Settings
from adapters.stores.registry import store_type
from adapters.valkey.client import Valkey, drop_connections, is_trouble
from projections.engine.live import Fenced
from projections.engine.projection import Projection
from workers.projecting.generation_writer import Commit, GenerationWriter
from workers.projecting.log_tail import LogTail
from workers.projecting.metrics import BATCH_FACTS, BATCH_SECONDS, FACTS, HEARTBEAT, LAG, PARKED, POSITION

BUSY = 25  # facts in a batch; from here on it pays to gather more for the next: the cost is per batch, not per fact
LOOK_INTERVAL = 1.0  # seconds between two looks at checkpoint, segments and parked keys
IDLE_INTERVAL = 0.2  # seconds between two looks of a follower without segments
HUNG = 10_000  # milliseconds without a query; then PostgreSQL ends the session, and other projectors take over
TELLABLE = 2_000  # changed rows that are announced by key; more are announced as «everything»
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds after a failure


class Follower:
    """
    Follows the log for one projection.

    Attributes:
        active: whether this process has any of the projection's segments.
        trouble: why it does not get on; empty once it has.
    """

    def __init__(
        self,
        projection: Projection,
        settings: Settings,
        *,
        tail: LogTail,
        valkey: Valkey,
        messages: Nats,
    ) -> None:
        self.projection = projection
        self._settings = settings
        self._store_type = store_type(projection)
        self._tail = tail
        self._valkey = valkey
        self._messages = messages
        self._work: GenerationWriter | None = None
        self._tried: set[int] = set()  # segments whose parked keys were tried again when they were first taken
        self._logger = structlog.get_logger().bind(projection=projection.name)
        self.trouble = ""

    @property
    def active(self) -> bool:
        """Whether this process has any of the projection's segments."""
        return bool(self._work and self._work.positions)

    @property
    def position(self) -> int:
        """The lowest checkpoint of the owned segments; 0 without any."""
        return min(self._work.positions.values(), default=0) if self._work else 0

    async def run(self) -> None:
        """Follow until cancelled; restart after every failure."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                await self._follow_what_is_served()
            except Fenced:
                self._logger.warning("projection.checkpoint_moved", position=self.position)
            except Exception as error:
                self.trouble = sentence_of(error)
                self._logger.exception("projection.interrupted", position=self.position, error=str(error))
                if is_trouble(error):
                    await drop_connections(self._valkey)
            self._work = None
            if time.monotonic() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _follow_what_is_served(self) -> None:
        """Follow one live generation after the other until the connection, and with it the locks, is lost."""
        name = self.projection.name
        # Rows, checkpoint and parked keys of one database are lost together or not at all, so a commit need not wait
        # for the disk. It must wait where the checkpoint that passes parked keys is stored elsewhere.
        together = self._store_type.COMMITS_WITH_PARKED
        async with await connect(
            self._settings,
            application=f"projection {name}",
            search_path=f"{self._settings.schema_name},{self._settings.read_schema}",
            synchronous_commit="off" if together else "on",
            idle_session_timeout=HUNG,
        ) as connection:
            generations = Generations(connection, self._valkey, self._settings, self.projection)
            if left := await generations.sweep():
                self._logger.info("projection.swept", keys=left)
            while True:
                generation = await self._mine(generations)
                work = self._work = GenerationWriter(connection, self._settings, generations, generation)
                self._logger.info("projection.follows", generation=generation.number)
                await self._follow(connection, work)
                await work.release_all()  # or this session would keep the locks of a generation that is no longer live
                self._work = None

    async def _mine(self, generations: Generations) -> Generation:
        """The live generation, as soon as it has the version of this code."""
        warned = False
        while True:
            generation = await generations.served()
            if generation.version == self.projection.version:
                return generation
            if not warned:
                self._logger.warning(
                    "projection.waits_for_promotion", served=generation.version, code=self.projection.version
                )
                warned = True
            HEARTBEAT.labels(self.projection.name).set_to_current_time()
            await asyncio.sleep(LOOK_INTERVAL)

    async def _follow(self, connection: Connection, work: GenerationWriter) -> None:
        """Follow until another generation is live."""
        looked = 0.0
        while True:
            if work.retries_left or time.monotonic() - looked > LOOK_INTERVAL:
                if not await self._look(connection, work):
                    return
                looked = time.monotonic()
            if not work.positions:
                self.trouble = ""  # others have all segments
                await asyncio.sleep(IDLE_INTERVAL)
                looked = 0.0
                continue
            slowest = work.next_batch_range()
            if work.retries_left and slowest.position >= self._tail.head:
                continue
            life = await life_of(
                connection
            )  # not within the limit: a statement that is cancelled late hits the next one
            try:
                async with asyncio.timeout(LOOK_INTERVAL):
                    facts = slowest.cut(await self._tail.after(slowest.position, life))
            except TimeoutError:
                if slowest.position >= self._tail.head:
                    self.trouble = ""  # nothing is left to do
                continue
            started = time.perf_counter()
            for written in await work.step(slowest.segments, facts):
                await self._announce(work, written)
            self._measure(work, len(facts), time.perf_counter() - started)
            self.trouble = ""
            await asyncio.sleep(self._store_type.LINGER if len(facts) < BUSY else self._store_type.BUSY_LINGER)

    async def _look(self, connection: Connection, work: GenerationWriter) -> bool:
        """
        Do what no fact triggers: find lost rows, take free segments, retry parked keys, repair rows.

        Returns whether this generation is still live.
        """
        served = await live(connection, self.projection.name)
        if served is None or served.number != work.generation.number:
            return False
        await work.check()
        taken = await work.share_fairly()
        if taken:
            self._logger.info("projection.took", segments=taken, position=self.position)
            await self._announce_generation(work)
            if new := set(taken) - self._tried:  # the code of this process may be newer and fold them
                await work.request_retries(sorted(new))
                self._tried |= new
        for written in [*await work.retry_due(), *await work.repair_due()]:
            await self._announce(work, written)
        await work.publish_counts()
        self._measure(work, 0, None)
        return True

    async def _announce(self, work: GenerationWriter, written: Commit) -> None:
        beside = self.projection.beside
        many = len(written.keys) > TELLABLE or (beside and any(table in beside for table, _ in written.keys))
        keys = None if many else [(table.name, *key) for table, key in written.keys]
        change = CommittedChange(
            self.projection.name,
            written.position,
            keys,
            written.segments,
            work.generation.segments,
            written.before,
            work.generation.number,
        )
        await announce(self._settings, self._messages, change)

    async def _announce_generation(self, work: GenerationWriter) -> None:
        """Say which generation is followed: readers see another one since a promotion, without any new fact."""
        generation = work.generation
        change = CommittedChange(
            self.projection.name, 0, None, (), segments=generation.segments, generation=generation.number
        )
        await announce(self._settings, self._messages, change)

    def _measure(self, work: GenerationWriter, facts: int, seconds: float | None) -> None:
        name = self.projection.name
        HEARTBEAT.labels(name).set_to_current_time()
        if work.positions:
            POSITION.labels(name).set(self.position)
            LAG.labels(name).set(max(0, self._tail.head - self.position))
            PARKED.labels(name).set(len(work.held.waiting))
        if seconds is not None:
            FACTS.labels(name).inc(facts)
            BATCH_FACTS.labels(name).observe(facts)
            BATCH_SECONDS.labels(name).observe(seconds)
