"""
Regrades: what was asked or what was right is changed after learners have answered, and their marks follow.

A regrade is proposed, looked at, and committed; then each attempt at the version is marked again, in the items that it
names and no others. What a person has given stays, for an item and for an attempt. Another regrade takes it back.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.late_policy import LatePolicy, problem_of_late_policy
from domain.questions import Number, Response, check_question, exact, key_from, question_from, written
from domain.quiz.changes import ItemChange, Json, Policy, Regrade
from domain.quiz.marks import GivenMark, ItemMark, mark_items, score_of
from domain.quiz.version import Version
from domain.quiz_errors import BadRegrade
from domain.score import Score

PERSON = "person"
"""The policy of a grade that a person gave to a whole attempt: no regrade changes it."""
BROUGHT = "brought"
"""The same for a grade that was given elsewhere: it is final, and being late takes nothing off."""


class MarkedAttempt(Protocol):
    """What is asked of an attempt here; see `QuizAttempt`."""

    items: list[str]
    marks: dict[str, ItemMark]
    hints: dict[str, int]
    given: dict[str, list[GivenMark]]
    score: Score | None
    passed: bool
    graded_by: str
    overridden: bool
    regraded: int
    days_late: int


class NewItem(msgspec.Struct, frozen=True):
    """What an item is to be; None for what stays. *points* are its weight."""

    item_id: str
    question: Json | None = None
    key: Json | None = None
    points: str | None = None


def regrade_of(version: Version, items: Sequence[NewItem], pass_bp: int | None, late: LatePolicy | None) -> Regrade:
    """
    What has to be changed so that *items* and the policy are as wanted; what is so already is left out.

    Raises:
        BadRegrade: an item is not there, or is listed twice, or is to be of another kind; a late policy says nothing.
        BadQuestion, UnreadableQuestion: a question and its key make no sense together.
    """
    if len({each.item_id for each in items}) < len(items):
        raise BadRegrade("an item is listed twice")
    if late is not None and (problem := problem_of_late_policy(late)):
        raise BadRegrade(f"the late policy says nothing: {problem}")
    changes = [_change(version, each) for each in items]
    old = Policy(version.pass_bp, version.rules.late)
    new = Policy(old.pass_bp if pass_bp is None else pass_bp, late or old.late)
    return Regrade(version.number, [each for each in changes if each is not None], old, new)


def _change(version: Version, wanted: NewItem) -> ItemChange | None:
    if wanted.item_id not in version.item_ids:
        raise BadRegrade(f"version {version.number} has no item {wanted.item_id}", item_id=wanted.item_id)
    old_question, old_key = (msgspec.to_builtins(each) for each in version.asked(wanted.item_id))
    question, key = wanted.question or dict(old_question), wanted.key or old_key
    if wanted.points is not None:
        question = {**question, "points": wanted.points}
    if question.get("question_id") != wanted.item_id or question.get("kind") != old_question["kind"]:
        raise BadRegrade(
            f"item {wanted.item_id} stays what it is, of the kind {old_question['kind']}: learners have answered that",
            item_id=wanted.item_id,
        )
    typed, typed_key = question_from(question), key_from(key)
    check_question(typed, typed_key)
    question, key = msgspec.to_builtins(typed), msgspec.to_builtins(typed_key)
    if (question, key) == (old_question, old_key):
        return None
    return ItemChange(wanted.item_id, old_question, old_key, question, key)


class Foreseen(NamedTuple):
    """
    What a regrade makes of an attempt.

    Attributes:
        marks: the marks that change, as they are then.
        score, passed: as they are then; those of before where a person has overridden the grade.
        others: the marks of items that do not change, where the attempt has none of them yet: it was graded at once.
    """

    marks: list[ItemMark]
    score: Score
    passed: bool
    others: Sequence[ItemMark] = ()


def foresee(
    attempt: MarkedAttempt,
    before: Version,
    after: Version,
    responses: Mapping[str, Response | None],
    late_of_unit: LatePolicy | None = None,
) -> Foreseen | None:
    """
    What a regrade makes of an attempt; None for one that it is not about, or that a person has graded as a whole.

    Args:
        before, after: its version, without and with the regrade.
        responses: by item.
        late_of_unit: what becomes of late work where the quiz says nothing.
    """
    if attempt.score is None or attempt.graded_by in (PERSON, BROUGHT) or attempt.regraded >= after.regrade_no:
        return None
    items = attempt.items or before.item_ids
    unmarked = [item_id for item_id in items if item_id not in attempt.marks]
    by_key = {each.item_id: each for each in mark_items(before, unmarked, responses, attempt.hints)}
    known = {**attempt.marks, **by_key}
    marks = {item_id: known[item_id] for item_id in items}
    for item_id in items:
        if after.asked(item_id) != before.asked(item_id):
            again = mark_items(after, [item_id], responses, attempt.hints)[0]
            marks[item_id] = _scaled(known[item_id], again.possible) if item_id in attempt.given else again
    changed = [each for item_id, each in marks.items() if each != known[item_id]]
    others = [mark for item_id, mark in by_key.items() if marks[item_id] == mark] if changed else []
    if not items:  # on paper: no key has found the score, and only what it takes to pass may be another
        return Foreseen(
            [], attempt.score, attempt.passed if attempt.overridden else attempt.score.reaches(after.pass_bp)
        )
    score = score_of(marks.values())
    if attempt.overridden or score is None:
        return Foreseen(changed, attempt.score, attempt.passed, others)
    late = after.rules.late or late_of_unit
    score = score if late is None else late.lowered(score, attempt.days_late)
    return Foreseen(changed, score, score.reaches(after.pass_bp), others)


def _scaled(given: ItemMark, possible: Number) -> ItemMark:
    """What a person gave, for an item that is worth more or less now: the same share."""
    if given.earned is None:
        return ItemMark(given.item_id, None, possible)
    return ItemMark(given.item_id, written(exact(given.earned) * exact(possible) / exact(given.possible)), possible)
