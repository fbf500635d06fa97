"""
Lag of every read model, and whether every fact of the log is accounted for: for `campus projections status` and
`doctor`.
"""

from collections import Counter

import msgspec
import psycopg
from psycopg.rows import class_row

from adapters.postgres.log.fact_counts import BLOCK, counts_until
from projections.engine.distribution import segment_of

# The age of the first fact that a read model has not folded is its lag in seconds.
PROGRESS = """
SELECT p.name, p.generation, p.version, p.status, p.segments, p.step, p.digest, at.position,
       greatest(head.position - at.position, 0) AS lag_events,
       coalesce(greatest(extract(epoch FROM clock_timestamp() - next.recorded_at), 0), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM parked WHERE parked.projection = p.name AND parked.generation = p.generation) AS parked,
       (SELECT extract(epoch FROM clock_timestamp() - max(heartbeat_at))::float8 FROM workers WHERE name = 'projector')
           AS heartbeat_seconds
  FROM projections AS p
 CROSS JOIN log_head AS head
 CROSS JOIN LATERAL (SELECT coalesce(min(s.position), 0) AS position FROM segments AS s
                      WHERE s.projection = p.name AND s.generation = p.generation) AS at
  LEFT JOIN events AS next ON next.position = at.position + 1
 ORDER BY p.name, p.generation
"""


class ProjectionLag(msgspec.Struct):
    """
    How far one generation of a read model is.

    Attributes:
        lag_seconds: age of the first fact that it has not seen; 0 when it has seen all.
        parked: keys whose facts wait because the projection failed at one of them.
        heartbeat_seconds: since a projector gave a sign of life; None if there is none.
    """

    name: str
    generation: int
    version: int
    status: str
    segments: int
    step: str | None
    digest: str | None
    position: int
    lag_events: int
    lag_seconds: float
    parked: int
    heartbeat_seconds: float | None


async def projection_lags(connection: psycopg.AsyncConnection) -> list[ProjectionLag]:
    """Every generation of every read model, by name."""
    async with connection.cursor(row_factory=class_row(ProjectionLag)) as cursor:
        await cursor.execute(PROGRESS)
        return await cursor.fetchall()


ACCOUNTS = """
SELECT s.projection, s.generation, p.status, p.segments, s.segment, s.position, s.epoch, s.owner,
       s.applied, s.ignored, s.parked, s.skipped, greatest(head.position - s.position, 0) AS lag_events,
       coalesce(greatest(extract(epoch FROM clock_timestamp() - next.recorded_at), 0), 0)::float8 AS lag_seconds,
       (SELECT extract(epoch FROM clock_timestamp() - max(heartbeat_at))::float8 FROM workers
         WHERE name = 'projector' AND host || ':' || pid = s.owner) AS silent_seconds
  FROM segments AS s
  JOIN projections AS p ON p.name = s.projection AND p.generation = s.generation
 CROSS JOIN log_head AS head
  LEFT JOIN events AS next ON next.position = s.position + 1
 ORDER BY s.projection, s.generation, s.segment
"""
BETWEEN = "SELECT partition, count(*) FROM events WHERE position > %s AND position <= %s GROUP BY partition"


class SegmentCounts(msgspec.Struct):
    """
    What has become of the facts of one segment of a generation, up to its position.

    Attributes:
        owner: host and process that works on it; None if no process does.
        silent_seconds: since the owner gave a sign of life; None without any heartbeat.
        applied, ignored, parked, skipped: facts of the segment's partitions.
        lag_seconds: age of the first fact that it has not seen; 0 when it has seen all.
        events: facts of these partitions in the log.
    """

    projection: str
    generation: int
    status: str
    segments: int
    segment: int
    position: int
    epoch: int
    owner: str | None
    applied: int
    ignored: int
    parked: int
    skipped: int
    lag_events: int
    lag_seconds: float
    silent_seconds: float | None
    events: int = 0
    adds_up: bool = True

    @property
    def difference(self) -> int:
        """Facts of the log that are not accounted for; below 0 if some are twice."""
        return self.events - self.applied - self.ignored - self.parked - self.skipped


async def segment_counts(connection: psycopg.AsyncConnection) -> list[SegmentCounts]:
    """
    The account of every segment of every generation, by name.

    Position and counts are of one moment, also where they are a copy of what is in Valkey. Those of a generation that
    is being built are not complete before it is ready.
    """
    async with connection.cursor(row_factory=class_row(SegmentCounts)) as cursor:
        found = await (await cursor.execute(ACCOUNTS)).fetchall()
    events = await _events_until(connection, {each.position for each in found})
    for each in found:
        by_partition = events[each.position].items()
        each.events = sum(n for partition, n in by_partition if segment_of(partition, each.segments) == each.segment)
        each.adds_up = each.status == "building" or each.difference == 0
    return found


async def _events_until(connection: psycopg.AsyncConnection, positions: set[int]) -> dict[int, Counter[int]]:
    """How many facts of each partition there are up to each of some positions."""
    counted: Counter[int] = Counter()
    events: dict[int, Counter[int]] = {}
    before = -BLOCK
    for position in sorted(positions):
        if position - before < BLOCK:
            counted.update(dict(await (await connection.execute(BETWEEN, (before, position))).fetchall()))
        else:  # whole blocks are known
            counted = Counter()
            for (partition, _), number in (await counts_until(connection, position)).items():
                counted[partition] += number
        events[position], before = counted.copy(), position
    return events
