"""
A pool of connections for queries, and the one shape of an answer: text, and the position for which it is true.

Every query of adapters/postgres/queries selects first the checkpoint of the read model and last the answer, as JSON
text that PostgreSQL has built. Both come from one statement, so from one moment.
"""

import time
from typing import Any, NamedTuple

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.postgres.connection import (
    ATTEMPTS_UNABLE,
    CONNECT_TIMEOUT,
    LIFE,
    POOL_GIVES_UP,
    SILENCE,
    NoAnswer,
    Overloaded,
    PatientConnection,
    Unavailable,
    cannot_work,
    is_broken,
    options,
    patience_for,
    unavailable,
)
from adapters.settings import Settings

POOL_SIZE = 6  # connections
ATTEMPTS = POOL_SIZE + 1  # every connection of the pool may be from before a restart of the server
POOL_TIMEOUT = 5.0  # seconds to wait for a connection
QUERY_TIMEOUT = 10_000  # milliseconds
# A promotion locks the views one by one, and a query locks them in the order in which it reads them: in another order
# each would wait for the other. The query gives up first and asks again; the promotion waits longer
# (adapters/postgres/store/generations.py).
LOCK_TIMEOUT = 75  # milliseconds
LIKE_ENOUGH = "0.2"  # share of their trigrams that two words have in common; two letters that changed places leave 0.27
PATIENCE = 3.0  # seconds in which to ask again; a promotion holds the views for a tenth of that

CHECKPOINT = (
    "(SELECT min(position) FROM segments JOIN projections ON name = projection AND"
    " projections.generation = segments.generation WHERE name = '{}' AND status = 'live')"
)


def written(*names: str) -> str:
    """
    SQL for text that is another one as soon as rows of these read models are written; NULL while none is live.

    Every write of rows updates the rows of their segments (`xmin`), also one that moves no checkpoint. A generation is
    live in one life of the log only.
    """
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        f"(SELECT concat_ws(' ', ({LIFE}), string_agg(concat_ws('.', s.projection, s.generation, s.position, s.xmin),"
        " ' ' ORDER BY s.projection, s.segment)) FROM segments AS s JOIN projections AS p ON p.name = s.projection"
        f" AND p.generation = s.generation WHERE p.name IN ({listed}) AND p.status = 'live' HAVING count(*) > 0)"
    )


class Answer(NamedTuple):
    """JSON text, None where what was asked for does not exist; and the position for which this is true."""

    body: bytes | None
    position: int


class RowPage(NamedTuple):
    """Rows of the values by which they are sorted and their JSON text; and the position for which they are true."""

    rows: list[tuple[Any, ...]]
    position: int


class NotBuilt(Exception):
    """No projector has built the read model yet, or an older version has, without what is asked for."""


async def _limit_waits(connection: PatientConnection) -> None:
    connection.patience = patience_for(QUERY_TIMEOUT)


class Reader:
    """Answers queries; open it with `await reader.open()`."""

    def __init__(self, settings: Settings) -> None:
        self._pool: AsyncConnectionPool[PatientConnection] = AsyncConnectionPool(
            settings.postgres_url,
            min_size=1,
            max_size=POOL_SIZE,
            timeout=POOL_TIMEOUT,
            reconnect_timeout=POOL_GIVES_UP,
            reconnect_failed=AsyncConnectionPool.check,
            open=False,
            connection_class=PatientConnection,
            configure=_limit_waits,
            kwargs={
                "autocommit": True,
                "options": options(
                    settings.schema_name,
                    statement_timeout=QUERY_TIMEOUT,
                    lock_timeout=LOCK_TIMEOUT,
                    **{"pg_trgm.similarity_threshold": LIKE_ENOUGH},
                ),
                "application_name": "campus:query",
                "connect_timeout": CONNECT_TIMEOUT,
                **SILENCE,
            },
        )

    async def open(self) -> None:
        """Begin to open connections; a server that is away is waited for in the background."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close them."""
        await self._pool.close()

    async def answer(self, query: str, parameters: dict[str, Any]) -> Answer:
        """
        The answer to one query.

        Raises:
            NotBuilt: there are no rows to ask yet, or those of an older version lack what the query asks for.
            Unavailable: PostgreSQL cannot be reached or cannot work, or another session keeps a table locked.
            Overloaded: the query ran for too long.
        """
        row = (await self.rows(query, parameters))[0]
        return Answer(None if row[1] is None else row[1].encode(), row[0] or 0)

    async def page(self, query: str, parameters: dict[str, Any]) -> RowPage:
        """Many rows; the query selects one row of nulls where there are none. Raises as `answer`."""
        rows = await self.rows(query, parameters)
        return RowPage([row[1:] for row in rows if row[-1] is not None], rows[0][0] or 0)

    async def rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The bare rows of a query; raises as `answer`."""
        deadline, failed, unable = time.monotonic() + PATIENCE, 0, 0
        while True:
            try:
                return await self._rows(query, parameters)
            except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
                raise NotBuilt from error
            except PoolTimeout as error:
                raise Unavailable("PostgreSQL has no connection free") from error
            except psycopg.errors.LockNotAvailable as error:  # a view that is about to lead to another generation
                if time.monotonic() > deadline:
                    raise Unavailable(f"another session keeps the read model locked: {str(error).strip()}") from error
            except psycopg.errors.QueryCanceled as error:
                raise Overloaded(error) from error
            except psycopg.errors.FeatureNotSupported:  # a view that leads to another generation by now
                failed += 1
                if failed == ATTEMPTS:
                    raise
            except psycopg.Error as error:
                failed, unable = failed + 1, unable + cannot_work(error)
                if not is_broken(error):
                    raise
                if failed == ATTEMPTS or unable == ATTEMPTS_UNABLE or isinstance(error, NoAnswer):
                    raise unavailable(error) from error

    async def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            try:
                return await (await connection.execute(query.encode(), parameters)).fetchall()
            except psycopg.Error as error:
                if is_broken(error):
                    await connection.close()  # the pool would hand it out again: the server has not closed it
                raise
