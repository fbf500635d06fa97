"""The rules of the seats of a run: no more than there are, and in the order in which they were asked for."""

import pytest

from domain.enrollment import RunFull, Seats
from tests.support.given import Said, fact, given

OPENED = fact(Seats.Opened, capacity=2)


def taken(learner_id: str) -> Said:
    return fact(Seats.Taken, learner_id=learner_id)


def queued(learner_id: str) -> Said:
    return fact(Seats.Queued, learner_id=learner_id)


FULL = (OPENED, taken("ann"), taken("ben"))


def test_seats_are_set_out() -> None:
    """A run has as many seats as its capacity says."""
    given(Seats).when(lambda seats: seats.open(2)).then(OPENED)


def test_seats_are_set_out_once() -> None:
    """Setting them out again changes nothing."""
    given(Seats, OPENED).when(lambda seats: seats.open(2)).then()


def test_a_free_seat_is_taken() -> None:
    """A learner who asks while a seat is free gets it."""
    given(Seats, OPENED).when(lambda seats: seats.take("ann")).then(taken("ann"), answer=True)


def test_the_last_seat_is_a_seat() -> None:
    """All seats can be taken."""
    given(Seats, OPENED, taken("ann")).when(lambda seats: seats.take("ben")).then(taken("ben"), answer=True)


def test_when_all_seats_are_taken_one_queues() -> None:
    """A seat goes to one learner."""
    given(Seats, *FULL).when(lambda seats: seats.take("cid")).then(queued("cid"), answer=False)


def test_nobody_overtakes() -> None:
    """While a learner waits for a free seat, a later one joins the end of the queue."""
    given(Seats, *FULL, queued("cid"), fact(Seats.Released, learner_id="ann")).when(
        lambda seats: seats.take("dan")
    ).then(queued("dan"), answer=False)


def test_who_gets_a_free_seat_soon_takes_no_place_of_the_waitlist() -> None:
    """A seat came free and is on its way to the first in the queue: another learner may wait in its place, not two."""
    past = (*FULL, queued("cid"), fact(Seats.Released, learner_id="ann"))
    given(Seats, *past).when(lambda seats: seats.take("dan", 1)).then(queued("dan"), answer=False)
    given(Seats, *past, queued("dan")).when(lambda seats: seats.take("eve", 1)).refused(
        RunFull, run_id="algebra-1", capacity=2, waitlist_limit=1
    )


def test_who_sits_sits_once() -> None:
    """Taking a seat twice takes one seat."""
    given(Seats, *FULL).when(lambda seats: seats.take("ann")).then(answer=True)


def test_who_waits_waits_once() -> None:
    """Queueing twice does not change one's place."""
    given(Seats, *FULL, queued("cid"), queued("dan")).when(lambda seats: seats.take("cid")).then(answer=False)


def test_a_seat_is_released() -> None:
    """Who leaves frees a seat."""
    given(Seats, *FULL).when(lambda seats: seats.release("ann")).then(fact(Seats.Released, learner_id="ann"))


def test_the_queue_is_left() -> None:
    """Who gives up waiting frees no seat."""
    given(Seats, *FULL, queued("cid")).when(lambda seats: seats.release("cid")).then(
        fact(Seats.QueueLeft, learner_id="cid")
    )


def test_who_has_no_seat_releases_none() -> None:
    """A stranger's leaving changes nothing."""
    given(Seats, *FULL).when(lambda seats: seats.release("eve")).then()


def test_the_first_in_the_queue_is_seated_next() -> None:
    """The learner who has waited longest gets the seat."""
    given(Seats, *FULL, queued("cid"), queued("dan"), fact(Seats.Released, learner_id="ben")).when(
        lambda seats: seats.seat_next()
    ).then(taken("cid"), answer="cid")


def test_who_left_the_queue_and_came_back_is_last() -> None:
    """Leaving the queue gives up one's place in it."""
    past = (queued("cid"), queued("dan"), fact(Seats.QueueLeft, learner_id="cid"), queued("cid"))
    given(Seats, *FULL, *past, fact(Seats.Released, learner_id="ann")).when(lambda seats: seats.seat_next()).then(
        taken("dan"), answer="dan"
    )


def test_a_raised_capacity_has_free_seats_for_who_waits() -> None:
    """They are given one by one, to those who have waited longest."""
    past = (*FULL, queued("cid"), queued("dan"))
    given(Seats, *past).when(lambda seats: seats.resize(3)).then(fact(Seats.CapacityChanged, old=2, new=3))
    given(Seats, *past, fact(Seats.CapacityChanged, old=2, new=3)).when(lambda seats: seats.seat_next()).then(
        taken("cid"), answer="cid"
    )


def test_a_lowered_capacity_takes_no_seat_away_and_gives_none() -> None:
    """Who leaves a run with too many learners leaves no free seat."""
    past = (*FULL, queued("cid"), fact(Seats.CapacityChanged, old=2, new=1), fact(Seats.Released, learner_id="ann"))
    given(Seats, *past).when(lambda seats: seats.seat_next()).then()
    given(Seats, *past).when(lambda seats: seats.excess).then(answer=0)
    given(Seats, *past[:-1]).when(lambda seats: seats.excess).then(answer=1)


def test_who_loses_a_seat_is_first_in_line() -> None:
    """Who is moved back has waited longer than all who wait."""
    back = fact(Seats.MovedBack, learner_id="ben")
    given(Seats, *FULL, queued("cid")).when(lambda seats: seats.move_back("ben")).then(back)
    given(Seats, *FULL, queued("cid"), back).when(lambda seats: seats.move_back("ben")).then()
    given(Seats, *FULL, queued("cid"), back).when(lambda seats: seats.seat_next()).then(taken("ben"), answer="ben")


def test_the_same_capacity_changes_nothing() -> None:
    """A change that comes twice is one; before anyone has asked, the seats are set out."""
    given(Seats, OPENED).when(lambda seats: seats.resize(2)).then()
    given(Seats).when(lambda seats: seats.resize(2)).then(OPENED)


@pytest.mark.parametrize("past", [(OPENED,), (*FULL, queued("cid")), ()])
def test_nobody_is_seated_without_a_seat_or_without_waiting(past: tuple[Said, ...]) -> None:
    """An offer needs a free seat and a waiting learner."""
    given(Seats, *past).when(lambda seats: seats.seat_next()).then()
