"""What has changed between two texts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from web.text_diff import MOST_WORDS, Piece, compared

TEXTS = some.text(alphabet="ab \n.", max_size=60)


def test_words_are_compared() -> None:
    """Within the lines that differ; other lines stay as they are."""
    assert compared("six rows\nof seven\n", "six rows\nof eight!\n") == [
        Piece("same", "six rows\nof "),
        Piece("out", "seven"),
        Piece("in", "eight!"),
        Piece("same", "\n"),
    ]
    assert compared("", "new") == [Piece("in", "new")]
    assert compared("same", "same") == [Piece("same", "same")]
    assert compared("", "") == []


@given(TEXTS, TEXTS)
def test_both_texts_are_in_the_pieces(old: str, new: str) -> None:
    """Each whole, in its order, without a piece that follows one of its kind."""
    pieces = compared(old, new)
    assert "".join(each.text for each in pieces if each.what != "in") == old
    assert "".join(each.text for each in pieces if each.what != "out") == new
    assert all(one.what != other.what for one, other in pairwise(pieces))


def test_long_lines_are_shown_as_a_whole() -> None:
    """Comparing them word by word would take the product of their lengths."""
    long = "a b " * MOST_WORDS
    assert compared(long, f"{long}c") == [Piece("out", long), Piece("in", f"{long}c")]
