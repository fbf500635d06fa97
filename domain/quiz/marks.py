"""
What the items of an attempt are worth: by the key, or by the people who grade what no key can.

Two people may grade an item, neither seeing what the other gave. If they are not further apart than the rules of the
quiz allow, the mean counts; else a person looks again and decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from domain.questions import Key, Marked, Number, Question, Response, exact, mark, total, written
from domain.quiz.rules import Rules
from domain.quiz.version import Version
from domain.quiz_errors import AlreadyMarked, BadMark
from domain.score import FULL, Score

Step = Literal["first", "second", "reconciled"]
"""Who has graded: one, the other of two, or the one who decides between them."""


class ItemMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one item of an attempt is worth: *earned* of *possible* points; None as long as a person has to grade it."""

    item_id: str
    earned: Number | None
    possible: Number


class GivenMark(msgspec.Struct, frozen=True):
    """What one person gave for an item."""

    grader: str
    earned: Number
    step: Step


class Decided(NamedTuple):
    """What a person's mark means: which step it is, and the points that count now, None while another has to grade."""

    step: Step
    final: Number | None


def mark_items(version: Version, items: Iterable[str], responses: Mapping[str, Response | None]) -> list[ItemMark]:
    """The marks of items by the key of *version*; an item without a response is worth nothing, whatever its kind."""
    return [_marked(item_id, *version.asked(item_id), responses.get(item_id)) for item_id in items]


def _marked(item_id: str, question: Question, key: Key, response: Response | None) -> ItemMark:
    found = mark(question, key, response)
    return ItemMark(item_id, found.earned, found.possible)


def score_of(marks: Iterable[ItemMark]) -> Score | None:
    """The sum of marks, exactly; None while a person has to grade one of them."""
    return total(Marked(earned=each.earned, possible=each.possible) for each in marks)


def decide_mark(item: ItemMark, given: Sequence[GivenMark], grader: str, earned: Number, rules: Rules) -> Decided:
    """
    What a person's mark means, after those that were *given* before.

    Raises:
        BadMark: it is not between 0 and the points of the item.
        AlreadyMarked: the item has all its marks.
    """
    points, possible = exact(earned), exact(item.possible)
    if not 0 <= points <= possible:
        raise BadMark(item_id=item.item_id, earned=earned, possible=item.possible)
    if item.earned is not None:
        raise AlreadyMarked(item_id=item.item_id)
    others = [each for each in given if each.grader != grader]
    if rules.markers == 1:
        return Decided("first", earned)
    if len(given) >= rules.markers:
        return Decided("reconciled", earned)
    if not others:
        return Decided("first", None)
    other = exact(others[0].earned)
    apart = abs(points - other) * FULL
    return Decided("second", written((points + other) / 2) if apart <= rules.apart_bp * possible else None)
