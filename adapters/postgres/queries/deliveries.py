"""What has become of notifications: answers, examples, and the SQL over the rows of projections/deliveries.py."""

from datetime import UTC, datetime

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)


class DeliveryCount(msgspec.Struct, kw_only=True):
    """How many notifications of a template have gone by a channel, and what has become of them."""

    channel: str
    template: str
    planned: int
    sent: int
    bounced: int
    returned: int
    gathered: int
    suppressed: int
    waiting: int


class DeliveryReport(msgspec.Struct, kw_only=True):
    """
    What has become of what was planned since a time; whether a mail was opened is not tracked.

    Attributes:
        waiting: of the counts: of mails, those of which nothing has become yet.
        returned: of the counts: came back after the mail server had taken them; they are not in `sent`.
        gathered: of the counts: went out as a part of a digest, which is counted by itself.
        reasons: why notifications were suppressed, and with which reply codes they have bounced.
        doubtful: mails that may have gone out twice, of all times.
    """

    since: datetime
    counts: list[DeliveryCount]
    reasons: dict[str, int]
    doubtful: int


class DoubtfulDelivery(msgspec.Struct, kw_only=True):
    """A mail that may have gone out more often than it should, or, if it is suppressed, not at all."""

    learner_id: str
    notification_id: str
    template: str
    outcome: str
    settled_at: datetime
    position: int


EXAMPLE = DeliveryReport(
    since=AT,
    counts=[
        DeliveryCount(
            channel="email",
            template="attempt_graded",
            planned=9,
            sent=6,
            bounced=1,
            returned=0,
            gathered=1,
            suppressed=1,
            waiting=0,
        )
    ],
    reasons={"550": 1, "muted": 1},
    doubtful=1,
)
DOUBTFUL = DoubtfulDelivery(
    learner_id="28400",
    notification_id="5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e",
    template="attempt_graded",
    outcome="sent",
    settled_at=AT,
    position=1713,
)
_COUNTED = {
    "planned": "count(*)",
    **{
        each: f"count(*) FILTER (WHERE outcome = '{each}')"
        for each in ("sent", "bounced", "returned", "gathered", "suppressed")
    },
    "waiting": "count(*) FILTER (WHERE outcome = 'planned' AND channel <> 'page')",
}
_COUNTS = ", ".join(f"{sql} AS {name}" for name, sql in _COUNTED.items())
REPORT = f"""
WITH recent AS MATERIALIZED (
    SELECT channel, template, outcome, reason FROM deliveries WHERE planned_at >= %(since)s),
counts AS (SELECT channel, template, {_COUNTS} FROM recent GROUP BY channel, template),
reasons AS (SELECT reason, count(*) AS number FROM recent WHERE reason <> '' GROUP BY reason)
SELECT {CHECKPOINT.format("deliveries")}, json_build_object(
    'since', %(text)s::text,
    'counts', (SELECT {json_array(json_object(DeliveryCount), "channel, template")} FROM counts),
    'reasons', (SELECT coalesce(json_object_agg(reason, number ORDER BY reason), '{{}}') FROM reasons),
    'doubtful', (SELECT count(*) FROM deliveries WHERE doubt > 0))::text
"""
PAGE = f"""
SELECT {CHECKPOINT.format("deliveries")}, page.doubt, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT doubt, {json_object(DoubtfulDelivery, position="doubt")}::text AS body FROM deliveries
     WHERE doubt > 0 AND doubt < %(before)s ORDER BY doubt DESC LIMIT %(limit)s) AS page ON true
 ORDER BY page.doubt DESC
"""


async def report_of(reader: Reader, since: datetime) -> Answer:
    """What has become of what was planned since a time."""
    text = msgspec.json.decode(msgspec.json.encode(since))
    return await reader.answer(REPORT, {"since": since, "text": text})


async def doubtful_before(reader: Reader, before: int, limit: int) -> RowPage:
    """Up to *limit* mails in doubt whose facts say so before a position, the latest first."""
    return await reader.page(PAGE, {"before": before, "limit": limit})
