"""
The rows of one generation for a comparison, whatever code has built it.

Rows that this code cannot decode into its own types are read as they lie there: names and values.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import chain, islice
from typing import Any, NamedTuple, Self

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.segments import positions as copied_positions
from adapters.stores.protocol import PlainRow
from projections.engine.diff.compare import ComparedRow
from projections.engine.merge import merged, sum_of
from projections.engine.projection import RowKey, Table

ComparedRows = Iterator[tuple[RowKey, ComparedRow]]


class ComparedVersion(NamedTuple):
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

    @classmethod
    def of(cls, generation: Generation, positions: dict[int, int]) -> Self:
        """A generation at these *positions*."""
        return cls(f"generation {generation.number}", generation.number, generation.version, positions)

    @property
    def position(self) -> int:
        """The position up to which all facts are in it."""
        return min(self.positions.values())


class StoredRows:
    """The rows of a generation in its store."""

    def __init__(self, connection: Connection, generations: Generations) -> None:
        self._connection = connection
        self._projection = generations.projection
        self._generations = generations

    async def tables(self, generation: Generation) -> list[Table]:
        """Those of the projection's tables that a generation has, with the key that they have there."""
        if not self._is_foreign(generation):
            return list(self._projection.tables)
        store = self._generations.store(generation)
        fields = {table.name: await store.fields_of(table) for table in self._projection.tables}
        return [
            table if set(table.key) <= fields[table.name] else msgspec.structs.replace(table, key=())
            for table in self._projection.tables
            if fields[table.name]
        ]

    def _is_foreign(self, generation: Generation) -> bool:
        return generation.version != self._projection.version

    @asynccontextmanager
    async def rows(self, generation: Generation) -> AsyncIterator[tuple[dict[int, int], ComparedRows]]:
        """The checkpoints and the rows that readers would see; see `ValkeyStore.documents`."""
        store = self._generations.store(generation)
        if not self._is_foreign(generation):
            async with store.snapshot() as (positions, rows):
                yield positions, merged(rows)
            return
        async with store.plain_rows(await self.tables(generation)) as (positions, plain):
            first = list(islice(plain, 1))
            everything = _visible(chain(first, plain))
            if first and not any(positions.values()):  # in Valkey, and kept with another table: the copy will do
                yield await copied_positions(self._connection, self._projection.name, generation.number), everything
            else:
                yield positions, everything


def _visible(rows: Iterable[PlainRow]) -> ComparedRows:
    """Plain rows as readers see them."""
    sums: dict[RowKey, dict[str, Any]] = {}
    for segment, table, row in rows:
        key = RowKey(table, tuple(row[name] for name in table.key))
        if table.distribution == "partial" and table.key:
            sums[key] = _added(table, sums[key], row) if key in sums else row
        elif table.distribution != "replicated" or segment == 0:
            yield key, row
    yield from sums.items()


def _added(table: Table, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two parts of a plain row as one."""
    return {name: value if name in table.key else sum_of(value, other[name]) for name, value in one.items()}
