"""
Tokens: numbers that stand for words and places in the index of the forum, made with a key of the campus.

The same word has the same token, so that PostgreSQL finds it, and without the key a token says nothing of its word. A
word is kept beside its token only sealed (AES-SIV, RFC 5297: the same word has the same sealed bytes, so the index can
be compared after a rebuild), with tokens of what it is found by when it is typed in part, or with errors.
"""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import combinations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from projections.engine.words import MOST_WORDS, words_of

SIZE = 8  # bytes of a token: a signed bigint of PostgreSQL
SHORTEST_BEGINNING, LONGEST_BEGINNING = 3, 12  # letters by which a longer word is found
SHORTEST_WITH_ERROR, SHORTEST_WITH_TWO = 4, 8  # letters of words that may be typed with one error, or two
LONGEST_WITH_ERROR, LONGEST_WITH_TWO = 24, 14  # letters; longer words are pasted rather than typed
FIRST_SPAN, SPANS, STEP = 14, 6, 3
"""The smallest span of the log that has a token is 2^14 positions; each of the next five is eight times as long."""


class Tokens:
    """Makes tokens with a *key* of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(b"tokens", key=key).digest()
        self._sealing = AESSIV(blake2b(b"words", key=key).digest())
        self._known: dict[str, int] = {}

    @property
    def check(self) -> int:
        """What says with which key an index was made."""
        return self._of("check", "")

    def word(self, word: str) -> int:
        """The token of a word."""
        found = self._known.get(word)
        if found is None:
            if len(self._known) > 100_000:
                self._known.clear()
            found = self._known[word] = self._of("word", word)
        return found

    def words(self, text: str) -> list[int]:
        """The tokens of all words of a text, each once, sorted."""
        return sorted({self.word(word) for word in distinct_words(text)})

    def run(self, run_id: str) -> int:
        """The token of a run."""
        return self._of("run", run_id)

    def author(self, learner_id: str) -> int:
        """The token of who has written a post."""
        return self._of("author", learner_id)

    def spans(self, position: int) -> list[int]:
        """The tokens of the spans of the log in which a position lies."""
        return [self.span(level, position >> _bits(level)) for level in range(SPANS)]

    def span(self, level: int, number: int) -> int:
        """The token of one span."""
        return self._of(f"span{level}", str(number))

    def range(self, first: int, last: int) -> list[int]:
        """The tokens of the fewest spans that together have all positions of the smallest spans *first* to *last*."""
        found, level = [], 0
        while first <= last and level < SPANS - 1:
            while first <= last and first % (1 << STEP):
                found.append(self.span(level, first))
                first += 1
            while first <= last and (last + 1) % (1 << STEP):
                found.append(self.span(level, last))
                last -= 1
            if first > last:
                return found
            first, last, level = first >> STEP, last >> STEP, level + 1
        return [*found, *(self.span(level, number) for number in range(first, last + 1))]

    def near(self, word: str) -> list[int]:
        """The tokens of what a word is found by beside itself, sorted; none for a short one."""
        beginnings = {self.beginning(word[:length]) for length in range(SHORTEST_BEGINNING, _longest(word) + 1)}
        return sorted(beginnings | self.with_errors(word))

    def beginning(self, letters: str) -> int:
        """The token of words that begin so."""
        return self._of("begins", letters[:LONGEST_BEGINNING])

    def with_errors(self, word: str) -> set[int]:
        """The tokens of a word without one letter or two: words that are one or two errors apart have one in common."""
        return {self._of("lacks", left) for left in _left(word)}

    def seal(self, word: str) -> bytes:
        """A word, to be kept."""
        return self._sealing.encrypt(word.encode(), None)

    def open(self, sealed: bytes) -> str | None:
        """A word that was kept; None if another key has sealed it."""
        try:
            return self._sealing.decrypt(sealed, None).decode()
        except InvalidTag:
            return None

    def _of(self, kind: str, text: str) -> int:
        found = blake2b(text.encode(), digest_size=SIZE, key=self._key, person=kind.encode()).digest()
        return int.from_bytes(found, "big", signed=True)


def _bits(level: int) -> int:
    return FIRST_SPAN + level * STEP


def _longest(word: str) -> int:
    """The length of the longest beginning of a word that has a token: the whole word has its own."""
    return min(len(word) - 1, LONGEST_BEGINNING)


def _left(word: str) -> Iterator[str]:
    if not SHORTEST_WITH_ERROR <= len(word) <= LONGEST_WITH_ERROR or word.isdigit():
        return
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]
    if SHORTEST_WITH_TWO <= len(word) <= LONGEST_WITH_TWO:
        for first, second in combinations(range(len(word)), 2):
            yield word[:first] + word[first + 1 : second] + word[second + 1 :]


def distinct_words(text: str) -> list[str]:
    """The words of a text in their order, each once."""
    return list(dict.fromkeys(words_of(text)))[:MOST_WORDS]


def errors_permitted(word: str) -> int:
    """How many errors what was typed may have."""
    return 0 if len(word) < SHORTEST_WITH_ERROR else 1 if len(word) < SHORTEST_WITH_TWO else 2


def errors(one: str, other: str) -> int:
    """How many letters were left out, added, changed, or have changed places with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        earlier, before, row = before, row, [number]
        for place, found in enumerate(other, 1):
            cost = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != found))
            if number > 1 and place > 1 and letter == other[place - 2] and one[number - 2] == found:
                cost = min(cost, earlier[place - 2] + 1)
            row.append(cost)
    return row[-1]
