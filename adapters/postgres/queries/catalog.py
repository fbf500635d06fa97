"""Courses, runs and quizzes: what is answered, examples, and the SQL over the rows of projections/catalog.py."""

from datetime import UTC, datetime, timedelta

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from projections.catalog import CatalogCourse, CatalogQuiz, CatalogRun, CatalogStructure


class PublishedVersion(msgspec.Struct, kw_only=True):
    """One version of a course; `units` counts its units."""

    version: int
    units: int
    structure_hash: str
    published_at: datetime


class CourseDetail(msgspec.Struct, kw_only=True):
    """A course, its versions, and the ids of its runs."""

    course_id: str
    title: str
    summary: str
    language: str
    created_at: datetime | None
    versions: list[PublishedVersion]
    runs: list[str]


class QuizHead(msgspec.Struct, kw_only=True):
    """A quiz without its items."""

    quiz_id: str
    version: int
    run_id: str
    unit_id: str
    kind: str
    title: str
    time_limit: int | None
    attempts_allowed: int
    due_at: datetime | None
    pass_bp: int


# Every field has a value: FastAPI leaves null out of an example.
AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
COURSE_EXAMPLE = CatalogCourse(
    course_id="algebra",
    title="Algebra",
    summary="From equations to groups.",
    language="en",
    versions=1,
    created_at=AT,
)
COURSE_DETAIL_EXAMPLE = CourseDetail(
    course_id="algebra",
    title="Algebra",
    summary="From equations to groups.",
    language="en",
    created_at=AT,
    versions=[PublishedVersion(version=1, units=2, structure_hash="9f3c1a7e", published_at=AT)],
    runs=["algebra-2026"],
)
STRUCTURE_EXAMPLE = CatalogStructure(
    course_id="algebra",
    version=1,
    units=[
        {"unit_id": "intro", "kind": "page", "title": "Begin here"},
        {"unit_id": "q1", "kind": "quiz", "title": "Equations", "weight": 10_000, "due_after_days": 14},
    ],
    completion_rule="all_weighted_units",
    grading_policy="weighted_mean",
    structure_hash="9f3c1a7e",
    published_at=AT,
)
RUN_EXAMPLE = CatalogRun(
    run_id="algebra-2026",
    course_id="algebra",
    course_version=1,
    title="Algebra",
    starts_at=AT,
    ends_at=AT + timedelta(days=120),
    capacity=100,
    pacing="instructor",
    status="open",
)
QUIZ_EXAMPLE = CatalogQuiz(
    quiz_id="algebra-2026-q1",
    version=1,
    run_id="algebra-2026",
    unit_id="q1",
    kind="quiz",
    title="Equations",
    items=[{"item_id": "i1", "text": "What is 6 x 7?", "options": ["36", "42", "48"]}],
    time_limit=1_800,
    due_at=AT + timedelta(days=14),
    pass_bp=4_000,
)
QUIZ_HEAD_EXAMPLE = QuizHead(
    quiz_id="algebra-2026-q1",
    version=1,
    run_id="algebra-2026",
    unit_id="q1",
    kind="quiz",
    title="Equations",
    time_limit=1_800,
    attempts_allowed=1,
    due_at=AT + timedelta(days=14),
    pass_bp=4_000,
)

_AT = CHECKPOINT.format("catalog")

# Pages in the order of the ids, after the last id of the page before ('' for the first page). Where the answer is the
# row itself, PostgreSQL renders the whole row.
PAGE = f"""
SELECT {_AT}, page.id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL ({{}}) AS page ON true ORDER BY page.id
"""
COURSES = PAGE.format("""
SELECT course_id AS id, to_json(c)::text AS body
  FROM catalog_courses AS c WHERE course_id > %(after)s ORDER BY course_id LIMIT %(limit)s""")
RUNS = PAGE.format("""
SELECT run_id AS id, to_json(r)::text AS body FROM catalog_runs AS r
 WHERE run_id > %(after)s AND (%(course)s::text IS NULL OR course_id = %(course)s) ORDER BY run_id LIMIT %(limit)s""")
QUIZZES = PAGE.format(f"""
SELECT quiz_id AS id, {json_object(QuizHead)}::text AS body
  FROM catalog_quizzes WHERE run_id = %(run)s AND quiz_id > %(after)s ORDER BY quiz_id LIMIT %(limit)s""")

# One of each, with all that belongs to it.
_VERSIONS = f"""(SELECT {json_array(json_object(PublishedVersion, units="json_array_length(units::json)"), "version")}
    FROM catalog_structures AS s WHERE s.course_id = c.course_id)"""
_RUNS = f"(SELECT {json_array('run_id', 'run_id')} FROM catalog_runs AS r WHERE r.course_id = c.course_id)"
COURSE = f"""
SELECT {_AT}, (SELECT {json_object(CourseDetail, versions=_VERSIONS, runs=_RUNS)}::text
                 FROM catalog_courses AS c WHERE course_id = %(course)s)
"""
STRUCTURE = f"""
SELECT {_AT}, (SELECT to_json(s)::text FROM catalog_structures AS s
                WHERE course_id = %(course)s AND version = %(version)s)
"""
RUN = f"SELECT {_AT}, (SELECT to_json(r)::text FROM catalog_runs AS r WHERE run_id = %(run)s)"
QUIZ = f"SELECT {_AT}, (SELECT to_json(q)::text FROM catalog_quizzes AS q WHERE quiz_id = %(quiz)s)"


async def courses(reader: Reader, after: str, limit: int) -> RowPage:
    """A page of courses."""
    return await reader.page(COURSES, {"after": after, "limit": limit})


async def runs(reader: Reader, course_id: str | None, after: str, limit: int) -> RowPage:
    """A page of runs, of one course or of all."""
    return await reader.page(RUNS, {"course": course_id, "after": after, "limit": limit})


async def quizzes(reader: Reader, run_id: str, after: str, limit: int) -> RowPage:
    """A page of the quizzes of a run, without their items."""
    return await reader.page(QUIZZES, {"run": run_id, "after": after, "limit": limit})


async def course(reader: Reader, course_id: str) -> Answer:
    """One course, with its versions and the ids of its runs."""
    return await reader.answer(COURSE, {"course": course_id})


async def structure(reader: Reader, course_id: str, version: int) -> Answer:
    """The units of one version of a course."""
    return await reader.answer(STRUCTURE, {"course": course_id, "version": version})


async def run(reader: Reader, run_id: str) -> Answer:
    """One run."""
    return await reader.answer(RUN, {"run": run_id})


async def quiz(reader: Reader, quiz_id: str) -> Answer:
    """One quiz with its items; the read model does not know its key."""
    return await reader.answer(QUIZ, {"quiz": quiz_id})
