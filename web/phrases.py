"""
What the API says of a thing in English, for programs, and a page shows to people: in the language of the reader.

A reason why a question is left out, or a finding of a reconciliation, is a text of the API, and no problem with a code.
`locale/LANGUAGE/phrases.po` has such texts by their kind (`msgctxt`), with `{a}`, `{b}` for what stands at a place;
what stands there, and parts between `; `, are looked up as well. What no entry fits stays English, and says so.
"""

import re
from functools import cache, lru_cache

from markupsafe import Markup, escape

from web.words import ENGLISH, sentences

PLACE = re.compile(r"\{([a-f])\}")
PARTS = "; "
KEPT = 2_000  # phrases that a process keeps as they are said


def phrase(text: str, kind: str, language: str) -> Markup:
    """A text of a kind in a language; what there is only in English is marked as English."""
    said = _said(text, kind, language)
    if said is None:
        return Markup('<span lang="en">{}</span>').format(text)
    return escape(said)


@lru_cache(KEPT)
def _said(text: str, kind: str, language: str) -> str | None:
    """The whole text in a language; None where no entry fits it, or one of its parts."""
    if language == ENGLISH:
        return text
    if PARTS in text:
        parts = [_said(part, kind, language) for part in text.split(PARTS)]
        if None not in parts:
            return PARTS.join(part for part in parts if part)
    for pattern, translation in _patterns(kind, language):
        if (found := pattern.fullmatch(text)) is not None:
            places = {name: _said(value, kind, language) or value for name, value in found.groupdict().items()}
            return PLACE.sub(lambda place, places=places: places[place[1]], translation)  # type: ignore[misc]
    return None


def forget_phrases() -> None:
    """Read the files again when they are needed next."""
    _said.cache_clear()
    _patterns.cache_clear()


@cache
def _patterns(kind: str, language: str) -> list[tuple[re.Pattern[str], str]]:
    """The texts of a kind with any text at their places, those with the most words first."""
    found = sorted(sentences(language).of_problem(kind), key=lambda each: -len(PLACE.sub("", each[0])))
    return [(re.compile(_pattern(english), re.DOTALL), said) for english, said in found]


def _pattern(english: str) -> str:
    parts = PLACE.split(english)
    return "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
