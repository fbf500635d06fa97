"""The inbox of a person: the SQL over the rows of projections/inbox.py."""

from datetime import datetime

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader

MOST_COUNTED = 100
"""Unread notifications; one of so many stands for any number from there on."""
SHOWN = "n.learner_id = %(learner)s AND n.position > 0 AND n.archived_at IS NULL"
UNREAD = "n.read_at IS NULL AND n.position > coalesce(i.read_through, 0)"
JOINED = "notifications AS n LEFT JOIN inboxes AS i ON i.learner_id = n.learner_id"


class InboxRow(msgspec.Struct, kw_only=True):
    """A notification as its row has it."""

    notification_id: str
    template: str
    template_version: int
    planned_at: datetime
    position: int
    cause_event_id: str
    cause_position: int
    is_read: bool


_ROW = json_object(InboxRow, is_read=f"NOT ({UNREAD})")
_UNREAD = f"(SELECT count(*) FROM (SELECT FROM {JOINED} WHERE {SHOWN} AND {UNREAD} LIMIT {MOST_COUNTED}) AS unread)"
PAGE = f"""
SELECT {CHECKPOINT.format("inbox")}, {_UNREAD}, page.position, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT n.position, {_ROW}::text AS body FROM {JOINED}
     WHERE {SHOWN} AND n.position < %(before)s AND (NOT %(unread)s OR {UNREAD})
     ORDER BY n.position DESC LIMIT %(limit)s) AS page ON true
 ORDER BY page.position DESC
"""
COUNT = f"SELECT {CHECKPOINT.format('inbox')}, {_UNREAD}"

_decode = msgspec.json.Decoder(InboxRow).decode


class UnreadCount(msgspec.Struct, frozen=True):
    """How many are unread, MOST_COUNTED for that many or more; and the position for which it is true."""

    unread: int
    position: int


async def unread_of(reader: Reader, learner_id: str) -> UnreadCount:
    """How many notifications a person has not read."""
    ((position, unread),) = await reader.rows(COUNT, {"learner": learner_id})
    return UnreadCount(unread, position or 0)


class InboxPage(msgspec.Struct, frozen=True):
    """Notifications of a person, how many of all are unread, and the position for which both are true."""

    unread: int
    rows: list[InboxRow]
    position: int


async def inbox_of(reader: Reader, learner_id: str, before: int, limit: int, *, unread: bool = False) -> InboxPage:
    """Up to *limit* notifications of a person that were planned before a position, the latest first."""
    parameters = {"learner": learner_id, "before": before, "limit": limit, "unread": unread}
    rows = await reader.rows(PAGE, parameters)
    return InboxPage(rows[0][1], [_decode(row[-1]) for row in rows if row[-1] is not None], rows[0][0] or 0)
