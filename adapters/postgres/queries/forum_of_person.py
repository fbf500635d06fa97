"""The forum over several runs for one person: rows of projections/forum.py as SQL, as queries/forum.py of one run."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.queries.forum import (
    AT,
    OF_READER,
    STATES,
    TEXTS,
    THREAD_ROW,
    State,
    UnreadCounts,
    counts,
    parts,
    seen_by,
)
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import Answer, Reader, RowPage


class RunsReader(NamedTuple):
    """
    Who reads in several runs.

    Attributes:
        places: runs where the person has a place.
        staff: runs where the person is one of the staff; None for all.
        cohorts: the cohort in which the person is, by run.
    """

    learner_id: str
    places: tuple[str, ...]
    staff: tuple[str, ...] | None
    cohorts: Mapping[str, str]

    @property
    def runs(self) -> tuple[str, ...] | None:
        """All runs where the person may read; None for all of the campus."""
        return None if self.staff is None else tuple(sorted({*self.places, *self.staff}))

    def is_staff(self, run_id: str) -> bool:
        """Whether the person is one of the staff of a run."""
        return self.staff is None or run_id in self.staff

    def within(self, run_id: str | None) -> "RunsReader":
        """What is left of it where one run is asked for."""
        if run_id is None:
            return self
        places, staff = ((run_id,) if found else () for found in (run_id in self.places, self.is_staff(run_id)))
        return self._replace(places=places, staff=staff)

    @property
    def parameters(self) -> dict[str, Any]:
        """What decides which threads are seen, as `IS_STAFF` and `SEEN` name it."""
        return {
            "me": self.learner_id,
            "runs": list(self.runs or ()),
            "staff": list(self.staff or ()),
            "all_staff": self.staff is None,
            "cohort_runs": list(self.cohorts),
            "cohorts": list(self.cohorts.values()),
        }


class UnreadOfRun(UnreadCounts, kw_only=True):
    """How many posts of one run a person has not read, and in how many threads."""

    run_id: str


class UnreadOfRuns(UnreadCounts, kw_only=True):
    """The same of all runs of a person, and of each one that has any, in the order of their ids."""

    runs: list[UnreadOfRun]


class OwnThreadsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which threads of the runs of *reader*; all that is given has to be true, as of `ThreadsAsked`."""

    reader: RunsReader
    kind: str | None = None
    state: State | None = None
    unread: bool = False
    mine: bool = False


IS_STAFF = "(%(all_staff)s OR thread.run_id = ANY(%(staff)s))"
IN_COHORT = "(topic.run_id, topic.cohort_id) IN (SELECT * FROM unnest(%(cohort_runs)s::text[], %(cohorts)s::text[]))"
SEEN = seen_by(IS_STAFF, IN_COHORT)
"""Threads that a `RunsReader` sees, of those of its runs."""
OWN_THREADS = f"""
SELECT {AT}, page.last_position, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT thread.last_position, {THREAD_ROW}::text AS body {OF_READER} {counts(IS_STAFF, IN_COHORT)} {TEXTS}
     WHERE thread.run_id = ANY(%(runs)s) AND thread.merged_into IS NULL AND {SEEN} AND {{state}}
       AND (%(a)s::bigint IS NULL OR thread.last_position < %(a)s)
       AND (%(kind)s::text IS NULL OR thread.kind = %(kind)s) AND (NOT %(mine)s OR thread.learner_id = %(me)s)
       AND (NOT %(unread)s OR counted.unread > 0 AND own.level <> 'muted')
     ORDER BY thread.last_position DESC LIMIT %(limit)s) AS page ON true
 ORDER BY page.last_position DESC
"""
# As the count of each run; own posts are found once by their texts, and not for each thread.
_OF_EACH_RUN = f"""
    SELECT thread.run_id, count(*) AS threads, sum(counted.unread) AS posts {OF_READER}
     CROSS JOIN LATERAL (SELECT coalesce(reading.through, 0) AS through, coalesce(reading.level, 'normal') AS level)
        AS own
      LEFT JOIN mine ON mine.thread_id = thread.thread_id {parts(IS_STAFF, IN_COHORT)}
     CROSS JOIN LATERAL (SELECT greatest(0, thread.posts - own.through - coalesce(mine.posts, 0)
           - CASE WHEN thread.hidden = '[]' THEN 0 ELSE
             (SELECT count(*) FROM jsonb_array_elements(thread.hidden) AS gone (no) WHERE no::integer > own.through) END
           ) + parts.unread AS unread) AS counted
     WHERE thread.run_id = ANY(%(runs)s) AND thread.merged_into IS NULL AND {SEEN}
       AND counted.unread > 0 AND own.level <> 'muted'
     GROUP BY thread.run_id"""
_EACH_RUN = json_array(json_object(UnreadOfRun), "run_id")
_SUMS = {name: f"coalesce(sum({name}), 0)" for name in UnreadCounts.__struct_fields__}
UNREAD_OF_RUNS = f"""
WITH mine AS MATERIALIZED (
    SELECT post.thread_id, count(*) AS posts FROM forum_writings AS said JOIN forum_posts AS post
        ON post.thread_id = said.thread_id AND post.post_no = said.post_no AND post.learner_id = said.learner_id
      LEFT JOIN forum_readings AS reading ON reading.learner_id = said.learner_id AND reading.thread_id = said.thread_id
     WHERE said.learner_id = %(me)s AND post.removed IS NULL AND post.post_no > coalesce(reading.through, 0)
     GROUP BY post.thread_id)
SELECT {AT}, (SELECT {json_object(UnreadOfRuns, **_SUMS, runs=_EACH_RUN)}::text FROM ({_OF_EACH_RUN}) AS each_run)
"""


async def own_threads(reader: Reader, asked: OwnThreadsAsked, after: Sequence[Any] | None, limit: int) -> RowPage:
    """Up to *limit* threads, those with the latest posts first, after the value of the order."""
    (a,) = after or (None,)
    parameters = {**asked.reader.parameters, "a": a, "limit": limit}
    parameters |= {name: getattr(asked, name) for name in ("kind", "unread", "mine")}
    return await reader.page(OWN_THREADS.format(state=STATES[asked.state]), parameters)


async def unread_of_runs(reader: Reader, me: RunsReader) -> Answer:
    """What a person has not read of the own runs."""
    return await reader.answer(UNREAD_OF_RUNS, me.parameters)
