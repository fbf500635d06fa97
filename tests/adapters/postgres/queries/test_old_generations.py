"""Queries answer from generations that version 1 of a read model has built, until a rebuild is promoted."""

import json
import typing
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
import pytest

from adapters.postgres.queries import catalog_lists
from adapters.postgres.queries.catalog import run, version
from adapters.postgres.queries.course_dashboard import run_dashboard
from adapters.postgres.queries.gradebook import Asked, rows
from adapters.postgres.queries.gradebook_matrix import Asked as MatrixAsked
from adapters.postgres.queries.gradebook_matrix import matrix
from adapters.postgres.queries.overview import Part, overview
from adapters.postgres.queries.reader import Reader
from adapters.postgres.store.row_tables import SEGMENT, create_table, create_view, physical_name
from adapters.settings import Settings
from domain.weeks import WEEKDAYS
from projections.catalog import RUNS, STRUCTURES, Catalog, CatalogRun, CatalogStructure
from projections.course_dashboard import (
    ENROLLMENTS,
    WEEKS,
    WEIGHTS,
    CourseDashboard,
    CourseEnrollment,
    CourseWeek,
    CourseWeights,
)
from projections.engine.projection import Table
from projections.gradebook import GRADES, QUIZZES, Grade, Gradebook, GradebookQuiz
from projections.overview import OVERVIEW, PEOPLE, Counts, Person

ADDED = {
    "gradebook": {"counts_no", "tries"},
    "course_enrollments": {"half_way", "grade_so_far_bp", "excused", "exact"},
    "course_weeks": {*WEEKDAYS},
    "catalog_runs": {"time_zone", "seat_offer_hours", "waitlist_limit"},
    "catalog_structures": {"groups"},
    "overview": {"first_people", "first_people_of_source", "first_active", "first_active_of_source"},
    "overview_people": {"registered_in", "active_in"},
}
"""Columns that an older version did not have."""

OVERVIEW_TABLES = (OVERVIEW, PEOPLE)  # without overview_runs

ROWS: tuple[tuple[Table, msgspec.Struct], ...] = (
    (GRADES, Grade("algebra-1", "equations", "ann", best_bp=7_000, attempts=1, graded=1, passed=True)),
    (ENROLLMENTS, CourseEnrollment("algebra-1", "ann", status="active", percent=5_000)),
    (ENROLLMENTS, CourseEnrollment("algebra-1", "ben", status="active", percent=4_999)),
    (QUIZZES, GradebookQuiz("equations", "algebra-1", "q1", "quiz", "Equations")),
    (OVERVIEW, Counts("algebra-1", "api", people=1, registrations=1)),
    (PEOPLE, Person("ann", ["algebra-1"])),
    (WEEKS, CourseWeek("algebra-1", "2026-01-26", rows=2, amount=5, learners=1)),
    (WEIGHTS, CourseWeights("algebra-1")),
    (RUNS, CatalogRun("algebra-1", "algebra", 1)),
    (STRUCTURES, CatalogStructure("algebra", 1)),
)


def as_before(table: Table) -> Table:
    """The table as version 1 had it."""
    hints = typing.get_type_hints(table.row)
    names = [name for name in table.row.__struct_fields__ if name not in ADDED.get(table.name, ())]
    return Table(table.name, msgspec.defstruct("Row", [(name, hints[name]) for name in names]), table.key)


@pytest.fixture
async def reading(settings: Settings) -> AsyncIterator[Reader]:
    """A reader of all three read models."""
    schema = settings.read_schema
    async with await psycopg.AsyncConnection.connect(settings.postgres_url, autocommit=True) as connection:
        for table in map(as_before, (*Gradebook.tables, *CourseDashboard.tables, *Catalog.tables, *OVERVIEW_TABLES)):
            await connection.execute(create_table(table, schema, 1).encode())
            await connection.execute(create_view(table, schema, 1, 1).encode())
        for table, row in ROWS:
            target = f"{schema}.{physical_name(table, 1)}"
            values: dict[str, Any] = {**msgspec.to_builtins(row), SEGMENT: 0}
            insert = f"INSERT INTO {target} SELECT * FROM jsonb_populate_record(NULL::{target}, %s)"
            await connection.execute(insert.encode(), [json.dumps(values)])
    opened = Reader(settings)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_gradebook_of_version_1_is_served(reading: Reader) -> None:
    """It does not say which attempt counts."""
    page = await rows(reading, "algebra-1", Asked(now=datetime(2026, 2, 1, tzinfo=UTC)), None, 9)
    (row,) = page.rows
    found = json.loads(row[-1])
    assert (found["learner_id"], found["best_bp"], found["counts_no"]) == ("ann", 7_000, 0)


async def test_what_is_missing_in_a_gradebook_of_version_1_is_served(reading: Reader) -> None:
    """No learner is excused there; and its matrix has no grade so far."""
    at = datetime(2026, 2, 1, tzinfo=UTC)
    page = await rows(reading, "algebra-1", Asked(now=at, missing=True), None, 9)
    assert [row[1] for row in page.rows] == ["ben"]
    found = await matrix(reading, "algebra-1", MatrixAsked(), None, limit=9, now=at)
    assert found.page.rows == []  # no one was activated


async def test_an_overview_of_version_3_is_served(reading: Reader) -> None:
    """People are counted one by one."""
    _, found = await overview(reading, Part())
    assert json.loads(found.campus)["people"] == 1


async def test_a_run_dashboard_of_version_1_is_served(reading: Reader) -> None:
    """Half of the way is then half of the rounded percentage, and weeks say nothing of their days."""
    answer = await run_dashboard(reading, "algebra-1", datetime(2026, 2, 1, tzinfo=UTC))
    assert answer.body is not None
    found = json.loads(answer.body)
    funnel = found["counts"]["funnel"]
    assert (funnel["activated"], funnel["half_way"]) == (1, 1)
    assert found["weeks"] == [{"week": "2026-01-26", "rows": 2, "amount": 5, "learners": 1, **dict.fromkeys(WEEKDAYS)}]


async def test_a_catalog_of_version_1_is_served(reading: Reader) -> None:
    """Its runs were by the clocks of UTC, with a waitlist that it does not know, and its courses had no groups."""
    one, listed, course = (
        await run(reading, "algebra-1"),
        await catalog_lists.runs(reading, catalog_lists.Asked(), None, 9, backwards=False),
        await version(reading, "algebra", 1),
    )
    assert one.body is not None
    assert course.body is not None
    assert json.loads(one.body) == json.loads(listed.page.rows[0][-1])
    found = json.loads(one.body)
    assert (found["time_zone"], found["waitlist_limit"], json.loads(course.body)["groups"]) == ("UTC", None, [])
