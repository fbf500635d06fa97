"""
What has changed between two texts, word by word, in a time that the length of the texts bounds.

Lines are compared first, and words only within lines that were put in the place of others. Where one side is long
its lines are shown as taken out and put in.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal, NamedTuple

MOST_WORDS = 400  # of each side, that are compared one by one
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Piece(NamedTuple):
    """A part of a text: in both, only in the older, or only in the newer one."""

    what: Literal["same", "out", "in"]
    text: str


def compared(old: str, new: str) -> list[Piece]:
    """The parts of both texts, in their order."""
    return list(_joined(_by_line(_LINES.findall(old), _LINES.findall(new))))


def _by_line(old: list[str], new: list[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        before, after = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            yield Piece("same", before)
            continue
        old_words, new_words = _WORDS.findall(before), _WORDS.findall(after)
        if old_words and new_words and max(len(old_words), len(new_words)) <= MOST_WORDS:
            yield from _by_word(old_words, new_words)
        else:
            yield Piece("out", before)
            yield Piece("in", after)


def _by_word(old: list[str], new: list[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[a:b]))
        else:
            yield Piece("out", "".join(old[a:b]))
            yield Piece("in", "".join(new[c:d]))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces without empty ones, those that follow one of their kind as one."""
    last: Piece | None = None
    for each in chain(pieces, [Piece("same", "")]):
        if last is not None and each.what == last.what:
            last = Piece(last.what, last.text + each.text)
        elif each.text or last is None:
            if last is not None and last.text:
                yield last
            last = each
    if last is not None and last.text:
        yield last
