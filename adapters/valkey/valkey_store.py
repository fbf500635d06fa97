"""
Read models in Valkey: one hash for each table and segment, one JSON document for each row, the checkpoint among them.

The field `@position` of the hash of a segment's first table is its checkpoint, so one HMGET answers with a document and
the position for which it is true. Documents and checkpoints change in one atomic step, which first checks that each
checkpoint is where this writer left it and that nobody has taken the segment over in a later epoch. Where a checkpoint
is gone (FLUSHALL), the writer begins again with empty hashes.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from adapters.settings import Settings
from adapters.spool import Spool
from adapters.valkey.fields import COUNT_FIELDS, HEALED, OWN, POSITION
from adapters.valkey.scan import Scan
from projections.engine.live import Batch, FactCounts, Fenced, Loaded, Needed, RowRejected, RowSnapshot, encoded
from projections.engine.projection import Projection, RowKey, Table, key_values

# KEYS  the hashes of each segment that moves, one segment after the other, that of the first table first
# ARGV  a `_Plan` as MessagePack, for every argument has its price; then all fields and documents: field, document,
#       field, document, …; then all fields to delete
# Answers 1, or 0 where a checkpoint is another, or a segment has a later epoch.
SAVE = """
local plan = cmsgpack.unpack(ARGV[1])
local epochs = {}
for s, now in ipairs(plan.moves) do
    local found = redis.call('HMGET', KEYS[(s - 1) * plan.tables + 1], '@position', '@epoch')
    epochs[s] = tonumber(found[2] or '0')
    if (found[1] or '0') ~= plan.before or epochs[s] > now[1] then return 0 end
end
local at = 2
for number, key in ipairs(KEYS) do
    local last = at + plan.written[number] - 1
    while at <= last do
        local stop = math.min(at + 999, last)
        redis.call('HSET', key, unpack(ARGV, at, stop))
        at = stop + 1
    end
end
for number, fields in ipairs(plan.deleted) do
    for field = at, at + fields - 1 do redis.call('HDEL', KEYS[number], ARGV[field]) end
    at = at + fields
end
local names = {'@applied', '@ignored', '@parked', '@skipped'}
for s, now in ipairs(plan.moves) do
    local key = KEYS[(s - 1) * plan.tables + 1]
    redis.call('HSET', key, '@position', plan.after)
    if plan.before == plan.after then redis.call('HINCRBY', key, '@redone', 1) end
    if epochs[s] ~= now[1] then redis.call('HSET', key, '@epoch', string.format('%.0f', now[1])) end
    for number, name in ipairs(names) do
        if now[number + 1] ~= 0 then redis.call('HINCRBY', key, name, now[number + 1]) end
    end
    if plan.healed ~= '' then redis.call('HSET', key, '@healed', plan.healed) end
end
return 1
"""

# KEYS  the hashes of a segment, that of the first table first
# ARGV  the new epoch
# Answers the checkpoint, and the epoch: a later one stays. Where there is no checkpoint, what documents there are
# cannot be counted upon, and are deleted.
CLAIM = """
local found = redis.call('HMGET', KEYS[1], '@position', '@epoch')
local epoch = found[2] or '0'
if tonumber(epoch) <= tonumber(ARGV[1]) then
    epoch = ARGV[1]
    if not found[1] then redis.call('UNLINK', unpack(KEYS)) end
    redis.call('HSET', KEYS[1], '@epoch', epoch)
end
return {found[1] or '0', epoch}
"""

_pack = msgspec.msgpack.Encoder().encode
_plain = msgspec.json.Decoder(dict[str, Any]).decode


class Overtaken(Fenced):
    """Valkey knows a later epoch of a segment: that of the next owner, or of a PostgreSQL that was put back since."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch}")
        self.epoch = epoch


class Served(NamedTuple):
    """The generation that readers look at, and into how many segments it is divided."""

    generation: int
    segments: int

    def stored(self) -> str:
        """As it stands in Valkey."""
        return f"{self.generation}/{self.segments}"

    @classmethod
    def parsed(cls, stored: bytes | None) -> "Served | None":
        """From what stands in Valkey."""
        return None if stored is None else cls(*map(int, stored.split(b"/")))


class _Plan(msgspec.Struct):
    """
    What `SAVE` does.

    Attributes:
        tables: how many there are.
        before: the checkpoint as it must be; `after` as it will be.
        healed: id of the parked key that is made good, or nothing.
        moves: of each segment the epoch, and what to add to its four counts.
        written: how many values follow for each hash.
        deleted: how many fields of each hash to delete; empty if there are none at all.
    """

    tables: int
    before: str
    after: str
    healed: str
    moves: list[tuple[int, int, int, int, int]]
    written: list[int] = []
    deleted: list[int] = []


def live_key(settings: Settings, projection: str) -> str:
    """The key that says which generation is served."""
    return f"{settings.name}:{projection}:live"


def hash_key(settings: Settings, projection: str, generation: int, segment: int, table: str) -> str:
    """The hash that holds a segment of a table of a generation."""
    return f"{settings.name}:{projection}:{generation}:{segment}:{table}"


def field_of(key: Sequence[str | int]) -> str:
    """The field of a row: the parts of its key, joined by colons, which no id contains."""
    return ":".join(map(str, key))


class ValkeyStore:
    """
    One generation of a projection in Valkey.

    Attributes:
        epochs: of the segments that may be written here, by segment; see adapters/postgres/store/ownership.py.
    """

    def __init__(
        self, client: Redis, settings: Settings, projection: Projection, generation: int, segments: int
    ) -> None:
        self.epochs: dict[int, int] = {}
        self._client: Any = client
        self._tables = projection.tables
        self._hashes = [
            [hash_key(settings, projection.name, generation, segment, table.name) for table in self._tables]
            for segment in range(segments)
        ]
        self._number = {table.name: number for number, table in enumerate(self._tables)}
        self._decoders = {table.name: msgspec.json.Decoder(table.row).decode for table in self._tables}
        self._save = client.register_script(SAVE)
        self._claim = client.register_script(CLAIM)

    def hashes_of(self, table: Table) -> list[str]:
        """The hashes that hold a table, one for each segment."""
        return [hashes[self._number[table.name]] for hashes in self._hashes]

    async def positions(self) -> dict[int, int]:
        """The checkpoint of each segment; 0 where there is none."""
        return {segment: int(found[0] or 0) for segment, found in (await self._own_fields([POSITION])).items()}

    async def accounts(self) -> dict[int, tuple[int, FactCounts]]:
        """The checkpoint of each segment, and what has become of the facts up to there."""
        found = await self._own_fields([POSITION, *COUNT_FIELDS])
        return {
            segment: (int(position or 0), FactCounts(*(int(count or 0) for count in values)))
            for segment, (position, *values) in found.items()
        }

    async def healed(self) -> list[int]:
        """Ids of the parked keys that were made good last."""
        return [int(found[0]) for found in (await self._own_fields([HEALED])).values() if found[0] is not None]

    async def _own_fields(self, fields: list[str]) -> dict[int, list[bytes | None]]:
        async with self._client.pipeline(transaction=True) as pipeline:
            for hashes in self._hashes:
                pipeline.hmget(hashes[0], fields)
            return dict(enumerate(await pipeline.execute()))

    async def claim(self, segment: int, epoch: int) -> int:
        """
        Write a segment from now on, in this epoch; returns its checkpoint, and deletes what has none.

        Raises:
            Overtaken: it is in a later epoch.
        """
        position, in_force = map(int, await self._claim(keys=self._hashes[segment], args=[epoch]))
        if in_force != epoch:
            raise Overtaken(in_force)
        self.epochs[segment] = epoch
        return position

    async def note_ignored(self, segment: int, facts: int) -> None:
        """Say how many facts of a segment the projection does not read, up to its checkpoint."""
        await self._client.hset(self._hashes[segment][0], "@ignored", facts)

    async def load(self, keys: Needed) -> Loaded:
        """Those of the rows that exist, with one round trip."""
        async with self._client.pipeline(transaction=False) as pipeline:
            wanted = self._ask(pipeline, keys)
            return self._answered(keys, wanted, await pipeline.execute())

    async def look(self, keys: Needed) -> RowSnapshot:
        """Some rows and the checkpoints as they are at one moment."""
        async with self._client.pipeline(transaction=True) as pipeline:
            for hashes in self._hashes:
                pipeline.hmget(hashes[0], [POSITION, HEALED])
            wanted = self._ask(pipeline, keys)
            found = await pipeline.execute()
        own, documents = found[: len(self._hashes)], found[len(self._hashes) :]
        positions = {segment: int(fields[0] or 0) for segment, fields in enumerate(own)}
        healed = [int(fields[1]) for fields in own if fields[1] is not None]
        return RowSnapshot(positions, self._answered(keys, wanted, documents), healed)

    def _ask(self, pipeline: Any, keys: Needed) -> list[tuple[int, Table, list[RowKey]]]:
        wanted = [(segment, *group) for segment, of in keys.items() for group in _by_table(of).items()]
        for segment, table, group in wanted:
            pipeline.hmget(self._hashes[segment][self._number[table.name]], [field_of(key.key) for key in group])
        return wanted

    def _answered(self, keys: Needed, wanted: list[tuple[int, Table, list[RowKey]]], found: list[Any]) -> Loaded:
        loaded: Loaded = {segment: {} for segment in keys}
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
            raise RowRejected(str(error)) from error
        if not saved:
            raise Fenced

    def _plan(self, batch: Batch) -> _Plan:
        """What is to be saved, but for the rows."""
        moves = [
            (self.epochs[segment], account.applied, account.ignored, account.parked, account.skipped)
            for segment, account in batch.accounts.items()
        ]
        healed = "" if batch.healed is None else str(batch.healed)
        return _Plan(len(self._tables), str(batch.before), str(batch.after), healed, moves)

    def _add_documents(self, batch: Batch, segment: int, arguments: list[Any]) -> Iterator[int]:
        """Add the changed rows of a segment, and say for each table how many values these are."""
        rows = batch.rows.get(segment)
        changed = _by_table(rows.changed) if rows else {}
        for table in self._tables:
            keys = changed.get(table, [])
            for key in keys:
                arguments += field_of(key.key), encoded(key, rows.rows[key])  # type: ignore[union-attr]
            yield 2 * len(keys)

    def _add_deleted(self, batch: Batch, segment: int, arguments: list[Any]) -> Iterator[int]:
        """Add the fields to delete of a segment, and say for each table how many these are."""
        deleted = _by_table(batch.deleted.get(segment, ()))
        for table in self._tables:
            keys = deleted.get(table, [])
            arguments += [field_of(key.key) for key in keys]
            yield len(keys)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[dict[int, int], Iterator[tuple[int, RowKey, msgspec.Struct]]]]:
        """The checkpoints and all rows, each with its segment; see `documents`."""
        async with self.documents() as (positions, documents):
            yield positions, self._decoded(documents)

    @asynccontextmanager
    async def documents(self) -> AsyncIterator[tuple[dict[int, int], Iterator[tuple[int, Table, bytes]]]]:
        """
        The checkpoints and all documents, each with its segment.

        Those of a segment are as they are at one moment, that of its checkpoint; the segments of a generation that is
        followed meanwhile are at different positions. Whoever compares rows with the log folds each segment up to its
        own: a row, or a part of one, is made of facts of one segment.
        """
        with Spool() as spool:
            positions = {
                segment: await Scan(self._client, segment, hashes, spool).run()
                for segment, hashes in enumerate(self._hashes)
            }
            yield positions, ((segment, self._tables[table], found) for segment, table, found in spool.documents())

    def _decoded(self, documents: Iterator[tuple[int, Table, bytes]]) -> Iterator[tuple[int, RowKey, msgspec.Struct]]:
        for segment, table, document in documents:
            row = self._decoders[table.name](document)
            yield segment, RowKey(table, key_values(table, row)), row

    async def fields_of(self, table: Table) -> set[str]:
        """The names of a table's fields as this generation has them; those of the key if it has no document of it."""
        for name in self.hashes_of(table):
            async for field, document in self._client.hscan_iter(name, count=10):
                if field not in OWN:
                    return set(_plain(document))
        return set(table.key)

    @asynccontextmanager
    async def plain_rows(
        self, tables: Sequence[Table]
    ) -> AsyncIterator[tuple[dict[int, int], Iterator[tuple[int, Table, dict[str, Any]]]]]:
        """The documents of some tables that older or newer code has written, as names and values."""
        wanted = {table.name: table for table in tables}
        async with self.documents() as (positions, found):
            documents = ((segment, wanted[of.name], document) for segment, of, document in found if of.name in wanted)
            yield positions, ((segment, table, _plain(document)) for segment, table, document in documents)

    async def forget(self, segment: int) -> None:
        """Delete a segment, with its checkpoint."""
        await self._client.unlink(*self._hashes[segment])

    async def drop(self) -> None:
        """Delete this generation."""
        await self._client.unlink(*(name for hashes in self._hashes for name in hashes))


def _by_table(keys: Iterable[RowKey]) -> dict[Table, list[RowKey]]:
    groups: dict[Table, list[RowKey]] = {}
    for key in keys:
        groups.setdefault(key.table, []).append(key)
    return groups


async def serve(client: Redis, settings: Settings, projection: str, served: Served) -> None:
    """Have readers look at this generation from now on."""
    await client.set(live_key(settings, projection), served.stored())
