"""Whose banks are, with whom they are shared, and what may be drawn from them."""

from dataclasses import replace

import pytest

from commands.catalog import CreateCourse
from commands.question_bank import (
    AddQuestion,
    CreateQuestionBank,
    MoveQuestionBank,
    ShareQuestionBank,
    UnshareQuestionBank,
)
from commands.quiz import PublishQuiz
from domain.questions.key import TrueFalseKey
from domain.questions.question import TrueFalse
from domain.questions.sections import Label, Section
from tests.support.usecases import RUN, Campus

BANK, GEOMETRY = CreateQuestionBank("facts", "Facts", "algebra"), CreateCourse("geometry", "Geometry")
QUESTION = AddQuestion("facts", Label(), TrueFalse(question_id="q1", text="Is it?"), TrueFalseKey(right=True))
DRAWS = PublishQuiz("drawn", RUN, "q1", "Drawn", from_banks=[Section(section_id="all", bank_id="facts")])
ELSEWHERE = replace(BANK, course_id="geometry")


async def test_whose_a_bank_is(campus: Campus) -> None:
    """Each use case once, and once more, here and in another process."""
    await campus.give(GEOMETRY)
    for command, fact_type, data in (
        (BANK, "question_bank.created", {"title": "Facts", "course_id": "algebra"}),
        (ShareQuestionBank("facts", "geometry"), "question_bank.shared", {"course_id": "geometry"}),
        (UnshareQuestionBank("facts", "geometry"), "question_bank.unshared", {"course_id": "geometry"}),
        (MoveQuestionBank("facts", "geometry"), "question_bank.moved", {"old": "algebra", "new": "geometry"}),
        (MoveQuestionBank("facts"), "question_bank.moved", {"old": "geometry", "new": ""}),
    ):
        (fact,) = await campus.facts(command)
        assert (fact.type, fact.data) == (fact_type, data)
        assert await campus.repeats(command)


async def test_a_course_that_there_is_not_gets_no_bank(campus: Campus) -> None:
    """Neither a new one, nor one that is given to it or shared with it; to take one back asks nothing of it."""
    assert await campus.refused(replace(BANK, course_id="music")) == "course_not_found"
    await campus.give(BANK)
    assert await campus.refused(MoveQuestionBank("facts", "music")) == "course_not_found"
    assert await campus.refused(ShareQuestionBank("facts", "music")) == "course_not_found"
    assert await campus.facts(UnshareQuestionBank("facts", "music")) == []
    for command in (MoveQuestionBank, ShareQuestionBank, UnshareQuestionBank):
        assert await campus.refused(command("none", "algebra")) == "question_bank_not_found"


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ([BANK], ""),
        ([ELSEWHERE], "question_bank_not_shared"),
        ([replace(BANK, course_id="")], "question_bank_not_shared"),
        ([ELSEWHERE, ShareQuestionBank("facts", "algebra")], ""),
        (
            [ELSEWHERE, ShareQuestionBank("facts", "algebra"), UnshareQuestionBank("facts", "algebra")],
            "question_bank_not_shared",
        ),
        ([ELSEWHERE, MoveQuestionBank("facts", "algebra")], ""),
        ([BANK, MoveQuestionBank("facts", "geometry")], "question_bank_not_shared"),
        ([BANK, MoveQuestionBank("facts", "geometry"), ShareQuestionBank("facts", "algebra")], ""),
        (
            [ELSEWHERE, ShareQuestionBank("facts", "algebra"), MoveQuestionBank("facts", "algebra"),
             MoveQuestionBank("facts", "geometry")],
            "question_bank_not_shared",
        ),
    ],
)  # fmt: skip
async def test_a_quiz_draws_from_banks_that_are_open_to_its_course(
    campus: Campus, before: list[object], code: str
) -> None:
    """Those of the course of its run, and those shared with it now; staff of the campus draw from any."""
    await campus.give(GEOMETRY, *before, QUESTION)
    if code:
        assert await campus.refused(DRAWS) == code
    (published,) = await campus.facts(replace(DRAWS, from_any_bank=bool(code)))
    assert [each["question_id"] for each in published.data["questions"]] == ["q1"]


async def test_a_bank_that_is_not_there_is_as_one_of_others(campus: Campus) -> None:
    """Who draws for a course does not learn which banks others have; staff of the campus read: there is none."""
    assert await campus.refused(DRAWS) == "question_bank_not_shared"
    assert await campus.refused(replace(DRAWS, from_any_bank=True)) == "question_bank_not_found"


async def test_what_was_drawn_stays_drawn(campus: Campus) -> None:
    """A quiz has copies: a bank that is moved leaves it as it is, and the same quiz published again is refused."""
    await campus.give(GEOMETRY, BANK, QUESTION, DRAWS, MoveQuestionBank("facts", "geometry"))
    assert await campus.refused(DRAWS) == "question_bank_not_shared"
    kept = replace(DRAWS, from_banks=(), questions=[{"kind": "true_false", "question_id": "q1", "text": "Is it?"}])
    (again,) = await campus.facts(replace(kept, title="Again", keys=[{"kind": "true_false", "right": True}]))
    assert again.data["version"] == 2
