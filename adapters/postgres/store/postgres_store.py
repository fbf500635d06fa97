"""
Read models in PostgreSQL: rows and checkpoints of one generation, changed in one statement.

The checkpoints are in table `segments`; a writer that finds one elsewhere than it left it, or in another epoch, writes
nothing, so two projectors can never double an effect.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg

from adapters.postgres.store.row_tables import SEGMENT, Statements, array, physical_name, quoted
from adapters.postgres.store.scan import JSON, ONE_MOMENT, PLAIN, Scan
from adapters.postgres.store.segments import counts, note_ignored, positions
from adapters.spool import Spool
from projections.engine.live import Batch, Fenced, Loaded, Needed, RowRejected, RowSnapshot, encoded
from projections.engine.projection import Projection, RowKey, Table, key_values

FENCED = "CL001"  # what move_segments() raises

FIELDS = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"


class PostgresStore:
    """
    One generation of a projection in PostgreSQL, over a connection that nobody else uses at the same time.

    Attributes:
        epochs: of the segments that may be written here, by segment; see adapters/postgres/store/ownership.py.
    """

    def __init__(self, connection: psycopg.AsyncConnection, projection: Projection, generation: int) -> None:
        self.epochs: dict[int, int] = {}
        self._connection = connection
        self._projection = projection
        self._generation = generation
        self._place = projection.name, generation
        self._statements = Statements(projection, generation)
        self._decoders: dict[str, Callable[[str], list[Any]]] = {
            table.name: msgspec.json.Decoder(list[tuple[int, table.row]]).decode  # type: ignore[name-defined]
            for table in projection.tables
        }

    async def positions(self) -> dict[int, int]:
        """The checkpoint of each segment."""
        found = await positions(self._connection, *self._place)
        if not found:
            raise Fenced  # the generation was dropped
        return found

    async def claim(self, segment: int, epoch: int) -> int:
        """Write a segment from now on, in this epoch, which its row has already; returns its checkpoint."""
        self.epochs[segment] = epoch
        return (await self.positions())[segment]

    async def note_ignored(self, segment: int, facts: int) -> None:
        """Say how many facts of a segment the projection does not read, up to its checkpoint."""
        await note_ignored(self._connection, *self._place, segment, facts)

    async def load(self, keys: Needed) -> Loaded:
        """Those of the rows that exist, with one round trip."""
        loaded: Loaded = {segment: {} for segment in keys}
        by_table = self._by_table(keys)
        if not by_table:
            return loaded
        parameters = [array(part) for wanted in by_table.values() for part in zip(*wanted, strict=True)]
        cursor = await self._connection.execute(self._statements.load(list(by_table)), parameters, prepare=True)
        answer = await cursor.fetchone() or ()
        for table, text in zip(by_table, answer, strict=True):
            if text is not None:
                for segment, row in self._decoders[table.name](text):
                    loaded[segment][RowKey(table, key_values(table, row))] = row
        return loaded

    async def healed(self) -> list[int]:
        """None: here a parked key is forgotten in the step that makes it good."""
        return []

    async def look(self, keys: Needed) -> RowSnapshot:
        """Some rows and the checkpoints as they are at one moment."""
        async with self._connection.transaction():
            await self._connection.execute(ONE_MOMENT)
            return RowSnapshot(await self.positions(), await self.load(keys), [])

    async def rows_of(self, table: Table, column: str, value: str, segment: int) -> set[RowKey]:
        """The keys of the rows of a table and segment that have this in one of their columns."""
        query = self._statements.keys_by(table, column)
        found = await (await self._connection.execute(query, (value, segment))).fetchall()
        return {RowKey(table, tuple(key)) for key in found}

    async def save(self, batch: Batch) -> None:
        """Write the changed rows and move the checkpoints, in one statement; rows are deleted in a transaction."""
        if not batch.deleted:
            await self._save(batch)
            return
        async with self._connection.transaction():
            await self._save(batch)
            for table, places in self._by_table(batch.deleted).items():
                await self._connection.cursor().executemany(self._statements.delete(table), places)

    async def _save(self, batch: Batch) -> None:
        changed = self._by_table({segment: rows.changed for segment, rows in batch.rows.items()})
        parameters = self._moves(batch)
        for number, (table, places) in enumerate(changed.items()):
            rows = (_stored(batch, table, place[:-1], place[-1]) for place in places)
            parameters[f"rows{number}"] = (b"[" + b",".join(rows) + b"]").decode()
        try:
            cursor = await self._connection.execute(self._statements.save(list(changed)), parameters, prepare=True)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise RowRejected(str(error)) from error
        except psycopg.Error as error:
            if error.sqlstate == FENCED:
                raise Fenced from error
            raise
        await cursor.fetchone()

    def _moves(self, batch: Batch) -> dict[str, Any]:
        """The parameters of `move_segments`."""
        if not batch.accounts.keys() <= self.epochs.keys():
            raise Fenced
        return {
            "name": self._projection.name,
            "generation": self._generation,
            "before": batch.before,
            "after": batch.after,
            "healed": batch.healed,
            "segments": array(batch.accounts),
            "epochs": array(self.epochs[segment] for segment in batch.accounts),
            **counts(batch.accounts),
        }

    def _by_table(self, keys: Mapping[int, Collection[RowKey]]) -> dict[Table, list[tuple[Any, ...]]]:
        """
        Keys and segment by table, in the order of the projection's tables, so that statements repeat and stay prepared.
        """
        by_table: dict[Table, list[tuple[Any, ...]]] = {table: [] for table in self._projection.tables}
        for segment, wanted in keys.items():
            for table, key in wanted:
                by_table[table].append((*key, segment))
        return {table: wanted for table, wanted in by_table.items() if wanted}

    async def fields_of(self, table: Table) -> set[str]:
        """The names of a table's fields as this generation has them; none if it does not have the table."""
        name = quoted(physical_name(table, self._generation))
        return {name for (name,) in await (await self._connection.execute(FIELDS, [name])).fetchall()} - {SEGMENT}

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[dict[int, int], Iterator[tuple[int, RowKey, msgspec.Struct]]]]:
        """The checkpoints and all rows, each with its segment, as they are at one moment."""
        tables = self._projection.tables
        with Spool() as spool:
            found = await Scan(self._connection, self._place, tables, JSON, spool).run()
            yield found, self._decoded(spool.documents())

    @asynccontextmanager
    async def plain_rows(
        self, tables: Sequence[Table]
    ) -> AsyncIterator[tuple[dict[int, int], Iterator[tuple[int, Table, dict[str, Any]]]]]:
        """The same for some tables whose rows older or newer code has written, as names and values."""
        decode = msgspec.msgpack.Decoder(dict[str, Any]).decode
        with Spool() as spool:
            found = await Scan(self._connection, self._place, tables, PLAIN, spool).run()
            yield found, ((segment, tables[table], decode(row)) for segment, table, row in spool.documents())

    def _decoded(self, rows: Iterator[tuple[int, int, bytes]]) -> Iterator[tuple[int, RowKey, msgspec.Struct]]:
        decoders = [msgspec.json.Decoder(table.row).decode for table in self._projection.tables]
        for segment, number, text in rows:
            table, row = self._projection.tables[number], decoders[number](text)
            yield segment, RowKey(table, key_values(table, row)), row


def _stored(batch: Batch, table: Table, key: tuple[Any, ...], segment: int) -> bytes:
    """A row as JSON, with its segment."""
    row_key = RowKey(table, key)
    return b'{"%s":%d,' % (SEGMENT.encode(), segment) + encoded(row_key, batch.rows[segment].rows[row_key])[1:]
