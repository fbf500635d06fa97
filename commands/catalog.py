"""Use cases of the catalog: courses, their versions, and runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET, UnsetType

from commands.log import Log, Position
from domain.catalog import BadSchedule, Course, CourseNotFound, Run, Unit, course_stream, run_stream
from domain.deadlines import UTC_ZONE
from domain.grading import Group

SEAT_OFFER_HOURS = 48  # for runs that do not say otherwise


@dataclass(frozen=True)
class CreateCourse:
    """Add a course to the catalog."""

    course_id: str
    title: str
    summary: str = ""
    language: str = "en"


async def create_course(command: CreateCourse, log: Log) -> Position:
    course = await log.load(Course, course_stream(command.course_id))
    course.create(command.title, command.summary, command.language)
    return await log.save(course)


@dataclass(frozen=True)
class PublishCourse:
    """Publish the structure of a course as its next version."""

    course_id: str
    units: Sequence[Unit]
    completion_rule: str = "all_weighted_units"
    grading_policy: str = "weighted_mean"
    groups: Sequence[Group] = ()


async def publish_course(command: PublishCourse, log: Log) -> Position:
    course = await log.load(Course, course_stream(command.course_id))
    course.publish(list(command.units), command.completion_rule, command.grading_policy, command.groups)
    return await log.save(course)


@dataclass(frozen=True)
class ScheduleRun:
    """
    Plan a run of a course.

    Attributes:
        capacity: number of seats; None for no limit.
        seat_offer_hours: for how long a seat that came free is held for the next in line; None or 0: given at once;
            UNSET: as the run has it, SEAT_OFFER_HOURS for a new one.
        time_zone: by whose clocks units are due.
        waitlist_limit: how many learners may wait for a seat; None for no limit, 0 for no waitlist.
    """

    run_id: str
    course_id: str
    course_version: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None = None
    pacing: str = "instructor"
    seat_offer_hours: int | UnsetType | None = UNSET
    time_zone: str = UTC_ZONE
    waitlist_limit: int | None = None


async def schedule_run(command: ScheduleRun, log: Log) -> Position:
    course = await log.read(Course, course_stream(command.course_id))
    if not course.exists:
        raise CourseNotFound(course_id=command.course_id)
    if command.course_version not in course.versions:
        raise BadSchedule(
            f"course {command.course_id} has no version {command.course_version}", version=command.course_version
        )
    run, hours = await log.load(Run, run_stream(command.run_id)), command.seat_offer_hours
    if hours is UNSET:  # a run of before there were offers, scheduled once more by the same command, has none
        hours = run.seat_offer_hours if run.exists else SEAT_OFFER_HOURS
    run.schedule(
        command.course_id,
        command.course_version,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        capacity=command.capacity,
        pacing=command.pacing,
        seat_offer_hours=hours,
        time_zone=command.time_zone,
        waitlist_limit=command.waitlist_limit,
    )
    return await log.save(run)


@dataclass(frozen=True)
class OpenRun:
    """Let a run admit learners."""

    run_id: str


async def open_run(command: OpenRun, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    run.open()
    return await log.save(run)


@dataclass(frozen=True)
class CloseRun:
    """End the admission of learners to a run."""

    run_id: str


async def close_run(command: CloseRun, log: Log) -> Position:
    run = await log.load(Run, run_stream(command.run_id))
    run.close()
    return await log.save(run)
