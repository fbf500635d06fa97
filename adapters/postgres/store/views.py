"""
What readers see of the read models in PostgreSQL: their views, which lead to the live generations.
"""

from typing import Any, NamedTuple

import psycopg

from adapters.postgres.store.row_tables import quoted

NAMES = "SELECT viewname FROM pg_views WHERE schemaname = %s ORDER BY viewname"


class View(NamedTuple):
    """The rows of a view; `columns` are their names with their types as PostgreSQL calls them."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


async def view_names(connection: psycopg.AsyncConnection, schema: str) -> list[str]:
    """The views of a schema."""
    return [name for (name,) in await (await connection.execute(NAMES, [schema])).fetchall()]


async def read_view(connection: psycopg.AsyncConnection, schema: str, name: str) -> View:
    """Every row of a view, as they are at one moment."""
    cursor = await connection.execute(f"SELECT * FROM {quoted(schema)}.{quoted(name)}".encode())
    columns = [(column.name, column.type_display) for column in cursor.description or ()]
    return View(columns, await cursor.fetchall())
