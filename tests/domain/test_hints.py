"""Hints to the items of an attempt: one by one, when the learner asks, while it goes on."""

from datetime import datetime
from typing import Any

import pytest

from domain.quiz import Quiz, QuizAttempt, Rules
from domain.quiz.shown import shown
from domain.quiz_errors import AttemptEnded, AttemptNotFound, HintNotFound, TimeIsUp, UnknownItem
from tests.domain.test_attempts import HOUR, RUN_ENDS, quiz, started, submitted
from tests.support.given import AT, STREAMS, fact, given, replay

HINTED = {"kind": "true_false", "question_id": "h1", "text": "Is it?", "hints": ["Look.", "Look again."]}


def hinted(**rules: Any) -> Quiz:
    """A quiz with a question that has hints."""
    return quiz(questions=[HINTED], keys=[{"kind": "true_false", "right": True}], rules=Rules(**rules))


def ask_hint(attempt: QuizAttempt, hint_no: int, item_id: str = "h1", at: datetime = AT, **rules: Any) -> None:
    """Ask for a hint."""
    attempt.show_hint(hinted(**rules).current, item_id, hint_no, at=at)


def test_hints_are_shown_one_by_one() -> None:
    """The same once more changes nothing; the learner sees those that were shown, and none before."""
    first, second = (fact(QuizAttempt.HintShown, item_id="h1", hint_no=number) for number in (1, 2))
    begun = started(items=["i1", "h1"])
    given(QuizAttempt, begun).when(lambda attempt: ask_hint(attempt, 1)).then(first)
    given(QuizAttempt, begun, first).when(lambda attempt: ask_hint(attempt, 1)).then()
    given(QuizAttempt, begun, first).when(lambda attempt: ask_hint(attempt, 2)).then(second)
    view = shown(
        replay(QuizAttempt, STREAMS["attempt"], [begun, first]), hinted().current, {}, now=AT, closed_at=RUN_ENDS
    )
    assert [(item.hints, item.hints_left) for item in view.items] == [([], 0), (["Look."], 1)]
    assert all("hints" not in item.question for item in view.items)


@pytest.mark.parametrize(("hint_no", "rules", "left"), [(2, {}, 2), (1, {"hints": "never"}, 0)])
def test_hints_that_are_not_there(hint_no: int, rules: Any, left: int) -> None:
    """Out of turn, or where the quiz shows none."""
    given(QuizAttempt, started(items=["h1"])).when(lambda attempt: ask_hint(attempt, hint_no, **rules)).refused(
        HintNotFound, item_id="h1", hint_no=hint_no, shown=0, left=left
    )


def test_hints_that_are_not_shown() -> None:
    """To what is not asked, in an attempt that was not started, has ended, or is out of time."""
    begun = started(items=["h1"])
    given(QuizAttempt, begun, submitted("learner")).when(lambda attempt: ask_hint(attempt, 1)).refused(
        AttemptEnded, attempt_no=1, by="learner"
    )
    given(QuizAttempt, begun).when(lambda attempt: ask_hint(attempt, 1, "i2")).refused(
        UnknownItem, attempt_no=1, item_id="i2"
    )
    given(QuizAttempt).when(lambda attempt: ask_hint(attempt, 1)).refused(
        AttemptNotFound, attempt_no=1, quiz_id="equations"
    )
    with pytest.raises(TimeIsUp):
        ask_hint(replay(QuizAttempt, STREAMS["attempt"], [begun]), 1, at=AT + HOUR)
