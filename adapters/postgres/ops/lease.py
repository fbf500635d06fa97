"""
Who does a piece of work that only one process should do: the one whose session holds an advisory lock.

The lock is gone with the session, so a process that dies or loses its connection has given the work up. So has one
that is frozen: PostgreSQL ends a session from which it has heard nothing for HUNG, and what the process sends when it
goes on is refused with the session.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from adapters.postgres.connection import connect
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait

RETRY_INTERVAL = 0.5  # seconds between two attempts of one that stands by
HUNG = 8_000  # milliseconds; another process takes over within 10 s
SIGN_OF_LIFE = 2.0  # seconds between two statements of a session that has nothing else to say

TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
TRY_LOCK_SHARED = "SELECT pg_try_advisory_lock_shared(hashtextextended(%s, 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"
UNLOCK_SHARED = "SELECT pg_advisory_unlock_shared(hashtextextended(%s, 0))"

IS_TAKEN = """
SELECT EXISTS (
    SELECT FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (classid::bigint << 32 | objid::bigint) = hashtextextended(%s, 0)
)
"""


@asynccontextmanager
async def session(settings: Settings, application: str, **more: str | int) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection for what only one process does; it ends when this process is frozen, and its locks with it."""
    async with await connect(settings, application=application, idle_session_timeout=HUNG, **more) as connection:
        living = asyncio.create_task(_show_life(connection))
        try:
            yield connection
        finally:
            await cancel_and_wait([living])


async def _show_life(connection: psycopg.AsyncConnection) -> None:
    while not connection.closed:
        await asyncio.sleep(SIGN_OF_LIFE)
        with suppress(psycopg.Error):  # the work meets the same error
            await connection.execute("SELECT")


async def acquire(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> None:
    """Wait until the session of *connection* is the one that does *work* for this campus."""
    while not await try_acquire(connection, settings, work):  # noqa: ASYNC110 - the lock is another process's
        await asyncio.sleep(RETRY_INTERVAL)


async def try_acquire(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> bool:
    """Take *work* on, unless another session has it."""
    return await _ask(connection, TRY_LOCK, settings, work)


async def try_acquire_shared(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> bool:
    """Keep others from taking *work* on, unless one has it."""
    return await _ask(connection, TRY_LOCK_SHARED, settings, work)


async def is_taken(connection: psycopg.AsyncConnection, settings: Settings, work: str) -> bool:
    """Whether any session does *work* just now; takes nothing."""
    return await _ask(connection, IS_TAKEN, settings, work)


async def release(connection: psycopg.AsyncConnection, settings: Settings, work: str, *, shared: bool = False) -> None:
    """Give *work* back."""
    await _ask(connection, UNLOCK_SHARED if shared else UNLOCK, settings, work)


async def _ask(connection: psycopg.AsyncConnection, query: str, settings: Settings, work: str) -> bool:
    row = await (await connection.execute(query.encode(), [f"{settings.schema_name} {work}"])).fetchone()
    return bool(row and row[0])
