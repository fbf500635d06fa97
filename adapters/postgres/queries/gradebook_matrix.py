"""
The gradebook of a run as a matrix, learners by assessments: what is answered, an example, and its SQL.

A page has whole rows: learners who have a place or had one, each with the assessments in which something is known.
Where grades are by categories or have letters, what these are is computed for each row by domain/grading.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from adapters.postgres.queries.course_dashboard import learners
from adapters.postgres.queries.gradebook import GRADES, Assessment
from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from adapters.shown_dashboard import ShownStatus
from domain.catalog.impact import Standing
from domain.deadlines import FromEnrollment
from domain.grading import CATEGORIES, COUNTS, Group, Scheme, categories_of, scores_of, shown_letters
from domain.grading.of_run import Weights
from domain.words import closed

Sort = Literal["learner", "grade", "grade_so_far", "score"]
MOST_CELLS = 20_000  # of a page: where a run has many assessments, fewer learners stand on it


class GradebookCell(msgspec.Struct, kw_only=True):
    """
    How a learner did in one assessment, by the attempt that counts; score in basis points, lateness in seconds.

    `overridden` says that a person has replaced its score. `counts` says how the unit counts in the grade: `counted`,
    `dropped`, `excused`, `extra` (credit) or `later` (neither scored nor due); null where grades are not by categories.
    """

    best_bp: int | None
    passed: bool
    banked: bool
    late_by: int
    attempts: int
    graded: int
    overridden: bool
    counts: Annotated[str, closed(COUNTS)] | None


class CategoryCell(msgspec.Struct, kw_only=True):
    """A learner's means in one category, in basis points; null where there is none."""

    grade_bp: int | None
    grade_so_far_bp: int | None


class Category(msgspec.Struct, kw_only=True):
    """A category of a run's grades; `drop_lowest` of its units do not count."""

    group_id: str
    title: str
    weight: int
    drop_lowest: int
    extra_credit: bool
    pass_bp: int | None


class GradesOfRow(msgspec.Struct, kw_only=True):
    """
    One learner; `cells` are by the id of the assessment, without those in which nothing was handed in.

    `letter` and `letter_so_far` are null where the course has no letters or the learner no grade; `categories` are by
    their ids, and empty where grades are not by categories.
    """

    learner_id: str
    status: ShownStatus
    grade_bp: int | None
    grade_so_far_bp: int | None
    letter: str | None
    letter_so_far: str | None
    categories: dict[str, CategoryCell]
    cells: dict[str, GradebookCell]


CATEGORY = Category(group_id="homework", title="Homework", weight=40, drop_lowest=1, extra_credit=False, pass_bp=5_000)
ROW = GradesOfRow(
    learner_id="28400",
    status="active",
    grade_bp=3_000,
    grade_so_far_bp=7_500,
    letter="D",
    letter_so_far="B",
    categories={"homework": CategoryCell(grade_bp=3_000, grade_so_far_bp=7_500)},
    cells={
        "algebra-2026-q1": GradebookCell(
            best_bp=7_500,
            passed=True,
            banked=False,
            late_by=0,
            attempts=1,
            graded=1,
            overridden=False,
            counts="counted",
        )
    },
)


class OwnStanding(Standing):
    """
    The same with what makes deadlines the learner's own.

    Attributes:
        days_from: from when days of deadlines count, on runs where that is not the start: from cohort or place.
    """

    extensions: dict[str, datetime] = msgspec.field(default_factory=dict)
    days_from: datetime | None = None


_AT = f"least({CHECKPOINT.format('gradebook')}, {CHECKPOINT.format('course_dashboard')})"
_ASSESSMENTS = json_array(json_object(Assessment), "quiz_id")
_CELLS = f"""coalesce((SELECT json_object_agg(quiz_id, {json_object(GradebookCell, counts="NULL")} ORDER BY quiz_id)
    FROM {GRADES} WHERE grade.run_id = %(run)s AND grade.learner_id = learner.learner_id), '{{}}')"""
_BODY = json_object(GradesOfRow, letter="NULL", letter_so_far="NULL", categories="'{}'::json", cells=_CELLS)

_WEIGHTS = with_columns(
    "SELECT scheme, own_due, later FROM course_weights WHERE run_id = %(run)s",
    "weights",
    own_due="NULL::jsonb",
    later="'{}'::jsonb",
)
# What each order sorts by; without a grade or a score, a row comes before all others.
SORTS: dict[Sort, str] = {
    "learner": "learner_id",
    "grade": "coalesce(grade_bp, -1)",
    "grade_so_far": "coalesce(grade_so_far_bp, -1)",
    "score": "coalesce((SELECT best_bp FROM gradebook AS cell WHERE cell.run_id = %(run)s"
    " AND cell.quiz_id = %(quiz)s AND cell.learner_id = learner.learner_id), -1)",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    Which learners are asked for, and in which order; None and False narrow nothing.

    Attributes:
        part: of the id.
        ids: none but these.
        ungraded: an attempt of theirs waits for a score.
        quiz: the assessment whose scores are sorted by.
        skip: how many learners of that order are left out before the first one.
    """

    status: str | None = None
    part: str | None = None
    ids: tuple[str, ...] | None = None
    ungraded: bool = False
    sort: Sort = "learner"
    quiz: str | None = None
    descending: bool = False
    skip: int = 0


class Matrix(msgspec.Struct, frozen=True):
    """
    A page of the matrix: the columns as JSON text, how many rows it may have, and the rows with one more.

    Attributes:
        total: learners on all pages, by what was asked for.
        categories: of the run's grades, by all versions that it has followed, each as in the newest that has it; none
            where they are not by categories.
        has_letters: whether grades have letters.
    """

    page: RowPage
    assessments: str
    size: int
    total: int
    categories: list[Category]
    has_letters: bool

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


def _page(sort: str, direction: str, after: str) -> str:
    """SQL for one page: the ids are chosen and put in order first, then the rows of the page are made."""
    return f"""
WITH columns AS (
    SELECT {_ASSESSMENTS}::text AS listed, least(%(limit)s, greatest(1, %(most)s / greatest(1, count(*)))) AS size,
           (SELECT scheme FROM {_WEIGHTS}) AS scheme, (SELECT own_due FROM {_WEIGHTS}) AS own_due,
           (SELECT later FROM {_WEIGHTS}) AS later
      FROM gradebook_quizzes AS quiz WHERE run_id = %(run)s),
chosen AS MATERIALIZED (
    SELECT learner_id, {sort} AS sorted FROM {learners("activated")}
     WHERE (%(status)s::text IS NULL OR status = %(status)s)
       AND (%(part)s::text IS NULL OR position(lower(%(part)s) IN lower(learner_id)) > 0)
       AND (%(ids)s::text[] IS NULL OR learner_id = ANY(%(ids)s::text[]))
       AND (NOT %(ungraded)s OR EXISTS (SELECT FROM gradebook AS cell WHERE cell.run_id = %(run)s
                                         AND cell.learner_id = learner.learner_id AND attempts > graded))),
page AS (
    SELECT learner_id, sorted FROM chosen {after} ORDER BY sorted {direction}, learner_id {direction}
     LIMIT (SELECT size + 1 FROM columns) OFFSET %(skip)s)
SELECT {_AT}, columns.listed, columns.size, columns.scheme::text, columns.own_due::text, columns.later::text,
       (SELECT count(*) FROM chosen), rows.standing, rows.version, rows.sorted, rows.learner_id, rows.body
  FROM columns LEFT JOIN LATERAL (
    SELECT page.sorted, learner_id, version, {_BODY}::text AS body,
           CASE WHEN columns.later <> '{{}}' OR columns.scheme ->> 'policy' = '{CATEGORIES}'
                  OR columns.scheme ? 'letters'
                THEN {json_object(OwnStanding)}::text END AS standing
      FROM {learners("learner_id IN (SELECT learner_id FROM page)")} JOIN page USING (learner_id)) AS rows ON true
 ORDER BY rows.sorted {direction}, rows.learner_id {direction}
"""


async def matrix(
    reader: Reader, run_id: str, asked: Asked, after: Sequence[Any] | None, *, limit: int, now: datetime
) -> Matrix:
    """Up to *limit* learners of a run, after the values *after* (sort value, learner), and the heads of the columns."""
    comparison = "<" if asked.descending else ">"
    begins = f"WHERE (sorted, learner_id) {comparison} (%(a)s, %(b)s)" if after else ""
    query = _page(SORTS[asked.sort], "DESC" if asked.descending else "ASC", begins)
    a, b = after or (None, None)
    parameters = {"run": run_id, "a": a, "b": b, "limit": limit, "most": MOST_CELLS, "now": now}
    narrowing = {**msgspec.structs.asdict(asked), "ids": None if asked.ids is None else list(asked.ids)}
    rows = await reader.rows(query, {**narrowing, **parameters})
    position, listed, size, first, own_due, later, total, *_ = rows[0]
    weights = _weights(first, own_due, later)
    found = [row[7:] for row in rows if row[-1] is not None]
    if any(standing for standing, *_ in found):
        units = {each.quiz_id: each.unit_id for each in msgspec.json.decode(listed, type=list[Assessment])}
        shown = await asyncio.to_thread(lambda: [_with_parts(row, units, weights, now) for row in found])
    else:
        shown = [row[2:] for row in found]
    schemes = [each.scheme for each in weights.values()]
    groups = {each.group_id: each for of in schemes if of.policy == CATEGORIES for each in of.groups}
    has_letters = any(of.letters for of in schemes)
    categories = [_shown(each) for each in groups.values()]
    return Matrix(RowPage(shown, position or 0), listed, size, total, categories, has_letters)


def _weights(first: str | None, own_due: str | None, later: str | None) -> dict[int, Weights]:
    """What the units count by the versions of a run, in their order: that which it had at first is 0."""
    found = msgspec.json.decode(later, type=dict[int, Weights]) if later else {}
    scheme = msgspec.json.decode(first, type=Scheme) if first else Scheme()
    own = msgspec.json.decode(own_due, type=FromEnrollment | None) if own_due else None
    return {0: Weights(scheme, own)} | {version: found[version] for version in sorted(found)}


def _with_parts(
    found: tuple[str, int, Any, str, str], units: Mapping[str, str], weights: Mapping[int, Weights], now: datetime
) -> tuple[Any, str, str]:
    """A row with the letters of its grades, the means of its categories, and how each cell counts."""
    standing, version, sorted_by, learner_id, body = found
    row, stands = msgspec.json.decode(body, type=GradesOfRow), msgspec.json.decode(standing, type=OwnStanding)
    of_version = weights.get(version, weights[0])
    scheme = of_version.of_learner(stands.days_from, stands.extensions)  # as the projection has it
    row.letter, row.letter_so_far = shown_letters(stands, scheme, now)
    if scheme.policy == CATEGORIES:
        categories = categories_of(scheme, scores_of(stands), stands.excused, now)
        row.categories = {
            each.group_id: CategoryCell(grade_bp=each.grade_bp, grade_so_far_bp=each.grade_so_far_bp)
            for each in categories
        }
        counts = {unit.unit_id: unit.counts for each in categories for unit in each.units}
        for quiz_id, cell in row.cells.items():
            cell.counts = counts.get(units[quiz_id])
    return sorted_by, learner_id, msgspec.json.encode(row).decode()


def _shown(group: Group) -> Category:
    return Category(**{name: getattr(group, name) for name in Category.__struct_fields__})
