"""Which of several attempts counts: by each rule, in whatever order they are graded, against a plain recount."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quiz.counting import Counted, Tried, UnitTries, count
from domain.quiz.rules import Counts
from domain.score import FULL, Score

SCORES = {1: Score(30, 100), 2: Score(90, 100), 3: Score(1, 3)}
PASS_BP = 5_000


def tries(counts: Counts, *graded: int, submitted: Sequence[int] = (1, 2, 3)) -> list[Tried]:
    """Attempts of which some are graded."""
    return [
        Tried(no, counts, PASS_BP, *((SCORES[no], SCORES[no].reaches(PASS_BP)) if no in graded else ()))
        for no in submitted
    ]


@pytest.mark.parametrize(
    ("counts", "graded", "worth"),
    [
        ("best", (1, 2, 3), (Score(90, 100), True)),
        ("last", (1, 2, 3), (Score(1, 3), False)),
        ("last", (1, 2), (Score(90, 100), True)),
        ("first", (1, 2, 3), (Score(30, 100), False)),
        ("first", (2, 3), (None, False)),
        ("average", (1, 2, 3), (Score(23, 45), True)),
        ("average", (1, 3), (Score(19, 60), False)),
        ("average", (), (None, False)),
    ],
)
def test_each_rule(counts: Counts, graded: tuple[int, ...], worth: tuple[Score | None, bool]) -> None:
    """The mean passes by itself; a first attempt that waits for its grade keeps the others from counting."""
    found = count(tries(counts, *graded))
    assert (found.score, found.passed) == worth


def test_the_newest_graded_attempt_says_the_rule() -> None:
    """Who took it knew the rule of its version; an older attempt keeps its score."""
    mixed = [*tries("best", 1, 2, submitted=(1, 2)), *tries("last", 3, submitted=(3,))]
    assert count(mixed) == Counted("last", 1, 3, passed=False)
    assert count(mixed[:2]).rule == "best"


def test_the_best_quiz_of_a_unit_is_its_score() -> None:
    """Each quiz by its own rule; one that is passed passes the unit."""
    unit = UnitTries({"a": {each.no: each for each in tries("last", 1, 2, 3)}, "b": {1: tries("best", 1)[0]}})
    assert (unit.score, unit.passed) == (Score(1, 3), False)
    after = unit.with_score("b", 1, Score(3, 4), passed=True)
    assert (after.score, after.passed) == (Score(3, 4), True)
    assert after.counted("b") is None
    assert after.counted("a") == Counted("last", 1, 3, passed=False)


graded_tries = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 300)).map(lambda pair: Score(min(pair), max(pair))), min_size=1
)


@given(graded_tries, st.randoms(use_true_random=False))
def test_a_mean_is_exact_and_of_no_order(scores: list[Score], random: object) -> None:
    """It is the sum by fractions, between the lowest and the highest, however the attempts are listed."""
    of_all = [Tried(no, "average", PASS_BP, score) for no, score in enumerate(scores, 1)]
    random.shuffle(of_all)  # type: ignore[attr-defined]
    found = count(of_all)
    mean = sum((Fraction(*each) for each in scores), Fraction()) / len(scores)
    assert found.score is not None
    assert Fraction(*found.score) == mean
    assert found.passed == (mean * FULL >= PASS_BP)
