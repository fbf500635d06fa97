"""
Moderation: rows of projections/moderation.py with the posts that they are about, as SQL; what is written is sealed.

adapters/moderation.py opens it. An answer is true for the position of the slower one of the two read models.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from adapters.postgres.queries.forum import IN_SEEN_TOPIC
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage

Waiting = Literal["open", "appealed", "decided", "answered"]


class StoredReport(msgspec.Struct, kw_only=True):
    """A report of a post, by the person who has made it; *words* are sealed."""

    learner_id: str
    case_no: int
    ground: str
    words: str
    reported_at: datetime
    withdrawn_at: datetime | None


class StoredNotice(msgspec.Struct, kw_only=True):
    """What the author of a post reads and answers; *words*, *appeal* and *answer* are sealed."""

    thread_id: str
    post_no: int
    case_no: int
    decision: str
    ground: str
    words: str
    given_at: datetime
    appeal: str
    appealed_at: datetime | None
    upheld: bool | None
    answer: str
    answered_at: datetime | None
    opened_by: str | None
    title: str | None
    hidden: bool


class StoredCase(msgspec.Struct, kw_only=True):
    """
    A case of a post.

    Attributes:
        grounds: of the reports that wait, or that the decision has closed, the oldest first.
        opened_by, title: who has opened the thread, and its title, which is sealed; *text* is that of the post.
    """

    thread_id: str
    post_no: int
    case_no: int
    author_id: str
    state: str
    grounds: list[str]
    lists: list[str]
    waits_since: datetime | None
    decision: str | None
    ground: str | None
    decided_by: str | None
    decided_at: datetime | None
    appealed_at: datetime | None
    upheld: bool | None
    answered_by: str | None
    answered_at: datetime | None
    opened_by: str | None
    title: str | None
    text: str | None
    edited_at: datetime | None
    removed: str | None
    anonymous: bool | None


class StoredFile(msgspec.Struct, kw_only=True):
    """All that is known of the moderation of a post."""

    cases: list[StoredCase]
    reports: list[StoredReport]
    notices: list[StoredNotice]


class StoredOwnReport(msgspec.Struct, kw_only=True):
    """A person's own report, and what became of it; *words* and *title* are sealed."""

    thread_id: str
    post_no: int
    ground: str
    words: str
    reported_at: datetime
    withdrawn_at: datetime | None
    decision: str | None
    upheld: bool | None
    decided_at: datetime | None
    opened_by: str | None
    title: str | None
    hidden: bool


class StoredOwn(msgspec.Struct, kw_only=True):
    """What a person has reported on a run, and what was decided about own posts there, the newest first."""

    reports: list[StoredOwnReport]
    notices: list[StoredNotice]


class QueueCounts(msgspec.Struct, kw_only=True):
    """How many cases of a run wait for a decision, how many appeals for an answer, and since when the oldest waits."""

    open: int
    appealed: int
    oldest_at: datetime | None


class CasesAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases of a run; *me* is the reader, who sees none about an own post."""

    run_id: str
    me: str
    state: Waiting = "open"
    ground: str | None = None


MOST_OWN = 200  # of a person's reports, and of decisions about own posts, on a run
_AT = f"least({CHECKPOINT.format('moderation')}, {CHECKPOINT.format('forum')})"
_THREAD = """
  LEFT JOIN forum_threads AS thread ON thread.thread_id = {0}.thread_id
  LEFT JOIN forum_writings AS opening ON opening.learner_id = thread.learner_id
        AND opening.thread_id = thread.thread_id AND opening.post_no = 1
"""
_POST = """
  LEFT JOIN forum_posts AS post ON post.thread_id = entry.thread_id AND post.post_no = entry.post_no
  LEFT JOIN forum_writings AS writing ON writing.learner_id = entry.author_id
        AND writing.thread_id = entry.thread_id AND writing.post_no = entry.post_no
"""
_HIDDEN = "coalesce(thread.hidden @> '[1]' AND thread.learner_id <> %(me)s, false)"
_UNSEEN = f"coalesce(thread.hidden @> '[1]' AND thread.learner_id <> %(me)s OR NOT {IN_SEEN_TOPIC}, false)"
_TITLE = {"opened_by": "thread.learner_id", "title": "opening.title"}
_CASE = json_object(
    StoredCase,
    **{
        name: f"entry.{name}"
        for name in StoredCase.__struct_fields__
        if name not in ("grounds", "text", "edited_at", "removed", "anonymous", *_TITLE)
    },
    grounds="coalesce((SELECT json_agg(each ->> 'ground') FROM jsonb_array_elements(entry.reports) AS each), '[]')",
    text="writing.text",
    edited_at="writing.edited_at",
    removed="post.removed",
    anonymous="post.anonymous",
    **_TITLE,
)
_NOTICE = json_object(
    StoredNotice,
    **{name: f"notice.{name}" for name in StoredNotice.__struct_fields__ if name not in ("hidden", *_TITLE)},
    hidden=_HIDDEN,
    **_TITLE,
)
_SINCE = "(extract(epoch FROM {time}) * 1000000)::bigint * {sign}"
QUEUE = f"""
SELECT {_AT}, page.since, page.thread_id, page.post_no, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {_SINCE} AS since, entry.thread_id, entry.post_no,
           {_CASE}::text AS body
      FROM moderation_cases AS entry {_POST} {_THREAD.format("entry")}
     WHERE entry.run_id = %(run)s AND entry.state = %(state)s AND entry.author_id <> %(me)s
       AND (%(ground)s::text IS NULL
            OR entry.reports @> jsonb_build_array(jsonb_build_object('ground', %(ground)s::text)))
       AND (%(a)s::bigint IS NULL OR ({_SINCE}, entry.thread_id, entry.post_no) > (%(a)s, %(b)s, %(c)s))
     ORDER BY 1, 2, 3 LIMIT %(limit)s) AS page ON true
 ORDER BY page.since, page.thread_id, page.post_no
"""
COUNTS = f"""
SELECT {_AT}, (SELECT {
    json_object(
        QueueCounts,
        open="count(*) FILTER (WHERE state = 'open')",
        appealed="count(*) FILTER (WHERE state = 'appealed')",
        oldest_at="min(waits_since)",
    )
}::text FROM moderation_cases WHERE run_id = %(run)s AND state IN ('open', 'appealed') AND author_id <> %(me)s)
"""
FILE = f"""
SELECT {_AT}, (SELECT {
    json_object(
        StoredFile,
        cases=f"(SELECT {json_array(_CASE, 'entry.case_no')} FROM moderation_cases AS entry {_POST}"
        f" {_THREAD.format('entry')} WHERE entry.thread_id = %(thread)s AND entry.post_no = %(post)s"
        " AND entry.run_id = %(run)s)",
        reports=f"(SELECT {json_array(json_object(StoredReport), 'reported_at, learner_id')} FROM moderation_reports"
        " WHERE thread_id = %(thread)s AND post_no = %(post)s AND run_id = %(run)s)",
        notices=f"(SELECT {json_array(_NOTICE, 'notice.case_no')} FROM moderation_notices AS notice"
        f" {_THREAD.format('notice')} WHERE notice.thread_id = %(thread)s AND notice.post_no = %(post)s"
        " AND notice.run_id = %(run)s)",
    )
}::text)
"""
_OWN_REPORT = json_object(
    StoredOwnReport,
    **{name: f"report.{name}" for name in ("thread_id", "post_no", "ground", "words", "reported_at", "withdrawn_at")},
    decision="entry.decision",
    upheld="entry.upheld",
    decided_at="entry.decided_at",
    hidden=_UNSEEN,
    **_TITLE,
)
OWN = f"""
SELECT {_AT}, (SELECT {
    json_object(
        StoredOwn,
        reports=f"(SELECT {json_array(_OWN_REPORT, 'report.reported_at DESC, report.thread_id, report.post_no')} FROM ("
        f"SELECT * FROM moderation_reports WHERE learner_id = %(me)s AND run_id = %(run)s"
        f" ORDER BY reported_at DESC LIMIT {MOST_OWN}) AS report {_THREAD.format('report')}"
        " LEFT JOIN moderation_cases AS entry ON entry.thread_id = report.thread_id AND entry.post_no = report.post_no"
        " AND entry.case_no = report.case_no)",
        notices=f"(SELECT {json_array(_NOTICE, 'notice.given_at DESC, notice.thread_id, notice.post_no')} FROM ("
        f"SELECT * FROM moderation_notices WHERE learner_id = %(me)s AND run_id = %(run)s"
        f" ORDER BY given_at DESC LIMIT {MOST_OWN}) AS notice {_THREAD.format('notice')})",
    )
}::text)
"""
AGAINST = f"""
SELECT {CHECKPOINT.format("moderation")}, (SELECT coalesce(json_object_agg(decision, number), '{{}}')::text FROM (
    SELECT decision, count(*) AS number FROM moderation_notices
     WHERE learner_id = %(learner)s AND run_id = %(run)s AND upheld IS DISTINCT FROM true GROUP BY decision) AS counted)
"""
_TIMES = {
    "open": ("entry.waits_since", 1),
    "appealed": ("entry.waits_since", 1),
    "decided": ("entry.decided_at", -1),
    "answered": ("entry.answered_at", -1),
}


async def queue(reader: Reader, asked: CasesAsked, after: Sequence[Any] | None, limit: int) -> RowPage:
    """Up to *limit* cases: those that wait the oldest first, closed ones the newest first; after three values."""
    a, b, c = after or (None, None, None)
    time, sign = _TIMES[asked.state]
    parameters = {"run": asked.run_id, "me": asked.me, "state": asked.state, "ground": asked.ground}
    return await reader.page(QUEUE.format(time=time, sign=sign), {**parameters, "a": a, "b": b, "c": c, "limit": limit})


async def counts(reader: Reader, run_id: str, me: str) -> Answer:
    """How much waits on a run, without what is about own posts."""
    return await reader.answer(COUNTS, {"run": run_id, "me": me})


async def file_of(reader: Reader, run_id: str, thread_id: str, post_no: int, me: str) -> Answer:
    """All of a post."""
    return await reader.answer(FILE, {"run": run_id, "thread": thread_id, "post": post_no, "me": me})


async def own(reader: Reader, run_id: str, me: str, cohort_id: str | None) -> Answer:
    """A person's own reports, and decisions about own posts; titles of threads for other cohorts are hidden."""
    return await reader.answer(OWN, {"run": run_id, "me": me, "cohort": cohort_id, "staff": False})


async def against(reader: Reader, learner_id: str, run_id: str) -> Answer:
    """How many decisions of each kind stand against posts of a person on a run."""
    return await reader.answer(AGAINST, {"learner": learner_id, "run": run_id})
