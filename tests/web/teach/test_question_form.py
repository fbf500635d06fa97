"""A question becomes the fields of a form, and the same question again; what is wrong stands beside its field."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from domain.questions import check_question, key_from, question_from
from tests.support.every_kind import ASKED
from web.client import Problem
from web.page import Page
from web.teach.forms import Form
from web.teach.question_form import fields_of, note_refusal, question_of
from web.teach.question_rows import share_in, share_out

PAGE = cast(Page, SimpleNamespace(say=lambda text, **values: text % values if values else text))


def form(fields: dict[str, str]) -> Form:
    """A form that was sent."""
    return Form(PAGE, fields)


def _as_stored(question: dict[str, Any], key: dict[str, Any]) -> Any:
    read = question_from({"question_id": "q", **question}), key_from(key)
    check_question(*read)
    return msgspec.to_builtins(read)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked["question"]["kind"])
@pytest.mark.parametrize("knows_old", [True, False], ids=["changed", "copied"])
def test_a_question_is_the_same_after_its_form(asked: dict[str, Any], knows_old: bool) -> None:  # noqa: FBT001
    """Of every kind; where it is new the ids of what a form has as lines may be others, and nothing else."""
    question = {**asked["question"], "question_id": "q"}
    typed = form(fields_of(question, asked["key"]))
    parts = question_of(typed, asked if knows_old else None)
    assert typed.is_right
    found = _as_stored(parts.question, parts.key)
    if knows_old or question["kind"] not in ("matching", "essay", "file_upload", "ordering"):
        assert found == _as_stored(question, asked["key"])


def test_shares_are_percent_or_fractions() -> None:
    """As exact as they are stored."""
    assert [share_in(each) for each in ("100", "33,5 %", "1/3", "-50", "much")] == ["1", "0.335", "1/3", "-0.5", "much"]
    assert [share_out(each) for each in ("1", "0.335", "1/3", "-0.5")] == ["100", "33.5", "1/3", "-50"]


def test_what_is_wrong_with_a_question_stands_beside_its_field() -> None:
    """By the places that the API names, also where empty rows stand before them."""
    fields = {"kind": "numeric", "text": "How many?", "answer-0-value": "", "answer-4-value": "many"}
    typed = form(fields)
    parts = question_of(typed)
    said = {"code": "bad_question", "detail": "no", "problems": ["key.answers[0].value: no number", "points: none"]}
    note_refusal(typed, Problem(422, said), parts.places)
    assert (typed.errors["answer-4-value"], typed.errors["points"]) == ("no number", "none")
    unread = Problem(422, {"code": "unreadable_question", "detail": "this is no question: what - at `$.points`"})
    typed = form(fields)
    note_refusal(typed, unread, parts.places)
    assert "points" in typed.errors


def test_gaps_are_lines() -> None:
    """Right and wrong ones, shares and tolerances; a gap whose lines are as before keeps what no line says."""
    fields = {"kind": "cloze", "text": "{{g1}} {{g2}} {{g3}}", "gap-0-id": "g1", "gap-0-kind": "single_choice",
              "gap-0-answers": "= 8\n- 9", "gap-1-id": "g2", "gap-1-kind": "numeric",
              "gap-1-answers": "= 3,14 +- 0.01\n=50% 3", "gap-2-id": "g3", "gap-2-answers": "ring"}  # fmt: skip
    parts = question_of(form(fields))
    question, key = _as_stored(parts.question, parts.key)
    assert key["gaps"]["g1"]["shares"] == {"o1": "1"}
    assert key["gaps"]["g2"]["answers"][0] == {"value": "3.14", "tolerance": "0.01"}
    key["gaps"]["g3"]["accepted"][0]["feedback"] = "well"
    again = form({**fields_of(question, key), "text": "{{g1}} {{g2}} {{g3}}!"})
    assert question_of(again, {"question": question, "key": key}).key["gaps"]["g3"]["accepted"][0]["feedback"] == "well"
