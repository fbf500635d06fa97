"""
The log of one campus, as everything else in Python sees it.

Appends    group commit through adapters/postgres/log/append.py.
Look-ups   of streams travel together, one query for all that arrive while another is under way.
Reads      pages by position, what matches a query, the history of one learner, one stream; as facts in their newest
           version. Of many things, one that cannot be decoded is `Unreadable` and stops no other; the history of one
           thing is whole or an error (decoding.py).
"""

import asyncio
import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from adapters.batcher import Batcher
from adapters.personal.key_service import local_keys
from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import GAVE_UP, Link, Overloaded, life_of
from adapters.postgres.log.append import Append, Appended, Appender, Overtaken
from adapters.postgres.log.condition import NEAR, Condition
from adapters.postgres.log.decoding import fact_of, must_be_readable
from adapters.postgres.log.query import statement
from adapters.settings import Settings
from domain.fact import Fact
from domain.registry import AGGREGATES
from domain.tags import Query

LARGEST_LOOKUP = 512  # streams in one round trip
PATIENCE = 10.0  # seconds to wait for a server that has gone

# Of a fact, in the order in which decoding.py takes them.
COLUMNS = "position, stream_id, stream_version, type, schema_version, partition, data, meta, occurred_at, recorded_at"

HEAD = "SELECT position FROM log_head"

STREAM_AT = "SELECT stream_id FROM events WHERE position = %s"

PAGE = f"SELECT {COLUMNS} FROM events WHERE position > %s AND position <= %s ORDER BY position"

PAGE_OF_TYPES = (
    f"SELECT {COLUMNS} FROM events WHERE position > %s AND position <= %s AND type = ANY(%s) ORDER BY position"
)

AT = f"SELECT {COLUMNS} FROM events WHERE position = ANY(%s) ORDER BY position"

STREAM = f"SELECT {COLUMNS} FROM events WHERE stream_id = %s AND stream_version > %s ORDER BY stream_version"

# The facts of a key, by the index of streams: one range for each category that is keyed by an id, and the stream that
# is a key itself.
KEYED_BY_ID = [aggregate for aggregate in AGGREGATES if aggregate.keyed_by is not None]
NOT_OWN_KEY = [
    aggregate.category for aggregate in AGGREGATES if aggregate.keyed_by is not None or aggregate.scope == "reference"
]
OF_KEY = (
    *(
        f"stream_id >= '{aggregate.category}-' || %(key)s || ':'"
        f" AND stream_id < '{aggregate.category}-' || %(key)s || ';'"
        if len(aggregate.ids) > 1
        else f"stream_id = '{aggregate.category}-' || %(key)s"
        for aggregate in KEYED_BY_ID
    ),
    f"stream_id = %(key)s AND split_part(stream_id, '-', 1) <> ALL('{{{','.join(NOT_OWN_KEY)}}}')",
)
HISTORY = (
    " UNION ALL ".join(f"SELECT {COLUMNS} FROM events WHERE {streams} AND position <= %(until)s" for streams in OF_KEY)
    + " ORDER BY position"
)

# The streams of a key, each found by the one before it: two CTEs of a recursive statement.
OWN_KEY = f"split_part(%(key)s, '-', 1) <> ALL('{{{','.join(NOT_OWN_KEY)}}}')"
_BOUNDS = (
    *(
        f"('{aggregate.category}-' || %(key)s || ':', '{aggregate.category}-' || %(key)s || ';')"
        if len(aggregate.ids) > 1
        else f"('{aggregate.category}-' || %(key)s, '{aggregate.category}-' || %(key)s || chr(1))"
        for aggregate in KEYED_BY_ID
    ),
    f"(CASE WHEN {OWN_KEY} THEN %(key)s END, %(key)s || chr(1))",
)
STREAMS_OF_KEY = f"""bounds (lowest, beyond) AS (VALUES {", ".join(_BOUNDS)}),
streams AS (
    SELECT found.stream_id, beyond FROM bounds CROSS JOIN LATERAL (
        SELECT stream_id FROM events WHERE stream_id >= lowest AND stream_id < beyond
         ORDER BY stream_id LIMIT 1) AS found
     UNION ALL
    SELECT found.stream_id, beyond FROM streams CROSS JOIN LATERAL (
        SELECT stream_id FROM events WHERE events.stream_id > streams.stream_id AND stream_id < beyond
         ORDER BY stream_id LIMIT 1) AS found)"""
KNOWN = f"WITH RECURSIVE {STREAMS_OF_KEY} SELECT FROM streams LIMIT 1"

# What has happened in each of many streams since the version at which it was last seen.
SINCE = """
SELECT wanted.number, e.position, e.stream_version, e.type, e.schema_version, e.data, e.occurred_at
  FROM unnest(%b::text[], %b::integer[]) WITH ORDINALITY AS wanted (stream_id, version, number)
 CROSS JOIN LATERAL (
    SELECT * FROM events WHERE events.stream_id = wanted.stream_id AND events.stream_version > wanted.version
     ORDER BY events.stream_version) AS e
 ORDER BY wanted.number, e.stream_version
"""

SNAPSHOT = "SELECT stream_version, position, state FROM snapshots WHERE stream_id = %s AND state_version = %s"

KEEP_SNAPSHOT = """
INSERT INTO snapshots (stream_id, stream_version, position, state_version, state) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (stream_id) DO UPDATE
   SET stream_version = excluded.stream_version, position = excluded.position,
       state_version = excluded.state_version, state = excluded.state
 WHERE snapshots.stream_version < excluded.stream_version OR snapshots.state_version <> excluded.state_version
"""

FIRST_ANSWER = "SELECT fingerprint, position FROM idempotency WHERE key = %s"

END = 2**63 - 1

SqlRow = tuple[Any, ...]


class StreamFact(NamedTuple):
    """One fact of a stream, as an aggregate needs it."""

    position: int
    stream_version: int
    type: str
    schema_version: int
    data: bytes
    occurred_at: datetime


class StoredSnapshot(NamedTuple):
    """A stream's state at some version."""

    stream_version: int
    position: int
    state: bytes


class PostgresLog:
    """
    The log of one campus. Open it with `await PostgresLog.open(settings)`, close it when done.

    Attributes:
        clock: the clock of the commands that go through this log.
        keys: the keys of persons, beside the log.
        link: the connection for reads, also for queries of other modules.
        reconnected: how often all connections were closed because they led to different lives of the log.
    """

    def __init__(self, settings: Settings) -> None:
        self.clock = settings.clock()
        self.link = Link(settings, "read", patience=PATIENCE)
        self.keys = PersonKeys(self.link, local_keys(settings))
        self._lookups: Batcher[tuple[str, int], list[StreamFact]] = Batcher(self._look_up, LARGEST_LOOKUP)
        self.appender = Appender(settings)
        self._seen = 0  # a position that the log has reached
        self.reconnected = 0

    @classmethod
    async def open(cls, settings: Settings) -> "PostgresLog":
        """A log for *settings*; connections are opened when they are needed."""
        return cls(settings)

    async def close(self) -> None:
        """Finish what is under way and close the connections."""
        await self.appender.close()
        await self._lookups.drain()
        await self.link.close()

    async def append(self, unit: Append) -> Appended:
        """Append one unit; see `Appender.append`."""
        if any(condition.after <= self._seen - NEAR or not self._seen for condition in unit.conditions):
            unit = msgspec.structs.replace(unit, conditions=[await self._near(unit, each) for each in unit.conditions])
        appended = await self.appender.append(unit)
        self._seen = max(self._seen, appended.last)
        return appended

    async def _near(self, unit: Append, condition: Condition) -> Condition:
        """
        The condition, checked here for what the log had long since: `append_events()` walks over the newest facts.

        Raises:
            Overtaken: a fact matches it.
        """
        facts, head = await self.matching(condition.query, condition.after, limit=1)
        if facts and (unit.key is None or await self.first_answer(unit.key) is None):
            raise Overtaken(facts[0].stream_id, facts[0].stream_version, facts[0].position)
        return condition if condition.after > head else Condition(condition.query, head)

    async def matching(self, query: Query, after: int = 0, limit: int | None = None) -> tuple[list[Fact], int]:
        """The first *limit* facts above *after* that match a query, in order, and the head of the log as of then."""
        rows, head = await self._matching(query, COLUMNS, after, limit)
        return [fact_of(row) for row in rows], head

    async def streams_matching(self, query: Query) -> tuple[list[str], int]:
        """The streams of the facts that match a query, in their order, and the head of the log as of then."""
        rows, head = await self._matching(query, "position, stream_id")
        return list(dict.fromkeys(stream for _, stream in rows)), head

    async def _matching(
        self, query: Query, columns: str, after: int = 0, limit: int | None = None
    ) -> tuple[list[SqlRow], int]:
        rows = await self._rows(*statement(query, columns, after, limit))
        head: int = rows[0][0]
        self._seen = head  # a log may go back
        return [row[1:] for row in rows if row[1] is not None], head

    async def life(self) -> str:
        """
        The life of the log that is read now (`life_of`).

        Ask before reading: what is read after that is of this life or of a later one, and an append in this one then
        fails.
        """
        return await self.link.run(life_of)

    async def reconnect(self, seen: int) -> None:
        """
        Open new connections for reads and appends, unless another caller has since `reconnected` was *seen*.

        After a failover one of them may be to the new server while the other one goes on with the old server.
        """
        if seen == self.reconnected:
            self.reconnected += 1
            await asyncio.gather(self.link.close(), self.appender.reconnect())

    async def head(self) -> int:
        """Position of the last fact, 0 for an empty log."""
        head: int = (await self._rows(HEAD, ()))[0][0]
        return head

    async def read(self, after: int, limit: int, types: Collection[str] | None = None) -> list[Fact]:
        """Facts at the positions *after* + 1 to *after* + *limit*, those of *types* only if given."""
        if types is None:
            rows = await self._rows(PAGE, (after, after + limit))
        else:
            rows = await self._rows(PAGE_OF_TYPES, (after, after + limit, list(types)))
        return [fact_of(row) for row in rows]

    async def at(self, positions: Sequence[int]) -> list[Fact]:
        """The facts at these positions, in order; where there is none, none."""
        return [fact_of(row) for row in await self._rows(AT, (list(positions),))]

    async def stream(self, stream_id: str, after_version: int = 0) -> list[Fact]:
        """The facts of one stream, in order; raises UnreadableFact."""
        return [must_be_readable(fact_of(row)) for row in await self._rows(STREAM, (stream_id, after_version))]

    async def history(self, key: str, until: int = END) -> list[Fact]:
        """Every fact of a key, such as a learner, up to *until*, in the order of the log; raises UnreadableFact."""
        rows = await self._rows(HISTORY, {"key": key, "until": until})
        return [must_be_readable(fact_of(row)) for row in rows]

    async def knows(self, key: str) -> bool:
        """Whether a key, such as a learner, has any fact of its own."""
        return bool(await self._rows(KNOWN, {"key": key}))

    async def since(self, stream_id: str, version: int) -> list[StreamFact]:
        """What has happened in a stream after *version*; look-ups that arrive together go as one query."""
        return await self._lookups.submit((stream_id, version))

    async def snapshot(self, stream_id: str, state_version: int) -> StoredSnapshot | None:
        """The state of a stream that was kept last, if it was kept by code that remembers the same."""
        rows = await self._rows(SNAPSHOT, (stream_id, state_version))
        return StoredSnapshot(*rows[0]) if rows else None

    async def keep_snapshot(self, stream_id: str, snapshot: StoredSnapshot, state_version: int, life: str) -> None:
        """Keep the state that a stream had in this *life*, unless a newer one is kept already."""
        parameters = (stream_id, snapshot.stream_version, snapshot.position, state_version, snapshot.state)

        async def work(connection: psycopg.AsyncConnection) -> None:
            if await life_of(connection) == life:
                await connection.execute(KEEP_SNAPSHOT, parameters, prepare=True)

        await self.link.run(work)

    async def first_answer(self, key: str) -> tuple[str, int] | None:
        """Fingerprint and position of the request that used this idempotency key first."""
        rows = await self._rows(FIRST_ANSWER, (key,))
        return (rows[0][0], rows[0][1]) if rows else None

    async def _rows(self, query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[SqlRow]:
        async def work(connection: psycopg.AsyncConnection) -> list[SqlRow]:
            cursor = await connection.execute(query, parameters, prepare=True, binary=True)
            return list(await cursor.fetchall())

        try:
            return await self.link.run(work)
        except GAVE_UP as error:
            raise Overloaded(error) from error

    async def _look_up(self, batch: Sequence[tuple[str, int]]) -> list[list[StreamFact] | Exception]:
        streams, versions = [stream for stream, _ in batch], [version for _, version in batch]
        found: list[list[StreamFact] | Exception] = [[] for _ in batch]
        for number, rows in itertools.groupby(await self._rows(SINCE, (streams, versions)), key=lambda row: row[0]):
            found[number - 1] = [StreamFact(*row[1:]) for row in rows]
        return found
