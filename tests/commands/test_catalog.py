"""Use cases of the catalog."""

import pytest

from commands.catalog import CloseRun, CreateCourse, DescribeCourse, OpenRun, PublishCourse, ScheduleRun
from domain.catalog import Change, Course, Run, structure_hash
from domain.streams import partition_of
from tests.support.given import fact
from tests.support.usecases import AT, COURSE, END, RUN, RUNS, SHUT, START, UNITS, Campus


async def test_a_course_is_created_and_published(empty: Campus) -> None:
    """A course is two facts of one stream: that it exists, and what it consists of."""
    assert await empty.new(COURSE[0]) == [
        ("course-algebra", fact(Course.Created, title="Algebra", summary="", language="en"))
    ]
    (published,) = await empty.facts(COURSE[1])
    assert (published.stream_id, published.type) == ("course-algebra", "course.version_published")
    assert published.data["structure_hash"] == structure_hash(list(UNITS))
    assert published.data["units"][0] == {"unit_id": "intro", "kind": "page", "title": "Begin here"}


async def test_a_course_is_described_otherwise(campus: Campus) -> None:
    """A fact for each change, none for the same once more; and the course is still created as it was."""
    command = DescribeCourse("algebra", Change("Algebra", "Rings"), summary=Change("", "Two operations."))
    assert await campus.new(command) == [
        ("course-algebra", fact(Course.Renamed, old="Algebra", new="Rings")),
        ("course-algebra", fact(Course.SummaryChanged, old="", new="Two operations.")),
    ]
    assert await campus.repeats(command)
    assert await campus.repeats(COURSE[0])
    assert await campus.refused(DescribeCourse("algebra", Change("Algebra", "Fields"))) == "course_changed"
    assert await campus.refused(DescribeCourse("rings", Change("", "Rings"))) == "course_not_found"


async def test_a_run_is_scheduled_opened_and_closed(campus: Campus) -> None:
    """The life of a run."""
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-06-30T00:00:00Z", "capacity": 3}
    assert await campus.new(ScheduleRun("new", "algebra", 1, START, END, 3)) == [
        (
            "run-new",
            fact(
                Run.Scheduled,
                course_id="algebra",
                course_version=1,
                **plan,
                pacing="instructor",
                seat_offer_hours=48,
                time_zone="UTC",
                waitlist_limit=None,
                late=None,
                registration_opens_at=None,
                registration_closes_at=None,
                cloned_from=None,
                due_from="start",
            ),
        )
    ]
    assert await campus.new(OpenRun("new")) == [("run-new", fact(Run.Opened))]
    assert await campus.new(CloseRun("new")) == [("run-new", fact(Run.Closed))]


async def test_a_fact_says_where_it_comes_from(empty: Campus) -> None:
    """Who did it, for whom, when it happened, why, and through which door."""
    (created,) = await empty.facts(
        CreateCourse("algebra", "Algebra"),
        actor="admin",
        source="seed",
        on_behalf_of="dean",
        causation_id="c-1",
        correlation_id="t-1",
    )
    meta = created.meta
    assert (meta.actor, meta.source, meta.on_behalf_of) == ("admin", "seed", "dean")
    assert (meta.causation_id, meta.correlation_id) == ("c-1", "t-1")
    assert created.occurred_at == AT < created.recorded_at
    assert (created.stream_version, created.schema_version) == (1, 1)
    assert created.partition == partition_of("course-algebra")


@pytest.mark.parametrize("command", [*COURSE, *RUNS])
async def test_the_catalog_is_made_once(campus: Campus, command: object) -> None:
    """Every command of the catalog can be repeated, and is answered with its first position."""
    assert await campus.repeats(command)


async def test_a_run_follows_a_version_that_is_published(campus: Campus) -> None:
    """The course is looked at: it has to exist, in that version."""
    assert await campus.refused(ScheduleRun("new", "physics", 1, START, END)) == "course_not_found"
    assert await campus.refused(ScheduleRun("new", "algebra", 2, START, END)) == "bad_schedule"
    await campus.give(PublishCourse("algebra", UNITS[:2]))
    assert len(await campus.new(ScheduleRun("new", "algebra", 2, START, END))) == 1


async def test_what_the_catalog_refuses(campus: Campus) -> None:
    """Ids that are taken, things that are not there, and ids that are none."""
    assert await campus.refused(CreateCourse("algebra", "Geometry")) == "course_exists"
    assert await campus.refused(CreateCourse("al:gebra", "Algebra")) == "bad_identifier"
    assert await campus.refused(PublishCourse("physics", UNITS)) == "course_not_found"
    assert await campus.refused(PublishCourse("algebra", [])) == "bad_structure"
    assert await campus.refused(ScheduleRun(RUN, "algebra", 1, START, END, 5)) == "run_exists"
    assert await campus.refused(ScheduleRun("new", "algebra", 1, END, START)) == "bad_schedule"
    assert await campus.refused(OpenRun("new")) == "run_not_found"
    assert await campus.refused(CloseRun("new")) == "run_not_found"
    assert await campus.new(CloseRun(SHUT)) == []
