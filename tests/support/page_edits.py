"""
Edits as pages show them: a diff that names its places by words, not by line numbers, which every other edit would move.

A change begins with `@@`. Its lines that are there before are found once in the file, or, where words follow the `@@`,
are the first ones after the one line that has these words. `…` is whatever else is in a line.
"""

import re
from collections.abc import Iterator

REST = "…"


class PlaceNotFound(Exception):
    """A change fits no place, or several."""


def edited(text: str, diff: str) -> str:
    """
    The text of a file after the changes of a diff.

    Raises:
        PlaceNotFound: the place of a change is not there, or is not the only one.
    """
    lines = text.splitlines()
    for words, change in _changes(diff):
        old = [line[1:] for line in change if line[:1] != "+"]
        places = _places(lines, old, _after(lines, words))
        if not places or (len(places) > 1 and not words):
            raise PlaceNotFound(f"{len(places)} places of {old}" + f" after {words!r}" * bool(words))
        lines[places[0] : places[0] + len(old)] = _changed(lines[places[0] :], change)
    return "\n".join([*lines, ""])


def _changes(diff: str) -> Iterator[tuple[str, list[str]]]:
    """Each change of a diff: the words before its place, and its lines."""
    for part in re.split(r"^@@", diff, flags=re.MULTILINE)[1:]:
        words, *lines = part.splitlines()
        yield words.strip(), lines


def _after(lines: list[str], words: str) -> int:
    """The number of the line after the one that has these words."""
    if not words:
        return 0
    found = [number for number, line in enumerate(lines) if words in line]
    if len(found) != 1:
        raise PlaceNotFound(f"{len(found)} lines have {words!r}")
    return found[0] + 1


def _pattern(line: str) -> str:
    return "(.*)".join(map(re.escape, line.split(REST)))


def _places(lines: list[str], old: list[str], start: int) -> list[int]:
    """Where the lines *old* are."""
    patterns = [re.compile(_pattern(line)) for line in old]
    return [
        number
        for number in range(start, len(lines) - len(old) + 1)
        if all(pattern.fullmatch(line) for pattern, line in zip(patterns, lines[number:], strict=False))
    ]


def _changed(lines: list[str], change: list[str]) -> list[str]:
    """The lines of a place after a change."""
    were, rests, new = iter(lines), list[str](), list[str]()
    for line in change:
        if line[:1] == "+":
            first, *others = line[1:].split(REST)
            new.append(first + "".join(rests.pop(0) + other for other in others))
        elif line[:1] == "-":
            matched = re.fullmatch(_pattern(line[1:]), next(were))
            rests += matched.groups() if matched else ()
        else:
            new.append(next(were))
    return new
