"""What other contexts may know of the catalog: the structure of a run, and whether it is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.log import Log
from domain.catalog import (
    Course,
    CourseNotFound,
    Prerequisite,
    Run,
    RunNotFound,
    Structure,
    Unit,
    VersionNotFound,
    course_stream,
    run_stream,
    showing,
)
from domain.deadlines import AS_UNIT, Deadline, OfQuiz, deadline_of, is_over
from domain.grading import Scheme
from domain.late_policy import LatePolicy
from domain.tags import QueryItem, tag

STRUCTURE_MAX_AGE = 1.0  # seconds for which the catalog may be known from memory


@dataclass(frozen=True)
class Outline:
    """
    What a run consists of, by a version of the course.

    Attributes:
        versions: those that the run has followed, in order; a learner may follow an earlier one (domain/progress).
        units: those of the version; `earlier` are others that the run had before.
    """

    run_id: str
    course_id: str
    course_version: int
    versions: list[int]
    units: dict[str, Unit]
    earlier: dict[str, Unit]
    structure: Structure
    is_open: bool
    capacity: int | None
    starts_at: datetime
    ends_at: datetime
    seat_offer_hours: int | None
    time_zone: str
    waitlist_limit: int | None
    late: LatePolicy | None
    due_from: str
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None

    def offer_until(self, at: datetime) -> datetime | None:
        """
        When an offer of a seat made at *at* ends; None where seats are given at once.

        It ends with the run, or with its registration, at the latest: no learner enters after that.
        """
        if not self.seat_offer_hours:
            return None
        last = min(self.ends_at, self.registration_closes_at or self.ends_at)
        return min(at + timedelta(hours=self.seat_offer_hours), last)

    @property
    def scheme(self) -> Scheme:
        """What the units count."""
        return self.structure.scheme()

    @property
    def prerequisites(self) -> list[Prerequisite]:
        """What has to be passed before."""
        return self.structure.prerequisites

    def due_at(self, unit_id: str) -> datetime | None:
        """The deadline of a unit for all, None where there is none."""
        return self.deadline(unit_id).due_at

    def deadline(
        self,
        unit_id: str,
        extensions: Mapping[str, datetime] = {},
        quiz: OfQuiz = AS_UNIT,
        placed_at: datetime | None = None,
    ) -> Deadline:
        """All that the deadline of a unit means for a learner with these *extensions*; see `domain.deadlines`."""
        return deadline_of(self._unit(unit_id), self, extensions, quiz, placed_at)

    def late_of(self, unit_id: str) -> LatePolicy | None:
        """What becomes of late work in a unit, where its quiz says nothing."""
        return self._unit(unit_id).late or self.late

    def _unit(self, unit_id: str) -> Unit:
        return self.units[unit_id] if unit_id in self.units else self.earlier[unit_id]


async def outline(log: Log, run_id: str, version: int | None = None, max_age: float = STRUCTURE_MAX_AGE) -> Outline:
    """
    The structure of a run.

    Args:
        version: of the course; None for the one that the run follows.
        max_age: for how many seconds the catalog may be known from memory.

    Raises:
        RunNotFound: there is no such run.
    """
    run = await log.read(Run, run_stream(run_id), max_age)
    if not run.exists or run.starts_at is None or run.ends_at is None:
        raise RunNotFound(run_id=run_id)
    course = await log.read(Course, course_stream(run.course_id), max_age)
    version = run.course_version if version is None else version
    if not course.versions.keys() >= {version, *run.versions}:  # published since: a refusal makes us look again
        raise VersionNotFound(course_id=run.course_id, version=version)
    return Outline(
        run_id,
        run.course_id,
        version,
        list(run.versions),
        {unit.unit_id: unit for unit in course.versions[version]},
        {unit.unit_id: unit for each in run.versions for unit in course.versions[each]} if run.versions[1:] else {},
        course.structures[version],
        run.is_open,
        run.capacity,
        run.starts_at,
        run.ends_at,
        run.seat_offer_hours,
        run.time_zone,
        run.waitlist_limit,
        run.late,
        run.due_from,
        run.registration_opens_at,
        run.registration_closes_at,
    )


async def versions_with_media(log: Log, run: Outline, unit_id: str) -> list[int]:
    """The versions of the course in which a unit has the video or the recording that the run shows."""
    course = await log.read(Course, course_stream(run.course_id), STRUCTURE_MAX_AGE)
    return showing(course.versions, run.units[unit_id])


async def capacity_of(log: Log, run_id: str) -> int | None:
    """
    How many seats a run has at this moment; if that changes meanwhile, what rests on it is decided again.

    An outline may be a second old: where it says that there is no limit, this is asked before a place is given or left
    without a seat.

    Raises:
        RunNotFound: there is no such run.
    """
    run = await log.read(Run, run_stream(run_id))
    if not run.exists:
        raise RunNotFound(run_id=run_id)
    return run.capacity


async def must_have_course(log: Log, course_id: str) -> None:
    """
    Refuse a course that there is not.

    Raises:
        CourseNotFound: there is no such course.
    """
    if not (await log.read(Course, course_stream(course_id), STRUCTURE_MAX_AGE)).exists:
        raise CourseNotFound(course_id=course_id)


async def title_of_course(log: Log, course_id: str) -> str:
    """What a course is called at this moment; empty if there is no such course."""
    return (await log.read(Course, course_stream(course_id))).title


async def course_of_run(log: Log, run_id: str) -> str:
    """
    The course of a run.

    Raises:
        RunNotFound: there is no such run.
    """
    return (await outline(log, run_id)).course_id


async def current_run(log: Log, course_id: str, at: datetime, *, is_open: bool = True) -> str | None:
    """
    The run of a course that is current: of those that are open and not over the one that began last, else the next.

    If *is_open* is false, one that is closed stands in where none is open. If one is scheduled meanwhile, what rests on
    this is decided again.
    """
    scheduled = QueryItem(("run.scheduled",), (tag("course", course_id),))
    runs = [await log.read(Run, stream, STRUCTURE_MAX_AGE) for stream in await log.streams((scheduled,))]
    runs = [run for run in runs if run.course_id == course_id and not is_over(run.ends_at, at)]
    runs = [run for run in runs if run.is_open] or ([] if is_open else runs)
    begun = [run for run in runs if run.starts_at is not None and run.starts_at <= at]
    coming = [run for run in runs if run.starts_at is not None and run.starts_at > at]
    if begun:
        return max(begun, key=lambda run: (run.starts_at, run.id)).id_of("run_id")
    return min(coming, key=lambda run: (run.starts_at, run.id)).id_of("run_id") if coming else None
