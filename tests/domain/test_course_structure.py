"""What a version of a course may consist of."""

from typing import Any

import pytest

from domain.catalog import (
    Caption,
    Content,
    Letter,
    Prerequisite,
    Section,
    Structure,
    Unit,
    UnitCompletion,
    structure_hash,
)
from domain.catalog.structure import hash_of
from domain.catalog.structure_rules import problems_of
from domain.grading import CATEGORIES, Group
from domain.late_policy import LatePolicy

HASH = "a" * 64
INTRO, QUIZ = Unit("intro", "text", "Begin here"), Unit("q1", "quiz", "Equations", weight=100)


def said(*units: Unit, **parts: Any) -> list[str]:
    """The problems of a structure."""
    return [problem.sentence for problem in problems_of(Structure(list(units), **parts))]


@pytest.mark.parametrize(
    "unit",
    [
        Unit("u", "text", "", completion=UnitCompletion("opened"), content=Content(HASH, "text/markdown", 12)),
        Unit("u", "text", "", completion=UnitCompletion("by_staff")),
        Unit(
            "u",
            "video",
            "",
            completion=UnitCompletion("watched", 9_000),
            captions=[Caption("en", "E", HASH)],
            seconds=60,
        ),
        Unit("u", "assignment", "", completion=UnitCompletion("submitted"), due_after_days=3, due_time="23:59"),
        Unit("u", "quiz", "", completion=UnitCompletion("passed", 4_000), late=LatePolicy("percent_a_day", 1_000, 3)),
        Unit("u", "lti", "", completion=UnitCompletion("scored"), url="https://tool.example/launch"),
        Unit("u", "file", "", content=Content(HASH, "application/pdf", 1, "a.pdf"), late=LatePolicy("until", days=2)),
    ],
)
def test_units_of_every_kind_are_published(unit: Unit) -> None:
    """Each with a rule that can complete it."""
    assert said(unit) == []


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"completion": UnitCompletion("guessed")}, "is no rule"),
        ({"completion": UnitCompletion("opened", 5)}, "no at_least_bp"),
        ({"kind": "video", "completion": UnitCompletion("watched")}, "at_least_bp"),
        ({"completion": UnitCompletion("watched", 5)}, "cannot be watched"),
        ({"kind": "audio", "completion": UnitCompletion("watched", 5)}, "without its length: set its seconds"),
        ({"completion": UnitCompletion("passed", 5)}, "no score is given"),
        ({"kind": "quiz", "completion": UnitCompletion("opened")}, "complete it without one"),
        ({"due_time": "23:59"}, "no deadline"),
        ({"due_after_days": 1, "due_time": "24:00"}, "HH:MM"),
        ({"late": LatePolicy("percent_a_day")}, "off_bp"),
        ({"late": LatePolicy("until")}, "days are needed"),
        ({"late": LatePolicy("accept", days=1)}, "days are needed"),
        ({"content": Content("A", "text/plain", 1)}, "no SHA-256"),
        ({"captions": [Caption("en", "E", HASH)]}, "no captions"),
        ({"seconds": 0}, "lasts"),
        ({"url": "https://u:p@example.org"}, "no address"),
    ],
)
def test_a_unit_that_contradicts_itself_says_how(wrong: dict[str, Any], part: str) -> None:
    """The sentence names the unit and what is wrong with it."""
    problems = said(Unit(**{"unit_id": "u", "kind": "text", "title": "", **wrong}))
    assert any(part in problem and "unit u " in problem for problem in problems), problems


def test_every_unit_is_in_one_section() -> None:
    """As soon as there are sections."""
    assert said(INTRO, QUIZ, sections=[Section("s", "", ["intro", "q1"])]) == []
    problems = said(INTRO, QUIZ, sections=[Section("s", "", ["intro", "gone"]), Section("s", "", ["intro"])])
    assert problems == [
        "section s is listed twice",
        "unit intro is in two sections, or in one twice",
        "a section has unit gone, which the course has not",
        "unit q1 is in no section",
    ]


def test_units_do_not_wait_for_each_other() -> None:
    """A circle is named."""
    ring = [Unit("a", "text", "", after=["c"]), Unit("b", "text", "", after=["a"]), Unit("c", "text", "", after=["b"])]
    assert said(Unit("a", "text", "", after=["b"]), Unit("b", "text", "")) == []
    (problem,) = said(*ring)
    assert problem.startswith("units wait for each other: ")
    assert said(Unit("a", "text", "", after=["a"])) == ["units wait for each other: a after a"]


def test_drops_and_extra_credit_leave_something_to_be_graded_by() -> None:
    """They belong to the policy of categories, and one unit of each group stays."""
    group = Group("g", "", 1, drop_lowest=1)
    first, second = (Unit(name, "quiz", "", weight=1, group="g") for name in "ab")
    assert said(first, second, grading_policy=CATEGORIES, groups=[group]) == []
    assert "need the grading policy" in said(first, second, groups=[group])[0]
    assert "drops 1 of 1" in said(first, grading_policy=CATEGORIES, groups=[group])[0]
    extra = Unit("c", "quiz", "", weight=1, group="g", extra_credit=True)
    assert said(extra, grading_policy=CATEGORIES, groups=[Group("g", "", 1)]) == [
        "group g has nothing but extra credit"
    ]
    assert "needs a group" in said(Unit("a", "text", ""), grading_policy=CATEGORIES)[0]


def test_letters_go_down_to_zero() -> None:
    """So that every grade has one."""
    assert said(INTRO, letters=[Letter("A", 8_000), Letter("F", 0)]) == []
    for wrong in ([Letter("A", 8_000)], [Letter("F", 0), Letter("A", 1)], [Letter("A", 1), Letter("B", 1)]):
        assert "the letter scale goes down" in said(INTRO, letters=wrong)[0]
    assert said(INTRO, letters=[Letter("A", 8_000), Letter("A", 0)]) == ["the letter A is in the scale twice"]


def test_a_prerequisite_names_courses() -> None:
    """One of several, or one."""
    assert said(INTRO, prerequisites=[Prerequisite(["a", "b"], 5_000)]) == []
    assert "names 1 to" in said(INTRO, prerequisites=[Prerequisite([])])[0]


def test_old_structures_keep_their_hash() -> None:
    """New parts are in it only where there are any."""
    assert hash_of(Structure([INTRO])) == structure_hash([INTRO])
    assert hash_of(Structure([INTRO], sections=[Section("s", "", ["intro"])])) != structure_hash([INTRO])
