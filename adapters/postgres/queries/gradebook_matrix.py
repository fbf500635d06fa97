"""
The gradebook of a run as a matrix, learners by assessments: what is answered, an example, and its SQL.

A page has whole rows: learners who have a place or had one, each with the assessments in which something is known.
"""

from datetime import datetime

import msgspec

from adapters.postgres.queries.course_dashboard import learners
from adapters.postgres.queries.gradebook import Assessment
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from adapters.shown_dashboard import ShownStatus

MOST_CELLS = 20_000  # of a page: where a run has many assessments, fewer learners stand on it


class GradebookCell(msgspec.Struct, kw_only=True):
    """How a learner did in one assessment, by the attempt that counts; score in basis points, lateness in seconds."""

    best_bp: int | None
    passed: bool
    banked: bool
    late_by: int
    attempts: int
    graded: int


class GradesOfRow(msgspec.Struct, kw_only=True):
    """One learner; `cells` are by the id of the assessment, without those in which nothing was handed in."""

    learner_id: str
    status: ShownStatus
    grade_bp: int | None
    grade_so_far_bp: int | None
    cells: dict[str, GradebookCell]


ROW = GradesOfRow(
    learner_id="28400",
    status="active",
    grade_bp=3_000,
    grade_so_far_bp=7_500,
    cells={"algebra-2026-q1": GradebookCell(best_bp=7_500, passed=True, banked=False, late_by=0, attempts=1, graded=1)},
)

_AT = f"least({CHECKPOINT.format('gradebook')}, {CHECKPOINT.format('course_dashboard')})"
_ASSESSMENTS = json_array(json_object(Assessment), "quiz_id")
_CELLS = f"""coalesce((SELECT json_object_agg(quiz_id, {json_object(GradebookCell)} ORDER BY quiz_id)
    FROM gradebook AS grade WHERE grade.run_id = %(run)s AND grade.learner_id = learner.learner_id), '{{}}')"""

_PLACES = learners("activated AND learner_id > %(after)s ORDER BY learner_id LIMIT columns.size + 1")
PAGE = f"""
WITH columns AS (
    SELECT {_ASSESSMENTS}::text AS listed, least(%(limit)s, greatest(1, %(most)s / greatest(1, count(*)))) AS size
      FROM gradebook_quizzes AS quiz WHERE run_id = %(run)s)
SELECT {_AT}, columns.listed, columns.size, page.learner_id, page.body FROM columns LEFT JOIN LATERAL (
    SELECT learner_id, {json_object(GradesOfRow, cells=_CELLS)}::text AS body FROM {_PLACES}) AS page ON true
 ORDER BY page.learner_id
"""


class Matrix(msgspec.Struct, frozen=True):
    """A page of the matrix: the columns as JSON text, how many rows it may have, and the rows with one more."""

    page: RowPage
    assessments: str
    size: int

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


async def matrix(reader: Reader, run_id: str, *, after: str, limit: int, now: datetime) -> Matrix:
    """Up to *limit* learners of a run, in the order of their ids, and the heads of the columns."""
    rows = await reader.rows(PAGE, {"run": run_id, "after": after, "limit": limit, "most": MOST_CELLS, "now": now})
    page = RowPage([row[3:] for row in rows if row[-1] is not None], rows[0][0] or 0)
    return Matrix(page, rows[0][1], rows[0][2])
