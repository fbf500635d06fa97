"""What other contexts may know of an enrollment: its status, whether it gives access, and who could have a place."""

from datetime import datetime

from commands.log import Log
from commands.lookups.catalog import STRUCTURE_MAX_AGE, Outline
from domain.deadlines import is_over
from domain.enrollment import (
    Enrollment,
    NoAccess,
    NotEnrolled,
    RunClosed,
    RunEnded,
    RunIsOver,
    Seats,
    Status,
    enrollment_stream,
    seats_stream,
)

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


async def must_take_part(log: Log, learner_id: str, run: Outline) -> None:
    """
    Refuse a learner who has no place on the run, or who acts after its end.

    Raises:
        NotEnrolled, NoAccess: see `must_have_access`.
        RunIsOver: the run has ended.
    """
    await must_have_access(log, learner_id, run.run_id)
    must_go_on(run, log.context.at)


def must_go_on(run: Outline, at: datetime) -> None:
    """Refuse what a learner does on a run that has ended; raises RunIsOver."""
    if is_over(run.ends_at, at):
        raise RunIsOver(run_id=run.run_id, ended_at=f"{run.ends_at:%Y-%m-%d %H:%M} UTC")


def no_access(learner_id: str, run_id: str, status: Status) -> NoAccess:
    """The refusal of a learner who has no place on the run now; it is lifted when the enrollment changes."""
    return NoAccess(learner_id=learner_id, run_id=run_id, status=status)


def must_admit(run: Outline, at: datetime) -> None:
    """
    Refuse to seat anyone, or to queue them, in a run that is closed or has ended.

    Raises:
        RunEnded, RunClosed: it is.
    """
    if is_over(run.ends_at, at):
        raise RunEnded(run_id=run.run_id, ended_at=f"{run.ends_at:%Y-%m-%d %H:%M} UTC")
    if not run.is_open:
        raise RunClosed(run_id=run.run_id)


async def has_room(log: Log, learner_id: str, run: Outline) -> bool:
    """Whether a learner would have a seat on a run without waiting, as it was a second ago at the latest."""
    if run.capacity is None:
        return True
    seats = await log.read(Seats, seats_stream(run.run_id), STRUCTURE_MAX_AGE)
    return learner_id in seats.seated or (not seats.waiting and len(seats.seated) < run.capacity)
