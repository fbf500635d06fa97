"""Questions from JSON."""

import pytest

from domain.questions import UnreadableQuestion, key_from, question_from, response_from
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
