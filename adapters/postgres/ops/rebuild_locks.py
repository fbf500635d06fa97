"""
Table `rebuilds`: who builds or switches a read model, or did so last; an advisory lock says whether still.
"""

import os
import socket
from typing import NamedTuple

import psycopg

NOTE = """
INSERT INTO rebuilds (projection, what, host, pid) VALUES (%s, %s, %s, %s)
ON CONFLICT (projection) DO UPDATE
   SET what = excluded.what, host = excluded.host, pid = excluded.pid, since = now()
"""
LATEST = "SELECT what, host, pid, to_char(since, 'YYYY-MM-DD HH24:MI:SS') FROM rebuilds WHERE projection = %s"


class RebuildLock(NamedTuple):
    """What a process does with a read model; *since* when, in UTC."""

    what: str
    host: str
    pid: int
    since: str


async def note_holder(connection: psycopg.AsyncConnection, projection: str, what: str) -> None:
    """Say what this process does with a read model."""
    await connection.execute(NOTE, (projection, what, socket.gethostname(), os.getpid()))


async def latest_holder(connection: psycopg.AsyncConnection, projection: str) -> RebuildLock | None:
    """The latest turn that somebody has noted."""
    row = await (await connection.execute(LATEST, [projection])).fetchone()
    return RebuildLock(*row) if row else None
