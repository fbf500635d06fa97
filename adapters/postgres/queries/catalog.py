"""Courses, runs and quizzes: what is answered, examples, and the SQL over the rows of projections/catalog.py."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import msgspec

from adapters.postgres.queries.json_answer import json_array, json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader, RowPage
from domain.catalog import Letter, Prerequisite, Section, Unit
from domain.grading import Group
from domain.kinds import Kind
from domain.late_policy import LatePolicy
from domain.quiz import Item
from domain.words import CompletionRule, DueFrom, GradingPolicy, Pacing, RunStatus
from projections.catalog import CatalogCourse, RunCohort


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


class CourseVersion(msgspec.Struct, kw_only=True):
    """One published version of a course, with its units in their order."""

    course_id: str
    version: int
    units: list[Unit]
    completion_rule: CompletionRule
    grading_policy: GradingPolicy
    structure_hash: str
    published_at: datetime
    groups: list[Group]
    sections: list[Section]
    letters: list[Letter]
    prerequisites: list[Prerequisite]


class CourseRun(msgspec.Struct, kw_only=True):
    """
    A course run; times of units are by the clocks of `time_zone`.

    `capacity` and `waitlist_limit` are null where there is no limit, `seat_offer_hours` where seats are given at once,
    `late` where late work is taken as it comes, and the dates of registration where only the opening of the run counts.
    `due_from` says from when the days of deadlines count: from the `start` of the run, or from the `enrollment` of a
    learner, or from when the learner's cohort begins, if there is one.
    """

    run_id: str
    course_id: str
    course_version: int
    title: str
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    pacing: Pacing
    time_zone: str
    status: RunStatus
    seat_offer_hours: int | None
    waitlist_limit: int | None
    late: LatePolicy | None
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    due_from: DueFrom
    cohorts: list[RunCohort]


class QuizHead(msgspec.Struct, kw_only=True):
    """A quiz without its items."""

    quiz_id: str
    version: int
    run_id: str
    unit_id: str
    kind: Kind
    title: str
    time_limit: int | None
    attempts_allowed: int
    due_at: datetime | None
    pass_bp: int


class QuizDetail(QuizHead, kw_only=True):
    """A quiz as learners may see it: without its key."""

    items: list[Item]


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
VERSION_EXAMPLE = CourseVersion(
    course_id="algebra",
    version=1,
    units=[
        Unit("intro", "page", "Begin here"),
        Unit("q1", "quiz", "Equations", weight=10_000, due_after_days=14),
    ],
    completion_rule="all_weighted_units",
    grading_policy="weighted_mean",
    structure_hash="9f3c1a7e",
    published_at=AT,
    groups=[],
    sections=[Section("basics", "Basics", ["intro", "q1"])],
    letters=[Letter("A", 8_500), Letter("B", 4_000), Letter("F", 0)],
    prerequisites=[Prerequisite(["arithmetic"])],
)
RUN_EXAMPLE = CourseRun(
    run_id="algebra-2026",
    course_id="algebra",
    course_version=1,
    title="Algebra",
    starts_at=AT,
    ends_at=AT + timedelta(days=120),
    capacity=100,
    pacing="instructor",
    time_zone="UTC",
    status="open",
    seat_offer_hours=48,
    waitlist_limit=20,
    late=LatePolicy("percent_a_day", 1_000, 5),
    registration_opens_at=AT - timedelta(days=30),
    registration_closes_at=AT + timedelta(days=7),
    due_from="enrollment",
    cohorts=[RunCohort(cohort_id="spring", name="Spring", begins_at=AT + timedelta(days=28))],
)
QUIZ_EXAMPLE = QuizDetail(
    quiz_id="algebra-2026-q1",
    version=1,
    run_id="algebra-2026",
    unit_id="q1",
    kind="quiz",
    title="Equations",
    items=[Item("i1", "What is 6 x 7?", ["36", "42", "48"])],
    time_limit=1_800,
    attempts_allowed=1,
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


TITLE_OF_RUN = (
    "coalesce((SELECT course.title FROM catalog_courses AS course WHERE course.course_id = run.course_id), '')"
)
"""The title of a row of catalog_runs, which is called `run`: that of its course, as it is now."""


def _filled(
    table: str, answer: type[msgspec.Struct], made: Mapping[str, str] = MappingProxyType({}), **defaults: str
) -> str:
    """The rows of a table, with fields that are *made*; with *defaults* in a generation that has no such columns."""
    fields = (f"{made[name]} AS {name}" if name in made else name for name in answer.__struct_fields__)
    return with_columns(f"SELECT {', '.join(fields)} FROM {table}", "filled", **defaults)


_NONE = "'[]'::jsonb"
RUN_ROWS = _filled(
    "catalog_runs AS run",
    CourseRun,
    {"title": TITLE_OF_RUN},
    time_zone="'UTC'",
    seat_offer_hours="NULL::bigint",
    waitlist_limit="NULL::bigint",
    late="NULL::jsonb",
    registration_opens_at="NULL::timestamptz",
    registration_closes_at="NULL::timestamptz",
    due_from="'start'",
    cohorts=_NONE,
)
VERSION_ROWS = _filled(
    "catalog_structures", CourseVersion, groups=_NONE, sections=_NONE, letters=_NONE, prerequisites=_NONE
)

# Pages in the order of the ids, after the last id of the page before ('' for the first page).
PAGE = f"""
SELECT {_AT}, page.id, page.body FROM (SELECT) AS once LEFT JOIN LATERAL ({{}}) AS page ON true ORDER BY page.id
"""
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
VERSION = f"""
SELECT {_AT}, (SELECT {json_object(CourseVersion)}::text FROM {VERSION_ROWS}
                WHERE course_id = %(course)s AND version = %(version)s)
"""
RUN = f"SELECT {_AT}, (SELECT {json_object(CourseRun)}::text FROM {RUN_ROWS} WHERE run_id = %(run)s)"
QUIZ = f"SELECT {_AT}, (SELECT {json_object(QuizDetail)}::text FROM catalog_quizzes WHERE quiz_id = %(quiz)s)"

UNITS = f"""
SELECT {_AT}, page.number, page.unit FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT number, unit::text FROM catalog_runs AS run JOIN catalog_structures AS version
           ON version.course_id = run.course_id AND version = coalesce(%(version)s::bigint, course_version)
     CROSS JOIN LATERAL jsonb_array_elements(units) WITH ORDINALITY AS listed (unit, number)
     WHERE run_id = %(run)s AND number > %(after)s ORDER BY number LIMIT %(limit)s) AS page ON true ORDER BY page.number
"""


async def quizzes(reader: Reader, run_id: str, after: str, limit: int) -> RowPage:
    """A page of the quizzes of a run, without their items."""
    return await reader.page(QUIZZES, {"run": run_id, "after": after, "limit": limit})


async def course(reader: Reader, course_id: str) -> Answer:
    """One course, with its versions and the ids of its runs."""
    return await reader.answer(COURSE, {"course": course_id})


async def version(reader: Reader, course_id: str, number: int) -> Answer:
    """The units of one version of a course."""
    return await reader.answer(VERSION, {"course": course_id, "version": number})


async def run(reader: Reader, run_id: str) -> Answer:
    """One run."""
    return await reader.answer(RUN, {"run": run_id})


async def units_of_run(reader: Reader, run_id: str, after: int, limit: int, version: int | None = None) -> RowPage:
    """A page of the units of a run, in their order, by their numbers from 1; by another *version* than its own."""
    return await reader.page(UNITS, {"run": run_id, "after": after, "limit": limit, "version": version})


async def quiz(reader: Reader, quiz_id: str) -> Answer:
    """One quiz with its items; the read model does not know its key."""
    return await reader.answer(QUIZ, {"quiz": quiz_id})
