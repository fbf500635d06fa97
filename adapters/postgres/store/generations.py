"""
Generations of read models: which one is served, which are being built, and which are kept for a rollback.

A read model begins as generation 1, live at once. Another generation is built beside the live one (workers/rebuild)
and served in its place when somebody promotes it. A generation is only ever continued by code of its version.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, NamedTuple

import psycopg
from redis.asyncio import Redis

from adapters.postgres.analytics import refresh
from adapters.postgres.ops.lease import release, try_acquire_shared
from adapters.postgres.store.ownership import switching
from adapters.postgres.store.postgres_store import PostgresStore
from adapters.postgres.store.row_tables import create_table, create_view, index_table, physical_name, quoted
from adapters.settings import Settings
from adapters.valkey.valkey_store import Served, ValkeyStore, serve
from projections.engine.fingerprint import code_digest
from projections.engine.projection import Projection

COLUMNS = "generation, version, segments, status, code, step, digest_position, live_at"
ALL = f"SELECT {COLUMNS} FROM projections WHERE name = %s ORDER BY generation"
BEGIN = """
INSERT INTO projections (name, generation, version, code, segments, status, live_at)
VALUES (%s, %s, %s, %s, %s, %s::text, CASE WHEN %s::text = 'live' THEN now() END)
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
"""  # since when is shown of roles that we are a member of, and so not of analysts

# Readers and whoever moves the views may wait for each other. Queries let go soon (queries/reader.py);
# where one takes long, the mover does, for all others queue behind it. Both are done before the server looks for
# deadlocks.
VIEWS_LOCK_TIMEOUT = 250  # milliseconds in all: the views that it has already are kept from everybody meanwhile
VIEWS_PAUSE = 0.05  # seconds between attempts
VIEWS_PATIENCE = 15.0  # seconds

STILL_READ = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.DependentObjectsStillExist,  # a view of analysts, which cannot be moved while it is read
)

AnyStore = PostgresStore | ValkeyStore
Status = Literal["building", "ready", "live", "retired"]


class Generation(NamedTuple):
    """
    One generation of a read model.

    Attributes:
        code: digest of the source that builds it.
        step: of one that is being built, what is done at the moment.
        digest_position: at which it was complete, and the digest of its content was taken.
    """

    number: int
    version: int
    segments: int
    status: Status
    code: str = ""
    step: str | None = None
    digest_position: int | None = None
    live_at: datetime | None = None


class BlockedByReaders(Exception):
    """What somebody has been reading for too long could not be moved or deleted."""

    def __init__(self, what: str, why_not: str, readers: Sequence[str] = ()) -> None:
        who = f" ({'; '.join(readers)})" if readers else ""
        super().__init__(
            f"somebody{who} has been reading {what} for more than {VIEWS_PATIENCE:.0f} s, so {why_not}: start it again"
            f" when that has ended"
        )


class InUse(Exception):
    """What something else is made of could not be deleted."""

    def __init__(self, what: str, used: str) -> None:
        super().__init__(f"{what} is still used ({used}), so nothing was deleted: start it again when that has gone")


async def generations(connection: psycopg.AsyncConnection, name: str) -> list[Generation]:
    """Every generation of a projection, the oldest first."""
    return [Generation(*row) for row in await (await connection.execute(ALL, [name])).fetchall()]


async def live(connection: psycopg.AsyncConnection, name: str) -> Generation | None:
    """The generation that is served."""
    return next((each for each in await generations(connection, name) if each.status == "live"), None)


class Generations:
    """
    The generations of one projection.

    Args:
        connection: in autocommit mode, used by nobody else at the same time.
    """

    def __init__(
        self, connection: psycopg.AsyncConnection, valkey: Redis, settings: Settings, projection: Projection
    ) -> None:
        self.projection = projection
        self._connection = connection
        self._valkey = valkey
        self._settings = settings

    def store(self, generation: Generation) -> AnyStore:
        """Where the rows of a generation are."""
        if self.projection.store == "postgres":
            return PostgresStore(self._connection, self.projection, generation.number)
        return ValkeyStore(self._valkey, self._settings, self.projection, generation.number, generation.segments)

    async def all(self) -> list[Generation]:
        """Every generation, the oldest first."""
        return await generations(self._connection, self.projection.name)

    async def served(self) -> Generation:
        """The generation that is served; the first one is begun if there is none."""
        while (found := await live(self._connection, self.projection.name)) is None:
            with suppress(psycopg.errors.UniqueViolation):  # somebody else was first
                await self._create("live")
        await self._repair_live_pointer()
        return found

    async def create(self, status: Status) -> Generation:
        """Begin the next generation: its tables, without indexes unless it is live at once."""
        while True:
            with suppress(psycopg.errors.UniqueViolation):  # a projector has just begun the first one
                return await self._create(status)

    async def _create(self, status: Status) -> Generation:
        name = self.projection.name
        number = max((each.number for each in await self.all()), default=0) + 1
        begun = Generation(
            number, self.projection.version, self.projection.segments, status, code_digest(self.projection)
        )
        async with self._connection.transaction():
            parameters = (name, number, begun.version, begun.code, begun.segments, status, status)
            await self._connection.execute(BEGIN, parameters)
            await self._connection.execute(BEGIN_SEGMENTS, (name, number, begun.segments - 1))
            await self._drop_rows(begun)  # of another database: a Valkey that was kept when PostgreSQL was not
            if self.projection.store == "postgres":
                for table in self.projection.tables:
                    await self._run(create_table(table, self._settings.read_schema, number))
            if status == "live":
                await self.index(begun)
                await self._point_views(begun)
        return begun

    async def index(self, generation: Generation) -> None:
        """Make the indexes of a generation's tables, where they are missing, and gather statistics."""
        if self.projection.store == "postgres":
            for table in self.projection.tables:
                for statement in index_table(table, self._settings.read_schema, generation.number):
                    await self._run(statement)

    async def note_step(self, generation: Generation, step: str) -> None:
        """Say what is being done to build a generation."""
        await self._connection.execute(NOTE_STEP, (step, self.projection.name, generation.number))

    async def note_ready(self, generation: Generation, digest: str, position: int) -> None:
        """Say that a generation is complete up to *position*, with this digest of its content there."""
        await self._connection.execute(READY, (digest, position, self.projection.name, generation.number))

    async def go_live(self, generation: Generation) -> None:
        """
        Serve a generation in the place of the live one, which is retired.

        Raises:
            StillRead: a query has been reading for so long that the views could not be moved; nothing was.
        """
        deadline = time.monotonic() + VIEWS_PATIENCE
        while True:
            try:
                await self._move_pointer(generation)
                break
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                if time.monotonic() > deadline:
                    readers = await self._readers([table.name for table in self.projection.tables])
                    raise BlockedByReaders(self.projection.name, "nothing has moved", readers) from error
                await asyncio.sleep(VIEWS_PAUSE)
        await self._tell_valkey(generation)

    async def _move_pointer(self, generation: Generation) -> None:
        name = self.projection.name
        deadline = time.monotonic() + VIEWS_LOCK_TIMEOUT / 1_000
        async with self._connection.transaction():
            await self._point_views(generation, deadline)
            await self._wait_until(deadline)
            await self._connection.execute(RETIRE, [name, generation.number])
            await self._connection.execute(MAKE_LIVE, [name, generation.number])

    async def drop(self, generation: Generation) -> None:
        """
        Delete a generation that is not live, with its rows and all that is known of it.

        Raises:
            StillRead: a query has been reading its tables for so long that they could not be deleted; nothing was.
            StillUsed: views lead to its tables, and it is not that somebody reads them; nothing was deleted.
        """
        deadline = time.monotonic() + VIEWS_PATIENCE
        while True:
            if self.projection.store == "postgres":  # views of analysts may still lead there
                await refresh(self._connection, self._settings)
            try:
                async with self._connection.transaction():
                    await self._connection.execute(FORGET, (self.projection.name, generation.number))
                    await self._drop_rows(generation)
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
        """Who holds a lock on tables or views, as far as we may see that."""
        found = await self._connection.execute(READERS, (self._settings.read_schema, list(names)))
        return [
            f"process {pid}, {role}"
            + (f", {application}" if application else "")
            + (f", since {since}" if since else "")
            for pid, role, application, since in await found.fetchall()
        ]

    async def _wait_until(self, deadline: float) -> None:
        """Have the next statement of this transaction wait for locks until then, at most."""
        left = max(1, round(1_000 * (deadline - time.monotonic())))  # 0 would be for ever
        await self._run(f"SET LOCAL lock_timeout = {left}")

    async def _point_views(self, generation: Generation, deadline: float | None = None) -> None:
        """
        Point the views to a generation's tables, within the transaction at hand: nobody sees a moment without.

        Args:
            deadline: until when to wait for locks, in all.
        """
        if self.projection.store != "postgres":
            return
        schema = self._settings.read_schema
        for table in self.projection.tables:
            if deadline is not None:
                await self._wait_until(deadline)
            await self._run(f"DROP VIEW IF EXISTS {quoted(schema)}.{quoted(table.name)} CASCADE")
            await self._run(create_view(table, schema, generation.number, generation.segments))

    async def _repair_live_pointer(self) -> None:
        """Tell Valkey again what is served, since it may have forgotten; but not while that is about to change."""
        switch = switching(self.projection.name)
        if self.projection.store != "valkey" or not await try_acquire_shared(self._connection, self._settings, switch):
            return
        try:
            found = await live(self._connection, self.projection.name)
            if found is not None:
                await self._tell_valkey(found)
        finally:
            await release(self._connection, self._settings, switch, shared=True)

    async def _tell_valkey(self, generation: Generation) -> None:
        if self.projection.store == "valkey":
            served = Served(generation.number, generation.segments)
            await serve(self._valkey, self._settings, self.projection.name, served)

    async def _drop_rows(self, generation: Generation) -> None:
        store = self.store(generation)
        if isinstance(store, ValkeyStore):
            await store.drop()
            return
        for table in self.projection.tables:
            name = quoted(physical_name(table, generation.number))
            await self._run(f"DROP TABLE IF EXISTS {quoted(self._settings.read_schema)}.{name}")

    async def _run(self, statement: str) -> None:
        await self._connection.execute(statement.encode())
