"""
Questions of quizzes of before there were kinds: a text and options, the index of the right one, an index as answer.

Facts of that time say so for ever. Each item is a single choice whose options have their index as id.
"""

from collections.abc import Sequence
from typing import Protocol

from domain.questions.key import SingleChoiceKey
from domain.questions.question import Option, SingleChoice
from domain.questions.response import SingleChoiceResponse

NO_ANSWER = -1


class QuizItem(Protocol):
    """An item of `quiz.published`."""

    @property
    def item_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def options(self) -> Sequence[str]: ...


def from_item(item: QuizItem, right: int) -> tuple[SingleChoice, SingleChoiceKey]:
    """The question and the key of an item and the index of its right option."""
    options = [Option(option_id=str(index), text=text) for index, text in enumerate(item.options)]
    return (
        SingleChoice(question_id=item.item_id, text=item.text, options=options),
        SingleChoiceKey(shares={str(right): "1"}),
    )


def from_index(answer: int) -> SingleChoiceResponse | None:
    """The response that an index was; None for no answer."""
    return None if answer == NO_ANSWER else SingleChoiceResponse(option_id=str(answer))
