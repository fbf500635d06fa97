"""
What the items of an attempt are worth: by the key, or by the people who grade what no key can.

Two people may grade an item, neither seeing what the other gave. If they are not further apart than the rules of the
quiz allow, the mean counts; else a person looks again and decides.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from domain.questions import Key, Marked, Number, Question, Response, by_rubric, exact, mark, total, written
from domain.questions.key import EssayKey, FileUploadKey
from domain.quiz.rules import Rules
from domain.quiz.version import Version
from domain.quiz_errors import AlreadyMarked, BadLevels, BadMark
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


def mark_items(
    version: Version, items: Iterable[str], responses: Mapping[str, Response | None], hints: Mapping[str, int]
) -> list[ItemMark]:
    """
    The marks of items by the key of *version*; an item without a response is worth nothing, whatever its kind.

    Args:
        hints: how many hints to an item were shown.
    """
    marks = []
    for item_id in items:
        found = mark(*version.asked(item_id), responses.get(item_id), hints_used=hints.get(item_id, 0))
        marks.append(ItemMark(item_id, found.earned, found.possible))
    return marks


def points_given(question: Question, key: Key, earned: Number | None, levels: Mapping[str, str]) -> Number:
    """
    What a person gives for an item: *earned*, or else what the chosen *levels* of the rubric are worth.

    Args:
        levels: by criterion.

    Raises:
        BadLevels: the rubric does not have them; or they alone are to say the points, and one is missing.
    """
    rubric = key.rubric if isinstance(key, EssayKey | FileUploadKey) else []
    known = {each.criterion_id: {level.level_id for level in each.levels} for each in rubric}
    for criterion_id, level_id in levels.items():
        if level_id not in known.get(criterion_id, ()):
            what = f"the rubric has no level {level_id} of a criterion {criterion_id}"
            raise BadLevels(item_id=question.question_id, what=what)
    if earned is not None:
        return earned
    if not rubric:
        raise BadLevels(item_id=question.question_id, what="it has no rubric: say how many points it earns")
    missing = sorted(known.keys() - levels.keys())
    if missing:
        raise BadLevels(item_id=question.question_id, what=f"no level is chosen of {', '.join(missing)}")
    return by_rubric(question, rubric, levels)


def after_hints(points: Number | None, question: Question, hints_used: int) -> Number | None:
    """What is left of the points that people give, once each hint that was shown has cost its share."""
    if points is None or not hints_used:
        return points
    cost = exact(question.points) * exact(question.hint_penalty) * hints_used
    return written(max(exact("0"), exact(points) - cost))


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
