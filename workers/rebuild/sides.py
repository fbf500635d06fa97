"""
The rows of one generation for a comparison, whatever code has built it.

Rows that this code cannot decode into its own types are read as they lie there: names and values.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import psycopg
from redis.asyncio import Redis

from adapters.postgres.generations import Generation, Generations
from adapters.postgres.read_models import POSITIONS, PostgresStore
from adapters.postgres.row_tables import SEGMENT, physical_name, quoted
from adapters.settings import Settings
from adapters.valkey.fields import OWN
from projections.base import Projection, RowKey, Table
from projections.diff import Row
from projections.merge import merged, sum_of

Rows = Iterator[tuple[RowKey, Row]]

PlainRows = Iterator[tuple[int, Table, dict[str, Any]]]
"""Rows with their segment and table."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Side(NamedTuple):
    """
    One side of a comparison.

    Attributes:
        name: for people.
        generation: its number; None for a fold in memory.
        positions: the checkpoint of each segment, for which the rows are true.
    """

    name: str
    generation: int | None
    version: int
    positions: dict[int, int]

    @property
    def position(self) -> int:
        """The position up to which all facts are in it."""
        return min(self.positions.values())


class Stored:
    """The rows of a generation in its store."""

    def __init__(
        self, connection: psycopg.AsyncConnection, valkey: Redis, settings: Settings, projection: Projection
    ) -> None:
        self._connection = connection
        self._valkey: Any = valkey
        self._settings = settings
        self._projection = projection
        self._generations = Generations(connection, valkey, settings, projection)

    async def tables(self, generation: Generation) -> list[Table]:
        """Those of the projection's tables that a generation has, with the key that they have there."""
        if not self._is_foreign(generation):
            return list(self._projection.tables)
        fields = {table.name: await self._fields(table, generation) for table in self._projection.tables}
        return [
            table if set(table.key) <= fields[table.name] else msgspec.structs.replace(table, key=())
            for table in self._projection.tables
            if fields[table.name]
        ]

    def _is_foreign(self, generation: Generation) -> bool:
        return generation.version != self._projection.version

    @asynccontextmanager
    async def rows(self, generation: Generation) -> AsyncIterator[tuple[dict[int, int], Rows]]:
        """The checkpoints and the rows that readers would see; see `ValkeyStore.documents`."""
        store = self._generations.store(generation)
        if not self._is_foreign(generation):
            async with store.snapshot() as (positions, rows):
                yield positions, merged(rows)
            return
        tables = {table.name: table for table in await self.tables(generation)}
        if isinstance(store, PostgresStore):
            async with store.plain_rows(list(tables.values())) as (positions, plain):
                yield positions, _visible(plain)
        else:
            async with store.documents() as (positions, documents):
                first = next(documents, None)
                everything = chain([] if first is None else [first], documents)
                if first is not None and not any(positions.values()):  # kept with another table: the copy will do
                    yield await self._copied_positions(generation), _visible(_plain(tables, everything))
                else:
                    yield positions, _visible(_plain(tables, everything))

    async def _copied_positions(self, generation: Generation) -> dict[int, int]:
        cursor = await self._connection.execute(POSITIONS, (self._projection.name, generation.number))
        return dict(await cursor.fetchall())

    async def _fields(self, table: Table, generation: Generation) -> set[str]:
        """The names of a table's fields as a generation has them; none if it does not have the table."""
        store = self._generations.store(generation)
        if isinstance(store, PostgresStore):
            query = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
            name = f"{quoted(self._settings.read_schema)}.{quoted(physical_name(table, generation.number))}"
            rows = await (await self._connection.execute(query, [name])).fetchall()
            return {row[0] for row in rows} - {SEGMENT}
        for name in store.hashes_of(table):
            async for field, document in self._valkey.hscan_iter(name, count=10):
                if field not in OWN:
                    return set(_decode(document))
        return set(table.key)


def _plain(tables: Mapping[str, Table], documents: Iterable[tuple[int, Table, bytes]]) -> PlainRows:
    for segment, table, document in documents:
        if table.name in tables:
            yield segment, tables[table.name], _decode(document)


def _visible(rows: PlainRows) -> Rows:
    """Plain rows as readers see them."""
    sums: dict[RowKey, dict[str, Any]] = {}
    for segment, table, row in rows:
        key = RowKey(table, tuple(row[name] for name in table.key))
        if table.spread == "summed" and table.key:
            sums[key] = _added(table, sums[key], row) if key in sums else row
        elif table.spread != "copied" or segment == 0:
            yield key, row
    yield from sums.items()


def _added(table: Table, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two parts of a plain row as one."""
    return {name: value if name in table.key else sum_of(value, other[name]) for name, value in one.items()}
