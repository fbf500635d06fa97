"""Table `rebuilds`: the last holder of each rebuild lock; an advisory lock shows whether it still holds it."""

import os
import socket
from typing import NamedTuple

from adapters.postgres.connection import Connection

NOTE = """
INSERT INTO rebuilds (projection, what, host, pid) VALUES (%s, %s, %s, %s)
ON CONFLICT (projection) DO UPDATE
   SET what = excluded.what, host = excluded.host, pid = excluded.pid, since = now()
"""
LATEST = "SELECT what, host, pid, to_char(since, 'YYYY-MM-DD HH24:MI:SS') FROM rebuilds WHERE projection = %s"


class RebuildLock(NamedTuple):
    """What a process does with a read model, and since when in UTC."""

    what: str
    host: str
    pid: int
    since: str


def lock_of(projection: str) -> str:
    """The name of the lock of a read model."""
    return f"rebuild {projection}"


async def note_holder(connection: Connection, projection: str, what: str) -> None:
    """Note that this process holds the lock, and for what."""
    await connection.execute(NOTE, (projection, what, socket.gethostname(), os.getpid()))


async def latest_holder(connection: Connection, projection: str) -> RebuildLock | None:
    """The last holder that was noted; None if there never was one."""
    row = await (await connection.execute(LATEST, [projection])).fetchone()
    return RebuildLock(*row) if row else None
