"""
What is typed, as words that may stand for it.

A word stands for all that begin with it; for those that are like it only where nothing is found without them. Which
words there are is never answered: they are of posts that the reader may not see, too.
"""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.postgres.forum_search.tokens import (
    SHORTEST_BEGINNING,
    Tokens,
    distinct_words,
    errors,
    errors_permitted,
)
from adapters.postgres.queries.reader import Reader

MOST_WORDS = 12  # of a query; more of them narrow nothing
MOST_LONGER = 128  # words that begin as one does, the shortest first
MOST_ALIKE = 12  # words that are like one
MOST_LOOKED_AT = 400  # for a beginning, or for what is left of a word

BEGINNING_SO = f"""
SELECT asked.number, found.sealed FROM unnest(%(numbers)s::integer[], %(tokens)s::bigint[]) AS asked (number, token)
 CROSS JOIN LATERAL (SELECT sealed FROM forum_words WHERE near @> ARRAY[asked.token]
                      ORDER BY length(sealed), token LIMIT {MOST_LOOKED_AT}) AS found
"""


class Term(NamedTuple):
    """
    A word that was typed.

    Attributes:
        longer: words that begin with it.
        alike: words that are like it, the nearest first; empty unless they were asked for.
    """

    word: str
    longer: frozenset[str]
    alike: tuple[str, ...]

    def choices(self, tokens: Tokens) -> list[int]:
        """The tokens of all that may stand for it."""
        return [tokens.word(word) for word in (self.word, *sorted(self.longer), *self.alike)]


def typed(text: str) -> list[str]:
    """The words that count of what was typed."""
    return distinct_words(text)[:MOST_WORDS]


async def terms_of(reader: Reader, tokens: Tokens, words: Sequence[str], *, alike: bool) -> list[Term]:
    """What stands for each word; *alike*: also what is like it."""
    asked = [(number, token) for number, word in enumerate(words) for token in _tokens(tokens, word, alike=alike)]
    found: list[set[str]] = [set() for _ in words]
    if asked:
        numbers, wanted = zip(*asked, strict=True)
        for number, sealed in await reader.rows(BEGINNING_SO, {"numbers": [*numbers], "tokens": [*wanted]}):
            if (word := tokens.open(bytes(sealed))) is not None:
                found[number].add(word)
    return [_term(word, known, alike=alike) for word, known in zip(words, found, strict=True)]


def _tokens(tokens: Tokens, word: str, *, alike: bool) -> list[int]:
    begins = [tokens.beginning(word)] if len(word) >= SHORTEST_BEGINNING else []
    return [*begins, *sorted(tokens.with_errors(word))] if alike else begins


def _term(word: str, known: set[str], *, alike: bool) -> Term:
    longer = sorted((each for each in known if each != word and each.startswith(word)), key=_length_first)
    most, near = errors_permitted(word), []
    if alike and most:
        counted = ((errors(word, each), len(each), each) for each in known - {word, *longer})
        near = [each for count, _length, each in sorted(counted) if count <= most][:MOST_ALIKE]
    return Term(word, frozenset(longer[:MOST_LONGER]), tuple(near))


def _length_first(word: str) -> tuple[int, str]:
    return len(word), word
