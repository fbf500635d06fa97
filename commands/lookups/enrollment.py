"""What other contexts may know of an enrollment: its status, whether it gives access, and who could have a place."""

from datetime import datetime

from commands.log import Log
from commands.lookups.catalog import STRUCTURE_MAX_AGE, Outline, course_of_run
from commands.lookups.progress import grade_of
from domain.catalog import Prerequisite
from domain.deadlines import Deadline, is_over
from domain.enrollment import (
    Admission,
    Cohort,
    CohortNotFound,
    Enrollment,
    NoAccess,
    NotEnrolled,
    PrerequisitesMissing,
    RegistrationNotOpen,
    RegistrationOver,
    RunClosed,
    RunEnded,
    RunIsOver,
    Seats,
    Status,
    WasTransferred,
    admission_stream,
    cohort_stream,
    enrollment_stream,
    seats_stream,
)
from domain.tags import QueryItem, tag

HAVING_ACCESS = (Status.ACTIVE, Status.COMPLETED)


async def must_have_asked(log: Log, learner_id: str, run_id: str) -> Status:
    """
    Where the enrollment of a learner stands.

    Raises:
        NotEnrolled: the learner has never asked for a place.
    """
    enrollment = await log.read(Enrollment, enrollment_stream(learner_id, run_id))
    if not enrollment.exists:
        raise NotEnrolled(learner_id=learner_id, run_id=run_id)
    return enrollment.status


async def must_have_access(log: Log, learner_id: str, run_id: str) -> None:
    """
    Refuse a learner who has no place on the run now.

    Raises:
        NotEnrolled: the learner has never asked for one.
        NoAccess: the learner waits for one, or has left.
    """
    status = await must_have_asked(log, learner_id, run_id)
    if status not in HAVING_ACCESS:
        raise no_access(learner_id, run_id, status)


async def has_access(log: Log, learner_id: str, run_id: str) -> bool:
    """Whether a learner has a place on the run now."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).status in HAVING_ACCESS


async def is_on_run(log: Log, learner_id: str, run_id: str) -> bool:
    """Whether a learner has a place on the run now, and has not completed it."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).status is Status.ACTIVE


async def has_left(log: Log, learner_id: str, run_id: str) -> bool:
    """Whether a learner has given up the place on the run."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).status is Status.WITHDRAWN


async def went_to(log: Log, learner_id: str, run_id: str) -> str:
    """The run to which a learner was transferred from this one, in the end; empty for one who was not."""
    to_run, seen = "", {run_id}
    while (left := await log.read(Enrollment, enrollment_stream(learner_id, to_run or run_id))).transferred_to:
        if left.transferred_to in seen:
            break
        to_run = left.transferred_to
        seen.add(to_run)
    return to_run


async def must_not_be_elsewhere(log: Log, enrollment: Enrollment) -> None:
    """Refuse a learner who was transferred, and has the place there; raises WasTransferred."""
    to_run = await went_to(log, enrollment.learner_id, enrollment.run_id) if enrollment.transferred_to else ""
    if to_run and (await must_have_asked(log, enrollment.learner_id, to_run)) in HAVING_ACCESS:
        raise WasTransferred(learner_id=enrollment.learner_id, run_id=enrollment.run_id, to_run=to_run)


async def extensions_of(log: Log, learner_id: str, run_id: str) -> dict[str, datetime]:
    """The deadlines that a learner was granted on a run, by unit."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).extensions


async def offered_until(log: Log, learner_id: str, run_id: str) -> datetime | None:
    """When the offer of a seat ends that a learner has now; None for none."""
    enrollment = await log.read(Enrollment, enrollment_stream(learner_id, run_id))
    return enrollment.offered_until if enrollment.status is Status.OFFERED else None


async def cohort_begins_at(log: Log, learner_id: str, run_id: str) -> datetime | None:
    """When the cohort of a learner begins; None for a learner who is in none."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).cohort_begins_at


async def cohort_of(log: Log, learner_id: str, run_id: str) -> str | None:
    """The cohort of a learner; None for a learner who is in none."""
    return (await log.read(Enrollment, enrollment_stream(learner_id, run_id))).cohort_id


async def must_have_cohort(log: Log, run_id: str, cohort_id: str) -> None:
    """Raise CohortNotFound for a cohort that the run does not have."""
    if not (await log.read(Cohort, cohort_stream(run_id, cohort_id))).exists:
        raise CohortNotFound(run_id=run_id, cohort_id=cohort_id)


async def first_placed_at(log: Log, learner_id: str, run_id: str) -> datetime | None:
    """When a learner first got a place on a run: who leaves and comes back has no more time. None for never."""
    about = (tag("learner", learner_id), tag("run", run_id))
    placed = await log.facts((QueryItem(("enrollment.activated",), about),))
    return placed[0].occurred_at if placed else None


def must_go_on(run: Outline, at: datetime, deadline: Deadline | None = None) -> None:
    """Refuse what a learner does on a run that has ended, except for what is due after its end; raises RunIsOver."""
    if is_over(run.ends_at, at) and not (deadline is not None and deadline.accepts(at)):
        raise RunIsOver(run_id=run.run_id, ended_at=f"{run.ends_at:%Y-%m-%d %H:%M} UTC")


def no_access(learner_id: str, run_id: str, status: Status) -> NoAccess:
    """The refusal of a learner who has no place on the run now; it is lifted when the enrollment changes."""
    return NoAccess(learner_id=learner_id, run_id=run_id, status=status)


def must_admit(run: Outline, at: datetime) -> None:
    """
    Refuse to seat anyone, or to queue them, in a run that is closed or has ended, or outside of its registration.

    Raises:
        RunEnded, RunClosed, RegistrationNotOpen, RegistrationOver.
    """
    if is_over(run.ends_at, at):
        raise RunEnded(run_id=run.run_id, ended_at=f"{run.ends_at:%Y-%m-%d %H:%M} UTC")
    if not run.is_open:
        raise RunClosed(run_id=run.run_id)
    if run.registration_opens_at is not None and at < run.registration_opens_at:
        raise RegistrationNotOpen(run_id=run.run_id, opens_at=f"{run.registration_opens_at:%Y-%m-%d %H:%M} UTC")
    if is_over(run.registration_closes_at, at):
        raise RegistrationOver(run_id=run.run_id, closed_at=f"{run.registration_closes_at:%Y-%m-%d %H:%M} UTC")


async def must_enter(log: Log, learner_id: str, run: Outline, at: datetime) -> None:
    """
    Refuse a learner at the door of a run; every way in asks this, and history alone is not asked.

    Raises:
        RunEnded, RunClosed: see `must_admit`.
        PrerequisitesMissing: what has to be passed before is not, and staff have not waived it.
    """
    must_admit(run, at)
    missing = [] if log.context.importing else await _missing(log, learner_id, run)
    if missing:
        named = ", and ".join(map(_in_words, missing))
        raise PrerequisitesMissing(learner_id=learner_id, run_id=run.run_id, missing=named)


async def _missing(log: Log, learner_id: str, run: Outline) -> list[Prerequisite]:
    """What has to be passed before a run, is not, and was not waived."""
    if not run.prerequisites:
        return []
    waived = (await log.read(Admission, admission_stream(learner_id, run.run_id))).waived
    asked = [each for each in run.prerequisites if not waived.intersection(each.courses)]
    passed = await _passed(log, learner_id) if asked else {}
    return [each for each in asked if not any(_meets(each, passed.get(course_id)) for course_id in each.courses)]


async def _passed(log: Log, learner_id: str) -> dict[str, list[int]]:
    """The courses that a learner has passed, with the grades; 0 for one without a grade."""
    completed = QueryItem(("enrollment.completed",), (tag("learner", learner_id),))
    passed: dict[str, list[int]] = {}
    for stream in await log.streams((completed,)):
        enrollment = await log.read(Enrollment, stream)
        stands = enrollment.suspended_from if enrollment.status is Status.SUSPENDED else enrollment.status
        if stands is Status.COMPLETED:
            course_id = await course_of_run(log, enrollment.run_id)
            passed.setdefault(course_id, []).append(await grade_of(log, learner_id, enrollment.run_id) or 0)
    return passed


def _meets(prerequisite: Prerequisite, grades: list[int] | None) -> bool:
    return grades is not None and max(grades) >= (prerequisite.at_least_bp or 0)


def _in_words(prerequisite: Prerequisite) -> str:
    at_least = prerequisite.at_least_bp
    return " or ".join(prerequisite.courses) + ("" if at_least is None else f" with {at_least / 100:g} % at least")


async def has_room(log: Log, learner_id: str, run: Outline) -> bool:
    """Whether a learner would have a seat on a run without waiting, as it was a second ago at the latest."""
    if run.capacity is None:
        return True
    seats = await log.read(Seats, seats_stream(run.run_id), STRUCTURE_MAX_AGE)
    return learner_id in seats.seated or (not seats.waiting and len(seats.seated) < run.capacity)
