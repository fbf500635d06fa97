"""How many facts the log has got in each of the last minutes; positions have no gaps, so two of them say it."""

from datetime import datetime

import msgspec

from adapters.postgres.log.postgres_log import HEAD
from adapters.postgres.queries.reader import Reader

# For each minute the last fact that was recorded by then, all found at once, by halves.
POSITIONS = f"""
WITH RECURSIVE head (position) AS ({HEAD}),
search (minute, known, beyond) AS (
    SELECT minute, 0::bigint, position + 1
      FROM head CROSS JOIN generate_series(%(first)s::timestamptz, %(last)s, interval '1 minute') AS minute
     UNION ALL
    SELECT minute, CASE WHEN recorded_at <= minute THEN middle ELSE known END,
           CASE WHEN recorded_at <= minute THEN beyond ELSE middle END
      FROM search CROSS JOIN LATERAL (SELECT (known + beyond) / 2 AS middle) AS half
      JOIN events ON events.position = middle WHERE beyond - known > 1)
SELECT minute, known, (SELECT position FROM head) FROM search WHERE beyond - known = 1 ORDER BY minute
"""


class FactsOfMinute(msgspec.Struct, kw_only=True):
    """How many facts were recorded in the minute that ended then."""

    until: datetime
    facts: int


class LogRate(msgspec.Struct, kw_only=True):
    """The position of the last fact, and the facts of each of the last whole minutes, the oldest first."""

    position: int
    minutes: list[FactsOfMinute]


async def log_rate(reader: Reader, first: datetime, last: datetime) -> LogRate:
    """The facts of each minute from *first*, when the first one begins, to *last*, when the last one ends."""
    rows = await reader.rows(POSITIONS, {"first": first, "last": last})
    known = [0, *(position for _, position, _ in rows)]
    counted = [FactsOfMinute(until=row[0], facts=row[1] - before) for row, before in zip(rows, known, strict=False)]
    return LogRate(position=rows[0][2], minutes=counted[1:])
