"""Rows of posts that were found, sealed as they are kept."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import Reader


class FoundRow(msgspec.Struct, kw_only=True):
    """
    A post with the title of its thread.

    Attributes:
        opener_id: who has opened the thread, and written its *title*.
        title, text, name: sealed.
    """

    thread_id: str
    post_no: int
    learner_id: str
    anonymous: bool
    by_staff: bool
    posted_at: datetime
    accepted: bool
    opener_id: str
    title: str | None
    text: str | None
    name: str | None
    status: str | None


_POST = json_object(
    FoundRow,
    **{name: f"post.{name}" for name in ("thread_id", "post_no", "learner_id", "anonymous", "by_staff", "posted_at")},
    accepted="thread.accepted_no IS NOT DISTINCT FROM post.post_no",
    opener_id="thread.learner_id",
    title="opening.title",
    text="writing.text",
    name="account.display_name",
    status="account.status",
)
ROWS = f"""
SELECT {_POST}::text FROM unnest(%(threads)s::text[], %(numbers)s::integer[]) AS asked (thread_id, post_no)
  JOIN forum_posts AS post ON post.thread_id = asked.thread_id AND post.post_no = asked.post_no
  JOIN forum_threads AS thread ON thread.thread_id = post.thread_id
  LEFT JOIN forum_writings AS writing ON writing.learner_id = post.learner_id
        AND writing.thread_id = post.thread_id AND writing.post_no = post.post_no
  LEFT JOIN forum_writings AS opening ON opening.learner_id = thread.learner_id
        AND opening.thread_id = post.thread_id AND opening.post_no = 1
  LEFT JOIN accounts AS account ON account.learner_id = post.learner_id
"""
NAMES = (
    "SELECT learner_id, display_name FROM accounts WHERE learner_id = ANY(%(learners)s) AND display_name IS NOT NULL"
)

_decode = msgspec.json.Decoder(FoundRow).decode


async def found_rows(reader: Reader, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], FoundRow]:
    """The posts with these numbers of these threads."""
    if not places:
        return {}
    threads, numbers = zip(*places, strict=True)
    rows = [_decode(row[0]) for row in await reader.rows(ROWS, {"threads": [*threads], "numbers": [*numbers]})]
    return {(row.thread_id, row.post_no): row for row in rows}


async def names_of(reader: Reader, learners: Sequence[str]) -> dict[str, str]:
    """What these persons are called, sealed."""
    return dict(await reader.rows(NAMES, {"learners": list(learners)})) if learners else {}
