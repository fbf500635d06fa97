"""
Who does a piece of work that only one process should do: the one whose session holds an advisory lock.

The lock is gone with the session, so a process that dies or loses its connection has given the work up.
"""

import asyncio

import psycopg

from adapters.settings import Settings

RETRY_INTERVAL = 0.5  # seconds between two attempts of one that stands by

TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"


async def acquire(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> None:
    """Wait until the session of *connection* is the one that does *work* for this campus."""
    while not await try_acquire(connection, settings, work):  # noqa: ASYNC110 - the lock is another process's
        await asyncio.sleep(RETRY_INTERVAL)


async def try_acquire(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> bool:
    """Take *work* on, unless another session has it."""
    row = await (await connection.execute(TRY_LOCK, [f"{settings.schema_name} {work}"])).fetchone()
    return bool(row and row[0])
