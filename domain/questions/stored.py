"""Questions, keys and responses from JSON, with errors that name the place."""

from typing import Any, TypeVar

import msgspec

from domain.errors import Rejected
from domain.questions.key import Key
from domain.questions.question import Question
from domain.questions.response import Response

T = TypeVar("T")


class UnreadableQuestion(Rejected):
    """JSON that is no question, no key or no response; perhaps of a kind that a later release has."""

    code = "unreadable_question"
    template = "this is no {what} that this release knows: {problem}"


def question_from(data: Any) -> Question:
    """A question from its JSON, as bytes or as plain values; raises UnreadableQuestion."""
    return _read("question", data, Question)  # type: ignore[arg-type]


def key_from(data: Any) -> Key:
    """A key from its JSON; raises UnreadableQuestion."""
    return _read("key", data, Key)  # type: ignore[arg-type]


def response_from(data: Any) -> Response:
    """A response from its JSON; raises UnreadableQuestion."""
    return _read("response", data, Response)  # type: ignore[arg-type]


def _read(what: str, data: Any, of: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=of) if isinstance(data, bytes) else msgspec.convert(data, of)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnreadableQuestion(what=what, problem=str(error)) from None
