"""Answers as forms have them: what is drawn and sent back unchanged is the same answer, for each kind of question."""

import pytest

from web.learn.answers import digest, response_of, shown_text, with_gaps


@pytest.mark.fast
def test_fields_of_each_kind() -> None:
    """Empty fields are no answer; line ends are those of the API."""
    fields = {"kind:i": "essay", "a:i": " one\r\ntwo "}
    assert response_of("i", fields) == {"kind": "essay", "text": "one\ntwo"}
    assert response_of("i", {"kind:i": "essay", "a:i": "  "}) is None
    chosen = {"kind:i": "multiple_choice", "a:i:o2": "on", "a:i:o1": "on", "a:ii:o3": "on"}
    assert response_of("i", chosen) == {"kind": "multiple_choice", "option_ids": ["o1", "o2"]}
    assert response_of("i", {"kind:i": "true_false", "a:i": "false"}) == {"kind": "true_false", "answer": False}
    number = {"kind:i": "numeric", "a:i": "5", "a:i:unit": "cm"}
    assert response_of("i", number) == {"kind": "numeric", "value": "5", "unit": "cm"}
    placed = {"kind:i": "ordering", "a:i:x": "2", "a:i:y": "1", "a:i:z": "", "a:i:w": "2"}
    assert response_of("i", placed) == {"kind": "ordering", "order": ["y", "x", "w"]}
    matched = {"kind:i": "matching", "a:i:p1": "c1", "a:i:p2": ""}
    assert response_of("i", matched) == {"kind": "matching", "pairs": {"p1": "c1"}}
    gaps = {"kind:i": "cloze", "kind:i:g1": "numeric", "a:i:g1": "3", "kind:i:g2": "short_text", "a:i:g2": ""}
    assert response_of("i", gaps) == {"kind": "cloze", "gaps": {"g1": {"kind": "numeric", "value": "3"}}}
    assert response_of("i", {"kind:i": "no_such_kind", "a:i": "x"}) is None


@pytest.mark.fast
def test_equal_answers_have_equal_digests() -> None:
    """Whatever the order in which options were chosen; an empty unit is none."""
    assert digest({"kind": "multiple_choice", "option_ids": ["b", "a"]}) == digest(
        {"kind": "multiple_choice", "option_ids": ["a", "b"]}
    )
    assert digest({"kind": "ordering", "order": ["b", "a"]}) != digest({"kind": "ordering", "order": ["a", "b"]})
    assert digest({"kind": "numeric", "value": "1", "unit": ""}) == digest({"kind": "numeric", "value": "1"})
    assert digest(None) != digest({"kind": "essay", "text": "x"})


@pytest.mark.fast
def test_texts_of_questions_act_in_no_format() -> None:
    """Scripts are taken out or written as they are; a gap in an attribute stays text."""
    attack = '<img src=x onerror=alert(1)><script>alert(1)</script> {{g1}} <b title="{{g1}}">x</b>'
    for form in ("plain", "markdown", "html"):
        shown = str(shown_text(attack, form))
        assert "<script" not in shown
        assert "<img src=x onerror" not in shown
    pieces = with_gaps(attack, "html")
    assert [gap for _, gap in pieces] == ["g1", ""]
    assert '<b title="{{g1}}">' in "".join(text for text, _ in pieces)
