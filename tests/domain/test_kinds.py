"""The kinds of units are two closed sets; stored words keep their meaning."""

import pytest

from domain.kinds import KINDS, SCORED_KINDS, UNSCORED_KINDS, has_score, plain_kind


def test_a_kind_carries_a_score_or_does_not() -> None:
    """No kind is in both sets."""
    assert set(SCORED_KINDS).isdisjoint(UNSCORED_KINDS)
    assert {kind for kind in KINDS if has_score(kind)} == set(SCORED_KINDS)


@pytest.mark.parametrize(("word", "kind"), [("Quiz", "quiz"), (" EXAM ", "exam"), ("page", "page"), ("Poem", "Poem")])
def test_a_word_may_be_written_otherwise(word: str, kind: str) -> None:
    """Capitals and spaces do not matter; a word that means no kind is left alone, and carries no score."""
    assert plain_kind(word) == kind
    assert has_score(word) == (kind in SCORED_KINDS)
