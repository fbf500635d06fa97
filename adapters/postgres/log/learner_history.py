"""
A learner's history, whole: the facts of the learner's own streams, and those of others that name the learner.

A page costs the same however long the history is. Positions grow with versions, so each stream is searched by halves
for its first fact of the page and gives a page at most, since versions have no gaps; facts that name the learner have
an index (migration 0330). With a filter a page looks at so many facts of each stream and no more: it may have fewer
than were asked for, and says from where to go on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.history import history_of
from adapters.postgres.log.postgres_log import COLUMNS, OF_KEY, STREAMS_OF_KEY
from domain.fact import Fact
from domain.registry import AGGREGATE_OF, MENTIONING
from domain.streams import id_or_none

LOOK = 1_000  # facts of a stream that a page with a filter looks at

MENTIONING_RUNS = sorted({AGGREGATE_OF[name].category for name in MENTIONING if AGGREGATE_OF[name].ids == ("run_id",)})
NAMING = f"type IN ({', '.join(repr(name) for name in MENTIONING)}) AND learner_named(data) = %(key)s"

# Each stream with its first version beyond the place, and the last position at which a page of its versions looks.
STREAMS = f"""
WITH RECURSIVE {STREAMS_OF_KEY},
search AS (  -- the version `seen` is up to the place, `next` is not
    SELECT stream_id, 0 AS seen, 1 + (
        SELECT max(stream_version) FROM events WHERE events.stream_id = streams.stream_id) AS next FROM streams
     WHERE %(categories)s::text[] IS NULL OR split_part(stream_id, '-', 1) = ANY(%(categories)s)
     UNION ALL
    SELECT stream_id, CASE WHEN is_seen THEN middle ELSE seen END, CASE WHEN is_seen THEN next ELSE middle END
      FROM search CROSS JOIN LATERAL (
        SELECT stream_version AS middle, position <= %(place)s AS is_seen FROM events
         WHERE events.stream_id = search.stream_id AND stream_version = (seen + next) / 2 LIMIT 1) AS looked_at
     WHERE next - seen > 1)
SELECT stream_id, next, (
    SELECT position FROM events WHERE events.stream_id = search.stream_id AND stream_version = next + %(last)s
       AND EXISTS (SELECT FROM events WHERE events.stream_id = search.stream_id AND stream_version = next + %(beyond)s))
  FROM search WHERE next - seen <= 1
"""

OWN = f"""
SELECT found.* FROM unnest(%(streams)s::text[], %(versions)s::integer[]) AS wanted (stream_id, version)
 CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM events WHERE events.stream_id = wanted.stream_id
       AND stream_version >= wanted.version AND stream_version < wanted.version + %(look)s {{filters}}
     ORDER BY stream_version {{order}} LIMIT %(limit)s) AS found
"""

_NAMED = f"FROM events WHERE {NAMING} AND position > %(after)s AND position <= %(until)s ORDER BY position {{order}}"
NAMED = f"""
SELECT {COLUMNS} FROM (SELECT {COLUMNS} {_NAMED} LIMIT %(look)s) AS looked_at
 WHERE (%(run_streams)s::text[] IS NULL OR stream_id = ANY(%(run_streams)s)) {{filters}}
 ORDER BY position {{order}} LIMIT %(limit)s
"""
EDGE_OF_NAMED = f"""
SELECT max(position) FILTER (WHERE number = %(look)s) FROM (
    SELECT position, row_number() OVER () AS number
      FROM (SELECT position {_NAMED} LIMIT %(look)s + 1) AS found) AS numbered
HAVING count(*) > %(look)s
"""

ALL_NAMED = f"SELECT {COLUMNS} FROM events WHERE {NAMING} AND position <= %(until)s ORDER BY position"

COUNTED = (
    "SELECT stream_id, type, count(*) FROM ("
    + " UNION ALL ".join(
        f"SELECT stream_id, type FROM events WHERE {which} AND position <= %(until)s {{filters}}"
        for which in (*OF_KEY, NAMING)
    )
    + ") AS found GROUP BY stream_id, type ORDER BY type"
)

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Wanted:
    """
    Which facts of a history; all that is given has to be true.

    Attributes:
        types: names of facts; None for any.
        run_id: of streams of this run, and of attempts at its `quizzes`.
        since: happened at this moment or later.
        by: happened at this moment or earlier.
        actor: who did it.
    """

    types: tuple[str, ...] | None = None
    run_id: str | None = None
    quizzes: tuple[str, ...] = ()
    since: datetime | None = None
    by: datetime | None = None
    actor: str | None = None

    @property
    def filters(self) -> str:
        """Conditions for one fact, in SQL."""
        found = ["type = ANY(%(types)s)"] if self.types is not None else []
        found += ["occurred_at >= %(since)s"] if self.since is not None else []
        found += ["occurred_at <= %(by)s"] if self.by is not None else []
        found += ["position(%(actor)s::bytea IN meta) > 0"] if self.actor is not None else []
        return "".join(f" AND {each}" for each in found)

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.filters) or self.run_id is not None

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of the conditions."""
        values: dict[str, Any] = {"since": self.since, "by": self.by, "run_streams": None}
        if self.run_id is not None:
            values["run_streams"] = [f"{category}-{self.run_id}" for category in MENTIONING_RUNS]
        values["types"] = None if self.types is None else list(self.types)
        values["actor"] = None if self.actor is None else b'"actor":' + _encode(self.actor)
        values["categories"] = None if self.types is None else sorted({AGGREGATE_OF[t].category for t in self.types})
        return values

    def takes_stream(self, stream_id: str) -> bool:
        """Whether a stream is of the run."""
        if self.run_id is None or id_or_none(stream_id, "run_id") == self.run_id:
            return True
        return id_or_none(stream_id, "quiz_id") in self.quizzes


class HistoryPage(NamedTuple):
    """Facts in the order asked for; *edge* is how far was looked if there may be more beyond, None at the end."""

    facts: list[Fact]
    edge: int | None


async def page(
    connection: Connection, learner_id: str, bounds: tuple[int, int], limit: int, wanted: Wanted, *, descending: bool
) -> HistoryPage:
    """
    The first *limit* facts of those above the first of *bounds*, up to and with the second; or the last, from there.
    """
    after, until = bounds
    look, order = max(limit, LOOK) if wanted.narrows else limit, "DESC" if descending else "ASC"
    values = {**wanted.parameters, "key": learner_id, "after": after, "until": until, "limit": limit, "look": look}
    values |= {"place": until, "last": -look, "beyond": -look - 1} if descending else {}
    values |= {} if descending else {"place": after, "last": look - 1, "beyond": look}
    streams = [row for row in await _all(connection, STREAMS, values) if wanted.takes_stream(row[0])]
    edges = [edge for _, _, edge in streams if edge is not None]
    values |= {"streams": [row[0] for row in streams], "versions": [row[1] - look * descending for row in streams]}
    rows = [*await _all(connection, OWN.format(filters=wanted.filters, order=order), values)]
    rows += await _all(connection, NAMED.format(filters=wanted.filters, order=order), values)
    edges += [edge for (edge,) in await _all(connection, EDGE_OF_NAMED.format(order=order), values)]
    edge = (max(edges) if descending else min(edges)) if edges else None
    nearest, farthest = (edge or 0, until) if descending else (after, min(edge or until, until))
    facts = sorted((fact_of(row) for row in rows if nearest <= row[0] <= farthest), key=attrgetter("position"))
    if descending:
        facts.reverse()
    return HistoryPage(facts[:limit], edge if edge is not None and after < edge < until else None)


async def counts(connection: Connection, learner_id: str, until: int, wanted: Wanted) -> Counter[str]:
    """How many facts of each type the history has up to a position."""
    values = {**wanted.parameters, "key": learner_id, "until": until}
    found = Counter[str]()
    for stream_id, name, number in await _all(connection, COUNTED.replace("{filters}", wanted.filters), values):
        if wanted.takes_stream(stream_id):
            found[name] += number
    return found


async def _all(connection: Connection, query: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    cursor = await connection.execute(query.encode(), values, binary=True)
    return await cursor.fetchall()


async def whole_history(connection: Connection, learner_id: str, until: int) -> list[Fact]:
    """Every fact of the history of a learner up to a position, in the order of the log."""
    own = await history_of(connection, learner_id, until)
    cursor = await connection.execute(ALL_NAMED.encode(), {"key": learner_id, "until": until}, binary=True)
    return sorted(own + [fact_of(row) for row in await cursor.fetchall()], key=attrgetter("position"))
