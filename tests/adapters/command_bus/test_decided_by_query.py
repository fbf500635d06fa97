"""What a command has found by a query holds when its facts are appended, or it is decided again."""

from typing import Any

from adapters.settings import Settings
from commands.progress import CompleteUnit, DecideOutcome
from commands.quiz import GradeAttempt, PublishQuiz, SubmitAttempt
from tests.adapters.command_bus.test_optimistic_decisions import before_the_next_append
from tests.support.appends import opened
from tests.support.buses import Process, give_course, processes

RUN = "algebra-1"
DECIDE = DecideOutcome("ann", RUN, through_position=1)


async def hand_in(process: Process, quiz_id: str, attempt_no: int, score_bp: int) -> None:
    """An attempt that a person grades."""
    await process.do(SubmitAttempt("ann", quiz_id, attempt_no), GradeAttempt("ann", quiz_id, attempt_no, score_bp))


async def decided(settings: Settings) -> list[dict[str, Any]]:
    """The outcomes that stand in the log."""
    async with opened(settings) as log:
        facts = await log.stream("progress-ann:algebra-1")
    return [fact.data for fact in facts if fact.type.startswith("progress.course_outcome_")]


async def test_nothing_fails_while_another_attempt_becomes_possible(settings: Settings) -> None:
    """The last attempt has failed; a second quiz of the unit is published before that is recorded."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await here.do(PublishQuiz("q1", RUN, "test", "First"))
        await hand_in(here, "q1", 1, 1_000)
        before_the_next_append(here.log, lambda: there.do(PublishQuiz("q2", RUN, "test", "Second")))
        await here.do(DECIDE)
        assert await decided(settings) == []
        await hand_in(there, "q2", 1, 2_000)
        await here.do(DECIDE)
        assert [outcome["outcome"] for outcome in await decided(settings)] == ["fail"]


async def test_an_outcome_counts_the_attempt_that_was_graded_meanwhile(settings: Settings) -> None:
    """It is decided once, with the better score, and not revised a moment later."""
    async with processes(settings) as (here, there):
        await give_course(here, learners=["ann"])
        await here.do(PublishQuiz("q1", RUN, "test", "First", attempts_allowed=2), SubmitAttempt("ann", "q1", 2))
        await hand_in(here, "q1", 1, 5_000)
        await here.do(CompleteUnit("ann", RUN, "test", rule="quiz", points=5_000))
        before_the_next_append(here.log, lambda: there.do(GradeAttempt("ann", "q1", 2, 9_000)))
        await here.do(DECIDE)
        assert [(outcome["outcome"], outcome["grade_bp"]) for outcome in await decided(settings)] == [
            ("distinction", 9_000)
        ]
