"""
Generations of read models: which one is served, and which one is being built.

A read model begins as generation 1, live at once. Code with another version of it builds a new generation beside the
live one from the beginning of the log; when that has caught up it is served in its place, and the old one is dropped.
"""

from typing import Literal, NamedTuple

import psycopg
from redis.asyncio import Redis

from adapters.postgres.read_models import PostgresStore
from adapters.postgres.row_tables import create_table, physical_name, quoted
from adapters.settings import Settings
from adapters.valkey.read_models import ValkeyStore, live_key
from projections.base import Projection

NEWEST = "SELECT generation, version, status FROM projections WHERE name = %s ORDER BY generation DESC LIMIT 1"
LIVE = "SELECT generation, version, status FROM projections WHERE name = %s AND status = 'live'"
BEGIN = "INSERT INTO projections (name, generation, version, status) VALUES (%s, %s, %s, %s)"
RETIRE = "DELETE FROM projections WHERE name = %s AND generation <> %s RETURNING generation"
PROMOTE = "UPDATE projections SET status = 'live' WHERE name = %s AND generation = %s"
FORGET_PARKED = "DELETE FROM parked WHERE projection = %s AND generation <> %s"

AnyStore = PostgresStore | ValkeyStore


class Generation(NamedTuple):
    """One generation of a read model."""

    number: int
    version: int
    status: Literal["building", "live"]


async def newest(connection: psycopg.AsyncConnection, name: str) -> Generation | None:
    """The newest generation of a projection."""
    row = await (await connection.execute(NEWEST, [name])).fetchone()
    return Generation(*row) if row else None


async def live(connection: psycopg.AsyncConnection, name: str) -> Generation | None:
    """The generation that is served."""
    row = await (await connection.execute(LIVE, [name])).fetchone()
    return Generation(*row) if row else None


class Generations:
    """
    The generations of one projection.

    Args:
        connection: in autocommit mode, used by nobody else at the same time.
    """

    def __init__(
        self, connection: psycopg.AsyncConnection, valkey: Redis, settings: Settings, projection: Projection
    ) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._projection = projection

    def store(self, generation: int) -> AnyStore:
        """Where the rows of a generation are."""
        if self._projection.store == "postgres":
            return PostgresStore(self._connection, self._projection, generation)
        return ValkeyStore(self._valkey, self._settings, self._projection, generation)

    async def current(self) -> Generation:
        """The generation that this code works on; begun if there is none of its version."""
        found = await newest(self._connection, self._projection.name)
        if found is None or found.version != self._projection.version:
            return await self._begin(found)
        if found.status == "live":
            await self._serve(found.number)  # again, since Valkey may have forgotten
        return found

    async def go_live(self, number: int) -> None:
        """Serve a generation that has caught up, and drop all others."""
        name = self._projection.name
        async with self._connection.transaction():
            retired = await (await self._connection.execute(RETIRE, [name, number])).fetchall()
            await self._connection.execute(FORGET_PARKED, [name, number])
            await self._connection.execute(PROMOTE, [name, number])
            await self._serve(number)
        for (old,) in retired:
            await self._drop(old)

    async def _begin(self, previous: Generation | None) -> Generation:
        number = previous.number + 1 if previous else 1
        begun = Generation(number, self._projection.version, "building" if previous else "live")
        await self._drop(number)  # leftovers of another database: a Valkey that was kept when PostgreSQL was not
        async with self._connection.transaction():
            if self._projection.store == "postgres":
                for table in self._projection.tables:
                    for statement in create_table(table, self._settings.read_schema, number):
                        await self._connection.execute(statement.encode())
            await self._connection.execute(BEGIN, [self._projection.name, *begun])
            if begun.status == "live":
                await self._serve(number)
        return begun

    async def _serve(self, number: int) -> None:
        """Point readers to a generation: views in Postgres, a key in Valkey."""
        store = self.store(number)
        if isinstance(store, ValkeyStore):
            await store.go_live(live_key(self._settings, self._projection.name), number)
            return
        schema = quoted(self._settings.read_schema)
        async with self._connection.transaction():  # there is no moment without a view
            for table in self._projection.tables:
                view = f"{schema}.{quoted(table.name)}"
                physical = f"{schema}.{quoted(physical_name(table, number))}"
                await self._connection.execute(f"DROP VIEW IF EXISTS {view}".encode())
                await self._connection.execute(f"CREATE VIEW {view} AS SELECT * FROM {physical}".encode())

    async def _drop(self, number: int) -> None:
        store = self.store(number)
        if isinstance(store, ValkeyStore):
            await store.drop()
            return
        for table in self._projection.tables:
            name = quoted(physical_name(table, number))
            await self._connection.execute(
                f"DROP TABLE IF EXISTS {quoted(self._settings.read_schema)}.{name} CASCADE".encode()
            )
