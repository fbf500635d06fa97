"""
How far every read model is behind the log, as `campus projections status`, /readyz and /metrics tell it.
"""

import msgspec
import psycopg
from psycopg.rows import class_row

# recorded_at of the first fact that a read model has not seen says for how long it has been behind.
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


class Progress(msgspec.Struct):
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


async def progress(connection: psycopg.AsyncConnection) -> list[Progress]:
    """Every generation of every read model, by name."""
    async with connection.cursor(row_factory=class_row(Progress)) as cursor:
        await cursor.execute(PROGRESS)
        return await cursor.fetchall()
