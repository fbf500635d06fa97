"""
What can be done to an enrollment. Where a run has a capacity, its seats change in the same append.

What staff do stands in commands/enrollment/staff.py, invitations in invitations.py, transfers in transfer.py.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime

from commands.log import Log, Position, present
from commands.lookups.catalog import Outline, capacity_of, outline
from commands.lookups.enrollment import must_admit, must_enter, must_go_on, must_not_be_elsewhere, went_to
from commands.lookups.payment import entitlement_for, live_entitlements, runs_of_entitlement
from commands.lookups.progress import outcome_of
from domain.capacity import EXCESS_WAITS
from domain.deadlines import is_over
from domain.enrollment import (
    BY_ENTITLEMENT,
    Admission,
    Enrollment,
    PrerequisitesMissing,
    Seats,
    Status,
    WaitsFor,
    enrollment_stream,
    seats_stream,
)
from domain.errors import DomainError
from domain.grading import PASSING_OUTCOMES
from domain.payment.errors import PaymentRequired
from domain.tags import QueryItem, tag


@dataclass(frozen=True)
class RequestEnrollment:
    """A learner asks for a place and gets one, or a place in the queue."""

    learner_id: str
    run_id: str
    mode: str = "free"


async def request_enrollment(command: RequestEnrollment, log: Log) -> Position:
    run = await outline(log, command.run_id)
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    entitlement = None if enrollment.has_place else await entitlement_for(log, command.learner_id, run)
    enrollment.request(BY_ENTITLEMENT if entitlement else command.mode, log.context.source)
    return await seat(enrollment, run, log, entitlement)


async def seat(
    enrollment: Enrollment, run: Outline, log: Log, entitlement_id: str | None, *also: Admission
) -> Position:
    """Admit the learner, who has asked, or put them into the queue; append all as one unit, with what else changed."""
    if enrollment.status is not Status.REQUESTED:
        return await log.save(enrollment, *also)
    await must_enter(log, enrollment.learner_id, run, present(log))
    capacity = await limit_of(log, run)
    if capacity is None:
        enrollment.activate(entitlement_id=entitlement_id)
        return await log.save(enrollment, *also)
    async with log.serialize(seats_stream(run.run_id)):
        seats = await _take_seat(enrollment, run, capacity, log, entitlement_id)
        return await log.save(seats, enrollment, *also)


async def limit_of(log: Log, run: Outline) -> int | None:
    """How many seats a run has; None if it has no limit, which is sure: it may have got one a moment ago."""
    return run.capacity if run.capacity is not None else await capacity_of(log, run.run_id)


async def _take_seat(
    enrollment: Enrollment, run: Outline, capacity: int, log: Log, entitlement_id: str | None
) -> Seats:
    """Give the learner a seat, or a place in the queue."""
    seats = await seats_of(log, run.run_id, capacity)
    if seats.take(enrollment.learner_id, run.waitlist_limit):
        enrollment.activate(entitlement_id=entitlement_id)
    else:
        enrollment.wait()
    return seats


async def seats_of(log: Log, run_id: str, capacity: int) -> Seats:
    """The seats of a run with a limit; set out if they are not, with those who have a place."""
    seats = await log.load(Seats, seats_stream(run_id))
    if not seats.exists:
        seats.open(capacity, await _who_sits(log, run_id))
    return seats


@dataclass(frozen=True)
class WithdrawEnrollment:
    """A learner gives up a place."""

    learner_id: str
    run_id: str
    reason: str = "unspecified"


async def withdraw_enrollment(command: WithdrawEnrollment, log: Log) -> Position:
    enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, command.run_id))
    enrollment.withdraw(command.reason)
    run = await outline(log, command.run_id)
    if enrollment.pending_events:
        must_go_on(run, log.context.at)
    if await limit_of(log, run) is None:
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
    await must_not_be_elsewhere(log, enrollment)
    entitlement = None if enrollment.has_place else await entitlement_for(log, command.learner_id, run)
    enrollment.reactivate()
    return await seat(enrollment, run, log, entitlement)


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
    run = await outline(log, command.run_id)
    entitlement = None if enrollment.has_place else await entitlement_for(log, command.learner_id, run)
    enrollment.accept(log.context.at, entitlement)
    if enrollment.pending_events:
        await must_enter(log, command.learner_id, run, present(log))
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
    at = present(log) if until is None else log.now()
    waits_for = _waits_for(run, at)
    async with log.serialize(seats_stream(command.run_id)):
        seats = await log.load(Seats, seats_stream(command.run_id))
        changed: list[Enrollment] = []
        while waits_for is WaitsFor.SEAT and (learner_id := seats.seat_next()) is not None:
            enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
            try:
                await must_enter(log, learner_id, run, at)
                enrollment.offer_seat(until, await entitlement_for(log, learner_id, run))
            except (PaymentRequired, PrerequisitesMissing) as error:  # since the learner has asked
                enrollment.withdraw(error.code)
                seats.release(learner_id)
            changed.append(enrollment)
        if command.tell or waits_for is not WaitsFor.SEAT:
            for learner_id in seats.waiting:
                enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
                enrollment.explain_wait(waits_for)
                changed.append(enrollment)
        return await log.save(seats, *changed)


def _waits_for(run: Outline, at: datetime) -> WaitsFor:
    """What learners wait for: for a seat, if the run admits learners at all."""
    try:
        must_admit(run, at)
    except DomainError:
        return WaitsFor.NOTHING if is_over(run.ends_at, at) else WaitsFor.OPENING
    return WaitsFor.SEAT


@dataclass(frozen=True)
class FollowCapacity:
    """
    The seats of a run are as many as its capacity says now. New ones go to those who wait, by a reaction.

    Where the run had no limit, those who have a place by now sit, in the order in which they have asked.

    Attributes:
        excess: of those who sit above a lower capacity: they keep their seats, or as many as were seated last, and have
            not completed the course, wait again, before all others.
    """

    run_id: str
    excess: str


async def follow_capacity(command: FollowCapacity, log: Log) -> Position:
    async with log.serialize(seats_stream(command.run_id)):
        seats = await log.load(Seats, seats_stream(command.run_id))
        capacity = await capacity_of(log, command.run_id)
        if capacity is None:  # no fact takes a limit away
            return await log.save(seats)
        if seats.exists:
            seats.resize(capacity)
        else:
            seats.open(capacity, await _who_sits(log, command.run_id))
        changed: list[Enrollment] = []
        if command.excess == EXCESS_WAITS:
            for learner_id in reversed([*seats.seated]):
                if not seats.excess:
                    break
                enrollment = await log.load(Enrollment, enrollment_stream(learner_id, command.run_id))
                if enrollment.wait_again():
                    seats.move_back(learner_id)
                    changed.append(enrollment)
        return await log.save(*changed, seats)


async def _who_sits(log: Log, run_id: str) -> list[str]:
    """Who has a place on a run, in the order of their first requests; decided again if that changes meanwhile."""
    asked = QueryItem(("enrollment.requested",), (tag("run", run_id),))
    enrollments = [await log.read(Enrollment, stream) for stream in await log.streams((asked,))]
    return [each.learner_id for each in enrollments if each.has_place or each.status is Status.SUSPENDED]


@dataclass(frozen=True)
class FollowEntitlements:
    """
    The enrollments on the runs of an entitlement are brought in line with all that the learner is entitled to.

    With a live entitlement the learner is let in, or access is resumed. Without one, access by entitlement is
    suspended, and a place in the queue is given up; who came in without one stays in. A run that admits no learner
    now is left out.

    Attributes:
        admit: whether a learner who has left comes back, as one does who has just bought.
        run_id: only on this run.
    """

    learner_id: str
    entitlement_id: str
    reason: str = ""
    admit: bool = False
    run_id: str | None = None


async def follow_entitlements(command: FollowEntitlements, log: Log) -> Position:
    bought = await runs_of_entitlement(log, command.learner_id, command.entitlement_id)
    live = await live_entitlements(log, command.learner_id)
    runs = {*bought}
    for run_id in bought:  # where the learner was transferred, the access goes along
        if (to_run := await went_to(log, command.learner_id, run_id)) and to_run not in runs:
            runs.add(to_run)
            if run_id in live:
                live.setdefault(to_run, live[run_id])
    changed: list[Seats | Enrollment] = []
    refused: list[DomainError] = []
    async with AsyncExitStack() as turns:
        for run_id in sorted(runs if command.run_id is None else {command.run_id} & {*runs}):
            enrollment = await log.load(Enrollment, enrollment_stream(command.learner_id, run_id))
            if enrollment.status is Status.WITHDRAWN and enrollment.transferred_to:
                continue  # the access has gone along
            run = await outline(log, run_id)
            run = replace(run, capacity=await limit_of(log, run))
            if run.capacity is not None:
                await turns.enter_async_context(log.serialize(seats_stream(run_id)))
            try:
                changed += await _follow(enrollment, run, command, log, live.get(run_id))
            except DomainError as error:
                refused.append(error)
        if refused and not any(each.pending_events for each in changed):
            raise refused[0]
        return await log.save(*changed)


async def _follow(
    enrollment: Enrollment, run: Outline, command: FollowEntitlements, log: Log, entitlement_id: str | None
) -> list[Seats | Enrollment]:
    """Let the learner in or out; what was changed, or has stayed as it is, the enrollment last."""
    if entitlement_id is None:
        if not enrollment.by_entitlement:
            return [enrollment]
        if not enrollment.waits:
            enrollment.suspend(command.reason)
            return [enrollment]
        enrollment.withdraw(command.reason)
        seats = await log.load(Seats, seats_stream(run.run_id))
        seats.release(enrollment.learner_id)
        return [seats, enrollment]
    if enrollment.status in (Status.NONE, Status.EXPIRED) or (enrollment.status is Status.WITHDRAWN and command.admit):
        await must_enter(log, enrollment.learner_id, run, present(log))
        enrollment.admit(log.context.source)
    enrollment.resume(command.reason)
    if enrollment.status is not Status.REQUESTED:
        return [enrollment]
    if run.capacity is None:
        enrollment.activate(entitlement_id=entitlement_id)
        return [enrollment]
    return [await _take_seat(enrollment, run, run.capacity, log, entitlement_id), enrollment]
