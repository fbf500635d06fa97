"""
The forum: rows of projections/forum.py for one reader, as SQL; what is written and what people are called is sealed.

adapters/forum.py opens it, and leaves out what the reader may not see. Nothing here is an answer as it stands.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage

State = Literal["unanswered", "unsolved", "solved"]


class StoredThread(msgspec.Struct, kw_only=True):
    """
    A thread.

    Attributes:
        title, name: sealed; *name* is what its author is called, *status* how that account stands.
        shown: how many of its posts are not removed.
        removed: why its first post is not shown.
        merged: how many threads lead on to it, of those that the reader sees.
        unread: posts of others that are shown and come after *through*, and those of threads that lead on to it.
    """

    thread_id: str
    run_id: str
    topic_id: str
    unit_id: str | None
    kind: str
    pinned: bool
    closed: str | None
    accepted_no: int | None
    merged_into: str | None
    merged: int
    posts: int
    shown: int
    created_at: datetime
    last_at: datetime
    learner_id: str
    anonymous: bool
    by_staff: bool
    title: str | None
    name: str | None
    status: str | None
    removed: str | None
    score: int
    unread: int
    through: int
    level: str


class StoredPost(msgspec.Struct, kw_only=True):
    """A post, with the vote of the reader; *text* and *name* are sealed."""

    post_no: int
    parent_no: int | None
    depth: int
    learner_id: str
    anonymous: bool
    by_staff: bool
    posted_at: datetime
    removed: str | None
    text: str | None
    edits: int
    edited_at: datetime | None
    name: str | None
    status: str | None
    score: int
    vote: int


class UnreadCounts(msgspec.Struct, kw_only=True):
    """How many posts of a run a person has not read, and in how many threads; muted ones are not counted."""

    threads: int
    posts: int


class ForumReader(NamedTuple):
    """Who reads a run's forum: one of its staff, or a learner in a cohort or in none."""

    learner_id: str
    staff: bool
    cohort_id: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What decides which threads are seen, as the queries name it."""
        return {"me": self.learner_id, "staff": self.staff, "cohort": self.cohort_id}


class ThreadsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which threads of a run; all that is given has to be true.

    Attributes:
        reader: who asks; the staff see threads whose first post is removed, and those for all cohorts.
        unread: only those with posts that the reader has not read, and has not muted.
        mine: only those that the reader has opened.
        into: only those that lead on to this thread; None for those that stand by themselves.
    """

    run_id: str
    reader: ForumReader
    topic_id: str | None = None
    unit_id: str | None = None
    kind: str | None = None
    state: State | None = None
    unread: bool = False
    mine: bool = False
    into: str | None = None


AT = CHECKPOINT.format("forum")
_SHOWN = "thread.posts - jsonb_array_length(thread.hidden)"


def in_seen_topic(staff: str, in_cohort: str, thread: str = "thread") -> str:
    """SQL for threads of topics that a reader sees: one of another than the first, only where a row says for whom."""
    return f"""({staff} OR {thread}.topic_id = 'general' OR EXISTS (SELECT FROM forum_topics AS topic
        WHERE topic.run_id = {thread}.run_id AND topic.topic_id = {thread}.topic_id
          AND (topic.cohort_id IS NULL OR {in_cohort})))"""


def seen_by(staff: str, in_cohort: str, thread: str = "thread") -> str:
    """
    SQL for threads that a reader sees, also merged ones, which no list has.

    Args:
        staff: SQL for whether the reader is one of the staff of the run of `thread`.
        in_cohort: SQL for whether the reader is in the cohort of `topic`.
    """
    return f"""{thread}.posts > 0 AND ({staff} OR {thread}.learner_id = %(me)s OR NOT {thread}.hidden @> '[1]')
        AND {in_seen_topic(staff, in_cohort, thread)}"""


def _unread(thread: str, through: str) -> str:
    return f"""greatest(0, {thread}.posts - {through}
       - (SELECT count(*) FROM jsonb_array_elements({thread}.hidden) AS gone (no) WHERE no::integer > {through})
       - (SELECT count(*) FROM forum_posts AS mine WHERE mine.thread_id = {thread}.thread_id
             AND mine.learner_id = %(me)s AND mine.post_no > {through} AND mine.removed IS NULL))"""


def parts(staff: str, in_cohort: str) -> str:
    """SQL for what leads on to `thread`: how many threads that the reader sees, and what is unread there."""
    return f"""
  CROSS JOIN LATERAL (SELECT count(*) AS threads, coalesce(sum({_unread("part", "part_own.through")})
         FILTER (WHERE part_own.level <> 'muted'), 0) AS unread
      FROM forum_threads AS part
      LEFT JOIN forum_readings AS part_reading ON part_reading.learner_id = %(me)s
            AND part_reading.thread_id = part.thread_id
      CROSS JOIN LATERAL (SELECT coalesce(part_reading.through, 0) AS through,
             coalesce(part_reading.level, 'normal') AS level) AS part_own
     WHERE part.merged_into = thread.thread_id AND {seen_by(staff, in_cohort, "part")}) AS parts
"""


def counts(staff: str, in_cohort: str) -> str:
    """SQL for what is unread of `thread`, with what leads on to it."""
    return f"""
  CROSS JOIN LATERAL (SELECT coalesce(reading.through, 0) AS through, coalesce(reading.level, 'normal') AS level) AS own
  {parts(staff, in_cohort)}
  CROSS JOIN LATERAL (SELECT {_unread("thread", "own.through")} + parts.unread AS unread) AS counted
"""


STAFF, IN_COHORT = "%(staff)s", "topic.cohort_id = %(cohort)s"
"""Of one run, as `ForumReader.parameters` say it."""
COUNTS = counts(STAFF, IN_COHORT)
IN_SEEN_TOPIC = in_seen_topic(STAFF, IN_COHORT)
SEEN_BY = f"thread.merged_into IS NULL AND {seen_by(STAFF, IN_COHORT)}"
"""Threads that a reader finds in lists, and whose posts are counted."""
OF_READER = """
  FROM forum_threads AS thread
  LEFT JOIN forum_readings AS reading ON reading.learner_id = %(me)s AND reading.thread_id = thread.thread_id
"""
TEXTS = """
  LEFT JOIN forum_writings AS opening ON opening.learner_id = thread.learner_id
        AND opening.thread_id = thread.thread_id AND opening.post_no = 1
  LEFT JOIN forum_posts AS first ON first.thread_id = thread.thread_id AND first.post_no = 1
  LEFT JOIN forum_scores AS votes ON votes.thread_id = thread.thread_id AND votes.post_no = 1
  LEFT JOIN accounts AS account ON account.learner_id = thread.learner_id
"""
THREAD_ROW = json_object(
    StoredThread,
    **{
        name: f"thread.{name}"
        for name in (
            *(
                "thread_id",
                "run_id",
                "topic_id",
                "unit_id",
                "kind",
                "closed",
                "accepted_no",
                "merged_into",
                "posts",
                "created_at",
                "last_at",
            ),
            *("learner_id", "anonymous", "by_staff"),
        )
    },
    pinned="thread.pinned > 0",
    merged="parts.threads",
    shown=_SHOWN,
    title="opening.title",
    name="account.display_name",
    status="account.status",
    removed="first.removed",
    score="coalesce(votes.score, 0)",
    unread="counted.unread",
    through="own.through",
    level="own.level",
)
STATES = {
    None: "true",
    "unanswered": f"thread.kind = 'question' AND thread.accepted_no IS NULL AND {_SHOWN} <= 1",
    "unsolved": "thread.kind = 'question' AND thread.accepted_no IS NULL",
    "solved": "thread.accepted_no IS NOT NULL",
}
THREADS = f"""
SELECT {AT}, page.pinned, page.last_position, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT thread.pinned, thread.last_position, {THREAD_ROW}::text AS body {OF_READER} {COUNTS} {TEXTS}
     WHERE thread.run_id = %(run)s AND {seen_by(STAFF, IN_COHORT)} AND {{state}}
       AND (thread.merged_into IS NULL AND %(into)s::text IS NULL OR thread.merged_into = %(into)s)
       AND (%(a)s::bigint IS NULL OR (thread.pinned, thread.last_position) < (%(a)s, %(b)s))
       AND (%(topic)s::text IS NULL OR thread.topic_id = %(topic)s)
       AND (%(unit)s::text IS NULL OR thread.unit_id = %(unit)s) AND (%(kind)s::text IS NULL OR thread.kind = %(kind)s)
       AND (NOT %(mine)s OR thread.learner_id = %(me)s)
       AND (NOT %(unread)s OR counted.unread > 0 AND own.level <> 'muted')
     ORDER BY thread.pinned DESC, thread.last_position DESC LIMIT %(limit)s) AS page ON true
 ORDER BY page.pinned DESC, page.last_position DESC
"""
THREAD = f"""
SELECT {AT}, (SELECT {THREAD_ROW}::text {OF_READER} {COUNTS} {TEXTS}
                WHERE thread.thread_id = %(thread)s AND thread.run_id = %(run)s AND thread.posts > 0
                  AND {IN_SEEN_TOPIC})
"""
_POST = json_object(
    StoredPost,
    **{
        name: f"post.{name}"
        for name in (*("post_no", "parent_no", "depth", "learner_id", "anonymous", "by_staff", "posted_at", "removed"),)
    },
    text="writing.text",
    edits="coalesce(writing.edits, 0)",
    edited_at="writing.edited_at",
    name="account.display_name",
    status="account.status",
    score="coalesce(votes.score, 0)",
    vote="coalesce(vote.value, 0)",
)
POSTS = f"""
SELECT {AT}, page.post_no, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT post.post_no, {_POST}::text AS body
      FROM (SELECT * FROM forum_posts WHERE thread_id = %(thread)s AND post_no > %(after)s
             ORDER BY post_no LIMIT %(limit)s) AS post
      LEFT JOIN forum_writings AS writing USING (learner_id, thread_id, post_no)
      LEFT JOIN forum_scores AS votes ON votes.thread_id = post.thread_id AND votes.post_no = post.post_no
      LEFT JOIN forum_votes AS vote ON vote.learner_id = %(me)s AND vote.thread_id = post.thread_id
            AND vote.post_no = post.post_no
      LEFT JOIN accounts AS account ON account.learner_id = post.learner_id) AS page ON true
 ORDER BY page.post_no
"""
QUOTED = POSTS.replace("post_no > %(after)s", "post_no = ANY(%(numbers)s::integer[])")
UNREAD = f"""
SELECT {AT}, (SELECT {json_object(UnreadCounts, threads="count(*)", posts="coalesce(sum(counted.unread), 0)")}::text
    {OF_READER} {COUNTS} WHERE thread.run_id = %(run)s AND {SEEN_BY} AND counted.unread > 0 AND own.level <> 'muted')
"""


class ThreadHead(msgspec.Struct, kw_only=True):
    """Where a thread is, and what it is called, sealed; *title* is null where not all of its run may read it."""

    thread_id: str
    run_id: str
    unit_id: str | None
    learner_id: str
    title: str | None


HEADS = """
SELECT thread.thread_id, thread.run_id, thread.unit_id, thread.learner_id,
       CASE WHEN NOT thread.hidden @> '[1]' AND (thread.topic_id = 'general' OR EXISTS (
            SELECT FROM forum_topics AS topic
            WHERE topic.run_id = thread.run_id AND topic.topic_id = thread.topic_id AND topic.cohort_id IS NULL))
            THEN opening.title END AS title
  FROM forum_threads AS thread
  LEFT JOIN forum_writings AS opening ON opening.learner_id = thread.learner_id
        AND opening.thread_id = thread.thread_id AND opening.post_no = 1
 WHERE thread.thread_id = ANY(%(threads)s)
"""


async def heads(reader: Reader, thread_ids: Sequence[str]) -> list[ThreadHead]:
    """What threads are called, for those who may read them."""
    rows = await reader.rows(HEADS, {"threads": list(thread_ids)})
    return [ThreadHead(**dict(zip(ThreadHead.__struct_fields__, row, strict=True))) for row in rows]


async def threads(reader: Reader, asked: ThreadsAsked, after: Sequence[Any] | None, limit: int) -> RowPage:
    """Up to *limit* threads, pinned ones and then those with the latest posts, after two values of the order."""
    a, b = after or (None, None)
    parameters = {"run": asked.run_id, "unit": asked.unit_id, "topic": asked.topic_id, "a": a, "b": b, "limit": limit}
    parameters |= {name: getattr(asked, name) for name in ("kind", "unread", "mine", "into")} | asked.reader.parameters
    return await reader.page(THREADS.format(state=STATES[asked.state]), parameters)


async def thread(reader: Reader, run_id: str, thread_id: str, me: ForumReader) -> Answer:
    """One thread of a run, if the reader sees it."""
    return await reader.answer(THREAD, {"run": run_id, "thread": thread_id, **me.parameters})


RUN_OF = f"SELECT {AT}, (SELECT run_id FROM forum_threads WHERE thread_id = %(thread)s)"


async def run_of(reader: Reader, thread_id: str) -> str | None:
    """The run of a thread, also for who does not see it; None where there is no such thread."""
    answer = await reader.answer(RUN_OF, {"thread": thread_id})
    return None if answer.body is None else answer.body.decode()


async def posts(reader: Reader, thread_id: str, me: str, after: int, limit: int) -> RowPage:
    """Up to *limit* posts of a thread after a number, in the order of their numbers."""
    return await reader.page(POSTS, {"thread": thread_id, "me": me, "after": after, "limit": limit})


async def posts_numbered(reader: Reader, thread_id: str, me: str, numbers: Sequence[int]) -> RowPage:
    """Some posts of a thread, in the order of their numbers."""
    parameters = {"thread": thread_id, "me": me, "numbers": list(numbers), "limit": len(numbers)}
    return await reader.page(QUOTED, parameters)


async def unread(reader: Reader, run_id: str, me: ForumReader) -> Answer:
    """What a person has not read of a run."""
    return await reader.answer(UNREAD, {"run": run_id, **me.parameters})
