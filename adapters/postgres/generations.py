"""
Generations of read models: which one is served, which are being built, and which are kept for a rollback.

A read model begins as generation 1, live at once. Another generation is built beside the live one (workers/rebuild)
and served in its place when somebody promotes it. A generation is only ever continued by code of its version.
"""

from datetime import datetime
from typing import Literal, NamedTuple

import psycopg
from redis.asyncio import Redis

from adapters.postgres.analytics import refresh
from adapters.postgres.read_models import PostgresStore
from adapters.postgres.row_tables import create_table, create_view, index_table, physical_name, quoted
from adapters.settings import Settings
from adapters.valkey.read_models import Served, ValkeyStore, serve
from projections.base import Projection
from projections.code import code_digest

COLUMNS = "generation, version, segments, status, code, step, digest, digest_position, started_at, ready_at, live_at"
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

AnyStore = PostgresStore | ValkeyStore
Status = Literal["building", "ready", "live", "retired"]


class Generation(NamedTuple):
    """
    One generation of a read model.

    Attributes:
        code: digest of the source that builds it.
        step: of one that is being built, what is done at the moment.
        digest: of its content at `digest_position`, when it was built.
    """

    number: int
    version: int
    segments: int
    status: Status
    code: str = ""
    step: str | None = None
    digest: str | None = None
    digest_position: int | None = None
    started_at: datetime | None = None
    ready_at: datetime | None = None
    live_at: datetime | None = None


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
        found = await live(self._connection, self.projection.name)
        if found is None:
            found = await self.create("live")
        await self._tell_valkey(found)  # again, since it may have forgotten
        return found

    async def create(self, status: Status) -> Generation:
        """Begin the next generation: its tables, without indexes unless it is live at once."""
        name = self.projection.name
        number = max((each.number for each in await self.all()), default=0) + 1
        begun = Generation(
            number, self.projection.version, self.projection.segments, status, code_digest(self.projection)
        )
        await self._drop_rows(begun)  # leftovers of another database: a Valkey that was kept when PostgreSQL was not
        async with self._connection.transaction():
            parameters = (name, number, begun.version, begun.code, begun.segments, status, status)
            await self._connection.execute(BEGIN, parameters)
            await self._connection.execute(BEGIN_SEGMENTS, (name, number, begun.segments - 1))
            if self.projection.store == "postgres":
                for table in self.projection.tables:
                    await self._run(create_table(table, self._settings.read_schema, number))
            if status == "live":
                await self.index(begun)
                await self._show(begun)
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
        """Serve a generation in the place of the live one, which is retired."""
        name = self.projection.name
        async with self._connection.transaction():
            await self._connection.execute(RETIRE, [name, generation.number])
            await self._connection.execute(MAKE_LIVE, [name, generation.number])
            await self._show(generation)
        await self._tell_valkey(generation)

    async def drop(self, generation: Generation) -> None:
        """Delete a generation that is not live, with its rows and all that is known of it."""
        if self.projection.store == "postgres":  # views of analysts may still lead there
            await refresh(self._connection, self._settings)
        await self._drop_rows(generation)
        await self._connection.execute(FORGET, (self.projection.name, generation.number))

    async def _show(self, generation: Generation) -> None:
        """Point the views to a generation's tables, within the transaction at hand: nobody sees a moment without."""
        if self.projection.store != "postgres":
            return
        schema = self._settings.read_schema
        for table in self.projection.tables:
            await self._run(f"DROP VIEW IF EXISTS {quoted(schema)}.{quoted(table.name)} CASCADE")
            await self._run(create_view(table, schema, generation.number, generation.segments))

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
