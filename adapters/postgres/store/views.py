"""The readers' views of read models in PostgreSQL, which show the live generations."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.store.row_tables import quoted

COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
NAMES = "SELECT viewname FROM pg_views WHERE schemaname = %s ORDER BY viewname"


class ViewRows(NamedTuple):
    """The rows of a view; `columns` are names and PostgreSQL's names of their types."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


async def view_names(connection: Connection, schema: str) -> list[str]:
    """The views of a schema."""
    return [name for (name,) in await (await connection.execute(NAMES, [schema])).fetchall()]


async def view_columns(connection: Connection, schema: str, name: str) -> list[str]:
    """The names of the columns of a view."""
    found = await connection.execute(COLUMNS, [f"{quoted(schema)}.{quoted(name)}"])
    return [column for (column,) in await found.fetchall()]


async def read_view(
    connection: Connection, schema: str, name: str, where: Mapping[str, Sequence[Any]] | None = None
) -> ViewRows:
    """
    The rows of a view, as they are at one moment.

    Args:
        where: only those whose column has one of these values.
    """
    where = where or {}
    conditions = " AND ".join(f"{quoted(column)} = ANY(%s)" for column in where)
    statement = f"SELECT * FROM {quoted(schema)}.{quoted(name)}{' WHERE ' if where else ''}{conditions}"
    cursor = await connection.execute(statement.encode(), [list(values) for values in where.values()] or None)
    columns = [(column.name, column.type_display) for column in cursor.description or ()]
    return ViewRows(columns, await cursor.fetchall())


async def wait_for_locks_until(connection: Connection, deadline: float) -> None:
    """Let the next statement of this transaction wait for locks until *deadline*, a time of `time.monotonic`."""
    left = max(1, round(1_000 * (deadline - time.monotonic())))  # 0 would be for ever
    await connection.execute(f"SET LOCAL lock_timeout = {left}".encode())
