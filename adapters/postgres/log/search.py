"""Facts by what they are about, for people who look into the log: by stream, type and learner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.learner_history import NAMING
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact
from domain.registry import BY_CATEGORY, keyed_by

FACTS = f"SELECT {COLUMNS} FROM events WHERE position > %(after)s AND position <= %(until)s"

NEWEST = "SELECT * FROM ({facts} ORDER BY position DESC LIMIT %(limit)s) AS newest ORDER BY position"
ONWARDS = "{facts} ORDER BY position LIMIT %(limit)s"

WITHIN = "{facts} ORDER BY position"

OF_TYPES = " AND type = ANY(%(types)s)"
OF_STREAM = " AND stream_id = %(stream)s"
OF_STREAMS = " AND stream_id LIKE %(stream)s"
OF_LEARNER = " AND ({ranges})"
ABOUT_LEARNER = " AND ({ranges} OR ({naming}))"
SINCE = " AND occurred_at >= %(since)s"
BY = " AND occurred_at <= %(by)s"
RANGE = "stream_id >= {category} || %(learner)s || ':' AND stream_id < {category} || %(learner)s || ';'"
ONE = "stream_id = {category} || %(learner)s"


@dataclass(frozen=True)
class Search:
    """
    What to look for; all that is given has to be true.

    Attributes:
        stream: id of a stream, with `*` for anything.
        types: names of facts.
        learner_id: whose streams begin with this id.
        naming: also the facts of other streams that name the learner, such as a place in a queue.
        since: happened at this moment or later.
        by: happened at this moment or earlier.
    """

    stream: str | None = None
    types: tuple[str, ...] | None = None
    learner_id: str | None = None
    since: datetime | None = None
    by: datetime | None = None
    naming: bool = False

    async def newest(self, connection: psycopg.AsyncConnection, limit: int, until: int) -> list[Fact]:
        """The last facts up to and with *until*, at most *limit*, in the order of the log."""
        return await self._find(connection, NEWEST, 0, until, limit)

    async def onwards(self, connection: psycopg.AsyncConnection, after: int, limit: int, until: int) -> list[Fact]:
        """The first facts with positions above *after*, up to and with *until*, at most *limit*."""
        return await self._find(connection, ONWARDS, after, until, limit)

    async def within(self, connection: psycopg.AsyncConnection, after: int, until: int) -> list[Fact]:
        """All facts with positions above *after*, up to and with *until*."""
        return await self._find(connection, WITHIN, after, until)

    async def _find(
        self, connection: psycopg.AsyncConnection, query: str, after: int, until: int, limit: int = 0
    ) -> list[Fact]:
        values: dict[str, Any] = {"after": after, "limit": limit, "until": until, "types": list(self.types or ())}
        values |= {"stream": _pattern(self.stream or ""), "learner": self.learner_id, "key": self.learner_id}
        values |= {"since": self.since, "by": self.by}
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
            ranges = (
                sql.SQL(RANGE if len(BY_CATEGORY[category].ids) > 1 else ONE).format(category=f"{category}-")
                for category in keyed_by("learner_id")
            )
            names = {"ranges": sql.SQL(" OR ").join(ranges), "naming": sql.SQL(NAMING)}
            conditions.append(sql.SQL(ABOUT_LEARNER if self.naming else OF_LEARNER).format(**names))
        conditions += [sql.SQL(SINCE)] if self.since else []
        conditions += [sql.SQL(BY)] if self.by else []
        return conditions


def _pattern(stream: str) -> str:
    """An id as it is, or with `*` as what LIKE understands."""
    if "*" not in stream:
        return stream
    return stream.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%").replace("*", "%")
