"""
The learners of a run, and the people of the campus: what is answered, examples, and the SQL over the rows of
projections/course_dashboard.py and projections/overview.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from adapters.postgres.queries.course_dashboard import learners
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from adapters.shown_dashboard import ShownStatus
from domain.words import Day, Outcome


class LearnerOfRun(msgspec.Struct, kw_only=True):
    """
    Where a learner stands on a run; percent and grades in basis points.

    Attributes:
        units_completed: units that are completed, whatever they weigh.
        last_active_week: the Monday of the last week with any activity.
    """

    learner_id: str
    status: ShownStatus
    percent: int
    grade_bp: int | None
    grade_so_far_bp: int | None
    outcome: Outcome | None
    units_completed: int
    last_active_week: Day | None


class Person(msgspec.Struct, kw_only=True):
    """A person who has asked for a place, and on which runs."""

    learner_id: str
    runs: list[str]


EXAMPLE = LearnerOfRun(
    learner_id="28400",
    status="active",
    percent=4_000,
    grade_bp=3_000,
    grade_so_far_bp=7_500,
    outcome="pass",
    units_completed=1,
    last_active_week="2026-01-26",
)
PERSON = Person(learner_id="28400", runs=["algebra-2026"])

FOR_EVER = 2**62  # above all positions
Sort = Literal["learner", "grade", "grade_so_far", "percent"]

# What each order sorts by; without a grade, a row comes before all others.
SORTS: dict[Sort, str] = {
    "learner": "learner_id",
    "grade": "coalesce(grade_bp, -1)",
    "grade_so_far": "coalesce(grade_so_far_bp, -1)",
    "percent": "percent",
}

LEARNERS = learners("status <> 'none'")
NARROWED = """
     WHERE (%(status)s::text IS NULL OR status = %(status)s) AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)
       AND (%(part)s::text IS NULL OR position(lower(%(part)s) IN lower(learner_id)) > 0)
       AND (%(ids)s::text[] IS NULL OR learner_id = ANY(%(ids)s::text[]))
       AND (%(cohort)s::text IS NULL OR cohort_begins_at IS NOT NULL AND %(cohort)s = (
            SELECT json_or_null(data) ->> 'new_cohort' FROM events
             WHERE stream_id = 'enrollment-' || learner_id || ':' || %(run)s AND type = 'enrollment.cohort_changed'
               AND position <= %(until)s ORDER BY stream_version DESC LIMIT 1))
"""
ROW = json_object(
    LearnerOfRun,
    units_completed="jsonb_array_length(completed)",
    last_active_week="(SELECT date '0001-01-01' + max(w::integer) - 1 FROM jsonb_array_elements_text(weeks) AS w)",
)
_AT = CHECKPOINT.format("course_dashboard")
PAGE = """
WITH learners AS MATERIALIZED (SELECT * FROM {learners} {narrowed})
SELECT {at}, (SELECT count(*) FROM learners), page.sorted, page.learner_id, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {sort} AS sorted, learner_id, {row}::text AS body FROM learners {after}
     ORDER BY {sort} {direction}, learner_id {direction} LIMIT %(limit)s) AS page ON true
 ORDER BY page.sorted {direction}, page.learner_id {direction}
"""
PEOPLE = f"""
SELECT {CHECKPOINT.format("overview")}, page.learner_id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT learner_id, {json_object(Person, runs="registered")}::text AS body FROM overview_people
     WHERE learner_id > %(after)s AND learner_id >= %(beginning)s AND learner_id < %(beginning)s || '~'
     ORDER BY learner_id LIMIT %(limit)s) AS page ON true ORDER BY page.learner_id
"""


class Roster(msgspec.Struct, frozen=True):
    """A page of a roster, how many learners it is a page of, and the position for which it is true."""

    page: RowPage
    total: int

    @property
    def position(self) -> int:
        """The position."""
        return self.page.position


class Asked(msgspec.Struct, frozen=True):
    """
    Which learners are asked for: all, or those with a status, an outcome, a part of the id, or of these ids.

    Attributes:
        cohort: only those who are in it by the facts up to the position *until*: the rows say only when it begins.
    """

    status: str | None = None
    outcome: str | None = None
    part: str | None = None
    sort: Sort = "learner"
    descending: bool = False
    ids: tuple[str, ...] | None = None
    cohort: str | None = None
    until: int = FOR_EVER


async def learners_of_run(
    reader: Reader, run_id: str, asked: Asked, after: Sequence[Any] | None, limit: int, *, now: datetime
) -> Roster:
    """Up to *limit* learners of a run, sorted, after the two values *after* (sort value, learner)."""
    sort, comparison = SORTS[asked.sort], "<" if asked.descending else ">"
    query = PAGE.format(
        at=_AT,
        learners=LEARNERS,
        narrowed=NARROWED,
        sort=sort,
        row=ROW,
        after=f"WHERE ({sort}, learner_id) {comparison} (%(a)s, %(b)s)" if after else "",
        direction="DESC" if asked.descending else "ASC",
    )
    a, b = after or (None, None)
    narrowing: dict[str, Any] = {"status": asked.status, "outcome": asked.outcome, "part": asked.part}
    narrowing |= {"cohort": asked.cohort, "until": asked.until}
    narrowing["ids"] = None if asked.ids is None else list(asked.ids)
    rows = await reader.rows(query, {"run": run_id, "now": now, "a": a, "b": b, "limit": limit, **narrowing})
    return Roster(RowPage([row[2:] for row in rows if row[-1] is not None], rows[0][0] or 0), rows[0][1])


async def people(reader: Reader, beginning: str, after: str, limit: int) -> RowPage:
    """A page of those whose id has this beginning, in the order of their ids."""
    return await reader.page(PEOPLE, {"beginning": beginning, "after": after, "limit": limit})
