"""
What is sent to endpoints, and how far each is: cursors, deliveries, attempts.

Reads     webhook_cursors, webhook_deliveries, webhook_attempts
Writes    these, in the transactions of the one sender of a campus; what has ended is kept for thirty days.
A delivery is there from when its fact was looked at until it was taken; so nothing is lost with a process. A cursor
stops while `MOST_PENDING` wait: an endpoint that is away costs no rows for what happens meanwhile.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.webhooks.client import Answered
from domain.fact import Fact

LIVE = "live"
MOST_PENDING = 1_000  # of an endpoint
KEPT_FOR = timedelta(days=30)
AT_ONCE = 10_000  # rows that are forgotten in one go

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"

BEGIN = """
INSERT INTO webhook_cursors (endpoint_id, name, position, last) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
CURSORS = """
SELECT endpoint_id COLLATE "C", name, position, last, heard, delivered_at FROM webhook_cursors
 WHERE endpoint_id = ANY(%s) ORDER BY 1, name
"""
ADVANCE = "UPDATE webhook_cursors SET position = %s WHERE endpoint_id = %s AND name = %s"
HEARD = "UPDATE webhook_cursors SET heard = %s WHERE endpoint_id = %s AND name = 'live'"
END_CURSORS = "DELETE FROM webhook_cursors WHERE endpoint_id = %s AND (name <> 'live' OR %s)"
ADD = """
INSERT INTO webhook_deliveries (endpoint_id, message_id, position, type, since, next_at)
SELECT %s, id, position, type, %s, %s FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS new (id, position, type)
ON CONFLICT (endpoint_id, message_id) DO
"""
ONCE = f"{ADD} NOTHING"
AGAIN = (
    f"{ADD} UPDATE SET status = 'pending', attempts = 0, since = excluded.since, next_at = excluded.next_at,"
    " finished_at = NULL"
)
COUNT_PENDING = """
SELECT endpoint_id, count(*) FROM webhook_deliveries WHERE endpoint_id = ANY(%s) AND status = 'pending' GROUP BY 1
"""
DUE = """
SELECT due.* FROM unnest(%(endpoints)s::text[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT endpoint_id, message_id, position, attempts, since FROM webhook_deliveries AS found
     WHERE found.endpoint_id = wanted.id AND status = 'pending' AND next_at <= %(now)s
       AND NOT endpoint_id || ' ' || message_id = ANY(%(under_way)s)
     ORDER BY next_at, position LIMIT %(limit)s) AS due
"""
NOTE = """
INSERT INTO webhook_attempts (endpoint_id, message_id, at, status, milliseconds, error, answer)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
FINISH = """
UPDATE webhook_deliveries SET status = %s, attempts = attempts + 1, finished_at = %s
 WHERE endpoint_id = %s AND message_id = %s
"""
SUCCEEDED = "UPDATE webhook_cursors SET delivered_at = %s WHERE endpoint_id = %s AND name = 'live'"
LATER = """
UPDATE webhook_deliveries SET attempts = attempts + 1, next_at = %s WHERE endpoint_id = %s AND message_id = %s
"""
NOW = (
    "UPDATE webhook_deliveries SET next_at = %s, since = %s, attempts = 0 WHERE endpoint_id = %s AND status = 'pending'"
)
GIVE_UP_ALL = """
UPDATE webhook_deliveries SET status = 'failed', finished_at = %s WHERE endpoint_id = %s AND status = 'pending'
"""
FORGET = """
DELETE FROM webhook_deliveries WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM webhook_deliveries WHERE finished_at < %s LIMIT %s))
"""
FORGET_ATTEMPTS = """
DELETE FROM webhook_attempts WHERE ctid = ANY(ARRAY(SELECT ctid FROM webhook_attempts WHERE at < %s LIMIT %s))
"""


class Cursor(NamedTuple):
    """How far an endpoint is: *last* is where a replay ends, None for the cursor that goes on."""

    endpoint_id: str
    name: str
    position: int
    last: int | None
    heard: int
    delivered_at: datetime | None

    def target(self, head: int) -> int:
        """Up to which position it is to be followed, where the log ends at *head*."""
        return head if self.last is None else min(self.last, head)


class Due(NamedTuple):
    """A message that is to be sent now; *since*: when it was first to be sent."""

    endpoint_id: str
    message_id: str
    position: int
    attempts: int
    since: datetime


async def begin(
    connection: Connection, endpoint_id: str, position: int, *, name: str = LIVE, last: int | None = None
) -> None:
    """Look at facts after *position* from now on, up to *last* if one is given; a second time changes nothing."""
    await connection.execute(BEGIN, (endpoint_id, name, position, last))


async def cursors(connection: Connection, endpoints: Collection[str]) -> list[Cursor]:
    """How far these endpoints are."""
    return [Cursor(*row) for row in await (await connection.execute(CURSORS, (list(endpoints),))).fetchall()]


async def add(
    connection: Connection, endpoint_id: str, facts: Sequence[Fact], now: datetime, *, again: bool = False
) -> None:
    """Have facts sent; *again*: also those that were sent before."""
    ids, positions, types = ([f.meta.event_id for f in facts], [f.position for f in facts], [f.type for f in facts])
    statement = AGAIN if again else ONCE
    await connection.execute(statement.encode(), (endpoint_id, now, now, ids, positions, types))


async def advance(connection: Connection, cursor: Cursor, position: int) -> None:
    """All facts up to *position* were looked at; a replay that has come to its end is over."""
    await connection.execute(ADVANCE, (position, cursor.endpoint_id, cursor.name))
    if cursor.last is not None and position >= cursor.last:
        await connection.execute(
            "DELETE FROM webhook_cursors WHERE endpoint_id = %s AND name = %s", (cursor.endpoint_id, cursor.name)
        )


async def heard(connection: Connection, endpoint_id: str, version: int) -> None:
    """The facts of an endpoint were followed up to this version of its stream."""
    await connection.execute(HEARD, (version, endpoint_id))


async def pending(connection: Connection, endpoints: Collection[str]) -> dict[str, int]:
    """How many messages wait for each of these endpoints."""
    rows = await (await connection.execute(COUNT_PENDING, (list(endpoints),))).fetchall()
    return {row[0]: row[1] for row in rows}


def named(endpoint_id: str, message_id: str) -> str:
    """What names a message to an endpoint: of a fact each endpoint gets a message with the same id."""
    return f"{endpoint_id} {message_id}"


async def due(
    connection: Connection, endpoints: Collection[str], now: datetime, under_way: Collection[str], limit: int
) -> list[Due]:
    """Messages that are to be sent now, *limit* for each endpoint, without those that are *under_way* (`named`)."""
    parameters = {"endpoints": list(endpoints), "now": now, "under_way": list(under_way), "limit": limit}
    return [Due(*row) for row in await (await connection.execute(DUE, parameters)).fetchall()]


async def note(connection: Connection, message: Due, answer: Answered, at: datetime) -> None:
    """Write an attempt into the log of deliveries."""
    values = (answer.status, answer.milliseconds, answer.error, answer.text)
    await connection.execute(NOTE, (message.endpoint_id, message.message_id, at, *values))


async def finish(connection: Connection, message: Due, status: str, now: datetime) -> None:
    """The message was taken, or is given up."""
    await connection.execute(FINISH, (status, now, message.endpoint_id, message.message_id))
    if status == DELIVERED:
        await connection.execute(SUCCEEDED, (now, message.endpoint_id))


async def put_off(connection: Connection, message: Due, until: datetime) -> None:
    """Try it again at a time."""
    await connection.execute(LATER, (until, message.endpoint_id, message.message_id))


async def send_now(connection: Connection, endpoint_id: str, now: datetime) -> None:
    """What waits for an endpoint that was enabled is sent now, and has its three days from now on."""
    await connection.execute(NOW, (now, now, endpoint_id))


async def end(connection: Connection, endpoint_id: str, now: datetime, *, for_good: bool) -> None:
    """End the replays of an endpoint; *for_good*: the endpoint is removed, and what waits is given up."""
    await connection.execute(END_CURSORS, (endpoint_id, for_good))
    if for_good:
        await connection.execute(GIVE_UP_ALL, (now, endpoint_id))


async def forget_old(connection: Connection, now: datetime) -> bool:
    """Forget what has ended thirty days ago; whether there may be more."""
    gone = await connection.execute(FORGET, (now - KEPT_FOR, AT_ONCE))
    attempts = await connection.execute(FORGET_ATTEMPTS, (now - KEPT_FOR, AT_ONCE))
    return AT_ONCE in (gone.rowcount, attempts.rowcount)
