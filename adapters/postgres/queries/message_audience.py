"""To whom a message of the staff goes: learners of a run by where they stand, from the rows of course_dashboard."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage

_ADDRESSEES = {
    "on_run": "place.status IN ('active', 'completed')",
    "not_started": "place.status = 'active' AND percent = 0 AND NOT submitted AND jsonb_array_length(weeks) = 0",
    "waiting": "place.status = 'waitlisted'",
    "cohort": """place.status IN ('active', 'completed') AND cohort_begins_at IS NOT NULL AND %(cohort)s = (
            SELECT json_or_null(data) ->> 'new_cohort' FROM events
             WHERE stream_id = 'enrollment-' || learner_id || ':' || %(run)s AND type = 'enrollment.cohort_changed'
             ORDER BY stream_version DESC LIMIT 1)""",
}
LEARNERS = f"""
SELECT {CHECKPOINT.format("course_dashboard")}, page.learner_id FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id FROM course_enrollments AS place
     WHERE run_id = %(run)s AND {{addressees}} AND learner_id > %(after)s
     ORDER BY learner_id LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id
"""
COUNT = f"""
SELECT {CHECKPOINT.format("course_dashboard")}, count(*), count(*) FILTER (WHERE account.status = 'active')
  FROM course_enrollments AS place LEFT JOIN (SELECT learner_id, status FROM accounts) AS account USING (learner_id)
 WHERE run_id = %(run)s AND {{addressees}}
"""
REACHABLE = "SELECT count(*) FROM accounts WHERE status = 'active' AND learner_id = ANY(%(learners)s)"


class Asked(NamedTuple):
    """Which learners of a run."""

    run_id: str
    addressees: str
    cohort_id: str | None


async def learners(reader: Reader, asked: Asked, after: str, limit: int) -> list[str]:
    """Up to *limit* addressees after one, by their ids."""
    parameters = {"run": asked.run_id, "cohort": asked.cohort_id, "after": after, "limit": limit}
    rows = await reader.rows(LEARNERS.format(addressees=_ADDRESSEES[asked.addressees]), parameters)
    return [learner_id for _, learner_id in rows if learner_id is not None]


async def count(reader: Reader, asked: Asked) -> tuple[int, int, int]:
    """How many learners are among the addressees, how many of them have an account in use, and the position."""
    query = COUNT.format(addressees=_ADDRESSEES[asked.addressees])
    ((position, learners, in_use),) = await reader.rows(query, {"run": asked.run_id, "cohort": asked.cohort_id})
    return learners, in_use, position or 0


async def in_use(reader: Reader, learner_ids: Sequence[str]) -> int:
    """How many of these have an account in use."""
    ((number,),) = await reader.rows(REACHABLE, {"learners": list(learner_ids)})
    return int(number)


class Receipt(msgspec.Struct, kw_only=True):
    """
    What has become of a message for one learner; *mail* is null where none was to go out.

    Attributes:
        page, mail: `planned`, `sent`, `bounced` or `suppressed`, with the reason behind a colon.
    """

    learner_id: str
    page: str | None
    mail: str | None


_OUTCOME = "delivery.outcome || CASE WHEN delivery.reason = '' THEN '' ELSE ':' || delivery.reason END"
_RECEIPT = json_object(
    Receipt,
    page=f"max({_OUTCOME}) FILTER (WHERE delivery.channel = 'page')",
    mail=f"max({_OUTCOME}) FILTER (WHERE delivery.channel = 'email')",
)
RECEIPTS = f"""
SELECT {CHECKPOINT.format("deliveries")}, page.learner_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, {_RECEIPT}::text AS body
      FROM course_enrollments AS place JOIN deliveries AS delivery USING (learner_id)
     WHERE place.run_id = %(run)s AND notification_id = ANY(%(ids)s) AND learner_id > %(after)s
     GROUP BY learner_id ORDER BY learner_id LIMIT %(limit)s) AS page ON true
 ORDER BY page.learner_id
"""


async def receipts(reader: Reader, run_id: str, ids: Sequence[str], after: str, limit: int) -> RowPage:
    """What has become of the notifications of a message for up to *limit* learners after one, by their ids."""
    return await reader.page(RECEIPTS, {"run": run_id, "ids": list(ids), "after": after, "limit": limit})
