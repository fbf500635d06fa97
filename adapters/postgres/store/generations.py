"""
Generations of read models: the live one, those that are being built or ready, and those kept for a rollback.

The projector begins a read model with generation 1, which is live at once. A rebuild builds another beside it
(workers/rebuild), and a promotion makes that one live. Only code of its version continues a generation.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, NamedTuple

import psycopg

from adapters.postgres.connection import Connection
from adapters.postgres.ops.lease import release, try_acquire_shared
from adapters.postgres.store.ownership import switching
from adapters.postgres.store.row_tables import physical_name
from adapters.postgres.store.rule_sources import keep, note_served
from adapters.postgres.store.views import wait_for_locks_until
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore, Servers
from adapters.stores.registry import store_type
from adapters.valkey.client import Valkey
from projections.engine.fingerprint import code_digest
from projections.engine.projection import Projection

COLUMNS = "generation, version, segments, status, code, step, digest_position, live_at, encode(source_hash, 'hex')"
ALL = f"SELECT {COLUMNS} FROM projections WHERE name = %s ORDER BY generation"
NEXT_NUMBER = """
INSERT INTO generation_numbers AS numbers (name, last)
SELECT %(name)s, coalesce(max(generation), 0) + 1 FROM projections WHERE name = %(name)s
    ON CONFLICT (name) DO UPDATE SET last = greatest(numbers.last + 1, excluded.last) RETURNING last
"""
BEGIN = """
INSERT INTO projections (name, generation, version, code, source_hash, segments, status, live_at)
VALUES (%s, %s, %s, %s, %s, %s, %s::text, CASE WHEN %s::text = 'live' THEN now() END)
"""
BEGIN_SEGMENTS = "INSERT INTO segments (projection, generation, segment) SELECT %s, %s, generate_series(0, %s)"
NOTE_STEP = "UPDATE projections SET step = %s WHERE name = %s AND generation = %s"
READY = """
UPDATE projections SET status = 'ready', step = NULL, digest = %s, digest_position = %s, ready_at = now()
 WHERE name = %s AND generation = %s
"""
RETIRE = "UPDATE projections SET status = 'retired' WHERE name = %s AND status = 'live' AND generation <> %s"
MAKE_LIVE = "UPDATE projections SET status = 'live', live_at = now() WHERE name = %s AND generation = %s"
FORGET = "DELETE FROM projections WHERE name = %s AND generation = %s AND status <> 'live'"
READERS = """
SELECT DISTINCT locks.pid, coalesce(usename::text, 'PostgreSQL'), application_name,
       to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
  FROM pg_locks AS locks JOIN pg_class AS tables ON tables.oid = locks.relation LEFT JOIN pg_stat_activity USING (pid)
 WHERE relnamespace = %s::regnamespace AND relname = ANY (%s) AND granted AND locks.pid <> pg_backend_pid()
   AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY locks.pid
"""  # xact_start is shown for roles of which ours is a member, so not for analysts

# Queries and the transaction that moves the views may wait for each other. Queries time out soon (queries/reader.py);
# so does that transaction, since all later queries wait for the locks it holds. Both time out before the server looks
# for deadlocks.
VIEWS_LOCK_TIMEOUT = 250  # milliseconds for all views of a read model
VIEWS_PAUSE = 0.05  # seconds between attempts
VIEWS_PATIENCE = 15.0  # seconds for all attempts

STILL_READ = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.DependentObjectsStillExist,  # an analysts' view, which cannot be replaced while it is read
)

GenerationStatus = Literal["building", "ready", "live", "retired"]
WHY_NOT = {
    "building": "is still being built: `campus projections rebuild {name}` goes on",
    "ready": "is ready, and not served yet: `campus projections promote {name}` serves it",
    "live": "is the one that is served",
    "retired": "was served before: `campus projections promote {name} --generation NUMBER` serves it again",
}


class Generation(NamedTuple):
    """
    One generation of a read model.

    Attributes:
        code: digest of the source that builds it.
        step: the current step of a generation that is being built.
        digest_position: position at which the digest of its content was taken.
        rule: the hash of the source that began to build it; None if that was before it was recorded.
    """

    number: int
    version: int
    segments: int
    status: GenerationStatus
    code: str = ""
    step: str | None = None
    digest_position: int | None = None
    live_at: datetime | None = None
    rule: str | None = None


class NoSuchGeneration(Exception):
    """There is no generation with a number, or its status does not allow what was asked for."""


class BlockedByReaders(Exception):
    """Timed out waiting for readers to release views or tables; nothing was changed."""

    def __init__(self, what: str, why_not: str, readers: Sequence[str] = ()) -> None:
        who = f" ({'; '.join(readers)})" if readers else ""
        super().__init__(
            f"another session{who} has been reading {what} for more than {VIEWS_PATIENCE:.0f} s, so {why_not}: retry"
            " when it has ended, or end it"
        )


class InUse(Exception):
    """Objects of other owners depend on what was to be deleted; nothing was deleted."""

    def __init__(self, what: str, used: str) -> None:
        super().__init__(f"{what} is still used ({used}), so nothing was deleted: drop what uses it, then retry")


async def generations(connection: Connection, name: str) -> list[Generation]:
    """Every generation of a projection, the oldest first."""
    return [Generation(*row) for row in await (await connection.execute(ALL, [name])).fetchall()]


async def live(connection: Connection, name: str) -> Generation | None:
    """The live generation; None before a projector has begun the first."""
    return next((each for each in await generations(connection, name) if each.status == "live"), None)


def served_before(known: Iterable[Generation]) -> Generation | None:
    """The generation to which a rollback goes back: of those that are retired, the one that was served last."""
    retired = [each for each in known if each.status == "retired" and each.live_at]
    return max(retired, key=lambda each: (each.live_at, each.number), default=None)


def numbered(known: Iterable[Generation], name: str, number: int, allowed: Collection[GenerationStatus]) -> Generation:
    """
    The generation of read model *name* with this number, whose status must be one of *allowed*.

    Raises:
        NoSuchGeneration: the sentence says why not, and what to type.
    """
    found = next((each for each in known if each.number == number), None)
    if found is None:
        raise NoSuchGeneration(f"{name} has no generation {number}: see `campus projections status {name}`")
    if found.status not in allowed:
        raise NoSuchGeneration(f"generation {number} of {name} {WHY_NOT[found.status].format(name=name)}")
    return found


async def do_nothing() -> None:
    """Record nothing."""


class Generations:
    """The generations of one projection."""

    def __init__(self, connection: Connection, valkey: Valkey, settings: Settings, projection: Projection) -> None:
        self.projection = projection
        self._connection = connection
        self._settings = settings
        self._servers = Servers(connection, valkey, settings)
        self._store_type = store_type(projection)

    def store(self, generation: Generation) -> GenerationStore:
        """The store of a generation."""
        return self._store_type.open(self._servers, self.projection, generation.number, generation.segments)

    async def all(self) -> list[Generation]:
        """Every generation, the oldest first."""
        return await generations(self._connection, self.projection.name)

    async def served(self) -> Generation:
        """The live generation; begins the first one if there is none."""
        while (found := await live(self._connection, self.projection.name)) is None:
            with suppress(psycopg.errors.UniqueViolation):  # another process has begun it
                await self._create("live")
        await self._publish_live()
        if found.version == self.projection.version:
            await self._note_served(found, "projector")
        return found

    async def _note_served(self, generation: Generation, by: str) -> None:
        """Keep the source of this code, and that it makes what readers see."""
        rule = await keep(self._connection, self.projection)
        place = self.projection.name, generation.number, generation.version
        await note_served(self._connection, *place, code_digest(self.projection), rule, by)

    async def sweep(self) -> list[str]:
        """Delete what the store keeps of no generation; returns its names."""
        found = await live(self._connection, self.projection.name)

        async def known() -> set[int]:
            return {each.number for each in await self.all()}

        return await self.store(found).sweep(known) if found else []

    async def create(self, status: GenerationStatus) -> Generation:
        """Begin the next generation, by a number that none has had: its store, without indexes unless it is live."""
        while True:
            with suppress(psycopg.errors.UniqueViolation):  # a projector has just begun the first one
                return await self._create(status)

    async def _create(self, status: GenerationStatus) -> Generation:
        name, code = self.projection.name, code_digest(self.projection)
        rule = await keep(self._connection, self.projection)  # before: others that keep the same must not wait long
        async with self._connection.transaction():
            row = await (await self._connection.execute(NEXT_NUMBER, {"name": name})).fetchone()
            number = int(row[0]) if row else 1
            begun = Generation(number, self.projection.version, self.projection.segments, status, code, rule=rule)
            place = (name, number, begun.version)
            parameters = (*place, begun.code, bytes.fromhex(rule), begun.segments, status, status)
            await self._connection.execute(BEGIN, parameters)
            await self._connection.execute(BEGIN_SEGMENTS, (name, number, begun.segments - 1))
            store = self.store(begun)
            await store.create()
            if status == "live":
                await store.index()
                await store.point_readers()
        return begun

    async def note_step(self, generation: Generation, step: str) -> None:
        """Note the step at which a generation is being built."""
        await self._connection.execute(NOTE_STEP, (step, self.projection.name, generation.number))

    async def note_ready(self, generation: Generation, digest: str, position: int) -> None:
        """Note that a generation is complete up to *position*, at which its content has this *digest*."""
        await self._connection.execute(READY, (digest, position, self.projection.name, generation.number))

    async def go_live(self, generation: Generation, record: Callable[[], Awaitable[object]] = do_nothing) -> None:
        """
        Make a generation live, and retire the one that was.

        Args:
            record: called at the end of the transaction that does so.

        Raises:
            BlockedByReaders: a query reads the views for too long; nothing has moved.
        """
        deadline = time.monotonic() + VIEWS_PATIENCE
        while True:
            try:
                await self._move_pointer(generation, record)
                break
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                if time.monotonic() > deadline:
                    readers = await self._readers([table.name for table in self.projection.tables])
                    raise BlockedByReaders(self.projection.name, "nothing has moved", readers) from error
                await asyncio.sleep(VIEWS_PAUSE)
        await self.store(generation).publish_live()

    async def _move_pointer(self, generation: Generation, record: Callable[[], Awaitable[object]]) -> None:
        name = self.projection.name
        deadline = time.monotonic() + VIEWS_LOCK_TIMEOUT / 1_000
        async with self._connection.transaction():
            await self.store(generation).point_readers(deadline)
            await wait_for_locks_until(self._connection, deadline)
            await self._connection.execute(RETIRE, [name, generation.number])
            await self._connection.execute(MAKE_LIVE, [name, generation.number])
            if generation.rule is not None:
                place = name, generation.number, generation.version
                await note_served(self._connection, *place, generation.code, generation.rule, "promotion")
            await record()

    async def drop(self, generation: Generation, record: Callable[[], Awaitable[object]] = do_nothing) -> None:
        """
        Delete a generation that is not live, with its rows, segments and parked keys.

        Args:
            record: called at the end of the transaction that does so.

        Raises:
            BlockedByReaders: a query reads its tables for too long; nothing was deleted.
            InUse: views of other owners use its tables; nothing was deleted.
        """
        deadline, store = time.monotonic() + VIEWS_PATIENCE, self.store(generation)
        while True:
            await store.detach_readers()
            try:
                async with self._connection.transaction():
                    await self._connection.execute(FORGET, (self.projection.name, generation.number))
                    await store.drop()
                    await record()
                return
            except STILL_READ as error:
                if time.monotonic() > deadline:
                    raise await self._not_dropped(generation, error) from error
                await asyncio.sleep(VIEWS_PAUSE)

    async def _not_dropped(self, generation: Generation, error: psycopg.Error) -> BlockedByReaders | InUse:
        """Why a generation could not be deleted."""
        which = f"generation {generation.number} of {self.projection.name}"
        readers = await self._readers([physical_name(table, generation.number) for table in self.projection.tables])
        if isinstance(error, psycopg.errors.DependentObjectsStillExist) and not readers:
            return InUse(which, ", ".join((error.diag.message_detail or "").splitlines()))
        return BlockedByReaders(which, "nothing was deleted", readers)

    async def _readers(self, names: Sequence[str]) -> list[str]:
        """The sessions that hold locks on tables or views, as far as our role may see them."""
        found = await self._connection.execute(READERS, (self._settings.read_schema, list(names)))
        return [
            f"process {pid}, {role}"
            + (f", {application}" if application else "")
            + (f", since {since}" if since else "")
            for pid, role, application, since in await found.fetchall()
        ]

    async def _publish_live(self) -> None:
        """Lead readers to the live generation again: its store may have lost the pointer. Not during a promotion."""
        switch = switching(self.projection.name)
        if not await try_acquire_shared(self._connection, self._settings, switch):
            return
        try:
            found = await live(self._connection, self.projection.name)
            if found is not None:
                await self.store(found).publish_live()
        finally:
            await release(self._connection, self._settings, switch, shared=True)
