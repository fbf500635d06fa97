"""What a learner answers: the right answer to a question, or one that is not."""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from domain.questions import Key, Question, right_response
from domain.questions.question import (
    Cloze,
    Matching,
    MultipleChoice,
    Numeric,
    Ordering,
    ShortText,
    SingleChoice,
    TrueFalse,
)


def answer(question: Question, key: Key, dice: random.Random, *, knows: float) -> tuple[dict[str, Any], bool]:
    """A response as JSON, right with the probability *knows*; and whether it is."""
    right: dict[str, Any] = msgspec.to_builtins(right_response(key))
    if dice.random() < knows:
        return right, True
    wrong = {**right, **_other(question, right, dice)}
    return wrong, wrong == right


def _other(question: Question, right: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """What is different in a wrong response."""
    return _OTHER[type(question)](question, right, dice) if type(question) in _OTHER else {}


def _another_option(question: Any, right: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    others = [option.option_id for option in question.options if option.option_id != right["option_id"]]
    return {"option_id": dice.choice(others)}


def _turned(_: Any, right: dict[str, Any], __: random.Random) -> dict[str, Any]:
    """Each prompt has the choice of the next one."""
    choices = [*right["pairs"].values()]
    return {"pairs": dict(zip(right["pairs"], [*choices[1:], choices[0]], strict=True))}


_OTHER: dict[type, Callable[[Any, dict[str, Any], random.Random], dict[str, Any]]] = {
    SingleChoice: _another_option,
    MultipleChoice: lambda question, _, dice: {"option_ids": [dice.choice(question.options).option_id]},
    TrueFalse: lambda _, right, __: {"answer": not right["answer"]},
    Numeric: lambda _, __, dice: {"value": str(dice.choice((2, 3, 7, 12)))},
    ShortText: lambda _, __, dice: {"text": dice.choice(("not sure", "?", "the other one"))},
    Ordering: lambda _, right, __: {"order": [*reversed(right["order"])]},
    Matching: _turned,
    Cloze: lambda _, right, __: {"gaps": dict([*right["gaps"].items()][:1])},
}
