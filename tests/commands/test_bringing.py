"""A grade that was given elsewhere becomes the score of a quiz: once, for the attempt that counts, with a reason."""

from dataclasses import replace

import pytest

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.quiz import BringGrade, GradeAttempt, PublishQuiz, SubmitAttempt
from domain.quiz import Item
from tests.support.usecases import ITEMS, RUN, Campus

TWICE = PublishQuiz("twice", RUN, "q1", "Twice", items=ITEMS, key=[1, 0], attempts_allowed=3, pass_bp=5_000)
ASKED = RequestEnrollment("ann", RUN)


def bring(quiz_id: str, score_bp: int) -> BringGrade:
    return BringGrade("ann", quiz_id, score_bp, "on paper")


async def last(campus: Campus, quiz_id: str, attempt_no: int = 1) -> tuple[list[str], object]:
    facts = await campus.log.stream(f"attempt-ann:{quiz_id}:{attempt_no}")
    return [fact.type for fact in facts], facts[-1].data["score_bp"]


async def test_an_exam_on_paper_is_handed_in_and_graded(campus: Campus) -> None:
    """By the staff, and not late; once more it changes nothing, and another score overrides it."""
    await campus.give(ASKED)
    submitted, graded = await campus.facts(bring("groups", 7_500))
    assert (submitted.data["by"], submitted.data["late_by"], graded.data["policy"]) == ("staff", 0, "brought")
    assert await campus.repeats(bring("groups", 7_500))
    await campus.give(bring("groups", 8_000))
    assert await last(campus, "groups") == (["attempt.submitted", "attempt.graded", "attempt.grade_overridden"], 8_000)


async def test_what_is_shown_already_stays(campus: Campus) -> None:
    """An exact score is not replaced by its basis points; what was handed in without a grade is graded."""
    thirds = replace(TWICE, quiz_id="thirds", items=(*ITEMS, Item("i3", "6 - 7?", ["1", "-1"])), key=[1, 0, 1])
    await campus.give(thirds, ASKED, SubmitAttempt("ann", "thirds", 1, (1, 0, 0)), GradeAttempt("ann", "thirds"))
    assert await campus.new(bring("thirds", 6_667)) == []
    await campus.give(SubmitAttempt("ann", "groups"), bring("groups", 4_000))
    assert await last(campus, "groups") == (["attempt.submitted", "attempt.graded"], 4_000)


async def test_the_attempt_that_counts_is_overridden(campus: Campus) -> None:
    """Of several the best; a score that another attempt would keep from counting is refused."""
    await campus.give(TWICE, ASKED)
    for number, answers in ((1, (1, 0)), (2, (1, 1))):
        await campus.give(SubmitAttempt("ann", "twice", number, answers), GradeAttempt("ann", "twice", number))
    await campus.give(bring("twice", 9_000))
    assert await last(campus, "twice") == (["attempt.submitted", "attempt.graded", "attempt.grade_overridden"], 9_000)
    assert await campus.refused(bring("twice", 4_999)) == "other_attempt_counts"


async def test_a_quiz_of_questions_is_not_on_paper(campus: Campus) -> None:
    """Of any kind: who has handed in nothing there gets no grade."""
    question = {"kind": "true_false", "question_id": "t1", "text": "Is 2 prime?"}
    asked = PublishQuiz("asked", RUN, "q1", "Asked", questions=[question], keys=[{"kind": "true_false", "right": True}])
    await campus.give(asked, ASKED)
    assert await campus.refused(bring("asked", 5_000)) == "nothing_handed_in"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (bring("equations", 5_000), "nothing_handed_in"),
        (bring("nowhere", 5_000), "quiz_not_found"),
        (bring("groups", 10_001), "bad_score"),
        (BringGrade("ben", "groups", 5_000, "on paper"), "not_enrolled"),
    ],
)
async def test_what_is_refused(campus: Campus, command: BringGrade, code: str) -> None:
    """A quiz with questions that was not taken, one that there is not, a score out of range, a stranger."""
    await campus.give(ASKED)
    assert await campus.refused(command) == code


async def test_who_has_left_gets_no_first_grade(campus: Campus) -> None:
    """An attempt is handed in for those with a place."""
    await campus.give(ASKED, WithdrawEnrollment("ann", RUN))
    assert await campus.refused(bring("groups", 5_000)) == "no_access"


async def test_no_one_brings_the_own_grade(campus: Campus) -> None:
    """Who learns on a run that they teach leaves it to others: in a file, and in a bulk job."""
    await campus.give(ASKED)
    assert await campus.refused(bring("groups", 10_000), actor="ann") == "own_matter"
    assert await campus.facts(bring("groups", 10_000), actor="ben")
