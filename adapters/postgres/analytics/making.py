"""
Makes the views of analysts, and keeps them on the live generations.

A view repeats the definition that the readers' views of its read models have at the moment, instead of reading them:
so it depends on the tables of one generation alone. A promotion replaces the readers' views and never waits for a
query of an analyst; the analysts' views follow it, each in a transaction of its own, as soon as no query reads it.
"""

import asyncio
import hashlib
from typing import NamedTuple

import psycopg
import structlog
from psycopg import sql

from adapters.postgres.analytics.view import View
from adapters.postgres.analytics.views import VIEWS
from adapters.postgres.connection import Link, Unavailable
from adapters.postgres.store.row_owner import execute_as_owner
from adapters.settings import Settings

LOCK_TIMEOUT = 1_000  # milliseconds to wait for the queries of analysts; other analysts wait as long
INTERVAL = 2.0  # seconds between two looks at what is served
PATIENCE = 5.0  # seconds to go on trying to connect

READERS = """
SELECT relname, rtrim(pg_get_viewdef(oid), ';') FROM pg_class
 WHERE relnamespace = to_regnamespace(%s) AND relkind = 'v'
"""
MADE = """
SELECT name, stamp FROM analytics_views
 WHERE name IN (SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'v')
"""
ANALYSTS = """
SELECT DISTINCT rolname FROM pg_namespace CROSS JOIN LATERAL aclexplode(nspacl) AS granted
  JOIN pg_roles ON pg_roles.oid = grantee
 WHERE nspname = %s AND privilege_type = 'USAGE' AND NOT has_schema_privilege(grantee, pg_namespace.oid, 'CREATE')
 ORDER BY rolname
"""  # who may make views there is none
NOTE = """
INSERT INTO analytics_views (name, stamp) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp, made_at = now()
"""
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class ViewDefinition(NamedTuple):
    """How a view should be: its definition, and the statements that describe it and let analysts read it."""

    name: sql.Identifier
    definition: sql.SQL
    afterwards: tuple[sql.Composed, ...]

    @property
    def stamp(self) -> str:
        """Digest of all of it."""
        text = "\n".join(part.as_string() for part in (self.definition, *self.afterwards))
        return hashlib.sha256(text.encode()).hexdigest()


async def refresh(connection: psycopg.AsyncConnection, settings: Settings) -> list[str]:
    """
    Make every view whose read models are there, and lead those of another generation to the live one.

    Safe to do at any time, by several at once.

    Args:
        connection: of the API's role, in autocommit mode, with the campus's search path, outside of any transaction.

    Returns:
        Names of the views that are unchanged because a query reads them, or because the live generation lacks a
        column; for those, call again.
    """
    return [name for name in await _stale(connection, settings) if not await _make(connection, settings, name)]


async def keep_fresh(settings: Settings) -> None:
    """Refresh whenever something has changed, until cancelled."""
    link = Link(settings, "analytics", patience=PATIENCE)
    try:
        while True:
            try:
                await refresh(await link.get(), settings)
            except (psycopg.Error, Unavailable) as error:
                structlog.get_logger().warning("analytics.not_refreshed", error=str(error))
                await link.close()
            await asyncio.sleep(INTERVAL)
    finally:
        await link.close()


async def _stale(connection: psycopg.AsyncConnection, settings: Settings) -> dict[str, ViewDefinition]:
    """The views that are not as they should be, by name."""
    schema = settings.analytics_schema
    readers: dict[str, str] = dict(await (await connection.execute(READERS, [settings.read_schema])).fetchall())
    made: dict[str, str] = dict(await (await connection.execute(MADE, [schema])).fetchall())
    analysts = [name for (name,) in await (await connection.execute(ANALYSTS, [schema])).fetchall()]
    now = f"(now() + interval '{settings.clock_shift} seconds')" if settings.clock_shift else "now()"
    wanted = {
        view.name: _wanted(view, schema, {**readers, "now": now}, analysts)
        for view in VIEWS
        if readers.keys() >= set(view.reads)
    }
    return {name: view for name, view in wanted.items() if made.get(name) != view.stamp}


async def _make(connection: psycopg.AsyncConnection, settings: Settings, name: str) -> bool:
    """Make one view, unless another process has done so meanwhile; whether it is now as it should be."""
    schema = settings.analytics_schema
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")
            await connection.execute(ALONE, [f"{schema} views"])
            view = (await _stale(connection, settings)).get(name)  # again: a promotion may have come in between
            if view is not None:
                await _replace(connection, schema, view)
                await connection.execute(NOTE, [name, view.stamp])
    except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable) as error:
        structlog.get_logger().info("analytics.view_waits", view=name, error=str(error))
        return False
    return True


async def _replace(connection: psycopg.AsyncConnection, schema: str, view: ViewDefinition) -> None:
    made = sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(view.name, view.definition).as_string(connection)
    try:
        async with connection.transaction():
            await execute_as_owner(connection, schema, made)
    except psycopg.errors.InvalidTableDefinition:  # code of another release has made it, with other columns
        await execute_as_owner(connection, schema, sql.SQL("DROP VIEW {}").format(view.name).as_string(connection))
        await execute_as_owner(connection, schema, made)
    for statement in view.afterwards:
        await connection.execute(statement)


def _wanted(view: View, schema: str, terms: dict[str, str], analysts: list[str]) -> ViewDefinition:
    """A view as it should be; *terms* are the definitions of tables as readers see them, and the present time."""
    name = sql.Identifier(schema, view.name)
    columns = ", ".join(f'{column.expression} AS "{column.name}"' for column in view.columns)
    tables = {table: f"({terms[table]}) AS {table}" for table in view.reads}
    source = view.source.format_map({**tables, "now": terms["now"]})
    comments = [
        sql.SQL("COMMENT ON COLUMN {} IS {}").format(
            sql.Identifier(schema, view.name, column.name), sql.Literal(column.meaning)
        )
        for column in view.columns
    ]
    return ViewDefinition(
        name,
        sql.SQL(f"SELECT {columns} FROM {source}"),
        (
            sql.SQL("COMMENT ON VIEW {} IS {}").format(name, sql.Literal(view.meaning)),
            *comments,
            *(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(role)) for role in analysts),
        ),
    )
