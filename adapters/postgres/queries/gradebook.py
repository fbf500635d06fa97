"""Pages of the gradebook: what is answered, examples, and the SQL over the rows of projections/gradebook.py."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from adapters.postgres.queries.ended import RUN_IS_OVER
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.kinds import Kind


class GradebookRow(msgspec.Struct, kw_only=True):
    """
    One learner in one assessment; scores in basis points, lateness in seconds.

    `best_bp`, `passed`, `banked`, `submitted_at` and `late_by` are those of one attempt, `counts_no`: the best, or the
    latest as long as none is graded. It is 0 in rows that an older version of the code has folded. `irregular` is the
    rule of today that handing it in broke, for nearly all null. `overridden` says that a person has replaced its score.
    """

    run_id: str
    learner_id: str
    quiz_id: str
    unit_id: str
    kind: Kind | None
    title: str | None
    due_at: datetime | None
    best_bp: int | None
    last_bp: int | None
    attempts: int
    graded: int
    passed: bool
    banked: bool
    submitted_at: datetime | None
    late_by: int
    counts_no: int
    irregular: str | None
    overridden: bool


class Assessment(msgspec.Struct, kw_only=True):
    """An assessment of a run: what is to be handed in, until when, and the score from which it is passed."""

    quiz_id: str
    unit_id: str
    kind: Kind
    title: str
    due_at: datetime | None
    pass_bp: int


class GradeOfLearner(Assessment, kw_only=True):
    """
    One assessment of a run, and how the learner did in it; scores in basis points, lateness in seconds.

    `attempts_left` is what the quiz allows, none after the end of the run. It does not look at the enrollment: who
    waits, or has left, has them once the enrollment is active. Nor at `due_at`: an attempt may be late.

    `best_bp`, `passed`, `banked`, `submitted_at`, `late_by` and `irregular` are those of the attempt that counts.
    """

    attempts_allowed: int
    attempts: int
    attempts_left: int
    graded: int
    best_bp: int | None
    last_bp: int | None
    passed: bool
    banked: bool
    submitted_at: datetime | None
    late_by: int
    irregular: str | None


OF_ATTEMPT = ("best_bp", "last_bp", "passed", "banked", "submitted_at", "late_by", "irregular")
ASSESSMENT = Assessment(
    quiz_id="algebra-2026-q1",
    unit_id="q1",
    kind="quiz",
    title="Equations",
    due_at=datetime(2026, 2, 15, tzinfo=UTC),
    pass_bp=4_000,
)
EXAMPLE = GradebookRow(
    run_id="algebra-2026",
    learner_id="28400",
    **{name: getattr(ASSESSMENT, name) for name in ("quiz_id", "unit_id", "kind", "title", "due_at")},
    best_bp=7_500,
    last_bp=7_500,
    attempts=1,
    graded=1,
    passed=True,
    banked=False,
    submitted_at=datetime(2026, 2, 14, 18, tzinfo=UTC),
    late_by=0,
    counts_no=1,
    irregular="after_unregistration",
    overridden=False,
)
EXAMPLE_OF_LEARNER = GradeOfLearner(
    **msgspec.structs.asdict(ASSESSMENT),
    attempts_allowed=2,
    attempts_left=1,
    **{name: getattr(EXAMPLE, name) for name in ("attempts", "graded", *OF_ATTEMPT)},
)

Sort = Literal["learner", "score", "lateness", "submitted_at"]

# What each order sorts by; where there is no score or no submission yet, the row comes before all others.
SORTS: dict[str, str] = {
    "learner": "learner_id",
    "score": "coalesce(best_bp, -1)",
    "lateness": "late_by",
    "submitted_at": "coalesce((extract(epoch FROM submitted_at) * 1e6)::bigint, -1e18::bigint)",
}

GRADES = with_columns(
    """SELECT run_id, learner_id, quiz_id, unit_id, best_bp, last_bp, attempts, graded, passed, banked, submitted_at,
              late_by, coalesce(counts_no, 0) AS counts,
              EXISTS (SELECT FROM jsonb_array_elements(tries) AS attempt
                       WHERE (attempt ->> 'no')::bigint = counts_no
                         AND (attempt ->> 'overridden')::boolean) AS overridden
         FROM gradebook""",
    "grade",
    counts_no="NULL::bigint",
    tries="'[]'::jsonb",
)
PLACES = with_columns(
    "SELECT run_id, learner_id, status, excused FROM course_enrollments", "place", excused="'[]'::jsonb"
)

# The rule that handing in the attempt that counts broke, by the index of streams: the rows do not say. The bytes are
# looked at first, and decoded where they have the field.
IRREGULAR = """(SELECT json_or_null(data) ->> 'irregular' FROM events WHERE stream_id = 'attempt-' || {learner}
    || ':' || quiz_id || ':' || counts AND type = 'attempt.submitted' AND position('"irregular"'::bytea IN data) > 0
  LIMIT 1)"""

# Who has a place and has handed in nothing, for each assessment that is not excused.
MISSING = f"""(
    SELECT run_id, learner_id, quiz.quiz_id, quiz.unit_id, NULL::bigint AS best_bp, NULL::bigint AS last_bp,
           0::bigint AS attempts, 0::bigint AS graded, false AS passed, false AS banked,
           NULL::timestamptz AS submitted_at, 0::bigint AS late_by, 0::bigint AS counts, false AS overridden
      FROM {PLACES} JOIN gradebook_quizzes AS quiz USING (run_id)
     WHERE status IN ('active', 'completed') AND NOT excused ? quiz.unit_id
       AND NOT EXISTS (SELECT FROM gradebook AS done WHERE done.run_id = place.run_id
                        AND done.quiz_id = quiz.quiz_id AND done.learner_id = place.learner_id)) AS grade"""
AT = CHECKPOINT.format("gradebook")
AT_MISSING = f"least({AT}, {CHECKPOINT.format('course_dashboard')})"

# One page, after the row at which the last one ended; the two ids make every order total.
PAGE = """
SELECT {checkpoint}, page.sorted, page.learner_id, page.quiz_id, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT {sort} AS sorted, learner_id, quiz_id, {row}::text AS body
      FROM {grades} LEFT JOIN (SELECT quiz_id, kind, title, due_at FROM gradebook_quizzes) AS quiz USING (quiz_id)
     WHERE run_id = %(run)s {narrowed} {after}
     ORDER BY {sort} {direction}, learner_id {direction}, quiz_id {direction} LIMIT %(limit)s) AS page ON true
 ORDER BY page.sorted {direction}, page.learner_id {direction}, page.quiz_id {direction}
"""

# The assessments of the catalog, also those in which the learner has done nothing.
_ROW_OF_LEARNER = json_object(
    GradeOfLearner,
    unit_id="quiz.unit_id",
    attempts="coalesce(attempts, 0)",
    attempts_left=f"CASE WHEN {RUN_IS_OVER} THEN 0 ELSE greatest(attempts_allowed - coalesce(attempts, 0), 0) END",
    graded="coalesce(graded, 0)",
    passed="coalesce(passed, false)",
    banked="coalesce(banked, false)",
    late_by="coalesce(late_by, 0)",
    irregular=IRREGULAR.format(learner="%(learner)s"),
)
PAGE_OF_LEARNER = f"""
SELECT least({CHECKPOINT.format("gradebook")}, {CHECKPOINT.format("catalog")}), page.quiz_id, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT quiz_id, {_ROW_OF_LEARNER}::text AS body FROM catalog_quizzes AS quiz LEFT JOIN (
        SELECT quiz_id, attempts, graded, best_bp, last_bp, passed, banked, submitted_at, late_by, counts
          FROM {GRADES} WHERE run_id = %(run)s AND learner_id = %(learner)s) AS grade USING (quiz_id)
     WHERE quiz.run_id = %(run)s AND quiz_id > %(after)s ORDER BY quiz_id LIMIT %(limit)s) AS page ON true
 ORDER BY page.quiz_id
"""


async def of_learner(reader: Reader, place: tuple[str, str], after: str, limit: int, *, now: datetime) -> RowPage:
    """A page of the assessments of a run, in the order of their ids, for one learner; *place* is learner and run."""
    learner_id, run_id = place
    parameters = {"learner": learner_id, "run": run_id, "now": now, "after": after, "limit": limit}
    return await reader.page(PAGE_OF_LEARNER, parameters)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which rows of a run are asked for, and in which order; None and False narrow nothing.

    Attributes:
        missing: those that are not there: a learner with a place and an assessment that is not handed in.
        late: handed in late; of those that are missing, due before *now*.
        ungraded: something is handed in that has no score.
    """

    now: datetime
    quiz_id: str | None = None
    learner_id: str | None = None
    kind: str | None = None
    missing: bool = False
    passed: bool | None = None
    late: bool | None = None
    ungraded: bool | None = None
    sort: Sort = "learner"
    descending: bool = False

    def narrowed(self) -> str:
        """The conditions, as SQL with parameters."""
        late = "coalesce(due_at < %(now)s, false)" if self.missing else "late_by > 0"
        conditions = {
            "quiz_id = %(quiz_id)s": self.quiz_id is not None,
            "learner_id = %(learner_id)s": self.learner_id is not None,
            "kind = %(kind)s": self.kind is not None,
            "passed = %(passed)s": self.passed is not None,
            f"({late}) = %(late)s": self.late is not None,
            "(attempts > graded) = %(ungraded)s": self.ungraded is not None,
        }
        return "".join(f" AND {condition}" for condition, is_asked in conditions.items() if is_asked)


async def rows(reader: Reader, run_id: str, asked: Asked, after: Sequence[Any] | None, limit: int) -> RowPage:
    """Up to *limit* rows of a run, sorted, after the three values *after* (sort value, learner, quiz)."""
    comparison = "<" if asked.descending else ">"
    query = PAGE.format(
        checkpoint=AT_MISSING if asked.missing else AT,
        sort=SORTS[asked.sort],
        grades=MISSING if asked.missing else GRADES,
        row=json_object(GradebookRow, counts_no="counts", irregular=IRREGULAR.format(learner="learner_id")),
        narrowed=asked.narrowed(),
        after=f"AND ({SORTS[asked.sort]}, learner_id, quiz_id) {comparison} (%(a)s, %(b)s, %(c)s)" if after else "",
        direction="DESC" if asked.descending else "ASC",
    )
    a, b, c = after or (None, None, None)
    parameters = {"run": run_id, "a": a, "b": b, "c": c, "limit": limit}
    return await reader.page(query, {**msgspec.structs.asdict(asked), **parameters})
