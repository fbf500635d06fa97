"""
Read models in Valkey: one hash for each table and segment, one JSON document for each row, the checkpoint among them.

The field `@position` of the hash of a segment's first table is its checkpoint, so one HMGET answers with a document and
the position for which it is true. Documents and checkpoints change in one atomic step, which first checks that each
checkpoint is where this writer left it and that no later owner has claimed the segment. If a checkpoint or a hash of a
segment is lost (FLUSHALL, eviction), the writer begins again with empty hashes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from adapters.settings import Settings
from adapters.spill import Spool
from adapters.stores.protocol import Overtaken, PlainRow, Positions, Servers, StoredRow
from adapters.valkey.bulk_write import BEGUN, write_segment
from adapters.valkey.client import is_about_data
from adapters.valkey.keys import COUNT_FIELDS, HEALED, HERE, MARK, OWN, POSITION, Served, field_of, hash_key, live_key
from adapters.valkey.scan import SegmentScan
from adapters.valkey.scripts import CLAIM, SAVE, SavePlan
from projections.engine.live import Batch, FactCounts, Fenced, LoadedRows, Needed, RowRejected, RowSnapshot, encoded
from projections.engine.projection import KeyedRow, Projection, RowKey, Table, key_values

_pack = msgspec.msgpack.Encoder().encode
_plain = msgspec.json.Decoder(dict[str, Any]).decode


SAMPLES = 100  # documents of a hash that Valkey looks at to estimate its size


class ValkeyStore:
    """One generation of a projection in Valkey; a `GenerationStore`."""

    LABEL: ClassVar = "Valkey"
    ROOM: ClassVar = "of Valkey's memory"
    LINGER: ClassVar = 0.004  # learners wait for these rows
    BUSY_LINGER: ClassVar = 0.03
    WITH_VIEWS: ClassVar = False
    WITH_DOCUMENTS: ClassVar = True
    COMMITS_WITH_PARKED: ClassVar = False

    def __init__(
        self, client: Redis, settings: Settings, projection: Projection, generation: int, segments: int
    ) -> None:
        self.epochs: dict[int, int] = {}
        self._client: Any = client
        self._settings = settings
        self._projection = projection
        self._served = Served(generation, segments)
        self._tables = projection.tables
        self._hashes = [
            [hash_key(settings, projection.name, generation, segment, table.name) for table in self._tables]
            for segment in range(segments)
        ]
        self._number = {table.name: number for number, table in enumerate(self._tables)}
        self._beside = [self._number[table.name] for table in projection.beside]
        self._decoders = {table.name: msgspec.json.Decoder(table.row).decode for table in self._tables}
        self._save = client.register_script(SAVE)
        self._claim = client.register_script(CLAIM)

    @classmethod
    def open(cls, servers: Servers, projection: Projection, generation: int, segments: int) -> Self:
        """The store of a generation that has so many segments."""
        return cls(servers.valkey, servers.settings, projection, generation, segments)

    @classmethod
    def validated(cls, projection: Projection, rows: Iterable[KeyedRow]) -> Iterator[KeyedRow]:  # noqa: ARG003 - as in PostgreSQL
        """Yield *rows* again, each checked; raises RowRejected."""
        for key, row in rows:
            encoded(key, row)
            yield key, row

    def hashes_of(self, table: Table) -> list[str]:
        """The hashes that hold a table, one for each segment."""
        return [hashes[self._number[table.name]] for hashes in self._hashes]

    async def positions(self) -> Positions:
        """The checkpoint of each segment; 0 where there is none, or where a hash was lost."""
        async with self._client.pipeline(transaction=True) as pipeline:
            for first, *others in self._hashes:
                pipeline.hmget(first, POSITION, HERE)
                for name in others:
                    pipeline.hexists(name, HERE)
            found = await pipeline.execute()
        positions, size = {}, len(self._tables)
        for segment in range(len(self._hashes)):
            (position, marked), *others = found[segment * size : (segment + 1) * size]
            positions[segment] = int(position or 0) if all(others) or not marked else 0
        return positions

    async def is_published(self) -> bool:
        """Whether readers find the live generation: the key that leads to it may be lost like any other."""
        return bool(await self._client.exists(live_key(self._settings, self._projection.name)))

    async def own_counts(self) -> dict[int, tuple[int, FactCounts]]:
        """Checkpoint and counts of each segment."""
        found = await self._own_fields([POSITION, *COUNT_FIELDS])
        return {
            segment: (int(position or 0), FactCounts(*(int(count or 0) for count in values)))
            for segment, (position, *values) in found.items()
        }

    async def healed(self) -> list[int]:
        """Ids of the parked keys that were made good last in each segment."""
        return [int(found[0]) for found in (await self._own_fields([HEALED])).values() if found[0] is not None]

    async def _own_fields(self, fields: list[str]) -> dict[int, list[bytes | None]]:
        async with self._client.pipeline(transaction=True) as pipeline:
            for hashes in self._hashes:
                pipeline.hmget(hashes[0], fields)
            return dict(enumerate(await pipeline.execute()))

    async def mark(self, segment: int) -> str:
        """When the fact at a segment's checkpoint was recorded; empty for a checkpoint of older code."""
        found: bytes | None = await self._client.hget(self._hashes[segment][0], MARK)
        return (found or b"").decode()

    async def claim(self, segment: int, epoch: int) -> int:
        """
        Write a segment from now on, in this epoch; returns its checkpoint. Documents without a checkpoint are deleted.

        Raises:
            Overtaken: Valkey knows a later epoch.
        """
        position, in_force = map(int, await self._claim(keys=self._hashes[segment], args=[epoch]))
        if in_force != epoch:
            raise Overtaken(in_force)
        self.epochs[segment] = epoch
        return position

    async def note_ignored(self, segment: int, facts: int) -> None:
        """Set how many facts of a segment the projection does not read, up to its checkpoint."""
        await self._client.hset(self._hashes[segment][0], "@ignored", facts)

    async def load(self, keys: Needed) -> LoadedRows:
        """The rows that exist, in one round trip."""
        async with self._client.pipeline(transaction=False) as pipeline:
            wanted = self._add_lookups(pipeline, keys)
            return self._loaded(keys, wanted, await pipeline.execute())

    async def look(self, keys: Needed) -> RowSnapshot:
        """Some rows and the checkpoints as they are at one moment."""
        async with self._client.pipeline(transaction=True) as pipeline:
            for hashes in self._hashes:
                pipeline.hmget(hashes[0], [POSITION, HEALED])
            wanted = self._add_lookups(pipeline, keys)
            found = await pipeline.execute()
        own, documents = found[: len(self._hashes)], found[len(self._hashes) :]
        positions = {segment: int(fields[0] or 0) for segment, fields in enumerate(own)}
        healed = [int(fields[1]) for fields in own if fields[1] is not None]
        return RowSnapshot(positions, self._loaded(keys, wanted, documents), healed)

    def _add_lookups(self, pipeline: Any, keys: Needed) -> list[tuple[int, Table, list[RowKey]]]:
        wanted = [(segment, *group) for segment, of in keys.items() for group in _by_table(of).items()]
        for segment, table, group in wanted:
            pipeline.hmget(self._hashes[segment][self._number[table.name]], [field_of(key.key) for key in group])
        return wanted

    def _loaded(self, keys: Needed, wanted: list[tuple[int, Table, list[RowKey]]], found: list[Any]) -> LoadedRows:
        loaded: LoadedRows = {segment: {} for segment in keys}
        for (segment, table, group), documents in zip(wanted, found, strict=True):
            decode = self._decoders[table.name]
            for key, document in zip(group, documents, strict=True):
                if document is not None:
                    loaded[segment][key] = decode(document)
        return loaded

    async def save(self, batch: Batch) -> None:
        """Write the changed rows and move the checkpoints, in one atomic step."""
        if not batch.accounts.keys() <= self.epochs.keys():
            raise Fenced
        plan = self._plan(batch)
        arguments: list[Any] = []
        for segment in batch.accounts:
            plan.written += self._add_documents(batch, segment, arguments)
        if batch.deleted:
            for segment in batch.accounts:
                plan.deleted += self._add_deleted(batch, segment, arguments)
        hashes = [name for segment in batch.accounts for name in self._hashes[segment]]
        try:
            saved = await self._save(keys=hashes, args=[_pack(plan), *arguments])
        except ResponseError as error:
            if is_about_data(error):
                raise RowRejected(str(error)) from error
            raise  # the server cannot do its work: no row is at fault
        if not saved:
            raise Fenced

    def _plan(self, batch: Batch) -> SavePlan:
        """The moves of the segments, without rows."""
        moves = [
            (self.epochs[segment], account.applied, account.ignored, account.parked, account.skipped)
            for segment, account in batch.accounts.items()
        ]
        healed = "" if batch.healed is None else str(batch.healed)
        return SavePlan(len(self._tables), str(batch.before), str(batch.after), healed, batch.mark, moves, self._beside)

    def _add_documents(self, batch: Batch, segment: int, arguments: list[Any]) -> Iterator[int]:
        """Append the changed rows of a segment to *arguments*; yields the number of values of each table."""
        rows = batch.rows.get(segment)
        changed = _by_table(rows.changed) if rows else {}
        for table in self._tables:
            keys = changed.get(table, [])
            for key in keys:
                arguments += field_of(key.key), encoded(key, rows.rows[key])  # type: ignore[union-attr]
            yield 2 * len(keys)

    def _add_deleted(self, batch: Batch, segment: int, arguments: list[Any]) -> Iterator[int]:
        """Append the fields to delete of a segment to *arguments*; yields their number for each table."""
        deleted = _by_table(batch.deleted.get(segment, ()))
        for table in self._tables:
            keys = deleted.get(table, [])
            arguments += [field_of(key.key) for key in keys]
            yield len(keys)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[Positions, Iterator[StoredRow]]]:
        """The checkpoints and all rows; see `documents`."""
        async with self.documents() as (positions, documents):
            yield positions, self._decoded(documents)

    @asynccontextmanager
    async def documents(self) -> AsyncIterator[tuple[Positions, Iterator[tuple[int, Table, bytes]]]]:
        """
        The checkpoints and all documents, each with its segment.

        The documents of a segment are those of one moment, that of its checkpoint. The segments of the live generation
        are at different positions: to compare rows with the log, fold each segment up to its own checkpoint.
        """
        with Spool() as spool:
            positions = {
                segment: await SegmentScan(self._client, segment, hashes, spool).run()
                for segment, hashes in enumerate(self._hashes)
            }
            yield positions, ((segment, self._tables[table], found) for segment, table, found in spool.documents())

    def _decoded(self, documents: Iterator[tuple[int, Table, bytes]]) -> Iterator[StoredRow]:
        for segment, table, document in documents:
            row = self._decoders[table.name](document)
            yield segment, RowKey(table, key_values(table, row)), row

    async def fields_of(self, table: Table) -> set[str]:
        """The names of a table's fields in this generation; those of the key if there is no document."""
        for name in self.hashes_of(table):
            async for field, document in self._client.hscan_iter(name, count=10):
                if field not in OWN:
                    return set(_plain(document))
        return set(table.key)

    @asynccontextmanager
    async def plain_rows(self, tables: Sequence[Table]) -> AsyncIterator[tuple[Positions, Iterator[PlainRow]]]:
        """The documents of some tables, written by any code, as names and values."""
        wanted = {table.name: table for table in tables}
        async with self.documents() as (positions, found):
            documents = ((segment, wanted[of.name], document) for segment, of, document in found if of.name in wanted)
            yield positions, ((segment, table, _plain(document)) for segment, table, document in documents)

    async def forget(self, segment: int) -> None:
        """Delete a segment, with its checkpoint."""
        await self._client.unlink(*self._hashes[segment])

    async def write_segment(self, segment: int, rows: Iterable[KeyedRow]) -> int:
        """Replace all documents of a segment that was claimed; its checkpoint is BEGUN until `save`."""
        await write_segment(
            self._client,
            self._settings,
            self._projection,
            generation=self._served.generation,
            segment=segment,
            epoch=self.epochs[segment],
            rows=rows,
        )
        return BEGUN

    async def create(self) -> None:
        """Delete what is left of a campus of the same name whose PostgreSQL was replaced."""
        await self.drop()

    async def index(self) -> None:
        """Do nothing: documents are found by their field."""

    async def drop(self) -> None:
        """Delete this generation."""
        await self._client.unlink(*(name for hashes in self._hashes for name in hashes))

    async def sweep(self, known: Callable[[], Awaitable[Collection[int]]]) -> list[str]:
        """Delete all keys under the read model's name that are neither the pointer nor of a generation."""
        pointer = live_key(self._settings, self._projection.name)
        prefix = pointer.removesuffix("live")
        found = [key.decode() async for key in self._client.scan_iter(match=f"{prefix}*", count=1_000)]
        numbers = await known()
        left = [key for key in found if key != pointer and not _is_of_one(key.removeprefix(prefix), numbers)]
        if left:
            await self._client.unlink(*left)
        return left

    async def size(self) -> int:
        """Bytes of memory, estimated from some documents of each hash."""
        sizes = [await self._client.memory_usage(name, SAMPLES) for hashes in self._hashes for name in hashes]
        return sum(size or 0 for size in sizes)

    async def point_readers(self, deadline: float | None = None) -> None:
        """Do nothing: a rollback of PostgreSQL would not undo a change in Valkey."""

    async def publish_live(self) -> None:
        """Set the key by which readers find the live generation."""
        await self._client.set(live_key(self._settings, self._projection.name), self._served.stored())

    async def detach_readers(self) -> None:
        """Do nothing: readers ask for the live generation with every look-up."""

    async def keys_with(self, table: Table, values: Mapping[str, str], segment: int) -> set[RowKey]:  # noqa: ARG002
        """No keys: documents have no index."""
        return set()


def _is_of_one(place: str, generations: Collection[int]) -> bool:
    """Whether a key, without the read model's name, is that of a hash of one of these generations."""
    match place.split(":"):
        case [generation, segment, _] if generation.isdecimal() and segment.isdecimal():
            return int(generation) in generations
    return False


def _by_table(keys: Iterable[RowKey]) -> dict[Table, list[RowKey]]:
    groups: dict[Table, list[RowKey]] = {}
    for key in keys:
        groups.setdefault(key.table, []).append(key)
    return groups
