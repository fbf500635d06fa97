"""Tokens of words: found in part and with errors, and nothing without the key."""

import random

from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres.forum_search.tokens import FIRST_SPAN, SPANS, STEP, Tokens, errors, errors_permitted

TOKENS, OTHERS = Tokens(bytes(32)), Tokens(bytes([1] * 32))
LETTERS = "abcdefghij"


def test_another_key_makes_other_tokens() -> None:
    """A token and a sealed word say nothing without the key."""
    assert TOKENS.word("seven") == Tokens(bytes(32)).word("seven") != OTHERS.word("seven")
    assert TOKENS.word("seven") != TOKENS.run("seven") != TOKENS.author("seven")
    assert TOKENS.open(TOKENS.seal("seven")) == "seven"
    assert OTHERS.open(TOKENS.seal("seven")) is None
    assert TOKENS.check != OTHERS.check


@given(st.text(LETTERS, min_size=4, max_size=20), st.integers(0, 2**32))
def test_a_word_with_as_many_errors_as_are_permitted_has_a_token_in_common(word: str, seed: int) -> None:
    """One error for words of four letters, two from eight on: letters are left out, added, changed or exchanged."""
    chance, typed = random.Random(seed), word
    for _ in range(errors_permitted(word)):
        place, letter = chance.randrange(len(typed)), chance.choice(LETTERS)
        match chance.randrange(4):
            case 0:
                typed = typed[:place] + typed[place + 1 :]
            case 1:
                typed = typed[:place] + letter + typed[place:]
            case 2:
                typed = typed[:place] + letter + typed[place + 1 :]
            case 3:
                typed = typed[:place] + typed[place : place + 2][::-1] + typed[place + 2 :]
    count = errors(word, typed)
    assert count == errors(typed, word)
    if count <= errors_permitted(typed) and count <= errors_permitted(word) and max(len(word), len(typed)) <= 14:
        assert TOKENS.with_errors(word) & TOKENS.with_errors(typed)


def test_errors_are_counted() -> None:
    """As people make them."""
    assert errors("seven", "seven") == 0
    assert (
        errors("seven", "sevne")
        == errors("seven", "seve")
        == errors("seven", "sseven")
        == errors("seven", "sewen")
        == 1
    )
    assert errors("seven", "nevesx") == 3


def test_a_word_is_found_by_its_beginnings() -> None:
    """From three letters on; its own token is not among them."""
    near = set(TOKENS.near("equations"))
    assert {TOKENS.beginning("equations"[:length]) for length in range(3, 9)} <= near
    assert TOKENS.beginning("equations") not in near
    assert TOKENS.near("abc") == []


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_a_range_has_each_of_its_positions_once(first: int, last: int) -> None:
    """And no other one, by few tokens."""
    tokens = TOKENS.range(first, last)
    spans = {
        TOKENS.span(level, number): (level, number)
        for level in range(SPANS)
        for number in range((5_001 >> (STEP * level)) + 1)
    }
    covered = [
        each
        for level, number in map(spans.__getitem__, tokens)
        for each in range(number << (STEP * level), (number + 1) << (STEP * level))
    ]
    assert sorted(covered) == list(range(first, last + 1))
    assert len(tokens) <= 14 * SPANS
    assert TOKENS.spans(first << FIRST_SPAN)[0] == TOKENS.span(0, first)
