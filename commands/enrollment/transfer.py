"""
The transfer of a learner to another run of the course: both enrollments and both runs' seats change in one append.

What was completed is recognised on the other run by a reaction (commands/progress: RecogniseProgress).
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from commands.log import Log, Position, present
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import must_enter, no_access
from commands.lookups.payment import entitlement_for
from domain.enrollment import (
    Enrollment,
    NoFreeSeat,
    OtherCourse,
    Seats,
    Status,
    enrollment_stream,
    seats_stream,
)


@dataclass(frozen=True)
class TransferEnrollment:
    """A learner goes to another run of the course, on which a seat has to be free for which no other learner waits."""

    learner_id: str
    run_id: str
    to_run: str
    reason: str


async def transfer_enrollment(command: TransferEnrollment, log: Log) -> Position:
    learner_id = command.learner_id
    here, there = await outline(log, command.run_id), await outline(log, command.to_run)
    left = await log.load(Enrollment, enrollment_stream(learner_id, here.run_id))
    if left.status is Status.WITHDRAWN and left.transferred_to == there.run_id:
        return await log.save(left)
    if there.course_id != here.course_id or there.run_id == here.run_id:
        raise OtherCourse(run_id=here.run_id, to_run=there.run_id)
    left.leave_for(there.run_id, command.reason)
    await must_enter(log, learner_id, there, present(log))
    entitlement = await entitlement_for(log, learner_id, there)
    entered = await log.load(Enrollment, enrollment_stream(learner_id, there.run_id))
    entered.arrive_from(here.run_id, left.mode, log.context.source)
    async with AsyncExitStack() as turns:
        limited = [run for run in sorted((here, there), key=lambda run: run.run_id) if run.capacity is not None]
        for run in limited:
            await turns.enter_async_context(log.serialize(seats_stream(run.run_id)))
        seats = [await _move(log, run, learner_id, to=there) for run in limited]
        if entered.status is Status.OFFERED:
            entered.accept(log.context.at, entitlement)  # not after the end of the offer
        entered.activate(entitlement_id=entitlement)
        if not entered.has_place:
            raise no_access(learner_id, there.run_id, entered.status)
        return await log.save(*seats, entered, left)


async def _move(log: Log, run: Outline, learner_id: str, *, to: Outline) -> Seats:
    """The seats of a run without the learner; of the other one, with a seat for the learner."""
    seats = await log.load(Seats, seats_stream(run.run_id))
    if run is not to:
        seats.release(learner_id)
        return seats
    seats.open(run.capacity or 0)
    if not seats.take(learner_id):
        raise NoFreeSeat(run_id=run.run_id)
    return seats
