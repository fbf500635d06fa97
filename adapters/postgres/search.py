"""Facts by what they are about, for people who look into the log: by stream, type and learner."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from adapters.postgres.log import COLUMNS
from adapters.postgres.pages import fact_of
from domain.fact import Fact
from domain.registry import LEARNER_CATEGORIES

FACTS = f"SELECT {COLUMNS} FROM events WHERE position > %(after)s"

NEWEST = "SELECT * FROM ({facts} ORDER BY position DESC LIMIT %(limit)s) AS newest ORDER BY position"
ONWARDS = "{facts} ORDER BY position LIMIT %(limit)s"

OF_TYPES = " AND type = ANY(%(types)s)"
OF_STREAM = " AND stream_id = %(stream)s"
OF_STREAMS = " AND stream_id LIKE %(stream)s"
OF_LEARNER = " AND ({ranges})"
RANGE = "stream_id >= {category} || %(learner)s || ':' AND stream_id < {category} || %(learner)s || ';'"


@dataclass(frozen=True)
class Search:
    """
    What to look for; all that is given has to be true.

    Attributes:
        stream: id of a stream, with `*` for anything.
        types: names of facts.
        learner_id: whose streams begin with this id.
    """

    stream: str | None = None
    types: tuple[str, ...] | None = None
    learner_id: str | None = None

    async def newest(self, connection: psycopg.AsyncConnection, limit: int) -> list[Fact]:
        """The last facts, at most *limit*, in the order of the log."""
        return await self._find(connection, NEWEST, 0, limit)

    async def onwards(self, connection: psycopg.AsyncConnection, after: int, limit: int) -> list[Fact]:
        """The first facts behind the position *after*, at most *limit*."""
        return await self._find(connection, ONWARDS, after, limit)

    async def _find(self, connection: psycopg.AsyncConnection, query: str, after: int, limit: int) -> list[Fact]:
        values: dict[str, Any] = {"after": after, "limit": limit, "types": list(self.types or ())}
        values |= {"stream": _pattern(self.stream or ""), "learner": self.learner_id}
        whole = sql.SQL(query).format(facts=sql.SQL(FACTS) + sql.Composed(self._conditions()))
        cursor = await connection.execute(whole, values, binary=True)
        return [fact_of(row) for row in await cursor.fetchall()]

    def _conditions(self) -> list[sql.Composable]:
        conditions: list[sql.Composable] = []
        if self.types is not None:
            conditions.append(sql.SQL(OF_TYPES))
        if self.stream is not None:
            conditions.append(sql.SQL(OF_STREAMS if "*" in self.stream else OF_STREAM))
        if self.learner_id is not None:
            ranges = (sql.SQL(RANGE).format(category=f"{category}-") for category in LEARNER_CATEGORIES)
            conditions.append(sql.SQL(OF_LEARNER).format(ranges=sql.SQL(" OR ").join(ranges)))
        return conditions


def _pattern(stream: str) -> str:
    """An id as it is, or with `*` as what LIKE understands."""
    if "*" not in stream:
        return stream
    return stream.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%").replace("*", "%")
