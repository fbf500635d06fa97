"""
One rebuild, promotion or rollback of a read model at a time; who comes second is told who was first.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.postgres.connection import Connection
from adapters.postgres.ops.lease import is_taken, release, try_acquire
from adapters.postgres.ops.rebuild_locks import RebuildLock, latest_holder, note_holder
from adapters.settings import Settings

UNKNOWN = RebuildLock("rebuild", "another host", 0, "now")  # of one that has only just taken the lock


class RebuildError(Exception):
    """A rebuild or a switch that cannot be done, as a sentence."""


class RebuildInProgress(RebuildError):
    """Somebody else builds or switches generations of this read model."""

    def __init__(self, projection: str, theirs: RebuildLock) -> None:
        super().__init__(
            f"{projection} is busy with a {theirs.what} by process {theirs.pid} on {theirs.host}, since {theirs.since}"
            " UTC: wait for its end"
        )


@asynccontextmanager
async def rebuild_lock(
    connection: Connection, settings: Settings, projections: Sequence[str], what: str
) -> AsyncIterator[None]:
    """
    Be the only one who builds or switches *projections*, until the block ends or the connection breaks.

    Raises:
        TurnTaken: somebody else is.
    """
    taken: list[str] = []
    try:
        for name in projections:
            if not await try_acquire(connection, settings, _lock(name)):
                raise await _taken(connection, name)
            taken.append(name)
            await note_holder(connection, name, what)
        yield
    finally:
        if not connection.closed and not connection.broken:
            for name in taken:
                await release(connection, settings, _lock(name))


async def lock_holder(connection: Connection, settings: Settings, projection: str) -> RebuildInProgress | None:
    """Who builds or switches a projection just now, if anybody."""
    return await _taken(connection, projection) if await is_taken(connection, settings, _lock(projection)) else None


async def _taken(connection: Connection, projection: str) -> RebuildInProgress:
    return RebuildInProgress(projection, await latest_holder(connection, projection) or UNKNOWN)


def _lock(projection: str) -> str:
    return f"rebuild {projection}"
