"""Items of choice with one right option, as quizzes had them first; domain/questions has the other kinds."""

from collections.abc import Sequence

import msgspec

from domain.quiz_errors import AnswerCountMismatch, BadQuiz
from domain.score import Score

MAX_ITEMS = 500


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question: its text and its options; the index of the right one stands in the key."""

    item_id: str
    text: str
    options: list[str]


def mark(answers: Sequence[int], key: Sequence[int]) -> Score:
    """
    Score one attempt by exact match: a point for each right answer.

    Args:
        answers: chosen option per question, counted from 0, -1 for none; as long as *key*.
        key: correct option per question.

    Raises:
        AnswerCountMismatch: *answers* and *key* differ in length.
    """
    if len(answers) != len(key):
        raise AnswerCountMismatch(answers=len(answers), questions=len(key))
    right = sum(given == wanted for given, wanted in zip(answers, key, strict=True))
    return Score(right, len(key)) if key else Score(0)


def check_items(items: Sequence[Item], key: Sequence[int]) -> None:
    """Refuse items that are listed twice or have no right option; raises BadQuiz."""
    if len(items) != len(key) or len(items) > MAX_ITEMS:
        raise BadQuiz(f"{len(items)} items and {len(key)} keys: one key for each of at most {MAX_ITEMS} items")
    if len({item.item_id for item in items}) < len(items):
        raise BadQuiz("an item is listed twice")
    for item, right in zip(items, key, strict=True):
        if not 0 <= right < len(item.options):
            raise BadQuiz(
                f"item {item.item_id} has {len(item.options)} options, none with the index {right}",
                item_id=item.item_id,
            )
