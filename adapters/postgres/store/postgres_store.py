"""
Read models in PostgreSQL: rows and checkpoints of one generation, changed in one statement.

The checkpoints are in table `segments`. A writer whose checkpoint has moved, or whose epoch is over, writes nothing, so
two projectors never apply a fact twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self

import msgspec
import psycopg

from adapters.postgres.analytics import refresh
from adapters.postgres.bulk.write import Packer, delete_segment, write_segment
from adapters.postgres.connection import Connection
from adapters.postgres.store.row_owner import execute_as_owner
from adapters.postgres.store.row_tables import (
    SEGMENT,
    TRUNCATED,
    Statements,
    array,
    create_table,
    create_view,
    index_table,
    physical_name,
    quoted,
    watch_table,
)
from adapters.postgres.store.scan import JSON, ONE_MOMENT, PLAIN, GenerationScan
from adapters.postgres.store.segments import counts, note_ignored, positions, reset
from adapters.postgres.store.views import wait_for_locks_until
from adapters.settings import Settings
from adapters.spill import Spool
from adapters.stores.protocol import PlainRow, Positions, Servers, StoredRow
from projections.engine.live import Batch, FactCounts, Fenced, LoadedRows, Needed, RowRejected, RowSnapshot, encoded
from projections.engine.projection import KeyedRow, Projection, RowKey, Table, key_values

FENCED = "CL001"  # SQLSTATE that move_segments() raises

FIELDS = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
THERE = f"""
SELECT name, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(name) AND tgname = '{TRUNCATED}')
  FROM unnest(%s::text[]) AS name
 WHERE to_regclass(name) IS NOT NULL
"""
SIZE = "SELECT coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint FROM unnest(%s::text[]) AS name"


class PostgresStore:
    """One generation of a projection in PostgreSQL; a `GenerationStore`."""

    LABEL: ClassVar = "PostgreSQL"
    ROOM: ClassVar = "on disk"
    LINGER: ClassVar = 0.02  # staff wait for these rows; larger batches leave the core to what learners wait for
    BUSY_LINGER: ClassVar = 0.05
    WITH_VIEWS: ClassVar = True
    WITH_DOCUMENTS: ClassVar = False
    COMMITS_WITH_PARKED: ClassVar = True

    def __init__(
        self, connection: Connection, settings: Settings, projection: Projection, generation: int, segments: int
    ) -> None:
        self.epochs: dict[int, int] = {}
        self._connection = connection
        self._schema = settings.read_schema
        self._settings = settings
        self._projection = projection
        self._generation = generation
        self._segments = segments
        self._place = projection.name, generation
        self._statements = Statements(projection, generation)
        self._decoders: dict[str, Callable[[str], list[Any]]] = {
            table.name: msgspec.json.Decoder(list[tuple[int, table.row]]).decode  # type: ignore[name-defined]
            for table in projection.tables
        }

    @classmethod
    def open(cls, servers: Servers, projection: Projection, generation: int, segments: int) -> Self:
        """The store of a generation that has so many segments."""
        return cls(servers.connection, servers.settings, projection, generation, segments)

    @classmethod
    def validated(cls, projection: Projection, rows: Iterable[KeyedRow]) -> Iterator[KeyedRow]:
        """Yield *rows* again, each checked against the types of its columns; raises RowRejected."""
        packers = {table: Packer(table) for table in projection.tables}
        for key, row in rows:
            packers[key.table].pack(row)
            yield key, row

    async def create(self) -> None:
        """Make the tables, without indexes."""
        await self.drop()
        for table in self._projection.tables:
            await self._run(create_table(table, self._schema, self._generation))
            await self._run(watch_table(table, self._schema, *self._place))

    async def index(self) -> None:
        """Make the indexes that are missing, and gather statistics."""
        for table in self._projection.tables:
            for statement in index_table(table, self._schema, self._generation):
                await self._run(statement)

    async def drop(self) -> None:
        """Delete the tables; checkpoints go with the generation's row in table `projections`."""
        for name in self._table_names():
            await self._run(f"DROP TABLE IF EXISTS {name}")

    async def sweep(self, known: Callable[[], Awaitable[Collection[int]]]) -> list[str]:  # noqa: ARG002
        """Nothing: tables are made and dropped with their generation."""
        return []

    async def size(self) -> int:
        """Bytes on disk, with indexes."""
        row = await (await self._connection.execute(SIZE, [self._table_names()])).fetchone()
        return int(row[0]) if row else 0

    async def point_readers(self, deadline: float | None = None) -> None:
        """
        Point the readers' views to the tables of this generation; no reader sees them missing.

        A generation of other code may have fewer columns, or not all tables: its views are of what there is.
        """
        for table in self._projection.tables:
            if deadline is not None:
                await wait_for_locks_until(self._connection, deadline)
            await self._run(f"DROP VIEW IF EXISTS {quoted(self._schema)}.{quoted(table.name)} CASCADE")
            if present := await self.fields_of(table):
                await self._run(create_view(table, self._schema, self._generation, self._segments, present))

    async def publish_live(self) -> None:
        """Do nothing: the views have moved with the transaction."""

    async def is_published(self) -> bool:
        """Always: views are not lost."""
        return True

    async def detach_readers(self) -> None:
        """Point the analysts' views to what is live."""
        await refresh(self._connection, self._settings)

    def _table_names(self) -> list[str]:
        return [
            f"{quoted(self._schema)}.{quoted(physical_name(table, self._generation))}"
            for table in self._projection.tables
        ]

    async def _run(self, statement: str) -> None:
        await execute_as_owner(self._connection, self._schema, statement)

    async def positions(self) -> Positions:
        """The checkpoint of each segment."""
        found = await positions(self._connection, *self._place)
        if not found:
            raise Fenced  # the generation was dropped
        return found

    async def mark(self, segment: int) -> str:  # noqa: ARG002
        """No mark: checkpoint and log are in the same database, and go back together."""
        return ""

    async def claim(self, segment: int, epoch: int) -> int:
        """
        Write a segment from now on, in this epoch, which table `segments` has; returns its checkpoint.

        Rows without a checkpoint are deleted: another table of the generation was emptied.
        """
        self.epochs[segment] = epoch
        tables = await self._watch()
        position = (await self.positions())[segment]
        if position == 0:
            await delete_segment(self._connection, tables, self._generation, segment)
        return position

    async def _watch(self) -> list[Table]:
        """Watch tables that older code has made; returns those that there are, not all of them in its generations."""
        cursor = await self._connection.execute(THERE, (self._table_names(),))
        watched: dict[str, bool] = dict(await cursor.fetchall())
        named = zip(self._table_names(), self._projection.tables, strict=True)
        there = {name: table for name, table in named if name in watched}
        for name, table in there.items():
            if not watched[name]:
                await self._run(watch_table(table, self._schema, *self._place))
        return list(there.values())

    async def forget(self, segment: int) -> None:
        """Delete the rows and the checkpoint of a segment."""
        async with self._connection.transaction():
            await delete_segment(self._connection, self._projection.tables, self._generation, segment)
            await reset(self._connection, *self._place, segment)

    async def write_segment(self, segment: int, rows: Iterable[KeyedRow]) -> int:
        """Replace all rows of a segment by COPY; its checkpoint stays 0 until `save`."""
        await write_segment(self._connection, self._projection.tables, self._generation, segment, rows)
        return 0

    async def note_ignored(self, segment: int, facts: int) -> None:
        """Set how many facts of a segment the projection does not read, up to its checkpoint."""
        await note_ignored(self._connection, *self._place, segment, facts)

    async def own_counts(self) -> dict[int, tuple[int, FactCounts]]:
        """No counts: table `segments` has them."""
        return {}

    async def load(self, keys: Needed) -> LoadedRows:
        """The rows that exist, in one round trip."""
        loaded: LoadedRows = {segment: {} for segment in keys}
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
        """No ids: the statement that heals a key also deletes it from table `parked`."""
        return []

    async def look(self, keys: Needed) -> RowSnapshot:
        """Some rows and the checkpoints as they are at one moment."""
        async with self._connection.transaction():
            await self._connection.execute(ONE_MOMENT)
            return RowSnapshot(await self.positions(), await self.load(keys), [])

    async def keys_with(self, table: Table, values: Mapping[str, str], segment: int) -> set[RowKey]:
        """The keys of the rows of a table and segment that have these *values* in columns of their key."""
        query = self._statements.keys_by(table, values)
        found = await (await self._connection.execute(query, (*values.values(), segment))).fetchall()
        return {RowKey(table, tuple(key)) for key in found}

    async def save(self, batch: Batch) -> None:
        """Write the changed rows and move the checkpoints, in one statement; with deleted rows, in one transaction."""
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
        """Keys with their segment by table, in the projection's order, so that prepared statements are reused."""
        by_table: dict[Table, list[tuple[Any, ...]]] = {table: [] for table in self._projection.tables}
        for segment, wanted in keys.items():
            for table, key in wanted:
                by_table[table].append((*key, segment))
        return {table: wanted for table, wanted in by_table.items() if wanted}

    async def fields_of(self, table: Table) -> set[str]:
        """The names of a table's fields in this generation; empty if it does not have the table."""
        name = f"{quoted(self._schema)}.{quoted(physical_name(table, self._generation))}"
        return {name for (name,) in await (await self._connection.execute(FIELDS, [name])).fetchall()} - {SEGMENT}

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[Positions, Iterator[StoredRow]]]:
        """The checkpoints and all rows, as they are at one moment."""
        tables = self._projection.tables
        with Spool() as spool:
            found = await GenerationScan(self._connection, self._place, tables, JSON, spool).run()
            yield found, self._decoded(spool.documents())

    @asynccontextmanager
    async def plain_rows(self, tables: Sequence[Table]) -> AsyncIterator[tuple[Positions, Iterator[PlainRow]]]:
        """The same for some tables, whose rows any code has written, as names and values."""
        decode = msgspec.msgpack.Decoder(dict[str, Any]).decode
        with Spool() as spool:
            found = await GenerationScan(self._connection, self._place, tables, PLAIN, spool).run()
            yield found, ((segment, tables[table], decode(row)) for segment, table, row in spool.documents())

    def _decoded(self, rows: Iterator[tuple[int, int, bytes]]) -> Iterator[StoredRow]:
        decoders = [msgspec.json.Decoder(table.row).decode for table in self._projection.tables]
        for segment, number, text in rows:
            table, row = self._projection.tables[number], decoders[number](text)
            yield segment, RowKey(table, key_values(table, row)), row


def _stored(batch: Batch, table: Table, key: tuple[Any, ...], segment: int) -> bytes:
    """A row as JSON, with its segment."""
    row_key = RowKey(table, key)
    return b'{"%s":%d,' % (SEGMENT.encode(), segment) + encoded(row_key, batch.rows[segment].rows[row_key])[1:]
