"""
From what is asked for (a position or a time) to the moment for which read models are folded.

A position that the log has not given out, and a time that has not come, are refused: the answer would change later.
Before the first fact there is the empty log, for which every read model is empty.
"""

from datetime import UTC, datetime
from typing import Any

from adapters.postgres.connection import Connection
from adapters.postgres.log.postgres_log import HEAD, PostgresLog
from domain.errors import Rejected
from projections.engine.moment import Moment

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # the time of the empty log

# Facts are recorded one after the other, so their times grow with their positions: a search by halves.
POSITION_AT = f"""
WITH RECURSIVE head (position) AS ({HEAD}),
search (known, beyond) AS (  -- `known` was recorded by then, `beyond` was not
    SELECT 0::bigint, position + 1 FROM head
     UNION ALL
    SELECT CASE WHEN recorded_at <= %s THEN middle ELSE known END,
           CASE WHEN recorded_at <= %s THEN beyond ELSE middle END
      FROM search CROSS JOIN LATERAL (SELECT (known + beyond) / 2 AS middle) AS half
      JOIN events ON events.position = middle WHERE beyond - known > 1)
SELECT known FROM search WHERE beyond - known = 1
"""
RECORDED_AT = "SELECT recorded_at FROM events WHERE position = %s"


class MomentAhead(Rejected):
    """The moment that was asked for has not come: the log may still get facts that belong to it."""

    code = "moment_ahead"


async def moment_at(log: PostgresLog, known_at: int | datetime | None, valid_at: datetime | None) -> Moment:
    """
    The moment of a position or a time at which something was known, and of a time at which it held.

    Raises:
        MomentAhead: a position above the head of the log, or a time that has not come.
    """
    now = log.clock.now()
    for name, time in (("known_at", known_at), ("valid_at", valid_at)):
        if isinstance(time, datetime) and time > now:
            raise MomentAhead(f"{name} is {time.isoformat()}, which has not come: it is {now.isoformat()}")
    if known_at is None:
        return Moment(await log.head(), valid_at or now, valid_at=valid_at)
    if isinstance(known_at, datetime):
        return Moment(await position_at(log, known_at), valid_at or known_at, known_at, valid_at)
    recorded_at = await _recorded_at(log, known_at)
    return Moment(known_at, valid_at or recorded_at, recorded_at, valid_at, is_fixed=True)


async def position_at(log: PostgresLog, time: datetime) -> int:
    """The position of the last fact that was recorded by *time*; 0 if there is none."""
    found: int | None = await log.link.run(lambda connection: _only(connection, POSITION_AT, time, time))
    return found or 0


async def _recorded_at(log: PostgresLog, position: int) -> datetime:
    """When the fact at a position was recorded."""
    if position == 0:
        return BEGINNING
    found: datetime | None = await log.link.run(lambda connection: _only(connection, RECORDED_AT, position))
    if found is None:
        head = await log.head()
        raise MomentAhead(f"known_at is position {position}, and the log ends at position {head}")
    return found


async def _only(connection: Connection, query: str, *parameters: Any) -> Any:
    """The only value of the only row; None if there is no row."""
    row = await (await connection.execute(query.encode(), parameters)).fetchone()
    return None if row is None else row[0]
