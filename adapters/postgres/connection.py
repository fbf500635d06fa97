"""
One connection to the campus's schema that comes back by itself.

Every connection carries time limits, so that nothing waits for ever on a lock or leaves a transaction open.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
from psycopg import Error as PostgresError
from psycopg import OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.errors import ForeignKeyViolation, LockNotAvailable, QueryCanceled, UndefinedTable

from adapters.settings import Settings

__all__ = [
    "GAVE_UP",
    "Connection",
    "ForeignKeyViolation",
    "Link",
    "OperationalError",
    "Overloaded",
    "PostgresError",
    "Unavailable",
    "UndefinedTable",
    "connect",
    "is_about_data",
    "is_broken",
    "options",
]

T = TypeVar("T")
Connection = psycopg.AsyncConnection
"""A connection in autocommit mode, used by one task at a time."""

LOCK_TIMEOUT = 2_000  # milliseconds
IDLE_IN_TRANSACTION_TIMEOUT = 5_000  # milliseconds
STATEMENT_TIMEOUT = 30_000  # milliseconds
CONNECT_TIMEOUT = 5  # seconds
SILENCE = {  # a peer that has vanished without a word is noticed within these times
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts to connect


class Unavailable(Exception):
    """PostgreSQL cannot be reached, and has not been for as long as we were willing to wait."""


class Overloaded(Unavailable):
    """PostgreSQL gave a statement up: it ran, or waited for a lock, longer than it may."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"PostgreSQL gave up: {str(error).strip()}")


GAVE_UP = (LockNotAvailable, QueryCanceled)
"""Errors of statements that PostgreSQL gave up; raised to callers outside of adapters as Overloaded."""


def options(schema: str, **more: str | int) -> str:
    """The `options` of a connection: the campus's schema and the time limits; *more* are further settings."""
    settings: dict[str, str | int] = {
        "search_path": f"{schema},{schema}_read",
        "timezone": "UTC",
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT,
        "statement_timeout": STATEMENT_TIMEOUT,
        **more,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


async def connect(settings: Settings, *, application: str, **more: str | int) -> psycopg.AsyncConnection:
    """Open one connection in autocommit mode; *more* are further settings of the server for this connection."""
    return await psycopg.AsyncConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        autocommit=True,
        options=options(settings.schema_name, **more),
        application_name=f"campus:{application}",
        connect_timeout=CONNECT_TIMEOUT,
    )


def is_broken(error: BaseException) -> bool:
    """Whether *error* means that the connection, not the statement, has failed."""
    if isinstance(error, psycopg.errors.AdminShutdown | psycopg.errors.CrashShutdown | psycopg.errors.CannotConnectNow):
        return True
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None


def is_about_data(error: BaseException) -> bool:
    """Whether *error* means that a value cannot be stored: trying the same again would fail again."""
    return isinstance(error, psycopg.DataError | psycopg.IntegrityError)


class Link:
    """
    A connection that is opened when it is first needed, and again when it breaks.

    Args:
        patience: seconds to go on trying before `Unavailable` is raised.
    """

    def __init__(self, settings: Settings, application: str, *, patience: float) -> None:
        self._settings = settings
        self._application = application
        self._patience = patience
        self._connection: psycopg.AsyncConnection | None = None
        self._opening = asyncio.Lock()

    async def get(self) -> psycopg.AsyncConnection:
        """The connection, opened if need be."""
        async with self._opening:  # or two who come at the same time would each open one
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._settings, application=self._application)
            return self._connection

    async def run(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        """Do *work*, which must be safe to do twice; again on a new connection when the old one breaks."""
        started, pause = time.monotonic(), FIRST_PAUSE
        while True:
            connection = None
            try:
                connection = await self.get()
                return await work(connection)
            except psycopg.Error as error:
                if not is_broken(error):
                    raise
                if connection is self._connection:  # another caller may have opened a new one by now
                    await self.close()
                if time.monotonic() - started > self._patience:
                    raise Unavailable(f"PostgreSQL does not answer: {str(error).strip()}") from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def close(self) -> None:
        """Close the connection; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            async with connection.lock:  # callers that wait for an answer get it first
                await connection.close()
