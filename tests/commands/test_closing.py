"""What a quiz shows once it is closed waits for every learner of the run who may still work on it."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from adapters.command_bus.dry_run import DryRun
from commands.catalog import ChangeRunVersion, PublishCourse
from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.enrollment.extensions import GrantExtensions
from commands.log import Context
from commands.quiz import GrantAllowance, PublishQuiz, StartAttempt, SubmitAttempt
from commands.quiz.closing import closed_for_all
from domain.catalog import Unit
from domain.late_policy import LatePolicy
from domain.quiz import Quiz
from domain.quiz.rules import Rules
from tests.support.memory_log import MemoryLog, MemoryUnit
from tests.support.usecases import AT, END, ITEMS, RUN, UNITS, Campus

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = AT + 20 * DAY
ENDLESS = PublishQuiz("timed", RUN, "q1", "Timed", items=ITEMS, key=[1, 0], time_limit=600, due_at=DUE)
QUIZ = replace(ENDLESS, rules=Rules(late=LatePolicy("none")))
MORE = GrantAllowance("ben", "timed", "fell ill")


async def closed(campus: Campus, at: datetime = DUE + HOUR, version: int = 1, quiz_id: str = "timed") -> datetime:
    """From when on what is shown once the quiz is closed may be seen, as is known at a moment."""
    context = Context("test", at)
    look = MemoryUnit(campus.log, context) if isinstance(campus.log, MemoryLog) else DryRun(campus.log, context)
    quiz = await look.read(Quiz, f"quiz-{quiz_id}")
    return await closed_for_all(look, quiz, quiz.version_of(version))


@pytest.fixture
async def sat(campus: Campus) -> Campus:
    """Ann has handed in; ben has not begun."""
    await campus.give(QUIZ, RequestEnrollment("ann", RUN), RequestEnrollment("ben", RUN))
    await campus.give(StartAttempt("ann", "timed"), SubmitAttempt("ann", "timed"))
    return campus


async def test_an_extension_keeps_it_closed_to_others(sat: Campus) -> None:
    """Until it ends, or the learner has used every attempt, or has left; one of another unit does not."""
    assert await closed(sat) == DUE
    await sat.give(GrantExtensions(RUN, "q2", ["ben"], DUE + 9 * DAY, "fell ill"))
    assert await closed(sat) == DUE
    await sat.give(GrantExtensions(RUN, "q1", ["ann", "ben"], DUE + 2 * DAY, "fell ill"))
    assert await closed(sat) == DUE + 2 * DAY
    await sat.give(WithdrawEnrollment("ben", RUN, "moves"))
    assert await closed(sat) == DUE


@pytest.mark.parametrize("late", [None, LatePolicy("accept"), LatePolicy("percent_a_day", 1_000)])
async def test_late_work_without_an_end_keeps_it_closed_until_the_run_ends(
    sat: Campus, late: LatePolicy | None
) -> None:
    """Ben has not begun, and may until then: the key would be worth what the policy leaves."""
    await sat.give(replace(ENDLESS, rules=Rules(late=late)))
    assert (await closed(sat), await closed(sat, version=2)) == (END, END)


async def test_an_attempt_that_runs_keeps_it_closed(sat: Campus) -> None:
    """As long as it takes answers, with the seconds that were granted; not once it has ended."""
    await sat.bus.handle(StartAttempt("ben", "timed"), Context("test", DUE - timedelta(seconds=300)))
    assert await closed(sat) == DUE + timedelta(seconds=5)
    await sat.give(replace(MORE, closes_at=DUE + HOUR))
    assert await closed(sat) == DUE + timedelta(seconds=305)
    await sat.give(replace(MORE, closes_at=DUE + HOUR, extra_seconds=300))
    assert await closed(sat) == DUE + timedelta(seconds=605)
    await sat.bus.handle(SubmitAttempt("ben", "timed"), Context("test", DUE))
    assert await closed(sat) == DUE


async def test_what_one_learner_is_allowed_keeps_it_closed(sat: Campus) -> None:
    """A later end, and attempts that are left: as long as one may be started."""
    await sat.give(replace(MORE, closes_at=DUE + 3 * DAY))
    assert await closed(sat) == DUE + 3 * DAY
    await sat.give(replace(MORE, learner_id="ann", extra_attempts=1, closes_at=DUE + 5 * DAY))
    assert await closed(sat) == DUE + 5 * DAY
    await sat.give(StartAttempt("ann", "timed"), SubmitAttempt("ann", "timed", 2), replace(MORE, extra_seconds=9))
    assert await closed(sat) == DUE


async def test_for_all_it_is_closed_when_no_work_is_accepted(sat: Campus) -> None:
    """When it closes, or late work ends; of the version of the attempt and the newest one, the later counts."""
    late = replace(QUIZ, rules=Rules(late=LatePolicy("percent_a_day", 1_000, 4)))
    await sat.give(late)
    assert await closed(sat) == DUE + 4 * DAY
    await sat.give(replace(QUIZ, rules=Rules(closes_at=DUE + 5 * DAY)))
    assert await closed(sat, AT) == DUE + 5 * DAY
    await sat.give(replace(QUIZ, due_at=AT + DAY))
    assert await closed(sat) == DUE


async def test_the_late_work_of_every_version_of_the_course_counts(sat: Campus) -> None:
    """A learner may keep an earlier one, by which work is accepted for longer, or one without the unit."""
    await sat.give(replace(ENDLESS, rules=Rules(closes_at=DUE + 5 * DAY)))
    late = msgspec.structs.replace(UNITS[1], late=LatePolicy("until", None, 3))
    await sat.give(PublishCourse("algebra", [UNITS[0], late, UNITS[2]]), ChangeRunVersion(RUN, 2))
    assert await closed(sat) == DUE + 5 * DAY
    other = Unit("q3", "quiz", "Rings")
    await sat.give(PublishCourse("algebra", [*UNITS, other]), ChangeRunVersion(RUN, 3))
    await sat.give(replace(QUIZ, quiz_id="rings", unit_id="q3"))
    assert (await closed(sat), await closed(sat, quiz_id="rings")) == (DUE + 5 * DAY, DUE)
