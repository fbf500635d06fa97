"""Questions from JSON."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from domain.questions import (
    Question,
    UnreadableQuestion,
    check_question,
    check_response,
    key_from,
    question_from,
    response_from,
)
from domain.questions.question import TrueFalse


def test_json_of_each_sort() -> None:
    """Bytes and plain values are read alike."""
    asked = {"kind": "true_false", "question_id": "q", "text": "?"}
    assert question_from(asked) == question_from(b'{"kind":"true_false","question_id":"q","text":"?"}')
    assert question_from(asked) == TrueFalse(question_id="q", text="?")
    assert key_from({"kind": "true_false", "right": True}).right is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"kind": "hotspot"}, "Invalid value 'hotspot'"),
        ({"kind": "true_false", "question_id": 7, "text": "?"}, r"\$\.question_id"),
        ({"kind": "true_false", "question_id": "q", "text": "?", "points": "many"}, r"\$\.points"),
        (b"{", "truncated"),
        (b'{"kind":"\xff"}', "utf-8"),
    ],
)
def test_what_is_no_question(data: object, problem: str) -> None:
    """A kind of a later release, a field of another type: the error says where."""
    with pytest.raises(UnreadableQuestion, match=f"no question that this release knows: .*{problem}"):
        question_from(data)


def test_what_is_no_response() -> None:
    """As for questions."""
    with pytest.raises(UnreadableQuestion, match="no response"):
        response_from({"kind": "essay"})


STORED = Path(__file__).parents[2] / "data" / "questions" / "stored"
READERS: dict[str, Any] = {"question": question_from, "key": key_from, "response": response_from}


def test_every_kind_has_a_stored_example() -> None:
    """Such questions, keys and responses stand in facts: none of the files is ever changed."""
    kinds = {str(each.__struct_config__.tag) for each in get_args(Question)}
    assert {path.stem for path in STORED.glob("*.json")} == kinds


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_what_was_stored_is_read_and_written_as_it_was(path: Path) -> None:
    """Byte by byte; the question makes sense with its key and takes the response."""
    stored = path.read_bytes()
    read = {name: READERS[name](value) for name, value in msgspec.json.decode(stored).items()}
    assert msgspec.json.encode(read) == stored
    check_question(read["question"], read["key"])
    check_response(read["question"], read["response"])
