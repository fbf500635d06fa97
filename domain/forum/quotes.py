"""
Words of one post in another: `>[#3.0 12-80]` on a line of a text, which stands for a part of what a post has said.

The numbers are those of the post, of its edit, and of the first character and the one after the last. So a text that
quotes has no copy of what another person has written, and what is erased or removed there is gone here, too.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.forum.errors import TooManyQuotes

MOST_QUOTES = 10  # of one post
QUOTE = re.compile(r"^>\[#(\d{1,7})\.(\d{1,6}) (\d{1,5})-(\d{1,5})\]$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(```|~~~)")


class Quote(NamedTuple):
    """A part of a post as it was after so many edits."""

    post_no: int
    edits: int
    start: int
    end: int

    @property
    def mark(self) -> str:
        """The line that stands for it in a text."""
        return f">[#{self.post_no}.{self.edits} {self.start}-{self.end}]"


class Quotable(NamedTuple):
    """What a post says now, after so many edits."""

    post_no: int
    edits: int
    text: str


class _Words(NamedTuple):
    """A text with one space between its words, and where in the text each character was."""

    text: str
    places: Sequence[int]


def quotes_in(text: str) -> list[Quote]:
    """The parts that a text quotes, in its order."""
    return [Quote(*map(int, found)) for found in QUOTE.findall(text)]


def has_lines_of_others(text: str) -> bool:
    """Whether a text has lines that begin with `>`."""
    return text.startswith(">") or "\n>" in text


def with_quotes(text: str, posts: Sequence[Quotable]) -> str:
    """
    The text with a mark in the place of each block of lines after `>` that one of the posts says, however it is broken.

    Raises:
        TooManyQuotes: it quotes too often.
    """
    known = [(post, _words(post.text)) for post in posts]
    lines: list[str] = []
    block: list[str] = []
    is_code = False
    for line in (*text.split("\n"), ""):
        if line.startswith(">") and not is_code and not QUOTE.match(line):
            block.append(line)
            continue
        if block:
            found = _found("\n".join(each[1:] for each in block), known)
            lines += [found.mark] if found else block
            block = []
        is_code ^= bool(_FENCE.match(line))
        lines.append(line)
    result = "\n".join(lines[:-1])
    if len(quotes_in(result)) > MOST_QUOTES:
        raise TooManyQuotes(most=MOST_QUOTES)
    return result


def words_of(text: str) -> str:
    """The words of a text with one space between them, to find them in another."""
    return " ".join(text.split())


def _found(said: str, posts: Iterable[tuple[Quotable, _Words]]) -> Quote | None:
    wanted = words_of(said)
    for post, words in posts:
        at = words.text.find(wanted) if wanted else -1
        if at >= 0:
            return Quote(post.post_no, post.edits, words.places[at], words.places[at + len(wanted) - 1] + 1)
    return None


def _words(text: str) -> _Words:
    characters, places = list[str](), list[int]()
    for word in re.finditer(r"\S+", text):
        if characters:
            characters.append(" ")
            places.append(word.start() - 1)
        characters.append(word[0])
        places += range(word.start(), word.end())
    return _Words("".join(characters), places)
