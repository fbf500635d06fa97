"""Ways into a run besides asking, by an invitation and from another run, and what each of them asks."""

from datetime import timedelta

import pytest

from commands.catalog import ChangeCapacity, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import (
    AcceptSeat,
    FollowCapacity,
    FollowOutcome,
    OfferSeat,
    ReactivateEnrollment,
    RequestEnrollment,
    WithdrawEnrollment,
)
from commands.enrollment.invitations import AcceptInvitation, DeclineInvitation, InviteToRun, RevokeInvitation
from commands.enrollment.staff import ChangeMode, ResumeEnrollment, SuspendEnrollment, WaivePrerequisites
from commands.enrollment.transfer import TransferEnrollment
from commands.progress import CompleteUnit, DecideOutcome, RecogniseProgress
from commands.quiz import GradeAttempt, SubmitAttempt
from domain.catalog import Prerequisite
from domain.enrollment import Admission, Enrollment, Seats
from domain.progress import BY_STAFF, QUIZ_PASSED, CourseProgress
from tests.support.given import Said, fact
from tests.support.usecases import AT, END, RUN, SHUT, SMALL, START, UNITS, Campus

NEXT = "algebra-next"
UNTIL = AT + timedelta(days=14)
ACTIVATED = fact(Enrollment.Activated, access_from=None, access_until=None, entitlement_id=None)
ANN, ANN_NEXT, ANN_SMALL = (f"enrollment-ann:{run}" for run in (RUN, NEXT, SMALL))
SEATS = f"seats-{SMALL}"


def requested(run_id: str, mode: str) -> Said:
    return fact(Enrollment.Requested, learner_id="ann", run_id=run_id, mode=mode, source="api")


async def later(campus: Campus, command: object, days: int) -> str:
    """The code with which a command is refused so many days later."""
    return await campus.refused(command, AT + timedelta(days=days))


async def test_an_invitation_is_accepted(campus: Campus) -> None:
    """There is a place at once, or one in the queue, as for who asks; a second time changes nothing."""
    admission = f"admission-ann:{SMALL}"
    assert await campus.new(InviteToRun("ann", SMALL, UNTIL)) == [
        (admission, fact(Admission.Invited, until=f"{UNTIL:%Y-%m-%dT%H:%M:%SZ}"))
    ]
    assert await campus.new(AcceptInvitation("ann", SMALL)) == [
        (SEATS, fact(Seats.Opened, capacity=1)),
        (SEATS, fact(Seats.Taken, learner_id="ann")),
        (ANN_SMALL, requested(SMALL, "invitation")),
        (ANN_SMALL, ACTIVATED),
        (admission, fact(Admission.Accepted)),
    ]
    assert await campus.repeats(AcceptInvitation("ann", SMALL))
    await campus.give(InviteToRun("ben", SMALL, UNTIL), AcceptInvitation("ben", SMALL))
    assert await campus.refused(AcceptSeat("ben", SMALL)) == "no_seat_offered"
    await campus.give(WithdrawEnrollment("ann", SMALL), InviteToRun("ann", SMALL, UNTIL + timedelta(days=1)))
    assert [said.type for _, said in await campus.new(AcceptInvitation("ann", SMALL))] == [
        *("seats.queued", "enrollment.reactivated", "enrollment.waitlisted", "admission.invitation_accepted"),
    ]


async def test_what_invitations_refuse(campus: Campus) -> None:
    """A run that is shut, an invitation that is over, and one that there is not."""
    assert await campus.refused(InviteToRun("ann", SHUT, UNTIL)) == "run_closed"
    assert await campus.refused(AcceptInvitation("ann", RUN)) == "not_invited"
    await campus.give(InviteToRun("ann", RUN, END + timedelta(days=9)))  # over with the run
    assert await campus.refused(AcceptInvitation("ann", RUN), END) == "invitation_over"
    await campus.give(DeclineInvitation("ann", RUN))
    assert await campus.refused(RevokeInvitation("ann", RUN)) == "invitation_over"
    await campus.give(InviteToRun("ben", RUN, UNTIL), RevokeInvitation("ben", RUN))
    assert await campus.refused(AcceptInvitation("ben", RUN)) == "invitation_over"


async def test_staff_change_mode_and_access(campus: Campus) -> None:
    """Each is repeated without an effect; who has no enrollment has none to change."""
    await campus.give(RequestEnrollment("ann", RUN))
    for command in (ChangeMode("ann", RUN, "audit"), SuspendEnrollment("ann", RUN, "conduct")):
        assert await campus.repeats(command)
    assert await campus.refused(TransferEnrollment("ann", RUN, SMALL, "works")) == "no_access"
    assert await campus.repeats(ResumeEnrollment("ann", RUN, "explained"))
    for change in (ChangeMode, SuspendEnrollment, ResumeEnrollment):
        assert await campus.refused(change("eve", RUN, "free")) == "not_enrolled"


async def test_a_transfer_is_one_append(campus: Campus) -> None:
    """Both enrollments and the seats of both runs change together, so that a process may die at any moment."""
    await campus.give(ScheduleRun(NEXT, "algebra", 1, START, END, capacity=1), OpenRun(NEXT))
    await campus.give(RequestEnrollment("ann", SMALL), RequestEnrollment("ben", SMALL))
    assert await campus.new(TransferEnrollment("ann", SMALL, NEXT, "works")) == [
        (f"seats-{NEXT}", fact(Seats.Opened, capacity=1)),
        (f"seats-{NEXT}", fact(Seats.Taken, learner_id="ann")),
        (SEATS, fact(Seats.Released, learner_id="ann")),
        (ANN_NEXT, requested(NEXT, "free")),
        (ANN_NEXT, fact(Enrollment.TransferredFrom, from_run=SMALL)),
        (ANN_NEXT, ACTIVATED),
        (ANN_SMALL, fact(Enrollment.Transferred, to_run=NEXT, reason="works")),
        (ANN_SMALL, fact(Enrollment.Withdrawn, reason="transferred")),
    ]
    assert await campus.repeats(TransferEnrollment("ann", SMALL, NEXT, "works"))


async def test_what_transfers_refuse(campus: Campus) -> None:
    """No learner overtakes those who wait, and none enters a run that admits no one, or that is of another course."""
    await campus.give(CreateCourse("music", "Music"), PublishCourse("music", UNITS))
    await campus.give(ScheduleRun("music-1", "music", 1, START, END), OpenRun("music-1"))
    await campus.give(*(RequestEnrollment(learner, run) for learner, run in (("ann", RUN), ("ben", SMALL))))
    refusals = {SMALL: "no_free_seat", SHUT: "run_closed", "music-1": "other_course", RUN: "other_course"}
    for run_id, code in refusals.items():
        assert await campus.refused(TransferEnrollment("ann", RUN, run_id, "works")) == code
    await campus.give(RequestEnrollment("cid", SMALL), WithdrawEnrollment("ben", SMALL))  # a seat, due to cid
    assert await campus.refused(TransferEnrollment("ann", RUN, SMALL, "works")) == "no_free_seat"
    assert await campus.refused(TransferEnrollment("eve", RUN, SMALL, "works")) == "not_enrolled"


async def test_what_was_completed_counts_on_the_other_run(campus: Campus) -> None:
    """Units of the same id and kind, with their scores; by a reaction, which may come twice."""
    other = [*UNITS[:2], UNITS[2].__class__("q2", "assignment", "Groups", weight=6_000)]
    await campus.give(PublishCourse("algebra", other), ScheduleRun(NEXT, "algebra", 2, START, END), OpenRun(NEXT))
    await campus.give(RequestEnrollment("ann", RUN), CompleteUnit("ann", RUN, "intro"))
    await campus.give(SubmitAttempt("ann", "equations", 1, [1, 0]), GradeAttempt("ann", "equations", 1))
    await campus.give(CompleteUnit("ann", RUN, "q1", BY_STAFF), CompleteUnit("ann", RUN, "q2", BY_STAFF, 9, 10))
    await campus.give(TransferEnrollment("ann", RUN, NEXT, "works"))
    stream = f"progress-ann:{NEXT}"
    units = {"course_version": 2, "rule": "transferred", "at_least_bp": None, "evidence": None}
    none = {"score_bp": None, "points": None, "possible": None}
    assert await campus.new(RecogniseProgress("ann", NEXT, RUN)) == [
        (stream, fact(CourseProgress.Recognised, from_run=RUN, from_version=1, to_version=2, units=["intro", "q1"])),
        (stream, fact(CourseProgress.UnitCompleted, unit_id="intro", **units, **none)),
        (stream, fact(CourseProgress.UnitCompleted, unit_id="q1", **units, score_bp=10_000, points=2, possible=2)),
    ]
    assert await campus.repeats(RecogniseProgress("ann", NEXT, RUN))
    (decided,) = await campus.new(DecideOutcome("ann", NEXT, 0, "pass"))
    assert decided[1].fields["grade_bp"] == 4_000


async def test_progress_is_recognised_where_the_learner_is(campus: Campus) -> None:
    """A reaction that comes after the learner has left again is tried again when the learner is back."""
    await campus.give(ScheduleRun(NEXT, "algebra", 1, START, END), OpenRun(NEXT), RequestEnrollment("ann", RUN))
    await campus.give(CompleteUnit("ann", RUN, "intro"), TransferEnrollment("ann", RUN, NEXT, "works"))
    await campus.give(WithdrawEnrollment("ann", NEXT))
    assert await campus.refused(RecogniseProgress("ann", NEXT, RUN)) == "no_access"


async def test_what_is_graded_after_a_transfer_counts_where_the_learner_is(campus: Campus) -> None:
    """An attempt that was handed in, or ran, on the old run; over two transfers, too. No other attempt begins there."""
    await campus.give(ScheduleRun(NEXT, "algebra", 1, START, END), OpenRun(NEXT), RequestEnrollment("ann", RUN))
    await campus.give(SubmitAttempt("ann", "equations", 1, [1, 0]))
    await campus.give(TransferEnrollment("ann", RUN, NEXT, "works"), RecogniseProgress("ann", NEXT, RUN))
    await campus.give(TransferEnrollment("ann", NEXT, SMALL, "moves"), GradeAttempt("ann", "equations", 1))
    passed = CompleteUnit("ann", RUN, "q1", QUIZ_PASSED, 2, 2)
    recognised, completed = await campus.new(passed)
    assert recognised == (
        f"progress-ann:{SMALL}",
        fact(CourseProgress.Recognised, from_run=RUN, from_version=1, to_version=1, units=["q1"]),
    )
    assert (completed[1].fields["rule"], completed[1].fields["points"]) == ("transferred", 2)
    assert await campus.repeats(passed)
    assert await campus.refused(SubmitAttempt("ann", "equations", 2, [1, 0])) == "no_access"


async def test_who_was_transferred_comes_back_by_the_staff(campus: Campus) -> None:
    """Or one purchase would open two runs; who has left the other run may come back."""
    await campus.give(ScheduleRun(NEXT, "algebra", 1, START, END), OpenRun(NEXT), RequestEnrollment("ann", RUN))
    await campus.give(TransferEnrollment("ann", RUN, NEXT, "works"))
    assert await campus.refused(ReactivateEnrollment("ann", RUN)) == "was_transferred"
    await campus.give(TransferEnrollment("ann", NEXT, RUN, "works no more"))
    await campus.give(TransferEnrollment("ann", RUN, NEXT, "works"), WithdrawEnrollment("ann", NEXT))
    (_, back), *_ = await campus.new(ReactivateEnrollment("ann", RUN))
    assert back.type == "enrollment.reactivated"


async def test_a_run_without_a_limit_gets_one(campus: Campus) -> None:
    """Who has a place keeps it, in the order of the requests, also above the number of seats; who asks then waits."""
    await campus.give(*(RequestEnrollment(learner, RUN) for learner in ("ann", "ben", "cid", "dan")))
    await campus.give(WithdrawEnrollment("ben", RUN), SuspendEnrollment("cid", RUN, "conduct"))
    await campus.give(ChangeCapacity(RUN, 2))
    seats = f"seats-{RUN}"
    assert await campus.new(FollowCapacity(RUN, "stay")) == [
        (seats, fact(Seats.Opened, capacity=3)),
        *((seats, fact(Seats.Taken, learner_id=learner)) for learner in ("ann", "cid", "dan")),
        (seats, fact(Seats.CapacityChanged, old=3, new=2)),
    ]
    assert await campus.repeats(FollowCapacity(RUN, "stay"))
    assert [said.type for _, said in await campus.new(RequestEnrollment("eve", RUN))] == [
        *("seats.queued", "enrollment.requested", "enrollment.waitlisted"),
    ]
    await campus.give(WithdrawEnrollment("ann", RUN), OfferSeat(RUN))
    assert (await campus.log.stream(f"enrollment-eve:{RUN}"))[-1].type == "enrollment.waitlisted"
    await campus.give(WithdrawEnrollment("dan", RUN), OfferSeat(RUN))
    assert (await campus.log.stream(f"enrollment-eve:{RUN}"))[-1].type == "enrollment.activated"


async def test_who_asks_at_the_moment_of_a_first_limit_sees_who_sits(campus: Campus) -> None:
    """The seats are set out by the first command that needs them, whichever that is; those seated last wait again."""
    await campus.give(*(RequestEnrollment(learner, RUN) for learner in ("ann", "ben")), ChangeCapacity(RUN, 1, "wait"))
    assert [said.type for _, said in await campus.new(RequestEnrollment("cid", RUN))] == [
        *("seats.opened", "seats.taken", "seats.taken", "seats.capacity_changed", "seats.queued"),
        *("enrollment.requested", "enrollment.waitlisted"),
    ]
    moved = [(name, said.type) for name, said in await campus.new(FollowCapacity(RUN, "wait"))]
    assert moved == [(f"enrollment-ben:{RUN}", "enrollment.waitlisted"), (f"seats-{RUN}", "seats.moved_back")]


@pytest.mark.parametrize("days", [14, 15])
async def test_an_invitation_is_over_in_time(campus: Campus, days: int) -> None:
    """From its end on."""
    await campus.give(InviteToRun("ann", RUN, UNTIL))
    assert await later(campus, AcceptInvitation("ann", RUN), days) == "invitation_over"


async def passed(campus: Campus, learner_id: str) -> None:
    """The learner has passed algebra, with a grade of 40 %."""
    await campus.give(RequestEnrollment(learner_id, RUN))
    await campus.give(SubmitAttempt(learner_id, "equations", 1, [1, 0]), GradeAttempt(learner_id, "equations", 1))
    await campus.give(DecideOutcome(learner_id, RUN, 0, "pass"), FollowOutcome(learner_id, RUN))


@pytest.fixture
async def music(campus: Campus) -> Campus:
    """Two runs of a course that is for those who have passed algebra, the second with one seat."""
    asks = [Prerequisite(["algebra", "geometry"], 4_000)]
    await campus.give(CreateCourse("geometry", "Geometry"), CreateCourse("music", "Music"))
    await campus.give(PublishCourse("music", UNITS[:1], prerequisites=asks))
    await campus.give(ScheduleRun("music-1", "music", 1, START, END), OpenRun("music-1"))
    await campus.give(ScheduleRun("music-2", "music", 1, START, END, 1, seat_offer_hours=None), OpenRun("music-2"))
    return campus


async def test_prerequisites_are_asked_at_every_door(music: Campus) -> None:
    """A request, a return, an invitation, a transfer, and a seat that comes free after an outcome was revised."""
    doors = [RequestEnrollment("ann", "music-1"), AcceptInvitation("ann", "music-1")]
    await music.give(InviteToRun("ann", "music-1", UNTIL))
    for door in doors:
        assert await music.refused(door) == "prerequisites_missing"
    for learner in ("ann", "ben"):
        await passed(music, learner)
    await music.give(*doors, RequestEnrollment("ben", "music-2"), RequestEnrollment("ann", "music-2"))
    await music.give(WithdrawEnrollment("ann", "music-1"))
    failed = (DecideOutcome("ann", RUN, 0, "fail", "appeal"), FollowOutcome("ann", RUN, "appeal"))
    await music.give(*failed, WithdrawEnrollment("ben", "music-2"))
    assert await music.refused(ReactivateEnrollment("ann", "music-1")) == "prerequisites_missing"
    assert await music.new(OfferSeat("music-2")) == [
        ("seats-music-2", fact(Seats.Taken, learner_id="ann")),
        ("seats-music-2", fact(Seats.Released, learner_id="ann")),
        ("enrollment-ann:music-2", fact(Enrollment.Withdrawn, reason="prerequisites_missing")),
    ]
    await music.give(RequestEnrollment("ben", "music-1"), DecideOutcome("ben", RUN, 0, "fail", "appeal"))
    await music.give(FollowOutcome("ben", RUN, "appeal"))
    assert await music.refused(TransferEnrollment("ben", "music-1", "music-2", "works")) == "prerequisites_missing"


async def test_staff_waive_prerequisites(music: Campus) -> None:
    """With a reason, as a fact; the learner asks then. Where nothing is asked for, nothing is waived."""
    waive = WaivePrerequisites("ann", "music-1", "passed it elsewhere")
    assert await music.new(waive) == [
        (
            "admission-ann:music-1",
            fact(Admission.PrerequisitesWaived, courses=["algebra", "geometry"], reason="passed it elsewhere"),
        )
    ]
    assert await music.repeats(waive)
    await music.give(RequestEnrollment("ann", "music-1"))
    assert await music.refused(RequestEnrollment("ann", "music-2")) == "prerequisites_missing"
    assert await music.refused(WaivePrerequisites("ann", RUN, "why not")) == "nothing_to_waive"
