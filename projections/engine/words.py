"""
Words of texts in any language, for search: the same words from what is stored and from what is asked.

PostgreSQL keeps them as `tsvector` and finds them by `tsquery`; both are written here as text, so that a word is the
same in every store and whatever the locale of a server is.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NewType

Lexemes = NewType("Lexemes", str)
"""Words with their places and weights, as PostgreSQL writes a `tsvector`: sorted, each once."""

LONGEST_WORD = 60  # characters; PostgreSQL's levenshtein takes 255 bytes
MOST_WORDS = 3_000  # different ones of one document; PostgreSQL's tsvector holds 1 MB
MOST_PLACES = 8  # of one word in one document
LAST_PLACE = 16_383  # of a tsvector

Weight = Literal["A", "B", "C", "D"]

ACCENTS = re.compile(r"[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; marks of other scripts make other words
LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
UNSPACED = re.compile(  # scripts that put no space between words: Thai to Burmese, Khmer, Kana, Han
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
PARTS = re.compile(r"[^+#]+[+#]*")  # C++ and C# are words, `a+b` is two


def plain(text: str) -> str:
    """*text* without case, accents, and forms that look the same."""
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", bare).translate(LETTERS)


def words_of(text: str) -> Iterator[str]:
    """
    The words of a text in their order.

    Where a script has no spaces, each pair of neighbours is a word, so that every part of two signs is found.
    """
    spaced = "".join(sign if _in_word(sign) else " " for sign in plain(text))
    for run in spaced.split():
        for part in PARTS.findall(run):
            yield from _split(part)


def _in_word(sign: str) -> bool:
    return sign.isalnum() or sign in "+#" or unicodedata.category(sign).startswith("M")


def _split(word: str) -> Iterator[str]:
    """A word, or what stands between its parts in a script without spaces, and the pairs of these."""
    end = 0
    for found in UNSPACED.finditer(word):
        if found.start() > end:
            yield word[end : found.start()][:LONGEST_WORD]
        signs, end = found.group(), found.end()
        yield from (signs[place : place + 2] for place in range(max(1, len(signs) - 1)))
    if end < len(word):
        yield word[end:][:LONGEST_WORD]


def lexemes(parts: Iterable[tuple[str, Weight]]) -> Lexemes:
    """The words of a document from its *parts*, each with its weight; `A` weighs most."""
    places: dict[str, list[str]] = {}
    place = 0
    for text, weight in parts:
        mark = "" if weight == "D" else weight  # as PostgreSQL writes it
        for word in words_of(text):
            place = min(place + 1, LAST_PLACE)
            if (found := places.get(word)) is None:
                if len(places) == MOST_WORDS:
                    continue
                found = places[word] = []
            if len(found) < MOST_PLACES and place < LAST_PLACE:
                found.append(f"{place}{mark}")
    return Lexemes(" ".join(_lexeme(word, places[word]) for word in sorted(places, key=str.encode)))


def _lexeme(word: str, places: Sequence[str]) -> str:
    return f"'{word}':{','.join(places)}" if places else f"'{word}'"


def tsquery(choices: Iterable[Iterable[str]], *, every: bool = True) -> str:
    """
    The text of a `tsquery`.

    Args:
        choices: for each word that is asked for, what may stand for it; `word*` stands for each word that begins so.
        every: whether each of them must be there; else one.
    """
    groups = ("(" + " | ".join(map(_operand, words)) + ")" for words in choices)
    return (" & " if every else " | ").join(groups)


def _operand(word: str) -> str:
    return f"'{word[:-1]}':*" if word.endswith("*") else f"'{word}'"
