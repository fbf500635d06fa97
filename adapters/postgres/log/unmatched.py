"""Messages of the payment provider that were left unmatched, and that no later fact has understood or dismissed."""

from datetime import datetime

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.queries.json_answer import json_object


class UnmatchedMessage(msgspec.Struct, kw_only=True):
    """
    A message of the provider from which nothing has followed.

    Attributes:
        reason, position: why, and the fact that says so.
        object_id: what it is about, by the provider's id.
        is_live: whether it is about real money, and no test key.
        learner_id, order_id, payment_id, subscription_id: of this campus, as the object names them; null for none.
    """

    event_id: str
    event_type: str
    object_type: str
    object_id: str
    reason: str
    unmatched_at: datetime
    position: int
    is_live: bool
    learner_id: str | None
    order_id: str | None
    payment_id: str | None
    subscription_id: str | None
    amount: int | None
    currency: str | None


EXAMPLE = UnmatchedMessage(
    event_id="evt_1Qx",
    event_type="customer.subscription.updated",
    object_type="subscription",
    object_id="sub_1Qx",
    reason="its price is none of ours",
    unmatched_at=datetime.fromisoformat("2026-02-01T09:00:00Z"),
    position=1713,
    is_live=True,
    learner_id="28400",
    order_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    payment_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f.1",
    subscription_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    amount=4_900,
    currency="EUR",
)
_NAMED = ("learner_id", "order_id", "payment_id", "subscription_id")
_TEXTS = ("event_type", "object_type", "object_id", *_NAMED, "currency")
_MESSAGE = json_object(
    UnmatchedMessage,
    event_id="split_part(u.stream_id, '-', 2)",
    reason="json_or_null(u.data) ->> 'reason'",
    unmatched_at="u.occurred_at",
    position="u.position",
    is_live="r -> 'livemode'",
    amount="r -> 'amount'",
    **{name: f"r ->> '{name}'" for name in _TEXTS},
)
_OURS = " OR ".join(f"r ->> '{name}' IS NOT NULL" for name in _NAMED)
UNMATCHED = f"""
SELECT u.position, {_MESSAGE}::text
  FROM events AS u CROSS JOIN LATERAL (
    SELECT json_or_null(data) AS r FROM events WHERE stream_id = u.stream_id AND stream_version = 1) AS received
 WHERE u.type = 'provider.event_unmatched' AND u.position < %(before)s AND r IS NOT NULL
   AND NOT EXISTS (SELECT FROM events AS l WHERE l.stream_id = u.stream_id AND l.stream_version > u.stream_version)
   AND (%(ours)s::boolean IS NULL OR ({_OURS}) = %(ours)s)
 ORDER BY u.position DESC LIMIT %(limit)s
"""


async def unmatched_before(
    connection: Connection, before: int, limit: int, *, ours: bool | None
) -> list[tuple[int, str]]:
    """
    Up to *limit* that were recorded before a position, the newest first, each with its position, as JSON text.

    Args:
        ours: only those that name something of this campus, or only the others.
    """
    cursor = await connection.execute(UNMATCHED.encode(), {"before": before, "limit": limit, "ours": ours})
    return await cursor.fetchall()
