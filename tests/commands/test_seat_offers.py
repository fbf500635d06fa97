"""A seat that is offered for some time: accepted, declined, or lost to the next in line."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.catalog import CloseRun, OpenRun, ScheduleRun
from commands.enrollment import (
    AcceptSeat,
    ExpireSeatOffer,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from commands.enrollment.invitations import AcceptInvitation, InviteToRun
from commands.enrollment.roster import EnterRoster
from commands.enrollment.transfer import TransferEnrollment
from commands.log import Context
from domain.enrollment import Enrollment, OfferExpired, RegistrationOver, RunClosed, RunEnded, Seats
from tests.support.clock import StoppedClock
from tests.support.given import Said, fact
from tests.support.usecases import COURSE, Campus

RUN = "algebra-1"
START, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)
SEATS, ANN, BEN, CID = f"seats-{RUN}", f"enrollment-ann:{RUN}", f"enrollment-ben:{RUN}", f"enrollment-cid:{RUN}"
ACTIVATED = fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
HOUR = timedelta(hours=1)


def offered(until: datetime) -> Said:
    return fact(Enrollment.SeatOffered, until=f"{until:%Y-%m-%dT%H:%M:%SZ}")


def expired(until: datetime) -> Said:
    return fact(Enrollment.SeatOfferExpired, until=f"{until:%Y-%m-%dT%H:%M:%SZ}")


class Waitlist:
    """A run of one seat, its clock, and what commands add to its log."""

    def __init__(self, campus: Campus) -> None:
        self._campus = campus
        self.clock = campus.log.clock = StoppedClock(START)

    async def do(self, *commands: object) -> None:
        """Carry out commands at the present time."""
        for command in commands:
            await self._campus.bus.handle(command, Context("test", self.clock.now()))

    async def new(self, *commands: object) -> list[tuple[str, Said]]:
        """Carry out commands; the facts that came of them."""
        head = await self._campus.log.head()
        await self.do(*commands)
        return [(fact.stream_id, Said(fact.type, fact.data)) for fact in await self._campus.log.read(head, 1_000)]

    async def queue(self) -> list[str]:
        """Who waits, in their order."""
        queue: list[str] = []
        for each in await self._campus.log.stream(SEATS):
            if each.type == "seats.queued":
                queue.append(each.data["learner_id"])
            elif each.type == "seats.taken" and each.data["learner_id"] in queue:
                queue.remove(each.data["learner_id"])
        return queue

    async def offer_to_ben(self) -> datetime:
        """Ann leaves, and ben gets the offer; when it ends."""
        await self.do(WithdrawEnrollment("ann", RUN), OfferSeat(RUN))
        return self.clock.now() + 48 * HOUR


@pytest.fixture
async def waitlist(empty: Campus) -> Waitlist:
    """Ann has the only seat, ben and cid wait; a seat that comes free is offered for 48 hours."""
    waitlist = Waitlist(empty)
    await waitlist.do(
        *COURSE,
        ScheduleRun(RUN, "algebra", 1, START, END, capacity=1),
        OpenRun(RUN),
        *(RequestEnrollment(learner, RUN) for learner in ("ann", "ben", "cid")),
    )
    return waitlist


async def test_a_seat_is_offered_and_held(waitlist: Waitlist) -> None:
    """The seat is taken at once in the seats of the run, so that no other learner gets it, and ben has 48 hours."""
    await waitlist.new(WithdrawEnrollment("ann", RUN))
    assert await waitlist.new(OfferSeat(RUN)) == [
        (SEATS, fact(Seats.Taken, learner_id="ben")),
        (BEN, offered(START + 48 * HOUR)),
    ]
    assert await waitlist.new(OfferSeat(RUN)) == []


async def test_the_seat_is_accepted(waitlist: Waitlist) -> None:
    """Accepting lets the learner in, and changes no seat."""
    until = await waitlist.offer_to_ben()
    waitlist.clock.move_to(until - HOUR)
    assert await waitlist.new(AcceptSeat("ben", RUN)) == [(BEN, ACTIVATED)]
    waitlist.clock.move(2 * HOUR)
    assert await waitlist.new(ExpireSeatOffer("ben", RUN), AcceptSeat("ben", RUN), OfferSeat(RUN)) == []


async def test_declining_is_withdrawing(waitlist: Waitlist) -> None:
    """Who declines frees the seat for the next in line."""
    await waitlist.offer_to_ben()
    assert await waitlist.new(WithdrawEnrollment("ben", RUN, "unspecified"), OfferSeat(RUN)) == [
        (SEATS, fact(Seats.Released, learner_id="ben")),
        (BEN, fact(Enrollment.Withdrawn, reason="unspecified")),
        (SEATS, fact(Seats.Taken, learner_id="cid")),
        (CID, offered(START + 48 * HOUR)),
    ]


async def test_the_seat_goes_on_when_the_offer_expires(waitlist: Waitlist) -> None:
    """The next in line has as many hours, counted from the offer made to them."""
    until = await waitlist.offer_to_ben()
    waitlist.clock.move_to(until + HOUR)
    assert await waitlist.new(ExpireSeatOffer("ben", RUN), OfferSeat(RUN)) == [
        (SEATS, fact(Seats.Released, learner_id="ben")),
        (BEN, expired(until)),
        (SEATS, fact(Seats.Taken, learner_id="cid")),
        (CID, offered(until + 49 * HOUR)),
    ]
    assert await waitlist.new(ExpireSeatOffer("ben", RUN)) == []


async def test_a_late_timer_does_not_make_the_offer_longer(waitlist: Waitlist) -> None:
    """Accepting after the end is refused with what to do, though nothing has recorded the end yet."""
    until = await waitlist.offer_to_ben()
    waitlist.clock.move_to(until)
    with pytest.raises(OfferExpired, match=r"until 2026-02-03 00:00:00 UTC.*ask for a place again"):
        await waitlist.do(AcceptSeat("ben", RUN))


@pytest.mark.parametrize("again", [RequestEnrollment("ben", RUN), ReactivateEnrollment("ben", RUN)])
async def test_who_missed_an_offer_joins_the_end(waitlist: Waitlist, again: object) -> None:
    """Asking again after an expired offer is allowed; the place in the queue is the last."""
    until = await waitlist.offer_to_ben()
    waitlist.clock.move_to(until)
    await waitlist.new(ExpireSeatOffer("ben", RUN), RequestEnrollment("dan", RUN))
    assert await waitlist.new(again) == [
        (SEATS, fact(Seats.Queued, learner_id="ben")),
        (BEN, fact(Enrollment.Reactivated)),
        (BEN, fact(Enrollment.Waitlisted)),
    ]
    assert await waitlist.queue() == ["cid", "dan", "ben"]


async def test_a_closed_run_offers_no_seat_until_it_opens(waitlist: Waitlist) -> None:
    """Closing stops new offers, also of seats that come free by an expired offer; none can be accepted meanwhile."""
    until = await waitlist.offer_to_ben()
    await waitlist.new(CloseRun(RUN))
    with pytest.raises(RunClosed):
        await waitlist.do(AcceptSeat("ben", RUN))
    waitlist.clock.move_to(until)
    await waitlist.new(ExpireSeatOffer("ben", RUN))
    assert await waitlist.new(OfferSeat(RUN)) == [(CID, fact(Enrollment.WaitChanged, old="full", new="run_closed"))]
    assert await waitlist.new(OfferSeat(RUN)) == []
    with pytest.raises(RunClosed):
        await waitlist.do(RequestEnrollment("ben", RUN))
    assert (await waitlist.new(OpenRun(RUN), OfferSeat(RUN)))[1:] == [
        (SEATS, fact(Seats.Taken, learner_id="cid")),
        (CID, offered(until + 48 * HOUR)),
    ]


async def test_an_offer_ends_with_the_run(waitlist: Waitlist) -> None:
    """No offer outlasts the run, and a run that has ended makes none."""
    waitlist.clock.move_to(END - HOUR)
    await waitlist.new(WithdrawEnrollment("ann", RUN))
    assert (await waitlist.new(OfferSeat(RUN)))[1] == (BEN, offered(END))
    waitlist.clock.move(HOUR)
    await waitlist.new(ExpireSeatOffer("ben", RUN))
    assert await waitlist.new(OfferSeat(RUN)) == [(CID, fact(Enrollment.WaitChanged, old="full", new="run_ended"))]
    with pytest.raises(RunEnded):
        await waitlist.do(RequestEnrollment("ben", RUN))


async def test_all_free_seats_are_offered(waitlist: Waitlist) -> None:
    """A run of several seats offers each of them, in the order of the queue."""
    await waitlist.do(
        ScheduleRun("big", "algebra", 1, START, END, capacity=2, seat_offer_hours=1),
        OpenRun("big"),
        *(RequestEnrollment(learner, "big") for learner in ("ann", "ben", "cid", "dan", "eve")),
        *(WithdrawEnrollment(learner, "big") for learner in ("ann", "ben")),
    )
    assert [
        said.fields["learner_id"] for stream, said in await waitlist.new(OfferSeat("big")) if stream == "seats-big"
    ] == [
        "cid",
        "dan",
    ]


async def test_an_offer_is_over_with_the_registration(waitlist: Waitlist) -> None:
    """No seat is offered outside of the window, and none is accepted; nor does an invitation or a transfer lead in."""
    run, closes = "algebra-2", START + 24 * HOUR
    plan = ScheduleRun(run, "algebra", 1, START, END, capacity=1, registration_closes_at=closes)
    await waitlist.do(plan, OpenRun(run))
    await waitlist.do(*(RequestEnrollment(learner, run) for learner in ("ann", "ben", "cid")))
    await waitlist.do(InviteToRun("dan", run, END), WithdrawEnrollment("ann", run))
    seats, ben = f"seats-{run}", f"enrollment-ben:{run}"
    assert await waitlist.new(OfferSeat(run)) == [(seats, fact(Seats.Taken, learner_id="ben")), (ben, offered(closes))]
    waitlist.clock.move_to(closes)
    assert await waitlist.new(ExpireSeatOffer("ben", run)) == [
        (seats, fact(Seats.Released, learner_id="ben")),
        (ben, expired(closes)),
    ]
    waits = fact(Enrollment.WaitChanged, old="full", new="run_closed")
    assert await waitlist.new(OfferSeat(run)) == [(f"enrollment-cid:{run}", waits)]
    asks = (RequestEnrollment("eve", run), ReactivateEnrollment("ben", run), AcceptInvitation("dan", run))
    staff = (InviteToRun("eve", run, END), EnterRoster("eve", run), TransferEnrollment("ann", RUN, run, "works"))
    for door in (*asks, *staff):
        with pytest.raises(RegistrationOver):
            await waitlist.do(door)
