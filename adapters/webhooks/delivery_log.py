"""
The log of deliveries, as it is read: what was sent to an endpoint, and what was answered, for thirty days.

Reads     webhook_deliveries, webhook_attempts
"""

from datetime import datetime

import msgspec

from adapters.postgres.connection import Connection, Link
from adapters.postgres.queries.reader import RowPage

LIST = """
SELECT d.position, d.message_id, d.type, d.status, d.attempts, d.since,
       CASE WHEN d.status = 'pending' THEN d.next_at END, d.finished_at, last.status, last.error
  FROM webhook_deliveries AS d
  LEFT JOIN LATERAL (SELECT status, error FROM webhook_attempts AS a
                      WHERE a.endpoint_id = d.endpoint_id AND a.message_id = d.message_id
                      ORDER BY at DESC LIMIT 1) AS last ON true
 WHERE d.endpoint_id = %(endpoint)s AND (%(status)s::text IS NULL OR d.status = %(status)s) AND d.position < %(before)s
 ORDER BY d.position DESC LIMIT %(limit)s
"""
ATTEMPTS = """
SELECT at, status, milliseconds, error, answer FROM webhook_attempts
 WHERE endpoint_id = %s AND message_id = %s ORDER BY at DESC LIMIT 100
"""


class WebhookDelivery(msgspec.Struct, kw_only=True):
    """
    A message, and what has become of it.

    Attributes:
        message_id: `webhook-id` of the message, which is the id of its fact.
        attempts: how often it was sent since it was to be sent, or to be sent once more.
        last_status: of the latest answer; null if nothing was answered, and `last_error` says why.
        next_at: when it is sent next; null for one that is not pending.
    """

    position: int
    message_id: str
    type: str
    status: str
    attempts: int
    since: datetime
    next_at: datetime | None
    finished_at: datetime | None
    last_status: int | None
    last_error: str | None


class WebhookAttempt(msgspec.Struct, kw_only=True):
    """One attempt: `answer` has the first 1,024 bytes of what was answered."""

    at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    answer: str


async def deliveries(link: Link, endpoint_id: str, status: str | None, before: int, limit: int) -> RowPage:
    """Messages to an endpoint of facts before a position, the latest fact first."""
    parameters = {"endpoint": endpoint_id, "status": status, "before": before, "limit": limit}

    async def work(connection: Connection) -> list[tuple[int, str]]:
        rows = await (await connection.execute(LIST, parameters)).fetchall()
        names = WebhookDelivery.__struct_fields__
        found = [WebhookDelivery(**dict(zip(names, row, strict=True))) for row in rows]
        return [(each.position, msgspec.json.encode(each).decode()) for each in found]

    return RowPage(list(await link.run(work)), 0)


async def attempts(link: Link, endpoint_id: str, message_id: str) -> list[WebhookAttempt]:
    """The attempts to send a message, the latest first."""

    async def work(connection: Connection) -> list[WebhookAttempt]:
        rows = await (await connection.execute(ATTEMPTS, (endpoint_id, message_id))).fetchall()
        names = WebhookAttempt.__struct_fields__
        return [WebhookAttempt(**dict(zip(names, row, strict=True))) for row in rows]

    return await link.run(work)
