"""What can be done to an enrollment. Where a run has a capacity, its seats change in the same append."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from domain.enrollment import Enrollment, RunClosed, Seats, Status, enrollment_stream, seats_stream


@dataclass(frozen=True)
class RequestEnrollment:
    """A learner asks for a place and gets one, or a place in the queue."""

    learner_id: str
    run_id: str
    mode: str = "free"


async def request_enrollment(command: RequestEnrollment, log: Log) -> Position:
    run = await outline(log, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    if not run.is_open and enrollment.status in (Status.NONE, Status.EXPIRED):
        raise RunClosed(run_id=command.run_id)
    enrollment.request(command.mode, log.context.source)
    return await _seat(enrollment, run, log)


async def _seat(enrollment: Enrollment, run: Outline, log: Log) -> Position:
    """Admit the learner, who has asked, or put them into the queue; append it all as one unit."""
    if enrollment.status is not Status.REQUESTED:
        return await log.save(enrollment)
    if run.capacity is None:
        enrollment.activate()
        return await log.save(enrollment)
    async with log.serialize(seats_stream(run.run_id)):
        seats = await log.load(Seats, seats_stream(run.run_id))
        seats.open(run.capacity)
        if seats.take(enrollment.learner_id):
            enrollment.activate()
        else:
            enrollment.wait()
        return await log.save(seats, enrollment)


@dataclass(frozen=True)
class WithdrawEnrollment:
    """A learner gives up a place."""

    learner_id: str
    run_id: str
    reason: str = "unspecified"


async def withdraw_enrollment(command: WithdrawEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.withdraw(command.reason)
    if (await outline(log, command.run_id)).capacity is None:
        return await log.save(enrollment)
    async with log.serialize(seats_stream(command.run_id)):
        seats = await log.load(Seats, seats_stream(command.run_id))
        seats.release(command.learner_id)
        return await log.save(seats, enrollment)


@dataclass(frozen=True)
class ReactivateEnrollment:
    """A learner who has left comes back, if there is a seat, or to the end of the queue."""

    learner_id: str
    run_id: str


async def reactivate_enrollment(command: ReactivateEnrollment, log: Log) -> Position:
    run = await outline(log, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    if not run.is_open and enrollment.status in (Status.WITHDRAWN, Status.EXPIRED):
        raise RunClosed(run_id=command.run_id)
    enrollment.reactivate()
    return await _seat(enrollment, run, log)


@dataclass(frozen=True)
class CompleteEnrollment:
    """A learner has passed the course."""

    learner_id: str
    run_id: str


async def complete_enrollment(command: CompleteEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.complete()
    return await log.save(enrollment)


@dataclass(frozen=True)
class ReopenEnrollment:
    """The outcome was revised, and the course is not passed after all."""

    learner_id: str
    run_id: str
    reason: str


async def reopen_enrollment(command: ReopenEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.reopen(command.reason)
    return await log.save(enrollment)


@dataclass(frozen=True)
class AcceptSeat:
    """A learner takes the seat that is offered."""

    learner_id: str
    run_id: str


async def accept_seat(command: AcceptSeat, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.accept(log.context.at)
    return await log.save(enrollment)


@dataclass(frozen=True)
class ExpireSeatOffer:
    """The time of an offer may be over: if so, the seat is released, and goes to the next in line by a reaction."""

    learner_id: str
    run_id: str


async def expire_seat_offer(command: ExpireSeatOffer, log: Log) -> Position:
    async with log.serialize(seats_stream(command.run_id)):
        enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
        if not enrollment.expire_offer(log.context.at):
            return await log.save(enrollment)
        seats = await log.load(Seats, seats_stream(command.run_id))
        seats.release(command.learner_id)
        return await log.save(seats, enrollment)


@dataclass(frozen=True)
class OfferSeat:
    """Seats have come free: those who have waited longest get one each, or an offer of one."""

    run_id: str


async def offer_seat(command: OfferSeat, log: Log) -> Position:
    run = await outline(log, command.run_id)
    until = run.offer_until(log.now())
    has_ended = run.ends_at <= (log.context.at if until is None else log.now())
    async with log.serialize(seats_stream(command.run_id)):
        seats = await log.load(Seats, seats_stream(command.run_id))
        if has_ended or not run.is_open:
            return await log.save(seats)
        seated: list[Enrollment] = []
        while (learner_id := seats.seat_next()) is not None:
            enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
            enrollment.offer_seat(until)
            seated.append(enrollment)
        return await log.save(seats, *seated)
