"""The rules of one learner's enrollment on one run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.enrollment import (
    AlreadyCompleted,
    Enrollment,
    HasWithdrawn,
    NoSeatOffered,
    NotActive,
    NotEnrolled,
    OfferExpired,
    Status,
)
from tests.support.given import AT, Said, fact, given, replay

ANN = {"learner_id": "ann", "run_id": "algebra-1"}

REQUESTED = fact(Enrollment.Requested, **ANN, mode="free", source="api")
ACTIVATED = fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
WAITLISTED = fact(Enrollment.Waitlisted)
UNTIL = AT + timedelta(hours=48)
GIVEN = fact(Enrollment.SeatOffered, until=None)
OFFERED = fact(Enrollment.SeatOffered, until=UNTIL)
EXPIRED = fact(Enrollment.SeatOfferExpired, until=UNTIL)
WITHDRAWN = fact(Enrollment.Withdrawn, reason="moved")
REACTIVATED = fact(Enrollment.Reactivated)
COMPLETED = fact(Enrollment.Completed)
SUSPENDED = fact(Enrollment.Suspended, reason="refunded", by="entitlement")

Act = Callable[[Enrollment], None]

PASTS: dict[Status, tuple[Said, ...]] = {
    Status.REQUESTED: (REQUESTED,),
    Status.WAITLISTED: (REQUESTED, WAITLISTED),
    Status.OFFERED: (REQUESTED, WAITLISTED, OFFERED),
    Status.ACTIVE: (REQUESTED, ACTIVATED),
    Status.WITHDRAWN: (REQUESTED, ACTIVATED, WITHDRAWN),
    Status.EXPIRED: (REQUESTED, WAITLISTED, OFFERED, EXPIRED),
    Status.COMPLETED: (REQUESTED, ACTIVATED, COMPLETED),
    Status.SUSPENDED: (REQUESTED, ACTIVATED, SUSPENDED),
}
ACTS: dict[str, Act] = {
    "request": lambda enrollment: enrollment.request("free", "api"),
    "activate": lambda enrollment: enrollment.activate(),
    "wait": lambda enrollment: enrollment.wait(),
    "offer_seat": lambda enrollment: enrollment.offer_seat(),
    "accept": lambda enrollment: enrollment.accept(AT),
    "withdraw": lambda enrollment: enrollment.withdraw("moved"),
    "reactivate": lambda enrollment: enrollment.reactivate(),
    "complete": lambda enrollment: enrollment.complete(),
}


def irregular(said: Said, code: str) -> Said:
    """The same fact, as history that breaks a rule of today."""
    return Said(said.type, {**said.fields, "irregular": code})


def test_a_learner_asks_for_a_place() -> None:
    """The first fact is that a learner asks."""
    given(Enrollment).when(lambda enrollment: enrollment.request("free", "api")).then(REQUESTED)


@pytest.mark.parametrize(
    "status", [Status.REQUESTED, Status.WAITLISTED, Status.OFFERED, Status.ACTIVE, Status.COMPLETED]
)
def test_asking_again_changes_nothing(status: Status) -> None:
    """A second request changes nothing, whatever became of the first."""
    given(Enrollment, *PASTS[status]).when(ACTS["request"]).then()


def test_who_has_left_does_not_simply_ask_again() -> None:
    """After a withdrawal one comes back by reactivating, so that the history says so."""
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(ACTS["request"]).refused(HasWithdrawn, **ANN)


def test_a_learner_is_let_in() -> None:
    """A place means access, by default for the dates of the run."""
    given(Enrollment, REQUESTED).when(ACTS["activate"]).then(ACTIVATED)


def test_access_can_have_dates_and_a_ground() -> None:
    """Access can be limited in time, and rest on something that was bought."""
    given(Enrollment, REQUESTED).when(lambda enrollment: enrollment.activate(AT, AT, "e-1")).then(
        fact(Enrollment.Activated, access_from=AT, access_until=AT, entitlement_id="e-1")
    )


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.COMPLETED])
def test_who_is_in_is_not_let_in_again(status: Status) -> None:
    """Activating a learner who is active, or has completed, changes nothing."""
    given(Enrollment, *PASTS[status]).when(ACTS["activate"]).then()


def test_who_has_left_is_not_let_in() -> None:
    """A place that was given up is not pressed on anybody."""
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(ACTS["activate"]).refused(HasWithdrawn, **ANN)


def test_a_learner_waits() -> None:
    """Without a free seat, the learner waits."""
    given(Enrollment, REQUESTED).when(ACTS["wait"]).then(WAITLISTED)


@pytest.mark.parametrize("status", [status for status in PASTS if status is not Status.REQUESTED])
def test_only_who_asks_waits(status: Status) -> None:
    """Only a requested enrollment moves to the waitlist."""
    given(Enrollment, *PASTS[status]).when(ACTS["wait"]).then()


def test_a_seat_comes_free() -> None:
    """A waiting learner gets the seat, and access with it."""
    given(Enrollment, REQUESTED, WAITLISTED).when(ACTS["offer_seat"]).then(GIVEN, ACTIVATED)


@pytest.mark.parametrize("status", [status for status in PASTS if status is not Status.WAITLISTED])
def test_only_who_waits_is_offered_a_seat(status: Status) -> None:
    """An offer to a learner who has a seat, or has left, changes nothing."""
    given(Enrollment, *PASTS[status]).when(ACTS["offer_seat"]).then()


TOO_LATE = {**ANN, "until": "2026-03-04 09:00:00 UTC"}


def test_a_seat_is_held() -> None:
    """With a time, the seat is held for the learner, who is not let in before accepting it."""
    given(Enrollment, REQUESTED, WAITLISTED).when(lambda enrollment: enrollment.offer_seat(UNTIL)).then(OFFERED)


def test_a_seat_is_accepted() -> None:
    """Who accepts in time is let in."""
    past = PASTS[Status.OFFERED]
    given(Enrollment, *past).when(lambda enrollment: enrollment.accept(UNTIL - timedelta(seconds=1))).then(ACTIVATED)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=9)])
def test_a_seat_is_not_accepted_after_its_time(late: timedelta) -> None:
    """The offer ends at its time, whether or not a timer has said so."""
    for status in (Status.OFFERED, Status.EXPIRED):
        given(Enrollment, *PASTS[status]).when(lambda enrollment: enrollment.accept(UNTIL + late)).refused(
            OfferExpired, **TOO_LATE
        )


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.COMPLETED])
def test_accepting_again_changes_nothing(status: Status) -> None:
    """Who has accepted is in."""
    given(Enrollment, *PASTS[status]).when(ACTS["accept"]).then()


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITLISTED, Status.WITHDRAWN])
def test_what_is_not_offered_is_not_accepted(status: Status) -> None:
    """A seat is taken by who it is offered to."""
    given(Enrollment, *PASTS[status]).when(ACTS["accept"]).refused(NoSeatOffered, **ANN, status=status.value)


def test_an_offer_expires() -> None:
    """At its time the offer is over."""
    given(Enrollment, *PASTS[Status.OFFERED]).when(lambda enrollment: enrollment.expire_offer(UNTIL)).then(
        EXPIRED, answer=True
    )


def test_an_offer_does_not_expire_early() -> None:
    """A timer that fires before the time changes nothing."""
    early = UNTIL - timedelta(microseconds=1)
    given(Enrollment, *PASTS[Status.OFFERED]).when(lambda enrollment: enrollment.expire_offer(early)).then(answer=False)


@pytest.mark.parametrize("status", [Status.NONE, *(status for status in PASTS if status is not Status.OFFERED)])
def test_only_an_offer_expires(status: Status) -> None:
    """A timer for a seat that was accepted, declined or lost already changes nothing."""
    given(Enrollment, *PASTS.get(status, ())).when(lambda enrollment: enrollment.expire_offer(UNTIL)).then(answer=False)


@pytest.mark.parametrize("name", ["request", "reactivate"])
def test_after_an_expired_offer_one_may_ask_again(name: str) -> None:
    """Who has missed an offer comes back by either way; the place in the queue is the last."""
    given(Enrollment, *PASTS[Status.EXPIRED]).when(ACTS[name]).then(REACTIVATED)


def test_an_expired_offer_is_not_given_up() -> None:
    """Who has missed an offer has nothing left to give up."""
    given(Enrollment, *PASTS[Status.EXPIRED]).when(ACTS["withdraw"]).then()


def test_an_expired_offer_lets_nobody_in() -> None:
    """Who has missed an offer has to ask again first."""
    given(Enrollment, *PASTS[Status.EXPIRED]).when(ACTS["activate"]).refused(OfferExpired, **TOO_LATE)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITLISTED, Status.OFFERED, Status.ACTIVE])
def test_a_learner_gives_up_the_place(status: Status) -> None:
    """A learner may leave at any time, from the waitlist too."""
    given(Enrollment, *PASTS[status]).when(ACTS["withdraw"]).then(WITHDRAWN)


def test_withdrawing_twice_changes_nothing() -> None:
    """A second withdrawal changes nothing and raises no error."""
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(lambda enrollment: enrollment.withdraw("again")).then()


def test_what_is_completed_is_not_given_up() -> None:
    """A learner who has completed the course cannot leave it."""
    given(Enrollment, *PASTS[Status.COMPLETED]).when(ACTS["withdraw"]).refused(AlreadyCompleted, **ANN)


def test_a_learner_comes_back() -> None:
    """A learner who has left may ask again; whether there is a seat is decided next."""
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(ACTS["reactivate"]).then(REACTIVATED)


@pytest.mark.parametrize("back", [ACTIVATED, WAITLISTED])
def test_coming_back_is_like_a_new_request(back: Said) -> None:
    """After coming back a learner is let in, or waits."""
    act = ACTS["activate"] if back is ACTIVATED else ACTS["wait"]
    given(Enrollment, *PASTS[Status.WITHDRAWN], REACTIVATED).when(act).then(back)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITLISTED, Status.OFFERED, Status.ACTIVE])
def test_who_has_not_left_does_not_come_back(status: Status) -> None:
    """Coming back without having left changes nothing."""
    given(Enrollment, *PASTS[status]).when(ACTS["reactivate"]).then()


def test_nobody_comes_back_to_what_is_completed() -> None:
    """A completed enrollment stays completed."""
    given(Enrollment, *PASTS[Status.COMPLETED]).when(ACTS["reactivate"]).refused(AlreadyCompleted, **ANN)


def test_a_learner_completes() -> None:
    """Who is in and has passed has completed the enrollment."""
    given(Enrollment, *PASTS[Status.ACTIVE]).when(ACTS["complete"]).then(COMPLETED)


def test_completing_twice_changes_nothing() -> None:
    """A course is completed once."""
    given(Enrollment, *PASTS[Status.COMPLETED]).when(ACTS["complete"]).then()


def test_who_has_left_does_not_complete() -> None:
    """A learner who has left cannot complete the course."""
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(ACTS["complete"]).refused(HasWithdrawn, **ANN)


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.WAITLISTED, Status.OFFERED, Status.EXPIRED])
def test_who_was_never_in_does_not_complete(status: Status) -> None:
    """A learner who still waits for a seat completes nothing, and so cannot be seated afterwards."""
    given(Enrollment, *PASTS[status]).when(ACTS["complete"]).refused(NotActive, **ANN)


@pytest.mark.parametrize("name", ["activate", "wait", "accept", "withdraw", "reactivate", "complete"])
def test_nothing_happens_to_who_never_asked(name: str) -> None:
    """An enrollment begins with a request, in history too."""
    given(Enrollment).when(ACTS[name]).refused(NotEnrolled, **ANN)
    given(Enrollment, importing=True).when(ACTS[name]).refused(NotEnrolled, **ANN)


def test_no_seat_for_who_never_asked() -> None:
    """A seat is offered only to a learner who waits."""
    given(Enrollment).when(ACTS["offer_seat"]).then()


@pytest.mark.parametrize(
    ("status", "name", "then"),
    [
        (Status.WITHDRAWN, "request", irregular(REQUESTED, "has_withdrawn")),
        (Status.WITHDRAWN, "activate", irregular(ACTIVATED, "has_withdrawn")),
        (Status.WITHDRAWN, "complete", irregular(COMPLETED, "has_withdrawn")),
        (Status.COMPLETED, "withdraw", irregular(WITHDRAWN, "already_completed")),
        (Status.REQUESTED, "complete", irregular(COMPLETED, "not_active")),
        (Status.WAITLISTED, "accept", irregular(ACTIVATED, "no_seat_offered")),
        (Status.EXPIRED, "accept", irregular(ACTIVATED, "offer_expired")),
        (Status.EXPIRED, "activate", irregular(ACTIVATED, "offer_expired")),
    ],
)
def test_history_is_not_refused(status: Status, name: str, then: Said) -> None:
    """What happened against today's rules is recorded, marked with the rule that it breaks."""
    given(Enrollment, *PASTS[status], importing=True).when(ACTS[name]).then(then)


def test_history_that_keeps_the_rules_is_not_marked() -> None:
    """Only what breaks a rule is irregular."""
    given(Enrollment, *PASTS[Status.ACTIVE], importing=True).when(ACTS["withdraw"]).then(WITHDRAWN)


def test_only_the_fact_that_breaks_a_rule_is_marked() -> None:
    """The mark is on one fact, not on those that follow."""

    def leave_and_come_back(enrollment: Enrollment) -> None:
        enrollment.withdraw("moved")
        enrollment.reactivate()

    given(Enrollment, *PASTS[Status.COMPLETED], importing=True).when(leave_and_come_back).then(
        irregular(WITHDRAWN, "already_completed"), REACTIVATED
    )


def test_records_can_disagree_with_each_other() -> None:
    """An importer can mark what breaks no rule of ours, but contradicts other records."""

    def register(enrollment: Enrollment) -> None:
        enrollment.mark_irregular("no_registration_date")
        enrollment.request("free", "api")
        enrollment.activate()

    given(Enrollment, importing=True).when(register).then(irregular(REQUESTED, "no_registration_date"), ACTIVATED)


def test_a_mark_that_no_fact_took_is_forgotten() -> None:
    """When nothing happened after all, the next thing that happens is not marked for it."""

    def mark_in_vain(enrollment: Enrollment) -> list[Any]:
        enrollment.mark_irregular("no_registration_date")
        enrollment.request("free", "api")
        nothing = list(enrollment.collect_events())
        enrollment.withdraw("moved")
        return nothing

    given(Enrollment, *PASTS[Status.ACTIVE], importing=True).when(mark_in_vain).then(WITHDRAWN, answer=[])


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.COMPLETED])
def test_access_is_suspended_and_is_then_what_it_was(status: Status) -> None:
    """Each once: the learner is active again, or has completed the course."""
    past = PASTS[status]
    given(Enrollment, *past).when(lambda enrollment: enrollment.suspend("refunded")).then(SUSPENDED)
    given(Enrollment, *past, SUSPENDED).when(lambda enrollment: enrollment.suspend("again")).then()
    given(Enrollment, *past, SUSPENDED).when(lambda enrollment: enrollment.resume("bought again")).then(
        fact(Enrollment.Resumed, status=status.value, reason="bought again", by="entitlement")
    )
    given(Enrollment, *past).when(lambda enrollment: enrollment.resume("bought again")).then()


@pytest.mark.parametrize("status", [status for status in PASTS if status not in (Status.ACTIVE, Status.COMPLETED)])
def test_only_access_is_suspended(status: Status) -> None:
    """Who waits, or has left, has none to lose."""
    given(Enrollment, *PASTS[status]).when(lambda enrollment: enrollment.suspend("refunded")).then()


def test_who_is_suspended_can_leave_and_do_nothing_else() -> None:
    """Asking again is no way back, and a course is completed, or open again, after access is resumed."""
    suspended = given(Enrollment, *PASTS[Status.SUSPENDED])
    for act in (ACTS["request"], ACTS["activate"], ACTS["reactivate"], ACTS["wait"]):
        suspended.when(act).then()
    suspended.when(ACTS["complete"]).refused(NotActive, **ANN)
    suspended.when(ACTS["withdraw"]).then(WITHDRAWN)
    given(Enrollment, *PASTS[Status.COMPLETED], SUSPENDED).when(lambda each: each.reopen("revised")).refused(
        NotActive, **ANN
    )


@pytest.mark.parametrize(
    ("past", "by_entitlement"),
    [
        (PASTS[Status.ACTIVE], False),
        ((fact(Enrollment.Requested, **ANN, mode="entitlement", source="api"), WAITLISTED), True),
        ((REQUESTED, fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id="o1.1")), True),
    ],
)
def test_an_enrollment_knows_whether_it_is_by_entitlement(past: tuple[Said, ...], *, by_entitlement: bool) -> None:
    """It asked by one, or was let in by one."""
    assert replay(Enrollment, "enrollment-ann:algebra-1", past).by_entitlement is by_entitlement


def test_who_is_entitled_is_asked_in() -> None:
    """Also a learner who has left."""
    given(Enrollment).when(lambda each: each.admit("api")).then(
        fact(Enrollment.Requested, **ANN, mode="entitlement", source="api")
    )
    given(Enrollment, *PASTS[Status.WITHDRAWN]).when(lambda each: each.admit("api")).then(REACTIVATED)
