"""Quotes: words of a post are found in the lines of another, and are kept as a reference."""

import pytest

from domain.forum import MOST_QUOTES, Quotable, Quote, TooManyQuotes, quotes_in, with_quotes

SAID = Quotable(3, 1, "I count **six** rows\nof seven,\n\nand so on.")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("> I count **six** rows\n> of seven,\n\nNo.", ">[#3.1 0-30]\n\nNo."),
        (">six** rows of\n>  seven", ">[#3.1 10-29]"),
        ("> nothing like it\n\n> so on.", "> nothing like it\n\n>[#3.1 36-42]"),
        ("```\n> so on.\n```", "```\n> so on.\n```"),
        ("so on.", "so on."),
        (">\n>", ">\n>"),
        (">[#3.0 1-2]\n> so", ">[#3.0 1-2]\n>[#3.1 36-38]"),
    ],
)
def test_words_become_a_reference(typed: str, kept: str) -> None:
    """However their lines are broken; what the post does not say stays, and so does code."""
    assert with_quotes(typed, [SAID]) == kept
    words = "".join(SAID.text[each.start : each.end] for each in quotes_in(kept) if each.edits == SAID.edits)
    assert not words or "".join(words.split()) in "".join(typed.replace(">", "").split())


def test_the_first_post_that_says_it_is_quoted() -> None:
    """In the order in which they are named."""
    other = Quotable(1, 0, "so on")
    assert quotes_in(with_quotes("> so on", [other, SAID])) == [Quote(1, 0, 0, 5)]
    assert quotes_in(with_quotes("> so on.", [other, SAID])) == [Quote(3, 1, 36, 42)]


def test_a_post_quotes_a_few_times() -> None:
    """Each of them has to be looked up."""
    text = "\n\n".join(["> so on."] * (MOST_QUOTES + 1))
    with pytest.raises(TooManyQuotes):
        with_quotes(text, [SAID])


def test_long_texts_are_compared_in_no_time() -> None:
    """The time grows with the lengths, and not with their product."""
    long = Quotable(1, 0, "a " * 10_000)
    assert with_quotes("> " + "a " * 9_000 + "b", [long] * MOST_QUOTES).startswith("> a")
