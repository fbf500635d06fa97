"""Statements of the Experience API, one of each kind of fact that learners have."""

import uuid
from typing import Any

import msgspec
import pytest

from adapters.xapi.statements import LEARNING_FACTS, NAMESPACE, Statements
from domain.codec import decode_data, version_of
from domain.fact import Fact, Meta
from domain.personal import is_sealed
from domain.registry import FACTS
from tests.domain.test_golden import aggregate_of, golden
from tests.support.given import AT, STREAMS
from tests.support.xapi_rules import check_statement

HERE = "https://campus.example"
ADL = "http://adlnet.gov/expapi/verbs/"
SEALED = "s1.1.reason.AAAA"


def of_type(name: str, *, actor: str = "ann", role: str | None = None, **fields: Any) -> Fact:
    """A fact of this kind as its golden file has it, with some fields otherwise."""
    version = version_of(FACTS[name])
    data = decode_data(name, version, golden(name, version).read_bytes()) | fields
    meta = Meta(event_id="0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f", actor=actor, source="api", role=role)
    stream = STREAMS[aggregate_of(name).category]
    return Fact(7, stream, 1, name, version, 0, data, meta, AT, AT)


def said(fact: Fact) -> dict[str, Any]:
    """The statement of a fact, as it is read back from its line."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(Statements(HERE).of(fact)))
    check_statement(found)
    return found


@pytest.mark.parametrize("name", LEARNING_FACTS)
def test_each_kind_of_fact_is_a_statement(name: str) -> None:
    """By the rules of the specification, about the learner, and the same each time."""
    fact = of_type(name)
    found = said(fact)
    assert found == said(fact)
    assert found["id"] == str(uuid.uuid5(NAMESPACE, fact.meta.event_id))
    assert found["actor"]["account"] == {"homePage": HERE, "name": "ann"}
    assert found["context"]["extensions"][f"{HERE}/xapi/extensions/fact"] == name


def test_what_is_sealed_is_in_no_statement() -> None:
    """Neither the words of a learner, nor those about one, whatever a fact has there."""
    assert is_sealed(SEALED)
    for name in LEARNING_FACTS:
        words = {field: SEALED for field in ("reason", "words", "comment") if field in of_type(name).data}
        assert SEALED not in msgspec.json.encode(Statements(HERE).of(of_type(name, **words))).decode()


def test_a_grade_passes_or_fails() -> None:
    """With the score as it is: exact points, and their share."""
    passed = said(of_type("attempt.graded", points=2, possible=3, score_bp=6_667, passed=True))
    assert passed["verb"]["id"] == f"{ADL}passed"
    assert passed["result"] == {
        "score": {"scaled": 0.666667, "raw": 2, "min": 0, "max": 3},
        "success": True,
    }
    assert passed["object"]["id"] == f"{HERE}/xapi/quizzes/equations"
    failed = said(of_type("attempt.graded", points=1, possible=3, score_bp=3_333, passed=False))
    assert (failed["verb"]["id"], failed["result"]["success"]) == (f"{ADL}failed", False)


def test_an_outcome_passes_or_fails() -> None:
    """A revised one by what is new."""
    decided = said(of_type("progress.course_outcome_decided", outcome="distinction", grade_bp=9_000))
    assert (decided["verb"]["id"], decided["result"]["score"]["scaled"]) == (f"{ADL}passed", 0.9)
    revised = said(of_type("progress.course_outcome_revised", old="pass", new="fail", new_grade_bp=None))
    assert (revised["verb"]["id"], revised["result"]) == (f"{ADL}failed", {"success": False, "completion": True})
    left = said(of_type("progress.course_outcome_decided", outcome="withdrawn", grade_bp=None))
    assert (left["verb"]["id"], left["result"]) == (f"{ADL}exited", {"completion": False})


def test_an_answer_is_about_its_item() -> None:
    """What was chosen is the response; a deterministic text."""
    answer = said(of_type("attempt.answer_saved", item_id="i 1", response={"kind": "x", "option_id": "2"}))
    assert answer["verb"]["id"] == f"{ADL}answered"
    assert answer["object"]["id"] == f"{HERE}/xapi/quizzes/equations/items/i%201"
    assert answer["result"] == {"response": '{"kind":"x","option_id":"2"}'}
    assert answer["context"]["contextActivities"]["parent"][0]["id"] == f"{HERE}/xapi/quizzes/equations"


def test_who_of_the_staff_has_done_it_is_the_instructor() -> None:
    """The statement stays one about the learner; what programs and operators do has no instructor."""
    by_staff = said(of_type("attempt.grade_overridden", actor="grace", role="instructor@run:algebra-1"))
    assert by_staff["context"]["instructor"]["account"]["name"] == "grace"
    for actor, role in (("ann", None), ("reactor", None), ("root", "operator")):
        assert "instructor" not in said(of_type("attempt.grade_overridden", actor=actor, role=role))["context"]


def test_points_beyond_what_is_possible() -> None:
    """Extra credit has no maximum, and the share is one."""
    found = said(of_type("progress.unit_completed", points=12, possible=10, score_bp=12_000))
    assert found["result"]["score"] == {"scaled": 1.0, "raw": 12, "min": 0}
