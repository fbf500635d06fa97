"""
Read models in Valkey: one hash for each table, one JSON document for each row, and the checkpoint among them.

The field `@position` of the first table's hash is the checkpoint, so one HMGET answers with a document and the
position for which it is true. Documents and checkpoint change in one atomic step, which first checks that the
checkpoint is where this writer left it. Where it is gone (FLUSHALL), the writer begins again with empty hashes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from adapters.settings import Settings
from projections.base import Projection, RowKey, Rows, Table
from projections.fold import Fenced, Loaded, Refused

POSITION = "@position"
HEALED = "@healed"

# KEYS  the hashes, that of the first table first
# ARGV  the checkpoint as it must be, as it will be, id of the healed parked key or '', then for each hash the number of
#       values that follow for it: field, document, field, document, …
# Answers 1, or 0 where the checkpoint is another.
SAVE = """
local position = redis.call('HGET', KEYS[1], '@position') or '0'
if position ~= ARGV[1] then return 0 end
local at = 4
for _, key in ipairs(KEYS) do
    local last = at + tonumber(ARGV[at])
    at = at + 1
    while at <= last do
        local stop = math.min(at + 999, last)
        redis.call('HSET', key, unpack(ARGV, at, stop))
        at = stop + 1
    end
end
redis.call('HSET', KEYS[1], '@position', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], '@healed', ARGV[3]) end
return 1
"""

# KEYS  the hashes, that of the first table first
# Answers the checkpoint; where there is none, what documents there are cannot be counted upon, and are deleted.
POSITION_OR_NOTHING = """
local position = redis.call('HGET', KEYS[1], '@position')
if not position then redis.call('UNLINK', unpack(KEYS)) end
return position or '0'
"""

_encode = msgspec.json.Encoder().encode


def live_key(settings: Settings, projection: str) -> str:
    """The key that says which generation is served."""
    return f"{settings.name}:{projection}:live"


def hash_key(settings: Settings, projection: str, generation: int, table: str) -> str:
    """The hash that holds a table of a generation."""
    return f"{settings.name}:{projection}:{generation}:{table}"


def field_of(key: Sequence[str | int]) -> str:
    """The field of a row: the parts of its key, joined by colons, which no id contains."""
    return ":".join(map(str, key))


class ValkeyStore:
    """One generation of a projection in Valkey."""

    def __init__(self, client: Redis, settings: Settings, projection: Projection, generation: int) -> None:
        self._client: Any = client
        self._tables = projection.tables
        self._hashes = [hash_key(settings, projection.name, generation, table.name) for table in self._tables]
        self._hash_of = dict(zip((table.name for table in self._tables), self._hashes, strict=True))
        self._decoders = {table.name: msgspec.json.Decoder(table.row).decode for table in self._tables}
        self._save = client.register_script(SAVE)
        self._position = client.register_script(POSITION_OR_NOTHING)

    async def position(self) -> int:
        """The checkpoint; where there is none 0, and nothing else either."""
        return int(await self._position(keys=self._hashes))

    async def healed(self) -> int | None:
        """Id of the parked key that was made good last."""
        found = await self._client.hget(self._hashes[0], HEALED)
        return None if found is None else int(found)

    async def load(self, keys: Iterable[RowKey]) -> Loaded:
        """Those of the rows that exist."""
        loaded: Loaded = {}
        for table, wanted in _by_table(keys):
            documents = await self._client.hmget(self._hash_of[table.name], [field_of(key.key) for key in wanted])
            decode = self._decoders[table.name]
            for key, document in zip(wanted, documents, strict=True):
                if document is not None:
                    loaded[key] = decode(document)
        return loaded

    async def save(self, rows: Rows, *, before: int, after: int, healed: int | None = None) -> None:
        """Write the changed rows and move the checkpoint, in one atomic step."""
        arguments: list[Any] = [before, after, "" if healed is None else healed]
        changed = dict(_by_table(rows.changed))
        for table in self._tables:
            keys = changed.get(table, [])
            arguments.append(2 * len(keys))
            for key in keys:
                arguments += field_of(key.key), _encode(rows.rows[key])
        try:
            saved = await self._save(keys=self._hashes, args=arguments)
        except ResponseError as error:
            raise Refused(str(error)) from error
        if not saved:
            raise Fenced

    async def snapshot(self) -> tuple[int, Iterator[tuple[Table, msgspec.Struct]]]:
        """The checkpoint and all rows as they are at one moment."""
        async with self._client.pipeline(transaction=True) as pipeline:
            for name in self._hashes:
                pipeline.hgetall(name)
            found = await pipeline.execute()
        position = int(found[0].pop(POSITION.encode(), 0))
        found[0].pop(HEALED.encode(), None)
        return position, self._decoded(found)

    def _decoded(self, documents: list[dict[bytes, bytes]]) -> Iterator[tuple[Table, msgspec.Struct]]:
        for table, of_table in zip(self._tables, documents, strict=True):
            decode = self._decoders[table.name]
            while of_table:  # each goes as soon as it is read, for there may be many
                yield table, decode(of_table.popitem()[1])

    async def go_live(self, live: str, generation: int) -> None:
        """Serve this generation from now on."""
        await self._client.set(live, generation)

    async def drop(self) -> None:
        """Delete this generation."""
        await self._client.unlink(*self._hashes)


def _by_table(keys: Iterable[RowKey]) -> Iterator[tuple[Table, list[RowKey]]]:
    name = attrgetter("table.name")
    for _, group in groupby(sorted(keys, key=name), key=name):
        wanted = list(group)
        yield wanted[0].table, wanted
