"""The lock that lets one process at a time build, compare, promote or drop generations of a read model."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.postgres.connection import Connection
from adapters.postgres.ops.lease import is_taken, release, try_acquire
from adapters.postgres.ops.rebuild_locks import RebuildLock, latest_holder, lock_of, note_holder
from adapters.settings import Settings

UNKNOWN = RebuildLock("rebuild", "another host", 0, "now")  # a holder that has not noted its name yet


class RebuildError(Exception):
    """A rebuild, a promotion or a comparison cannot be done; the message is a sentence."""


class RebuildInProgress(RebuildError):
    """Another process holds the lock of this read model."""

    def __init__(self, projection: str, theirs: RebuildLock) -> None:
        super().__init__(
            f"{projection} is busy with a {theirs.what} by process {theirs.pid} on {theirs.host}, since {theirs.since}"
            " UTC: retry when it has ended, or end that process"
        )


@asynccontextmanager
async def rebuild_lock(
    connection: Connection, settings: Settings, projections: Sequence[str], what: str
) -> AsyncIterator[None]:
    """
    Hold the locks of *projections* until the block ends or the connection breaks.

    Raises:
        RebuildInProgress: another process holds one of them.
    """
    taken: list[str] = []
    try:
        for name in projections:
            if not await try_acquire(connection, settings, lock_of(name)):
                raise await _taken(connection, name)
            taken.append(name)
            await note_holder(connection, name, what)
        yield
    finally:
        if not connection.closed and not connection.broken:
            for name in taken:
                await release(connection, settings, lock_of(name))


async def lock_holder(connection: Connection, settings: Settings, projection: str) -> RebuildInProgress | None:
    """The process that holds the lock of a projection; None if it is free."""
    return await _taken(connection, projection) if await is_taken(connection, settings, lock_of(projection)) else None


async def _taken(connection: Connection, projection: str) -> RebuildInProgress:
    return RebuildInProgress(projection, await latest_holder(connection, projection) or UNKNOWN)
