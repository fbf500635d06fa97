"""
One projection at work: follows the log, folds it in batches, and keeps its rows up to date.

One process at a time, the one that holds the projection's lock; another stands by. Whatever goes wrong, the work
begins again from the checkpoint.
"""

import asyncio
import time
from collections.abc import Sequence

import psycopg
import structlog
from redis.asyncio import Redis

from adapters.nats.changes import Change, announce
from adapters.nats.connection import Nats
from adapters.postgres.connection import connect
from adapters.postgres.generations import AnyStore, Generation, Generations
from adapters.postgres.lease import acquire
from adapters.postgres.pages import read_head
from adapters.postgres.parking import Due, Parking, request_retry
from adapters.settings import Settings
from adapters.valkey.read_models import ValkeyStore
from domain.fact import Fact
from projections.base import Projection, Rows
from projections.cached import CachedStore
from projections.fold import Fenced, Refused, fold_batch, poison_of
from workers.projector_metrics import BATCH_FACTS, BATCH_SECONDS, FACTS, PARKED, POSITION
from workers.tail import Tail

# Seconds to gather what comes right behind: little for what learners look at, more for what the staff look at, since
# all projections of a process share one core.
LINGER = {"valkey": 0.004, "postgres": 0.02}
BUSY = 25  # facts in a batch from which on it pays to gather more for the next: the cost is by batch, not by fact
BUSY_LINGER = 0.03  # seconds
LOOK_INTERVAL = 1.0  # seconds between two looks at checkpoint and parked keys
CAUGHT_UP = 1_000  # facts; a new generation that is not further behind is served
TELLABLE = 2_000  # changed rows; more are announced as «everything»
CACHED_ROWS = 3_000  # of each projection; a learner's document takes some 20 KB
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds after a failure

NOTE_POSITION = "UPDATE projections SET position = %s, updated_at = now() WHERE name = %s AND generation = %s"


class Follower:
    """
    Follows the log for one projection.

    Attributes:
        position: the checkpoint.
        active: whether this process holds the projection's lock.
    """

    def __init__(
        self,
        projection: Projection,
        settings: Settings,
        *,
        tail: Tail,
        valkey: Redis,
        messages: Nats,
    ) -> None:
        self.projection = projection
        self.position = 0
        self.active = False
        self._settings = settings
        self._tail = tail
        self._valkey = valkey
        self._messages = messages
        self._waiting: dict[str, int] = {}
        self._is_new = True
        self._logger = structlog.get_logger().bind(projection=projection.name)

    async def run(self) -> None:
        """Follow, and begin again after every failure, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            started = time.monotonic()
            try:
                await self._follow_while_active()
            except Fenced:
                self._logger.warning("projection.checkpoint_moved", position=self.position)
            except Exception as error:
                self._logger.exception("projection.interrupted", position=self.position, error=str(error))
            self.active = False
            if time.monotonic() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _follow_while_active(self) -> None:
        """Take the projection on, and follow the log as long as the connection, and with it the lock, lives."""
        name = self.projection.name
        # Rows and checkpoint are lost together or not at all, so they need not wait for the disk; parked keys must
        # not be lost when the checkpoint that passes them is kept elsewhere.
        in_postgres = self.projection.store == "postgres"
        async with await connect(
            self._settings,
            application=f"projection {name}",
            search_path=f"{self._settings.schema_name},{self._settings.read_schema}",
            synchronous_commit="off" if in_postgres else "on",
        ) as connection:
            await acquire(connection, self._settings, f"projection {name}")
            generations = Generations(connection, self._valkey, self._settings, self.projection)
            work = Work(connection, generations, await generations.current(), self.projection)
            self.position = await work.position_in_log(await read_head(connection))
            self._waiting = await work.recover()
            if self._is_new:  # the code may be new, and do better
                await request_retry(connection, [name], None)
                self._is_new = False
            self.active = True
            self._logger.info("projection.active", position=self.position, generation=work.generation.number)
            await self._follow(work)

    async def _follow(self, work: "Work") -> None:
        looked = 0.0
        while True:
            if time.monotonic() - looked > LOOK_INTERVAL:
                await self._look(work)
                looked = time.monotonic()
            try:
                async with asyncio.timeout(LOOK_INTERVAL):
                    facts = await self._tail.after(self.position)
            except TimeoutError:
                continue
            await self._step(work, facts)
            await asyncio.sleep(LINGER[self.projection.store] if len(facts) < BUSY else BUSY_LINGER)

    async def _step(self, work: "Work", facts: Sequence[Fact]) -> None:
        """Fold a batch and write it; one that the store refuses is halved until the poison fact is alone."""
        started = time.perf_counter()
        folded = await fold_batch(self.projection, facts, self._waiting, work.store)
        for poison in folded.poison:
            self._logger.error("projection.parked", key=poison.key, position=poison.position, error=poison.error)
            await work.parking.park(poison)
            self._waiting[poison.key] = min(poison.position, self._waiting.get(poison.key, poison.position))
        try:
            await self._save(work, folded.rows, facts[-1].position)
        except Refused as refusal:
            if len(facts) > 1:
                middle = len(facts) // 2
                await self._step(work, facts[:middle])
                await self._step(work, facts[middle:])
                return
            await work.store.save(Rows(), before=self.position, after=self.position)  # or is no fact to blame?
            poison = poison_of(facts[0], refusal)
            await work.parking.park(poison)
            self._waiting[poison.key] = poison.position
            await self._save(work, Rows(), facts[0].position)
        self._measure(len(facts), time.perf_counter() - started)

    async def _save(self, work: "Work", rows: Rows, after: int, healed: int | None = None) -> None:
        await work.store.save(rows, before=self.position, after=after, healed=healed)
        self.position = after
        keys = None if len(rows.changed) > TELLABLE else [(table.name, *key) for table, key in rows.changed]
        await announce(self._settings, self._messages, Change(self.projection.name, after, keys))

    async def _look(self, work: "Work") -> None:
        """Look after what no fact calls for: lost rows, keys to be tried again, a generation that is ready."""
        if await work.store.position() != self.position:
            raise Fenced
        if self._waiting:
            for due in await work.parking.due():
                await self._retry(work, due)
        if work.generation.status == "building" and self._tail.head - self.position <= CAUGHT_UP:
            await work.go_live()
            self._logger.info("projection.live", position=self.position, generation=work.generation.number)
        await work.note_position(self.position)
        POSITION.labels(self.projection.name).set(self.position)
        PARKED.labels(self.projection.name).set(len(self._waiting))

    async def _retry(self, work: "Work", due: Due) -> None:
        """Fold the facts of a parked key that have gone by; if all goes well, it waits no longer."""
        history = await work.parking.history(due.key)
        facts = [fact for fact in history if due.first_position <= fact.position <= self.position]
        waiting = {key: first for key, first in self._waiting.items() if key != due.key}
        folded = await fold_batch(self.projection, facts, waiting, work.store)
        if folded.poison:
            await work.parking.failed_again(due, folded.poison[0])
            return
        try:
            await self._save(work, folded.rows, self.position, healed=due.id)
        except Refused as refusal:
            await work.parking.failed_again(due, poison_of(facts[0], refusal))
            return
        await work.parking.forget(due.id)
        self._waiting.pop(due.key, None)
        self._logger.info("projection.healed", key=due.key, facts=len(facts))

    def _measure(self, facts: int, seconds: float) -> None:
        name = self.projection.name
        POSITION.labels(name).set(self.position)
        FACTS.labels(name).inc(facts)
        BATCH_FACTS.labels(name).observe(facts)
        BATCH_SECONDS.labels(name).observe(seconds)


class Work:
    """A generation at work: its store and its parked keys, over one connection."""

    def __init__(
        self,
        connection: psycopg.AsyncConnection,
        generations: Generations,
        generation: Generation,
        projection: Projection,
    ) -> None:
        self.generation = generation
        self._rows: AnyStore = generations.store(generation.number)
        self.store = CachedStore(self._rows, CACHED_ROWS)
        self.parking = Parking(connection, projection.name, generation.number, projection.version)
        self._connection = connection
        self._generations = generations
        self._name = projection.name

    async def position_in_log(self, head: int) -> int:
        """The checkpoint; a read model that is beyond the *head* is of another log, and begins again."""
        position = await self.store.position()
        if position > head and isinstance(self._rows, ValkeyStore):
            await self._rows.drop()
            position = await self.store.position()
        return position

    async def recover(self) -> dict[str, int]:
        """The parked keys, without the one that was made good in Valkey just before a crash."""
        if isinstance(self._rows, ValkeyStore):
            healed = await self._rows.healed()
            if healed is not None:
                await self.parking.forget(healed)
        return await self.parking.waiting()

    async def go_live(self) -> None:
        """Serve this generation."""
        await self._generations.go_live(self.generation.number)
        self.generation = self.generation._replace(status="live")

    async def note_position(self, position: int) -> None:
        """Leave a copy of a checkpoint that is kept elsewhere, for those who look."""
        if isinstance(self._rows, ValkeyStore):
            await self._connection.execute(NOTE_POSITION, (position, self._name, self.generation.number))
