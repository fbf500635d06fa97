"""
Questions of a run that wait for an answer: rows of projections/forum.py, as SQL, the oldest first.

A question waits as long as no reply of another person than who has asked is shown, and no answer is accepted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from adapters.personal.keys import PersonKeys
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from domain.forum import OPENING, writing_stream
from domain.personal import read_words

AGES = {"over_a_day": 1, "over_three_days": 3, "over_a_week": 7}  # days


class StoredQuestion(msgspec.Struct, kw_only=True):
    """A question; *title* is sealed with the key of who has asked."""

    thread_id: str
    unit_id: str | None
    title: str | None
    asked_at: datetime
    learner_id: str
    anonymous: bool
    own_posts: int


class UnansweredQuestion(StoredQuestion, kw_only=True):
    """
    A question that no one but its author has replied to.

    Attributes:
        title: `erased` with the person.
        anonymous: whether learners do not see who has asked.
        own_posts: how many posts of the thread are shown, all by who has asked.
    """


class UnansweredCounts(msgspec.Struct, kw_only=True):
    """How many questions of a run wait, how many of them for longer than that, and since when the oldest does."""

    total: int
    over_a_day: int
    over_three_days: int
    over_a_week: int
    oldest_at: datetime | None


AT = datetime.fromisoformat("2026-02-14T18:00:00Z")
QUESTION = UnansweredQuestion(
    thread_id="0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1",
    unit_id="q1",
    title="Why is 6 x 7 not 36?",
    asked_at=AT,
    learner_id="28400",
    anonymous=True,
    own_posts=1,
)
COUNTS = UnansweredCounts(total=3, over_a_day=2, over_three_days=1, over_a_week=1, oldest_at=AT)

_AT = CHECKPOINT.format("forum")
_WAITS = """
  FROM forum_threads AS thread
 WHERE thread.run_id = %(run)s AND thread.kind = 'question' AND thread.accepted_no IS NULL AND thread.closed IS NULL
   AND thread.merged_into IS NULL AND thread.posts > 0 AND NOT thread.hidden @> '[1]'
   AND NOT EXISTS (SELECT FROM forum_posts AS reply WHERE reply.thread_id = thread.thread_id
                      AND reply.learner_id <> thread.learner_id AND reply.removed IS NULL)
"""
_QUESTION = json_object(
    StoredQuestion,
    **{name: f"thread.{name}" for name in ("thread_id", "unit_id", "learner_id", "anonymous")},
    asked_at="thread.created_at",
    own_posts="thread.posts - jsonb_array_length(thread.hidden)",
    title="(SELECT title FROM forum_writings AS opening WHERE opening.learner_id = thread.learner_id"
    " AND opening.thread_id = thread.thread_id AND opening.post_no = 1)",
)
_SINCE = "(extract(epoch FROM thread.created_at) * 1000000)::bigint"
PAGE = f"""
SELECT {_AT}, page.since, page.thread_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {_SINCE} AS since, thread.thread_id, {_QUESTION}::text AS body {_WAITS}
       AND (%(a)s::bigint IS NULL OR ({_SINCE}, thread.thread_id) > (%(a)s, %(b)s))
     ORDER BY 1, 2 LIMIT %(limit)s) AS page ON true
 ORDER BY page.since, page.thread_id
"""
_COUNTED = json_object(
    UnansweredCounts,
    total="count(*)",
    oldest_at="min(thread.created_at)",
    **{name: f"count(*) FILTER (WHERE thread.created_at < %({name})s)" for name in AGES},
)
COUNT = f"SELECT {_AT}, (SELECT {_COUNTED}::text {_WAITS})"

_stored = msgspec.json.Decoder(StoredQuestion).decode
_encode = msgspec.json.Encoder().encode


async def page(reader: Reader, keys: PersonKeys, run_id: str, after: Sequence[Any] | None, limit: int) -> RowPage:
    """Up to *limit* questions that wait, the oldest first, after two values of the order, with titles opened."""
    a, b = after or (None, None)
    found = await reader.page(PAGE, {"run": run_id, "a": a, "b": b, "limit": limit})
    stored = [_stored(row[-1]) for row in found.rows]
    opened = await keys.reading_all({_stream(each) for each in stored})
    for each in stored:
        if each.title is not None:
            each.title = read_words(each.title, opened[_stream(each)])
    rows = [(*row[:-1], _encode(each).decode()) for row, each in zip(found.rows, stored, strict=True)]
    return found._replace(rows=rows)


async def counts(reader: Reader, run_id: str, now: datetime) -> Answer:
    """How many questions wait, by their age at *now*."""
    ages = {name: now - timedelta(days=days) for name, days in AGES.items()}
    return await reader.answer(COUNT, {"run": run_id, **ages})


def _stream(each: StoredQuestion) -> str:
    return writing_stream(each.learner_id, each.thread_id, OPENING)
