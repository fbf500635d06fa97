"""
The transfer of a learner to another run of the course: both enrollments and both runs' seats change in one append.

What was completed is recognised on the other run by a reaction (commands/progress: RecogniseProgress), and so is what
is graded on the old one later. The access that was bought goes along (FollowEntitlements).
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from commands.enrollment import limit_of, seats_of
from commands.log import Log, Position, present
from commands.lookups.catalog import Outline, outline
from commands.lookups.enrollment import must_enter, no_access, went_to
from commands.lookups.payment import entitlement_for, live_entitlements
from domain.enrollment import (
    Enrollment,
    NoFreeSeat,
    OtherCourse,
    Seats,
    Status,
    enrollment_stream,
    seats_stream,
)
from domain.payment.errors import PaymentRequired


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
    entitlement = await _access(log, left, there)
    entered = await log.load(Enrollment, enrollment_stream(learner_id, there.run_id))
    entered.arrive_from(here.run_id, left.mode, log.context.source)
    async with AsyncExitStack() as turns:
        runs = sorted((here, there), key=lambda run: run.run_id)
        limited = [run for run in runs if await limit_of(log, run) is not None]
        for run in limited:
            await turns.enter_async_context(log.serialize(seats_stream(run.run_id)))
        seats = [await _move(log, run, learner_id, to=there) for run in limited]
        if entered.status is Status.OFFERED:
            entered.accept(log.context.at, entitlement)  # not after the end of the offer
        entered.activate(entitlement_id=entitlement)
        if not entered.has_place:
            raise no_access(learner_id, there.run_id, entered.status)
        return await log.save(*seats, entered, left)


async def _access(log: Log, left: Enrollment, there: Outline) -> str | None:
    """
    The entitlement by which the learner has the place there: one to that run, or else what was bought for the old one.

    Raises:
        PaymentRequired: the run is sold, and the learner has come to the old one without a purchase, or it has ended.
    """
    try:
        return await entitlement_for(log, left.learner_id, there)
    except PaymentRequired:
        live = await live_entitlements(log, left.learner_id)
        found = [run_id for run_id in live if await went_to(log, left.learner_id, run_id) == left.run_id]
        bought = live.get(left.run_id) or next((live[run_id] for run_id in found), None)
        if not left.by_entitlement or bought is None:
            raise
        return bought


async def _move(log: Log, run: Outline, learner_id: str, *, to: Outline) -> Seats:
    """The seats of a run without the learner; of the other one, with a seat for the learner."""
    if run is not to:
        seats = await log.load(Seats, seats_stream(run.run_id))
        seats.release(learner_id)
        return seats
    seats = await seats_of(log, run.run_id, await limit_of(log, run) or 0)
    if not seats.take(learner_id):
        raise NoFreeSeat(run_id=run.run_id)
    return seats
