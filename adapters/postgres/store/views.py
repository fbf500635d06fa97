"""The readers' views of read models in PostgreSQL, which show the live generations."""

import time
from typing import Any, NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.store.row_tables import quoted

NAMES = "SELECT viewname FROM pg_views WHERE schemaname = %s ORDER BY viewname"


class ViewRows(NamedTuple):
    """The rows of a view; `columns` are names and PostgreSQL's names of their types."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


async def view_names(connection: Connection, schema: str) -> list[str]:
    """The views of a schema."""
    return [name for (name,) in await (await connection.execute(NAMES, [schema])).fetchall()]


async def read_view(connection: Connection, schema: str, name: str) -> ViewRows:
    """All rows of a view, as they are at one moment."""
    cursor = await connection.execute(f"SELECT * FROM {quoted(schema)}.{quoted(name)}".encode())
    columns = [(column.name, column.type_display) for column in cursor.description or ()]
    return ViewRows(columns, await cursor.fetchall())


async def wait_for_locks_until(connection: Connection, deadline: float) -> None:
    """Let the next statement of this transaction wait for locks until *deadline*, a time of `time.monotonic`."""
    left = max(1, round(1_000 * (deadline - time.monotonic())))  # 0 would be for ever
    await connection.execute(f"SET LOCAL lock_timeout = {left}".encode())
