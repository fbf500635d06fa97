"""
One document of a read model in Valkey: looked up in its live generation, with the position for which it is true.

If the read model has rows that are joined with documents (`beside`), the reader keeps those of each segment. How often
such rows were written stands beside the checkpoint, so every look-up says whether others are there by now.

Look-ups that arrive while a round trip is under way go as one. The reader refuses to answer (`Unreachable`) while
Valkey is away, has lost its data, or is getting them back: then its checkpoint is lower than one that was served
before, and adapters/documents.py folds the document from the log.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.batcher import Batcher
from adapters.settings import Settings
from adapters.valkey.keys import BESIDE, OWN, POSITION, Served, hash_key, live_key
from projections.engine.distribution import owner_of, partitioned_tables, segment_of_key
from projections.engine.projection import Projection

LARGEST_LOOKUP = 256  # documents in one round trip
RETRY_VALKEY = 0.5  # seconds between attempts while it is away
LOOKUP_TIMEOUT = 1.0  # seconds; a document is there in a millisecond, or folded from the log

logger = structlog.get_logger()


Beside = Mapping[str, Mapping[str, Sequence[Any]]]
"""Rows that are joined with documents, by the name of their table and the first field of their key."""


class DocumentAnswer(NamedTuple):
    """The JSON text of a document, None if there is none; for which position it is true; what is joined with it."""

    body: bytes | None
    position: int
    beside: Beside = MappingProxyType({})


class Kept(NamedTuple):
    """The rows of one segment that are joined with its documents, and how often such were written by then."""

    number: bytes | None = None
    rows: Beside = MappingProxyType({})


NONE_KEPT = Kept()


class Unreachable(Exception):
    """Valkey does not answer, or does not have what it once had."""


class DocumentReader:
    """Looks up live documents of the first table of *projection*, by their key."""

    def __init__(self, client: Redis, settings: Settings, projection: Projection) -> None:
        self._client: Any = client
        self._live_key = live_key(settings, projection.name)
        self._hash = partial(hash_key, settings, projection.name, table=projection.tables[0].name)
        self._beside = projection.beside
        self._kept: dict[int, Kept] = {}  # by segment
        self._beside_hash = partial(hash_key, settings, projection.name)
        self._columns = partitioned_tables(projection).get(projection.tables[0])
        self._served: Served | None = None
        self._highest: dict[int, int] = {}  # by segment, the highest position that was ever served
        self._retry_at = 0.0
        self._batcher: Batcher[str, DocumentAnswer] = Batcher(self._look_up, LARGEST_LOOKUP)

    def get(self, key: str) -> Awaitable[DocumentAnswer]:
        """
        Look one document up; a coroutine of its own would cost more than the rest of this.

        Raises:
            Unreachable: fold the document from the log instead.
        """
        if self._retry_at and time.monotonic() < self._retry_at:
            raise Unreachable
        return self._batcher.submit(key)

    def know_head(self, head: int) -> None:
        """Forget what was served above the *head* of the log, which has gone back."""
        if any(position > head for position in self._highest.values()):
            self._highest, self._kept = {}, {}

    async def position(self) -> int:
        """The lowest checkpoint of all segments; raises Unreachable as `get` does."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                same = False
                while not same:
                    found, same = await self._fields({segment: [] for segment in range(self._segments)})
        except (RedisError, OSError, TimeoutError) as error:
            raise Unreachable from error
        if self._served is None:
            raise Unreachable
        return min(int(fields[0] or 0) for fields in found.values())

    @property
    def _segments(self) -> int:
        return self._served.segments if self._served else 1

    async def _look_up(self, keys: Sequence[str]) -> list[DocumentAnswer | Exception]:
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                found, segments = await self._documents(keys)
        except (RedisError, OSError, TimeoutError) as error:
            if not self._retry_at:
                logger.warning("valkey.unreachable", error=f"{type(error).__name__}: {error}")
            self._retry_at = time.monotonic() + RETRY_VALKEY
            raise Unreachable from error
        self._retry_at = 0.0
        return [self._found(found[segment], segment) for segment in segments]

    def _found(self, fields: list[bytes | None], segment: int) -> DocumentAnswer | Exception:
        """The next document of a segment, whose fields begin with its checkpoint."""
        position = int(fields[0] or 0)
        if position < self._highest.get(segment, 0) or self._served is None:
            self._kept.pop(segment, None)
            return Unreachable()
        self._highest[segment] = position
        return DocumentAnswer(fields.pop(1), position, self._kept.get(segment, NONE_KEPT).rows)

    async def _documents(self, keys: Sequence[str]) -> tuple[dict[int, list[bytes | None]], list[int]]:
        """What each segment has of *keys*, in their order, and the segment of each key."""
        while True:
            segments = [segment_of_key(owner_of(self._columns, key), self._segments) for key in keys]
            wanted: dict[int, list[str]] = {}
            for key, segment in zip(keys, segments, strict=True):
                wanted.setdefault(segment, []).append(key)
            found, same = await self._fields(wanted)
            if same:
                return found, segments

    async def _fields(self, wanted: Mapping[int, list[str]]) -> tuple[dict[int, list[bytes | None]], bool]:
        """The checkpoint and these fields of each segment of the live generation; no if another is live by now."""
        before = self._served
        pipeline = self._client.pipeline(transaction=False)
        async with pipeline:
            pipeline.get(self._live_key)
            for segment, keys in wanted.items():
                name = self._hash(generation=before.generation if before else 0, segment=segment)
                pipeline.hmget(name, [POSITION, BESIDE, *keys])
            live, *found = await pipeline.execute()
        self._served = Served.parsed(live)
        if self._served != before:
            self._highest, self._kept = {}, {}
        for segment, fields in zip(wanted, found, strict=True):
            if (number := fields.pop(1)) != self._kept.get(segment, NONE_KEPT).number and self._beside:
                await self._keep_beside(segment, number)
        return dict(zip(wanted, found, strict=True)), self._served == before

    async def _keep_beside(self, segment: int, number: bytes | None) -> None:
        generation = self._served.generation if self._served else 0
        kept: dict[str, dict[str, list[Any]]] = {}
        for table in self._beside:
            found = await self._client.hgetall(
                self._beside_hash(generation=generation, segment=segment, table=table.name)
            )
            rows = kept[table.name] = {}
            for field, text in found.items():
                if field not in OWN:
                    row = msgspec.json.decode(text, type=table.row)
                    rows.setdefault(getattr(row, table.key[0]), []).append(row)
        self._kept[segment] = Kept(number, kept)
