"""
What one context may know of another: read, never written.

A command may look at another context's aggregates through these functions, and at nothing else of it. When the
monolith is taken apart, each of them becomes a call to the other service. Effects go by facts and reactors only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.log import Log
from domain.catalog import Course, CourseNotFound, Run, RunNotFound, Unit, course_stream, run_stream
from domain.enrollment import Enrollment, NotEnrolled, Status, enrollment_stream
from domain.progress import NoAccess

STRUCTURE_MAX_AGE = 1.0  # seconds for which the catalog may be known from memory


@dataclass(frozen=True)
class Outline:
    """What a run consists of, by the version of the course that it follows."""

    run_id: str
    course_version: int
    units: dict[str, Unit]
    is_open: bool
    capacity: int | None
    starts_at: datetime

    @property
    def weights(self) -> dict[str, int]:
        """The weight of each unit that has one."""
        return {unit_id: unit.weight for unit_id, unit in self.units.items() if unit.weight}

    def due_at(self, unit_id: str) -> datetime | None:
        """The deadline of a unit, None where there is none."""
        days = self.units[unit_id].due_after_days
        return None if days is None else self.starts_at + timedelta(days=days)


async def outline(log: Log, run_id: str) -> Outline:
    """
    The structure of a run.

    Raises:
        RunNotFound: there is no such run.
    """
    run = await log.read(Run, run_stream(run_id), STRUCTURE_MAX_AGE)
    if not run.exists or run.starts_at is None:
        raise RunNotFound(f"there is no course run {run_id}", run_id=run_id)
    course = await log.read(Course, course_stream(run.course_id), STRUCTURE_MAX_AGE)
    if run.course_version not in course.versions:  # published since we looked: a refusal makes us look again
        raise CourseNotFound(f"course {run.course_id} has no version {run.course_version}", course_id=run.course_id)
    units = {unit.unit_id: unit for unit in course.versions[run.course_version]}
    return Outline(run_id, run.course_version, units, run.is_open, run.capacity, run.starts_at)


async def must_have_asked(log: Log, learner_id: str, run_id: str) -> Status:
    """
    Where the enrollment of a learner stands.

    Raises:
        NotEnrolled: the learner has never asked for a place.
    """
    enrollment = await log.read(Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id, run_id)
    return enrollment.status


async def must_have_access(log: Log, learner_id: str, run_id: str) -> None:
    """
    Refuse a learner who has no place on the run now.

    Raises:
        NotEnrolled: the learner has never asked for one.
        NoAccess: the learner waits for one, or has left.
    """
    status = await must_have_asked(log, learner_id, run_id)
    if status not in (Status.ACTIVE, Status.COMPLETED):
        raise NoAccess(learner_id, run_id, status)
