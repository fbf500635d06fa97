"""
Reads all documents of a generation in Valkey, segment by segment and some at a time, so that other clients do not wait.

Every step that changes documents moves the checkpoint of their segment, or `@redone` beside it. If both are the same at
the end as at the start, the documents are those of one moment, that of the checkpoint. If not, the segment is scanned
again; after some attempts a segment that is written all the time is read in one step.
"""

from typing import Any

from redis.asyncio import Redis

from adapters.spill import Spool
from adapters.valkey.keys import OWN, POSITION, REDONE

SCANNED = 1_000  # documents in one answer, about
ATTEMPTS = 3

ScanState = tuple[bytes | None, bytes | None]
"""Checkpoint and `@redone`: one of them moves whenever documents of the segment change."""


class SegmentScan:
    """
    The scan of one segment.

    Args:
        hashes: those of the segment, that of the first table first.
        spool: receives the documents.
    """

    def __init__(self, client: Redis, segment: int, hashes: list[str], spool: Spool) -> None:
        self._client: Any = client
        self._segment = segment
        self._hashes = hashes
        self._spool = spool

    async def run(self) -> int:
        """Read all documents as they are at one moment; returns the checkpoint of that moment, 0 if there is none."""
        mark = self._spool.mark()
        for _ in range(ATTEMPTS):
            state: ScanState = tuple(await self._client.hmget(self._hashes[0], POSITION, REDONE))
            if int(state[0] or 0) <= 0:  # a change of documents would not show
                break
            if await self._is_scanned(state):
                return int(state[0] or 0)
            self._spool.cut(mark)
        return await self._at_once()

    async def _is_scanned(self, state: ScanState) -> bool:
        """Read documents while the segment is in *state*; returns whether it was to the end."""
        for table, name in enumerate(self._hashes):
            seen: set[bytes] = set()  # HSCAN may return a field twice when the hash is resized
            cursor, first = 0, True
            while cursor or first:
                async with self._client.pipeline(transaction=False) as pipeline:
                    pipeline.hscan(name, cursor, count=SCANNED)
                    pipeline.hmget(self._hashes[0], POSITION, REDONE)
                    (cursor, found), after = await pipeline.execute()
                if tuple(after) != state:
                    return False
                first = False
                self._take(table, {field: found[field] for field in found.keys() - seen})
                seen.update(found)
        return True

    async def _at_once(self) -> int:
        async with self._client.pipeline(transaction=True) as pipeline:
            for name in self._hashes:
                pipeline.hgetall(name)
            found = await pipeline.execute()
        for table, documents in enumerate(found):
            self._take(table, documents)
        return int(found[0].get(POSITION.encode(), 0))

    def _take(self, table: int, documents: dict[bytes, bytes]) -> None:
        for field, document in documents.items():
            if field not in OWN:
                self._spool.add(self._segment, table, document)
