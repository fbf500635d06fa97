"""Late work and extensions: the deadline of a learner, whatever it is by now, is that of every attempt."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from msgspec import UNSET

from commands.catalog import ChangeRunVersion, CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.enrollment.extensions import GrantExtensions, WithdrawExtensions
from commands.log import Context
from commands.progress import CompleteUnit, DecideOutcome, OpenUnit, RecordActivity
from commands.progress.following import FollowRun
from commands.quiz import (
    BringGrade,
    EndAttempt,
    FollowDeadline,
    GradeAttempt,
    OverrideGrade,
    PublishQuiz,
    SaveAnswer,
    StartAttempt,
    SubmitAttempt,
)
from domain.catalog import Unit
from domain.fact import Fact
from domain.late_policy import LatePolicy
from domain.quiz import Item, Rules
from tests.support.given import AT
from tests.support.usecases import Campus

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RUN, DUE, END = "late-1", AT + 2 * DAY, AT + 30 * DAY
UNITS = [Unit("u1", "quiz", "", weight=10_000, due_after_days=2)]
OPENED = (
    CreateCourse("late", "Late"),
    PublishCourse("late", UNITS),
    ScheduleRun(RUN, "late", 1, AT, END, late=LatePolicy("percent_a_day", 1_000, days=10)),
    OpenRun(RUN),
    RequestEnrollment("ann", RUN),
)
ITEMS = [Item(f"i{number}", "?", ["no", "yes"]) for number in (1, 2)]
QUIZ = PublishQuiz("late-quiz", RUN, "u1", "Late", items=ITEMS, key=[1, 1], attempts_allowed=2)
TIMED = replace(QUIZ, time_limit=600)
REFUSING = replace(TIMED, rules=Rules(late=LatePolicy("none")))
ANSWERS, START = SubmitAttempt("ann", "late-quiz", 1, (1, 1)), StartAttempt("ann", "late-quiz")
MORE = GrantExtensions(RUN, "u1", ["ann"], DUE + 5 * DAY, "was ill")
BACK = WithdrawExtensions(RUN, "u1", ["ann"], "granted to the wrong learner")
FOLLOW = FollowDeadline("ann", RUN, "u1", 1)


async def at(campus: Campus, when: Any, *commands: Any) -> None:
    """Carry commands out at a time."""
    for command in commands:
        await campus.bus.handle(command, Context("test", when))


async def attempt(campus: Campus, no: int = 1) -> list[Fact]:
    """The facts of an attempt."""
    return await campus.log.stream(f"attempt-ann:late-quiz:{no}")


@pytest.mark.parametrize(
    ("quiz", "grade", "late_by", "points"),
    [
        (QUIZ, GradeAttempt("ann", "late-quiz"), HOUR, (18_000, 20_000)),
        (QUIZ, GradeAttempt("ann", "late-quiz"), DAY + HOUR, (16_000, 20_000)),
        (replace(QUIZ, items=(), key=()), GradeAttempt("ann", "late-quiz", score_bp=7_000), HOUR, (60_000_000, 10**8)),
        (replace(QUIZ, rules=Rules(late=LatePolicy("accept"))), GradeAttempt("ann", "late-quiz"), HOUR, (2, 2)),
    ],
)
async def test_what_being_late_costs(campus: Campus, quiz: Any, grade: Any, late_by: timedelta, points: Any) -> None:
    """By the policy of the quiz, or else of the unit or the run, whether a key or a person grades; twice is once."""
    await at(campus, AT, *OPENED, quiz)
    await at(campus, DUE + late_by, replace(ANSWERS, responses=ANSWERS.responses if quiz.items else ()), grade, grade)
    submitted, graded = await attempt(campus)
    assert submitted.data["late_by"] == late_by.total_seconds()
    assert (graded.data["points"], graded.data["possible"]) == points
    given = (2, 2) if quiz.items else (7_000, 10_000)
    assert (graded.data["given_points"], graded.data["given_possible"]) == given


async def test_late_work_is_refused(campus: Campus) -> None:
    """Until when it was accepted is said, whether the attempt was to be started or handed in at once."""
    await at(campus, AT, *OPENED, QUIZ)
    assert await campus.refused(ANSWERS, at=DUE + 10 * DAY + HOUR) == "work_too_late"
    await at(campus, AT, REFUSING)
    assert await campus.refused(START, at=DUE) == "quiz_closed"


async def test_an_extension_reopens_a_quiz_that_refuses_late_work(campus: Campus) -> None:
    """Also after the deadline, and after the end of the run; taken back, the quiz is closed again."""
    await at(campus, AT, *OPENED, REFUSING)
    await at(campus, DUE + DAY, replace(MORE, new_due=END + DAY), START)
    await at(campus, DUE + DAY, SaveAnswer("ann", "late-quiz", 1, "i1", 1, {"kind": "single_choice", "option_id": "1"}))
    await at(campus, END - DAY, EndAttempt("ann", "late-quiz", 1), START)
    assert [(fact.type, fact.data.get("late_by")) for fact in await attempt(campus)][-1] == ("attempt.submitted", 0)
    await at(campus, END + HOUR, SubmitAttempt("ann", "late-quiz", 2))
    assert await campus.refused(START, at=END + 2 * DAY) == "run_is_over"
    await at(campus, DUE + DAY, BACK, BACK)
    assert await campus.refused(START, at=DUE + DAY) == "quiz_closed"


async def test_a_unit_is_read_as_long_as_the_extension_goes_on(campus: Campus) -> None:
    """Opened and used after the end of the run, which is over for what has no extension."""
    await at(campus, AT, *OPENED, REFUSING)
    await at(campus, AT, replace(MORE, new_due=END + DAY))
    await at(campus, END + HOUR, OpenUnit("ann", RUN, "u1"), RecordActivity("ann", RUN, "u1"))
    assert await campus.refused(RecordActivity("ann", RUN, "u1"), at=END + 2 * DAY) == "run_is_over"
    await at(campus, END + HOUR, BACK)
    assert await campus.refused(RecordActivity("ann", RUN, "u1"), at=END + HOUR) == "run_is_over"


async def test_an_extension_goes_by_the_version_of_the_learner(campus: Campus) -> None:
    """Beyond the deadline there, and for a unit that the run has no more; a learner without the unit gets none."""
    sooner = Unit("u2", "quiz", "", weight=10_000, due_after_days=1)
    await at(campus, AT, *OPENED, CompleteUnit("ann", RUN, "u1", "instructor", 9_000), DecideOutcome("ann", RUN, 1))
    await at(campus, AT, PublishCourse("late", [sooner]), ChangeRunVersion(RUN, 2), FollowRun(RUN, 1))
    await at(campus, AT, RequestEnrollment("ben", RUN))
    assert await campus.refused(replace(MORE, new_due=DUE)) == "bad_extension"
    await at(campus, AT, replace(MORE, new_due=DUE + HOUR))
    assert await campus.refused(replace(MORE, learner_ids=["ann", "ben"])) == "unknown_unit"
    await at(campus, AT, replace(MORE, unit_id="u2", learner_ids=["ben"], new_due=AT + DAY + HOUR), BACK)


async def test_an_extension_in_the_middle_of_an_attempt(campus: Campus) -> None:
    """The attempt goes on until the new deadline, also where the timer is faster than the reaction."""
    await at(campus, AT, *OPENED, replace(REFUSING, time_limit=3_600))
    await at(campus, DUE - HOUR / 2, START, MORE)
    await at(campus, DUE + HOUR / 4, EndAttempt("ann", "late-quiz", 1))
    assert [fact.type for fact in await attempt(campus)] == ["attempt.started", "attempt.deadline_moved"]
    assert await campus.repeats(FOLLOW)
    await at(campus, DUE + HOUR, EndAttempt("ann", "late-quiz", 1))
    (*_, ended) = await attempt(campus)
    assert (ended.data["late_by"], ended.occurred_at) == (0, DUE + HOUR / 2)


async def test_an_extension_after_late_work_lifts_what_it_cost(campus: Campus) -> None:
    """In part, in whole, or taken back; what a person has overridden stays."""
    await at(campus, AT, *OPENED, QUIZ)
    await at(campus, DUE + DAY + HOUR, ANSWERS, GradeAttempt("ann", "late-quiz"))
    shorter = replace(MORE, new_due=DUE + DAY)
    found = []
    for command in (shorter, MORE, BACK):
        await at(campus, DUE + 9 * DAY, command, FOLLOW, FOLLOW)
        *_, changed, again = await attempt(campus)
        assert (changed.type, again.type) == ("attempt.lateness_changed", "attempt.regraded")
        found.append((changed.data["late_by"], changed.data["days_late"], again.data["score_bp"]))
    assert found == [(3_600, 1, 9_000), (0, 0, 10_000), (90_000, 2, 8_000)]
    await at(campus, DUE + 9 * DAY, OverrideGrade("ann", "late-quiz", 1, 5_000, "copied"), MORE, FOLLOW)
    *_, last = await attempt(campus)
    assert (last.type, last.data["late_by"]) == ("attempt.lateness_changed", 0)


async def test_a_grade_that_was_brought_is_final(campus: Campus) -> None:
    """Nothing was taken off for being late, so that no extension takes something off, and neither does its end."""
    await at(campus, AT, *OPENED, replace(QUIZ, items=(), key=()))
    await at(campus, DUE + DAY + HOUR, replace(ANSWERS, responses=()), BringGrade("ann", "late-quiz", 8_000, "paper"))
    for command in (replace(MORE, new_due=DUE + DAY), BACK):
        await at(campus, DUE + 9 * DAY, command, FOLLOW)
        assert [fact.type for fact in await attempt(campus)][-1] == "attempt.lateness_changed"


async def test_work_on_paper_is_never_late(campus: Campus) -> None:
    """When the staff have brought it says nothing about when it was done, with an extension neither."""
    await at(campus, AT, *OPENED, replace(QUIZ, items=(), key=()))
    await at(campus, DUE + DAY + HOUR, BringGrade("ann", "late-quiz", 8_000, "paper"))
    await at(campus, DUE + 9 * DAY, replace(MORE, new_due=DUE + HOUR), FOLLOW)
    assert [fact.type for fact in await attempt(campus)] == ["attempt.submitted", "attempt.graded"]


async def test_an_extension_goes_beyond_the_deadline_of_the_quiz(campus: Campus) -> None:
    """A quiz may be due later than its unit: no extension ends before that."""
    await at(campus, AT, *OPENED, replace(QUIZ, due_at=DUE + 6 * DAY))
    assert await campus.refused(MORE) == "bad_extension"
    assert await campus.refused(replace(BACK, unit_id="none")) == "unknown_unit"
    assert await campus.repeats(BACK)


async def test_days_of_a_self_paced_run_count_from_the_place(campus: Campus) -> None:
    """Also for an extension and for lateness; who leaves and comes back has no more time."""
    own = replace(OPENED[2], pacing="self")
    await at(campus, AT, *OPENED[:2], own, OPENED[3], QUIZ)
    ((_, published),) = [(fact.stream_id, fact.data) for fact in await campus.log.stream("quiz-late-quiz")]
    assert published["due_at"] is None
    await at(campus, AT + 5 * DAY, OPENED[4], WithdrawEnrollment("ann", RUN), ReactivateEnrollment("ann", RUN))
    due = AT + 7 * DAY
    assert await campus.refused(replace(MORE, new_due=due)) == "bad_extension"
    await at(campus, due + HOUR, ANSWERS)
    await at(campus, due + HOUR, replace(MORE, new_due=due + DAY), FOLLOW)
    assert [fact.data.get("late_by") for fact in await attempt(campus)] == [3_600, 0]
    old = replace(own, run_id="late-2", due_from="start")
    await at(campus, AT, old, replace(old, due_from=UNSET))
    assert await campus.refused(replace(old, due_from="birth")) == "run_exists"
    assert await campus.refused(replace(old, run_id="late-3", due_from="birth")) == "bad_schedule"
