"""What can be done to an enrollment. Where a run has a capacity, its seats change in the same append."""

from dataclasses import dataclass
from datetime import datetime

from commands.log import Log, Position
from commands.lookups.catalog import Outline, outline
from commands.lookups.progress import outcome_of
from domain.deadlines import is_over
from domain.enrollment import (
    Enrollment,
    RunClosed,
    RunEnded,
    Seats,
    Status,
    WaitsFor,
    enrollment_stream,
    seats_stream,
)
from domain.grading import PASSING_OUTCOMES


@dataclass(frozen=True)
class RequestEnrollment:
    """A learner asks for a place and gets one, or a place in the queue."""

    learner_id: str
    run_id: str
    mode: str = "free"


async def request_enrollment(command: RequestEnrollment, log: Log) -> Position:
    run = await outline(log, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.request(command.mode, log.context.source)
    return await _seat(enrollment, run, log)


def _must_admit(run: Outline, log: Log) -> None:
    """
    Refuse to seat anyone, or to queue them, in a run that is closed or has ended.

    Raises:
        RunEnded, RunClosed: it is.
    """
    if is_over(run.ends_at, _present(log)):
        raise RunEnded(run_id=run.run_id, ended_at=f"{run.ends_at:%Y-%m-%d %H:%M} UTC")
    if not run.is_open:
        raise RunClosed(run_id=run.run_id)


def _present(log: Log) -> datetime:
    """When a command is carried out: as its user acted, or now if it follows from an earlier fact."""
    return max(log.context.at, log.now()) if log.context.causation_id else log.context.at


async def _seat(enrollment: Enrollment, run: Outline, log: Log) -> Position:
    """Admit the learner, who has asked, or put them into the queue; append it all as one unit."""
    if enrollment.status is not Status.REQUESTED:
        return await log.save(enrollment)
    _must_admit(run, log)
    if run.capacity is None:
        enrollment.activate()
        return await log.save(enrollment)
    async with log.serialize(seats_stream(run.run_id)):
        seats = await log.load(Seats, seats_stream(run.run_id))
        seats.open(run.capacity)
        if seats.take(enrollment.learner_id, run.waitlist_limit):
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
class FollowOutcome:
    """
    The outcome was decided or revised: the enrollment is completed if the course is passed, else active again.

    The present outcome counts: a reaction that was refused and is tried again may be about an earlier one.
    """

    learner_id: str
    run_id: str
    reason: str = ""


async def follow_outcome(command: FollowOutcome, log: Log) -> Position:
    outcome = await outcome_of(log, command.learner_id, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    if outcome in PASSING_OUTCOMES:
        enrollment.complete()
    elif command.reason:  # a revision's; the first decision has none to give
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
    if enrollment.pending_events:
        _must_admit(await outline(log, command.run_id), log)
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
    """
    Seats have come free: those who have waited longest get one each, or an offer of one.

    Where the run is closed or has ended no learner gets one, and a fact for each who waits says why.

    Attributes:
        tell: whether a fact for each who goes on waiting says what for, also in a run that is open.
    """

    run_id: str
    tell: bool = False


async def offer_seat(command: OfferSeat, log: Log) -> Position:
    run = await outline(log, command.run_id)
    until = run.offer_until(log.now())
    has_ended = is_over(run.ends_at, _present(log) if until is None else log.now())
    async with log.serialize(seats_stream(command.run_id)):
        seats = await log.load(Seats, seats_stream(command.run_id))
        changed: list[Enrollment] = []
        if run.is_open and not has_ended:
            while (learner_id := seats.seat_next()) is not None:
                enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
                enrollment.offer_seat(until)
                changed.append(enrollment)
            waits_for = WaitsFor.SEAT
        else:
            waits_for = WaitsFor.NOTHING if has_ended else WaitsFor.OPENING
        if command.tell or waits_for is not WaitsFor.SEAT:
            for learner_id in seats.waiting:
                enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
                enrollment.explain_wait(waits_for)
                changed.append(enrollment)
        return await log.save(seats, *changed)
