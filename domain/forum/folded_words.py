"""
Words of a text as they are compared with a list: whole, without case, and whatever letters only look alike.

People hide a word by letters of other scripts (a Cyrillic a), by marks over letters, by characters that are not shown,
by capitals, by digits that look like letters, by Markdown between letters, or by spaces between all of them. An entry
of a list is folded in the same way, so a word of any script is found as it is written. A letter with a mark that a
language has (ö) stays what it is: `schon` and `schön` are two words.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_PAIRS = (
    # Cyrillic
    "\u0430a \u0432b \u0435e \u0455s \u0456i \u0458j \u043ak \u043cm \u043dh \u043eo \u0440p "
    "\u0441c \u0442t \u0443y \u0445x \u0501d \u051bq \u051dw \u0451e \u04bbh \u04cfl \u04afy "
    "\u0493f \u04abc \u050dg "
    # Greek
    "\u03b1a \u03b2b \u03b5e \u03b6z \u03b7n \u03b9i \u03bak \u03bdv \u03bfo \u03c1p \u03c4t "
    "\u03c5u \u03c7x \u03c9w \u03b3y \u03c3o \u03f2c "
    # Latin letters that no common spelling has
    "\u0251a \u0261g \u0269i \u0280r \u028fy "
    "\u1d00a \u0299b \u1d04c \u1d05d \u1d07e \ua730f \u0262g \u029ch \u026ai \u1d0aj \u1d0bk "
    "\u029fl \u1d0dm \u0274n \u1d0fo \u1d18p \ua731s \u1d1bt \u1d1cu \u1d20v \u1d21w \u1d22z "
    # Armenian
    "\u0585o \u057du \u0578n \u0570h \u0581g "
    "0o 1l 3e 4a 5s 7t "
)
_LOOKS_LIKE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_ADDED_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
_MARKDOWN = str.maketrans("", "", "*_~`\\")
_SIGNS = str.maketrans("@$", "as")
_WORD = re.compile(r"\w+")
_WITH_SIGNS = re.compile(r"[\w@$]*[@$][\w@$]*")
FEWEST_SPACED = 3  # letters that stand alone one after the other before they are read as one word


class Folded(NamedTuple):
    """The words of a text in their order, and those that have signs in the place of letters (`a$$`)."""

    words: tuple[str, ...]
    disguised: tuple[str, ...]


def folded(text: str) -> Folded:
    """The words of a text."""
    plain = _plain(text)
    disguised = (each.translate(_SIGNS) for each in _WITH_SIGNS.findall(plain))
    return Folded(_words(plain), tuple(_alike(each) for each in disguised))


def folded_entry(entry: str) -> tuple[str, ...]:
    """The words of an entry of a list, whose signs are letters."""
    return _words(_plain(entry).translate(_SIGNS))


def _plain(text: str) -> str:
    """Without case, marks that were added, Markdown, and characters that are not shown."""
    shown = "".join(each for each in html.unescape(text) if unicodedata.category(each) != "Cf")
    plain = unicodedata.normalize("NFKC", shown).casefold().translate(_MARKDOWN)
    return _ADDED_MARKS.sub("", unicodedata.normalize("NFC", plain))


def _words(plain: str) -> tuple[str, ...]:
    return tuple(_alike(word) for word in _WORD.findall(plain))


def _alike(word: str) -> str:
    """A word in the letters that it looks like; a number stays one."""
    return word if word.isdecimal() else word.translate(_LOOKS_LIKE)


def candidates(text: Folded, lengths: Iterable[int]) -> Iterator[tuple[str, ...]]:
    """What entries of so many words are compared with: runs of words, single letters in a row, words with signs."""
    for length in lengths:
        for first in range(len(text.words) - length + 1):
            yield text.words[first : first + length]
    yield from ((word,) for word in text.disguised)
    alone = ""
    for word in (*text.words, ".."):
        if len(word) == 1:
            alone += word
            continue
        if len(alone) >= FEWEST_SPACED:
            yield (_alike(alone),)
        alone = ""
