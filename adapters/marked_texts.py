"""Texts with the words marked that were looked for, in parts, so that who shows them needs no markup in them."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from projections.engine.words import words_of

AROUND = 80  # characters of a text before the first word that is marked
LONGEST_EXCERPT = 280  # characters
MARKUP = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)|^[ \t]{0,3}(?:#{1,6}|>|[-*+]|\d+\.)[ \t]+|[*_`~]{1,3}", re.MULTILINE)
RUN = re.compile(r"(?:[^\W_]|[+#]|[^\x00-\xbf\u2000-\u2bff\u3000-\u303f\ufe30-\ufe4f\uff00-\uff0f\w\s])+")
"""Letters, digits and what is written above or below them; signs of punctuation end a run."""
REMEMBERED = 50_000  # runs of signs


class MarkedPart(msgspec.Struct, kw_only=True):
    """A part of a text; *hit*: it is a word that was looked for."""

    text: str
    hit: bool


class Marks:
    """
    Marks words, which are given as they are compared.

    Attributes:
        seen: those that were marked.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        self.seen: set[str] = set()

    def around_hit(self, markdown: str) -> list[MarkedPart]:
        """An excerpt of a text in Markdown, in parts."""
        return self.parts_of(self.excerpt_of(plain_of(markdown)))

    def excerpt_of(self, text: str) -> str:
        """What stands around the first word of a text that is looked for."""
        first = next((found.start() for found in RUN.finditer(text) if self._hits(found.group())), 0)
        begin = 0 if first <= AROUND else min(first, text.find(" ", first - AROUND) + 1)
        part = text[begin : begin + LONGEST_EXCERPT]
        if begin + LONGEST_EXCERPT < len(text):
            part = (part.rpartition(" ")[0] or part) + " …"
        return f"… {part}" if begin else part

    def parts_of(self, text: str) -> list[MarkedPart]:
        """A text in parts, of which some are hits."""
        parts: list[MarkedPart] = []
        end = 0
        for found in RUN.finditer(text):
            if hits := self._hits(found.group()):
                if found.start() > end:
                    parts.append(MarkedPart(text=text[end : found.start()], hit=False))
                parts.append(MarkedPart(text=found.group(), hit=True))
                end = found.end()
                self.seen.update(hits)
        if end < len(text):
            parts.append(MarkedPart(text=text[end:], hit=False))
        return parts

    def _hits(self, run: str) -> list[str]:
        return [word for word in _words(run) if word in self._words]


@lru_cache(REMEMBERED)
def _words(run: str) -> tuple[str, ...]:
    return tuple(words_of(run))


def plain_of(markdown: str) -> str:
    """A text in Markdown in one line, without most of its marks."""
    return " ".join(MARKUP.sub(lambda found: found.group(1) or "", markdown).split())
