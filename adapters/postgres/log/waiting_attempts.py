"""
The attempts that wait for people who grade, and the one that a handle stands for: each in one statement.

An attempt waits when its marks say that no key can give one of them, and it has no grade yet. The marks are found by an
index of their own (migration 0360), the rest by the index of streams: of each such attempt a few facts.
"""

from collections.abc import Collection
from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of, readable
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact

# LIMIT keeps each look at a stream a look at that stream; what comes before the hand-in is many answers.
WAITING = f"""
WITH marked AS (
    SELECT DISTINCT stream_id FROM events
     WHERE type = 'attempt.marked' AND position('"earned":null'::bytea IN data) > 0
       AND split_part(stream_id, ':', 2) = ANY(%(quizzes)s)),
waiting AS (
    SELECT submitted.* FROM marked
     CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM events
         WHERE stream_id = marked.stream_id AND type = 'attempt.submitted' ORDER BY stream_version DESC LIMIT 1
     ) AS submitted
      LEFT JOIN LATERAL (
        SELECT true AS is_graded FROM events
         WHERE stream_id = marked.stream_id AND stream_version > submitted.stream_version AND type = 'attempt.graded'
         LIMIT 1) AS graded ON true
     WHERE is_graded IS NULL)
SELECT count(*) OVER (), waiting.* FROM waiting ORDER BY occurred_at, position LIMIT %(limit)s
"""

# The seed as it stands in the bytes of the fact: hexadecimal digits.
SEED = """split_part(encode(substr(data, position('"seed":"'::bytea IN data) + 8, 128), 'escape'), '"', 1)"""
STARTED = f"""
SELECT {COLUMNS} FROM events
 WHERE type = 'attempt.started' AND split_part(stream_id, ':', 2) = %(quiz)s
   AND left(encode(sha256(decode({SEED} || ':' || stream_id, 'escape')), 'hex'), length(%(handle)s)) = %(handle)s
"""


class WaitingAttempts(NamedTuple):
    """How many attempts wait, and the facts by which the oldest of them were handed in."""

    number: int
    oldest: list[Fact]


async def waiting_attempts(connection: Connection, quizzes: Collection[str], limit: int) -> WaitingAttempts:
    """What waits in these quizzes, the oldest *limit* attempts first."""
    values = {"quizzes": list(quizzes), "limit": limit}
    rows = await (await connection.execute(WAITING.encode(), values, binary=True)).fetchall()
    return WaitingAttempts(rows[0][0] if rows else 0, readable(fact_of(row[1:]) for row in rows))


async def started_by_handle(connection: Connection, quiz_id: str, handle: str) -> Fact | None:
    """The start of the attempt of a quiz that a handle stands for: the first digits of a hash of seed and stream."""
    values = {"quiz": quiz_id, "handle": handle}
    rows = await (await connection.execute(STARTED.encode(), values, binary=True)).fetchall()
    return next(iter(readable(map(fact_of, rows))), None)
