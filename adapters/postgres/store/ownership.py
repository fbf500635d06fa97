"""
Which session owns which segment of a generation.

The owner is the session that holds the segment's advisory lock, so a process that dies or loses its connection gives
its segments up. Every new owner raises the segment's epoch; writes of an earlier owner are refused, also before that
process notices that it has lost the lock.

Each session that wants segments also holds a shared lock on the generation. All of them see in `pg_locks` how many they
are, and their own place among them, and so what their fair share is.
"""

import os
import socket
from collections.abc import Iterable
from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.ops.lease import release, try_acquire, try_acquire_shared
from adapters.settings import Settings

RAISE_EPOCH = """
UPDATE segments SET epoch = greatest(epoch, %s) + 1, owner = %s
 WHERE projection = %s AND generation = %s AND segment = %s RETURNING epoch
"""
FORGET_OWNER = """
UPDATE segments SET owner = NULL
 WHERE projection = %s AND generation = %s AND segment = %s AND epoch = %s
"""
FENCE = """
UPDATE segments SET epoch = greatest(epoch, %s) + 1, owner = NULL
 WHERE projection = %s AND generation = %s AND segment = %s RETURNING epoch
"""
GROUP_SIZE = """
SELECT count(*), count(*) FILTER (WHERE pid < pg_backend_pid()) FROM pg_locks
 WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted AND objsubid = 1
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
"""


class Claim(NamedTuple):
    """A segment that this session owns, and its epoch."""

    segment: int
    epoch: int


class Ownership:
    """The segments of one generation that the session of *connection* owns."""

    def __init__(self, connection: Connection, settings: Settings, projection: str, generation: int) -> None:
        self._connection = connection
        self._settings = settings
        self._projection = projection
        self._generation = generation
        self._epochs: dict[int, int] = {}
        self._joined = False

    @property
    def owned(self) -> tuple[int, ...]:
        """The owned segments, in order."""
        return tuple(sorted(self._epochs))

    async def take(self, segments: Iterable[int], most: int) -> list[Claim]:
        """Own those of *segments* that are free, until *most* are owned; none during a promotion."""
        if len(self._epochs) >= most:
            return []
        switch = switching(self._projection)
        if not await try_acquire_shared(self._connection, self._settings, switch):
            return []
        try:
            return [held for segment in segments if (held := await self._take(segment, most)) is not None]
        finally:
            await release(self._connection, self._settings, switch, shared=True)

    async def _take(self, segment: int, most: int) -> Claim | None:
        if segment in self._epochs or len(self._epochs) >= most:
            return None
        if not await try_acquire(self._connection, self._settings, self._lock(segment)):
            return None
        return Claim(segment, await self.raise_epoch(segment))

    async def give_up(self, segment: int) -> None:
        """Give up a segment."""
        epoch = self._epochs.pop(segment)
        await self._connection.execute(FORGET_OWNER, (self._projection, self._generation, segment, epoch))
        await release(self._connection, self._settings, self._lock(segment))

    async def fair_share(self, segments: int) -> int:
        """
        This session's share of *segments*; the shares of all sessions that want segments add up to all.

        With more sessions than segments, each has a share of one, so that a waiting session takes over at once.
        """
        if not self._joined:
            self._joined = await try_acquire_shared(self._connection, self._settings, self._group_lock)
        work = f"{self._settings.schema_name} {self._group_lock}"
        row = await (await self._connection.execute(GROUP_SIZE, [work])).fetchone()
        members, before = map(int, row or (1, 0))
        share, left_over = divmod(segments, members)
        return max(1, share + (before < left_over))

    async def leave(self) -> None:
        """Give up all segments and the share."""
        for segment in self.owned:
            await self.give_up(segment)
        if self._joined:
            await release(self._connection, self._settings, self._group_lock, shared=True)
            self._joined = False

    async def raise_epoch(self, segment: int, above: int = 0) -> int:
        """Begin the next epoch of an owned segment, one that is greater than *above*; returns it."""
        owner = f"{socket.gethostname()}:{os.getpid()}"
        parameters = (above, owner, self._projection, self._generation, segment)
        row = await (await self._connection.execute(RAISE_EPOCH, parameters)).fetchone()
        if row is None:
            raise LookupError(f"generation {self._generation} of {self._projection} was dropped")
        self._epochs[segment] = row[0]
        return int(row[0])

    @property
    def _group_lock(self) -> str:
        return f"projection {self._projection} generation {self._generation}"

    def _lock(self, segment: int) -> str:
        return f"{self._group_lock} segment {segment}"


def switching(projection: str) -> str:
    """The lock that a promotion holds; no segment is taken meanwhile."""
    return f"switch {projection}"


async def fence(connection: Connection, projection: str, generation: int, segment: int, above: int = 0) -> int:
    """Raise the epoch of a segment, to one greater than *above*, so that its owner can write no more; returns it."""
    # One segment at a time: an owner locks several rows in one statement, and the two could deadlock.
    row = await (await connection.execute(FENCE, (above, projection, generation, segment))).fetchone()
    if row is None:
        raise LookupError(f"generation {generation} of {projection} was dropped")
    return int(row[0])
