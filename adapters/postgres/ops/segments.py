"""How far each segment of the generations of one read model is."""

import msgspec
from psycopg.rows import class_row

from adapters.postgres.connection import Connection

OF_PROJECTION = """
SELECT s.generation, p.status, s.segment, s.position, greatest(head.position - s.position, 0) AS lag_events,
       s.applied, s.ignored, s.parked, s.skipped, s.owner IS NOT NULL AS owned
  FROM segments AS s JOIN projections AS p ON p.name = s.projection AND p.generation = s.generation
 CROSS JOIN log_head AS head
 WHERE s.projection = %s ORDER BY s.generation DESC, s.segment
"""


class SegmentProgress(msgspec.Struct, kw_only=True):
    """
    One segment of a generation: every fourth partition of the log, or all of it where a read model is not divided.

    Attributes:
        position: up to which its rows are true; 0 until a rebuild has written them.
        applied, ignored, parked, skipped: what has become of the facts of its partitions up to there.
        owned: whether a process works on it.
    """

    generation: int
    status: str
    segment: int
    position: int
    lag_events: int
    applied: int
    ignored: int
    parked: int
    skipped: int
    owned: bool


async def segments_of(connection: Connection, projection: str) -> list[SegmentProgress]:
    """The segments of all generations, those of the newest first."""
    async with connection.cursor(row_factory=class_row(SegmentProgress)) as cursor:
        await cursor.execute(OF_PROJECTION, [projection])
        return await cursor.fetchall()
