"""
One connection to the campus's schema that comes back by itself.

Every connection carries time limits, so that nothing waits for ever on a lock or leaves a transaction open. The server
keeps these; a server that is stopped keeps none, so each wait for an answer ends on this side, too.

An error is one of three: the connection or its server has gone (`is_broken`), the server answers and cannot do its work
(`is_broken` and `cannot_work`: read-only, disk full, out of memory), or the statement is wrong. In the first two the
connection is dropped: the next one may lead to a server that works. Neither is ever the fault of a fact or a command.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar
from weakref import WeakKeyDictionary

import psycopg
from psycopg import Error as PostgresError
from psycopg import OperationalError
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.errors import ForeignKeyViolation, LockNotAvailable, QueryCanceled, UndefinedTable

from adapters.settings import Settings

__all__ = [
    "GAVE_UP",
    "Connection",
    "ForeignKeyViolation",
    "Link",
    "NoAnswer",
    "OperationalError",
    "Overloaded",
    "PatientConnection",
    "PatientSyncConnection",
    "PostgresError",
    "Unavailable",
    "UndefinedTable",
    "cannot_work",
    "connect",
    "is_about_data",
    "is_broken",
    "life_of",
    "life_of_sync",
    "options",
    "patience_for",
    "unavailable",
]

T = TypeVar("T")
Connection = psycopg.AsyncConnection
"""A connection in autocommit mode, used by one task at a time."""

EXTENSIONS = "campuslog_extensions"
"""The schema of the extensions that all campuses of a database share."""

LOCK_TIMEOUT = 2_000  # milliseconds
IDLE_IN_TRANSACTION_TIMEOUT = 5_000  # milliseconds
STATEMENT_TIMEOUT = 30_000  # milliseconds
CONNECT_TIMEOUT = 5  # seconds
GRACE = 2.0  # seconds after which a server should have said that it gave a statement up
LOOK_INTERVAL = 0.1  # seconds between two looks for an interruption, as psycopg has it
SILENCE = {  # a peer that has vanished without a word is noticed within these times
    "keepalives_idle": 10,  # seconds
    "keepalives_interval": 5,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between attempts to connect
ATTEMPTS_UNABLE = 2  # a new connection may lead to a server that works; if it does not, callers are not kept waiting
LONGEST_RUN = 40.0  # seconds for one piece of work on a link, with those that use the connection before
POOL_GIVES_UP = 2.0  # seconds; a pool that gave up begins again at once, or its pauses would grow to minutes


class NoAnswer(psycopg.OperationalError):
    """The server has sent nothing for longer than any statement may take: it is stopped, and its sockets are open."""


class PatientConnection(psycopg.AsyncConnection):
    """
    A connection whose waits for the server end on this side too: a server that is stopped keeps every socket open.

    Attributes:
        patience: seconds to wait for one answer; None for statements that may take as long as they like.
    """

    patience: float | None = None

    async def wait(self, gen: PQGen[T], interval: float = LOOK_INTERVAL, timeout: float | None = None) -> T:  # noqa: ASYNC109 - as in psycopg
        """Wait for the server; closes the connection and raises NoAnswer if it says nothing for too long."""
        try:
            return await super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - the library has no other name for it
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise NoAnswer(f"no answer within {self.patience:.0f} s") from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection, also where who leaves it is cancelled a second time, while it is rolled back."""
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            if getattr(self, "_pool", None) is None:  # one of a pool goes back to it
                await self.close()


class PatientSyncConnection(psycopg.Connection):
    """As `PatientConnection`, used without asyncio; by default it waits as long as statements may take by default."""

    patience: float | None = STATEMENT_TIMEOUT / 1_000 + GRACE

    def wait(self, gen: PQGen[T], interval: float = LOOK_INTERVAL, timeout: float | None = None) -> T:
        """Wait for the server; closes the connection and raises NoAnswer if it says nothing for too long."""
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - as above
            if timeout is not None:
                raise
            raise self.given_up() from None

    def given_up(self) -> NoAnswer:
        """Close the connection to a server that is silent, without a word to it; returns the error to raise."""
        self.pgconn.finish()
        return NoAnswer(f"no answer within {self.patience or 0:.0f} s")


def patience_for(statement_timeout: int) -> float | None:
    """How long to wait for the answer of a server that ends statements after so many milliseconds; 0: never."""
    return statement_timeout / 1_000 + GRACE if statement_timeout else None


class Unavailable(Exception):
    """PostgreSQL cannot be reached, and has not been for as long as we were willing to wait; or cannot do its work."""


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


async def connect(settings: Settings, *, application: str, **more: str | int) -> PatientConnection:
    """Open one connection in autocommit mode; *more* are further settings of the server for this connection."""
    connection = await PatientConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        autocommit=True,
        options=options(settings.schema_name, **more),
        application_name=f"campus:{application}",
        connect_timeout=CONNECT_TIMEOUT,
    )
    connection.patience = patience_for(int(more.get("statement_timeout", STATEMENT_TIMEOUT)))
    return connection


GOING = ("08", "57P")
"""SQLSTATEs of a server that ends the connection: shut down, starting, out of patience with an idle client."""

UNABLE = ("53", "58", "25006", "25P03", "25P04", "XX001", "XX002")
"""
SQLSTATEs of a server that answers and cannot do its work: disk or memory full, too many connections, an error of the
system, read-only, a transaction that it has ended, damaged files.
"""


LIFE = """
SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint || '.' || (SELECT max(number) FROM log_lives)
"""
_lives: WeakKeyDictionary[psycopg.AsyncConnection | psycopg.Connection, str] = WeakKeyDictionary()


async def life_of(connection: psycopg.AsyncConnection) -> str:
    """
    The life of the log to which *connection* leads, for as long as it is open.

    The log can lose facts only where its server is stopped (another directory, another server takes over), or where an
    operator says so, which ends all connections. What was read in one life may not be true in the next one.
    """
    life = _lives.get(connection)
    if life is None:
        row = await (await connection.execute(LIFE)).fetchone()
        life = _lives[connection] = str(row[0]) if row else ""
    return life


def life_of_sync(connection: psycopg.Connection) -> str:
    """As `life_of`, for a connection that is used without asyncio."""
    life = _lives.get(connection)
    if life is None:
        row = connection.execute(LIFE).fetchone()
        life = _lives[connection] = str(row[0]) if row else ""
    return life


def is_broken(error: BaseException) -> bool:
    """Whether *error* means that the connection or its server, not the statement, has failed: drop the connection."""
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return error.sqlstate.startswith((*GOING, *UNABLE))
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def cannot_work(error: BaseException) -> bool:
    """Whether *error* comes from a server that answers and cannot do its work: to wait for it is up to the caller."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(UNABLE)


def unavailable(error: BaseException) -> Unavailable:
    """What to raise, from *error*, to callers outside of adapters."""
    what = "cannot do its work at the moment" if cannot_work(error) else "does not answer"
    return Unavailable(f"PostgreSQL {what}: {str(error).strip()}")


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
        """
        Do *work*, which must be safe to do twice; again on a new connection when the old one breaks.

        Raises:
            Unavailable: no server answered for `patience` seconds, or two connections led to one that cannot work.
        """
        try:
            async with asyncio.timeout(LONGEST_RUN):
                return await self._run(work)
        except TimeoutError as error:
            raise Unavailable(f"PostgreSQL has not answered for {LONGEST_RUN:.0f} s") from error

    async def _run(self, work: Callable[[psycopg.AsyncConnection], Awaitable[T]]) -> T:
        started, pause, unable = time.monotonic(), FIRST_PAUSE, 0
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
                unable += cannot_work(error)
                if unable == ATTEMPTS_UNABLE or time.monotonic() - started > self._patience:
                    raise unavailable(error) from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def close(self) -> None:
        """Close the connection; the next use opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            async with connection.lock:  # callers that wait for an answer get it first
                await connection.close()
