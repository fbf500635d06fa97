"""
Read models in PostgreSQL: rows and checkpoint of one generation, changed in one statement.

The checkpoint is in the row of table `projections`; a writer that finds it elsewhere than it left it writes nothing,
so two projectors can never double an effect.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg

from adapters.postgres.row_tables import Statements, physical_name, quoted
from projections.base import Projection, RowKey, Rows, Table, key_values
from projections.fold import Fenced, Loaded, Refused

SNAPSHOT_FETCH = 2_000  # rows

POSITION = "SELECT position FROM projections WHERE name = %s AND generation = %s"

_encode = msgspec.json.Encoder().encode


class PostgresStore:
    """One generation of a projection in PostgreSQL, over a connection that nobody else uses at the same time."""

    def __init__(self, connection: psycopg.AsyncConnection, projection: Projection, generation: int) -> None:
        self._connection = connection
        self._projection = projection
        self._generation = generation
        self._statements = Statements(projection, generation)
        self._decoders: dict[str, Callable[[str], list[Any]]] = {
            table.name: msgspec.json.Decoder(list[table.row]).decode  # type: ignore[name-defined]
            for table in projection.tables
        }

    async def position(self) -> int:
        """The checkpoint."""
        cursor = await self._connection.execute(POSITION, (self._projection.name, self._generation))
        row = await cursor.fetchone()
        if row is None:
            raise Fenced
        return int(row[0])

    async def load(self, keys: Iterable[RowKey]) -> Loaded:
        """Those of the rows that exist, with one round trip."""
        by_table = self._by_table(keys)
        if not by_table:
            return {}
        parameters = [list(part) for wanted in by_table.values() for part in zip(*wanted, strict=True)]
        cursor = await self._connection.execute(self._statements.load(list(by_table)), parameters, prepare=True)
        answer = await cursor.fetchone() or ()
        loaded: Loaded = {}
        for table, text in zip(by_table, answer, strict=True):
            if text is not None:
                for row in self._decoders[table.name](text):
                    loaded[RowKey(table, key_values(table, row))] = row
        return loaded

    async def save(self, rows: Rows, *, before: int, after: int, healed: int | None = None) -> None:
        """Write the changed rows and move the checkpoint, in one statement."""
        by_table = self._by_table(rows.changed)
        parameters: dict[str, Any] = {
            "name": self._projection.name,
            "generation": self._generation,
            "before": before,
            "after": after,
            "healed": healed,
        }
        for number, (table, keys) in enumerate(by_table.items()):
            parameters[f"rows{number}"] = _encode([rows.rows[RowKey(table, key)] for key in keys]).decode()
        try:
            cursor = await self._connection.execute(self._statements.save(list(by_table)), parameters, prepare=True)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise Refused(str(error)) from error
        if await cursor.fetchone() != (1,):
            raise Fenced

    def _by_table(self, keys: Iterable[RowKey]) -> dict[Table, list[tuple[str | int, ...]]]:
        """Keys by table, in the order of the projection's tables, so that statements repeat and stay prepared."""
        by_table: dict[Table, list[tuple[str | int, ...]]] = {table: [] for table in self._projection.tables}
        for table, key in keys:
            by_table[table].append(key)
        return {table: wanted for table, wanted in by_table.items() if wanted}

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[int, AsyncIterator[tuple[RowKey, msgspec.Struct]]]]:
        """The checkpoint and all rows as they are at one moment."""
        async with self._connection.transaction():
            await self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield await self.position(), self._all_rows()

    async def _all_rows(self) -> AsyncIterator[tuple[RowKey, msgspec.Struct]]:
        for table in self._projection.tables:
            decode = msgspec.json.Decoder(table.row).decode
            async with self._connection.cursor(name="snapshot") as cursor:
                cursor.itersize = SNAPSHOT_FETCH
                name = quoted(physical_name(table, self._generation))
                await cursor.execute(f"SELECT to_json(r)::text FROM {name} AS r".encode())
                async for (text,) in cursor:
                    row = decode(text)
                    yield RowKey(table, key_values(table, row)), row
