"""Use cases of enrollment: the enrollment and the seats change as one."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.postgres.log.append import KeyReused
from commands.catalog import CloseRun, OpenRun, ScheduleRun
from commands.enrollment import (
    CompleteEnrollment,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from commands.log import Context
from domain.enrollment import Enrollment, Seats
from tests.support.given import Said, fact
from tests.support.usecases import AT, END, RUN, SHUT, SMALL, START, Campus

ACTIVATED = fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
ANN = f"enrollment-ann:{SMALL}"
BEN = f"enrollment-ben:{SMALL}"
SEATS = f"seats-{SMALL}"


def requested(learner_id: str, run_id: str, source: str = "api") -> Said:
    return fact(Enrollment.Requested, learner_id=learner_id, run_id=run_id, mode="free", source=source)


async def test_where_there_is_room_for_all_nobody_waits(campus: Campus) -> None:
    """A request on a run without a limit is answered by access, and no seats are counted."""
    stream = f"enrollment-ann:{RUN}"
    assert await campus.new(RequestEnrollment("ann", RUN), source="seed") == [
        (stream, requested("ann", RUN, "seed")),
        (stream, ACTIVATED),
    ]


async def test_the_first_gets_the_seat_and_the_second_waits(campus: Campus) -> None:
    """The seats and the enrollment change in one append, so that they can never disagree."""
    assert await campus.new(RequestEnrollment("ann", SMALL)) == [
        (SEATS, fact(Seats.Opened, capacity=1)),
        (SEATS, fact(Seats.Taken, learner_id="ann")),
        (ANN, requested("ann", SMALL)),
        (ANN, ACTIVATED),
    ]
    assert await campus.new(RequestEnrollment("ben", SMALL)) == [
        (SEATS, fact(Seats.Queued, learner_id="ben")),
        (BEN, requested("ben", SMALL)),
        (BEN, fact(Enrollment.Waitlisted)),
    ]


async def test_a_seat_that_comes_free_is_offered_to_who_waits(campus: Campus) -> None:
    """Without a time for offers, the seat is given at once, by a command of its own, which the reactor sends."""
    await campus.give(RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL))
    assert await campus.new(WithdrawEnrollment("ann", SMALL, "moved")) == [
        (SEATS, fact(Seats.Released, learner_id="ann")),
        (ANN, fact(Enrollment.Withdrawn, reason="moved")),
    ]
    assert await campus.new(OfferSeat(SMALL)) == [
        (SEATS, fact(Seats.Taken, learner_id="ben")),
        (BEN, fact(Enrollment.SeatOffered, until=None)),
        (BEN, ACTIVATED),
    ]
    assert await campus.new(OfferSeat(SMALL)) == []


async def test_who_comes_back_queues_again(campus: Campus) -> None:
    """A seat that was given up is not kept; leaving the queue frees no seat."""
    await campus.give(RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL))
    await campus.give(WithdrawEnrollment("ann", SMALL))
    assert await campus.new(ReactivateEnrollment("ann", SMALL)) == [
        (SEATS, fact(Seats.Queued, learner_id="ann")),
        (ANN, fact(Enrollment.Reactivated)),
        (ANN, fact(Enrollment.Waitlisted)),
    ]
    assert await campus.new(WithdrawEnrollment("ann", SMALL)) == [
        (SEATS, fact(Seats.QueueLeft, learner_id="ann")),
        (ANN, fact(Enrollment.Withdrawn, reason="unspecified")),
    ]


async def test_who_comes_back_to_a_run_without_a_limit_is_in(campus: Campus) -> None:
    """There is always room."""
    await campus.give(RequestEnrollment("ann", RUN), WithdrawEnrollment("ann", RUN))
    stream = f"enrollment-ann:{RUN}"
    assert await campus.new(ReactivateEnrollment("ann", RUN)) == [
        (stream, fact(Enrollment.Reactivated)),
        (stream, ACTIVATED),
    ]


@pytest.mark.parametrize("run_id", [RUN, SMALL])
async def test_every_step_can_be_repeated(campus: Campus, run_id: str) -> None:
    """Doing a thing twice changes nothing and is answered with the first position, whatever others do meanwhile."""
    await campus.give(RequestEnrollment("ann", run_id), RequestEnrollment("ben", run_id))
    assert await campus.repeats(RequestEnrollment("ann", run_id))
    assert await campus.repeats(RequestEnrollment("ben", run_id))
    assert await campus.repeats(WithdrawEnrollment("ann", run_id))
    await campus.give(RequestEnrollment("cid", run_id))
    assert await campus.repeats(WithdrawEnrollment("ann", run_id))
    assert await campus.repeats(ReactivateEnrollment("ann", run_id))
    await campus.give(WithdrawEnrollment("cid", run_id), OfferSeat(run_id))
    assert await campus.repeats(CompleteEnrollment("ben", run_id))


async def test_what_enrollment_refuses(campus: Campus) -> None:
    """Runs that are shut or unknown, learners who never asked, have left, wait, or have finished."""
    assert await campus.refused(RequestEnrollment("ann", "nowhere")) == "run_not_found"
    assert await campus.refused(RequestEnrollment("ann", SHUT)) == "run_closed"
    assert await campus.refused(RequestEnrollment("a:n", RUN)) == "bad_identifier"
    assert await campus.refused(WithdrawEnrollment("ann", RUN)) == "not_enrolled"
    assert await campus.refused(ReactivateEnrollment("ann", RUN)) == "not_enrolled"
    assert await campus.refused(CompleteEnrollment("ann", RUN)) == "not_enrolled"
    await campus.give(RequestEnrollment("ann", RUN), WithdrawEnrollment("ann", RUN))
    assert await campus.refused(RequestEnrollment("ann", RUN)) == "has_withdrawn"
    assert await campus.refused(CompleteEnrollment("ann", RUN)) == "has_withdrawn"
    await campus.give(ReactivateEnrollment("ann", RUN), CompleteEnrollment("ann", RUN))
    assert await campus.refused(WithdrawEnrollment("ann", RUN)) == "already_completed"
    assert await campus.refused(ReactivateEnrollment("ann", RUN)) == "already_completed"
    await campus.give(RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL))
    assert await campus.refused(CompleteEnrollment("ben", SMALL)) == "not_active"


async def test_a_closed_run_keeps_who_is_in_and_lets_nobody_back(campus: Campus) -> None:
    """Closing a run changes nothing for those who are in; who leaves afterwards has left."""
    await campus.give(RequestEnrollment("ann", RUN), CloseRun(RUN))
    assert await campus.refused(RequestEnrollment("ben", RUN)) == "run_closed"
    assert await campus.repeats(RequestEnrollment("ann", RUN))
    await campus.give(WithdrawEnrollment("ann", RUN))
    assert await campus.refused(ReactivateEnrollment("ann", RUN)) == "run_closed"
    await campus.give(OpenRun(RUN))
    assert len(await campus.new(ReactivateEnrollment("ann", RUN))) == 2


async def test_a_run_that_has_ended_seats_nobody(campus: Campus) -> None:
    """Whichever way they come: a request, a return, or a consequence of an earlier fact that is late."""
    await campus.give(
        RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL), WithdrawEnrollment("ann", SMALL)
    )
    for command in (RequestEnrollment("cid", SMALL), RequestEnrollment("cid", RUN), ReactivateEnrollment("ann", SMALL)):
        assert await campus.refused(command, at=END) == "run_ended"
    campus.log.clock.move(END - datetime.now(UTC) + timedelta(days=1))
    late = await campus.new(OfferSeat(SMALL), source="reactor:offer_freed_seat", causation_id="an earlier fact")
    assert late == [(BEN, fact(Enrollment.WaitChanged, old="full", new="run_ended"))]


async def test_who_waits_is_told_why_and_opening_goes_on_in_order(campus: Campus) -> None:
    """A closed run gives no seat; when it opens again, the first in the queue gets the one that came free."""
    await campus.give(*(RequestEnrollment(learner, SMALL) for learner in ("ann", "ben", "cid")))
    await campus.give(CloseRun(SMALL))
    cid = f"enrollment-cid:{SMALL}"
    assert await campus.new(OfferSeat(SMALL, tell=True)) == [
        (stream, fact(Enrollment.WaitChanged, old="full", new="run_closed")) for stream in (BEN, cid)
    ]
    await campus.give(WithdrawEnrollment("ann", SMALL))
    assert await campus.new(OfferSeat(SMALL)) == []
    await campus.give(OpenRun(SMALL))
    assert await campus.new(OfferSeat(SMALL, tell=True)) == [
        (SEATS, fact(Seats.Taken, learner_id="ben")),
        (BEN, fact(Enrollment.SeatOffered, until=None)),
        (BEN, ACTIVATED),
        (cid, fact(Enrollment.WaitChanged, old="run_closed", new="full")),
    ]


async def test_history_is_recorded_where_the_present_would_refuse(campus: Campus) -> None:
    """In history mode what breaks a rule becomes an irregular fact; the next command is judged by the rules again."""
    await campus.give(RequestEnrollment("ann", RUN), CompleteEnrollment("ann", RUN))
    assert await campus.new(WithdrawEnrollment("ann", RUN, "moved"), importing=True) == [
        (f"enrollment-ann:{RUN}", fact(Enrollment.Withdrawn, reason="moved", irregular="already_completed"))
    ]
    assert await campus.refused(RequestEnrollment("ann", RUN)) == "has_withdrawn"


async def test_a_key_stands_for_one_request(on_postgres: Campus) -> None:
    """With an idempotency key the first answer is given for ever, and another request cannot have the key."""
    once = Context("ann", AT, idempotency_key="k-1", fingerprint="request")
    first = await on_postgres.bus.handle(RequestEnrollment("ann", RUN), once)
    await on_postgres.give(WithdrawEnrollment("ann", RUN))
    head = await on_postgres.log.head()
    assert await on_postgres.bus.handle(RequestEnrollment("ann", RUN), once) == first
    with pytest.raises(KeyReused):
        await on_postgres.bus.handle(
            RequestEnrollment("ben", RUN), Context("ben", AT, idempotency_key="k-1", fingerprint="other")
        )
    assert await on_postgres.log.head() == head


async def test_a_crowd_asks_at_once(on_postgres: Campus) -> None:
    """However many ask at the same moment, in whichever process: one sits, all others wait, each in one place."""
    other = Campus(on_postgres.log)
    crowd = [f"l-{number}" for number in range(40)]
    await asyncio.gather(
        *((on_postgres, other)[number % 2].give(RequestEnrollment(name, SMALL)) for number, name in enumerate(crowd))
    )
    facts = await on_postgres.log.stream(SEATS)
    assert [fact.type for fact in facts] == ["seats.opened", "seats.taken", *["seats.queued"] * 39]
    assert sorted(fact.data["learner_id"] for fact in facts[1:]) == sorted(crowd)


@pytest.mark.parametrize(("limit", "waits"), [(0, []), (1, ["ben"])])
async def test_a_waitlist_may_be_limited(campus: Campus, limit: int, waits: list[str]) -> None:
    """Who asks, or comes back, when so many wait is refused by name; a seat that is free is still given."""
    await campus.give(
        ScheduleRun("few", "algebra", 1, START, END, capacity=1, seat_offer_hours=None, waitlist_limit=limit),
        OpenRun("few"),
        RequestEnrollment("cid", "few"),
        WithdrawEnrollment("cid", "few"),
        RequestEnrollment("ann", "few"),
        *(RequestEnrollment(learner, "few") for learner in waits),
    )
    assert await campus.refused(RequestEnrollment("dan", "few")) == "run_full"
    assert await campus.refused(ReactivateEnrollment("cid", "few")) == "run_full"
    await campus.give(WithdrawEnrollment("ann", "few"), OfferSeat("few"))
    assert await campus.repeats(ReactivateEnrollment("cid", "few"))
