"""The connections of an operator's job: one to PostgreSQL that finds the read models' tables, and one to Valkey."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.connection import Connection, PostgresError, cannot_work, connect, is_broken
from adapters.settings import Settings
from adapters.valkey.client import Valkey, ValkeyConnectionError, ValkeyError, ValkeyTimeoutError, is_trouble
from adapters.valkey.client import connect as connect_valkey
from projections.engine.live import Fenced

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
    valkey = connect_valkey(settings)
    try:
        async with await connect(
            settings,
            application=f"{what} {name}",
            search_path=f"{settings.schema_name},{settings.read_schema}",
            statement_timeout=0,
            client_connection_check_interval=CHECK_INTERVAL,
        ) as connection:
            yield connection, valkey
    except Fenced as error:
        raise SessionLost(
            f"the {what} of {name} found rows that another process has changed or lost: start it again"
        ) from error
    except PostgresError as error:
        if not is_broken(error):
            raise
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
