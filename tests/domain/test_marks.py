"""What the items of an attempt are worth: by the key, by one person, or by two."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.errors import DomainError
from domain.questions import response_from
from domain.quiz import QuizAttempt, Rules
from domain.quiz.answers import StoredForm, stored_form
from domain.quiz.marks import GivenMark, ItemMark, after_hints, decide_mark, mark_items, points_given
from domain.quiz_errors import AlreadyMarked, BadLevels, BadMark, NotMarked, UnknownItem
from domain.score import Score
from tests.domain.test_attempts import CHOSEN, quiz, saved, started, submitted
from tests.support.given import STREAMS, Said, fact, given, replay

ESSAY = {"kind": "essay", "question_id": "e1", "text": "Why?", "points": "5"}
NUMERIC = {"kind": "numeric", "question_id": "n1", "text": "1/3?", "points": "2"}
MIXED: dict[str, Any] = {
    "questions": [ESSAY, NUMERIC],
    "keys": [{"kind": "essay"}, {"kind": "numeric", "answers": [{"value": "1/3", "tolerance": "0.01"}]}],
}
ASKED = ["i1", "i2", "i3", "i4", "e1", "n1"]


def test_words_are_stored_as_text_and_choices_as_they_are() -> None:
    """What is sealed is one text; an answer that is taken back is none."""
    version = quiz(**MIXED).current
    said = {"kind": "essay", "text": "Because."}
    assert stored_form(version, "e1", said) == StoredForm(None, '{"kind":"essay","text":"Because."}')
    assert stored_form(version, "i1", CHOSEN) == StoredForm(CHOSEN, "")
    assert stored_form(version, "e1", None) == StoredForm(None, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": [ESSAY], "keys": []},
        {"questions": [ESSAY, ESSAY], "keys": [{"kind": "essay"}] * 2},
        {"questions": [{**ESSAY, "question_id": "i1"}], "keys": [{"kind": "essay"}]},
        {"questions": [ESSAY], "keys": [{"kind": "true_false", "right": True}]},
    ],
)
def test_questions_and_keys_agree(wrong: Any) -> None:
    """Each has its own key, of its kind, and an id that no other has."""
    with pytest.raises(DomainError):
        quiz(**wrong)


def paper(**more: Any) -> list[Said]:
    """An attempt at a quiz with an essay and a number, submitted."""
    return [started(items=ASKED), saved(), submitted("learner")]


def key_marks() -> list[ItemMark]:
    """What the key says about it."""
    responses = {"i1": response_from(CHOSEN), "e1": response_from({"kind": "essay", "text": "Because."})}
    return mark_items(quiz(**MIXED).current, ASKED, responses, {})


def marked(marks: Sequence[ItemMark]) -> Said:
    """That the key has marked an attempt."""
    return fact(QuizAttempt.Marked, marks=list(marks), regrade_no=0)


def by_person(earned: str, step: str, final: str | None, grader: str = "tutor") -> Said:
    """That a person gave a mark for the essay."""
    said = {"levels": {}, "comment": "good", "grader": grader}
    return fact(QuizAttempt.ItemGraded, item_id="e1", earned=earned, possible="5", final=final, step=step, **said)


def graded(points: int, possible: int, policy: str, *, passed: bool) -> Said:
    """That the attempt is graded."""
    score = Score(points, possible)
    exact: dict[str, int | None] = {"points": points, "possible": possible, "score_bp": score.bp}
    exact |= {"given_points": points, "given_possible": possible}
    exact |= {"unit_points": None, "unit_possible": None, "counted": None}
    return fact(QuizAttempt.Graded, run_id="algebra-1", unit_id="q1", passed=passed, policy=policy, **exact)


def give(attempt: QuizAttempt, earned: str, grader: str = "tutor", item_id: str = "e1", **rules: Any) -> None:
    """Give a mark."""
    version = quiz(**MIXED, rules=Rules(**rules)).current
    attempt.grade_item(version, item_id, earned, grader=grader, levels={}, comment="good")


def test_what_the_key_can_mark_it_marks() -> None:
    """An essay waits for a person; what was not answered is worth nothing, and waits for no one."""
    marks = key_marks()
    assert [each.earned for each in marks] == ["1", "0", "0", "0", None, "0"]
    given(QuizAttempt, *paper()).when(lambda attempt: attempt.mark(marks, quiz(**MIXED).current)).then(marked(marks))
    empty = mark_items(quiz(**MIXED).current, ASKED, {}, {})
    given(QuizAttempt, *paper()).when(lambda attempt: attempt.mark(empty, quiz(**MIXED).current)).then(
        marked(empty), graded(0, 11, "key", passed=False)
    )


def test_a_person_grades_the_rest() -> None:
    """The last mark grades the attempt, exactly; the same mark once more changes nothing."""
    past = [*paper(), marked(key_marks())]
    given(QuizAttempt, *past).when(lambda attempt: give(attempt, "10/3")).then(
        by_person("10/3", "first", "10/3"), graded(13, 33, "item_marks", passed=False)
    )
    once = [*past, by_person("10/3", "first", "10/3"), graded(13, 33, "item_marks", passed=False)]
    given(QuizAttempt, *once).when(lambda attempt: give(attempt, "10/3")).then()
    given(QuizAttempt, *once).when(lambda attempt: give(attempt, "4")).refused(AlreadyMarked, item_id="e1")


def test_two_people_mark_without_seeing_each_other() -> None:
    """If they are close the mean counts; a person may think again; if they are apart, one decides."""
    past = [*paper(), marked(key_marks())]
    two: dict[str, Any] = {"markers": 2, "apart_bp": 2_000}
    first = by_person("4", "first", None)
    given(QuizAttempt, *past).when(lambda attempt: give(attempt, "4", **two)).then(first)
    given(QuizAttempt, *past, first).when(lambda attempt: give(attempt, "3", **two)).then(by_person("3", "first", None))
    given(QuizAttempt, *past, first).when(lambda attempt: give(attempt, "5", "other", **two)).then(
        by_person("5", "second", "4.5", "other"), graded(11, 22, "item_marks", passed=True)
    )
    apart = by_person("1", "second", None, "other")
    given(QuizAttempt, *past, first).when(lambda attempt: give(attempt, "1", "other", **two)).then(apart)
    given(QuizAttempt, *past, first, apart).when(lambda attempt: give(attempt, "3", "third", **two)).then(
        by_person("3", "reconciled", "3", "third"), graded(4, 11, "item_marks", passed=False)
    )


def test_what_cannot_be_marked() -> None:
    """Too many points, an item that is not asked, an attempt that the key has not seen."""
    past = [*paper(), marked(key_marks())]
    given(QuizAttempt, *past).when(lambda attempt: give(attempt, "5.1")).refused(
        BadMark, item_id="e1", earned="5.1", possible="5"
    )
    given(QuizAttempt, *past).when(lambda attempt: give(attempt, "1", item_id="e9")).refused(
        UnknownItem, attempt_no=1, item_id="e9"
    )
    given(QuizAttempt, *paper()).when(lambda attempt: give(attempt, "1")).refused(
        NotMarked, learner_id="ann", quiz_id="equations", attempt_no="1"
    )
    assert (
        decide_mark(ItemMark("e1", None, "5"), [GivenMark("a", "0", "first")], "b", "5", Rules(markers=2)).final is None
    )


LOW = {"level_id": "low", "text": "", "points": "1"}
RUBRIC = [
    {"criterion_id": each, "text": each, "levels": [{"level_id": "good", "text": "", "points": "3"}, LOW]}
    for each in ("clear", "true")
]
BY_RUBRIC: dict[str, Any] = {**MIXED, "keys": [{"kind": "essay", "rubric": RUBRIC}, MIXED["keys"][1]]}


def choose(attempt: QuizAttempt, levels: dict[str, str], earned: str | None = None) -> None:
    """Grade the essay by its rubric."""
    version = quiz(**BY_RUBRIC).current
    attempt.grade_item(version, "e1", earned, grader="tutor", levels=levels, comment="good")


@pytest.mark.parametrize(
    ("levels", "earned", "points"),
    [({"clear": "good", "true": "low"}, None, "10/3"), ({"clear": "good"}, "1", "1"), ({}, "4.5", "4.5")],
)
def test_levels_are_points(levels: dict[str, str], earned: str | None, points: str) -> None:
    """One of each criterion says the points, of those that the item has; a person may give others all the same."""
    attempt = replay(QuizAttempt, STREAMS["attempt"], [*paper(), marked(key_marks())])
    choose(attempt, levels, earned)
    assert attempt.marks["e1"] == ItemMark("e1", points, "5")


@pytest.mark.parametrize(
    ("levels", "what"),
    [
        ({"clear": "good"}, "no level is chosen of true"),
        ({}, "no level is chosen of clear, true"),
        ({"clear": "best", "true": "low"}, "the rubric has no level best of a criterion clear"),
    ],
)
def test_what_fits_no_rubric(levels: dict[str, str], what: str) -> None:
    """It is said what is missing; without a rubric it takes points."""
    given(QuizAttempt, *paper(), marked(key_marks())).when(lambda attempt: choose(attempt, levels)).refused(
        BadLevels, item_id="e1", what=what
    )
    with pytest.raises(BadLevels, match="it has no rubric"):
        points_given(*quiz(**MIXED).current.asked("e1"), None, {})


HINTED: dict[str, Any] = {
    **MIXED,
    "questions": [
        {**ESSAY, "hints": ["Think.", "Read."], "hint_penalty": "1/5"},
        {**NUMERIC, "hints": ["A third."], "hint_penalty": "1/2"},
    ],
}


def test_hints_cost_points() -> None:
    """By the key, and in what a person gives, of which never less than nothing is left."""
    version = quiz(**HINTED).current
    right = {"n1": response_from({"kind": "numeric", "value": "0.333"})}
    assert [each.earned for each in mark_items(version, ["n1"], right, {"n1": 1})] == ["1"]
    shown = fact(QuizAttempt.HintShown, item_id="e1", hint_no=1)
    attempt = replay(
        QuizAttempt,
        STREAMS["attempt"],
        [started(items=ASKED), shown, saved(), submitted("learner"), marked(key_marks())],
    )
    attempt.grade_item(version, "e1", "4", grader="tutor", levels={}, comment="")
    assert attempt.marks["e1"] == ItemMark("e1", "3", "5")
    assert after_hints("1", version.asked("e1")[0], 2) == "0"
    assert after_hints(None, version.asked("e1")[0], 2) is None
