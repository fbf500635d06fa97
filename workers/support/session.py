"""
The connections of an operator's job: one to PostgreSQL that finds the read models' tables, and one to Valkey.

A statement of a job may take as long as it likes, so its time says nothing. Another connection asks whether the server
answers at all; the job ends when it does not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.postgres.connection import (
    Connection,
    NoAnswer,
    PatientConnection,
    PostgresError,
    cannot_work,
    connect,
    is_broken,
)
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from adapters.valkey.client import Valkey, ValkeyConnectionError, ValkeyError, ValkeyTimeoutError, is_trouble
from adapters.valkey.client import connect as connect_valkey
from projections.engine.live import Fenced

LOOK_INTERVAL = 5.0  # seconds between two questions whether the server answers
HANGS = 30.0  # seconds without an answer after which a job ends
LAST_WAIT = 1.0  # seconds for what a job that ends says to a server that hangs
AGAIN = "start it again when it answers"
CHECK_INTERVAL = 1_000  # milliseconds in which PostgreSQL notices that a client is gone: its locks must not outlive it


class SessionLost(Exception):
    """A job was cut off: a server has gone away, or another process has changed the rows it works on."""


@asynccontextmanager
async def open_session(settings: Settings, name: str, what: str) -> AsyncIterator[tuple[Connection, Valkey]]:
    """
    Connections for the job *what* on read model *name*, closed with the context.

    Raises:
        SessionLost: a server has gone away, or rows were changed by another process; what was done is kept.
    """
    valkey, limit = connect_valkey(settings), asyncio.timeout(None)
    try:
        async with (
            await connect(
                settings,
                application=f"{what} {name}",
                search_path=f"{settings.schema_name},{settings.read_schema}",
                statement_timeout=0,
                client_connection_check_interval=CHECK_INTERVAL,
            ) as connection,
            limit,
        ):
            looking = asyncio.create_task(_end_when_it_hangs(settings, connection, limit))
            try:
                yield connection, valkey
            finally:
                await cancel_and_wait([looking])
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise SessionLost(f"PostgreSQL hangs during the {what} of {name}: {AGAIN}") from error
    except Fenced as error:
        raise SessionLost(
            f"the {what} of {name} found rows that another process has changed or lost: start it again"
        ) from error
    except PostgresError as error:
        if not is_broken(error):
            raise
        if limit.expired():
            raise SessionLost(f"PostgreSQL hangs during the {what} of {name}: {AGAIN}") from error
        why = f"cannot do its work ({str(error).strip()})" if cannot_work(error) else "has gone away"
        raise SessionLost(f"PostgreSQL {why} during the {what} of {name}: start it again") from error
    except ValkeyError as error:
        if not is_trouble(error):
            raise
        gone = isinstance(error, ValkeyConnectionError | ValkeyTimeoutError)
        why = "has gone away" if gone else f"cannot do its work ({error})"
        raise SessionLost(f"Valkey {why} during the {what} of {name}: start it again") from error
    finally:
        await valkey.aclose()


async def _end_when_it_hangs(settings: Settings, connection: PatientConnection, limit: asyncio.Timeout) -> None:
    """End the job, by its limit, when the server does not answer; a server that has gone is noticed by the job."""
    while True:
        with suppress(PostgresError):
            async with await connect(settings, application="does it answer") as asking:
                asking.patience = HANGS
                while True:
                    try:
                        await asking.execute("SELECT")
                    except NoAnswer:
                        connection.patience = LAST_WAIT
                        limit.reschedule(asyncio.get_running_loop().time())
                        return
                    await asyncio.sleep(LOOK_INTERVAL)
        await asyncio.sleep(LOOK_INTERVAL)
