"""Use cases of appeals: when a learner may appeal, and what an answer changes."""

from typing import Any

from commands.enrollment import RequestEnrollment
from commands.progress import CompleteUnit, DecideOutcome
from commands.progress.appeals import AnswerAppeal, MakeAppeal, WithdrawAppeal
from domain.progress.appeal import Appeals
from tests.support.given import Said, fact
from tests.support.usecases import RUN, Campus

ANN = ("ann", RUN)
STREAM = f"appeal-ann:{RUN}"
FAILED = (
    RequestEnrollment(*ANN),
    CompleteUnit(*ANN, "q1", "instructor", 2_000),
    DecideOutcome(*ANN, 1, "fail", "handed in nothing else"),
)
APPEAL = MakeAppeal(*ANN, "the key is wrong")


def made(appeal_no: int = 1, outcome: str = "fail", grade_bp: int | None = 800) -> Said:
    return fact(Appeals.Made, appeal_no=appeal_no, outcome=outcome, grade_bp=grade_bp, words="the key is wrong")


def answered(outcome: str, *, granted: bool, appeal_no: int = 1) -> Said:
    return fact(Appeals.Answered, appeal_no=appeal_no, granted=granted, outcome=outcome, words="looked at it")


def answer(*, granted: bool, outcome: str | None = None, appeal_no: int = 1) -> AnswerAppeal:
    return AnswerAppeal(*ANN, appeal_no, granted, "looked at it", outcome, 7)


async def test_an_outcome_is_appealed_against(campus: Campus) -> None:
    """It has to be decided, and one appeal is open at a time."""
    assert await campus.refused(APPEAL) == "not_enrolled"
    await campus.give(FAILED[0])
    assert await campus.refused(APPEAL) == "nothing_to_appeal"
    await campus.give(*FAILED[1:])
    assert await campus.new(APPEAL) == [(STREAM, made())]
    assert await campus.refused(APPEAL) == "appeal_open"
    assert await campus.refused(WithdrawAppeal(*ANN, 2)) == "appeal_not_found"
    assert await campus.new(WithdrawAppeal(*ANN, 1)) == [(STREAM, fact(Appeals.Withdrawn, appeal_no=1))]
    assert await campus.repeats(WithdrawAppeal(*ANN, 1))
    assert await campus.refused(answer(granted=True)) == "appeal_closed"
    assert await campus.new(APPEAL) == [(STREAM, made(2))]


async def test_a_granted_appeal_revises_the_outcome_in_the_same_append(campus: Campus) -> None:
    """The words of the answer are the reason; the same answer once more changes nothing."""
    await campus.give(*FAILED, APPEAL)
    new: list[Any] = await campus.new(answer(granted=True, outcome="pass"))
    assert [(stream, said.type) for stream, said in new] == [
        (f"progress-ann:{RUN}", "progress.course_outcome_revised"),
        (STREAM, "appeal.answered"),
    ]
    revised = new[0][1].fields
    assert (revised["old"], revised["new"], revised["reason"], revised["policy"]) == (
        "fail",
        "pass",
        "looked at it",
        "instructor",
    )
    assert new[1][1] == answered("pass", granted=True)
    assert await campus.repeats(answer(granted=True, outcome="pass"))
    assert await campus.refused(answer(granted=False)) == "appeal_closed"
    assert await campus.refused(WithdrawAppeal(*ANN, 1)) == "appeal_closed"


async def test_what_was_confirmed_is_not_appealed_against_again(campus: Campus) -> None:
    """Until outcome or grade are others."""
    await campus.give(*FAILED, APPEAL)
    assert await campus.new(answer(granted=False, outcome="pass")) == [(STREAM, answered("fail", granted=False))]
    assert await campus.refused(APPEAL) == "appeals_used"
    await campus.give(CompleteUnit(*ANN, "q1", "instructor", 3_000), DecideOutcome(*ANN, 9))
    assert await campus.new(APPEAL) == [(STREAM, made(2, grade_bp=1_200))]
