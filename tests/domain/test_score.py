"""Scores are points out of those that are possible, compared exactly and rounded once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.score import FULL, BadScore, Score, check_score, score_in

SCORES = st.integers(1, 999).flatmap(lambda possible: st.builds(Score, st.integers(0, possible), st.just(possible)))


@given(SCORES, st.integers(0, FULL))
def test_a_mark_is_reached_by_the_exact_score(score: Score, mark_bp: int) -> None:
    """The comparison is that of the fractions."""
    assert score.reaches(mark_bp) == (Fraction(*score) >= Fraction(mark_bp, FULL))


@given(SCORES, SCORES)
def test_the_better_score_is_the_larger_fraction(one: Score, other: Score) -> None:
    """1 of 2 does not beat 2 of 4."""
    assert one.beats(other) == (Fraction(*one) > Fraction(*other))
    assert one.beats(None)


@given(SCORES)
def test_basis_points_are_rounded_half_up(score: Score) -> None:
    """The number that is shown is half a basis point away at most; a half goes up."""
    exact = Fraction(*score) * FULL
    assert Fraction(-1, 2) <= exact - score.bp < Fraction(1, 2)


def test_a_fact_says_its_score() -> None:
    """By its points, by its basis points where it has no more, or not at all."""
    assert score_in({"score_bp": 6_667, "points": 2, "possible": 3}) == Score(2, 3)
    assert score_in({"score_bp": 6_666}) == Score(6_666)
    assert score_in({"score_bp": None, "points": None, "possible": None}) is None


@pytest.mark.parametrize("score", [Score(-1), Score(FULL + 1), Score(4, 3)])
def test_a_score_is_a_share_of_the_whole(score: Score) -> None:
    """There are not more points than are possible."""
    with pytest.raises(BadScore):
        check_score(score)
